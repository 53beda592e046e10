"""「シナリオ進行」 Plays the steps of a scenario file: each once, when its time or its message has come."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from kakehashi_simulators.scenario_file import Act, ScenarioFile, scenario_of

__all__ = ["Stage"]

_LOOK_SECONDS = 0.1


class Stage:
    """The steps of one `side`. `perform` does one, and raises ValueError where it cannot. Thread-safe."""

    def __init__(
        self,
        scenario: ScenarioFile,
        *,
        side: Literal["server", "registry"],
        perform: Callable[[Act], None],
        begin: Callable[[ScenarioFile], None],
        messages: Callable[[], Mapping[str, Mapping[str, int]]],
    ) -> None:
        self._side = side
        self._perform = perform
        self._begin = begin
        self._messages = messages
        self._lock = threading.RLock()
        self._open(scenario)

    def play(self, given: Mapping[str, object]) -> object:
        """POST /play: another scenario, from its beginning. Raises ValueError with all its faults."""
        scenario = scenario_of(given)
        with self._lock:
            self._open(scenario)
        return self.state()

    def go_on(self) -> None:
        """For ever; in a thread of its own."""
        while True:
            self.look()
            time.sleep(_LOOK_SECONDS)

    def look(self) -> None:
        """Do what is due."""
        with self._lock:
            for number, act in enumerate(self._acts):
                if number not in self._done and self._due(act):
                    self._done[number] = self._performed(act)

    def counted(self) -> None:
        """A message was counted: do what waits for its number, before it is answered."""
        if any(act.after_messages is not None for act in self._acts):
            self.look()

    def state(self) -> dict[str, object]:
        """GET /play: title, seconds since the beginning, and of each step whether it was done, and when."""
        with self._lock:
            steps = [
                {"title": act.title or f"step {number + 1}", "after_seconds": act.after_seconds,
                 "after_messages": act.after_messages, "message": act.message, "done": self._done.get(number)}
                for number, act in enumerate(self._acts)
            ]  # fmt: skip
            return {"title": self._title, "seconds": round(time.monotonic() - self._began, 1), "steps": steps}

    def _open(self, scenario: ScenarioFile) -> None:
        self._title = scenario.title
        self._acts: Sequence[Act] = [act for act in scenario.step if act.side == self._side]
        self._done: dict[int, str] = {}
        self._began = time.monotonic()
        self._before = {key: sum(codes.values()) for key, codes in self._messages().items()}
        self._begin(scenario)

    def _due(self, act: Act) -> bool:
        if act.after_seconds is not None:
            return time.monotonic() - self._began >= act.after_seconds
        counts = self._messages().items()
        fitting = (
            sum(codes.values()) - self._before.get(key, 0) for key, codes in counts if key.startswith(act.message)
        )
        return sum(fitting) >= (act.after_messages or 0)

    def _performed(self, act: Act) -> str:
        """When, as Japan time; whether it could not be done."""
        moment = time.strftime("%H:%M:%S", time.gmtime(time.time() + 9 * 3600))
        try:
            self._perform(act)
        except ValueError:
            return f"{moment} not possible"
        return moment
