"""The golden cases of the shipped routes."""

from __future__ import annotations

from pathlib import Path

from kakehashi.config.cases import run_cases
from kakehashi.config.loader import load
from kakehashi.runtime.offline import Offline

ROOT = Path(__file__).parents[3]


def test_every_golden_case_gives_what_it_says():
    """Accepted cases give the expected message, refused ones their code, and what can be read goes back to the byte."""
    configuration = load(ROOT / "config")

    def translated(route, content):
        return Offline(configuration, route, ROOT / "xsd").translate(content)

    assert run_cases(configuration, translated) == []


def test_every_route_that_sends_has_an_accepted_and_a_rejected_case():
    """Two cases at least: what goes through, and what must not."""
    for name, route in load(ROOT / "config").routes.items():
        if route.function != "LINK":
            texts = [path.read_text() for path in (ROOT / "config" / "routes" / name / "cases").glob("*/case.toml")]
            assert any('"accepted"' in text for text in texts), name
            assert any('"rejected"' in text for text in texts), name
