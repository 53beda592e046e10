"""What a first script does: a slice, a decode and a strip for every field, an element tree, xmlschema. A side note."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import xmlschema
from lxml import etree

from kakehashi.domain.batch import BatchBody

__all__ = ["NaiveScript"]

_NS = "urn:kakehashi:std-2026"
_AMOUNTS = range(197, 275, 6)
_RELIEFS = range(275, 295, 5)
_TAXED = {"10": "1", "20": "2", "30": "3", "40": "4"}
_ZONED = ((301, 9), (310, 5), (315, 9), (324, 5))


class NaiveScript:
    def __init__(self, xsd: Path) -> None:
        self._schema = xmlschema.XMLSchema(str(xsd / "DBM-201.xsd"))

    def translate(self, body: BatchBody, header: str, records: int) -> bytes:
        """The first records of a batch; all values but the dates, the text and the rules."""
        root = etree.fromstring(f"{header}</DBM201>".encode())
        listed = etree.SubElement(root, f"{{{_NS}}}Records")
        city = body.header[35:41].decode("cp932").strip()
        for number in range(records):
            raw = body.data[number * 400 : number * 400 + 400]
            record = etree.SubElement(listed, f"{{{_NS}}}Record", no=str(number + 1), operation="register")
            for name, text in self._head(raw):
                etree.SubElement(record, f"{{{_NS}}}{name}").text = text
            content = etree.SubElement(etree.SubElement(record, f"{{{_NS}}}Content"), f"{{{_NS}}}TM99000000000001v1")
            for name, text in self._items(raw, city):
                etree.SubElement(content, f"{{{_NS}}}{name}").text = text
        self._schema.validate(root)
        return etree.tostring(root, encoding="utf-8")

    @staticmethod
    def _head(raw: bytes) -> Iterator[tuple[str, str]]:
        def field(start: int, length: int) -> str:
            return raw[start : start + length].decode("cp932").strip()

        since = field(21, 8)
        yield "PersonKey", field(1, 15)
        yield "InfoName", "TM99000000000001"
        yield "LayoutVersion", "1"
        yield "Unit", field(17, 4)
        yield "ValidFrom", f"{since[:4]}-{since[4:6]}-{since[6:]}"
        yield "Sequence", "000000001000000001"
        yield "NonDisclosure", field(192, 1) or "1"
        yield "AutoResponseBlocked", field(193, 1) or "1"

    @staticmethod
    def _items(raw: bytes, city: str) -> Iterator[tuple[str, str]]:
        def field(start: int, length: int) -> str:
            return raw[start : start + length].decode("cp932").strip()

        def packed(start: int, length: int) -> str:
            return str(_packed(raw[start : start + length]))

        values = [field(17, 4), city, _TAXED[field(194, 2)], field(196, 1)]
        values += [packed(start, 6) for start in _AMOUNTS]
        values += [packed(start, 5) for start in _RELIEFS]
        values.append(packed(295, 6))
        values += [str(int(field(start, length))) for start, length in _ZONED]
        values += [packed(329, 6), str(int(field(335, 2))), *(field(start, 1) for start in (337, 338, 339))]
        values.append(f"{_packed(raw[340:343]) / 10_000:.4f}")
        for number, value in enumerate(values, start=1):
            yield f"A{number:03d}0", value
        yield "A0330-absent", "3"
        yield "A0340-absent", "3"


def _packed(raw: bytes) -> int:
    number = 0
    for byte in raw[:-1]:
        number = number * 100 + (byte >> 4) * 10 + (byte & 15)
    number = number * 10 + (raw[-1] >> 4)
    return -number if raw[-1] & 15 == 13 else number
