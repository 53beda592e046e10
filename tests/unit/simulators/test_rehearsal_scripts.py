"""Scripts of rehearsals: those that are shipped, and what is wrong in others."""

import tomllib

import pytest

from kakehashi.errors import ConfigurationError
from kakehashi.runtime.places import shared
from kakehashi_simulators.rehearsal.report import pack
from kakehashi_simulators.rehearsal.script import read_script
from kakehashi_simulators.rehearsal.toml_text import toml_text

SHIPPED = sorted((shared("config") / "rehearsals").glob("*.toml"))
WRONG = """
title = ""
[[step]]
name = "A"
lane = "tax-levy"
[[step]]
name = "b"
lane = "tax-levy"
files = ["x"]
say = "x"
[[step]]
name = "c"
at = "25:00"
say = "x"
[simulators]
faults = { closd = true }
"""


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_scripts_are_right(path):
    """Each is read without a fault."""
    assert read_script(path).step


def test_all_faults_of_a_script_are_told_at_once(tmp_path):
    """Names, lanes without files, two things at once, times that are none, switches that are none."""
    path = tmp_path / "wrong.toml"
    path.write_text(WRONG, encoding="utf-8")
    with pytest.raises(ConfigurationError) as told:
        read_script(path)
    places = {fault.place.item for fault in told.value.faults}
    assert places >= {"title", "step.0.name", "step.1", "step.2.at", "simulators.faults"}
    assert {fault.code for fault in told.value.faults} == {"RHS-001"}


def test_files_that_a_script_names_are_there_before_it_begins(tmp_path):
    """And a step that wants samples has some."""
    path = tmp_path / "script.toml"
    path.write_text('title = "t"\n[[step]]\nname = "a"\nlane = "l"\nfiles = ["none.DAT"]\n', encoding="utf-8")
    with pytest.raises(ConfigurationError):
        read_script(path)
    path.write_text('title = "t"\n[[step]]\nname = "a"\nlane = "l"\nsamples = true\n', encoding="utf-8")
    with pytest.raises(ConfigurationError):
        read_script(path)


def test_tables_are_written_as_they_were_read():
    """What a site's files hold comes back the same: quotes, lists, tables in tables, tables in lists."""
    text = 'a = "x\\"\\n\\u007f"\nb = [1, 2.5, true]\nd = 2026-11-28\n[t]\n"k.y" = "v"\n[t.u]\n'
    text += "[[t.r]]\nn = 1\n[[t.r]]\nn = 2\n"
    table = tomllib.loads(text)
    assert tomllib.loads(toml_text(table)) == table


def test_the_same_evidence_makes_the_same_archive(tmp_path):
    """Byte for byte: its digest can be told to others."""
    files = {"b.xml": b"<b/>", "a.xml": b"<a/>"}
    assert pack(tmp_path / "1.zip", files) == pack(tmp_path / "2.zip", dict(reversed(files.items())))
