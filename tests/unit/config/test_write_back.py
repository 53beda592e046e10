"""What [write_back] of a LINK route may say, and in which modes it counts."""

import shutil

import pytest

from kakehashi.config.loader import load
from kakehashi.errors import ConfigurationError
from kakehashi.runtime.places import shared

ROUTE = "routes/registry-residents/route.toml"
TABLE = "routes/registry-residents/numbers.csv"


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(shared("config"), tmp_path / "config")
    return tmp_path / "config"


def changed(folder, file, old, new):
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")


def faults(folder):
    with pytest.raises(ConfigurationError) as caught:
        load(folder)
    return [(fault.code, fault.place.file, fault.place.item) for fault in caught.value.faults]


@pytest.mark.parametrize(("mode", "told"), [("pass-through", False), ("link-only", True), ("full", True)])
def test_it_counts_where_we_issue_the_numbers(folder, mode, told):
    """In pass-through mode the table may stand there; nothing goes back."""
    with (folder / "gateway.toml").open("a", encoding="utf-8") as file:
        file.write(f'[links]\nmode = "{mode}"\n')
    route = (configuration := load(folder)).routes["registry-residents"]
    assert (route.link.returns, route.number_plan is not None) == (("registry", True) if told else ("", False))
    assert (configuration.number_folder(route) is not None) is told


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        (ROUTE, '"NUMBERS{serial}.DAT"', '"NUMBERS.DAT"', ("CFG-003", ROUTE, "write_back.pattern")),
        (ROUTE, '"NUMBERS{serial}.DAT"', '"{stem}{serial}"', ("CFG-003", ROUTE, "write_back.pattern")),
        (ROUTE, "numbers.csv", "nothing.csv", ("CFG-005", ROUTE, "write_back.file")),
        (TABLE, "$unified", "$accepted", ("CFG-006", TABLE, "source")),
        (TABLE, "$unified", "統合宛名番号", ("CFG-006", TABLE, "source")),
        (TABLE, "9,15,17", "9,14,17", ("CFG-011", TABLE, "source")),
    ],
)
def test_what_is_wrong_is_told_in_every_mode(folder, file, old, new, fault):
    """Also in the one where nothing goes back: a change of the mode brings no new faults."""
    changed(folder, file, old, new)
    assert fault in faults(folder)


def test_only_one_link_route_tells_a_system(folder):
    """Another route of the same system, or of another kind, is a fault; so is the folder of a source."""
    text = (folder / ROUTE).read_text(encoding="utf-8")
    table = text[text.index("[write_back]") :]
    for name in ("registry-persons", "registry-household"):
        with (folder / f"routes/{name}/route.toml").open("a", encoding="utf-8") as file:
            file.write("\n" + table)
        shutil.copy(folder / TABLE, folder / f"routes/{name}/numbers.csv")
    changed(folder, "routes/registry-persons/route.toml", '"registry-residents/out"', '"registry-residents/in"')
    found = faults(folder)
    assert ("CFG-003", "routes/registry-household/route.toml", "write_back") in found
    assert ("CFG-014", "routes/registry-residents/route.toml", "write_back") in found
    assert ("CFG-014", "routes/registry-persons/route.toml", "write_back.folder") in found
