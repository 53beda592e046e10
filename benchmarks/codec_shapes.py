"""Records that the codec benchmark reads: 30 items in 300 bytes, half of them Japanese; and records of packed numbers.

Data are made at run time from a fixed seed.
"""

from __future__ import annotations

import random
from decimal import Decimal

from kakehashi.codec.compile import compile_encoder
from kakehashi.codec.copybook.options import Odo, Options, Segment
from kakehashi.codec.copybook.parser import parse_copybook
from kakehashi.codec.copybook.record import CopybookCodec, Values
from kakehashi.codec.copybook.tree import Field
from kakehashi.codec.layout import FileFormat, Item, ItemType, Kind, Layout, Record, Role, Value

__all__ = ["MIXED", "copybook", "copybook_data", "layout", "layout_data", "mixed_data", "mixed_options"]

SURNAMES = ["佐藤", "鈴木", "高橋", "田中", "渡辺", "伊藤", "山本", "中村", "小林", "加藤"]
GIVEN = ["翔太", "陽菜", "大輔", "美咲", "健一", "花子", "直樹", "由美", "拓也", "恵子"]
PLACES = [
    "架空県",
    "見本市",
    "例示町",
    "試験区",
    "仮名村",
    "中央",
    "東",
    "西",
    "南",
    "北",
    "一丁目",
    "二丁目",
    "三番地",
]
KANA = "ｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾅﾆﾇﾈﾉ"
LATIN = "ABCDEFGH"
WITHOUT_KANA = {"euc-jp", "cp037", "jef-ebcdic"}
WIDE = (20, 20, 40, 30, 20, 20)
NARROW = (20, 8, 2, 2)

_Shape = list[tuple[ItemType, int, dict[str, object]]]


def _mixed(shift: int) -> _Shape:
    """30 items; `shift` bytes more in each full-width item."""
    t = ItemType
    nil = {"nil": frozenset({"zeros", "spaces"})}
    return [
        (t.DIGITS, 15, {}),
        (t.DIGITS, 1, {}),
        *((t.FULLWIDTH, length + shift, {}) for length in WIDE),
        *((t.HALFWIDTH, length, {}) for length in NARROW),
        *((t.DATE, 7, {"date": "wareki", **nil}) for _ in range(2)),
        *((t.DATE, 8, {"date": "yyyymmdd", **nil}) for _ in range(2)),
        *((t.DIGITS, length, {}) for length in (7, 4, 5, 2, 1)),
        *((t.PACKED, 5, {}) for _ in range(5)),
        (t.PACKED, 4, {"decimals": 2}),
        *((t.ZONED, 4, {}) for _ in range(2)),
        (t.BINARY, 4, {}),
    ]


def _packed() -> _Shape:
    """30 items of a ledger of amounts: 24 of them packed."""
    t = ItemType
    return [
        (t.DIGITS, 15, {}),
        (t.HALFWIDTH, 8, {}),
        *((t.PACKED, 5, {}) for _ in range(16)),
        *((t.PACKED, 7, {}) for _ in range(4)),
        *((t.PACKED, 5, {"decimals": 2}) for _ in range(4)),
        *((t.ZONED, 4, {}) for _ in range(2)),
        *((t.BINARY, 4, {}) for _ in range(2)),
    ]


def layout(charset: str, shift: str, *, packed: bool = False) -> Layout:
    items: list[Item] = []
    at = 0
    for kind, length, more in _packed() if packed else _mixed(2 if shift == "embedded" else 0):
        name = f"項目{len(items) + 1:02}"
        item = Item(name=name, type=kind, length=length, start=at, **more)  # type: ignore[arg-type]  # fields by their names
        items.append(item)
        at += length
    record = Record(name="data", role=Role.DATA, items=tuple(items), length=at if packed else max(at, 300))
    return Layout(name="benchmark", charset=charset, format=FileFormat(kind=Kind.FIXED), records=(record,), shift=shift)


def _value(item: Item, rng: random.Random, narrow: str) -> Value:
    """A value that fills about as much of the item as a register does."""
    match item.type:
        case ItemType.DIGITS:
            return "".join(rng.choices("0123456789", k=item.length))
        case ItemType.FULLWIDTH:
            return _words(rng, (item.length - 4) // 2)
        case ItemType.HALFWIDTH:
            return "".join(rng.choices(narrow, k=rng.randint(1, item.length)))
        case ItemType.DATE:
            year, month, day = rng.randint(1, 60), rng.randint(1, 12), rng.randint(1, 28)
            wareki = f"3{year:02}{month:02}{day:02}"
            text = wareki if item.date == "wareki" else f"{1940 + year}{month:02}{day:02}"
            return None if rng.random() < 0.1 or (item.date == "wareki" and year < 2) else text
        case _:
            number = rng.randint(-999, 9999) if item.type is ItemType.ZONED else rng.randint(0, 9_999_999)
            return Decimal(number).scaleb(-item.decimals) if item.decimals else number


def _words(rng: random.Random, length: int) -> str:
    return (rng.choice(SURNAMES) + "　" + rng.choice(GIVEN) + "".join(rng.choices(PLACES, k=6)))[:length]


def layout_data(shape: Layout, records: int) -> bytes:
    write = compile_encoder(shape).write
    rng = random.Random(20260401)
    narrow = LATIN if shape.charset in WITHOUT_KANA else KANA
    items = shape.data.items
    return b"".join(write("data", {item.name: _value(item, rng, narrow) for item in items}) for _ in range(records))


def copybook(kind: str) -> str:
    """`japanese`, `latin` (the same with single bytes alone) or `packed`: the items of the layouts above."""
    wide = "X({0})" if kind == "latin" else "N({1})"
    rows = {
        "packed": [
            *("9(15)", "X(8)", *["S9(9) COMP-3"] * 16, *["S9(13) COMP-3"] * 4, *["S9(7)V99 COMP-3"] * 4),
            *("S9(4)", "S9(4)", "S9(9) COMP", "S9(9) COMP"),
        ],
    }.get(kind) or [
        *("9(15)", "9", *(wide.format(length, length // 2) for length in WIDE)),
        *(f"X({length})" for length in NARROW),
        *("9(7)", "9(7)", "9(8)", "9(8)", "9(7)", "9(4)", "9(5)", "9(2)", "9"),
        *(*["S9(9) COMP-3"] * 5, "S9(5)V99 COMP-3", "S9(4)", "S9(4)", "S9(9) COMP"),
    ]
    lines = [f"           05 ITEM-{number:02} PIC {row}.\n" for number, row in enumerate(rows, start=1)]
    return "       01 REC.\n" + "".join(lines)


SEGMENTS = "".join(
    f"          05 {group}{'' if group == 'PERSON' else ' REDEFINES PERSON'}.\n"
    + "".join(f"             10 {group}-{number} PIC {picture}.\n" for number, picture in enumerate(pictures))
    for group, pictures in {
        "PERSON": ["X(20)", "X(20)", *["9(8)"] * 4, *["S9(9) COMP-3"] * 6, "X(18)"],
        "PLACE": ["X(30)", "X(30)", *["9(7)"] * 5, "S9(9) COMP", "X(23)"],
        "MONEY": [*["S9(9) COMP-3"] * 16, *["S9(4)"] * 6, "X(8)"],
    }.items()
)
MIXED = {
    "segments": "       01 REC.\n          05 KIND PIC X(2).\n" + SEGMENTS,
    "depending": "       01 REC.\n          05 CODE-1 PIC X(8).\n          05 N PIC 9(2).\n"
    "          05 LINE-1 OCCURS 0 TO 12 DEPENDING ON N.\n             10 AMOUNT PIC S9(9) COMP-3.\n"
    "             10 ITEM-1 PIC X(6).\n             10 DAY-1 PIC 9(8).\n          05 SUM-1 PIC S9(9) COMP-3.\n",
}
"""Copybooks whose records differ in shape: of three kinds, and of 0 to 12 lines."""


def mixed_options(kind: str) -> Options:
    if kind == "depending":
        return Options(encoding="cp037", odo=Odo.SHIFTED)
    return Options(
        encoding="cp037", segments=tuple(Segment("KIND", name[:2], name) for name in ("PERSON", "PLACE", "MONEY"))
    )


def mixed_data(kind: str, records: int) -> bytes:
    """Records of the shapes by turns, as in a file of real persons: none of them many times in a row."""
    codec = CopybookCodec(parse_copybook(MIXED[kind]), mixed_options(kind))
    rng = random.Random(20260401)
    fields = codec_fields(MIXED[kind])
    raws = []
    for _ in range(records):
        if kind == "segments":
            group = rng.choice(("PERSON", "PLACE", "MONEY"))
            raws.append(codec.write({"KIND": group[:2], group: _values(fields[group].children, rng, LATIN)}))
        else:
            lines = [_values(fields["LINE-1"].children, rng, LATIN) for _ in range(rng.randint(0, 12))]
            raws.append(codec.write({"CODE_1": "A", "N": len(lines), "LINE_1": lines, "SUM_1": 1}))
    return b"".join(raws)


def codec_fields(book: str) -> dict[str, Field]:
    return {field.name: field for field in parse_copybook(book).records[0].walk()}


def copybook_data(kind: str, encoding: str, records: int) -> bytes:
    book = parse_copybook(copybook(kind))
    codec = CopybookCodec(book, Options(encoding=encoding))
    rng = random.Random(20260401)
    narrow = LATIN if encoding in WITHOUT_KANA else KANA
    return b"".join(codec.write(_values(book.records[0].children, rng, narrow)) for _ in range(records))


def _values(fields: tuple[Field, ...], rng: random.Random, narrow: str) -> Values:
    values: Values = {}
    for field in fields:
        assert field.picture is not None
        key = field.name.replace("-", "_")
        if field.picture.numeric:
            number = rng.randint(0, 10 ** min(field.picture.digits, 7) - 1)
            values[key] = Decimal(number).scaleb(-field.picture.scale) if field.picture.scale else number
        elif field.picture.length < field.length:
            values[key] = _words(rng, field.picture.length - 2)
        else:
            values[key] = "".join(rng.choices(narrow, k=rng.randint(1, field.length)))
    return values
