"""A right folder loads; a wrong one says all that is wrong, where, and what to write instead."""

import datetime as dt
import io

import pytest
from tests.unit.config.folders import (
    GATEWAY,
    LAYOUT,
    LAYOUT_FILE,
    MAPPING,
    MAPPING_FILE,
    RETURN,
    RETURN_FILE,
    ROUTE,
    ROUTE_FILE,
    SYSTEM,
    TABLE,
    faults_of,
    record,
    seen,
    write,
)  # fmt: skip

from kakehashi.config.layout_table import fields_of
from kakehashi.config.loader import load
from kakehashi.domain.batch import BatchBody
from kakehashi.domain.interface import Function
from kakehashi.errors import ConfigurationError

SYSTEM_FILE = "systems/child/system.toml"
TABLE_FILE = "tables/recipient.csv"
G = "gateway.toml"


def test_a_folder_becomes_a_configuration(tmp_path):
    """One folder under routes/ is a new fixed-length message: decoded and mapped without a line of Python."""
    configuration = load(write(tmp_path))
    route = configuration.routes["child-allowance"]
    assert (route.function, route.system.title, route.batch_records) == (Function.DBM, "児童手当システム", 500)
    data = record() + record(kind="99") + record("43")
    split = route.codec.split(io.BytesIO(data), batch_records=10, file="a")
    (part,) = split.slices
    decoded = route.codec.decode(BatchBody(split.header, data), file="a", first_record=1, offset=part.offset)
    assert decoded.faults == []
    assert route.codec.fields == fields_of(route.layout)
    assert decoded.rows[0][route.mapper.person_field] == f"{42:015}"
    mapped, faults = route.mapper.map(decoded.rows, numbers=decoded.numbers)
    assert [(fault.code, fault.place.record, fault.place.item) for fault in faults] == [("MAP-002", 2, "C0010")]
    assert mapped[0].content == (
        "<C0010>1</C0010><C0020>2026-04-01</C0020><C0030>2026-04</C0030><C0040-absent>3</C0040-absent>"
        "<C0050>2</C0050><C0060>2</C0060><C0070>15000</C0070><C0080>2019-05-01</C0080><C0080>2021-07-01</C0080>"
        "<C0110>0</C0110><C0130>山田太郎</C0130>"
    )
    assert (mapped[2].unit, mapped[2].valid_from, mapped[2].non_disclosure) == ("2026", "2026-04-01", "0")


def test_a_batch_is_never_more_than_the_server_takes(tmp_path):
    """A batch is a send: the profile's cap bounds it, whatever gateway.toml wants."""
    profile = write(tmp_path) / "profiles/std-2026/profile.toml"
    profile.write_text(profile.read_text().replace("records_per_send = 10000", "records_per_send = 120"))
    (route,) = load(tmp_path).routes.values()
    assert route.batch_records == 120


def test_a_folder_that_is_not_there_is_one_fault(tmp_path):
    """Without gateway.toml there is nothing to guess."""
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path / "nowhere")
    assert seen(caught.value.faults) == [("CFG-005", "gateway.toml", None, None)]


def changed(file, old, new):
    text = {
        "gateway.toml": GATEWAY, SYSTEM_FILE: SYSTEM, ROUTE_FILE: ROUTE, LAYOUT_FILE: LAYOUT,
        MAPPING_FILE: MAPPING, RETURN_FILE: RETURN, TABLE_FILE: TABLE,
    }[file]  # fmt: skip
    assert old in text
    return {file: text.replace(old, new, 1)}


WRONG = [
    # gateway.toml
    (changed(G, 'url = "local:broker"', ""), ("CFG-004", G, None, "broker.url")),
    (changed(G, 'agency = "9999000000000010"', ""), ("CFG-004", G, None, "gateway.agency")),
    (changed(G, "[gateway]", "[gateway]\nagenzy = 1"), ("CFG-002", G, None, "gateway.agenzy")),
    (changed(G, "[gateway]", "[limit]\n[gateway]"), ("CFG-002", G, None, "limit")),
    (changed(G, "[broker]", "[broker]\nprefetch = '8'"), ("CFG-003", G, None, "broker.prefetch")),
    (changed(G, "[broker]", "[broker]\nprefetch = 0"), ("CFG-003", G, None, "broker.prefetch")),
    (changed(G, "[gateway]", "[gateway]\ntest = 'no'"), ("CFG-003", G, None, "gateway.test")),
    (changed(G, "[broker]", "[safety]\nconfirms = false\n[broker]"),
     ("CFG-003", G, None, "safety.confirms")),
    (changed(G, "[broker]", "[broker"), ("CFG-001", G, 3, None)),
    (changed(G, "[gateway]", "[gateway]\nprofile = 'std-2027'"),
     ("CFG-006", G, None, "gateway.profile")),
    # systems
    (changed(SYSTEM_FILE, 'name = "child"', 'name = "kid"'), ("CFG-003", SYSTEM_FILE, None, "name")),
    (changed(SYSTEM_FILE, 'name = "child"', ""), ("CFG-004", SYSTEM_FILE, None, "name")),
    ({SYSTEM_FILE: None}, ("CFG-005", SYSTEM_FILE, None, None)),
    # route.toml
    (changed(ROUTE_FILE, "child-allowance", "children"), ("CFG-003", ROUTE_FILE, None, "lane")),
    (changed(ROUTE_FILE, 'system = "child"', 'system = "kids"'), ("CFG-006", ROUTE_FILE, None, "system")),
    (changed(ROUTE_FILE, '"DBM"', '"DMB"'), ("CFG-003", ROUTE_FILE, None, "function")),
    (changed(ROUTE_FILE, "[source]", "[sources]"), ("CFG-004", ROUTE_FILE, None, "source")),
    (changed(ROUTE_FILE, 'folder = "child/in"', ""), ("CFG-003", ROUTE_FILE, None, "source")),
    (changed(ROUTE_FILE, 'folder = "child/in"', 'folder = "a"\nqueue = "b"'), ("CFG-003", ROUTE_FILE, None, "source")),
    (changed(ROUTE_FILE, "[layout]", "complete = 'trailer'\n[layout]"),
     ("CFG-015", ROUTE_FILE, None, "source.complete")),
    (changed(ROUTE_FILE, "[layout]", "complete = 'stable'\n[layout]"),
     ("CFG-015", ROUTE_FILE, None, "source.complete")),
    (changed(ROUTE_FILE, "[layout]", "as_of = { items = ['作成日'] }\n[layout]"),
     ("CFG-006", ROUTE_FILE, None, "source.as_of.items")),
    (changed(ROUTE_FILE, "[layout]", "as_of = { items = ['作成日', 5] }\n[layout]"),
     ("CFG-003", ROUTE_FILE, None, "source.as_of.items[2]")),
    (changed(ROUTE_FILE, "[layout]", "as_of = {}\n[layout]"), ("CFG-003", ROUTE_FILE, None, "source.as_of")),
    (changed(ROUTE_FILE, "record_length = 80", "record_length = 81"),
     ("CFG-011", ROUTE_FILE, None, "layout.record_length")),
    (changed(ROUTE_FILE, "[layout]", "[layout]\ncharset = 'cp933'"), ("CFG-006", ROUTE_FILE, None, "layout.charset")),
    (changed(ROUTE_FILE, "[layout]", "[layout]\nfile = 'layouts.csv'"), ("CFG-005", ROUTE_FILE, None, "layout.file")),
    (changed(ROUTE_FILE, 'recfm = "line"', 'kind = "xml"'), ("CFG-004", ROUTE_FILE, None, "layout.root_element")),
    (changed(ROUTE_FILE, "[mapping]", "[[layout.controls]]\nrecord='end'\nitem='件数'\n[mapping]"),
     ("CFG-006", ROUTE_FILE, None, "layout.controls")),
    (changed(ROUTE_FILE, "[mapping]", "[[layout.records]]\nname='data'\nrole='date'\n[mapping]"),
     ("CFG-003", ROUTE_FILE, None, "layout.records[1].role")),
    (changed(ROUTE_FILE, "[mapping]", "[[layout.records]]\nname='deta'\nrole='data'\n[mapping]"),
     ("CFG-006", ROUTE_FILE, None, "layout.records")),
    (changed(ROUTE_FILE, "[mapping]", "[[layout.records]]\nname='data'\nrole='end'\n[mapping]"),
     ("CFG-003", ROUTE_FILE, None, "layout.records")),
    (changed(ROUTE_FILE, "TM99000000000003", "TM99000000000009"), ("CFG-006", ROUTE_FILE, None, "mapping.info_name")),
    (changed(ROUTE_FILE, 'info_name = "TM99000000000003"', ""), ("CFG-004", ROUTE_FILE, None, "mapping.info_name")),
    (changed(ROUTE_FILE, "[return]", "[return]\npattern = '{x}'"), ("CFG-003", ROUTE_FILE, None, "return.pattern")),
    (changed(ROUTE_FILE, "[return]", "[return]\nfolders = 'x'"), ("CFG-002", ROUTE_FILE, None, "return.folders")),
    (changed(ROUTE_FILE, "[return]", "[retry.closed]\nattempt = 1\n[return]"),
     ("CFG-002", ROUTE_FILE, None, "retry.closed.attempt")),
    # layout.csv
    ({LAYOUT_FILE: None}, ("CFG-005", ROUTE_FILE, None, "layout.file")),
    ({LAYOUT_FILE: ""}, ("CFG-008", LAYOUT_FILE, 1, "name")),
    ({LAYOUT_FILE: "name,type,length\n"}, ("CFG-008", LAYOUT_FILE, None, None)),
    (changed(LAYOUT_FILE, "record,no", "rekord,no"), ("CFG-008", LAYOUT_FILE, 1, "rekord")),
    (changed(LAYOUT_FILE, "data,1,", 'data,"1,'), ("CFG-008", LAYOUT_FILE, 2, None)),
    (changed(LAYOUT_FILE, "9,15,1,,,,,", "9,15,1,,,,,,,x"), ("CFG-008", LAYOUT_FILE, 2, None)),
    ({LAYOUT_FILE: LAYOUT.encode("cp932")}, ("CFG-008", LAYOUT_FILE, 2, None)),
    (changed(LAYOUT_FILE, "認定日,D,7,16", "認定日,D,7,17"), ("CFG-007", LAYOUT_FILE, 3, "start")),
    (changed(LAYOUT_FILE, "宛名番号,9,15,1", "宛名番号,9,15,0"), ("CFG-003", LAYOUT_FILE, 2, "start")),
    (changed(LAYOUT_FILE, "宛名番号,9,15", "宛名番号,9,"), ("CFG-004", LAYOUT_FILE, 2, "length")),
    (changed(LAYOUT_FILE, "宛名番号,9,", "宛名番号,8,"), ("CFG-006", LAYOUT_FILE, 2, "type")),
    (changed(LAYOUT_FILE, "宛名番号,9,", "宛名 番号,9,"), ("CFG-008", LAYOUT_FILE, 2, "name")),
    (changed(LAYOUT_FILE, "区分,X", "支援,X"), ("CFG-008", LAYOUT_FILE, 9, "name")),
    (changed(LAYOUT_FILE, "wareki,,", "warek,,"), ("CFG-006", LAYOUT_FILE, 3, "date")),
    (changed(LAYOUT_FILE, "spaces zeros", "space zeros"), ("CFG-006", LAYOUT_FILE, 7, "nil")),
    (changed(LAYOUT_FILE, "nil,note", "zero,note"), ("CFG-006", LAYOUT_FILE, 7, "zero")),
    (changed(LAYOUT_FILE, "nil,note\ndata,1,宛名番号,9,15,1,,,,,", "nil,zero\ndata,1,宛名番号,9,15,1,,,,,spaces"),
     ("CFG-003", LAYOUT_FILE, 2, "zero")),
    (changed(LAYOUT_FILE, "月額,S9", "月額,P"), ("CFG-003", LAYOUT_FILE, 6, "type")),
    (changed(LAYOUT_FILE, "data,9,", "date,9,"), ("CFG-006", LAYOUT_FILE, 10, "record")),
    # mapping.csv
    ({MAPPING_FILE: None}, ("CFG-005", ROUTE_FILE, None, "mapping.file")),
    (changed(MAPPING_FILE, "C0010,区分", "C0011,区分"), ("CFG-006", MAPPING_FILE, 6, "target")),
    (changed(MAPPING_FILE, "C0010,区分", "C0010,区部"), ("CFG-006", MAPPING_FILE, 6, "source")),
    (changed(MAPPING_FILE, "fiscal_year", "fiscal"), ("CFG-006", MAPPING_FILE, 3, "converters")),
    (changed(MAPPING_FILE, "fiscal_year", "year |"), ("CFG-008", MAPPING_FILE, 3, "converters")),
    (changed(MAPPING_FILE, "recipient", "recipients"), ("CFG-006", MAPPING_FILE, 6, "converters")),
    (changed(MAPPING_FILE, ",,,,3,支給中", ",,,,2,支給中"), ("CFG-003", MAPPING_FILE, 9, "absent")),
    (changed(MAPPING_FILE, "@non_disclosure,支援,flag_unless(0),,,\n", ""), ("CFG-012", MAPPING_FILE, None, "target")),
    (changed(MAPPING_FILE, "C0050,児童数,number,,,\n", ""), ("CFG-009", MAPPING_FILE, None, "target")),
    # return.csv
    ({RETURN_FILE: None}, ("CFG-005", ROUTE_FILE, None, "return.file")),
    (changed(RETURN_FILE, "$result", "$results"), ("CFG-006", RETURN_FILE, 3, "source")),
    (changed(RETURN_FILE, ",宛名番号,,\n", ",宛名,,\n"), ("CFG-006", RETURN_FILE, 2, "source")),
    (changed(RETURN_FILE, "$code", ""), ("CFG-004", RETURN_FILE, 4, "source")),
    (changed(RETURN_FILE, "$code", "$code $server_code"), ("CFG-008", RETURN_FILE, 4, "source")),
    (changed(RETURN_FILE, "date_as(yyyymm)", "date_as(mm)"), ("CFG-006", RETURN_FILE, 5, "converters")),
    (changed(RETURN_FILE, "認定日,date_as(yyyymm)", "児童生年月日,"), ("CFG-008", RETURN_FILE, 5, "source")),
    # tables
    ({TABLE_FILE: "from,to\n01,1\n"}, ("CFG-008", TABLE_FILE, 1, "from")),
    (changed(TABLE_FILE, "02,3,2026-10-01", "02,3,2026-09-30"), ("CFG-008", TABLE_FILE, 4, "source")),
    (changed(TABLE_FILE, "2026-10-01", "2026/10/01"), ("CFG-008", TABLE_FILE, 4, "valid_from")),
    (changed(TABLE_FILE, "01,1,,,", "01,1,2026-05-01,2026-04-01,"), ("CFG-008", TABLE_FILE, 2, "valid_to")),
    (changed(TABLE_FILE, "01,1,", ",1,"), ("CFG-008", TABLE_FILE, 2, "source")),
    (changed(TABLE_FILE, "01,1,", "01,7,"), ("CFG-006", MAPPING_FILE, 6, "table")),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "fault"), WRONG, ids=[f"{w[1][0]}-{n}" for n, w in enumerate(WRONG)])
def test_each_mistake_has_its_code_and_place(tmp_path, changes, fault):
    """Code, file, line and column or key path of every kind of mistake."""
    assert fault in seen(faults_of(tmp_path, changes))


def test_all_mistakes_of_all_files_are_told_at_once(tmp_path):
    """Four files with a mistake each: four faults, in the order in which the files are read."""
    changes = {}
    for old in (
        changed("gateway.toml", "[broker]", "[broker]\nprefetch = 0"),
        changed(SYSTEM_FILE, "title = ", "titel = "),
        changed(TABLE_FILE, "2026-10-01", "soon"),
        changed(ROUTE_FILE, "[return]", "[return]\ninclude = 'some'"),
    ):
        changes |= old
    found = seen(faults_of(tmp_path, changes))
    assert [(code, file) for code, file, _, _ in found] == [
        ("CFG-003", "gateway.toml"), ("CFG-002", SYSTEM_FILE), ("CFG-008", TABLE_FILE), ("CFG-003", ROUTE_FILE),
    ]  # fmt: skip
    changes = changed(LAYOUT_FILE, "認定日,D,7,16", "認定日,D,7,20") | changed(MAPPING_FILE, "recipient", "recipients")
    changes |= changed(RETURN_FILE, "$code", "$coed")
    found = seen(faults_of(tmp_path / "again", changes))
    assert ("CFG-007", LAYOUT_FILE) in [(code, file) for code, file, _, _ in found]


def test_several_mistakes_of_one_route_are_told_together(tmp_path):
    """Mapping and return table are both checked, whatever is wrong with the other."""
    changes = changed(MAPPING_FILE, "recipient", "recipients") | changed(RETURN_FILE, "$code", "$coed")
    assert [(code, file) for code, file, _, _ in seen(faults_of(tmp_path, changes))] == [
        ("CFG-006", MAPPING_FILE), ("CFG-006", RETURN_FILE),
    ]  # fmt: skip


def test_faults_say_what_to_write_instead(tmp_path):
    """Unknown keys and names are answered with the close ones, wrong values with what is expected."""
    faults = faults_of(tmp_path, changed(ROUTE_FILE, "[return]", "[return]\nfodler = 'x'"))
    assert faults[0].facts["known"].split(", ")[0] == "folder"
    faults = faults_of(tmp_path, changed(ROUTE_FILE, '"DBM"', '"DMB"'))
    assert "'DBM'" in faults[0].facts["expected"]
    faults = faults_of(tmp_path, changed(LAYOUT_FILE, "認定日,D,7,16", "認定日,D,7,15"))
    assert (faults[0].facts["found"], faults[0].facts["expected"]) == (15, 16)


def test_no_fault_quotes_what_stands_in_an_address(tmp_path):
    """A password in a URL is not in any fault, nor in the text of the settings."""
    secret = "swordfish"
    changes = changed("gateway.toml", '"local:broker"', f'["amqp://me:{secret}@host"]')
    assert secret not in "".join(map(str, faults_of(tmp_path, changes)))
    write(tmp_path, changed("gateway.toml", "local:broker", f"amqp://me:{secret}@host"))
    assert secret not in repr(load(tmp_path).gateway)


def test_hash_follows_the_content_and_nothing_else(tmp_path):
    """Equal folders have equal hashes; a changed note in any file, profile and overlay included, has another."""
    one = load(write(tmp_path / "one")).hash
    assert load(write(tmp_path / "two")).hash == one
    assert set(one) <= set("abcdefghijklmnop")
    hashes = {one}
    for number, file in enumerate(("gateway.toml", SYSTEM_FILE, ROUTE_FILE)):
        text = (tmp_path / "one" / file).read_text()
        hashes.add(load(write(tmp_path / f"toml{number}", {file: text + "# note\n"})).hash)
    hashes.add(load(write(tmp_path / "table", changed(TABLE_FILE, "父母", "父母等"))).hash)
    profile = write(tmp_path / "profile") / "profiles/std-2026/profile.toml"
    profile.write_text(profile.read_text() + "# note\n")
    hashes.add(load(tmp_path / "profile").hash)
    (tmp_path / "over.toml").write_text("[broker]\nprefetch = 9\n")
    hashes.add(load(tmp_path / "one", overlay=tmp_path / "over.toml").hash)
    assert len(hashes) == 7


def test_an_overlay_wins_key_by_key(tmp_path):
    """The second gateway.toml replaces keys, not tables; its mistakes are told like any."""
    over = tmp_path / "over.toml"
    over.write_text('[broker]\nurl = "amqp://127.0.0.1"\n[limits]\nbatch_records = 50\n')
    configuration = load(write(tmp_path / "c"), overlay=over)
    assert configuration.gateway.broker.url == "amqp://127.0.0.1"
    assert configuration.gateway.store.url == "sqlite:///store.db"
    assert configuration.routes["child-allowance"].batch_records == 50
    over.write_text("[brocker]\n")
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path / "c", overlay=over)
    assert seen(caught.value.faults) == [("CFG-002", "gateway.toml + over.toml", None, "brocker")]


def test_tables_hold_on_their_day(tmp_path):
    """as_of chooses the rows of the code tables."""
    write(tmp_path)
    route = load(tmp_path, as_of=dt.date(2026, 9, 30)).routes["child-allowance"]
    later = load(tmp_path, as_of=dt.date(2026, 10, 1)).routes["child-allowance"]
    data = record(kind="02")
    for each, code in ((route, "2"), (later, "3")):
        row = each.codec.decode(BatchBody(b"", data), file="a", first_record=1, offset=0).rows[0]
        assert each.mapper.map([row], numbers=[1])[0][0].content.startswith(f"<C0010>{code}</C0010>")


def test_limits_of_a_lane_lie_over_those_of_the_gateway(tmp_path):
    """What a route leaves out is the gateway's; what both leave out stays open for the profile."""
    changes = changed("gateway.toml", "[broker]", "[retry.closed]\nattempts = 5\nfirst_seconds = 7\n[broker]")
    changes |= changed(ROUTE_FILE, "[return]", "[retry.closed]\nattempts = 9\n[limits]\nbatch_records = 20\n[return]")
    route = load(write(tmp_path, changes)).routes["child-allowance"]
    assert (route.retry.closed.attempts, route.retry.closed.first_seconds, route.retry.closed.most_seconds) == (
        9,
        7,
        None,
    )
    assert route.batch_records == 20


def test_folders_of_routes_stand_below_the_exchange_folder(tmp_path):
    """One key moves all drop folders."""
    configuration = load(
        write(tmp_path, changed("gateway.toml", "[broker]", "[folders]\nexchange = '/srv/x'\n[broker]"))
    )
    route = configuration.routes["child-allowance"]
    assert str(configuration.source_folder(route)) == "/srv/x/child/in"
    assert str(configuration.return_folder(route)) == "/srv/x/child/out"


def test_a_fault_of_the_gateway_hides_none_of_the_routes(tmp_path):
    """An unknown key in gateway.toml and an unknown item in a mapping are told in the same breath, and nothing else."""
    folder = write(tmp_path)
    gateway = folder / G
    gateway.write_text(gateway.read_text(encoding="utf-8") + "\n[limits]\nnonsense = 1\n", encoding="utf-8")
    mapping = folder / MAPPING_FILE
    mapping.write_text(mapping.read_text(encoding="utf-8").replace("C0010,", "C9999,", 1), encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load(folder)
    assert {fault.code for fault in caught.value.faults} == {"CFG-002", "CFG-006", "CFG-009"}
