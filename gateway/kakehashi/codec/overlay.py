"""「外字表の適用」 A charset with a site's tables laid over it: later tables come before earlier ones."""

from __future__ import annotations

import codecs
import re

from kakehashi.codec.code_table import CodeRow, CodeTable
from kakehashi.codec.host_charset import HostCharset
from kakehashi.codec.kanji_grid import twins
from kakehashi.codec.native_charset import NativeCharset
from kakehashi.codec.text_form import Charset
from kakehashi.errors import ConfigurationError, Fault

__all__ = ["with_table"]

_SINGLE = 0x100
_USER_DEFINED = re.compile("[\ue000-\uf8ff]")


def with_table(charset: Charset, *tables: CodeTable) -> Charset:
    """The charset that knows these codes too, or otherwise than before.

    A host charset takes any code of one or two bytes; CP932 those of its user-defined area F040–F9FC. Raises
    ConfigurationError CFG-008 for a code that the charset cannot hold, CFG-006 for a charset that takes no table.
    """
    rows = [row for table in tables for row in table.rows]
    if isinstance(charset, HostCharset):
        return _host(charset, rows)
    if isinstance(charset, NativeCharset) and charset.name.startswith("cp932"):
        return _cp932(charset, rows)
    raise ConfigurationError([Fault("CFG-006", facts={"charset": charset.name})])


def _host(charset: HostCharset, rows: list[CodeRow]) -> HostCharset:
    single, double = list(charset.single), dict(charset.double)
    for row in rows:
        if row.reads and row.code < _SINGLE:
            single[row.code] = _one(row)
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


def _one(row: CodeRow) -> str:
    if len(row.text) != 1:
        raise ConfigurationError([Fault("CFG-008", facts={"code": f"{row.code:02X}"})])
    return row.text


def _cp932(charset: NativeCharset, rows: list[CodeRow]) -> NativeCharset:
    """Python reads a user-defined code as a private-use character, which stands for the code from here to the table."""
    areas = {row.code: _area(row.code) for row in rows}
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
    try:
        text = codecs.decode(code.to_bytes(2, "big"), "cp932")
    except (UnicodeDecodeError, OverflowError):
        text = ""
    if not _USER_DEFINED.fullmatch(text):
        raise ConfigurationError([Fault("CFG-008", facts={"code": f"{code:04X}"})])
    return text
