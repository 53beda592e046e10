"""Numbers and text as bytes of a mainframe, written without the gateway's codec."""

from __future__ import annotations

__all__ = ["kana932", "packed", "wide932", "zoned930"]


def packed(value: int, size: int) -> bytes:
    """「パック10進数」 `size` bytes: two digits a byte, the last half byte is the sign (C or D)."""
    digits = f"{abs(value):0{size * 2 - 1}}"
    return bytes.fromhex(digits + ("d" if value < 0 else "c"))


def zoned930(value: int, size: int, *, signed: bool = True) -> bytes:
    """「ゾーン10進数」 in EBCDIC: zone F, in the last byte C or D as the sign."""
    digits = f"{abs(value):0{size}}".encode("cp037")
    if not signed:
        return digits
    return digits[:-1] + bytes([(digits[-1] & 0x0F) | (0xD0 if value < 0 else 0xC0)])


def wide932(text: str, size: int) -> bytes:
    """Full-width text in CP932, filled with ideographic spaces."""
    raw = text.encode("cp932")
    return raw + b"\x81\x40" * ((size - len(raw)) // 2)


def kana932(text: str, size: int) -> bytes:
    """Half-width text in CP932, filled with spaces."""
    return text.encode("cp932").ljust(size)
