"""A running body whose registry tells of lives: numbers are issued here, symbols come when hours have passed."""

import json
from datetime import date, timedelta

from tests.acceptance.watching import asked, eventually

from kakehashi.domain.batch import RecordState
from kakehashi.domain.identifiers import UnifiedAtenaNumber
from kakehashi.runtime.bootstrap import plugin
from kakehashi_simulators.legacy.manifest import Sample
from kakehashi_simulators.legacy.numbers import seeded_numbers
from kakehashi_simulators.legacy.residents import RESIDENTS, Row, described, write_rows
from kakehashi_simulators.legacy.tax import LANE, write_tax
from kakehashi_simulators.legacy.town import Town

SEED = 20261128
SETTINGS = """
[symbols]
acquire = "all"
residents = "registry"
[links]
mode = "link-only"
numbers = { tax = "registry" }
"""
PROFILE = {
    "first_look_seconds = 60": "first_look_seconds = 1",
    "rarest_look_seconds = 3600": "rarest_look_seconds = 1",
}
HOURS = 3 * 3600


def quick(config):
    """The gateway asks after symbols every second."""
    path = config / "profiles" / "std-2026" / "profile.toml"
    text = path.read_text(encoding="utf-8")
    for old, new in PROFILE.items():
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


class LifeSite:
    """Tax uses the registry's 宛名番号. Person n has the n-th number; `spare` ones are for changes."""

    def __init__(self, run):
        self.run, self.files = run, 0
        self.store, self.links = plugin("stores", "sqlite")(run.configuration.gateway.store.url)
        self.town = Town(SEED, {"tax": "registry"})
        self.numbers = list(seeded_numbers(SEED + 9, 60))
        self.out = run.configuration.return_folder(run.configuration.routes[RESIDENTS])
        run.registry.ask("/scenario", {"delay_seconds": float(HOURS), "outcome": "linked", "times": 1, "refuse": ""})
        run.server.set_persons({"no-symbol": [UnifiedAtenaNumber.issued("9", serial) for serial in range(1, 60)]})

    def close(self):
        self.links.close()
        self.store.close()

    # What the systems write
    def row(self, person, event="01", **changes):
        made = Row(
            system="registry",
            atena=changes.pop("atena", self.town.atena("registry", person)),
            number=changes.pop("number", self.numbers[person]),
            person=changes.pop("described", described(self.town.people, person)),
            since=changes.pop("since", "20261101"),
            event=event,
        )
        assert not changes
        return made

    def registry(self, *rows):
        """An extract; returns its name when its result is there."""
        name = self.registry_unwatched(*rows)
        eventually(lambda: self.file(name).state == "returned", what=f"the result of {name}")
        return name

    def registry_unwatched(self, *rows):
        """An extract, while the one who takes it in may die."""
        self.files += 1
        made = date(2026, 7, 1) + timedelta(days=self.files)
        name = f"RESIDENT{self.files:03d}.DAT"
        self._drop(RESIDENTS, name, len(rows), lambda path: write_rows(path, rows, records=len(rows), made=made))
        return name

    def tax(self, person, *, atena=None):
        """A record about the person, under the registry's 宛名番号 or another."""
        self.files += 1

        def write(path):
            write_tax(path, town=self.town, first=person, records=1)
            raw = path.read_bytes().replace(b"20260701083000", b"20260701083%03d" % self.files)
            path.write_bytes(
                raw.replace(self.town.atena("tax", person).encode(), (atena or self.number(person)).encode())
            )

        name = f"LEVY{self.files:04d}.DAT"
        self._drop(LANE, name, 1, write)
        eventually(lambda: self.outcome(name), what=f"the outcome of {name}")
        return name

    def number(self, person):
        return self.town.atena("registry", person)

    def _drop(self, lane, name, records, write):
        path = self.run.site.folder / "samples" / name
        write(path)
        self.run.drop([Sample(lane=lane, name=name, path=path, records=records, good=records)])

    def file(self, name):
        return next((file for file in self.run.store.files(most=1000) if file.name == name), _NONE)

    # What has become of it
    def outcome(self, name):
        """accepted, or the states and codes of its records that are not."""
        (batch, *_) = self.run.store.batches(self.file(name).id) or [None]
        if batch is None or batch.state not in ("settled", "discarded"):
            return None
        return [(row.state.value, row.code) for row in self.run.store.exceptions_of(batch.id)] or "accepted"

    def person(self, person, *, atena=None):
        """The 団体内統合宛名番号 behind the number, None where it stands for nobody or is frozen."""
        atena = atena or self.number(person)
        return self.links.resolve("registry", [atena]).get(atena)

    def symbols(self, unified):
        """(state, whose move, code) of each acquisition of the person, by the operator's command."""
        return [
            (row["state"], row["whose_move"], row["code"])
            for row in self.ask("symbols", "list", "--person", unified)[1]
        ]

    def until(self, unified, *states):
        def reached():
            return self.states(unified) == list(states)

        eventually(reached, what=f"the symbol: {states}")

    def states(self, unified):
        return [row.what.state.value for row in self.run.store.acquisitions(person=unified)]

    def history(self, atena):
        """(what, from, until, cause) of the number, by the operator's command."""
        lines = self.ask("link", "history", "registry", atena, "--reason", "test")[1]
        return [(each["what"], each["since"], each["until"], each["cause"]) for each in lines if "what" in each]

    def accepted(self, unified):
        """How often the server has taken something about the person."""
        return sum(effect["person"] == unified for effect in self.run.server.effects())

    def until_accepted(self, unified, times=1):
        eventually(lambda: self.accepted(unified) == times, what="the replica")

    def linked(self, person):
        """The network answers: hours have passed."""
        self.run.registry.ask("/clock", {"advance_seconds": HOURS})
        eventually(lambda: self.states(person)[-1] == "linked", what="the symbol")

    def parked(self, name):
        (row,) = self.run.store.exceptions_of(self.run.store.batches(self.file(name).id)[0].id)
        return f"E{row.id}" if row.state is RecordState.PARKED else None

    def told(self):
        """What the registry was told: 宛名番号 → the numbers, in the order of the files."""
        found = {}
        for path in sorted(self.out.glob("NUMBERS*.DAT")):
            for line in path.read_text("cp932").splitlines():
                if line.startswith("2"):
                    found.setdefault(line[1:16], []).append(line[16:31])
        return found

    def refusals(self, name):
        """(code, record) of the result that the registry gets."""
        text = (self.out / name.replace(".DAT", ".RES")).read_text("cp932")
        return [(line[24:32].strip(), int(line[32:40])) for line in text.splitlines()]

    def ask(self, *words):
        done = asked(*words, "--json", "--config", self.run.site.config)
        return done.exit_code, [json.loads(line) for line in done.output.splitlines() if line.startswith("{")]


class _Nothing:
    state = "new"
    id = 0


_NONE = _Nothing()
