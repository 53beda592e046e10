"""「版」 Two versions live at once: which one a batch begins with, and that it ends with it."""

import io
from datetime import timedelta

import pytest
from tests.unit.pipeline.test_deletes import file_of, registers
from tests.unit.pipeline.two_versions import BEGINS, INFO, NEXT, ROUTE, edit, two_versions

from kakehashi.config.loader import load
from kakehashi.domain.batch import BatchState
from kakehashi.errors import ConfigurationError, OutcomeUnknown
from kakehashi.pipeline.identify import PassedNumbers
from kakehashi.pipeline.reconciling import Standing, differences
from kakehashi.runtime.offline import Offline
from kakehashi.runtime.reconciliation import Originals
from kakehashi.runtime.trying import Trial, of_file

TODAY = BEGINS - timedelta(days=1)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return two_versions(tmp_path_factory.mktemp("site"))


@pytest.fixture
def house(house_of, site):
    config, xsd = site
    house = house_of(ROUTE, config, xsd=xsd, as_of=TODAY)
    house.server.clock.source = lambda: house.clock.now().timestamp()
    assert house.clock.now().date() == TODAY
    return house


def announce(house, *versions):
    layouts = [{"info_name": INFO, "version": v, "valid_from": f, "valid_to": t} for v, f, t in versions]
    house.server.admin.actions["POST /distribution"]({"layouts": layouts})


def next_day(house, site):
    house.clock.advance(timedelta(days=1))
    house.reload(site[0], as_of=house.clock.now().date())


def versions(house):
    return [row.layout_version for row in house.batches()]


def sent_versions(house):
    sent = [each.document for each in house.client.delivered if each.message_id == "DBM-201"]
    return ["2" if b"<LayoutVersion>2<" in each and b"A0350" in each else "1" for each in sent]


def test_a_batch_begins_with_the_version_of_its_day(house, manifest, site):
    """The day before the change files go in version 1, from it on in version 2; both are accepted while both live."""
    one, two, three = registers(manifest, 3)
    announce(house, ("1", "2026-03-01", "2026-12-31"), ("2", f"{TODAY}", ""))
    house.take("A.DAT", file_of(manifest, [one, two]))
    house.until_quiet()
    next_day(house, site)
    house.take("B.DAT", file_of(manifest, [three]))
    house.until_quiet()
    assert sorted(versions(house)) == ["1", "2"]
    assert sent_versions(house) == ["1", "2"]
    assert house.counts.accepted == 3


def test_a_batch_ends_with_the_version_that_it_began_with(house, manifest, site):
    """What was sent in version 1 before midnight, with an unknown outcome, goes out again after it as it was."""
    house.client.fail_before(OutcomeUnknown())
    house.take("A.DAT", file_of(manifest, registers(manifest, 2)))
    house.work()
    assert [row.state for row in house.batches()] == [BatchState.SENT]
    next_day(house, site)
    house.client.recover()
    house.until_quiet()
    assert versions(house) == ["1"]
    assert set(sent_versions(house)) == {"1"}
    assert house.counts.accepted == 2


def test_the_server_takes_a_version_on_its_days_alone(house, manifest, site):
    """A record of a version that has ended is refused (5002); sent again by hand it goes in the version of the day."""
    announce(house, ("1", "2026-03-01", "2026-03-31"), ("2", "2026-04-01", ""))
    house.take("A.DAT", file_of(manifest, registers(manifest, 1)))
    house.until_quiet()
    (exception,) = house.store.exceptions(lane=ROUTE)
    assert exception.server_code == "5002"
    next_day(house, site)
    house.redrive([exception])
    house.until_quiet()
    assert versions(house) == ["1", "2"]
    assert house.counts.accepted == 1


def test_a_batch_whose_version_is_gone_is_parked(house, manifest, tmp_path):
    """A route that has lost a version under a batch in work sends nothing of it in another: an operator decides."""
    house.client.fail_before(OutcomeUnknown())
    house.take("A.DAT", file_of(manifest, registers(manifest, 1)))
    house.work()
    config, _ = two_versions(tmp_path, route="")
    edit(
        config / "routes" / ROUTE / "route.toml", ('version = "1"', 'version = "2"'), ("mapping.csv", "mapping-v2.csv")
    )
    house.reload(config, as_of=TODAY)
    house.client.recover()
    house.until_quiet()
    assert [(row.state, row.code) for row in house.batches()] == [(BatchState.PARKED, "DST-001")]


def test_every_version_is_checked_at_once(tmp_path):
    """A version that the profile lacks, one twice, and days that go backwards are told together, with their keys."""
    wrong = (
        NEXT + NEXT.replace(f"{BEGINS}", "2026-01-01") + NEXT.replace('"2"', '"7"').replace(f"{BEGINS}", "2027-01-01")
    )
    config, _ = two_versions(tmp_path, route=NEXT)
    edit(config / "routes" / ROUTE / "route.toml", (NEXT, wrong))
    with pytest.raises(ConfigurationError) as caught:
        load(config)
    assert {(fault.code, fault.place.item) for fault in caught.value.faults} == {
        ("CFG-003", "mapping.next.2.valid_from"),
        ("CFG-003", "mapping.next.2.version"),
        ("CFG-006", "mapping.next.3.version"),
    }


def test_code_tables_of_a_version_are_those_of_its_days(tmp_path, site):
    """A version that has not begun is checked with the rows of its first day: a row for it may begin then."""
    config, _ = two_versions(tmp_path)
    edit(config / "tables" / "tax-taxation.csv", ("\n", f"\n9,5,{BEGINS},,\n"))
    before, after = (load(config, as_of=day).routes[ROUTE] for day in (TODAY, BEGINS))
    assert (before.standard.version, after.standard.version) == ("1", "2")
    assert [each.valid_to for each in before.versions] == [TODAY, None]
    assert after.on("1").standard.version == "1"


def test_the_next_version_is_tried_on_files(manifest, tmp_path):
    """The same records by today's version and the next: what goes in both with other content, and what is refused
    then, by code and item.
    """
    config, xsd = two_versions(tmp_path)
    edit(config / "tables" / "tax-taxation.csv", ("10,1,,,", f"10,1,,{TODAY},"))
    now, then = (load(config, as_of=day) for day in (TODAY, BEGINS))
    trial = Trial(*(Offline(each, each.routes[ROUTE], xsd.parent) for each in (now, then)))
    originals, faults = of_file(trial.now, file_of(manifest, registers(manifest, 60)), file="A.DAT")
    for original in originals:
        trial.add(original)
    refused = trial.refused["MAP-002", "A0030"]
    assert (faults, trial.refused_now, refused) == ([], 0, [0, trial.newly])
    assert 0 < trial.newly == trial.refused_then < trial.records
    assert trial.changed == trial.records - trial.newly


def test_a_replica_of_the_version_before_is_up_to_date(manifest, site, tmp_path):
    """An original is known by what it says in each version up to today's: which one the replica has does not matter."""
    config, _ = site
    one, other = (
        Originals(load(config, as_of=day).routes[ROUTE], PassedNumbers(), tmp_path) for day in (TODAY, BEGINS)
    )
    for originals in (one, other):
        originals.read(io.BytesIO(file_of(manifest, registers(manifest, 3))), "A.DAT")
    before, after = list(one), list(other)
    assert [each.older for each in before] == [()] * 3
    assert [each.older for each in after] == [(each.digest,) for each in before]
    assert all(new.digest != old.digest for new, old in zip(after, before, strict=True))
    ours = [Standing(each.person, each.unit, at, each.digest) for at, each in enumerate(before, start=1)]
    assert list(differences(ours, originals=after)) == []
