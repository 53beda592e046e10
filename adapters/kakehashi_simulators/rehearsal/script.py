"""「リハーサル手順書」 What a rehearsal does, step by step, and what must come of each: a TOML file."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from kakehashi.errors import ConfigurationError, Fault, Place
from kakehashi_simulators.faults import Faults
from kakehashi_simulators.scenario_file import Inquiry, ScenarioFile

__all__ = ["Expect", "Partner", "Samples", "Script", "Step", "read_partner", "read_script"]

_LETTERS = 200
_Made = TypeVar("_Made", bound=BaseModel)


def _switches(given: dict[str, object]) -> dict[str, object]:
    Faults().set(given)
    return given


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Samples(_Part):
    """Files of invented persons that the legacy simulators write."""

    seed: int = 1
    scale: float = Field(0.05, gt=0)
    faults: bool = True


class Expect(_Part):
    """What must come of a step; what is not said is not looked at. By code: the server's where the server refused,
    else ours. `planted`: what the samples' own list says. `result`: a file beside the script, equal to the byte.
    """

    accepted: int | None = Field(None, ge=0)
    refused: dict[str, int] | None = None
    waiting: dict[str, int] | None = None
    held: dict[str, int] | None = None
    returned: bool | None = None
    result: str | None = None
    planted: bool = False
    provisions: int | None = Field(None, ge=0)


class Step(_Part):
    """One of: `lane` with `files` or `samples` (we drop them), `inquire` (another body asks), `say` (people act), or
    the simulators' behaviour alone. `at`: not before this time of the day, Japan time. `until_provisions`: the step
    ends when so many inquiries wait for our decision; a `say` without it ends when somebody says that it is done.
    """

    name: str = Field(pattern="^[a-z0-9][a-z0-9-]*$")
    title: str = ""
    who: str = "us"
    at: str = Field("", pattern="^(([01][0-9]|2[0-3]):[0-5][0-9])?$")
    lane: str = ""
    files: list[str] = []
    samples: bool = False
    inquire: Inquiry | None = None
    say: str = ""
    until_provisions: int | None = Field(None, ge=1)
    faults: Annotated[dict[str, object], AfterValidator(_switches)] | None = None
    reset_faults: bool = False
    persons: dict[str, list[str]] = {}
    within_seconds: float = Field(120, gt=0)
    expect: Expect = Expect()

    @model_validator(mode="after")
    def _whole(self) -> Step:
        if sum(map(bool, (self.lane, self.inquire, self.say))) > 1:
            raise ValueError("lane, inquire or say: one of them")
        if bool(self.lane) != (bool(self.files) != self.samples):
            raise ValueError("a lane with files or with samples")
        if not (self.lane or self.inquire or self.say or self.faults or self.reset_faults or self.persons):
            raise ValueError("something to do: lane, inquire, say, faults, reset_faults or persons")
        return self

    @property
    def is_ours(self) -> bool:
        """Whether a partner's environment has no part in doing it."""
        return bool(self.lane)


class Script(_Part):
    """`persons` "test": all persons are invented, and evidence shows them; else they are masked there."""

    title: str = Field(min_length=1)
    persons: Literal["test", "masked"] = "masked"
    samples: Samples | None = None
    simulators: ScenarioFile = ScenarioFile()
    step: list[Step] = Field(min_length=1)

    @model_validator(mode="after")
    def _whole(self) -> Script:
        names = [step.name for step in self.step]
        if len(set(names)) < len(names):
            raise ValueError("each step has a name of its own")
        if self.samples is None and any(step.samples or step.expect.planted for step in self.step):
            raise ValueError("a table [samples], which a step wants")
        return self


class _Endpoint(_Part):
    endpoint: str = Field(min_length=1)
    ca: str = ""
    certificate: str = ""
    key: str = ""


class Partner(_Part):
    """「連携試験環境」 Where the other side of a linkage test is reached. Files are relative to its own."""

    name: str = Field(min_length=1)
    agency: str = Field("", pattern="^([0-9]{16})?$")
    server: _Endpoint
    registry: _Endpoint | None = None


def read_script(path: Path) -> Script:
    """Raises ConfigurationError (RHS-001) with all faults, files that are not there included."""
    script = _read(path, Script)
    missing = [
        Fault("RHS-001", Place(file=path.name, item=f"step.{number}"), {"expected": f"the file {Path(name).name}"})
        for number, step in enumerate(script.step)
        for name in (*step.files, *([step.expect.result] if step.expect.result else []))
        if not (path.parent / name).is_file()
    ]
    if missing:
        raise ConfigurationError(missing)
    return script


def read_partner(path: Path) -> Partner:
    """Raises ConfigurationError (RHS-001)."""
    partner = _read(path, Partner)
    return partner.model_copy(
        update={
            side: where.model_copy(
                update={name: str(path.parent / value) for name in ("ca", "certificate", "key")
                        if (value := getattr(where, name))}
            )
            for side in ("server", "registry")
            if (where := getattr(partner, side)) is not None
        }
    )  # fmt: skip


def _read(path: Path, model: type[_Made]) -> _Made:
    place = Place(file=path.name)
    try:
        return model.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError:
        raise ConfigurationError([Fault("RHS-001", place, {"expected": "a file that can be read"})]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise ConfigurationError([Fault("RHS-001", place, {"expected": "TOML in UTF-8"})]) from None
    except ValidationError as error:
        raise ConfigurationError(
            Fault(
                "RHS-001",
                Place(file=path.name, item=".".join(map(str, each["loc"])) or None),
                {"expected": each["msg"][:_LETTERS]},
            )
            for each in error.errors(include_input=False)
        ) from None
