"""Converters of text. Nothing is normalised that is not named: never NFC or NFKC, a name stays as it was written."""

from __future__ import annotations

import re
from collections.abc import Callable

from kakehashi.mapping.step import Argument, Converter, Parameter, Step, Value, refusal

__all__ = ["TEXT_CONVERTERS"]

_HALF = "｡｢｣､･ｦｧｨｩｪｫｬｭｮｯｰｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾅﾆﾇﾈﾉﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓﾔﾕﾖﾗﾘﾙﾚﾛﾜﾝﾞﾟ"
_FULL = (
    "。「」、・ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタ"
    "チツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン゛゜"
)
_PLAIN = str.maketrans(_HALF, _FULL)
_VOICED = dict(zip("ｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾊﾋﾌﾍﾎｳﾜｦ", "ガギグゲゴザジズゼゾダヂヅデドバビブベボヴヷヺ", strict=True))
_SEMIVOICED = dict(zip("ﾊﾋﾌﾍﾎ", "パピプペポ", strict=True))
_MARKED = {f"{half}ﾞ": full for half, full in _VOICED.items()} | {f"{half}ﾟ": full for half, full in _SEMIVOICED.items()}
_PAIR = re.compile("[ｶ-ﾄﾊ-ﾎｳﾜｦ]ﾞ|[ﾊ-ﾎ]ﾟ")
_WIDE = str.maketrans({code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000})
_ALL_WIDE = {**_WIDE, **_PLAIN}
_NARROW = str.maketrans({code + 0xFEE0: code for code in range(0x21, 0x7F)} | {0x3000: 0x20})


def text(value: Value) -> str:
    """A value that must be text; whole numbers are taken as their digits."""
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(value)
    raise refusal(expected="text")


def katakana(value: str) -> str:
    """Half-width katakana → full-width, voiced marks joined to their letter; everything else stays."""
    return _marks_joined(value).translate(_PLAIN)


def _marks_joined(value: str) -> str:
    return _PAIR.sub(lambda pair: _MARKED[pair[0]], value) if "ﾞ" in value or "ﾟ" in value else value


def _plain(call: Callable[[str], str]) -> Callable[[tuple[Argument, ...]], Step]:
    return lambda _: Step(call=lambda value: call(text(value)), text=True)


def _zero_pad(arguments: tuple[Argument, ...]) -> Step:
    width = int(arguments[0])

    def pad(value: Value) -> Value:
        digits = text(value)
        if not digits:
            return digits
        if not (digits.isascii() and digits.isdigit()) or len(digits) > width:
            raise refusal(expected=f"at most {width} digits")
        return digits.zfill(width)

    return Step(call=pad, text=True)


def _pad(arguments: tuple[Argument, ...]) -> Step:
    width = int(arguments[0])
    return Step(call=lambda value: text(value).ljust(width), text=True)


def _slice(arguments: tuple[Argument, ...]) -> Step:
    start, length = int(arguments[0]) - 1, int(arguments[1])
    return Step(call=lambda value: text(value)[start : start + length] or None, may_be_none=True, text=True)


def _remove(arguments: tuple[Argument, ...]) -> Step:
    table = dict.fromkeys(map(ord, "".join(map(str, arguments))))
    return Step(call=lambda value: text(value).translate(table) or None, may_be_none=True, text=True)


def _default(arguments: tuple[Argument, ...]) -> Step:
    fallback = str(arguments[0])
    return Step(call=lambda value: fallback if value is None or value == "" else value, takes_none=True)


def _null_if(arguments: tuple[Argument, ...]) -> Step:
    empty = frozenset(map(str, arguments))
    return Step(call=lambda value: None if str(value) in empty else value, may_be_none=True)


def _flag(arguments: tuple[Argument, ...]) -> Step:
    on = frozenset(map(str, arguments))
    if on:
        return _or_empty(lambda value: "1" if value in on else "0")
    plain = {"0": "0", "1": "1"}

    def read(value: str) -> str:
        if value not in plain:
            raise refusal(expected="0 or 1")
        return plain[value]

    return _or_empty(read)


def _flag_unless(arguments: tuple[Argument, ...]) -> Step:
    off = frozenset(map(str, arguments))
    return _or_empty(lambda value: "0" if value in off else "1")


def _or_empty(call: Callable[[str], str]) -> Step:
    """A flag of empty text is no flag at all: the target decides what unknown means."""
    return Step(call=lambda value: "" if value == "" else call(text(value)), text=True)


def _trim(_: tuple[Argument, ...]) -> Step:
    return Step(call=lambda value: text(value).strip(" 　"), inline='{v}.strip(" \\u3000")', text=True)


_N = Parameter(name="n", type="integer")
_CODES = Parameter(name="code", many=True)

TEXT_CONVERTERS = (
    Converter(name="trim", meaning="Without spaces, half- and full-width, at both ends", build=_trim,
              examples=(("trim", " 山田　", "山田"),)),
    Converter(name="zero_pad", meaning="Digits with zeros on the left", build=_zero_pad, parameters=(_N,),
              examples=(("zero_pad(5)", "42", "00042"), ("zero_pad(5)", 42, "00042"))),
    Converter(name="pad", meaning="Text with spaces on the right", build=_pad, parameters=(_N,),
              examples=(("pad(4)", "AB", "AB  "),)),
    Converter(name="slice", meaning="`length` characters from `start` (from 1)", build=_slice,
              parameters=(Parameter(name="start", type="integer"), Parameter(name="length", type="integer")),
              examples=(("slice(1, 4)", "20260401", "2026"),)),
    Converter(name="remove", meaning="Without the characters named", build=_remove,
              parameters=(Parameter(name="characters"),), examples=(('remove("-")', "100-0001", "1000001"),)),
    Converter(name="kana", meaning="Half-width katakana → full-width, voiced marks joined", build=_plain(katakana),
              examples=(("kana", "ﾔﾏﾀﾞ ﾊﾟｰﾙ", "ヤマダ パール"),)),
    Converter(name="fullwidth", meaning="ASCII and half-width katakana → full-width",
              build=_plain(lambda value: _marks_joined(value).translate(_ALL_WIDE)),
              examples=(("fullwidth", "A-1ｱ", "Ａ－１ア"),)),
    Converter(name="halfwidth", meaning="Full-width letters, digits, signs and spaces → ASCII",
              build=_plain(lambda value: value.translate(_NARROW)), examples=(("halfwidth", "Ａ－１　ア", "A-1 ア"),)),
    Converter(name="upper", meaning="Capital letters", build=_plain(str.upper), examples=(("upper", "ab", "AB"),)),
    Converter(name="default", meaning="`value` where there is none", build=_default,
              parameters=(Parameter(name="value"),), examples=(("default(0)", None, "0"), ("default(0)", "7", "7"))),
    Converter(name="null_if", meaning="No value where the text is one of those named", build=_null_if,
              parameters=(_CODES,), examples=(("null_if(00, 99)", "99", None), ("null_if(00, 99)", "01", "01"))),
    Converter(name="flag", meaning="1 for the codes named, else 0; without arguments 0 and 1 alone are taken",
              build=_flag, parameters=(_CODES,), examples=(("flag(A, B)", "B", "1"), ("flag(A, B)", "C", "0"))),
    Converter(name="flag_unless", meaning="0 for the codes named, else 1: for flags that must fail closed",
              build=_flag_unless, parameters=(_CODES,),
              examples=(("flag_unless(0)", "0", "0"), ("flag_unless(0)", "7", "1"))),
)  # fmt: skip
