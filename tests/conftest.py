"""What all tests share: the services' plugins, hypothesis' profiles, a limit for blocks that must be quick."""

import contextlib
import os
import sys
import time
from pathlib import Path

import pytest
from hypothesis import settings

HERE = Path(__file__).parent

pytest_plugins = [f"tests.services.{path.stem}" for path in sorted((HERE / "services").glob("[a-z]*.py"))]

settings.register_profile("ci", max_examples=60, deadline=None, derandomize=True, print_blob=True)
settings.register_profile("here", max_examples=60, deadline=None, print_blob=True)
settings.register_profile("long", max_examples=3000, deadline=None, print_blob=True)
PROFILE = os.environ.get("KAKEHASHI_HYPOTHESIS") or ("ci" if os.environ.get("CI") else "here")
settings.load_profile(PROFILE)


def pytest_report_header(config):
    """Which broker, database and examples these results are about."""
    lines = [f"hypothesis: profile {PROFILE}" + (", derandomised" if settings.default.derandomize else "")]
    for name in pytest_plugins:
        header = getattr(sys.modules.get(name), "report_header", None)
        if header is not None:
            found = header()
            lines += [found] if isinstance(found, str) else list(found)
    return lines


@pytest.fixture
def time_limit():
    """A context manager, given seconds: fails when its block took longer (pytest-timeout ends what hangs)."""

    @contextlib.contextmanager
    def limited(seconds):
        start = time.monotonic()
        yield
        took = time.monotonic() - start
        assert took <= seconds, f"took {took:.2f} s of at most {seconds} s"

    return limited
