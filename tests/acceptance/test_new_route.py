"""A message that Kakehashi has never seen is connected by one folder under config/routes/ and no program.

The child allowance system 「児童手当」 writes a fixed-length file with header, trailer and packed figures. The
files below are all that an engineer writes; the running gateway takes them over on SIGHUP.
"""

import json
import signal
import time

import pytest
from tests.acceptance.watching import eventually, kakehashi, links_settled, logged, put

from kakehashi_simulators.demo.run import started
from kakehashi_simulators.legacy.packing import kana932, packed, wide932
from kakehashi_simulators.legacy.town import Town

pytestmark = pytest.mark.xdist_group("new-route")
SEED = 20261130
LANE = "child-allowance"

FILES = {
    "route.toml": """
lane = "child-allowance"
system = "welfare"
function = "DBM"
title = "児童手当(福祉→中間サーバー)"

[source]
folder = "child-allowance/in"
pattern = "TEATE*.DAT"

[layout]
file = "layout.csv"
kind = "fixed"
recfm = "F"
record_length = 160
selector = { start = 1, length = 1 }

[[layout.records]]
name = "header"
role = "header"
selector = "1"

[[layout.records]]
name = "data"
role = "data"
selector = "2"

[[layout.records]]
name = "trailer"
role = "trailer"
selector = "8"

[[layout.controls]]
record = "trailer"
item = "件数"

[[layout.controls]]
record = "trailer"
item = "支給月額合計"
sum_of = "支給月額"

[mapping]
file = "mapping.csv"
info_name = "TM99000000000003"
version = "1"

[return]
file = "return.csv"
folder = "child-allowance/out"
pattern = "{stem}.RES"
kind = "fixed"
recfm = "line"
record_length = 40
""",
    "layout.csv": """record,no,name,type,length,start,repeat,decimals,date,nil,required,note
header,1,レコード区分,9,1,1,,,,,,1
header,2,作成年月日,D,8,2,,,yyyymmdd,,,
header,3,予備,X,151,10,,,,,,
data,1,レコード区分,9,1,1,,,,,,2
data,2,宛名番号,9,15,2,,,,,,
data,3,年度,9,4,17,,,,,,
data,4,有効開始日,D,8,21,,,yyyymmdd,,,
data,5,受給者区分,X,1,29,,,,spaces,,データ標準と同じ1〜4
data,6,認定年月日,D,7,30,,,wareki,,,
data,7,支給開始年月,D,5,37,,,wareki5,,,
data,8,支給終了年月,D,5,42,,,wareki5,zeros,,
data,9,支給対象児童数,9,2,47,,,,,,
data,10,支給月額,P,4,49,,,,,,円
data,11,児童生年月日,D,7,53,3,,wareki,zeros,,3人まで
data,12,差止区分,9,1,74,,,,,,
data,13,氏名,N,40,75,,,,,,
data,14,カナ氏名,X,40,115,,,,,,
data,15,支援措置区分,9,1,155,,,,spaces,,
data,16,予備,X,5,156,,,,,,
trailer,1,レコード区分,9,1,1,,,,,,8
trailer,2,件数,9,8,2,,,,,,
trailer,3,支給月額合計,P,6,10,,,,,,
trailer,4,予備,X,145,16,,,,,,
""",
    "mapping.csv": """target,source,converters,table,absent,note
@person,宛名番号,,,,
@unit,年度,,,,
@valid_from,有効開始日,,,,
@non_disclosure,支援措置区分,default(1) | flag_unless(0),,,「なし」と明記されたときだけ開示
C0010,受給者区分,,,1,
C0020,認定年月日,,,,
C0030,支給開始年月,,,,
C0040,支給終了年月,,,3,受給中
C0050,支給対象児童数,,,,
C0060,支給対象児童数,,,,
C0070,支給月額,,,,
C0080,児童生年月日,,,1,
C0110,差止区分,,,,
C0130,氏名,,,,
C0140,カナ氏名,fullwidth,,1,
""",
    "return.csv": """record,no,name,type,length,start,repeat,decimals,source,converters,note
data,1,宛名番号,9,15,1,,,宛名番号,,
data,2,処理結果,9,1,16,,,$result,,
data,3,理由コード,X,8,17,,,$code,,
data,4,連番,9,8,25,,,$record_no,,
data,5,予備,X,8,33,,,=,,
""",
    "cases/01-normal/case.toml": """expect = "accepted"
round_trip = true
spec = "支給終了年月が空なら事由3。児童の生年月日は埋まっている数だけ"
""",
    "cases/01-normal/expected.xml": """<DBM201 xmlns="urn:kakehashi:std-2026"><Records>
<Record no="1" operation="register"><PersonKey>{atena}</PersonKey><InfoName>TM99000000000003</InfoName>
<LayoutVersion>1</LayoutVersion><Unit>2026</Unit><ValidFrom>2026-04-01</ValidFrom>
<Sequence>000000001000000001</Sequence><NonDisclosure>0</NonDisclosure><AutoResponseBlocked>0</AutoResponseBlocked>
<Content><TM99000000000003v1><C0010>1</C0010><C0020>2018-06-15</C0020><C0030>2018-07</C0030>
<C0040-absent>3</C0040-absent><C0050>2</C0050><C0060>2</C0060><C0070>20000</C0070><C0080>2018-06-10</C0080>
<C0080>2020-08-20</C0080><C0110>0</C0110><C0130>星川　明美</C0130><C0140>ホシカワ　アケミ</C0140>
</TM99000000000003v1></Content></Record></Records></DBM201>
""",
}


def record(atena, *, recipient="1", monthly=20000):
    """One allowance, written as the system's own program would."""
    return b"".join((
        b"2", atena.encode(), b"2026", b"20260401", recipient.encode(), b"4300615", b"43007", b"00000", b"02",
        packed(monthly, 4), b"4300610", b"5020820", b"0000000", b"0", wide932("星川　明美", 40),
        kana932("ﾎｼｶﾜ ｱｹﾐ", 40), b"0",
    )).ljust(160)  # fmt: skip


def file_of(records, total):
    trailer = (b"8%08d" % len(records) + packed(total, 6)).ljust(160)
    return b"120260701".ljust(160) + b"".join(records) + trailer


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    with started(tmp_path_factory.mktemp("new-route") / "site", seed=SEED, scale=0.05, faults=False) as run:
        links_settled(run)
        yield run


@pytest.fixture(scope="module")
def atena():
    town = Town(SEED)
    return [town.atena("welfare", person) for person in range(3)]


@pytest.fixture(scope="module")
def route(run, atena):
    """The one folder."""
    folder = run.site.config / "routes" / LANE
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("{atena}", atena[0]).lstrip("\n"), encoding="utf-8")
    (folder / "cases" / "01-normal" / "input.dat").write_bytes(file_of([record(atena[0])], 20000))
    return folder


def test_check_passes_with_the_new_folder(run, route):
    """`kakehashi check` finds no fault and runs the new route's golden case among the others."""
    done = kakehashi("check", run.site.config, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    (summary,) = map(json.loads, done.stdout.splitlines())
    assert summary["routes"] == 8
    assert summary["cases"] == len(list((run.site.config / "routes").glob("*/cases/*/case.toml")))
    assert not list(route.rglob("*.py"))


def test_a_running_site_takes_the_new_message(run, route, atena):
    """After SIGHUP a dropped file is accepted by the server but for its bad record, and its result comes back."""
    drop, out = run.site.exchange / LANE / "in", run.site.exchange / LANE / "out"
    for folder in (drop, out):
        folder.mkdir(parents=True)
    for process in run.processes.running.values():
        process.send_signal(signal.SIGHUP)
    for name in run.processes.running:
        eventually(lambda name=name: logged(run, name, "configuration.reloaded"), what=f"the reload of the {name}")

    records = [record(atena[0]), record(atena[1], recipient="7"), record(atena[2])]
    put(drop, "TEATE0001.DAT", file_of(records, 60000))
    result = out / "TEATE0001.RES"
    eventually(result.exists, what="the result")
    assert result.read_bytes().decode("ascii").splitlines() == [
        f"{atena[0]}1        00000001        ",
        f"{atena[1]}9VAL-001 00000002        ",
        f"{atena[2]}1        00000003        ",
    ]
    counts = {lane.lane: (lane.received, lane.accepted, lane.refused, lane.waiting) for lane in run.store.counts()}
    assert counts[LANE] == (3, 2, 1, 0)
    assert run.server.account()["twice"] == 0


def test_the_old_lanes_go_on_as_before(run, route):
    """The lanes that were there settle everything after the reload."""
    run.drop([sample for sample in run.manifest.samples if not run.is_link(sample)])
    assert run.wait(lambda _counts: None, deadline=time.monotonic() + 60)
    assert run.verdict().counts
    others = [lane for lane in run.store.counts() if lane.lane != LANE]
    assert sum(lane.received for lane in others) == sum(lane.accepted for lane in others) == run.manifest.records
