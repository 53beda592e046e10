"""The benchmarks run: tiny sizes, no figure is judged."""

import importlib
import sys
from pathlib import Path

import pytest

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
