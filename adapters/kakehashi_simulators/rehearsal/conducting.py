"""Goes through the steps of a script: drops files, lets the simulators or the partner act, looks at what has come."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from pathlib import Path

from kakehashi_simulators.demo.run import GatewayRun
from kakehashi_simulators.faults import Switches
from kakehashi_simulators.legacy import Manifest, Sample
from kakehashi_simulators.process import RunningSimulator
from kakehashi_simulators.rehearsal.judging import Check, checks, found_of, planted_of, waiting_provisions
from kakehashi_simulators.rehearsal.script import Script, Step
from kakehashi_simulators.rehearsal.state import DONE, Diary, Entry

__all__ = ["Conductor"]

_TICK_SECONDS = 0.25
_JST = timezone(timedelta(hours=9))
_LATE = Check("in time", "yes", "no", holds=False)


@dataclass(slots=True, kw_only=True)
class Conductor:
    """`server`: the simulated one; None where a partner is. `codes`: the server's where they are called otherwise than
    the samples' own list calls them. `done_by`: step → who says that it is done. `ask`: asks
    somebody at the terminal whether a step is done, and gives their name; None where nobody is.
    """

    script: Script
    beside: Path
    diary: Diary
    run: GatewayRun
    server: RunningSimulator | None
    manifest: Manifest | None
    codes: Mapping[str, str] = field(default_factory=dict)
    done_by: dict[str, str] = field(default_factory=dict)
    ask: Callable[[Step], str] | None = None
    tell: Callable[[Entry], None] = lambda _: None

    def go(self) -> None:
        """Until the last step, or one that waits for somebody who is not there."""
        for step, entry in zip(self.script.step, self.diary.entries, strict=True):
            if entry.state in DONE:
                continue
            self._do(step, entry)
            self.diary.save()
            self.tell(entry)
            if entry.state == "open":
                return

    def _do(self, step: Step, entry: Entry) -> None:
        if step.at:
            self._wait_for(step.at)
        began = time.monotonic()
        entry.began = entry.began or _moment()
        self.diary.save()
        self._let_simulators(step, entry)
        made: list[Check] | None
        if step.lane:
            made = self._drop(step, entry, began)
        elif step.say or (step.inquire and self.server is None):
            made = self._until_somebody(step, entry, began)
        else:
            made = self._until_provisions(step, began)
        entry.seconds, entry.ended = round(time.monotonic() - began, 2), _moment()
        if made is None:
            entry.ended = ""
            return
        entry.checks = made
        skipped = self.server is None and not (step.lane or step.say or step.inquire)
        held = all(check.holds for check in made)
        entry.state = "skipped" if skipped else "passed" if held else "failed"

    def _let_simulators(self, step: Step, entry: Entry) -> None:
        if self.server is None:
            if step.faults or step.persons or step.reset_faults:
                entry.note = "the simulators' behaviour is the partner's matter"
            return
        if step.reset_faults:
            self.server.ask("/faults", asdict(Switches()))
        if step.faults:
            self.server.ask("/faults", step.faults)
        if step.persons:
            self.server.set_persons(step.persons)
        if step.inquire:
            self.server.ask("/inquire", step.inquire.model_dump())

    def _drop(self, step: Step, entry: Entry, began: float) -> list[Check]:
        samples = self._samples(step)
        entry.files = [self.run.known_as(sample) for sample in samples]
        self._drop_missing(step.lane, samples)
        in_time = self.run.wait(lambda _: None, deadline=began + step.within_seconds)
        found = found_of(self.run, step.lane, entry.files)
        planted = None
        if step.expect.planted and self.manifest is not None:
            planted = planted_of(self.manifest, samples, self.codes)
        made = checks(
            step.expect, found, planted=planted, provisions=waiting_provisions(self.run),
            result=partial(self.run.result, step.lane), beside=self.beside,
        )  # fmt: skip
        return made if in_time else [*made, _LATE]

    def _samples(self, step: Step) -> Sequence[Sample]:
        if step.samples:
            return () if self.manifest is None else self.manifest.lane(step.lane)
        paths = [self.beside / name for name in step.files]
        return [Sample(lane=step.lane, name=path.name, path=path, records=0, good=0) for path in paths]

    def _drop_missing(self, lane: str, samples: Sequence[Sample]) -> None:
        """A step that goes on after a break drops nothing twice."""
        lies = self.run.lying(lane)
        known = {file.name for file in self.run.store.files(lane=lane, most=1_000_000)} | set(self.run.refused_files())
        there = known | lies
        missing = [sample for sample in samples if self.run.known_as(sample) not in there]
        awaited = [*missing, *self.run.dropped]
        self.run.dropped += [sample for sample in samples if sample not in awaited]  # they are waited for as well
        self.run.drop(missing)

    def _until_somebody(self, step: Step, entry: Entry, began: float) -> list[Check] | None:
        """None while nobody has done it."""
        if step.until_provisions:
            made = self._until_provisions(step, began)
            if not all(check.holds for check in made) and entry.name not in self.done_by:
                return None
            return made
        who = self.done_by.get(step.name) or (self.ask(step) if self.ask else "")
        if not who:
            return None
        entry.note = f"said to be done by {who}"
        return self._until_provisions(step, began)

    def _until_provisions(self, step: Step, began: float) -> list[Check]:
        wanted = step.until_provisions
        if wanted is not None:
            while waiting_provisions(self.run) < wanted and time.monotonic() - began < step.within_seconds:
                time.sleep(_TICK_SECONDS)
        waiting = waiting_provisions(self.run)
        made = checks(step.expect, None, planted=None, provisions=waiting, result=None, beside=self.beside)
        if wanted is not None:
            made.append(Check("provisions waiting", f"at least {wanted}", str(waiting), waiting >= wanted))
        return made

    def _wait_for(self, at: str) -> None:
        """Today's `at` in Japan; one that is past is now."""
        hour, minute = map(int, at.split(":"))
        now = datetime.now(_JST)
        time.sleep(max((now.replace(hour=hour, minute=minute, second=0, microsecond=0) - now).total_seconds(), 0))


def _moment() -> str:
    return datetime.now(UTC).astimezone(_JST).isoformat(timespec="seconds")
