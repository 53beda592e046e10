from __future__ import annotations

from dataclasses import replace

from lxml import etree
from tests.unit.validation.samples import NAMESPACE, SCHEMAS, STANDARDS, TAX

from kakehashi.validation.xsd_builder import build_schemas, render_schemas


def test_the_committed_schemas_are_the_generated_ones():
    """The tables are the source: nobody edits a generated schema."""
    rendered = render_schemas(list(STANDARDS.values()), namespace=NAMESPACE)
    committed = {path.name: path.read_text(encoding="utf-8") for path in (SCHEMAS / "layouts").glob("*.xsd")}
    assert committed == dict(rendered)


def test_only_changed_schemas_are_written(tmp_path):
    """A second build changes nothing."""
    assert len(build_schemas(list(STANDARDS.values()), tmp_path, namespace=NAMESPACE)) == len(STANDARDS) + 1
    assert build_schemas(list(STANDARDS.values()), tmp_path, namespace=NAMESPACE) == ()


def test_two_versions_of_a_layout_live_side_by_side(tmp_path):
    """Several versions are valid at once, each under its own element."""
    later = replace(TAX, version="2", items=TAX.items[:3])
    (tmp_path / "layouts").mkdir()
    for name in ("common.xsd", "DBM-201.xsd"):
        (tmp_path / name).write_bytes((SCHEMAS / name).read_bytes())
    for name, text in render_schemas([TAX, later], namespace=NAMESPACE).items():
        (tmp_path / "layouts" / name).write_text(text, encoding="utf-8")
    etree.XMLSchema(etree.parse(str(tmp_path / "DBM-201.xsd")))
    assert "TM99000000000001v2" in (tmp_path / "layouts" / "all.xsd").read_text(encoding="utf-8")
