"""A system's gaiji tables: keyed by system and code, effective-dated, wrong rows told all at once."""

import json
from datetime import date

import pytest
from openpyxl import Workbook
from tests.unit.config.folders import (
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
