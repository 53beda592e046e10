"""docs/reference/encodings.md is written from the tables."""

from __future__ import annotations

import runpy
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_the_reference_of_encodings_is_up_to_date():
    """Run tools/document_encodings.py after a change."""
    tool = runpy.run_path(str(ROOT / "tools" / "document_encodings.py"))
    assert (ROOT / "docs" / "reference" / "encodings.md").read_text(encoding="utf-8") == tool["page"]()
