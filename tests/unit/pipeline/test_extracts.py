"""An extract 「一括」 never overwrites what came in after it was made, whichever arrives or is accepted first."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from kakehashi.config.model import AsOfSettings
from kakehashi.domain.batch import FileState
from kakehashi_simulators.report import effects

LANE = "tax-levy"
JST = timezone(timedelta(hours=9))
MADE = datetime(2026, 7, 1, 8, 30, tzinfo=JST)
HEADER = AsOfSettings.model_validate({"items": ["作成年月日", "作成時刻"]})
NAME = AsOfSettings(name="LEVY%Y%m%d%H%M.DAT")


def extracts(house, as_of):
    """The intake of the lane, all of whose files are extracts."""
    settings = house.route.settings
    source = settings.source.model_copy(update={"as_of": as_of})
    return house.intake_of(replace(house.route, settings=settings.model_copy(update={"source": source})), house.source)


@pytest.fixture
def house(house_of):
    house = house_of(LANE)
    house.clock.advance(MADE + timedelta(minutes=5) - house.clock.now())
    return house


@pytest.fixture
def content(manifest):
    return manifest.lane(LANE)[0].path.read_bytes()


def take(house, name, content, *, intake):
    """Taken in; what would go to a worker is kept back."""
    house.intake = intake
    house.take(name, content)
    messages = house.queues.messages(LANE)
    house.queues.delete(LANE)
    house.gateway.broker.declare([LANE])
    return messages


@pytest.mark.parametrize("accepted_first", ["extract", "daytime"])
@pytest.mark.parametrize("arrives_first", ["extract", "daytime"])
def test_the_newer_change_counts(house, content, arrives_first, accepted_first):
    """An extract as of half past eight, changes after that: these stand in the end, in the ledger and at the server."""
    ordinary, messages = house.intake, {}
    for kind in (arrives_first, "daytime" if arrives_first == "extract" else "extract"):
        changed = content if kind == "extract" else content.replace(b"20260701083000", b"20260701083100")
        intake = extracts(house, HEADER) if kind == "extract" else ordinary
        messages[kind] = take(house, f"{kind}.DAT", changed, intake=intake)
        house.clock.advance(timedelta(hours=1))
    for kind in (accepted_first, "daytime" if accepted_first == "extract" else "extract"):
        house.gateway.broker.publish(messages[kind])
        house.until_quiet()
    files = {file.name: file for file in house.store.files(lane=LANE)}
    assert {name: file.as_of for name, file in files.items()} == {"extract.DAT": MADE, "daytime.DAT": None}
    assert {file.state for file in files.values()} == {FileState.SETTLED}
    newest = {}
    for effect in effects(house.server._account, {}):
        key = effect["person"], effect["unit"]
        newest[key] = max(newest.get(key, 0), int(effect["sequence"]))
    assert {house.store.origin_of(sequence)[0].name for sequence in newest.values()} == {"daytime.DAT"}
    accepted = house.store.newest_replicas([(person, "TM99000000000001", unit) for person, unit in newest])
    assert {(person, unit): sequence for (person, _, unit), sequence in accepted.items()} == newest
    refused = house.store.exceptions(lane=LANE)
    superseded = {row.file_id for row in refused if row.code == "REF-002"}
    assert superseded == ({files["extract.DAT"].id} if accepted_first == "daytime" else set())


def test_of_two_extracts_the_one_made_later_counts(house, content):
    """Also when it arrives first."""
    intake = extracts(house, HEADER)
    later = content.replace(b"20260701083000", b"20260701083001")
    for name, each in (("LATER.DAT", later), ("EARLIER.DAT", content)):
        house.intake = intake
        house.take(name, each)
        house.until_quiet()
    earlier, first = house.store.files(lane=LANE)
    assert (earlier.name, earlier.before_first < first.before_first) == ("EARLIER.DAT", True)
    codes = {row.code for row in house.store.exceptions(lane=LANE) if row.file_id == earlier.id}
    assert "REF-002" in codes


@pytest.mark.parametrize(
    ("as_of", "name", "header", "code"),
    [
        (HEADER, "A.DAT", b"20260731083000", "REF-012"),
        (HEADER, "A.DAT", b"20260701086000", "REF-011"),
        (HEADER, "A.DAT", b"20190701080000", "REF-011"),
        (NAME, "LEVY.DAT", b"20260701083000", "REF-011"),
        (NAME, "LEVY203001010000.DAT", b"20260701083000", "REF-012"),
    ],
)
def test_an_extract_that_says_no_time_is_not_taken(house, content, as_of, name, header, code):
    """Its records could overwrite anything: the file goes aside whole, with its code."""
    house.intake = extracts(house, as_of)
    house.source.put(name, content.replace(b"20260701083000", header))
    house.intake.run_once()
    assert house.source.quarantined == [(name, code)]
    assert house.store.files() == []


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("LEVY%Y%m%d%H%M.DAT", "LEVY202607010815.DAT", MADE - timedelta(minutes=15)),
        ("LEVY-%Y%m%d.DAT", "LEVY-20260630.DAT", datetime(2026, 6, 30, tzinfo=JST)),
    ],
)
def test_a_name_says_it_too(house, content, pattern, name, expected):
    """In Japan's time; a day alone is its beginning."""
    house.intake = extracts(house, AsOfSettings(name=pattern))
    house.take(name, content)
    (file,) = house.store.files()
    assert file.as_of == expected
