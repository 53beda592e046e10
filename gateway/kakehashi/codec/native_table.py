"""Decoders and encoders made of tables, for charsets without shift codes that Python lacks: CP943 and eucJP-ms."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from kakehashi.codec.cluster import splitter, written
from kakehashi.codec.code_table import CodeRow
from kakehashi.codec.native_charset import NativeCharset
from kakehashi.codec.stored_table import StoredTable
from kakehashi.codec.text_form import NONE

__all__ = ["tabled_charset"]

_SHAPES = {
    "cp943": re.compile(rb"[\x81-\x9f\xe0-\xfc].|.", re.DOTALL),
    "eucjp-ms": re.compile(rb"\x8f..|[\x8e\xa1-\xfe].|.", re.DOTALL),
}
"""What is one character of bytes: the first byte tells."""


def tabled_charset(name: str, gaiji: Sequence[CodeRow] = ()) -> NativeCharset:
    """The charset whose tables are data/<name>.bin. Of two codes for one character, the first is written.

    `gaiji`: codes of two bytes that come before the charset's own.
    """
    table = StoredTable.load(name)
    single = {bytes((byte,)): char for byte, char in enumerate(table.single) if char != NONE}
    texts = {**single, **table.codes, b"\x1f": "\x1f"}
    codes = dict(table.write)
    codes |= {text: code for code, text in reversed(texts.items())}
    texts |= {row.code.to_bytes(2, "big"): row.text for row in gaiji if row.reads}
    codes |= {row.text: row.code.to_bytes(2, "big") for row in gaiji if row.writes}
    return NativeCharset(name, _decoder(name, texts), _encoder(name, codes))


def _decoder(name: str, texts: Mapping[bytes, str]) -> Callable[[bytes], tuple[str, int]]:
    cut, look_up = _SHAPES[name].findall, texts.__getitem__

    def decode(raw: bytes) -> tuple[str, int]:
        parts = cut(raw)
        try:
            return "".join(map(look_up, parts)), len(raw)
        except KeyError:
            bad = next(index for index, part in enumerate(parts) if part not in texts)
            at = len(b"".join(parts[:bad]))
            raise UnicodeDecodeError(name, raw, at, at + len(parts[bad]), "no character") from None

    return decode


def _encoder(name: str, codes: Mapping[str, bytes]) -> Callable[[str], tuple[bytes, int]]:
    cut = splitter(codes)

    def encode(text: str) -> tuple[bytes, int]:
        raw, bad = written(text, codes, cut)
        if bad is not None:
            raise UnicodeEncodeError(name, text, bad, bad + 1, "no code")
        return raw, len(text)

    return encode
