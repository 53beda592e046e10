"""Makes gateway/kakehashi/codec/data/*.bin, the tables of charsets that Python lacks, from this machine's converters.

    python tools/build_charsets.py [charset ...]

The first converter of a charset is read; the others are witnesses. Where a witness gives another character for a code,
it is taken too when we write, if it has no code of its own (both forms of a wave dash mean the same code). Every
disagreement is written to data/disagreements.csv. Private-use characters (gaiji 「外字」) and controls are left out:
the former belong to a source system's own table, the latter to no item.

Format: zlib over JSON: "single", 256 characters (U+FFFE: none); "rows", leading bytes in hex → 191 texts for the last
byte 40–FE ("": none); "write", text → code in hex that is written only. ebcdic.bin holds page → single.
"""

from __future__ import annotations

import csv
import json
import sys
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from charset_witness import ask_iconv, ask_icu, ask_java

DATA = Path(__file__).parent.parent / "gateway" / "kakehashi" / "codec" / "data"
Ask = Callable[[str, Sequence[bytes]], list[str | None]]
Witness = tuple[Ask, str]
NONE = "\ufffe"
GAIJI = "\ue000"
LAST = range(0x40, 0xFF)
CONTROLS = {chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))}
TWINS = ("〜～", "‖∥", "−－", "—―", "¦￤", "¢￠", "£￡", "¬￢")


@dataclass(frozen=True)
class Source:
    """Who is asked, and how double bytes are framed for it."""

    witnesses: tuple[Witness, ...]
    leads: tuple[bytes, ...]
    frame: tuple[bytes, bytes] = (b"", b"")
    unasked: frozenset[int] = frozenset()
    """Single bytes that begin something longer."""


def host(*witnesses: Witness) -> Source:
    return Source(witnesses, tuple(bytes((row,)) for row in LAST), (b"\x0e", b"\x0f"))


SJIS = (*range(0x81, 0xA0), *range(0xE0, 0xFD))
EUC = range(0xA1, 0xFF)
SOURCES = {
    "cp930": host((ask_iconv, "IBM930"), (ask_java, "x-IBM930"), (ask_icu, "ibm-930")),
    "cp939": host((ask_iconv, "IBM939"), (ask_java, "x-IBM939"), (ask_icu, "ibm-939")),
    "cp1390": host((ask_iconv, "IBM1390"), (ask_icu, "ibm-1390")),
    "cp1399": host((ask_iconv, "IBM1399"), (ask_icu, "ibm-1399")),
    "cp943": Source(
        ((ask_iconv, "IBM943"), (ask_java, "x-IBM943"), (ask_icu, "ibm-943")),
        tuple(bytes((lead,)) for lead in SJIS),
        unasked=frozenset(SJIS),
    ),
    "eucjp-ms": Source(
        ((ask_iconv, "EUC-JP-MS"), (ask_java, "x-eucJP-Open")),
        (b"\x8e", *(bytes((lead,)) for lead in EUC), *(bytes((0x8F, lead)) for lead in EUC)),
        unasked=frozenset((0x8E, 0x8F, *EUC)),
    ),
}
JAVA_NAMES = {"838": "IBM-Thai", "875": "x-IBM875", **{f"11{n}": f"IBM011{n}" for n in range(40, 50)}}
PAGES = (
    *("037", "273", "277", "278", "280", "284", "285", "290", "297", "500", "838", "870", "871", "875"),
    *("1026", "1027", "1047", *map(str, range(1140, 1150))),
)


def page_witnesses(page: str) -> tuple[Witness, ...]:
    """Java first: glibc's 278, 290, 871 and 875 are at odds with both others. 1027 is the single-byte part of 939."""
    if page == "1027":
        return (ask_java, "x-IBM939"), (ask_icu, "ibm-939"), (ask_iconv, "IBM939")
    java = (ask_java, JAVA_NAMES.get(page, f"IBM{page}"))
    return java, (ask_icu, f"ibm-{int(page)}"), (ask_iconv, f"IBM{page}")


def kept(text: str | None) -> str:
    """The text, or nothing for a control or a replacement; GAIJI for a private-use character."""
    if not text or text in CONTROLS or "\ufffd" in text:
        return ""
    return GAIJI if any("\ue000" <= char < "\uf900" or char >= "\U000f0000" for char in text) else text


def codes_of(source: Source) -> list[bytes]:
    first = 0x20 if source.unasked else 0x40  # below are controls
    single = [bytes((byte,)) for byte in range(first, 0x100) if byte not in source.unasked]
    return single + [lead + bytes((last,)) for lead in source.leads for last in LAST]


def ask(witness: Witness, source: Source, codes: Sequence[bytes]) -> dict[bytes, str]:
    """Code → text. Codes are asked one by one, so that none can spoil another."""
    begin, end = source.frame
    framed = [begin + code + end if len(code) > 1 else code for code in codes]
    texts = witness[0](witness[1], framed)
    assert len(texts) == len(codes), witness
    return {code: kept(text) for code, text in zip(codes, texts, strict=True)}


def compared(name: str, source: Source) -> tuple[dict[bytes, str], dict[str, bytes], list[list[str]]]:
    """What is read, what is written only, and where the witnesses disagree."""
    codes = codes_of(source)
    answers = [ask(witness, source, codes) for witness in source.witnesses]
    table = answers[0]
    known, extras, differences = set(table.values()), {}, []
    for code in (code for code in codes if table.get(code) != GAIJI):
        said = [answer.get(code, "") for answer in answers]
        if len({text for text, answer in zip(said, answers, strict=True) if code in answer}) > 1:
            differences.append([name, code.hex().upper(), *map(point, said)])
            extras |= {text: code for text in said[1:] if len(code) > 1 and text and text not in known}
    coded = {text: code for code, text in table.items() if text and len(code) > 1}
    for one, other in TWINS:
        for have, lack in ((one, other), (other, one)):
            if have in coded and lack not in known:
                extras.setdefault(lack, coded[have])
    return {code: text for code, text in table.items() if text != GAIJI}, extras, differences


def point(text: str) -> str:
    return "+".join(f"U+{ord(char):04X}" for char in text) or "none"


def pack(content: object) -> bytes:
    return zlib.compress(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(), 9)


def single_of(table: dict[bytes, str]) -> str:
    return "".join(table.get(bytes((byte,)), "") or NONE for byte in range(256))


def build(name: str) -> list[list[str]]:
    source = SOURCES[name]
    table, extras, differences = compared(name, source)
    rows = {lead.hex().upper(): [table.get(lead + bytes((last,)), "") for last in LAST] for lead in source.leads}
    write = {text: code.hex().upper() for text, code in sorted(extras.items())}
    content = {
        "single": single_of(table),
        "rows": {lead: row for lead, row in rows.items() if any(row)},
        "write": write,
    }
    (DATA / f"{name}.bin").write_bytes(pack(content))
    return differences


def build_pages() -> list[list[str]]:
    pages, differences = {}, []
    for page in PAGES:
        table, _, found = compared(f"cp{page}", Source(known_to_here(page_witnesses(page)), ()))
        pages[f"cp{page}"] = single_of(table)
        differences += found
    (DATA / "ebcdic.bin").write_bytes(pack(pages))
    return differences


def known_to_here(witnesses: Iterable[Witness]) -> tuple[Witness, ...]:
    """Without the converters that do not know the page (ICU has no 1140 of its own). Two at least must stay."""
    found = []
    for witness in witnesses:
        try:
            witness[0](witness[1], [b"\xc1"])
        except Exception as error:  # noqa: BLE001  # whatever it is, this converter cannot bear witness
            print(witness[1], type(error).__name__)
        else:
            found.append(witness)
    assert len(found) > 1, found
    return tuple(found)


if __name__ == "__main__":
    rows = [row for name in SOURCES for row in build(name)] + build_pages()
    with (DATA / "disagreements.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["charset", "code", "read", "second", "third"])
        writer.writerows(row + [""] * (5 - len(row)) for row in rows)
    print(len(rows), "disagreements", *sys.argv[1:])
