"""How much memory a big file takes: decoded by a layout and a copybook, read by the library, and cut as intake does.

    python benchmarks/codec_memory.py [--mebibytes N N ...] [--results FOLDER]

Every run is a process of its own; a small file and a big one must take the same.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from codec_shapes import copybook, copybook_data, layout, layout_data
from measure import RESULTS, observed, table, write_json

SPLIT = """
import sys
from kakehashi.codec.compile import compile_codec
from kakehashi.config.single_layout import load_layout
from pathlib import Path
codec = compile_codec(load_layout(Path(sys.argv[1]), charset="cp932", settings={"kind": "fixed"}))
with open(sys.argv[2], "rb") as stream:
    assert not codec.split(stream, batch_records=200, file="big").faults
"""
READ = """
import sys
from pathlib import Path
from kakehashi.codec.copybook.file import read_file
from kakehashi.codec.copybook.options import Options
from kakehashi.codec.copybook.parser import parse_copybook
from kakehashi.codec.copybook.record import CopybookCodec
from kakehashi.codec.records import RecordSpec
codec = CopybookCodec(parse_copybook(Path(sys.argv[1]).read_text(encoding="ascii")), Options(encoding="cp930"))
with open(sys.argv[2], "rb") as stream:
    assert not any(found.decoded.faults for found in read_file(stream, codec, RecordSpec(), file="big"))
"""
RECORDS = 2_000


def write_repeated(path: Path, block: bytes, size: int) -> None:
    with path.open("wb") as file:
        for _ in range(max(size // len(block), 1)):
            file.write(block)


def write_layout(path: Path) -> None:
    shape = layout("cp932", "none")
    lines = ["record,no,name,type,length,start,decimals,date,nil"]
    for number, item in enumerate(shape.data.items, start=1):
        nil = " ".join(sorted(item.nil))
        date = item.date if item.nil else ""
        lines.append(
            f"data,{number},{item.name},{item.type.value},{item.length},{item.start + 1},{item.decimals},{date},{nil}"
        )
    used = sum(item.size for item in shape.data.items)
    lines.append(f"data,{len(lines)},予備,X,{shape.data.length - used},{used + 1},,,")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def peak(command: list[str]) -> tuple[float, float]:
    """(peak memory in MiB, seconds) of a process that must end well."""
    ended = observed(command, stdout=subprocess.DEVNULL)
    if ended.code:
        raise subprocess.CalledProcessError(ended.code, command)
    return ended.peak_mebibytes, ended.seconds


def main(arguments: list[str] | None = None) -> dict[str, object]:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mebibytes", type=int, nargs="+", default=[20, 2048])
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    rows, result = [], {}
    with TemporaryDirectory() as folder:
        here = Path(folder)
        book, shape, data = here / "book.cpy", here / "layout.csv", here / "big.dat"
        book.write_text(copybook("japanese"), encoding="ascii")
        write_layout(shape)
        kakehashi = [str(Path(sys.executable).with_name("kakehashi")), "decode"]
        host = copybook_data("japanese", "cp930", RECORDS)
        runs = {
            "decode by layout, CP932": (
                layout_data(layout("cp932", "none"), RECORDS),
                [*kakehashi, "--layout", str(shape)],
            ),
            "decode by copybook, CP930": (host, [*kakehashi, "--layout", str(book), "--encoding", "cp930"]),
            "read by copybook, CP930": (host, [sys.executable, "-c", READ, str(book)]),
            "split as intake does": (
                layout_data(layout("cp932", "none"), RECORDS),
                [sys.executable, "-c", SPLIT, str(shape)],
            ),
        }
        for name, (block, command) in runs.items():
            for size in options.mebibytes:
                write_repeated(data, block, size << 20)
                memory, seconds = peak([*command, str(data)])
                rows.append([name, f"{size:,}", f"{memory:.0f}", f"{seconds:.0f}"])
                result[f"{name}, {size} MiB"] = {"peak_mebibytes": round(memory), "seconds": round(seconds, 1)}
    print(table(["", "MiB of file", "peak MiB", "seconds"], rows))
    write_json("codec_memory", result, folder=options.results)
    return result


if __name__ == "__main__":
    main()
