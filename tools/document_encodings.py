"""Writes docs/reference/encodings.md: per charset what is read and written, counted from the tables themselves."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from kakehashi.codec.charset import CHARSETS, Charset, charset_named
from kakehashi.codec.host_charset import HostCharset
from kakehashi.codec.text_form import NONE
from kakehashi.codec.vendor_charset import VENDOR_CHARSETS
from kakehashi.errors import InputError

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "reference" / "encodings.md"
DISAGREEMENTS = ROOT / "gateway" / "kakehashi" / "codec" / "data" / "disagreements.csv"
MIXED = ("cp930", "cp939", "cp1390", "cp1399")
LOCAL = (
    *("cp932", "cp932-nec", "cp932-ibm", "cp943", "shift_jis", "shift_jis_2004"),
    *("euc_jp", "eucjp-ms", "euc_jis_2004"),
)
TEMPLATE = """# Encodings

Written by `tools/document_encodings.py` from the tables themselves. Names stand in any case. Counted are codes whose
text comes back as the same code; *read only*: another code is written for its text; *written only*: texts without a
code of their own. Controls belong to no item. User-defined and extension areas (外字) come in through a table of the
system ([how](../how-to/gaiji.md)): CP932 and CP943 F040–F9FC, eucJP-ms F5A1–FEFE, host charsets any code of one or two
bytes that is no shift code. Nothing is ever replaced: a code without a meaning is DEC-004 at its byte.

## PCs and Unix

`shift_jis` means CP932, which is what such files hold; `shift_jis-x0208` is the standard alone. cp932 writes IBM's
extensions as Windows does, cp932-nec and cp932-ibm by their own codes. Source: Python; of cp943 and eucjp-ms glibc.
Not covered: NBSP, and the user-defined areas without a table.

{local}
utf-8: every character but controls and private use. ascii and latin-1 as named. The ISO-2022-JP family (iso-2022-jp,
-1, -2, -3, -2004, -ext) is Python's; each item begins and ends in ASCII.

## IBM, mixed (SO 0E, SI 0F)

Source: glibc; witnesses Java and ICU (of 1390 and 1399 ICU alone). Not covered: 6941–7FFE (外字).

{mixed}
## Fujitsu, Hitachi, NEC

JIS X 0208 by row and cell (1978: JEF, KEIS78, JIPS; 1983: KEIS83; 1990: KEIS90) with the vendor's single bytes. JEF
opens with 28, 38 or 30E2 (28 is written) and closes with 29; KEIS 0A42/0A41; JIPS(J) 1A70/1A71; JIPS(E) 3F75/3F76.
Not covered without a table: extension areas, user-defined areas, JIPS G1–G3, small letters of NEC's EBCDIK. A name
without suffix takes EBCDIK (jips-j: JIS X 0201). JIPS(E) puts each byte of JIPS(J) through NEC's JIS8 → EBCDIK rule;
of two public tellings, which differ in 61–7A, we follow the one that makes 3F75 of 1A70.

{vendors}
## Single bytes

IBM's pages from Java, with ICU and glibc as witnesses; the vendors' composed from what EBCDIC pages share, the signs
that vary by their published conversion tables. Of NEC's nec-ebcdik (jips-e, jips-j-ebcdik) the evidence is thin: its
digits, capitals and katakana by the tables of NEC's WebOTX OLF adapter, the signs as Hitachi's; no file of a machine
was seen. Its small letters (two public tellings contradict each other) and NEC's own EBCDIC are not covered. A site
that has them gives them in a table of one-byte codes ([how](../how-to/gaiji.md)): such a row holds over the page.

{single}
## Where the converters disagree

The first is read. Of codes of two bytes the others are written too.

{disagreements}
"""


@dataclass(frozen=True)
class Coverage:
    """Codes of one byte and of more: both ways, read only; texts that are written only."""

    single: int
    double: int
    read_only: tuple[bytes, ...]
    written_only: tuple[str, ...]


def known_codes(charset: Charset) -> Iterator[tuple[bytes, str]]:
    """Every code with its text."""
    if isinstance(charset, HostCharset):
        yield from ((bytes((code,)), text) for code, text in enumerate(charset.single) if text != NONE)
        yield from ((code.to_bytes(2, "big"), text) for code, text in charset.double.items())
        return
    found: set[bytes] = set()
    shapes = [range(256)], [range(0x81, 0xFF), range(0x40, 0xFF)], [[0x8F], range(0xA1, 0xFF), range(0xA1, 0xFF)]
    for raw in (bytes(code) for shape in shapes for code in product(*shape)):
        if raw[:1] not in found and raw[:2] not in found and (text := read(charset, raw)):
            found.add(raw)
            yield raw, text


def read(charset: Charset, raw: bytes) -> str:
    try:
        return charset.decode(raw)
    except InputError:
        return ""


def written(charset: Charset, code: bytes, text: str) -> bytes:
    """What is written for the text of that code, without shift codes."""
    form = charset if not isinstance(charset, HostCharset) else charset.narrow if len(code) == 1 else charset.wide
    try:
        return form.encode(text) if form is charset else form.write(text)
    except InputError:
        return b""


def coverage(charset: Charset) -> Coverage:
    codes = list(known_codes(charset))
    back = [code for code, text in codes if written(charset, code, text) == code]
    texts = {text for _, text in codes}
    single = sum(len(code) == 1 for code in back)
    read_only = tuple(sorted({code for code, _ in codes} - set(back)))
    extra = charset.extra if isinstance(charset, HostCharset) else {}
    return Coverage(single, len(back) - single, read_only, tuple(sorted(extra.keys() - texts)))


def row(name: str) -> str:
    names = sorted(alias for alias, known in CHARSETS.items() if known == name)
    found = coverage(charset_named(names[0]))
    only = " ".join(found.written_only)
    return (
        f"| {', '.join(names)} | {found.single:,} | {found.double:,} | {len(found.read_only):,} |"
        f" {len(found.written_only)}{f': {only}' if only else ''} |"
    )


def table(names: Iterable[str]) -> str:
    head = ["| names | one byte | more bytes | read only | written only |", "|---|---|---|---|---|"]
    return "\n".join([*head, *map(row, names), ""])


def disagreements() -> str:
    with DISAGREEMENTS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    lines = ["| charset | code | read | witnesses |", "|---|---|---|---|"]
    kept = [one for one in rows if one[0] != "cp290"]
    lines += [f"| {one[0]} | {one[1]} | {one[2]} | {', '.join(filter(None, one[3:]))} |" for one in kept]
    return "\n".join([*lines, "", f"And {len(rows) - len(kept)} codes of cp290, where glibc has full-width katakana."])


def page() -> str:
    aliases = {known: name for name, known in reversed(CHARSETS.items())}
    pages = [name for name, alias in aliases.items() if isinstance(charset_named(alias), HostCharset)]
    single = sorted(set(pages) - {*MIXED, *VENDOR_CHARSETS})
    return TEMPLATE.format(
        local=table(LOCAL),
        mixed=table(MIXED),
        vendors=table(VENDOR_CHARSETS),
        single=table(single),
        disagreements=disagreements(),
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
