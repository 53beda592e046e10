"""Files as they should not be, dropped into a running gateway (exam E43 to E50).

Each is whole and exactly once in the ledger, or held or refused with a code, a place and a verdict; its neighbours go
on; and no personal number that stood in it stands anywhere else.
"""

import itertools
import os
import re
import subprocess
import sys
import time

import pytest
from tests.acceptance.watching import eventually, kakehashi, links_settled
from tests.faults.dropping import HOUSEHOLD, INQUIRY, SEED, SIZE, TAX, Dropping
from tests.tier import FULL

from kakehashi.domain.batch import FileState
from kakehashi_simulators.demo.run import started
from kakehashi_simulators.legacy.numbers import seeded_numbers

pytestmark = [pytest.mark.xdist_group("faulty-files"), pytest.mark.timeout(1200 if FULL else 300)]

STALL = 600 if FULL else 2.5
LARGEST = 3_000_000
NUMBERS = tuple(seeded_numbers(4343, 8))
WAYS = {TAX: "rename", HOUSEHOLD: "trailer", INQUIRY: "end-marker"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Each way to prove a file complete in a lane of its own; two intakes share the folders."""
    folder = tmp_path_factory.mktemp("files") / "site"
    limits = f"\n[limits]\nfile_bytes = {LARGEST}\nbatch_records = 5\n"
    with started(folder, seed=SEED, scale=0.05, faults=False, result_delay_seconds=0.2, extra=limits) as run:
        links_settled(run)
        for name in list(run.processes.running):
            run.processes.kill(name)
        for lane, way in WAYS.items():
            path = run.site.config / "routes" / lane / "route.toml"
            text = path.read_text(encoding="utf-8")
            path.write_text(text.replace('complete = "rename"', f'complete = "{way}"\narchive_days = 3', 1), "utf-8")
        for name in ("intake", "worker"):
            run.processes.restart(name)
        run.processes.start("second", ("intake",))
        yield Dropping(run)


def told_by_both(site, event, name=None):
    """Of the two intakes that watch the folders."""
    return [line for process in ("intake", "second") for line in site.told(event, name, process)]


@pytest.mark.exam("E43")
def test_a_file_is_not_read_before_its_writer_has_ended(site):
    """A writer that stalls: by rename, end marker or trailer alike nothing is taken before, and then once."""
    names = {TAX: site.name(), HOUSEHOLD: "SETAI43", INQUIRY: "P640R110_43.DAT"}
    contents = {lane: site.content(lane) for lane in names}
    paths = {lane: site.folder(lane) / name for lane, name in names.items()}
    paths[TAX] = paths[TAX].with_name(names[TAX] + ".part")
    writers = [
        subprocess.Popen([sys.executable, "-c", SLOW, paths[lane], str(STALL)], stdin=subprocess.PIPE) for lane in names
    ]
    for writer, content in zip(writers, contents.values(), strict=True):
        writer.stdin.write(content)
        writer.stdin.close()
    until = time.monotonic() + STALL - 0.5
    while time.monotonic() < until:
        assert [site.file(name, lane) for lane, name in names.items()] == [None] * 3
        time.sleep(0.1)
    assert [writer.wait() for writer in writers] == [0] * 3
    paths[TAX].rename(site.folder() / names[TAX])
    assert site.file(names[INQUIRY], INQUIRY) is None
    (site.folder(INQUIRY) / f"{names[INQUIRY]}.end").touch()
    for lane, name in names.items():
        file = site.ended(name, lane)
        assert (file.state, file.size) == (FileState.RETURNED, len(contents[lane]))
    incomplete = told_by_both(site, "file.incomplete", "SETAI43")
    assert {line["code"] for line in incomplete} <= {"DEC-012"}
    assert site.wrong() == []


SLOW = """
import sys, time
content, path, stall = sys.stdin.buffer.read(), sys.argv[1], float(sys.argv[2])
with open(path, "wb") as out:
    out.write(content[:1017])
    out.flush()
    time.sleep(stall)
    out.write(content[1017:])
"""


@pytest.mark.exam("E44")
def test_a_file_cut_off_in_a_record_is_held_with_the_place(site):
    """Its writer died: 0 records applied, the byte told; where the trailer is the proof, it stays where it is."""
    name = site.put(site.content(cut=2 * SIZE + 150))
    file = site.ended(name)
    assert (file.state, file.code) == (FileState.HELD, "DEC-012")
    assert f"byte {10 * SIZE + 250}" in file.why
    assert all(row.attempts == 0 for row in site.run.store.batches(file.id))
    content = site.content(HOUSEHOLD)
    path = site.folder(HOUSEHOLD) / "SETAI44"
    path.write_bytes(content[:-400])
    told = eventually(lambda: told_by_both(site, "file.incomplete", "SETAI44"), what="the incomplete file")
    assert {(line["code"], line["offset"]) for line in told} == {("DEC-012", len(content) - 400)}
    time.sleep(1)
    assert site.file("SETAI44", HOUSEHOLD) is None
    assert path.stat().st_size == len(content) - 400
    assert len(told_by_both(site, "file.incomplete", "SETAI44")) <= 2, "told again although nothing has changed"
    with path.open("ab") as out:
        out.write(content[-400:])
    assert site.ended("SETAI44", HOUSEHOLD).size == len(content)
    assert site.wrong() == []


@pytest.mark.exam("E45")
def test_a_file_whose_count_or_total_is_wrong_is_held_as_a_whole(site):
    """0 records applied; the ledger and the command name both numbers."""
    for options, code in (({"miscount": 2}, "DEC-010"), ({"missum": 5}, "DEC-011")):
        file = site.ended(site.put(site.content(**options)))
        assert (file.state, file.code) == (FileState.HELD, code)
        first, second = map(int, re.findall(r"=(\d+)", file.why)[-2:])
        assert abs(first - second) in (2, 5), file.why
        assert all(row.attempts == 0 for row in site.run.store.batches(file.id))
        shown = kakehashi("files", "--json", "--state", "held", "--config", site.run.site.config)
        assert file.why in shown.stdout
    assert site.wrong() == []


def patched(content, record, at, raw):
    """`raw` at byte `at` of the record (the header is record 0)."""
    start = record * SIZE + at
    return content[:start] + raw + content[start + len(raw) :]


DAMAGED = {
    "a record one byte longer": lambda data: data[: 5 * SIZE] + b" " + data[5 * SIZE :],
    "a record one byte shorter": lambda data: data[: 5 * SIZE - 1] + data[5 * SIZE :],
    "line ends": lambda data: b"\r\n".join(data[at : at + SIZE] for at in range(0, len(data), SIZE)),
    "a byte order mark": lambda data: b"\xef\xbb\xbf" + data,
    "an embedded NUL": lambda data: patched(data, 4, 77, b"\x00"),
    "UTF-8": lambda data: patched(data, 4, 77, "渡辺".encode()),
    "EBCDIC": lambda data: patched(data, 4, 77, "WATANABE".encode("cp037")),
    "a kanji cut in half": lambda data: patched(data, 4, 115, b"\x81\x40"[:1] + b" "),
}


@pytest.mark.exam("E46", "E47")
@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_file_says_where(site, damage):
    """Held with its byte, or single records refused with number and byte; the records around them are accepted."""
    name = site.put(DAMAGED[damage](site.content()))
    file = site.ended(name)
    if file.state is FileState.HELD:
        assert file.code.startswith("DEC-")
        assert "byte " in file.why
    else:
        found = [row for row in site.exceptions(name) if row.code != "REF-002"]
        assert [(row.record_no, row.offset // SIZE) for row in found] == [(4, 4)]
        assert all(row.code.startswith(("DEC-", "MAP-")) for row in found)
    assert site.wrong() == []


@pytest.mark.exam("E46")
def test_an_end_of_file_character_is_no_damage(site):
    """0x1A behind the last record, once or up to the block's end, is the end of the file."""
    for number in (1, 128):
        file = site.ended(site.put(site.content() + b"\x1a" * number))
        assert (file.state, file.records) == (FileState.RETURNED, 10)
    assert site.wrong() == []


@pytest.mark.exam("E46", "E47")
def test_lines_and_host_characters_say_where(site):
    """Mixed line ends, a BOM and wrong bytes in a delimited file; shifts that are not paired in a host file."""
    lines = site.content(INQUIRY)
    second = lines.index(b"\r\n") + 2
    for number, data in enumerate((lines[:second] + lines[second:].replace(b"\r\n", b"\n"), b"\xef\xbb\xbf" + lines)):
        name = f"P640R110_46{number}.DAT"
        site.put(data, name, INQUIRY)
        (site.folder(INQUIRY) / f"{name}.end").touch()
        file = site.ended(name, INQUIRY)
        faults = site.exceptions(name, INQUIRY)
        assert file.why or all(row.record_no and row.offset is not None for row in faults), (file, faults)
        assert file.code or faults
    host = site.content(HOUSEHOLD)
    at = next(at for at in range(260, len(host), 260) if host[at] == 0xF4)
    name = "SETAI47"
    site.put(host[: at + 77] + b"\x0e" * 3 + host[at + 80 :], name, HOUSEHOLD)
    site.ended(name, HOUSEHOLD)
    (fault,) = [row for row in site.exceptions(name, HOUSEHOLD) if row.code == "DEC-020"]
    assert fault.offset // 260 == at // 260
    assert site.wrong() == []


@pytest.mark.exam("E48")
def test_each_form_of_a_second_delivery_has_its_verdict(site):
    """Same name, another name, other bytes, and both at once by two programs: one effect, and an operator sees why."""
    content, first, other = site.content(), site.name(), site.name()
    site.put(content, first)
    original = site.ended(first)
    for name in (first, other):
        site.put(content, name)
        eventually(lambda name=name: site.verdicts(name) == ["REF-001"], what=f"the verdict on {name}")
    site.put(site.content(), first)
    eventually(lambda: site.file(first).id != original.id, what="the other file of that name")
    content, names = site.content(), [site.name(), site.name()]
    twins = [
        subprocess.Popen([sys.executable, "-c", TWIN, site.folder(), name], stdin=subprocess.PIPE) for name in names
    ]
    for twin in twins:
        twin.stdin.write(content)
    for twin in twins:
        twin.stdin.close()
    for twin in twins:
        assert twin.wait() == 0
    eventually(lambda: sum(map(len, map(site.verdicts, names))) == 1, what="one verdict")
    eventually(lambda: sum(site.file(name) is not None for name in names) == 1, what="one file")
    shown = kakehashi("files", "--refused", "--json", "--config", site.run.site.config).stdout
    assert all(name in shown for name in (first, other))
    assert f'"F{original.id}"' in shown
    site.quiet()
    assert site.wrong() == []


TWIN = """
import os, sys
folder, name = sys.argv[1:]
with open(f"{folder}/.{name}", "wb") as out:
    out.write(sys.stdin.buffer.read())
os.rename(f"{folder}/.{name}", f"{folder}/{name}")
"""


@pytest.mark.exam("E49")
def test_what_is_no_plain_file_is_not_opened(site, tmp_path):
    """Links, pipes, devices, folders, second names: aside with a verdict; nothing hangs, nothing outside is read."""
    (tmp_path / "secret").write_bytes(site.content())
    trap = tmp_path / "trap"
    os.mkfifo(trap)  # who opens it for reading waits for ever
    made = {}
    for make in (
        lambda path: path.symlink_to(tmp_path / "secret"),
        lambda path: path.symlink_to(trap),
        lambda path: path.symlink_to("/dev/zero"),
        os.mkfifo,
        lambda path: path.mkdir(),
        lambda path: os.link(tmp_path / "secret", path),
        *([lambda path: os.mknod(path, 0o020600, os.makedev(1, 5))] if os.geteuid() == 0 else []),
    ):
        name = site.name()
        make(site.folder() / name)
        made[name] = eventually(lambda name=name: site.verdicts(name), what=f"the verdict on {name}")
    assert set(map(tuple, made.values())) == {("REF-005",)}
    assert site.ended(site.put(site.content())).state is FileState.RETURNED
    assert [site.file(name) for name in made] == [None] * len(made)
    assert site.wrong() == []


@pytest.mark.exam("E49")
def test_files_that_are_replaced_all_the_time_are_taken_whole(site, tmp_path):
    """Renamed over by other files, links and pipes between look and claim: whole files are taken, each content once."""
    contents = [site.content(records=3) for _ in range(6)]
    name, outside = site.name(), tmp_path / "outside"
    outside.write_bytes(site.content(records=3))
    until, hidden = time.monotonic() + 2, site.folder() / ".swap"
    for turn in itertools.cycle(range(9)):
        if turn < 6:
            hidden.write_bytes(contents[turn])
        elif turn < 8:
            hidden.symlink_to(outside)
        else:
            os.mkfifo(hidden)
        hidden.rename(site.folder() / name)
        if time.monotonic() > until:
            break
    (site.folder() / name).unlink(missing_ok=True)
    eventually(lambda: site.left() == [], what="an empty folder")
    site.quiet()
    taken = [row for row in site.run.store.files(lane=TAX, most=1000) if row.name == name]
    assert {row.size for row in taken} == {len(contents[0])}
    assert all(row.state is FileState.RETURNED for row in taken)
    assert site.wrong() == []


HOSTILE = [b"LEVY\n.DAT", b"LEVY\x1b[31m.DAT", b"LEVY%2e%2e.DAT", "LEVY税.DAT".encode("cp932"),
           b"LEVY" + b"x" * 247 + b".DAT", "LEVY\u202e.DAT".encode(), b"LEVY..\\x.DAT", b"LEVY\x7f.DAT"]  # fmt: skip


@pytest.mark.exam("E50")
def test_a_hostile_name_goes_aside_with_one_line(site):
    """Moved aside under a harmless name with its reason, once in the log, escaped; none climbs out of the folder."""
    before = len(told_by_both(site, "file.refused"))
    aside = len(site.in_quarantine())
    for name in HOSTILE:
        (site.folder() / os.fsdecode(name)).write_bytes(b"x")
    eventually(lambda: site.left() == [], what="an empty folder")
    eventually(lambda: len(told_by_both(site, "file.refused")) == before + len(HOSTILE), what="a line for each")
    assert all(line["file"].isascii() and line["file"].isprintable() for line in told_by_both(site, "file.refused"))
    assert len(site.in_quarantine()) == aside + 2 * len(HOSTILE)
    assert all(name.isprintable() for name in site.in_quarantine())
    assert site.wrong() == []


@pytest.mark.exam("E52")
def test_a_file_above_the_limit_is_refused_within_a_second(site):
    """Its size alone refuses it: 4 GiB are not read."""
    hidden, name = site.folder() / ".large", site.name()
    with hidden.open("wb") as out:
        out.truncate(4 << 30)
    hidden.rename(site.folder() / name)
    began = time.monotonic()
    eventually(lambda: site.verdicts(name) == ["REF-008"], seconds=10, what="the verdict")
    assert time.monotonic() - began <= 1
    (lies,) = [path for path in site.folder().with_name("in-quarantine").iterdir() if path.name.endswith(name)]
    lies.unlink()
    assert site.wrong() == []


def test_taken_files_are_kept_as_they_came(site):
    """archive_days: the bytes lie in a folder of the day, under the file's name; duplicates and held files too."""
    content = site.content()
    name = site.put(content)
    site.ended(name)
    kept = [path for path in site.folder().with_name("in-archive").rglob("*") if path.name.endswith(name)]
    assert [path.read_bytes() for path in kept] == [content]


@pytest.mark.exam("E44", "E45", "E46", "E47", "E48")
def test_no_number_of_a_bad_file_stands_anywhere_else(site):
    """Personal numbers in a held file, in a refused record and in a duplicate: not in logs, ledger, spool, queue."""
    names = []
    for number, options in zip(NUMBERS, ({}, {"miscount": 1}, {"cut": 900}, {}), strict=False):
        wide = number.translate({ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"}).encode("cp932")
        names.append(site.put(patched(site.content(**options), 3, 359, wide + b"\x81\x40" * 8)))
    for name in names:
        site.ended(name)
    assert "VAL-003" in {row.code for row in site.exceptions(names[0])}
    assert site.leaks(NUMBERS) == {}
    assert site.wrong() == []
