"""A hall whose systems are told of their persons, by the table that the how-to page shows."""

import re
import shutil
from datetime import timedelta
from pathlib import Path

from tests.unit.pipeline.conftest import Recorder
from tests.unit.pipeline.persons import Hall

from kakehashi.config.loader import load
from kakehashi.runtime.notifying import notifyings
from kakehashi.runtime.outage import Quiet
from kakehashi.runtime.places import shared
from kakehashi.testing.memory_clock import MemoryClock
from kakehashi.testing.memory_files import MemorySink

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "tell-systems-of-changes.md"
CLASS_3 = '[links]\nmode = "full"\n'


def subscription(system="tax", **changes):
    """The table of the page, for `system`; `changes` of its keys."""
    text = re.search(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL).group(1)
    first, rest = text.replace("tax-notices", f"{system}-notices").split("\n", 1)
    return "\n".join([first, *(f"{key} = {value}" for key, value in changes.items()), rest])


def subscribe(config, system="tax", **changes):
    """In a folder of configuration."""
    with (config / "systems" / system / "system.toml").open("a", encoding="utf-8") as file:
        file.write("\n" + subscription(system, **changes))
    if system != "tax":
        shutil.copy(config / "systems" / "tax" / "notices.csv", config / "systems" / system / "notices.csv")


def notices_of(raw):
    """(宛名番号, event, day, disclosure, code, number, name, address) of each data record of a file."""
    lines = [line for line in raw.splitlines() if line[:1] == b"2"]
    assert all(len(line) == 300 for line in raw.splitlines())
    cuts = ((1, 16), (16, 29), (29, 37), (37, 45), (45, 52), (52, 62), (116, 156), (156, 276))
    return [tuple(line[a:b].decode("cp932").strip(" \u3000") for a, b in cuts) for line in lines]


class Told(Hall):
    """Its sinks by system."""

    def __init__(self, tmp_path, links=CLASS_3, *, systems=("tax",), **changes):
        super().__init__(tmp_path, links=links)
        shutil.copytree(shared("config"), tmp_path / "config")
        for system in systems:
            subscribe(tmp_path / "config", system, every_seconds=0, **changes)
        self.configuration = load(tmp_path / "config", overlay=tmp_path / "overlay.toml")
        self.sinks, self.events, self.batches = {}, Recorder(), 0
        self.notifying = notifyings(
            self.configuration,
            lambda folder: self.sinks.setdefault(folder.parts[-2].removesuffix("-notices"), MemorySink()),
            links=self.links,
            sealer=self.sealer,
            clock=self.clock,
            events=self.events,
            quiet=Quiet(MemoryClock()),
        )

    def extract(self, lane, rows, *, batch_id=None):
        self.batches += 1
        return super().extract(lane, rows, batch_id=batch_id or self.batches)

    def tell(self):
        """Everything that can be written, second by second."""
        written = 0
        for _ in range(20):
            self.clock.advance(timedelta(seconds=1))
            written += sum(each.run_once() for each in self.notifying)
        return written

    def told(self, system="tax"):
        """All notices in the order of the files."""
        files = self.sinks[system].files
        return [notice for name in sorted(files) for notice in notices_of(files[name])]

    def number(self, person, system="tax"):
        return self.row(person, system=system).atena.zfill(15)
