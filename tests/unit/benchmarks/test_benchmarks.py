"""The benchmarks run: tiny sizes, no figure is judged."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from kakehashi.codec.compile import compile_codec
from kakehashi.domain.batch import BatchBody

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


@pytest.fixture
def benchmark_folder(monkeypatch):
    """The scripts import each other by name, as `python benchmarks/….py` lets them."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if (BENCHMARKS / f"{name}.py").exists():
            del sys.modules[name]


def test_translation_gives_the_bytes_of_the_straight_line(benchmark_folder, tmp_path, capsys):
    """Gateway and hand-written code make the same documents of the same file, and every step has its figures."""
    result = importlib.import_module("translate").main(
        ["--records", "400", "--rounds", "1", "--results", str(tmp_path)]
    )
    assert {"decode", "map", "number search", "parse", "XSD", "rules", "gateway, all"} <= set(
        result["records_per_second"]
    )
    assert (tmp_path / "translate.json").exists()
    assert "gateway against straight line" in capsys.readouterr().out


def test_the_whole_path_settles_every_record(benchmark_folder, tmp_path, capsys):
    """A site with the embedded queue takes a file, and the server accepts every record of it once."""
    arguments = ["--records", "300", "--small", "0", "--rounds", "1", "--broker", "local", "--results", str(tmp_path)]
    result = importlib.import_module("end_to_end").main(arguments)
    (run,) = result["gateway"]
    assert run["records"] == 300
    assert set(run["peak_mebibytes"]) == {"intake", "worker", "simulator"}
    assert (tmp_path / "end_to_end-local-sqlite.json").exists()


def test_every_case_of_the_codec_is_measured_with_its_floor(benchmark_folder, tmp_path, capsys):
    """Layouts and copybooks, Japanese and packed: every case has its floor; a naive reader takes part."""
    path = tmp_path / "codec.json"
    result = importlib.import_module("codec").main(["--records", "400", "--rounds", "1", "--json", str(path)])
    assert {"CP932", "JEF embedded", "packed, CP930", "copybook CP930", "copybook packed"} <= result.keys()
    assert all({"ours", "floor"} <= rates.keys() for rates in result.values())
    assert "naive" in result["CP932"]
    assert path.exists()
    assert "CP939 implied" in capsys.readouterr().out


def test_the_naive_reader_gives_the_values_that_ours_gives(benchmark_folder):
    """Else the comparison would be one of different work."""
    shapes, naive = importlib.import_module("codec_shapes"), importlib.import_module("naive_codec")
    for charset, shift in (("cp932", "none"), ("cp930", "embedded"), ("jef", "implied")):
        shape = shapes.layout(charset, shift)
        raw = shapes.layout_data(shape, 20)
        decoded = compile_codec(shape).decode(BatchBody(b"", raw), file="f", first_record=1, offset=0)
        assert [tuple(row.values()) for row in naive.naive_reader(shape)(raw)] == decoded.rows


def test_the_memory_of_a_file_is_measured_in_a_process_of_its_own(benchmark_folder, tmp_path, capsys):
    """Decoding by layout and by copybook, and cutting into batches, end well."""
    result = importlib.import_module("codec_memory").main(["--mebibytes", "1", "--results", str(tmp_path)])
    assert len(result) == 4
    assert all(run["peak_mebibytes"] > 0 for run in result.values())
    assert (tmp_path / "codec_memory.json").exists()


def test_the_peak_memory_of_a_process_is_its_own(benchmark_folder):
    """What the benchmark holds is no part of it, though the kernel counts it for a process that it starts."""
    held = bytearray(b"x" * (128 << 20))
    ended = importlib.import_module("measure").observed(
        [sys.executable, "-c", "import sys; sys.exit(3)"], stdout=subprocess.DEVNULL
    )
    assert ended.code == 3
    assert 1 < ended.peak_mebibytes < len(held) >> 21


def test_a_reconciliation_finds_what_was_planted(benchmark_folder, tmp_path, capsys):
    """Differences of every kind in a small register, by the command itself: these and no others, or it fails."""
    arguments = ["--keys", "200", "--small", "0", "--planted", "12", "--results", str(tmp_path)]
    (run,) = importlib.import_module("reconcile").main(arguments)["runs"]
    assert run["found"] == 12
    assert (tmp_path / "reconcile.json").exists()


def test_record_matching_links_nobody_wrongly(benchmark_folder, tmp_path, capsys):
    """Five extracts of labelled persons are matched in a process of their own, and every link is checked."""
    arguments = ["--persons", "120", "--results", str(tmp_path)]
    (run,) = importlib.import_module("matching").main(arguments)["runs"]
    assert (run["records"], run["wrong links"]) == (600, 0)
    assert run["linked"] > 0.8
    assert (tmp_path / "matching.json").exists()
    assert "h for the city" in capsys.readouterr().out


def test_every_question_of_the_server_is_answered_in_the_benchmark(benchmark_folder, tmp_path, capsys):
    """A gateway of its own process is asked by another; an answer that is not one would end it."""
    arguments = ["--persons", "20", "--rate", "20", "--seconds", "1", "--results", str(tmp_path)]
    result = importlib.import_module("address_answers").main(arguments)
    assert (result["questions"], set(result["seconds"])) == (20, {"median", "p99", "most"})
    assert (tmp_path / "address_answers.json").exists()
