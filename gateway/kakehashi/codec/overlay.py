"""「外字表の適用」 A charset with a site's tables laid over it: later tables come before earlier ones."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Mapping, Sequence

from kakehashi.codec.code_table import CodeRow, CodeTable
from kakehashi.codec.host_charset import HostCharset
from kakehashi.codec.kanji_grid import twins
from kakehashi.codec.native_charset import NativeCharset
from kakehashi.codec.native_table import tabled_charset
from kakehashi.codec.shift_code import Shifts
from kakehashi.codec.text_form import Charset
from kakehashi.errors import ConfigurationError, Fault

__all__ = ["with_table"]

_SINGLE, _FIRST = 0x100, 0x20
_USER_DEFINED = re.compile("[\ue000-\uf8ff]")


def with_table(charset: Charset, *tables: CodeTable) -> Charset:
    """The charset that knows these codes too, or otherwise than before.

    A host charset takes any code of one or two bytes that is no shift code; CP932 and CP943 take those of the
    user-defined area F040–F9FC, eucJP-ms those of F5A1–FEFE. Raises ConfigurationError CFG-008 for every code that the
    charset cannot hold, CFG-006 for a charset that takes no table.
    """
    rows = _overridden(tables)
    if isinstance(charset, HostCharset):
        return _host(charset, rows)
    if isinstance(charset, NativeCharset) and charset.name.startswith("cp932"):
        return _cp932(charset, rows)
    if charset.name in _IN_AREA:
        _refuse([row for row in rows if not _IN_AREA[charset.name](row.code)])
        return tabled_charset(charset.name, rows)
    raise ConfigurationError([Fault("CFG-006", facts={"charset": charset.name})])


def _overridden(tables: Sequence[CodeTable]) -> list[CodeRow]:
    """The rows of all tables; what a later one says of a code is all that holds of it."""
    rows: dict[int, list[CodeRow]] = {}
    for table in tables:
        own: dict[int, list[CodeRow]] = {}
        for row in table.rows:
            own.setdefault(row.code, []).append(row)
        rows |= own
    return [row for found in rows.values() for row in found]


def _host(charset: HostCharset, rows: list[CodeRow]) -> HostCharset:
    _refuse([row for row in rows if (row.code < _SINGLE and len(row.text) > 1) or _shifts(row, charset.shifts)])
    single, double = list(charset.single), dict(charset.double)
    for row in rows:
        if row.reads and row.code < _SINGLE:
            single[row.code] = row.text
        elif row.reads:
            double[row.code] = row.text
    before = {text: code for code, text in charset.double.items()} | dict(charset.extra)
    kept = {row.text: before[row.text] for row in rows if row.text in before}
    extra = dict(charset.extra) | kept | {row.text: row.code for row in rows if row.writes}
    read_only = {row.text for row in rows if row.reads} - extra.keys() - set(charset.single)
    codes = {text: code for code, text in double.items()} | extra
    extra |= twins({text: code for text, code in codes.items() if code >= _SINGLE}, "".join(single))
    name, unwritten = charset.name, charset.unwritten - extra.keys() | read_only
    return HostCharset(name, "".join(single), double, extra, charset.shifts, host=charset.host, unwritten=unwritten)


def _refuse(rows: list[CodeRow]) -> None:
    """Every code that has no room in the charset."""
    if rows:
        codes = [f"{row.code:04X}" if row.code >= _SINGLE else f"{row.code:02X}" for row in rows]
        raise ConfigurationError([Fault("CFG-008", facts={"code": code}) for code in codes])


def _shifts(row: CodeRow, shifts: Shifts) -> bool:
    """Whether it is a control code, or one of its bytes begins a shift code: no character of the charset has such."""
    raw = row.code.to_bytes(1 if row.code < _SINGLE else 2, "big")
    return row.code < _FIRST or any(code[0] in raw for code in (*shifts.openers, shifts.closer))


def _cp932(charset: NativeCharset, rows: list[CodeRow]) -> NativeCharset:
    """Python reads a user-defined code as a private-use character, which stands for the code from here to the table."""
    areas = {row.code: _area(row.code) for row in rows}
    _refuse([row for row in rows if not areas[row.code]])
    texts = {ord(areas[row.code]): row.text for row in rows if row.reads}
    codes = {row.text: areas[row.code] for row in rows if row.writes}
    longest_first = sorted(codes, key=len, reverse=True)
    cut = re.compile("|".join(map(re.escape, longest_first)) or "(?!)")
    decoder, encoder = charset.decoder, charset.encoder

    def decode(raw: bytes) -> tuple[str, int]:
        return decoder(raw)[0].translate(texts), len(raw)

    def encode(text: str) -> tuple[bytes, int]:
        if found := _USER_DEFINED.search(text):
            raise UnicodeEncodeError("cp932", text, found.start(), found.end(), "no gaiji")
        return encoder(cut.sub(lambda found: codes[found[0]], text))[0], len(text)

    return NativeCharset(charset.name, decode, encode)


def _area(code: int) -> str:
    """The private-use character of a user-defined code; empty for any other."""
    try:
        text = codecs.decode(code.to_bytes(2, "big"), "cp932")
    except (UnicodeDecodeError, OverflowError):
        return ""
    return text if _USER_DEFINED.fullmatch(text) else ""


_IN_AREA: Mapping[str, Callable[[int], object]] = {
    "cp943": _area,
    "eucjp-ms": lambda code: 0xF5 <= code >> 8 <= 0xFE and 0xA1 <= code & 0xFF <= 0xFE,
}
