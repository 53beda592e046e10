"""「シナリオファイル」 What the simulators do, by time and by count of messages: one TOML file, faults told at once."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from kakehashi_simulators.conduct import Conduct, Scenario
from kakehashi_simulators.faults import Faults
from kakehashi_simulators.persons import STATES
from kakehashi_simulators.record_rules import RecordRule
from kakehashi_simulators.service_hours import read_hours

__all__ = [
    "Act",
    "Inquiry",
    "Replicas",
    "Rule",
    "ScenarioError",
    "ScenarioFile",
    "ServerPart",
    "read_scenario",
    "replicas_of",
    "rules_of",
    "scenario_of",
]

_SHORT = 200
"""Letters of a value's expectation that are told."""


_Made = TypeVar("_Made", bound=BaseModel)


class ScenarioError(ValueError):
    """`faults`: (place in the file, what is expected there), all of them."""

    def __init__(self, faults: Sequence[tuple[str, str]]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{place}: {expected}" for place, expected in self.faults))


def _switches(given: dict[str, object]) -> dict[str, object]:
    Faults().set(given)
    return given


def _conduct(given: dict[str, object]) -> dict[str, object]:
    Scenario(Conduct(delay_seconds=0.0)).set(given)
    return given


def _states(given: dict[str, list[str]]) -> dict[str, list[str]]:
    if unknown := set(given) - {*STATES, "linked"}:
        raise ValueError(f"a state is one of {' '.join(STATES)} linked; not known: {len(unknown)}")
    return given


def _hours(given: dict[str, list[str]]) -> dict[str, list[str]]:
    read_hours(given)
    return given


_Switches = Annotated[dict[str, object], AfterValidator(_switches)]
_Conduct = Annotated[dict[str, object], AfterValidator(_conduct)]
_States = Annotated[dict[str, list[str]], AfterValidator(_states)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ServerPart(_Part):
    """The intermediate server as it stands. What is None is the program's option. `hours`: by day; empty: always."""

    records_cap: int | None = Field(None, ge=1)
    connections: int | None = Field(None, ge=1)
    requests_per_second: int | None = Field(None, ge=0)
    result_delay_seconds: float | None = Field(None, ge=0)
    hours: Annotated[dict[str, list[str]], AfterValidator(_hours)] = {}


class Rule(_Part):
    """As of `RecordRule`."""

    code: str = Field(pattern="^[0-9]{4}$")
    item: str | None = Field(None, pattern="^[A-Z][0-9]{4}$")
    messages: str = Field("", pattern="^([A-Z]{3}(-[0-9]{3})?)?$")
    persons: str = Field("*", pattern=r"^(\*?[0-9]{1,15}|\*)$")
    info: str = Field("", pattern="^(TM[0-9]{14})?$")
    every: int = Field(1, ge=1)
    times: int = Field(0, ge=0)

    def made(self) -> RecordRule:
        return RecordRule(**self.model_dump())


class Inquiry(_Part):
    """Another body asks about `persons` (keys, `*7`: of those with a replica that end so; at most `most`)."""

    persons: list[str] = Field(min_length=1)
    info: str = Field(pattern="^TM[0-9]{14}$")
    within_seconds: float = Field(7 * 24 * 3600.0, gt=0)
    most: int = Field(100, ge=1)


class Replicas(_Part):
    """Replicas of persons (`*7`: all that end so) and an information. `sequence`: of those that nobody sent."""

    persons: list[str] = Field(min_length=1)
    info: str = Field(pattern="^TM[0-9]{14}$")
    unit: str = Field("", max_length=20)
    sequence: str = Field("0" * 17 + "1", pattern="^[0-9]{18}$")


class Act(_Part):
    """「段階」 What happens at a moment: so many seconds after the start, or with so many messages that begin with
    `message`, whichever is said.
    """

    title: str = ""
    after_seconds: float | None = Field(None, ge=0)
    after_messages: int | None = Field(None, ge=1)
    message: str = Field("", pattern="^([A-Z]{3}(-[0-9]{3})?)?$")
    side: Literal["server", "registry"] = "server"
    faults: _Switches | None = None
    reset_faults: bool = False
    persons: _States | None = None
    rules: list[Rule] | None = None
    registry: _Conduct | None = None
    inquire: Inquiry | None = None
    lose: Replicas | None = None
    plant: Replicas | None = None
    advance_seconds: float = Field(0, ge=0)

    @model_validator(mode="after")
    def _whole(self) -> Act:
        if (self.after_seconds is None) == (self.after_messages is None):
            raise ValueError("after_seconds or after_messages is expected, one of them")
        of_the_server = (self.persons, self.rules, self.inquire, self.lose, self.plant)
        if self.side == "registry" and any(each is not None for each in of_the_server):
            raise ValueError("the registry has faults, registry and advance_seconds alone")
        if self.side == "server" and self.registry is not None:
            raise ValueError('registry needs side = "registry"')
        return self


class ScenarioFile(_Part):
    """How the simulators begin, and what happens then."""

    title: str = ""
    server: ServerPart = ServerPart()
    faults: _Switches = {}
    persons: _States = {}
    registry: _Conduct = {}
    registry_faults: _Switches = {}
    rule: list[Rule] = []
    step: list[Act] = []

    def rules(self) -> list[RecordRule]:
        return [rule.made() for rule in self.rule]


def read_scenario(path: Path) -> ScenarioFile:
    """Raises ScenarioError with everything that is wrong, a file that is missing or no TOML included."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise ScenarioError([("", "a file that can be read")]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise ScenarioError([("", "TOML in UTF-8")]) from None
    return scenario_of(data)


def scenario_of(data: Mapping[str, object]) -> ScenarioFile:
    """Raises ScenarioError."""
    return _checked(ScenarioFile, data)


def replicas_of(given: Mapping[str, object]) -> Replicas:
    """Raises ScenarioError."""
    return _checked(Replicas, given)


def _checked(model: type[_Made], data: Mapping[str, object]) -> _Made:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        faults = [(".".join(map(str, each["loc"])), each["msg"][:_SHORT]) for each in error.errors(include_input=False)]
        raise ScenarioError(faults) from None


def rules_of(given: Mapping[str, object]) -> list[RecordRule]:
    """{"rules": […]}. Raises ScenarioError."""
    return scenario_of({"rule": given.get("rules")}).rules()
