from __future__ import annotations

from tests.unit.validation.samples import MESSAGES, PROFILE, ROOT

from kakehashi.interface.profile import load_profile
from kakehashi.interface.reference import render_reference


def test_the_reference_page_is_the_profile():
    """The page in the documentation is generated from the tables, to the letter."""
    page = (ROOT / "docs" / "reference" / "external-interface.md").read_text(encoding="utf-8")
    assert page.partition("\n## Conformance\n")[0] == render_reference(load_profile(PROFILE))
    assert "our own model" in page


def test_every_message_and_code_is_on_the_page():
    """Nothing of the interface is left undocumented."""
    profile = load_profile(PROFILE)
    page = render_reference(profile)
    assert all(message_id in page for message_id in MESSAGES)
    assert all(f"| {code} | {rule.name} |" in page for code, rule in profile.results.items())
    assert all(f"| {item.code} | {item.name} |" in page for s in profile.standards.values() for item in s.items)
