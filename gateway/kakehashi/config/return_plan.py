"""「結果返却」 What a result file says and where each value comes from, compiled from return.csv."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from kakehashi.codec.compile import compile_encoder
from kakehashi.codec.fitting import Fitting
from kakehashi.codec.layout import Encoder, Item, Layout, Role, Value

__all__ = ["LONGEST_URL", "Drawn", "ReturnContext", "ReturnPlan", "ReturnRecord", "ReturnRow"]


LONGEST_URL: Final = 512
"""Of what the interface allows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnContext:
    """「返却情報」 What is known about one record ($result … $record_no, answers) or about the file ($accepted …).

    `result` is "1" (accepted) or "9"; `code` our code, `server_code` the server's. `date` is yyyymmdd.
    `system`, `atena`, `unified`, `since` (yyyy-mm-dd) and `count` are those of numbers that go back to their system.
    `answers` (SKI) holds item code → text, or several texts where the item repeats; `status` is an InquiryOutcome,
    `url` where the result is instead.
    """

    result: str = ""
    code: str = ""
    server_code: str = ""
    record_no: int = 0
    accepted: int = 0
    refused: int = 0
    waiting: int = 0
    file: str = ""
    date: str = ""
    status: str = ""
    url: str = field(default="", repr=False)
    system: str = ""
    atena: str = ""
    unified: str = ""
    since: str = ""
    count: int = 0
    answers: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)


ReturnRow = Callable[[Sequence[Value] | None, ReturnContext], dict[str, Value]]
"""(row of the legacy record, or None where it could not be read; context) → the items of the return record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnRecord:
    """One record type of the result. `row` raises InputError MAP-001, MAP-002 or DEC-018 with the item's name."""

    name: str
    role: Role
    row: ReturnRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """「回答項目」 A row that takes the item `code` of an answer into `item`; `plain`: as it is. `table`: of codes."""

    code: str
    item: Item
    file: str
    line: int
    table: str
    plain: bool


@dataclass(frozen=True, kw_only=True)
class ReturnPlan:
    """Header, data and trailer of a result file: `encoder.write(record.name, record.row(values, context))`."""

    layout: Layout
    records: tuple[ReturnRecord, ...]
    degrade: Mapping[str, str] = field(default_factory=dict)
    tells_url: bool = False
    """Whether an item, large enough, takes the URL of a result."""
    drawn: tuple[Drawn, ...] = ()

    @cached_property
    def encoder(self) -> Encoder:
        return compile_encoder(self.layout)

    @cached_property
    def fitting(self) -> Fitting:
        """What makes values fit for the encoder, and tells what is lost."""
        return Fitting(self.layout, self.degrade)

    def record(self, role: Role) -> ReturnRecord | None:
        return next((record for record in self.records if record.role is role), None)
