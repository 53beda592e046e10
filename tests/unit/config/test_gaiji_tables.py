"""A system's gaiji tables: keyed by system and code, effective-dated, wrong rows told all at once."""

import json
from datetime import date

import pytest
from openpyxl import Workbook
from tests.unit.config.folders import (
    LAYOUT,
    LAYOUT_FILE,
    ROUTE,
    ROUTE_FILE,
    SYSTEM,
    faults_of,
    record,
    seen,
    write,
)  # fmt: skip
from tests.unit.config.test_tables_reader import xlsx

from kakehashi.codec.charset import charset_named
from kakehashi.config.loader import load
from kakehashi.config.single_layout import load_layout
from kakehashi.domain.batch import BatchBody
from kakehashi.errors import ConfigurationError

SYSTEM_FILE = "systems/child/system.toml"
FILE = "systems/child/gaiji.csv"
NAMING = f"{SYSTEM}[[gaiji]]\nfile = 'gaiji.csv'\n"
TABLE = "code,unicode,ivs,valid_from,valid_to,note\nF040,8FBB,E0103,,2026-03-31,\nF040,9AD9,,2026-04-01,,\n"
TSUJI = "辻\U000e0103"


def line(code=b"\xf0\x40"):
    """A record whose name begins with a gaiji."""
    return record(name="田").replace("田".encode("cp932"), code, 1)


def decoded(route, data):
    return route.codec.decode(BatchBody(b"", data), file="a", first_record=1, offset=0)


def test_a_route_reads_by_the_table_of_its_system(tmp_path):
    """Without a day the row that holds longest; with one the row of that day; no table is no character."""
    folder = write(tmp_path, {SYSTEM_FILE: NAMING, FILE: TABLE})
    for day, name in ((None, "髙"), (date(2026, 3, 31), TSUJI), (date(2026, 4, 1), "髙")):
        route = load(folder, as_of=day).routes["child-allowance"]
        found = decoded(route, line())
        assert (found.faults, found.rows[0][-1]) == ([], name)
        assert route.codec.encode(BatchBody(b"", line()), found) == line()
    bare = decoded(load(write(tmp_path, {SYSTEM_FILE: SYSTEM})).routes["child-allowance"], line())
    assert [(fault.code, fault.place.item) for fault in bare.faults] == [("DEC-004", "氏名")]


def test_a_code_of_one_system_is_nothing_in_another(tmp_path):
    """Keyed by (system, code): the tables of a neighbour do not count."""
    other = SYSTEM.replace('"child"', '"other"') + "[[gaiji]]\nfile = 'gaiji.csv'\n"
    changes = {"systems/other/system.toml": other, "systems/other/gaiji.csv": TABLE}
    route = load(write(tmp_path, changes)).routes["child-allowance"]
    assert [fault.code for fault in decoded(route, line()).faults] == ["DEC-004"]


@pytest.mark.parametrize("suffix", ["csv", "json", "xlsx"])
def test_a_table_comes_as_csv_json_or_workbook(tmp_path, suffix):
    """The same rows, the same reading."""
    rows = [{"code": "F040", "unicode": "9AD9", "options": []}]
    content = {"csv": TABLE.encode(), "json": json.dumps(rows).encode(), "xlsx": xlsx(TABLE)}[suffix]
    changes = {SYSTEM_FILE: NAMING.replace(".csv", f".{suffix}"), FILE.replace("csv", suffix): content}
    route = load(write(tmp_path, changes)).routes["child-allowance"]
    assert decoded(route, line()).rows[0][-1] == "髙"


def test_a_changed_table_changes_the_hash_of_the_configuration(tmp_path):
    """A batch finishes on the table that it began with, and its stamp says which."""
    before = load(write(tmp_path, {SYSTEM_FILE: NAMING, FILE: TABLE})).hash
    assert load(write(tmp_path, {FILE: TABLE.replace("9AD9", "FA11")})).hash != before


def test_all_faults_of_a_table_are_told_at_once(tmp_path):
    """Each with file, row and column: two meanings on one day, no hex, no code point, a wrong date, an empty span."""
    rows = ("F041,8FBB,,,2026-04-01", "F041,9AD9,,2026-04-01,", "XYZ,4E00,,,", "F042,,,,", "F043,4E00,E01,x,",
            "F044,4E00,,2026-04-02,2026-04-01", "F045,D800,,,")  # fmt: skip
    table = "code,unicode,ivs,valid_from,valid_to\n" + "\n".join(rows) + "\n"
    faults = faults_of(tmp_path, {SYSTEM_FILE: NAMING, FILE: table})
    wanted = [(3, "code"), (4, "code"), (5, "unicode"), (6, "valid_from"), (7, "valid_to"), (8, "unicode")]
    assert seen(faults) == [("CFG-008", FILE, row, column) for row, column in wanted]


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({SYSTEM_FILE: NAMING}, ("CFG-005", SYSTEM_FILE, None, "gaiji[1].file")),
        ({SYSTEM_FILE: f"{NAMING}charset = 'cp933'\n"}, ("CFG-006", SYSTEM_FILE, None, "gaiji[1].charset")),
        ({SYSTEM_FILE: NAMING + "select = 'hd'\n", FILE: TABLE}, ("CFG-002", SYSTEM_FILE, None, "gaiji[1].select")),
        ({SYSTEM_FILE: NAMING, FILE: "code,unicode,font\nF040,4E00,x\n"}, ("CFG-008", FILE, 1, "font")),
        ({SYSTEM_FILE: NAMING, FILE: "code,unicode\n889F,4E00\n"}, ("CFG-008", FILE, None, None)),
        ({SYSTEM_FILE: NAMING + "charset = 'utf-8'\n", FILE: TABLE}, ("CFG-006", FILE, None, None)),
    ],
)  # fmt: skip
def test_a_wrong_table_refuses_the_configuration(tmp_path, changes, wanted):
    """A file that is not there, a charset or key or column that is unknown, a code without room, no table at all."""
    assert wanted in seen(faults_of(tmp_path, changes))


def test_a_code_that_a_spreadsheet_made_a_number_of_is_refused(tmp_path):
    """81E2 typed into a sheet becomes 8100: it must not become another character's code."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(["code", "unicode"])
    sheet.append([8100.0, "8FBB"])
    sheet["A2"].number_format = "0.00E+00"
    changes = {SYSTEM_FILE: NAMING.replace("csv", "xlsx")}
    book.save(write(tmp_path, changes) / FILE.replace("csv", "xlsx"))
    assert seen(faults_of(tmp_path, changes)) == [("CFG-008", FILE.replace("csv", "xlsx"), 2, "code")]


def test_a_table_for_another_charset_of_the_system_holds_for_that_one_alone(tmp_path):
    """A layout in JEF takes the JEF table, whichever its single bytes are, and not that of CP932."""
    system = NAMING + "[[gaiji]]\nfile = 'jef.csv'\ncharset = 'jef'\n"
    changes = {SYSTEM_FILE: system, FILE: TABLE, "systems/child/jef.csv": "code,unicode\n80A1,9AD9\n"}
    folder = write(tmp_path, changes)
    for charset, code in (("cp932", "F040"), ("sjis", "F040"), ("jef-ascii", "80A1"), ("jef", "80A1")):
        route = ROUTE.replace("[layout]", f"[layout]\ncharset = '{charset}'\nshift = 'implied'").encode()
        (folder / ROUTE_FILE).write_bytes(route)
        layout = load_layout(folder / ROUTE_FILE, settings={})
        assert charset_named(layout.charset, layout.gaiji).wide.read(bytes.fromhex(code)) == "髙"
    assert charset_named("shift_jis-x0208", layout.gaiji) is charset_named("shift_jis-x0208")


def test_decode_by_a_route_takes_charset_and_tables_of_its_system(tmp_path):
    """What the gateway reads, `kakehashi decode --layout route.toml` reads; a wrong table is told there, too."""
    write(tmp_path, {SYSTEM_FILE: NAMING.replace("cp932", "jef"), FILE: "code,unicode\n80A1,9AD9\n"})
    layout = load_layout(tmp_path / ROUTE_FILE, settings={})
    assert (layout.charset, len(layout.gaiji)) == ("jef", 1)
    assert load_layout(tmp_path / ROUTE_FILE, settings={}, charset="keis83").charset == "keis83"
    alone = load_layout(tmp_path / LAYOUT_FILE, settings={"recfm": "line"})
    assert (alone.charset, alone.gaiji) == ("cp932", ())
    (tmp_path / FILE).write_text("code\n")
    with pytest.raises(ConfigurationError):
        load_layout(tmp_path / ROUTE_FILE, settings={})


DEGRADE_FILE = "systems/child/back.csv"


def test_substitutes_for_results_hold_on_their_days(tmp_path):
    """縮退表 of a system: what stands in its results for what its charset lacks; without a day, what holds longest."""
    table = f"from,to,valid_from,valid_to,note\n{TSUJI},辻,,,\n𠮷,吉,2026-04-01,,\n𠮷,ヨシ,,2026-03-31,\n"
    folder = write(tmp_path, {SYSTEM_FILE: f"{SYSTEM}degrade = 'back.csv'\n", DEGRADE_FILE: table})
    for day, yoshi in ((None, "吉"), (date(2026, 4, 1), "吉"), (date(2026, 3, 31), "ヨシ")):
        plan = load(folder, as_of=day).routes["child-allowance"].return_plan
        assert plan.degrade == {TSUJI: "辻", "𠮷": yoshi}


def test_every_wrong_substitute_is_told(tmp_path):
    """More than one character, what the charset lacks too, no substitute, two on one day, a date that is none."""
    rows = ("吉田,吉,", "𠮷,𠮷,", "髙,,", "辻,十,", "辻,辺,", "山,川,4/1")
    table = "\n".join(("from,to,valid_from", *rows, ""))
    faults = faults_of(tmp_path, {SYSTEM_FILE: f"{SYSTEM}degrade = 'back.csv'\n", DEGRADE_FILE: table})
    wanted = [(2, "from"), (3, "to"), (4, "to"), (6, "from"), (7, "valid_from")]
    assert seen(faults) == [("CFG-008", DEGRADE_FILE, row, column) for row, column in wanted]


def test_a_substitute_that_the_server_does_not_take_is_a_fault_of_the_profile(tmp_path):
    """It would never be used: each record would be held for the very character that the row was written for."""
    profile = "profiles/std-2026/degrade.csv"
    write(tmp_path)
    (tmp_path / profile).write_text("from,to,note\n髙,髙,\n靑,敎,\n淸,清,\n", encoding="utf-8")
    faults = faults_of(tmp_path)
    assert [(f.code, f.place.item, f.facts["found"]) for f in faults] == [
        ("CFG-008", "characters.degrade", "U+9AD9"),
        ("CFG-008", "characters.degrade", "U+654E"),
    ]


def test_a_profile_names_a_repertoire_that_can_be_checked(tmp_path):
    """Any other name would silently be taken for this one."""
    path = write(tmp_path) / "profiles/std-2026/profile.toml"
    path.write_text(path.read_text("utf-8").replace('"shift_jis_2004"', '"euc_jis_2004"'), encoding="utf-8")
    assert ("CFG-006", "profiles/std-2026/profile.toml", None, "characters.repertoire") in seen(faults_of(tmp_path))


@pytest.mark.parametrize(("cell", "code"), [("yes", None), ("maybe", "CFG-003")])
def test_a_layout_declares_where_a_text_may_lose_its_end(tmp_path, cell, code):
    """truncate: of X and N alone; anything else than yes or no is a fault."""
    table = LAYOUT.replace("nil,note", "nil,note,truncate").replace("氏名,N,19,62,,,,,", f"氏名,N,19,62,,,,,,{cell}")
    if code:
        assert (code, LAYOUT_FILE, 10, "truncate") in seen(faults_of(tmp_path, {LAYOUT_FILE: table}))
    else:
        items = load(write(tmp_path, {LAYOUT_FILE: table})).routes["child-allowance"].layout.data.items
        assert [item.name for item in items if item.truncate] == ["氏名"]
        number = table.replace("月額,S9,7,31,,,,,", "月額,S9,7,31,,,,,,yes")
        assert ("CFG-003", LAYOUT_FILE, 6, "truncate") in seen(faults_of(tmp_path, {LAYOUT_FILE: number}))
