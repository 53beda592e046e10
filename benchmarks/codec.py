"""How fast records are decoded to typed values, every check included, on one core.

    python benchmarks/codec.py [--records N] [--rounds N] [--json FILE]

By layouts and by copybooks: 30 items in 300 bytes, half of them Japanese text, and records of packed numbers. In the
same run, by turns: struct.iter_unpack alone, which reads no value (the floor of this machine); a naive reader; the
readers of copybooks on PyPI that are installed (`pip install --group peers`).
"""

from __future__ import annotations

import argparse
import io
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from codec_shapes import MIXED, copybook, copybook_data, layout, layout_data, mixed_data, mixed_options
from copybook_peers import peers
from measure import Spread, interleaved, machine, table
from naive_codec import naive_reader

from kakehashi.codec.compile import compile_codec
from kakehashi.codec.copybook.file import read_file
from kakehashi.codec.copybook.options import Options
from kakehashi.codec.copybook.parser import parse_copybook
from kakehashi.codec.copybook.record import CopybookCodec
from kakehashi.codec.layout import Layout
from kakehashi.codec.records import RecordSpec
from kakehashi.domain.batch import BatchBody

BATCH = 500
"""Records that a message carries by default: layouts are read in pieces of this size."""
LAYOUTS = {
    "CP932": layout("cp932", "none"),
    "EUC-JP": layout("euc-jp", "none"),
    **{
        f"{name.upper()} {shift}": layout(name, shift)
        for name in ("cp930", "cp939", "cp1390", "cp1399", "jef", "keis83", "jips-j")
        for shift in ("implied", "embedded")
    },
    "packed, CP932": layout("cp932", "none", packed=True),
    "packed, CP930": layout("cp930", "implied", packed=True),
}
COPYBOOKS = {
    "copybook CP932": ("japanese", "cp932"),
    "copybook CP930": ("japanese", "cp930"),
    "copybook JEF": ("japanese", "jef"),
    "copybook packed": ("packed", "cp930"),
    "copybook single bytes": ("latin", "cp037"),
    "copybook packed, single bytes": ("packed", "cp037"),
}

Runs = dict[str, Callable[[], object]]


@dataclass(frozen=True, slots=True)
class Case:
    """What reads the same records by turns: `ours`, `floor`, `naive` or peers. The others may read fewer (`share`)."""

    bytes_: int
    runs: Runs
    share: int = 1


def by_layout(shape: Layout, records: int) -> Case:
    codec, naive = compile_codec(shape), naive_reader(shape)
    length = shape.data.length
    raw = layout_data(shape, records)
    cells = struct.Struct(
        "".join(f"{item.length}s" for item in shape.data.items) + f"{length - sum(i.size for i in shape.data.items)}x"
    )
    some = raw[: len(raw) // 5]

    def ours() -> None:
        for at in range(0, len(raw), BATCH * length):
            body = BatchBody(b"", raw[at : at + BATCH * length])
            decoded = codec.decode(body, file="benchmark", first_record=1 + at // length, offset=at)
            assert not decoded.faults

    def split() -> None:
        assert not codec.split(io.BytesIO(raw), batch_records=BATCH, file="benchmark").faults

    runs: Runs = {"ours": ours, "split": split, "floor": lambda: sum(1 for _ in cells.iter_unpack(raw))}
    return Case(length, runs | {"naive": lambda: naive(some)}, share=5)


def by_copybook(kind: str, encoding: str, records: int) -> Case:
    text = copybook(kind)
    book = parse_copybook(text)
    codec = CopybookCodec(book, Options(encoding=encoding))
    raw = copybook_data(kind, encoding, records)
    length = codec.most
    some = range(0, len(raw) // 5, length)

    def ours() -> None:
        for found in read_file(io.BytesIO(raw), codec, RecordSpec(), file="benchmark"):
            assert not found.decoded.faults

    def read(one: Callable[[bytes], object]) -> Callable[[], object]:
        def run() -> None:
            for at in some:
                one(raw[at : at + length])

        return run

    sample = [(record, codec.read(record).values or {}) for record in (raw[at : at + length] for at in some[:50])]
    others = peers(text, sample) if encoding == "cp037" else {}
    cells = struct.Struct("".join(f"{field.length}s" for field in book.records[0].children))
    runs: Runs = {"ours": ours, "floor": lambda: sum(1 for _ in cells.iter_unpack(raw))}
    return Case(length, runs | {name: read(one) for name, one in others.items()}, share=5)


def by_mixed_copybook(kind: str, records: int) -> Case:
    """Against the same reader without columns: each record by itself."""
    codec, slow = (CopybookCodec(parse_copybook(MIXED[kind]), mixed_options(kind)) for _ in range(2))
    slow.at_once = 1
    raw, some = mixed_data(kind, records), mixed_data(kind, records // 5)
    spec = RecordSpec()

    def reads(one: CopybookCodec, data: bytes) -> Callable[[], object]:
        return lambda: sum(not found.decoded.faults for found in read_file(io.BytesIO(data), one, spec, file="b"))

    floor = struct.Struct("300s")
    whole = len(raw) // 300 * 300
    runs: Runs = {
        "ours": reads(codec, raw),
        "floor": lambda: sum(1 for _ in floor.iter_unpack(raw[:whole])),
        "record by record": reads(slow, some),
    }
    return Case(len(raw) // records, runs, share=5)


def measured(case: Case, records: int, rounds: int) -> dict[str, Spread]:
    """Records per second of processor time."""
    seconds = interleaved(case.runs, rounds=rounds)
    few = records // case.share
    whole = {"ours", "split", "floor"}
    return {
        name: Spread.of([(records if name in whole else few) / each for each in found])
        for name, found in seconds.items()
    }


def row(name: str, length: int, rates: dict[str, Spread]) -> list[str]:
    ours, floor = rates["ours"], rates["floor"].median
    others = {
        other: ours.median / rate.median for other, rate in rates.items() if other not in {"ours", "split", "floor"}
    }
    return [
        *(name, str(length), f"{ours.median:,.0f}", f"{ours.least:,.0f} – {ours.most:,.0f}"),
        *(f"{ours.median / floor:.3f}", ", ".join(f"{other} {ratio:.1f}" for other, ratio in others.items())),
    ]


def main(arguments: list[str] | None = None) -> dict[str, object]:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", default="", help="Cases whose name begins with this.")
    options = parser.parse_args(arguments)
    cases: dict[str, Callable[[], Case]] = {
        **{name: lambda shape=shape: by_layout(shape, options.records) for name, shape in LAYOUTS.items()},
        **{name: lambda of=of: by_copybook(*of, options.records) for name, of in COPYBOOKS.items()},
        "copybook, REDEFINES": lambda: by_mixed_copybook("segments", options.records),
        "copybook, DEPENDING ON": lambda: by_mixed_copybook("depending", options.records),
    }
    rows, floors, result = [], [], {}
    for name, made in cases.items():
        if name.startswith(options.only):
            case = made()
            rates = measured(case, options.records, options.rounds)
            floors.append(rates["floor"].most)
            rows.append(row(name, case.bytes_, rates))
            result[name] = {run: {"least": round(r.least), "median": round(r.median), "most": round(r.most)}
                            for run, r in rates.items()}  # fmt: skip
    print(f"struct.iter_unpack alone: {max(floors):,.0f} records/s at best")
    print(table(["decode", "bytes", "records/s", "least – most", "of struct alone", "times faster than"], rows))
    if options.json:
        options.json.write_text(json.dumps({"machine": machine(), "records_per_second": result}, indent=2) + "\n")
    return result


if __name__ == "__main__":
    main()
