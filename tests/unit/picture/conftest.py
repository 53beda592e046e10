"""A layout with a private item, a file of it, and a copybook; what decode and diff say of them."""

import json

import pytest
from click.testing import CliRunner

from kakehashi.cli.main import main
from kakehashi.domain.identifiers import has_individual_check_digit

LAYOUT = """record,no,name,type,length,start,decimals,date,sensitive
data,1,番号,9,5,1,,,
data,2,氏名,N,10,6,,,yes
data,3,生年月日,D,7,16,,wareki,
data,4,金額,P,3,23,,,
data,5,区分,X,1,26,,,
data,6,備考,N,8,27,,,
"""
COPYBOOK = """
       01 R.
          05 N PIC 9.
          05 SHIMEI PIC N(4).
          05 FILLER PIC X(3).
          05 KINGAKU PIC S9(5) COMP-3.
          05 T OCCURS 0 TO 3 TIMES DEPENDING ON N.
             10 V PIC XX.
             10 W REDEFINES V PIC 99.
"""


def record(number="00042", *, name="山田花子　", amount=b"\x12\x34\x5d", kind="A", note="備考あり"):
    """The bytes of a record of LAYOUT."""
    text = number.encode() + name.encode("cp932") + b"4300615" + amount + kind.encode()
    return text + (note if isinstance(note, bytes) else note.encode("cp932"))


def copybook_record(count=2, *, name="山田太郎", table="ab12"):
    return str(count).encode() + name.encode("cp932") + b"abc\x00\x12\x3c" + table.encode()


def number_like():
    """Twelve digits with the check digit of an individual number, made when the tests run."""
    return next(f"98765432109{last}" for last in range(10) if has_individual_check_digit(f"98765432109{last}"))


class Site:
    """A folder with the layout and the copybook; `call` is a command on files in it."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "layout.csv").write_text(LAYOUT, encoding="utf-8")
        (folder / "record.cpy").write_text(COPYBOOK, encoding="utf-8")

    def file(self, name, data):
        (self.folder / name).write_bytes(data)
        return self.folder / name

    def call(self, *arguments, layout="layout.csv"):
        command, *rest = map(str, arguments)
        options = ["--occurs-depends", "shifted"] if layout.endswith("cpy") else []
        return CliRunner().invoke(main, [command, "--layout", str(self.folder / layout), *options, *rest])

    def objects(self, *arguments, layout="layout.csv", code=0):
        result = self.call(*arguments, "--json", layout=layout)
        assert result.exit_code == code, result.output
        return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)
