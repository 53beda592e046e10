"""Every error of the gateway: one exception tree, one catalogue of codes.

```
KakehashiError                 carries a Fault: code + place, never a value from a record
├─ ConfigurationError          all faults of a configuration at once
├─ InputError                  a file, record or item that cannot be read
├─ BrokerError
│  ├─ BrokerUnavailable        not connected; the effect of the call is unknown
│  ├─ BrokerBlocked            memory or disk alarm; nothing was taken
│  │  └─ QueueRefused          one queue is full; others may take
│  └─ BrokerMisconfigured      wrong queue arguments, rights, missing queue
├─ StoreError
│  ├─ StoreUnavailable         locked, unreachable, full
│  ├─ StoreCorrupt             refuses to start
│  ├─ DuplicateContent         the same bytes were taken before
│  └─ Overtaken                the lease on a file has ended: another process takes it
├─ ServerError
│  ├─ ServerUnreachable        surely not delivered
│  ├─ OutcomeUnknown           may have been delivered: ask before sending again
│  └─ ServerRefused            answered, but not with a message of the interface
├─ FolderUnavailable           a folder of files cannot be used now: gone, read-only, full
└─ SealError                   a sealed body cannot be opened: key, route or bytes differ
```

A foreign exception's text never travels inside one of these: it may hold personal values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from kakehashi.catalogue import PROBLEMS, Problem

__all__ = [
    "BrokerBlocked",
    "BrokerError",
    "BrokerMisconfigured",
    "BrokerUnavailable",
    "ConfigurationError",
    "DuplicateContent",
    "Fault",
    "FolderUnavailable",
    "InputError",
    "KakehashiError",
    "OutcomeUnknown",
    "Overtaken",
    "Place",
    "QueueRefused",
    "SealError",
    "ServerError",
    "ServerRefused",
    "ServerUnreachable",
    "StoreCorrupt",
    "StoreError",
    "StoreUnavailable",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a fault is: file name, record number (1-based), item name, absolute byte offset (0-based)."""

    file: str | None = None
    record: int | None = None
    item: str | None = None
    offset: int | None = None

    def __str__(self) -> str:
        parts = (
            self.file,
            f"record {self.record}" if self.record is not None else None,
            f"item {self.item}" if self.item is not None else None,
            f"byte {self.offset}" if self.offset is not None else None,
        )
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Fault:
    """One problem: a catalogued code, its place, and safe facts (lengths, codes, names; never values)."""

    code: str
    place: Place = field(default_factory=Place)
    facts: Mapping[str, str | int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.code not in PROBLEMS:
            msg = f"uncatalogued error code {self.code}"
            raise LookupError(msg)

    @property
    def problem(self) -> Problem:
        return PROBLEMS[self.code]

    def at(self, **place: str | int | None) -> Fault:
        """The same fault with the named parts of its place filled in."""
        return replace(self, place=replace(self.place, **place))  # type: ignore[arg-type]  # checked by Place

    def text(self, language: str = "en") -> str:
        """One line for people: where, what, the facts, what to do."""
        problem = self.problem
        what, remedy = (problem.ja, problem.remedy_ja) if language == "ja" else (problem.en, problem.remedy_en)
        facts = ", ".join(f"{name}={value}" for name, value in self.facts.items())
        where = str(self.place)
        head = f"{where}: {self.code} {what}" if where else f"{self.code} {what}"
        return f"{head} ({facts}). {remedy}" if facts else f"{head}. {remedy}"

    def __str__(self) -> str:
        return self.text()


class KakehashiError(Exception):
    """The root: `fault` says what and where; the text is made of nothing else."""

    default_code = "GEN-001"

    def __init__(self, fault: Fault | str | None = None, **facts: str | int) -> None:
        if not isinstance(fault, Fault):
            fault = Fault(fault or self.default_code, facts=facts)
        self.fault = fault
        super().__init__(str(fault))


class ConfigurationError(KakehashiError):
    """`faults` holds everything that is wrong, in the order of the files."""

    default_code = "CFG-001"

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(self.faults[0] if self.faults else None)

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)


class InputError(KakehashiError):
    """Bytes that the declared layout cannot read."""

    default_code = "DEC-001"


class BrokerError(KakehashiError):
    default_code = "BRK-001"


class BrokerUnavailable(BrokerError):
    default_code = "BRK-002"


class BrokerBlocked(BrokerError):
    default_code = "BRK-003"


class QueueRefused(BrokerBlocked):
    """One queue takes nothing: it is full, or its nodes are no majority. Others may."""

    default_code = "BRK-008"


class BrokerMisconfigured(BrokerError):
    default_code = "BRK-004"


class StoreError(KakehashiError):
    default_code = "STO-001"


class StoreUnavailable(StoreError):
    default_code = "STO-002"


class StoreCorrupt(StoreError):
    default_code = "STO-003"


class DuplicateContent(StoreError):
    """`original` is the id of the file that brought the same bytes first."""

    default_code = "REF-001"

    def __init__(self, original: int) -> None:
        self.original = original
        super().__init__(original=original)


class Overtaken(StoreError):
    default_code = "FIL-003"


class ServerError(KakehashiError):
    default_code = "SRV-001"


class ServerUnreachable(ServerError):
    default_code = "SRV-002"


class OutcomeUnknown(ServerError):
    default_code = "SRV-003"


class ServerRefused(ServerError):
    """The server (or something before it) answered with HTTP status `status` and no interface message."""

    default_code = "SRV-004"

    def __init__(self, *, status: int, retry_after: int | None = None) -> None:
        self.status = status
        self.retry_after = retry_after
        super().__init__(status=status)


class FolderUnavailable(KakehashiError):
    default_code = "FIL-001"


class SealError(KakehashiError):
    default_code = "SEC-001"
