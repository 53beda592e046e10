"""A small, right configuration folder, to be made wrong in one place."""

import shutil
from pathlib import Path

import pytest

from kakehashi.config.loader import load
from kakehashi.errors import ConfigurationError

PROFILES = Path(__file__).parents[3] / "config" / "profiles"

GATEWAY = """\
[gateway]
agency = "9999000000000010"
[broker]
url = "local:broker"
[store]
url = "sqlite:///store.db"
[server]
endpoint = "https://127.0.0.1:8443/exchange"
"""
SYSTEM = """\
name = "child"
title = "児童手当システム"
charset = "cp932"
"""
ROUTE = """\
lane = "child-allowance"
system = "child"
function = "DBM"

[source]
folder = "child/in"

[layout]
recfm = "line"
record_length = 80
separator = "lf"

[mapping]
info_name = "TM99000000000003"

[return]
folder = "child/out"
recfm = "line"
record_length = 30
"""
LAYOUT = """\
record,no,name,type,length,start,repeat,decimals,date,nil,note
data,1,宛名番号,9,15,1,,,,,
data,2,認定日,D,7,16,,,wareki,,
data,3,開始,D,6,23,,,yyyymm,,
data,4,児童数,9,2,29,,,,,
data,5,月額,S9,7,31,,,,,
data,6,児童生年月日,D,7,38,3,,wareki,spaces zeros,OCCURS 3
data,7,支援,9,1,59,,,,,
data,8,区分,X,2,60,,,,,
data,9,氏名,N,19,62,,,,,
"""
MAPPING = """\
target,source,converters,table,absent,note
@person,宛名番号,,,,
@unit,認定日,fiscal_year,,,
@valid_from,認定日,,,,
@non_disclosure,支援,flag_unless(0),,,
C0010,区分,,recipient,1,
C0020,認定日,,,,
C0030,開始,,,,
C0040,,,,3,支給中
C0050,児童数,number,,,
C0060,児童数,number,,,
C0070,月額,,,1,
C0080,児童生年月日,,,1,
C0110,=0,,,,
C0130,氏名,,,1,
"""
RETURN = """\
record,no,name,type,length,start,repeat,decimals,source,converters,note
data,1,宛名番号,9,15,1,,,宛名番号,,
data,2,結果,9,1,16,,,$result,,
data,3,理由,X,8,17,,,$code,,
data,4,認定年月,9,6,25,,,認定日,date_as(yyyymm),
"""
TABLE = """\
source,target,valid_from,valid_to,note
01,1,,,父母
02,2,,2026-09-30,
02,3,2026-10-01,,
"""
FILES = {
    "gateway.toml": GATEWAY,
    "systems/child/system.toml": SYSTEM,
    "routes/child-allowance/route.toml": ROUTE,
    "routes/child-allowance/layout.csv": LAYOUT,
    "routes/child-allowance/mapping.csv": MAPPING,
    "routes/child-allowance/return.csv": RETURN,
    "tables/recipient.csv": TABLE,
}
ROUTE_FILE = "routes/child-allowance/route.toml"
LAYOUT_FILE = "routes/child-allowance/layout.csv"
MAPPING_FILE = "routes/child-allowance/mapping.csv"
RETURN_FILE = "routes/child-allowance/return.csv"


def write(folder, changes=None):
    """The folder with some files replaced, or left out where the change is None."""
    for name, content in {**FILES, **(changes or {})}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is not None:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
    if not (folder / "profiles").exists():
        shutil.copytree(PROFILES / "std-2026", folder / "profiles" / "std-2026")
    return folder


def faults_of(folder, changes=None):
    """Every fault of the folder; it must have some."""
    with pytest.raises(ConfigurationError) as caught:
        load(write(folder, changes))
    return list(caught.value.faults)


def seen(faults):
    """(code, file, line, column or key) of each."""
    return [(fault.code, fault.place.file, fault.place.record, fault.place.item) for fault in faults]


def record(number="42", *, name="山田太郎", kind="01"):
    """One line of the child allowance file."""
    line = f"{number:0>15}" + "5080401" + "202604" + "02" + "0015000" + "5010501" + "5030701" + " " * 7 + "0" + kind
    return line.encode("cp932") + name.encode("cp932").ljust(19) + b"\n"
