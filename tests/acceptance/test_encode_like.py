"""decode, then encode --like: every accepted file comes back byte for byte, by a layout of any kind."""

import json

import pytest
from tests.acceptance.watching import asked

ROUTE = 'lane = "t"\nsystem = "x"\nfunction = "DBM"\n[layout]\nfile = "layout.csv"\n'
GROUPS = (
    """kind = "fixed"
recfm = "line"
separator = "any"
record_length = 20
selector = { start = 1, length = 1 }
several_groups = true
"""
    + "".join(
        f'[[layout.records]]\nname = "{role}"\nrole = "{role}"\nselector = "{code}"\n'
        for role, code in (("header", 1), ("data", 2), ("trailer", 8), ("end", 9))
    )
    + '[[layout.controls]]\nrecord = "trailer"\nitem = "件数"\n'
)
GROUP_ITEMS = """record,name,type,length
header,区分,9,1
header,団体,9,5
header,余白,X,14
data,区分,9,1
data,番号,9,7
data,額,Z,6
data,FILLER,X,2
data,名,N,4
trailer,区分,9,1
trailer,件数,9,7
trailer,余白,X,12
end,区分,9,1
end,余白,X,19
"""
ITEMS = "name,type,length,nil\n番号,9,7,\n名,N,20,spaces\n額,S9,9,\n"
GROUP_FILE = ("199991" + "." * 14, "20000001000010XX山田", "2000000200002qYYさとう"[:-1], "80000002" + " " * 12,
              "199992" + " " * 14, "20000003000030ZZ鈴木", "80000001" + "0" * 12, "9" + "-" * 19)  # fmt: skip
XML = '<?xml version="1.0" encoding="Shift_JIS"?>\n'
XML += '<連携><人 版="1"><番号>0000001</番号><!-- x --> <名>髙山</名></人></連携>\n'
FILES = {
    "groups, CR": (GROUPS, GROUP_ITEMS, "\r".join(GROUP_FILE) + "\r\x1a"),
    "groups, nothing": (GROUPS, GROUP_ITEMS, "".join(GROUP_FILE)),
    "CSV with quotes here and there": (
        "kind = \"delimited\"\nquote = '\"'\n", ITEMS,
        '"0000001","山　田","-12"\r\n0000002,,+0005\r\n"3","",7\r\n\x1a'),
    "XML of two documents": (
        'kind = "xml"\nroot_element = "連携"\nrecord_element = "人"\n', ITEMS, XML + XML.replace("0000001", "0000002")),
}  # fmt: skip


@pytest.fixture(params=FILES)
def site(request, tmp_path):
    route, items, text = FILES[request.param]
    (tmp_path / "route.toml").write_text(ROUTE + route, encoding="utf-8")
    (tmp_path / "layout.csv").write_text(items, encoding="utf-8")
    (tmp_path / "a.dat").write_bytes(text.encode("cp932"))
    return tmp_path


def read(site, file="a.dat"):
    found = asked("decode", "--layout", site / "route.toml", site / file)
    assert (found.exit_code, found.stderr) == (0, "")
    return [json.loads(line) for line in found.stdout.splitlines()]


def write(site, lines):
    (site / "a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    options = ("--layout", site / "route.toml", "--like", site / "a.dat", "--json")
    return asked("encode", *options, "--out", site / "b.dat", site / "a.jsonl")


def test_a_file_comes_back_byte_for_byte(site):
    """Headers, trailers, quotes, signs, comments, line ends, what is behind the end."""
    found = write(site, read(site))
    assert (found.exit_code, found.output) == (0, "")
    assert (site / "b.dat").read_bytes() == (site / "a.dat").read_bytes()


def test_one_value_is_changed_and_no_other_record(site):
    """The lines need not say what stays; of fixed places nothing but the item changes."""
    lines = read(site)
    assert write(site, [{"名": "川田"}, *({} for _ in lines[1:])]).exit_code == 0
    assert read(site, "b.dat") == [lines[0] | {"名": "川田"}, *lines[1:]]
    one, other = (site / "a.dat").read_bytes(), (site / "b.dat").read_bytes()
    assert other.endswith(one[one.index(lines[1]["番号"].encode()) :])
    if "区分" in lines[0]:
        assert other == one.replace("山田".encode("cp932"), "川田".encode("cp932"), 1)


def test_what_does_not_fit_is_told_and_stays(site):
    """A value that is too long, a name that is none, a line too many or too few: exit 1, each with its number."""
    lines = read(site)
    wrong = [{"名": "川" * 400}, *({"何": 1} for _ in lines[1:])]
    found = write(site, wrong)
    told = [json.loads(line) for line in found.stdout.splitlines()]
    assert found.exit_code == 1
    assert sorted((fault["code"], fault["record"]) for fault in told) == [
        ("DEC-018", number) for number in range(1, len(lines) + 1)
    ]
    assert (site / "b.dat").read_bytes() == (site / "a.dat").read_bytes()
    for given in (lines[1:], [*lines, {}]):
        assert write(site, given).exit_code == 1
