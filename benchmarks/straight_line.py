"""What a good programmer writes by hand for one layout and nothing else: tax-levy, 400 bytes → DBM-201.

The measure for the gateway's compiled layout and mapping: the same bytes in, the same bytes out (the benchmark compares
them), the same checks, and no table, no port, no place for a fault. A bad record ends it with whatever exception comes.
"""

from __future__ import annotations

import base64
import hashlib
import re
import struct
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

from lxml import etree

from kakehashi.validation.individual_number_scan import find_individual_number_in_document
from kakehashi.validation.rules import CompiledRules, load_rules

__all__ = ["StraightLine"]

_RECORD = struct.Struct(
    "1s15s1s4s8s8s40s40s7s1s7s60s1s1s2s1s"  # to 申告区分
    "78s20s6s9s5s9s5s6s2s1s1s1s3s9s7s40s1x"
)
_HALF = re.compile("[\x21-\x7e\uff61-\uff9f]")
_NO_TAX = {"10": "1", "20": "2", "30": "3", "40": "4"}
_OPERATION = {"1": "register", "2": "register", "3": "delete"}
_FLAG = {"0": "0", "1": "1", " ": "1"}
_ERAS = {"1": 1867, "2": 1911, "3": 1925, "4": 1988, "5": 2018}
_NO_DATE = frozenset({"99999999", "00000000", " " * 8})
_NO_DIGEST = base64.b64encode(bytes(32))
_UNPLAIN = bytes(range(0x20)) + b"\x7f&<>"
_DEGRADE = str.maketrans({"髙": "高", "﨑": "崎"})


class StraightLine:
    """Compiled schema and rules. `resolve`: 宛名番号 → unified number of many at once."""

    def __init__(self, xsd: Path, resolve: Callable[[Sequence[str]], Mapping[str, str]], *, rules: bool = True) -> None:
        self._schema = etree.XMLSchema(etree.parse(str(xsd / "DBM-201.xsd")))
        self._rules = CompiledRules(load_rules(xsd / "layouts")) if rules else None
        self._resolve = resolve

    def translate(self, data: bytes, *, city: str, first: int, header: str) -> bytes:
        """`data`: whole records; `header`: the message up to its body; `first`: number of the first record."""
        return self.translate_linked(data, city=city, first=first, header=header)[0]

    def translate_linked(
        self, data: bytes, *, city: str, first: int, header: str
    ) -> tuple[bytes, list[bytes], list[str]]:
        """The document; the content and the unified number of each record."""
        document, contents, people = self._build(data, city=city, first=first, header=header)
        if find_individual_number_in_document(b"\0".join(contents)) is not None:
            raise ValueError
        root = etree.fromstring(document, _parser())
        if not self._schema.validate(root):
            raise ValueError
        if self._rules is not None and any(True for _ in self._rules.broken(root)):
            raise ValueError
        return document, contents, people

    def _build(self, data: bytes, *, city: str, first: int, header: str) -> tuple[bytes, list[bytes], list[str]]:
        columns = list(zip(*_RECORD.iter_unpack(data), strict=True))
        (kinds, atena, operations, units, since, until, kana, kanji, births, sexes, posts, homes, closed, blocked,
         taxed, declared, p13, p4, base, z1, z2, z3, z4, annual, kin, spouse, disabled, single, part, adjusted,
         corrected, reasons) = columns  # fmt: skip
        if set(kinds) != {b"2"}:
            raise ValueError
        texts = [_texts(each) for each in (atena, operations, units, since, until, closed, blocked, taxed, declared,
                                           z1, z2, z3, z4, kin, spouse, disabled, single, corrected)]  # fmt: skip
        _wide(_japanese(kanji))
        _wide(_japanese(homes))
        _japanese(kana)
        for column in (births, sexes, posts, adjusted):
            _texts(column)
        list(map(_wareki, _texts(births)))
        reasons_text = _japanese(reasons)
        _wide(reasons_text)
        if not _plain("".join(reasons_text)):
            reasons_text = [text.translate(_DEGRADE) for text in reasons_text]
            if not _plain("".join(reasons_text)):
                raise ValueError
        amounts = zip(*[iter(_packed(b"".join(p13), 6))] * 13, strict=True)
        reliefs = zip(*[iter(_packed(b"".join(p4), 5))] * 4, strict=True)
        linked = self._resolve(texts[0])
        people = [linked[number] for number in texts[0]]
        head = "<InfoName>TM99000000000001</InfoName><LayoutVersion>1</LayoutVersion><Unit>"
        start = 1_000_000_000 + first - 1
        records, contents = [], []
        for no, (person, op, unit, begin, end, close, block, tax, decl, n1, n2, n3, n4, kids, wife, ill, alone, fixed,
                 reason, a, r, b, y, p) in enumerate(
            zip(people, *texts[1:], reasons_text, amounts, reliefs, _packed(b"".join(base), 6),
                _packed(b"".join(annual), 6), _packed(b"".join(part), 3), strict=True), start=1):  # fmt: skip
            (a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13), (r1, r2, r3, r4) = a, r
            date = _wareki(fixed)
            content = (
                f"<A0010>{unit}</A0010><A0020>{city}</A0020><A0030>{_NO_TAX[tax]}</A0030><A0040>{decl}</A0040>"
                f"<A0050>{a1}</A0050><A0060>{a2}</A0060><A0070>{a3}</A0070><A0080>{a4}</A0080><A0090>{a5}</A0090>"
                f"<A0100>{a6}</A0100><A0110>{a7}</A0110><A0120>{a8}</A0120><A0130>{a9}</A0130><A0140>{a10}</A0140>"
                f"<A0150>{a11}</A0150><A0160>{a12}</A0160><A0170>{a13}</A0170><A0180>{r1}</A0180><A0190>{r2}</A0190>"
                f"<A0200>{r3}</A0200><A0210>{r4}</A0210><A0220>{b}</A0220><A0230>{int(n1)}</A0230>"
                f"<A0240>{int(n2)}</A0240><A0250>{int(n3)}</A0250><A0260>{int(n4)}</A0260><A0270>{y}</A0270>"
                f"<A0280>{int(kids)}</A0280>{_code('A0290', wife)}{_code('A0300', ill)}{_code('A0310', alone)}"
                f"<A0320>{_ratio(p)}</A0320>"
                f"{f'<A0330>{date}</A0330>' if date else '<A0330-absent>3</A0330-absent>'}"
                f"{f'<A0340>{reason}</A0340>' if reason else '<A0340-absent>3</A0340-absent>'}"
            ).encode()
            ends = "" if end in _NO_DATE else f"<ValidTo>{_day(end)}</ValidTo>"
            records.append(
                (
                    f'<Record no="{no}" operation="{_OPERATION[op]}"><PersonKey>{person}</PersonKey>{head}{unit}</Unit>'
                    f"<ValidFrom>{_day(begin)}</ValidFrom>{ends}<Sequence>{start + no:018d}</Sequence>"
                    f"<NonDisclosure>{_FLAG[close]}</NonDisclosure>"
                    f"<AutoResponseBlocked>{_FLAG[block]}</AutoResponseBlocked>"
                ).encode()
            )
            if op == "3":
                content = b""
            else:
                records += (b"<Content><TM99000000000001v1>", content, b"</TM99000000000001v1></Content>")
            contents.append(content)
            records.append(b"</Record>")
        body = b"".join((b"<Records>", *records, b"</Records>"))
        digest = base64.b64encode(hashlib.sha256(body).digest())
        return b"".join((header.encode().replace(_NO_DIGEST, digest, 1), body, b"</DBM201>")), contents, people


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )


def _texts(column: Sequence[bytes]) -> list[str]:
    return b"\x1f".join(column).decode("ascii").split("\x1f")


def _japanese(column: Sequence[bytes]) -> list[str]:
    texts = b"\x1f".join(column).decode("cp932").split("\x1f")
    if len(texts) != len(column):
        raise ValueError
    return [text.rstrip(" \u3000") for text in texts]


def _wide(texts: Sequence[str]) -> None:
    if _HALF.search("".join(texts)):
        raise ValueError


def _plain(text: str) -> bool:
    try:
        raw = text.encode("shift_jis_2004")
    except UnicodeEncodeError:
        return False
    return len(raw.translate(None, _UNPLAIN)) == len(raw)


def _packed(raw: bytes, width: int) -> list[int]:
    nibbles = raw.hex(",", width)
    signs = nibbles[2 * width - 1 :: 2 * width + 1]
    if "d" not in signs:
        return list(map(int, nibbles.replace("c", "").replace("f", "").split(",")))
    return [_signed(text) for text in nibbles.split(",")]


def _signed(text: str) -> int:
    number = int(text[:-1])
    return -number if text[-1] == "d" else number


def _code(name: str, value: str) -> str:
    return f"<{name}>{value}</{name}>" if value != " " else f"<{name}-absent>9</{name}-absent>"


@cache
def _ratio(number: int) -> str:
    return f"{number // 10_000}.{number % 10_000:04d}"


@cache
def _day(text: str) -> str:
    int(text)
    return f"{text[:4]}-{text[4:6]}-{text[6:]}"


@cache
def _wareki(text: str) -> str:
    """元号1桁＋年月日 as ISO 8601, as precise as it is known; "" for none."""
    if text in ("0000000", " " * 7):
        return ""
    year = _ERAS[text[0]] + int(text[1:3])
    if text[3:] == "0000":
        return f"{year}"
    return f"{year}-{text[3:5]}" if text[5:] == "00" else f"{year}-{text[3:5]}-{text[5:]}"
