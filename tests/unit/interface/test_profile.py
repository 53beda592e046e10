from __future__ import annotations

import re
import shutil
import tomllib
from dataclasses import fields
from datetime import date, datetime, timedelta, timezone

import pytest
from tests.unit.validation.samples import MESSAGES, PROFILE, SCHEMAS, STANDARDS

from kakehashi.domain.interface import ResultClass
from kakehashi.errors import ConfigurationError
from kakehashi.interface.profile import Profile, load_profile

JAPAN = timezone(timedelta(hours=9))
TEMPLATE = PROFILE.parent / "template-site"


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(PROFILE, tmp_path / "profile")


DAYS = """department,affair,procedure,info_name,valid_from,valid_to
99990001,JM99000000000001,JT99000000000001,TM99000000000001,,
99990001,JM99000000000001,JT99000000000001,TM99000000000002,2026-04-01,2027-03-31
99990001,JM99000000000001,JT99000000000001,TM99000000000003,2027-04-01,
99990001,JM99000000000001,JT99000000000001,TM99000000000003,,2025-03-31
"""


@pytest.mark.parametrize(
    ("day", "held"),
    [
        (None, "1"),
        ("2025-03-31", "13"),
        ("2025-04-01", "1"),
        ("2026-03-31", "1"),
        ("2026-04-01", "12"),
        ("2027-03-31", "12"),
        ("2027-04-01", "13"),
    ],
)
def test_permissions_hold_on_their_days(folder, day, held):
    """First and last day included; without a day only rows without days: in doubt nothing is permitted."""
    (folder / "permissions.csv").write_text(DAYS, encoding="utf-8")
    profile = load_profile(folder, as_of=date.fromisoformat(day) if day else None)
    assert sorted(row.info_name[-1] for row in profile.permissions) == list(held)


def test_a_permission_with_a_day_that_does_not_exist_is_a_fault(folder):
    """30 February is no day."""
    (folder / "permissions.csv").write_text(DAYS.replace("2026-04-01", "2026-02-30"), encoding="utf-8")
    assert _faults(folder) == [("CFG-008", "permissions.csv", None, "valid_from")]


def _change(folder, before, after, file="profile.toml"):
    text = (folder / file).read_text(encoding="utf-8")
    assert before in text
    (folder / file).write_text(text.replace(before, after, 1), encoding="utf-8")


def _faults(folder):
    with pytest.raises(ConfigurationError) as caught:
        load_profile(folder)
    return [(fault.code, fault.place.file, fault.place.record, fault.place.item) for fault in caught.value.faults]


def test_the_profile_is_loaded_whole():
    """Messages, results, caps, permissions and data standards come from tables."""
    profile = load_profile(PROFILE)
    assert profile.messages["DBM-201"].idempotent
    assert {rule.answer for rule in profile.messages.values()} | set(profile.messages) == set(MESSAGES)
    assert {info_name for info_name, _ in profile.standards} == set(STANDARDS)
    assert profile.caps.connections == 4
    assert profile.person_key_type == "unified"
    assert profile.namespace in (SCHEMAS / "common.xsd").read_text(encoding="utf-8")
    assert profile.degrade["髙"] == "高"


def test_each_result_code_has_its_class():
    """Codes decide by the map; a code that is not in it has no class, never success."""
    profile = load_profile(PROFILE)
    assert profile.classify("0000") is ResultClass.DONE
    assert profile.classify("4001") is ResultClass.DATA_ERROR
    assert profile.classify("9404") is ResultClass.UNREACHABLE
    assert profile.classify("1234") is None
    assert profile.waits("4007") == "symbol"
    assert profile.waits("4009") == "superseded"
    assert profile.waits("4001") is None
    assert {rule.result_class for rule in profile.results.values()} == set(ResultClass)


def test_permission_is_denied_by_default():
    """Only a row of the table permits; one changed part is enough to be refused."""
    profile = load_profile(PROFILE)
    row = min(profile.permissions)
    assert profile.permits(**row._asdict())
    for part in row._fields:
        assert not profile.permits(**{**row._asdict(), part: "x"})
    assert not load_profile(TEMPLATE).permissions


def test_the_inquiry_table_is_that_of_the_schema():
    """The elements that a mapping may fill are those of SKI-301, in the same order."""
    text = (SCHEMAS / "SKI-301.xsd").read_text(encoding="utf-8")
    inquiry = text[text.index('name="Inquiry"') : text.index('name="no"')]
    elements = re.findall(r'<xs:element name="(\w+)"[^>]*?( minOccurs="0")?/>', inquiry)
    items = load_profile(PROFILE).inquiry.items
    assert elements[0][0] == "PersonKey"
    assert [(name, not optional) for name, optional in elements[1:]] == [(i.code, i.required) for i in items]


def test_degrading_leads_into_the_repertoire():
    """A substitute is inside the repertoire of the server, what it stands for is outside."""
    profile = load_profile(PROFILE)
    for character, substitute in profile.degrade.items():
        substitute.encode(profile.repertoire)
        with pytest.raises(UnicodeEncodeError):
            character.encode(profile.repertoire)


def test_the_template_has_the_same_keys_all_to_be_decided():
    """A site's template loads, has every key of the model, and marks each but its name."""
    ours = tomllib.loads((PROFILE / "profile.toml").read_text(encoding="utf-8"))
    text = (TEMPLATE / "profile.toml").read_text(encoding="utf-8")
    theirs = tomllib.loads(text)

    def keys(table, path=""):
        return {
            inner
            for key, value in table.items()
            for inner in (keys(value, f"{path}{key}.") if isinstance(value, dict) else {path + key})
        }

    assert keys(ours) == keys(theirs)
    assert load_profile(TEMPLATE).name == "template-site"
    values = [line for line in text.splitlines() if re.match(r"\w+ = ", line)]
    assert [line for line in values if "# TODO(site)" not in line] == ['name = "template-site"']


def test_every_fault_comes_at_once(folder):
    """Unknown, missing and wrong keys and rows are reported together, each with its place."""
    _change(folder, "[polling]\n", "[polling]\ninterva_seconds = 3\n")
    _change(folder, "connections = 4", 'connections = "4"')
    _change(folder, "records_per_send = 10000", "records_per_send = 0")
    _change(folder, 'person_key_type = "unified"', 'person_key_type = "symbol"')
    _change(folder, '\nclose = "24:00"', '\nclose = "25:00"')
    _change(folder, '"mon", ', '"monday", ')
    _change(folder, 'namespace = "urn:kakehashi:std-2026"\n', "")
    _change(folder, "idempotent = true", 'idempotent = "yes"')
    _change(folder, "0001,1,", "0001,2,", "results.csv")
    _change(folder, "JM99000000000001", "XX99000000000001", "permissions.csv")
    _change(folder, "A0010,賦課年度,digits", "A0010,賦課年度,number", "layouts/TM99000000000001/v1.csv")
    assert set(_faults(folder)) == {
        ("CFG-002", "profile.toml", None, "polling.interva_seconds"),
        ("CFG-003", "profile.toml", None, "caps.connections"),
        ("CFG-003", "profile.toml", None, "caps.records_per_send"),
        ("CFG-003", "profile.toml", None, "profile.person_key_type"),
        ("CFG-003", "profile.toml", None, "service.close"),
        ("CFG-003", "profile.toml", None, "service.days"),
        ("CFG-004", "profile.toml", None, "profile.namespace"),
        ("CFG-003", "profile.toml", None, "messages.FGU-101.idempotent"),
        ("CFG-008", "results.csv", 3, "class"),
        ("CFG-008", "permissions.csv", 2, "affair"),
        ("CFG-008", "v1.csv", 2, "type"),
    }


def test_a_table_that_is_missing_is_named(folder):
    """Every file that the profile names must exist."""
    (folder / "degrade.csv").unlink()
    (folder / "messages" / "SKI-301.csv").unlink()
    assert {(code, file) for code, file, _, _ in _faults(folder)} == {
        ("CFG-005", "degrade.csv"),
        ("CFG-005", "SKI-301.csv"),
    }


def test_a_result_code_stands_once(folder):
    """Two rows for one code would be a guess."""
    _change(folder, "0001,1,処理中,\n", "0001,1,処理中,\n0001,0,正常終了,\n", "results.csv")
    assert _faults(folder) == [("CFG-008", "results.csv", 4, "code")]


def test_a_broken_or_missing_profile_is_refused(folder):
    """No TOML and no file are each a fault of their own."""
    (folder / "profile.toml").write_text("[profile", encoding="utf-8")
    assert _faults(folder)[0][:2] == ("CFG-001", "profile.toml")
    (folder / "profile.toml").unlink()
    assert _faults(folder)[0][:2] == ("CFG-005", "profile.toml")


def test_what_a_profile_does_not_say_is_as_in_its_base(folder):
    """Keys and files that it has count; everything else is the base's."""
    own = folder.parent / "own"
    (own / "codes").mkdir(parents=True)
    (own / "profile.toml").write_text(
        '[profile]\nname = "own"\nbase = "profile"\n[caps]\nconnections = 2\n[messages.DBM-201]\nidempotent = false\n',
        encoding="utf-8",
    )
    (own / "permissions.csv").write_text("department,affair,procedure,info_name\n", encoding="utf-8")
    (own / "codes" / "sex.csv").write_text("code,name\n7,その他\n", encoding="utf-8")
    base, found = load_profile(folder), load_profile(own)
    differ = {each.name for each in fields(Profile) if getattr(base, each.name) != getattr(found, each.name)}
    assert differ == {"name", "caps", "messages", "permissions", "standards"}
    assert (found.caps.connections, found.caps.bytes_per_send) == (2, base.caps.bytes_per_send)
    assert (found.messages["DBM-201"].idempotent, found.messages["DBM-201"].answer) == (False, "DBM-202")
    assert {"7"} in [item.codes for standard in found.standards.values() for item in standard.items]


@pytest.mark.parametrize("base", ['"nobody"', '"own"', "3", '"../profile"'])
def test_a_base_is_another_profile_beside_it(folder, base):
    """Not itself, not one that is not there."""
    own = folder.parent / "own"
    own.mkdir()
    (own / "profile.toml").write_text(f'[profile]\nname = "own"\nbase = {base}\n', encoding="utf-8")
    assert _faults(own) == [("CFG-006", "profile.toml", None, "profile.base")]


def test_a_base_has_no_base(folder):
    """Where a value comes from can be seen in two files."""
    for name, base in (("own", "profile"), ("third", "own")):
        (folder.parent / name).mkdir()
        text = f'[profile]\nname = "{name}"\nbase = "{base}"\n'
        (folder.parent / name / "profile.toml").write_text(text, encoding="utf-8")
    assert _faults(folder.parent / "third") == [("CFG-006", "profile.toml", None, "profile.base")]


def test_role_a_is_std_2026_with_the_systems_own_numbers():
    """The shipped std-2026-atena differs in nothing else."""
    base, found = load_profile(PROFILE), load_profile(PROFILE.parent / "std-2026-atena")
    assert {each.name for each in fields(Profile) if getattr(base, each.name) != getattr(found, each.name)} == {
        "name",
        "person_key_type",
    }
    assert (base.swaps, found.swaps) == (True, False)


def test_service_hours_are_japan_time(folder):
    """Open from 07:00 to 22:00 on weekdays; the next opening is the next weekday's."""
    _change(folder, 'open = "00:00"', 'open = "07:00"')
    _change(folder, '\nclose = "24:00"', '\nclose = "22:00"')
    _change(folder, ', "sat", "sun"', "")
    service = load_profile(folder).service
    friday = datetime(2026, 6, 5, 21, 59, tzinfo=JAPAN)
    assert service.is_open(friday)
    assert service.is_open(friday.astimezone(timezone.utc))  # noqa: UP017  # an offset, not an alias, is the point
    assert service.next_opening(friday) == friday
    closed = friday + timedelta(minutes=1)
    assert not service.is_open(closed)
    assert service.next_opening(closed) == datetime(2026, 6, 8, 7, tzinfo=JAPAN)
    early = datetime(2026, 6, 8, 6, 59, tzinfo=JAPAN)
    assert service.next_opening(early) == datetime(2026, 6, 8, 7, tzinfo=JAPAN)


def test_a_server_without_hours_is_always_open():
    """00:00 to 24:00 on seven days is always."""
    service = load_profile(PROFILE).service
    moments = (datetime(2026, 6, 6, hour, 59, 59, tzinfo=JAPAN) for hour in range(24))
    assert all(service.is_open(moment) for moment in moments)
