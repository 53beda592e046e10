"""A running site whose files are good, bad and hostile: what is dropped there, what became of it, and its oracles."""

import itertools
import os
import time

from tests.acceptance.watching import eventually, logged, put
from tests.faults.leaks import Leaks
from tests.faults.site import stat_fields

from kakehashi.domain.batch import FileState
from kakehashi_simulators.legacy.household import write_households
from kakehashi_simulators.legacy.inquiry import write_inquiries
from kakehashi_simulators.legacy.tax import write_tax
from kakehashi_simulators.legacy.town import Town

SEED = 20261128
TAX, HOUSEHOLD, INQUIRY = "tax-levy", "registry-household", "welfare-inquiry"
SIZE = 400
STAMP = b"20260701083000"
_WRITERS = {TAX: write_tax, HOUSEHOLD: write_households, INQUIRY: write_inquiries}


class Dropping:
    """One site. Each file that it makes has bytes that no other has."""

    def __init__(self, run):
        self.run, self.town, self.count = run, Town(SEED), itertools.count(1)

    def content(self, lane=TAX, *, records=10, **options):
        path = self.run.site.folder / "samples" / "made"
        number = next(self.count)
        _WRITERS[lane](path, town=self.town, first=0 if lane == TAX else number, records=records, **options)
        content = path.read_bytes()
        path.unlink()
        return content.replace(STAMP, b"2026070108%04d" % number, 1) if lane == TAX else content

    def name(self):
        return f"LEVY{next(self.count):04d}.DAT"

    def folder(self, lane=TAX):
        return self.run.drop_folder(lane)

    def put(self, content, name=None, lane=TAX):
        name = name or self.name()
        put(self.folder(lane), name, content)
        return name

    def file(self, name, lane=TAX):
        """The newest file of that name in the ledger, or None."""
        return next((row for row in self.run.store.files(lane=lane, most=100_000) if row.name == name), None)

    def taken(self, name, lane=TAX, seconds=30):
        return eventually(lambda: self.file(name, lane), seconds=seconds, what=f"{name} in the ledger")

    def ended(self, name, lane=TAX, seconds=60):
        """The file, when it is held, or settled and its result returned."""
        states = (FileState.RETURNED, FileState.HELD)

        def done():
            row = self.file(name, lane)
            return row if row and row.state in states else None

        return eventually(done, seconds=seconds, what=f"the end of {name}")

    def verdicts(self, name):
        return [row.code for row in self.run.store.refusals(most=100_000) if row.name == name]

    def told(self, event, name=None, process="intake"):
        return [line for line in logged(self.run, process, event) if name in (None, line.get("file"))]

    def exceptions(self, name, lane=TAX):
        file = self.file(name, lane)
        return [row for row in self.run.store.exceptions(lane=lane, most=100_000) if row.file_id == file.id]

    def in_quarantine(self, lane=TAX):
        folder = self.folder(lane).with_name("in-quarantine")
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []

    def left(self, lane=TAX):
        """Names of what still lies in the drop folder or in somebody's hands."""
        work = self.folder(lane).with_name(".in-work")
        claimed = [path.name for path in work.rglob("*") if path.is_file() and path.suffix != ".lease"]
        return sorted(path.name for path in self.folder(lane).iterdir()) + claimed

    def quiet(self, seconds=90):
        """Nothing is in hand or in work any more."""
        busy = (FileState.WORKING, FileState.SETTLED)
        eventually(
            lambda: not any(row.state in busy for row in self.run.store.files(most=100_000)),
            seconds=seconds,
            what="quiet",
        )

    def wrong(self, *, dead=()):
        """What the oracles L and T find, in words."""
        account = self.run.server.account()
        counts = self.run.store.counts()
        checks = {
            f"L: {counts}": all(lane.adds_up for lane in counts),
            f"L: left in the folders {self.left()}": self.left() == [],
            f"T: {account}": account["twice"] == account["conflicts"] == account["repeats"] == 0,
            f"dead: {self.run.processes.dead()}": self.run.processes.dead() == list(dead),
            f"E: {self.told('gateway.failed')}": self.told("gateway.failed") == [],
        }
        return [fault for fault, well in checks.items() if not well]

    def leaks(self, numbers):
        """Oracle P: where any of the numbers stands outside what holds originals."""
        search = Leaks(numbers)
        site = self.run.site
        places = [*site.logs.rglob("*"), *(site.folder / "spool").rglob("*"), *(site.folder / "store").rglob("*")]
        places += [
            *(site.folder / "broker").rglob("*"),
            *site.exchange.rglob("*.reason.txt"),
            *site.exchange.glob("*/out/*"),
        ]
        return {
            str(path.relative_to(site.folder)): found
            for path in places
            if path.is_file() and (found := search.find(path.read_bytes()))
        }

    def processor_share(self, process="intake", seconds=3):
        """How much of one processor the process takes, 0 to 1."""
        pid = self.run.processes.running[process].pid
        before = _ticks(pid)
        time.sleep(seconds)
        return (_ticks(pid) - before) / os.sysconf("SC_CLK_TCK") / seconds


def _ticks(pid):
    fields = stat_fields(pid)
    return int(fields[11]) + int(fields[12])
