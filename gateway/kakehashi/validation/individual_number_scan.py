"""Finds a 個人番号 in text that is about to leave: twelve digits with a valid check digit, plain or in groups of four.

Half-width and full-width digits; groups are separated by one space or hyphen of any width. A fast look at the bytes
finds candidates; only then the exact search runs.
"""

from __future__ import annotations

import re

from kakehashi.domain.identifiers import has_individual_check_digit

__all__ = ["find_individual_number", "find_individual_number_in_document"]

_DIGIT = "[0-9０-９]"
_SEPARATOR = "[ \t\u00a0\u2000-\u200b\u202f\u3000\u2010-\u2015\u2212\u30fc\ufe63\uff0d\uff70-]"
_NUMBER = re.compile(
    rf"(?<!{_DIGIT})(?=({_DIGIT}{{12}}|{_DIGIT}{{4}}{_SEPARATOR}{_DIGIT}{{4}}{_SEPARATOR}{_DIGIT}{{4}})(?!{_DIGIT}))"
)
_TO_ASCII = str.maketrans("０１２３４５６７８９", "0123456789")
_REFERENCE = re.compile(rb"&#(?:x([0-9A-Fa-f]{1,6})|([0-9]{1,7}));")


def _shape(byte: int) -> int:
    """0 digit, - separator, . other ASCII, ~ part of a character beyond ASCII."""
    if 0x30 <= byte <= 0x39:
        return ord("0")
    if byte in _ASCII_SEPARATORS:
        return ord("-")
    return ord(".") if byte < 0x80 else ord("~")


_ASCII_SEPARATORS = b" \t-"
_SHAPES = bytes(_shape(byte) for byte in range(256))
_SEPARATING = bytes(byte for byte in range(256) if byte in _ASCII_SEPARATORS or byte >= 0x80)
_RUN = b"0" * 12
_REST_OF_RUN = re.compile(rb"0*")
_GROUPED = re.compile(rb"0000[-~]{1,3}0000[-~]{1,3}0000")
_WIDE_SHAPES = bytes(
    {0xEF: ord("L"), 0xBC: ord("M")}.get(byte, ord("9") if 0x90 <= byte <= 0x99 else _SHAPES[byte])
    for byte in range(256)
)
"""A full-width digit is EF BC 90 to EF BC 99 in UTF-8, here LM9."""
_WIDE_SEPARATING = bytes(byte for byte in _SEPARATING if chr(_WIDE_SHAPES[byte]) not in "LM9")
_FULL_WIDTH_LEAD = b"\xef\xbc"
_FULL_WIDTH = tuple((chr(0xFF10 + digit).encode(), str(digit).encode()) for digit in range(10))


def find_individual_number(text: str) -> int | None:
    """The position (0-based) of the first digit of the first number found, or None."""
    if not _may_hold_one(text.encode("utf-8", "surrogatepass")):
        return None
    for match in _NUMBER.finditer(text):
        if has_individual_check_digit("".join(_digits(match[1]))):
            return match.start()
    return None


def find_individual_number_in_document(document: bytes) -> int | None:
    """The same for UTF-8 bytes; numeric character references are read first. The position counts characters then.

    Bytes that are not UTF-8 are searched as if each were a character of its own.
    """
    if b"&" in document and b"&#" in document:  # one byte is found many times faster than two
        document = _REFERENCE.sub(_dereferenced, document)
    if not _may_hold_one(document):
        return None
    return find_individual_number(document.decode("utf-8", "surrogateescape"))


def _may_hold_one(raw: bytes) -> bool:
    """False only when there surely is none."""
    wide = _FULL_WIDTH_LEAD[:1] in raw and _FULL_WIDTH_LEAD in raw
    if _RUN not in (_joined_wide(raw) if wide else raw.translate(_SHAPES, _SEPARATING)):
        return False
    if wide:
        for full, half in _FULL_WIDTH:
            raw = raw.replace(full, half)
    shape = raw.translate(_SHAPES)
    return _GROUPED.search(shape) is not None or _has_run_of_twelve(shape)


def _joined_wide(raw: bytes) -> bytes:
    """All digits of either width joined over whatever may separate them: no number is shorter than a run in this."""
    marked = raw.translate(_WIDE_SHAPES, _WIDE_SEPARATING)
    return marked.replace(b"LM9", b"0").translate(None, b"LM9")


def _has_run_of_twelve(shape: bytes) -> bool:
    """Whether a run of digits is exactly twelve long (ids of 14 to 18 digits are everywhere)."""
    start = shape.find(_RUN)
    while start >= 0:
        rest = _REST_OF_RUN.match(shape, start)
        end = rest.end() if rest else len(shape)
        if end - start == len(_RUN):
            return True
        start = shape.find(_RUN, end)
    return False


def _digits(matched: str) -> list[str]:
    return [character for character in matched.translate(_TO_ASCII) if "0" <= character <= "9"]


def _dereferenced(match: re.Match[bytes]) -> bytes:
    code = int(match[1], 16) if match[1] else int(match[2])
    return chr(code).encode("utf-8", "surrogatepass") if code <= 0x10FFFF else b""
