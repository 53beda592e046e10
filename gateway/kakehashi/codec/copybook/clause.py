"""One data description entry: level, name, clauses."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from kakehashi.codec.copybook.picture import Picture, PictureError, parse_picture
from kakehashi.codec.copybook.problem import Position, problem
from kakehashi.codec.copybook.token import Cursor
from kakehashi.codec.copybook.tree import Condition, Occurs, Renames, Sign, Usage

__all__ = ["Entry", "read_condition", "read_entry", "read_renames"]

_MOST_OCCURS = 100_000_000

_USAGES: dict[str, Usage] = {
    "DISPLAY": Usage.DISPLAY,
    "DISPLAY-1": Usage.DBCS,
    "NATIONAL": Usage.NATIONAL,
    "BINARY": Usage.BINARY,
    "PACKED-DECIMAL": Usage.PACKED,
    "FLOAT-SHORT": Usage.FLOAT,
    "FLOAT-LONG": Usage.DOUBLE,
    "INDEX": Usage.INDEX,
    "POINTER": Usage.POINTER,
    "PROCEDURE-POINTER": Usage.POINTER,
    "FUNCTION-POINTER": Usage.POINTER,
    **{
        prefix + suffix: usage
        for prefix in ("COMP", "COMPUTATIONAL")
        for suffix, usage in {
            "": Usage.BINARY,
            "-0": Usage.BINARY,
            "-1": Usage.FLOAT,
            "-2": Usage.DOUBLE,
            "-3": Usage.PACKED,
            "-3U": Usage.PACKED_BYTES,
            "-4": Usage.BINARY,
            "-5": Usage.NATIVE,
            "-6": Usage.UNSIGNED_PACKED,
            "-9": Usage.LITTLE,
            "-X": Usage.COMP_X,
        }.items()
    },
}
_SIZED = {"BINARY-CHAR": "9(2)", "BINARY-SHORT": "9(4)", "BINARY-LONG": "9(9)", "BINARY-DOUBLE": "9(18)"}
_CLAUSES = frozenset((
    "REDEFINES", "PIC", "PICTURE", "USAGE", "OCCURS", "VALUE", "VALUES", "SIGN", "LEADING", "TRAILING", "SYNC",
    "SYNCHRONIZED", "SYNCHRONISED", "JUST", "JUSTIFIED", "BLANK", "EXTERNAL", "GLOBAL", "IS", "GROUP-USAGE",
    "CHARACTER", "RENAMES", *_USAGES, *_SIZED,
))  # fmt: skip
_AFTER_KEYS = _CLAUSES | {".", "ASCENDING", "DESCENDING", "INDEXED"}


@dataclass(slots=True)
class Entry:
    """What an entry says about itself, before it is known what it belongs to. `usage`, `sign` None: not said."""

    level: int
    at: Position
    name: str = ""
    picture: Picture | None = None
    usage: Usage | None = None
    sign: Sign | None = None
    occurs: Occurs | None = None
    redefines: str | None = None
    blank_when_zero: bool = False
    justified: bool = False
    synchronized: bool = False
    national: bool = False
    conditions: list[Condition] = field(default_factory=list)
    children: list[Entry] = field(default_factory=list)


def read_entry(cursor: Cursor, *, level: int, at: Position) -> Entry:
    """Everything behind the level number, with the period. Raises ConfigurationError CFG-013."""
    entry = Entry(level, at)
    if cursor.more and cursor.word != "." and cursor.word not in _CLAUSES:
        name = cursor.name("a data name")
        entry.name = "" if name == "FILLER" else name
    while not cursor.accept("."):
        _clause(cursor, entry)
    if entry.sign is not None and entry.sign.separate and entry.picture is not None and entry.picture.digits:
        entry.picture = replace(entry.picture, signed=True)
    return entry


def _clause(cursor: Cursor, entry: Entry) -> None:  # noqa: C901  # one branch a clause
    word = cursor.name("a clause or a period")
    match word:
        case "PIC" | "PICTURE":
            _picture(cursor, entry)
        case "REDEFINES":
            entry.redefines = cursor.name("the name of the item that is redefined")
        case "OCCURS":
            entry.occurs = _occurs(cursor)
        case "USAGE":
            cursor.accept("IS")
            _usage(cursor, cursor.name("a usage"), entry)
        case "VALUE" | "VALUES":
            _values(cursor)
        case "SIGN":
            cursor.accept("IS")
            entry.sign = _sign(cursor, cursor.name("LEADING or TRAILING"))
        case "LEADING" | "TRAILING":
            entry.sign = _sign(cursor, word)
        case "SYNC" | "SYNCHRONIZED" | "SYNCHRONISED":
            cursor.accept("LEFT", "RIGHT")
            entry.synchronized = True
        case "JUST" | "JUSTIFIED":
            cursor.accept("RIGHT")
            entry.justified = True
        case "BLANK":
            cursor.accept("WHEN")
            if not cursor.accept("ZERO", "ZEROS", "ZEROES"):
                raise cursor.fail("ZERO")
            entry.blank_when_zero = True
        case _:
            _rare(cursor, word, entry)


def _rare(cursor: Cursor, word: str, entry: Entry) -> None:
    match word:
        case "EXTERNAL" | "GLOBAL" | "IS":
            pass
        case "GROUP-USAGE":
            cursor.accept("IS")
            if not cursor.accept("NATIONAL"):
                raise cursor.fail("NATIONAL")
            entry.usage = Usage.NATIONAL
        case "CHARACTER":
            cursor.accept("TYPE")
            cursor.accept("IS")
            cursor.name("a character type")
        case _:
            _usage(cursor, word, entry)


def _usage(cursor: Cursor, word: str, entry: Entry) -> None:
    if word in _SIZED:
        signed = "" if cursor.accept("UNSIGNED") else "S"
        cursor.accept("SIGNED")
        entry.picture = parse_picture(signed + _SIZED[word])
        entry.usage = Usage.NATIVE
    elif word in _USAGES:
        entry.usage = _USAGES[word]
        cursor.accept("NATIVE")
    else:
        cursor.index -= 1
        raise cursor.fail("a clause or a period")


def _picture(cursor: Cursor, entry: Entry) -> None:
    cursor.accept("IS")
    token = cursor.take("a picture")
    try:
        entry.picture = parse_picture(token.word)
    except PictureError as error:
        at = token.at._replace(column=token.at.column + error.at)
        raise problem(at, expected=error.expected, found=token.text) from None


def _sign(cursor: Cursor, word: str) -> Sign:
    if word not in {"LEADING", "TRAILING"}:
        cursor.index -= 1
        raise cursor.fail("LEADING or TRAILING")
    separate = cursor.accept("SEPARATE")
    cursor.accept("CHARACTER")
    return Sign(leading=word == "LEADING", separate=separate)


def _occurs(cursor: Cursor) -> Occurs:
    least = most = cursor.number("the number of occurrences", most=_MOST_OCCURS)
    if cursor.accept("TO"):
        most = cursor.number("the most occurrences", most=_MOST_OCCURS)
    cursor.accept("TIMES")
    depending = None
    if cursor.accept("DEPENDING"):
        cursor.accept("ON")
        depending = _qualified(cursor, "the name of the item that counts")
    if most < 1 or most < least:
        cursor.index -= 1
        raise cursor.fail("at least one occurrence, and no less than the least")
    while cursor.word in {"ASCENDING", "DESCENDING", "INDEXED"}:
        cursor.index += 1
        for noise in ("KEY", "BY", "IS", "ARE"):
            cursor.accept(noise)
        while (
            cursor.word and cursor.word != "." and cursor.word not in _CLAUSES | {"ASCENDING", "DESCENDING", "INDEXED"}
        ):
            cursor.index += 1
    return Occurs(least if depending else most, most, depending)


def _qualified(cursor: Cursor, expected: str) -> str:
    """A name; `OF group` behind it is stepped over."""
    name = cursor.name(expected)
    while cursor.accept("OF", "IN"):
        cursor.name("the name of a group")
    return name


def _values(cursor: Cursor) -> tuple[tuple[str, str], ...]:
    """Literals, figurative constants and ranges, until the next clause."""
    cursor.accept("IS", "ARE")
    found: list[tuple[str, str]] = []
    while cursor.more and cursor.word != "." and (not cursor.word or cursor.word not in _CLAUSES | {"WHEN"}):
        cursor.accept("ALL")
        first = last = cursor.take("a value").text
        if cursor.accept("THRU", "THROUGH"):
            last = cursor.take("the end of the range").text
        found.append((first, last))
    if not found:
        raise cursor.fail("a value")
    return tuple(found)


def read_condition(cursor: Cursor) -> Condition:
    """Level 88, behind its number."""
    name = cursor.name("a condition name")
    if not cursor.accept("VALUE", "VALUES"):
        raise cursor.fail("VALUE")
    values = _values(cursor)
    if cursor.accept("WHEN"):
        for word in ("SET", "TO", "FALSE", "IS"):
            cursor.accept(word)
        cursor.take("a value")
    if not cursor.accept("."):
        raise cursor.fail("a period")
    return Condition(name, values)


def read_renames(cursor: Cursor) -> Renames:
    """Level 66, behind its number."""
    name = cursor.name("a data name")
    if not cursor.accept("RENAMES"):
        raise cursor.fail("RENAMES")
    first = last = _qualified(cursor, "the first item that is renamed")
    if cursor.accept("THRU", "THROUGH"):
        last = _qualified(cursor, "the last item that is renamed")
    if not cursor.accept("."):
        raise cursor.fail("a period")
    return Renames(name, first, last)
