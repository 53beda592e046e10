"""An urgent lane of a running site: its file is accepted while thousands of batches of another lane wait."""

import pytest
from tests.acceptance.watching import eventually, links_settled
from tests.tier import FULL

from kakehashi.domain.batch import BatchState, FileState
from kakehashi_simulators.demo.run import started
from kakehashi_simulators.legacy.manifest import Sample
from kakehashi_simulators.legacy.tax import write_tax
from kakehashi_simulators.legacy.town import Town

LANE, URGENT_LANE = "tax-levy", "welfare-assistance"
FILES, RECORDS, PERSONS = (300 if FULL else 30), 60, 60
SECONDS = 20
"""Of the 60 that an urgent item may take."""


def urgent(config):
    """The welfare lane overtakes; each tax record is a batch of its own."""
    for lane, first, last in ((URGENT_LANE, "urgent = true\n", ""), (LANE, "", "\n[limits]\nbatch_records = 1\n")):
        route = config / "routes" / lane / "route.toml"
        route.write_text(first + route.read_text(encoding="utf-8") + last, encoding="utf-8")


def backlog(folder):
    """Files about mostly the same persons, again and again."""
    town = Town(11)
    for number in range(1, FILES + 1):
        path, records = folder / f"LEVY{number:04d}.DAT", RECORDS - number // PERSONS
        write_tax(path, town=town, first=number % PERSONS, records=records)
        yield Sample(lane=LANE, name=path.name, path=path, records=records, good=records)


def queued(run):
    """Whether the broker has everything of the backlog."""
    files = run.store.files(lane=LANE)
    return len(files) == FILES and all(
        row.state is not BatchState.NEW for file in files for row in run.store.batches(file.id)
    )


def ended(run):
    """Whether every record of the urgent file has its outcome."""
    files = run.store.files(lane=URGENT_LANE)
    return files and files[0].state in {FileState.SETTLED, FileState.RETURNED}


def settled(run):
    """The counts of the backlog's lane, as soon as something of it has its outcome."""
    return [counts for counts in run.counts() if counts.lane == LANE and counts.accepted]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("broker", ["rabbitmq", "local"] if FULL else ["rabbitmq"])
def test_an_urgent_file_passes_thousands_of_queued_batches(broker, tmp_path, request):
    """All of it is settled within 20 s, although the server is slow and every connection but one is taken; and the
    first of the backlog has its outcome while most of it waits: questions after results pass it.
    """
    url = request.getfixturevalue("own_rabbitmq").url if broker == "rabbitmq" else None
    with started(tmp_path / "site", seed=11, scale=0.1, faults=False, broker=url, adapt=urgent) as run:
        links_settled(run)
        run.server.set_faults(delay_seconds=1.0)
        run.drop(backlog(tmp_path))
        eventually(lambda: queued(run), seconds=120, what="the backlog")
        (sample,) = run.manifest.lane(URGENT_LANE)
        run.drop([sample])
        eventually(lambda: ended(run), seconds=SECONDS, what="the urgent file")
        (counts,) = eventually(lambda: settled(run), seconds=SECONDS, what="an outcome in the backlog")
        assert counts.waiting > 0.8 * FILES * RECORDS, "there was no backlog any more"
