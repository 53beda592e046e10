"""`inquiries` on a running site: how they ended, and the end of those that nobody needs any more."""

import json

import pytest
from tests.acceptance.watching import asked, eventually, links_settled
from tests.faults.site import SEED, Site

from kakehashi.domain.batch import BatchState
from kakehashi_simulators.demo.run import started
from kakehashi_simulators.legacy.inquiry import LANE, write_inquiries
from kakehashi_simulators.legacy.manifest import Sample
from kakehashi_simulators.legacy.town import Town

STATES = ("linked", "unknown", "partial", "refusing", "expired", "slow")
ENDS = ("found", "not-found", "partial", "refused", "expired", "cancelled")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inquiries") / "site"
    with started(folder, seed=SEED, scale=0.05, faults=False, result_delay_seconds=0.2) as run:
        links_settled(run)
        yield Site(run)


def drop(site, name, records, *, first=0):
    path = site.run.site.folder / "samples" / name
    path.parent.mkdir(exist_ok=True)
    write_inquiries(path, town=Town(SEED), first=first, records=records)
    site.run.drop([Sample(lane=LANE, name=name, path=path, records=records, good=records)])


def ask(site, *words, code=0):
    done = asked(*words, "--json", "--config", site.run.site.config)
    assert done.exit_code == code, done.output
    return [json.loads(line) for line in done.output.splitlines() if line.startswith("{")]


def under_way(site, polls=1):
    """The batch of the newest file, when its result was looked for so often."""
    file = site.run.store.files(lane=LANE, most=1)[0] if site.run.store.files(lane=LANE, most=1) else None
    rows = site.run.store.batches(file.id) if file else []
    return [row for row in rows if row.state is BatchState.WAITING and len(site.run.store.attempts(row.id)) > polls]


def rows_of(site, name, *, key="returns"):
    folder = site.run.configuration.folder_of(getattr(site.run.configuration.routes[LANE].settings, key))
    path = eventually(lambda: next(iter(folder.glob(name)), None), what=name)
    return [line.split(",") for line in path.read_text("cp932").splitlines()]


def asked_for(site):
    """How many inquiries the server was sent, however often."""
    return site.run.server.account()["by_message"]["SKI-301"]["received"]


def test_inquiries_are_cancelled_though_the_worker_dies(site):
    """Kill -9 between the server's word and the ledger's: what was answered counts, the rest is cancelled once, and
    every command tells each end by its name.
    """
    keys = [Town(SEED).people.unified(person) for person in range(len(STATES))]
    site.run.server.set_persons({state: [key] for key, state in zip(keys, STATES, strict=True)})
    site.replace("worker", "worker.cancelled:1:kill")
    drop(site, "P640R110_1.DAT", len(STATES))
    (row,) = eventually(lambda: under_way(site), what="a look at the result")
    assert ask(site, "inquiries", "cancel", "B999", "--reason", "x", code=1) == []
    (told,) = ask(site, "inquiries", "cancel", f"F{row.file_id}", "--reason", "withdrawn", "--dry-run")
    assert (told["batch"], told["records"], told["message"]) == (f"B{row.id}", 6, "SKI-305")
    assert ask(site, "trace", f"B{row.id}")[0]["cancelling"] is None
    assert ask(site, "inquiries", "cancel", f"B{row.id}", "--reason", "withdrawn") == [told]
    victim = site.run.processes.running["worker"]
    eventually(lambda: victim.poll() is not None, what="the death of the worker")
    assert ask(site, "trace", f"B{row.id}")[0]["cancelling"] == "withdrawn"
    site.replace("worker")
    assert [line[4] for line in rows_of(site, "P640R110_1_RESULT.CSV")] == list(ENDS)
    assert site.run.server.account()["messages"]["SKI-305"] == {"0000": 1, "4013": 1}
    assert ask(site, "inquiries", "cancel", f"B{row.id}", "--reason", "again", code=1) == []
    shown = {each["outcome"]: (each["code"], each["records"]) for each in ask(site, "inquiries")}
    assert shown == {
        "found": (None, 1),
        "not-found": (None, 1),
        "partial": (None, 1),
        "refused": ("SRV-012", 1),
        "expired": ("SRV-022", 1),
        "cancelled": ("REF-017", 1),
    }
    answered = "found 1, not-found 1, partial 1"
    assert next(each for each in ask(site, "files") if each["lane"] == LANE)["outcomes"] == answered
    assert ask(site, "trace", f"F{row.file_id}")[1]["outcomes"] == answered
    assert ask(site, "trace", f"B{row.id}")[0]["outcomes"] == answered
    assert "照会結果別件数" in asked("status", "--lang", "ja", "--config", site.run.site.config).output


def test_the_error_list_alone_is_sent_again(site, tmp_path):
    """Only whom the list names, as they are or corrected; what is not in it is not asked, and twice is once."""
    first = 20
    keys = [Town(SEED).people.unified(person) for person in range(first, first + 5)]
    states = ("refusing", "linked", "expired", "refusing", "refusing")
    site.run.server.set_persons(
        {state: [k for k, s in zip(keys, states, strict=True) if s == state] for state in states}
    )
    drop(site, "P640R110_2.DAT", 5, first=first)
    listed = rows_of(site, "P640R110_2_ERROR.CSV", key="errors")
    town = Town(SEED)
    numbers = [town.atena("welfare", first + place).zfill(15) for place in (0, 2, 3, 4)]
    refused = ("refused", "SRV-012")
    ends = (refused, ("expired", "SRV-022"), refused, refused)
    assert [line[:4] for line in listed] == [
        [number, str(no), *end] for number, no, end in zip(numbers, (1, 3, 4, 5), ends, strict=True)
    ]
    name = next(each["file_id"] for each in ask(site, "files") if each["file"] == "P640R110_2.DAT")
    site.run.server.set_persons({"linked": keys})
    cut = tmp_path / "errors.csv"
    cut.write_text("".join(",".join(line) + "\r\n" for line in listed[:2]), encoding="cp932")
    resend = ["inquiries", "resend", f"F{name}", "--reason", "asked again"]
    before = asked_for(site)
    assert [row["outcome"] for row in ask(site, *resend, "--list", cut, "--dry-run")] == ["sent"] * 2
    assert [row["record"] for row in ask(site, *resend, "--list", cut)] == [1, 3]
    assert ask(site, *resend, "--list", cut) == []
    lines = (site.run.site.folder / "samples" / "P640R110_2.DAT").read_bytes().splitlines(keepends=True)
    anew = tmp_path / "P640R110_3.DAT"
    anew.write_bytes(lines[3].replace(b",1,", b",3,", 1) + lines[1])
    (told,) = ask(site, *resend, "--corrected", anew)
    assert (told["record"], told["outcome"]) == (4, "corrected")
    assert ask(site, *resend, "--corrected", anew) == []
    eventually(lambda: rows_of(site, "P640R110_2_ERROR.CSV", key="errors") == [listed[3]], what="the list without them")
    assert asked_for(site) == before + 3
    ends = ["found", "found", "found", "found", "refused"]
    eventually(lambda: [row[4] for row in rows_of(site, "P640R110_2_RESULT.CSV")] == ends, what="the result with them")
    assert not any(number in json.dumps(ask(site, *resend, "--dry-run")) for number in numbers)
