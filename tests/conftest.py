"""What all tests share: the services' plugins, hypothesis' profiles, a limit for blocks that must be quick."""

import contextlib
import os
import sys
import time
from pathlib import Path

import pytest
from hypothesis import settings

HERE = Path(__file__).parent

WAITING = {"faults", "acceptance", "integration"}

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


def pytest_collection_modifyitems(items):
    """Files whose tests wait for real processes are spread among those that compute, the longest first: the cores have
    something to do all the time, and nothing long is begun last.
    """
    files = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    waiting = sorted((path for path in files if WAITING & set(path.parts)), key=lambda path: -longest(files[path]))
    computing = [path for path in files if path not in set(waiting)]
    places = [(number / len(waiting) * 0.8, path) for number, path in enumerate(waiting)]
    places += [(number / len(computing), path) for number, path in enumerate(computing)]
    items[:] = [item for _, path in sorted(places) for item in files[path]]


def longest(items):
    """Seconds that one of these tests may take, as far as it says so itself."""
    return max((marker.args[0] for item in items for marker in item.iter_markers("timeout")), default=0)


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
