"""Looks for given 個人番号 in raw bytes, in every form in which they could have slipped through.

Regular expressions find runs of digits in each form; a run is a hit when its digits are among the numbers. Runs of
base64 and hexadecimal are decoded and looked at again, compressed streams are opened.
"""

import base64
import binascii
import itertools
import re
import zlib

_BETWEEN = rb"(?:[-. /]|\xe2\x80\x90|\xef\xbc\x8d|\xe3\x80\x80|\x81\x5d|\x81\x7c|\x81\x40){0,1}"


def _runs(digit, between=b""):
    """Twelve digits, wherever they begin, and whatever stands before and behind them."""
    return re.compile(rb"(?=(" + (digit + between) * 11 + digit + rb"))", re.DOTALL)


def _low(width, at):
    """The digit is the low half of byte `at` of each `width` bytes."""
    return lambda run: "".join(str(byte & 0x0F) for byte in run[at::width])


def _last_of(step, base):
    return lambda run: "".join(str(byte - base) for byte in run[step - 1 :: step])


_FORMS = {
    "ASCII, also hyphenated": (_runs(rb"[0-9]", _BETWEEN), lambda run: re.sub(rb"[^0-9]", b"", run).decode()),
    "UTF-8 full-width": (
        _runs(rb"\xef\xbc[\x90-\x99]", _BETWEEN),
        lambda run: "".join(str(digit[0] - 0x90) for digit in re.findall(rb"\xef\xbc([\x90-\x99])", run)),
    ),
    "CP932 full-width": (
        _runs(rb"\x82[\x4f-\x58]", _BETWEEN),
        lambda run: "".join(str(digit[0] - 0x4F) for digit in re.findall(rb"\x82([\x4f-\x58])", run)),
    ),
    "EUC-JP full-width": (_runs(rb"\xa3[\xb0-\xb9]", rb"(?:\xa1[\xdd\xbe]){0,1}"),
                          lambda run: "".join(str(d[0] & 15) for d in re.findall(rb"\xa3([\xb0-\xb9])", run))),
    "EBCDIC zoned": (re.compile(rb"(?=((?:[\xf0-\xf9]\x60{0,1}){11}[\xc0-\xc9\xd0-\xd9\xf0-\xf9]))"),
                     lambda run: _low(1, 0)(run.replace(b"\x60", b""))),
    "EBCDIC full-width": (_runs(rb"\x42[\xf0-\xf9]", rb"(?:\x42\x60|\x44\x5a){0,1}"),
                          lambda run: "".join(str(d[0] & 15) for d in re.findall(rb"\x42([\xf0-\xf9])", run))),
    "UTF-16 little-endian": (_runs(rb"[0-9]\x00", rb"(?:-\x00){0,1}"),
                             lambda run: _low(2, 0)(run.replace(b"-\x00", b""))),
    "UTF-16 full-width": (_runs(rb"[\x10-\x19]\xff", rb"(?:\x0d\xff){0,1}"),
                          lambda run: _low(2, 0)(run.replace(b"\x0d\xff", b""))),
    "UTF-16 big-endian full-width": (_runs(rb"\xff[\x10-\x19]", rb"(?:\xff\x0d){0,1}"),
                                     lambda run: _low(2, 1)(run.replace(b"\xff\x0d", b""))),
    "UTF-16 big-endian": (_runs(rb"\x00[0-9]", rb"(?:\x00-){0,1}"),
                          lambda run: _low(2, 1)(run.replace(b"\x00-", b""))),
    "packed": (re.compile(rb"(?=([\x00-\x09\x10-\x19\x20-\x29\x30-\x39\x40-\x49\x50-\x59\x60-\x69\x70-\x79\x80-\x89"
                          rb"\x90-\x99]{6}))"), bytes.hex),
    "packed with a sign": (re.compile(rb"(?=([\x00-\x09][\x00-\x09\x10-\x19\x20-\x29\x30-\x39\x40-\x49\x50-\x59"
                                      rb"\x60-\x69\x70-\x79\x80-\x89\x90-\x99]{5}[\x0c\x0d\x0f\x1c\x1d\x1f\x2c\x2d\x2f"
                                      rb"\x3c\x3d\x3f\x4c\x4d\x4f\x5c\x5d\x5f\x6c\x6d\x6f\x7c\x7d\x7f\x8c\x8d\x8f"
                                      rb"\x9c\x9d\x9f]))"), lambda run: run.hex()[1:13]),
    "URL-encoded full-width": (_runs(rb"%[eE][fF]%[bB][cC]%9[0-9]", rb"(?:-|%2[dD]|%[eE][fF]%[bB][cC]%8[dD]){0,1}"),
                               lambda run: "".join(d.decode() for d in re.findall(rb"%9([0-9])", run))),
    "URL-encoded": (_runs(rb"%3[0-9]", rb"(?:-|%2[dD]){0,1}"),
                    lambda run: "".join(d.decode() for d in re.findall(rb"%3([0-9])", run))),
    "escaped full-width": (_runs(rb"\\uff1[0-9]", rb"(?:-|\\uff0d){0,1}"),
                           lambda run: "".join(d.decode() for d in re.findall(rb"uff1([0-9])", run))),
    "character references": (
        _runs(rb"&#(?:x0{0,4}3[0-9]|x[fF][fF]1[0-9]|4[89]|5[0-7]|652(?:9[6-9])|6530[0-5]);", rb"[-]{0,1}"),
        lambda run: "".join(_referred(found) for found in re.findall(rb"&#([^;]+);", run)),
    ),
}  # fmt: skip
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{16,}")
_HEX = re.compile(rb"[0-9a-fA-F]{24,}")
_APART = b"\xfe\xfe"
_STREAM = re.compile(rb"(?=\x78[\x01\x5e\x9c\xda])|(?=\x1f\x8b\x08)")


def _referred(reference):
    code = int(reference[1:], 16) if reference[:1] == b"x" else int(reference)
    return str((code - 0x30) & 0x0F) if code < 0x80 else str(code - 0xFF10)


class Leaks:
    """A search for `numbers`. `find` gives the forms in which any of them stands in `data`."""

    def __init__(self, numbers):
        self.numbers = frozenset(numbers)

    def find(self, data):
        found = set(self._plain(data))
        for unpacked, decoded in (("in base64", _base64(data)), ("in hexadecimal", _hexadecimal(data))):
            found |= {f"{form} {unpacked}" for form in self._plain(decoded)}
        for at in _STREAM.finditer(data):
            found |= {f"{form}, compressed" for form in self._plain(_inflated(data[at.start() :]))}
        return found

    def _plain(self, data):
        for form, (pattern, digits) in _FORMS.items():
            if any(digits(found[1]) in self.numbers for found in pattern.finditer(data)):
                yield form


def _base64(data):
    """Every run of base64, decoded from each of its first four characters."""
    runs = [run.translate(bytes.maketrans(b"-_", b"+/")) for run in _BASE64.findall(data)]
    parts = [run[start:] for run in runs for start in range(4)]
    return _APART.join(base64.b64decode(part + b"A" * (-len(part) % 4)) for part in parts)


def _hexadecimal(data):
    """Every run of hexadecimal digits, decoded from its first and its second one."""
    parts = [run[start:] for run in _HEX.findall(data) for start in range(2)]
    return _APART.join(binascii.unhexlify(part[: len(part) // 2 * 2]) for part in parts)


def _inflated(data, most=1 << 20):
    try:
        return zlib.decompressobj(wbits=47).decompress(data, most)
    except zlib.error:
        return b""


def written(number):
    """(form, bytes) of one number in every form that `Leaks` must find: the search is tried on these first."""
    hyphened = "-".join((number[:4], number[4:8], number[8:]))
    wide = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
    texts = {"half": number, "hyphen": hyphened, "full": number.translate(wide),
             "full-hyphen": hyphened.translate(wide)}  # fmt: skip
    for (name, text), charset in itertools.product(texts.items(), ("utf-8", "cp932", "utf-16-le", "utf-16-be")):
        raw = text.encode(charset)
        yield f"{name} {charset}", raw
        yield f"{name} {charset} hex", raw.hex().encode()
        for pad in range(3):
            yield f"{name} {charset} base64 {pad}", base64.b64encode(b"\x85\xfd\xa0"[:pad] + raw + b"\xa0")
        yield f"{name} {charset} base64url", base64.urlsafe_b64encode(raw)
    ebcdic = number.encode("cp037")
    yield "zoned", ebcdic
    yield "zoned with a sign", ebcdic[:-1] + bytes([(ebcdic[-1] & 15) | 0xC0])
    yield "EBCDIC hyphen", hyphened.encode("cp037")
    yield "EBCDIC full-width", b"".join(bytes((0x42, 0xF0 + int(digit))) for digit in number)
    yield "EUC-JP", texts["full"].encode("euc_jp")
    yield "packed", bytes.fromhex(number)
    yield "packed with a sign", bytes.fromhex(f"0{number}c")
    yield "URL", "".join(f"%EF%BC%9{digit}" for digit in number).encode()
    yield "URL of ASCII", "".join(f"%3{digit}" for digit in number).encode()
    yield "JSON escapes", "".join(f"\\uff1{digit}" for digit in number).encode()
    yield "decimal references", "".join(f"&#{0xFF10 + int(digit)};" for digit in number).encode()
    yield "hexadecimal references", "".join(f"&#x3{digit};" for digit in number).encode()
    yield "zlib", zlib.compress(f"name={number}".encode())
    yield "gzip", zlib.compressobj(wbits=31).compress(b"") + _gzipped(texts["full"].encode())


def _gzipped(data):
    packer = zlib.compressobj(wbits=31)
    return packer.compress(data) + packer.flush()
