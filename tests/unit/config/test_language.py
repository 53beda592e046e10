"""Which language commands speak, and the demo's table with them."""

import io

import pytest
from rich.console import Console

from kakehashi.cli.output import language
from kakehashi_simulators.demo.table import lane_table

VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")


@pytest.mark.parametrize(
    ("said", "spoken"),
    [
        ({}, "en"),
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "ja_JP.UTF-8", "LC_MESSAGES": "C"}, "en"),
        ({"LANG": "C", "LC_MESSAGES": "ja_JP"}, "ja"),
        ({"LANG": "ja_JP.UTF-8", "LC_MESSAGES": "ja_JP", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "C", "LC_ALL": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": ""}, "ja"),
    ],
)
def test_the_environment_is_asked_in_the_order_of_posix(monkeypatch, said, spoken):
    """LC_ALL, then LC_MESSAGES, then LANG; an empty one says nothing; the option goes before all."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    assert language(None) == spoken
    assert [language("ja"), language("en")] == ["ja", "en"]


@pytest.mark.parametrize(
    ("lang", "words"),
    [("ja", ["レーン", "受付", "送信", "受理", "却下", "待機", "合計"]), ("en", ["lane", "received", "total"])],
)
def test_the_demos_table_speaks_it_too(monkeypatch, lang, words):
    """Headings and the last row, chosen by the environment as for every command."""
    monkeypatch.setenv("LC_ALL", "ja_JP.UTF-8" if lang == "ja" else "C")
    console = Console(file=io.StringIO(), width=160)
    console.print(lane_table({"tax-levy": "住民税"}, []))
    printed = console.file.getvalue()
    assert all(word in printed for word in words)
    assert ("received" in printed) == (lang == "en")
