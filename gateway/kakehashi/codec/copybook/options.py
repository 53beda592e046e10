"""How records of a copybook are read and written: everything that the copybook does not say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kakehashi.codec.code_table import CodeTable

__all__ = ["Controls", "Filler", "Nil", "Odo", "Options", "Segment", "Trim"]


class Trim(StrEnum):
    """Spaces that text loses. `right` means the side that the item is padded on: the left of a JUSTIFIED one."""

    NONE = "none"
    LEFT = "left"
    RIGHT = "right"
    BOTH = "both"


class Odo(StrEnum):
    """OCCURS DEPENDING ON: the table takes its maximum; what follows moves up; or that, and the record is filled up
    to its greatest length.
    """

    MAX = "max"
    SHIFTED = "shifted"
    PADDED = "padded"


class Controls(StrEnum):
    """What becomes of control characters in text, such as the low-values that some programs fill it with."""

    KEEP = "keep"
    SPACE = "space"
    DROP = "drop"


class Filler(StrEnum):
    """Which FILLERs are values: none, groups that hold named items, elementary ones, or all."""

    DROP = "drop"
    GROUPS = "groups"
    VALUES = "values"
    KEEP = "keep"


class Nil(StrEnum):
    """What a number made of blanks, low-values or high-values is: a fault, nothing, or zero."""

    REFUSE = "refuse"
    NIL = "nil"
    ZERO = "zero"


@dataclass(frozen=True, slots=True)
class Segment:
    """Where the item holds `value`, of the items that redefine one another `group` is the one that counts."""

    item: str
    value: str
    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Every default loses nothing that a value can hold. `None`: by the copybook's dialect and the charset.

    `low_values` NIL makes text of nothing but X'00' None, too; `invalid` is about any other content that is no number;
    `items` holds these four for single items, `encodings` the charsets of items that have another, `truncate` those
    whose text may lose its end when it is written (fitted.FittedCodec). `short`: items behind the end of a record are
    None. `keep_bytes`: the record's bytes travel under `_bytes`, and what was not changed is written back from them.
    `written`: DISPLAY numbers may be written as text. `occurs`: texts of a counting item → number of occurrences.
    """

    encoding: str = "cp932"
    gaiji: tuple[CodeTable, ...] = ()
    trim: Trim = Trim.RIGHT
    odo: Odo = Odo.MAX
    occurs: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    filler: Filler = Filler.DROP
    filler_after: bool = False
    segments: tuple[Segment, ...] = ()
    floats: str | None = None
    overpunch: str | None = None
    native: str | None = None
    blanks: Nil = Nil.REFUSE
    low_values: Nil = Nil.REFUSE
    high_values: Nil = Nil.REFUSE
    invalid: Nil = Nil.REFUSE
    items: Mapping[str, Mapping[str, Nil]] = field(default_factory=dict)
    encodings: Mapping[str, str] = field(default_factory=dict)
    truncate: frozenset[str] = frozenset()
    written: bool = False
    controls: Controls = Controls.KEEP
    short: bool = False
    keep_bytes: bool = False
    root: bool = False
