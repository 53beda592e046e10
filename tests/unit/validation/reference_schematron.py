"""The reference implementation of ISO Schematron (XSLT, shipped with lxml), its stylesheets denied any access."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from lxml import etree, isoschematron

from kakehashi.validation.schema_fault import record_of

_SVRL = "{http://purl.oclc.org/dsdl/svrl}"


@cache
def _stylesheet(path: Path) -> etree.XSLT:
    compiled = isoschematron.iso_svrl_for_xslt1(isoschematron.iso_abstract_expand(etree.parse(str(path))))
    return etree.XSLT(compiled, access_control=etree.XSLTAccessControl.DENY_ALL)


def broken(path: Path, root: etree._Element) -> set[tuple[str, int | None]]:
    """(rule id, position of the record) of every failed assertion and successful report."""
    report = _stylesheet(path)(root).getroot()
    found = set()
    for name in ("failed-assert", "successful-report"):
        for hit in report.iter(f"{_SVRL}{name}"):
            element = root.getroottree().xpath(hit.get("location"))[0]
            found.add((hit.get("id"), record_of(element, root)))
    return found
