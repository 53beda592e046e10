"""A table is the same in .csv and in .xlsx."""

import csv
import io

import pytest
from openpyxl import Workbook
from tests.unit.config.folders import (
    FILES,
    LAYOUT_FILE,
    MAPPING_FILE,
    RETURN_FILE,
    ROUTE,
    ROUTE_FILE,
    record,
    write,
)  # fmt: skip

from kakehashi.config.loader import load
from kakehashi.config.reading import Reading
from kakehashi.config.tables_reader import Columns, read_table

COLUMNS = Columns(("code", "name"), ("note",))


def xlsx(text, *, numbers=False):
    """The CSV text as a workbook; literals that begin with = are typed as text."""
    book = Workbook()
    sheet = book.worksheets[0]
    for line, cells in enumerate(csv.reader(io.StringIO(text)), start=1):
        for column, cell in enumerate(cells, start=1):
            made = sheet.cell(line, column)
            made.value = int(cell) if numbers and cell.isdigit() and str(int(cell)) == cell else cell or None
            if cell.startswith("="):
                made.data_type = "s"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def read(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    reading = Reading(tmp_path)
    table = read_table(reading, name, COLUMNS)
    rows = [(row.line, row["code"], row["name"], row["note"]) for row in table.rows] if table else None
    return rows, [(fault.code, fault.place.record, fault.place.item) for fault in reading.faults]


def test_a_route_in_xlsx_is_the_route_in_csv(tmp_path):
    """Layout, mapping, return table and code table from a workbook translate a file to the same bytes."""
    route = ROUTE.replace("[layout]", "[layout]\nfile = 'layout.xlsx'").replace(
        "[mapping]", "[mapping]\nfile = 'm.xlsx'"
    )
    route = route.replace("[return]", "[return]\nfile = 'return.XLSX'")
    changes = {
        ROUTE_FILE: route,
        LAYOUT_FILE: None,
        LAYOUT_FILE.replace(".csv", ".xlsx"): xlsx(FILES[LAYOUT_FILE], numbers=True),
        MAPPING_FILE: None,
        MAPPING_FILE.replace("mapping.csv", "m.xlsx"): xlsx(FILES[MAPPING_FILE]),
        RETURN_FILE: None,
        RETURN_FILE.replace("return.csv", "return.XLSX"): xlsx(FILES[RETURN_FILE], numbers=True),
        "tables/recipient.csv": None,
        "tables/recipient.xlsx": xlsx(FILES["tables/recipient.csv"]),
    }
    plain = load(write(tmp_path / "csv")).routes["child-allowance"]
    books = load(write(tmp_path / "xlsx", changes)).routes["child-allowance"]
    assert books.layout == plain.layout
    assert books.mapper.lineage == plain.mapper.lineage
    assert books.return_plan.layout == plain.return_plan.layout
    from kakehashi.domain.batch import BatchBody

    rows = plain.codec.decode(BatchBody(b"", record()), file="a", first_record=1, offset=0).rows
    assert books.mapper.map(rows, numbers=[1]) == plain.mapper.map(rows, numbers=[1])


@pytest.mark.parametrize("prefix", [b"", b"\xef\xbb\xbf"])
def test_csv_may_begin_with_a_byte_order_mark(tmp_path, prefix):
    """What Excel saves as "CSV UTF-8" is read like any other."""
    assert read(tmp_path, "a.csv", prefix + "code,name\r\n01,一\r\n".encode()) == ([(2, "01", "一", "")], [])


def test_lines_are_counted_as_editors_count_them(tmp_path):
    """Blank lines and cells with line ends do not move the numbers of the rows behind them."""
    text = 'name,code\n,\n"一\n二",01\n三,02\n'
    assert read(tmp_path, "a.csv", text.encode()) == ([(3, "01", "一\n二", ""), (5, "02", "三", "")], [])


def test_numbers_of_a_workbook_are_read_as_they_are_shown(tmp_path):
    """2.0 is 2, a format of zeros keeps the zeros, a date is yyyy-mm-dd."""
    import datetime as dt

    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(["code", "name", "note", None])
    sheet.append([7, 2.0, dt.date(2026, 10, 1)])
    sheet["A2"].number_format = "000"
    sheet.append([None, None, None])
    sheet.append([True, 0.5, None])
    out = io.BytesIO()
    book.save(out)
    assert read(tmp_path, "a.xlsx", out.getvalue()) == ([(2, "007", "2", "2026-10-01"), (4, "yes", "0.5", "")], [])


@pytest.mark.parametrize("content", [b"", b"no workbook", b"PK\x03\x04broken"])
def test_a_broken_workbook_is_one_fault(tmp_path, content):
    """What is no workbook is told as that."""
    assert read(tmp_path, "a.xlsx", content) == (None, [("CFG-008", None, None)])


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("code\n", [("CFG-008", 1, "name")]),
        ("code,name,nam\n", [("CFG-008", 1, "nam")]),
        ("code,name,name\n", [("CFG-008", 1, "name")]),
        ("Code,name\n", [("CFG-008", 1, "Code"), ("CFG-008", 1, "code")]),
        ('code,name\n"1,2\n', [("CFG-008", 2, None)]),
    ],
)
def test_a_wrong_header_is_told_by_column(tmp_path, text, faults):
    """Unknown, repeated and missing columns, and quotes that do not close."""
    assert read(tmp_path, "a.csv", text.encode()) == (None, faults)
