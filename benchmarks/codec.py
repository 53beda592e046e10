"""How fast records are decoded to typed values, every check included, on one core.

    python benchmarks/codec.py [--records N] [--rounds N] [--json FILE]

30 items in 300 bytes, half of them Japanese text: digits, half-width and full-width text, packed, zoned, binary and
dates. The floor is struct.iter_unpack alone, which reads no value. Data are made at run time from a fixed seed.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import statistics
import struct
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from kakehashi.codec.compile import compile_codec, compile_encoder
from kakehashi.codec.layout import Codec, FileFormat, Item, ItemType, Kind, Layout, Record, Role, Value
from kakehashi.domain.batch import BatchBody

BATCH = 200
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


def shapes(shift: int) -> list[tuple[ItemType, int, dict[str, object]]]:
    """30 items. `shift` bytes more in each full-width item, taken from the last one, which is filler."""
    wide = [20, 20, 40, 30, 20, 20]
    t = ItemType
    nil = {"nil": frozenset({"zeros", "spaces"})}
    return [
        (t.DIGITS, 15, {}),
        (t.DIGITS, 1, {}),
        *((t.FULLWIDTH, length + shift, {}) for length in wide),
        *((t.HALFWIDTH, length, {}) for length in (20, 8, 2, 2)),
        *((t.DATE, 7, {"date": "wareki", **nil}) for _ in range(2)),
        *((t.DATE, 8, {"date": "yyyymmdd", **nil}) for _ in range(2)),
        *((t.DIGITS, length, {}) for length in (7, 4, 5, 2, 1)),
        *((t.PACKED, 5, {}) for _ in range(5)),
        (t.PACKED, 4, {"decimals": 2}),
        *((t.ZONED, 4, {}) for _ in range(2)),
        (t.BINARY, 4, {}),
    ]


def layout(charset: str, shift: str) -> Layout:
    items: list[Item] = []
    at = 0
    for number, (kind, length, more) in enumerate(shapes(2 if shift == "embedded" else 0)):
        items.append(Item(name=f"項目{number + 1:02}", type=kind, length=length, start=at, **more))  # type: ignore[arg-type]
        at += length
    items[11] = Item(name="項目12", type=ItemType.HALFWIDTH, length=2, start=items[11].start)
    record = Record(name="data", role=Role.DATA, items=tuple(items), length=max(at, 300))
    return Layout(name="benchmark", charset=charset, format=FileFormat(kind=Kind.FIXED), records=(record,), shift=shift)


def value(item: Item, rng: random.Random, *, kana: bool) -> Value:
    """A value that fills about as much of the item as a register does."""
    match item.type:
        case ItemType.DIGITS:
            return "".join(rng.choices("0123456789", k=item.length))
        case ItemType.FULLWIDTH:
            words = rng.choice(SURNAMES) + "　" + rng.choice(GIVEN) + "".join(rng.choices(PLACES, k=6))
            return words[: (item.length - 4) // 2]
        case ItemType.HALFWIDTH:
            return "".join(rng.choices(KANA if kana else "ABCDEFGH", k=rng.randint(1, item.length)))
        case ItemType.DATE:
            year, month, day = rng.randint(1, 60), rng.randint(1, 12), rng.randint(1, 28)
            wareki = f"3{year:02}{month:02}{day:02}"
            text = wareki if item.date == "wareki" else f"{1940 + year}{month:02}{day:02}"
            return None if rng.random() < 0.1 or (item.date == "wareki" and year < 2) else text
        case _:
            number = rng.randint(-999, 9999) if item.type is ItemType.ZONED else rng.randint(0, 9_999_999)
            return Decimal(number).scaleb(-item.decimals) if item.decimals else number


def data(shape: Layout, records: int) -> bytes:
    write = compile_encoder(shape).write
    rng = random.Random(20260401)
    kana = shape.charset != "euc-jp"
    items = shape.data.items
    return b"".join(write("data", {i.name: value(i, rng, kana=kana) for i in items}) for _ in range(records))


def rate(run: Callable[[], None], records: int, rounds: int) -> tuple[float, float]:
    """Median records per second of processor time, and the relative spread of the rounds."""
    rates = []
    for _ in range(rounds):
        begin = time.process_time()
        run()
        rates.append(records / (time.process_time() - begin))
    return statistics.median(rates), (max(rates) - min(rates)) / statistics.median(rates)


def decode(codec: Codec, raw: bytes, length: int) -> None:
    for at in range(0, len(raw), BATCH * length):
        body = BatchBody(b"", raw[at : at + BATCH * length])
        decoded = codec.decode(body, file="benchmark", first_record=1 + at // length, offset=at)
        assert not decoded.faults


def split(codec: Codec, raw: bytes) -> None:
    assert not codec.split(io.BytesIO(raw), batch_records=BATCH, file="benchmark").faults


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--records", type=int, default=20_000)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--json", type=Path)
    options = arguments.parse_args()
    results = {}
    for charset, shift in (("cp932", "none"), ("euc-jp", "none"), ("cp930", "implied"), ("cp930", "embedded")):
        shape = layout(charset, shift)
        codec = compile_codec(shape)
        length = shape.data.length
        raw = data(shape, options.records)
        form = struct.Struct(
            "".join(f"{item.length}s" for item in shape.data.items)
            + f"{length - sum(i.size for i in shape.data.items)}x"
        )
        decoding, spread = rate(lambda: decode(codec, raw, length), options.records, options.rounds)  # noqa: B023
        cutting, _ = rate(lambda: split(codec, raw), options.records, options.rounds)  # noqa: B023
        floor, _ = rate(lambda: [None for _ in form.iter_unpack(raw)] and None, options.records, options.rounds)  # noqa: B023
        name = f"{charset} {shift}" if shift != "none" else charset
        results[name] = {
            "decode": round(decoding),
            "spread": round(spread, 3),
            "split": round(cutting),
            "floor": round(floor),
        }
        print(f"{name:16} {length} bytes  decode {decoding:>9,.0f} records/s (±{spread / 2:.0%})  "
              f"split {cutting:>11,.0f}  struct alone {floor:>11,.0f}")  # fmt: skip
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
