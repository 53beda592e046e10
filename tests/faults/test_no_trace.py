"""No trace of a 個人番号: more than a thousand of them (in the full tier, ten thousand) stand in the inputs of a site,
none stands anywhere afterwards.

They stand in texts, names, keys and dates of all four lanes, in right and wrong items, in held and duplicate files, in
the registry extract, and in extracts that describe persons. What by its nature holds an original is named in
`ORIGINALS`, and nothing else is left out.
"""

import itertools
import json
import time
from dataclasses import dataclass
from datetime import date

import pytest
from tests.acceptance.watching import asked, links_settled, put, settled
from tests.faults.leaks import Leaks
from tests.tier import FULL

from kakehashi_adapters.private_rabbitmq import PrivateRabbit
from kakehashi_simulators.demo.run import started
from kakehashi_simulators.legacy import assistance, household, inquiry, residents, tax
from kakehashi_simulators.legacy.host_text import half930, mixed930, wide930
from kakehashi_simulators.legacy.manifest import Sample
from kakehashi_simulators.legacy.numbers import digits_in_text, seeded_numbers
from kakehashi_simulators.legacy.packing import kana932, wide932
from kakehashi_simulators.legacy.town import Flaw, Town

SEED = 19460
PLANTED, RECORDS = (10_000, 3_150) if FULL else (1_100, 340)
SECONDS = 900 if FULL else 90
WIDE = ("full", "full-hyphen")
NARROW = ("half", "hyphen")
ALL = (*NARROW, *WIDE)

ORIGINALS = {
    "samples": "what the test itself writes before it is dropped",
    "exchange/tax-levy/in-quarantine": "a second delivery of the same bytes, kept for its owner in a folder of its own",
}
"""Folders of the site whose file contents are not searched. File names and reasons there are."""


@dataclass
class Numbers:
    """Hands out the planted numbers; remembers which."""

    fresh: object
    used: list

    def text(self, form):
        self.used.append(next(self.fresh))
        return digits_in_text(self.used[-1], form)

    def padded(self):
        return f"000{self.text('half')}"


def flaw(**spoilt):
    """Only the place and the bytes count here."""
    return Flaw(kind="individual number", code="VAL-003", **spoilt)


def in_tax(numbers, turn):
    """備考, 氏名, 住所 in full width; カナ氏名 in half width; the key; an item of the wrong type; a date."""
    wide, narrow = WIDE[turn % 2], NARROW[turn % 2]
    return flaw(**(
        {"at": 359, "raw": wide932(f"番号{numbers.text(wide)}", 40)},
        {"at": 77, "raw": wide932(numbers.text(wide), 40)},
        {"at": 132, "raw": wide932(f"住所{numbers.text(wide)}", 60)},
        {"at": 37, "raw": kana932(numbers.text(narrow), 40)},
        {"at": 1, "raw": numbers.padded().encode()},
        {"at": 77, "raw": kana932(numbers.text(narrow), 40)},
        {"at": 117, "raw": numbers.text("half").encode()},
        {"at": 37, "raw": wide932(numbers.text(wide), 40)},
    )[turn % 8])  # fmt: skip


def in_households(numbers, turn):
    """As in the tax file, in the codes of a host."""
    wide, narrow = WIDE[turn % 2], NARROW[turn % 2]
    return flaw(**(
        {"at": 179, "raw": mixed930(numbers.text("full"), 60)},
        {"at": 17, "raw": wide930(numbers.text("full"), 60)},
        {"at": 77, "raw": half930(numbers.text(narrow), 40)},
        {"at": 1, "raw": half930(numbers.padded(), 15)},
        {"at": 179, "raw": half930(numbers.text(narrow), 60)},
        {"at": 133, "raw": half930(numbers.text("half"), 12)},
        {"at": 239, "raw": half930(numbers.text(narrow), 20)},
        {"at": 77, "raw": mixed930(numbers.text(wide), 40)},
    )[turn % 8])  # fmt: skip


def in_assistance(numbers, turn):
    """Any element may hold one."""
    items = ("備考", "氏名", "カナ氏名", "ケース番号", "世帯類型", "宛名番号", "保護開始年月日", "最低生活費")
    item = items[turn % 8]
    text = numbers.padded() if item == "宛名番号" else numbers.text(ALL[turn // 8 % 4])
    return flaw(item=item, text=text)


def in_inquiries(numbers, turn):
    """Any field may hold one."""
    items = ("照会者ユーザーID", "照会者部署コード", "統合宛名番号", "宛名番号", "提供者機関コード", "照会依頼日時")
    item = items[turn % 6]
    padded = item in ("統合宛名番号", "宛名番号")
    return flaw(item=item, text=numbers.padded() if padded else numbers.text(ALL[turn // 6 % 4]))


WRITERS = (
    (tax.write_tax, tax.LANE, "LEVY9001.DAT", in_tax, {}),
    (household.write_households, household.LANE, "SETAI9001", in_households, {}),
    (assistance.write_assistance, assistance.LANE, "ASSIST9001.XML", in_assistance, {}),
    (inquiry.write_inquiries, inquiry.LANE, "P640R110_20260701093000_9001.DAT", in_inquiries, {}),
    (tax.write_tax, tax.LANE, "LEVY9002.DAT", in_tax, {"miscount": 1}),
    (assistance.write_assistance, assistance.LANE, "ASSIST9002.XML", in_assistance, {"closed": False}),
    (household.write_households, household.LANE, "SETAI9002", in_households, {"trailer": False}),
    (inquiry.write_inquiries, inquiry.LANE, "P640R110_20260701093000_9002.DAT", in_inquiries, {"cut": 40}),
)
"""Writer, lane, file name, where the numbers go, and what else is wrong: the last four are held or cut."""


def plant(folder):
    """Writes the files; returns them as (lane, path) with the numbers that they hold."""
    numbers, town, written = Numbers(seeded_numbers(SEED, 10**6), []), Town(SEED), []
    folder.mkdir(parents=True)
    for write, lane, name, place, wrong in WRITERS:
        records = 40 if wrong else RECORDS
        flaws = {number: place(numbers, number) for number in range(1, records + 1) if number % 5}
        write(folder / name, town=town, first=0, records=records, flaws=flaws, **wrong)
        written.append((lane, folder / name))
    return written, numbers.used


def linked_numbers(run):
    """The 個人番号 of the extract: bytes 40 to 51 of its data records."""
    (extract,) = run.manifest.lane("registry-persons")
    raw = extract.path.read_bytes()
    records = [raw[at : at + 64] for at in range(0, len(raw), 64)]
    return [record[39:51].decode() for record in records if record[:1] == b"2" and record[39:51].isdigit()]


def described_persons(run, town):
    """Drops who the registry and the tax system say that 150 more persons are, six of them wrongly; their numbers."""
    numbers, persons = list(seeded_numbers(SEED + 5, 150)), range(2000, 2150)
    for lane, system, slip in ((residents.RESIDENTS, "registry", 0), (residents.SYSTEM_PERSONS, "tax", 1)):
        rows = [
            residents.Row(
                system=system,
                atena=town.atena(system, person),
                number=numbers[(n + slip) % 150 if n < 6 else n],
                unified=town.people.unified(person),
                person=residents.described(town.people, person),
            )
            for n, person in enumerate(persons)
        ]
        path = run.site.folder / "samples" / "planted" / f"{lane}.DAT"
        residents.write_rows(path, rows, records=150, made=date(2026, 7, 1))
        name = {"registry": "RESIDENT1.DAT", "tax": "PERSONS1.DAT"}[system]
        run.drop([Sample(lane=lane, name=name, path=path, records=150, good=150)])
        assert run.wait(lambda _counts: None, deadline=time.monotonic() + 60)
    return numbers


def contents(run):
    """(place, bytes) of every file of the site that is not an original, and of all names."""
    paths = sorted(run.site.folder.rglob("*"))
    yield "the names", "\n".join(path.relative_to(run.site.folder).as_posix() for path in paths).encode()
    for path in paths:
        place = path.relative_to(run.site.folder).as_posix()
        is_original = any(place.startswith(f"{folder}/") for folder in ORIGINALS)
        if path.is_file() and (not is_original or place.endswith(".reason.txt")):
            yield place, path.read_bytes()


def commands(run):
    """(command, output) of everything that an operator can ask about the site."""
    names = {path for _, _, path, _, _ in WRITERS}
    files = [f"F{file.id}" for file in run.store.files(most=1000) if file.name in names]
    each = run.store.exceptions(most=100_000)
    batches = sorted({row.batch_id for row in each})
    shown = [f"E{row.id}" for row in each[::97]]
    questions = [
        ["status"],
        ["files"],
        ["parked", "list"],
        ["parked", "list", "--each"],
        ["link", "conflicts", "--all", "--reveal", "--reason", "search"],
        ["link", "show", "tax", Town(SEED).atena("tax", 2010), "--reveal", "--reason", "search"],
        ["link", "history", "tax", Town(SEED).atena("tax", 2010), "--reveal", "--reason", "search"],
        ["link", "coverage"],
        ["match", "review", "--all"],
        ["match", "again"],
        *(["trace", identifier] for identifier in (*files, f"B{batches[0]}", f"B{batches[-1]}", *shown[:2])),
        *(["parked", "show", identifier] for identifier in shown[:3]),
    ]
    for question, form in itertools.product(questions, ([], ["--json", "--lang", "ja"])):
        done = asked(*question, *form, "--config", run.site.config)
        assert done.exit_code <= 1, done.output  # 1: something waits for a decision
        yield " ".join(question + form), done.output.encode()


def drop_everything(run, written):
    run.drop([sample for sample in run.manifest.samples if not run.is_link(sample)])
    for lane, path in written:
        put(run.drop_folder(lane), path.name, path.read_bytes())
    names = {path.name for _, path in written}
    deadline = time.monotonic() + 60
    while not names <= {file.name for file in run.store.files(most=1000)} and time.monotonic() < deadline:
        time.sleep(0.1)
    settled(run, seconds=SECONDS)
    put(run.drop_folder(tax.LANE), "LEVY9003.DAT", written[0][1].read_bytes())
    while run.refused_files()["LEVY9003.DAT"] == 0 and time.monotonic() < deadline + 30:
        time.sleep(0.1)


@pytest.fixture(params=["local", "rabbitmq"])
def broker(request, tmp_path):
    """(URL, data folder) of a broker whose disk can be read."""
    if request.param == "local":
        yield None, None
        return
    folder = tmp_path / "rabbitmq"
    with PrivateRabbit(folder) as private:
        yield private.url, folder


@pytest.mark.timeout(SECONDS + 150)
def test_no_number_of_the_inputs_is_found_anywhere_afterwards(broker, tmp_path):
    """Broker, ledger, spool, logs, results, parked items, names, the server's account, the operator's commands: 0."""
    url, data = broker
    with started(tmp_path / "site", seed=SEED, scale=0.4, broker=url) as run:
        run.processes.stop()
        run.processes.log_level = "debug"
        for name in ("intake", "worker"):
            run.processes.restart(name)
        written, planted = plant(run.site.folder / "samples" / "planted")
        linked = linked_numbers(run)
        assert len(set(planted)) >= PLANTED
        assert len(set(linked)) >= 400
        links_settled(run)
        described = described_persons(run, Town(SEED))
        search = Leaks({*planted, *linked, *described})
        assert all(search.find(path.read_bytes()) for _, path in written), "the search does not see the inputs"

        drop_everything(run, written)

        found = {place: forms for place, raw in contents(run) if (forms := search.find(raw))}
        found |= {f"kakehashi {asked}": forms for asked, raw in commands(run) if (forms := search.find(raw))}
        account = json.dumps(run.server.account(), ensure_ascii=False).encode()
        if forms := search.find(account):
            found["the server's account"] = forms
        if data is not None:
            raw = {path: path.read_bytes() for path in data.rglob("*") if path.is_file()}
            request = run.store.batches(run.store.files(lane=tax.LANE)[-1].id)[0].request_id.encode()
            assert any(request in each for each in raw.values()), "the broker's messages are not in this folder"
            found |= {str(path.relative_to(data)): forms for path, each in raw.items() if (forms := search.find(each))}
        assert found == {}

        assert all(lane.adds_up for lane in run.store.counts())
        refused = run.store.exceptions(code="VAL-003", most=100_000)
        assert {row.lane for row in refused} == {lane for lane, _ in written}
        assert _quarantined(run) == {("tax-levy", "LEVY0005.DAT"), ("tax-levy", "LEVY9003.DAT")}
        assert [path for path in run.left_behind() if path.is_file()] == []


def _quarantined(run):
    """(lane, name as dropped) of every file in quarantine."""
    found = run.site.exchange.glob("*/in-quarantine/*")
    return {(path.parts[-3], path.name.split(".", 1)[1]) for path in found if not path.name.endswith(".reason.txt")}
