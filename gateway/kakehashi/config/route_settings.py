"""system.toml and route.toml as types. Positions are 1-based, as vendors write them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal, Self, get_args

from pydantic import Field, Strict, model_validator

from kakehashi.config.settings import RetrySettings, Settings

__all__ = [
    "AsOfSettings",
    "ControlSettings",
    "ErrorListSettings",
    "ExpectSettings",
    "GaijiSettings",
    "HouseholdSettings",
    "LayoutSettings",
    "LinkRouteSettings",
    "MappingSettings",
    "NextMappingSettings",
    "NoticeEvent",
    "NoticeSettings",
    "RecordSettings",
    "ReturnSettings",
    "RouteLimits",
    "RouteSettings",
    "SelectorSettings",
    "SourceSettings",
    "SystemSettings",
    "WriteBackSettings",
]

NoticeEvent = Literal[
    "linked",
    "moved-in",
    "non-resident",
    "naturalised",
    "moved-out",
    "died",
    "changed",
    "ended",
    "released",
    "described",
]


class GaijiSettings(Settings):
    """「外字表」 What the codes of a system's own characters mean."""

    file: str = Field(min_length=1, description="The table in the system's folder: .csv, .xlsx or .json")
    charset: str = Field("", description="Whose codes they are; empty: of the system's charset")
    selector: Literal["hd", "aj1"] = Field("hd", description="Which column of variation selectors counts")


class AsOfSettings(Settings):
    """「基準日時」 As of when an extract was made (Japan's time): items of its header, or its name."""

    items: Annotated[tuple[str, ...], Strict(strict=False)] = Field(
        (), max_length=2, description="Items of the header: a date, and a time of day (hhmm or hhmmss) if there is one"
    )
    name: str = Field(
        "", description="Pattern of the file's name, as `LEVY%Y%m%d%H%M.DAT` (%Y %m %d %H %M %S); without a time: 00:00"
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.items) == bool(self.name):
            msg = "items or name"
            raise ValueError(msg)
        return self


class SourceSettings(Settings):
    """Where the files of a lane come from: a folder or a queue, not both."""

    folder: str = Field("", description="Watched folder; relative to `folders.exchange` of gateway.toml")
    queue: str = Field("", description="Queue of the broker whose messages are files")
    pattern: str = Field("*", min_length=1, description="Names that are taken (shell pattern)")
    complete: Literal["rename", "end-marker", "trailer", "stable"] = Field(
        "rename",
        description="Proof of completeness: written under another name and renamed, an end marker beside it, its own "
        "trailer, or unchanged for `stable_seconds` and then its trailer as well (both need a layout with a trailer or "
        "end record, or XML)",
    )
    end_marker: str = Field(".end", min_length=1, description="What the end marker's name adds to the file's")
    as_of: AsOfSettings | None = Field(
        None,
        description="Every file is an extract 「一括」 that says as of when it was made: its records never overwrite "
        "what came in after that time, however late the extract comes in itself",
    )
    stable_seconds: int = Field(30, ge=1, description="How long a file must be unchanged under `stable`")
    archive_days: int = Field(
        0,
        ge=0,
        description="Keep taken files, as their system wrote them, in `<folder>-archive` for so many days; 0: only the "
        "sealed spool keeps them",
    )
    lease_seconds: int = Field(
        60, ge=5, description="Files of a process that shows no sign of life for so long go to another one"
    )

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if bool(self.folder) == bool(self.queue):
            msg = "folder or queue"
            raise ValueError(msg)
        return self


class SelectorSettings(Settings):
    """Where a record says its type."""

    start: int = Field(ge=1, description="First byte (fixed) or column (delimited), from 1")
    length: int = Field(1, ge=1, description="Bytes")


class RecordSettings(Settings):
    """「レコード種別」 One record type of the layout table."""

    name: str = Field(min_length=1, description="As in the layout's column `record`")
    role: Literal["header", "group", "data", "trailer", "end"] = Field(description="What it is for")
    selector: str | None = Field(None, description="Content of the selector that marks it")


class ControlSettings(Settings):
    """「コントロール合計」 An item that must equal a count or a sum."""

    record: str = Field(min_length=1, description="Record type that holds it")
    item: str = Field(min_length=1, description="Its name")
    sum_of: str | None = Field(None, description="Item of the data records that is summed; absent: their count")


class LayoutSettings(Settings):
    """How the files of a lane are written."""

    file: str = Field("layout.csv", min_length=1, description="The layout table, .csv or .xlsx")
    kind: Literal["fixed", "delimited", "xml"] = Field("fixed", description="How records are written")
    recfm: Literal["F", "FB", "line"] = Field(
        "F", description="Fixed: without separators, the same in blocks, or lines"
    )
    record_length: int | None = Field(None, ge=1, description="Bytes of a record; checked against the items")
    separator: Literal["crlf", "lf", "cr", "nel", "any"] = Field(
        "crlf",
        description="Line end of line and delimited files; nel: of EBCDIC; any: what stands behind the first record, "
        "which is nothing where all have one length; CRLF is written",
    )
    charset: str = Field("", description="Charset; empty: that of the system")
    shift: Literal["embedded", "implied", "none"] = Field("embedded", description="SO/SI policy of host charsets")
    selector: SelectorSettings | None = Field(None, description="Where a record says its type")
    records: Annotated[tuple[RecordSettings, ...], Strict(strict=False)] = Field(
        (), description="The record types; may be left out when the table has one"
    )
    controls: Annotated[tuple[ControlSettings, ...], Strict(strict=False)] = Field(
        (), description="Counts and control totals"
    )
    several_groups: bool = Field(
        False, description="Header, data and trailer may come several times in a file, each with its own controls"
    )
    root_element: str = Field("", description="XML: the root")
    record_element: str = Field("", description="XML: the element that is one record, a child of the root")
    delimiter: str = Field(",", min_length=1, max_length=1, description="Delimited: between columns")
    heading_lines: int = Field(0, ge=0, description="Delimited: lines of headings before the first record")
    quote: str = Field("", max_length=1, description="Delimited: around values; empty: never")


class NextMappingSettings(Settings):
    """「版の切替え」 The version by which batches begin from a day on. Those that began before finish on theirs."""

    version: str = Field(pattern=r"^[0-9]+$", description="版 of the data standard")
    valid_from: Annotated[date, Strict()] = Field(description="From 00:00 JST of this day batches begin with it")
    file: str = Field("", description="Its mapping table; empty: that of the version before it")


class HouseholdSettings(Settings):
    """「世帯定義」 The records after a group record are one household: they go out in one version, or none does.

    Names of items; those of the group record as `RECORD.ITEM`.
    """

    relation: str = Field(min_length=1, description="続柄 of a record; steps one after the other where it repeats")
    head: str = Field(min_length=1, description="The relation that says 世帯主: exactly one record has it")
    name: str = Field("", description="The person's name; with `head_name`: the head's must equal that")
    head_name: str = Field("", description="世帯主氏名, of the group record; empty: not compared")
    count: str = Field("", description="世帯人員: must equal the records that register; empty: not compared")

    @model_validator(mode="after")
    def _both_names(self) -> Self:
        if bool(self.name) != bool(self.head_name):
            msg = "name and head_name, or neither"
            raise ValueError(msg)
        return self


class MappingSettings(Settings):
    """What the records become."""

    file: str = Field("mapping.csv", min_length=1, description="The mapping table, .csv or .xlsx")
    info_name: str = Field(
        "", pattern=r"^(TM[0-9]{14})?$", description="特定個人情報名コード of the data standard; DBM only"
    )
    version: str = Field("1", pattern=r"^[0-9]+$", description="版 of the data standard")
    next: Annotated[tuple[NextMappingSettings, ...], Strict(strict=False)] = Field(
        (), description="DBM: the versions that follow, each from its day on, in the order of their days"
    )
    household: HouseholdSettings | None = Field(
        None, description="DBM, layouts with a group record: its records are one household; absent: each is its own"
    )


class ReturnSettings(LayoutSettings):
    """「結果返却」 The result file: a layout table whose rows also say where each value comes from."""

    file: str = Field("return.csv", min_length=1, description="The return table, .csv or .xlsx")
    folder: str = Field("", description="Where results go; relative to `folders.exchange`; empty: no results")
    queue: str = Field("", description="Queue of the broker that they go to instead, one message a file")
    pattern: str = Field(
        "{stem}.result",
        min_length=1,
        description="Name of the result; `{stem}`, `{suffix}`, `{date}`, `{serial}`, `{part}`",
    )
    include: Literal["all", "refused"] = Field("all", description="Which records it tells of")
    most: int = Field(
        0,
        ge=0,
        description="So many records of the file a result; what is more goes into further ones, `{part}` says which",
    )
    own_numbers: Annotated[tuple[str, ...], Strict(strict=False)] = Field(
        (),
        description="SKI: items of answers that hold a 団体内統合宛名番号; the system gets its own number in its place",
    )

    names: ClassVar = ("stem", "suffix", "date", "serial", "part")

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.folder and self.queue:
            msg = "folder or queue"
            raise ValueError(msg)
        return self


class ErrorListSettings(ReturnSettings):
    """「エラー一覧」 The records that were not accepted, in a file of their own."""

    file: str = Field("errors.csv", min_length=1, description="The table, as that of `return`; .csv or .xlsx")
    pattern: str = Field("{stem}.errors", min_length=1, description="Name of the list; as that of `return`")
    include: Literal["all", "refused"] = Field("refused", description="Which records it tells of")


class WriteBackSettings(LayoutSettings):
    """「番号返却」 The file that tells a system the 団体内統合宛名番号 that we issued for its 宛名番号."""

    file: str = Field("numbers.csv", min_length=1, description="The table, as that of `return`; .csv or .xlsx")
    folder: str = Field(min_length=1, description="Where the files go; relative to `folders.exchange`")
    pattern: str = Field(
        "NUMBERS{serial}.DAT",
        pattern=r"\{serial\}",
        description="Name of a file; `{serial}`, which must be there, and `{date}`",
    )
    most: int = Field(10_000, ge=1, le=100_000, description="Most numbers of one file")

    names: ClassVar = ("serial", "date")


class NoticeSettings(LayoutSettings):
    """「宛名通知」 The file that tells a system what befell the persons for whom its numbers stand."""

    file: str = Field(
        "notices.csv", min_length=1, description="The table, as that of a route's `return`; .csv or .xlsx"
    )
    folder: str = Field(min_length=1, description="Where the files go; relative to `folders.exchange`")
    pattern: str = Field(
        "NOTICE{serial}.DAT",
        pattern=r"\{serial\}",
        description="Name of a file; `{serial}` (of the system, without gaps), which must be there, and `{date}`",
    )
    events: Annotated[tuple[NoticeEvent, ...], Strict(strict=False)] = Field(
        get_args(NoticeEvent), min_length=1, description="What it is told; `described`: name, address, disclosure"
    )
    most: int = Field(1000, ge=1, le=100_000, description="Most notices of one file")
    every_seconds: int = Field(60, ge=0, le=86_400, description="At the earliest so long after a file the next is made")
    most_untaken: int = Field(
        100,
        ge=0,
        description="While so many files lie in the folder, no further one is made; 0: its reader leaves them there",
    )

    names: ClassVar = ("serial", "date")


class SystemSettings(Settings):
    """「既存業務システム」 systems/SYSTEM/system.toml"""

    name: str = Field(min_length=1, description="The folder's name")
    title: str = Field("", description="What people call it")
    owner: str = Field("", description="The department that answers for its data")
    charset: str = Field("cp932", min_length=1, description="Charset of its files, where a layout names none")
    gaiji: Annotated[tuple[GaijiSettings, ...], Strict(strict=False)] = Field(
        (), description="Its 外字 tables; what a later one says of a code holds over what an earlier one says"
    )
    notices: NoticeSettings | None = Field(
        None, description="宛名通知: what it is told of its persons; absent: nothing"
    )
    degrade: str = Field(
        "", description="縮退表 of the way back, in its folder: what stands in results for characters its charset lacks"
    )


class LinkRouteSettings(Settings):
    """What the attributes of a LINK route are for."""

    reference: bool = Field(
        default=False,
        description="The four attributes of these records are those with which all others are compared: the registry's",
    )


class RouteLimits(Settings):
    """Sizes of this lane where they differ from the gateway's."""

    batch_records: int | None = Field(None, ge=1, le=10_000, description="Records of one batch")
    connections: int | None = Field(
        None,
        ge=1,
        le=256,
        description="Most batches of the lane in work side by side, in each worker; absent: all of "
        "`server.connections`, or half of them when its batches take long and other lanes have work",
    )


class ExpectSettings(Settings):
    """「着信予定」 When files of this lane should have come. Without it, nobody is called when none comes."""

    by: str = Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="Japan time, as `09:00`")
    days: Annotated[tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...], Strict(strict=False)] = Field(
        ("mon", "tue", "wed", "thu", "fri"), min_length=1, description="Weekdays on which files are expected"
    )
    holidays: Literal["free", "expected"] = Field(
        "free", description="Whether files are expected on the holidays of the profile's calendar"
    )
    within_hours: int = Field(12, ge=1, le=744, description="Files count that came so many hours before `by`, or later")
    files: int = Field(1, ge=1, description="Files that must have come")
    records: int = Field(1, ge=0, description="Records that these files must hold together")


class RouteSettings(Settings):
    """「連携経路」 routes/ROUTE/route.toml"""

    lane: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", description="The folder's name; also the lane's")
    system: str = Field(min_length=1, description="Folder under `systems/`")
    function: Literal["DBM", "SKI", "LINK"] = Field(
        description="Replica registration, inquiry, or our own registry extract that fills the link store"
    )
    title: str = Field("", description="What people call it")
    urgent: bool = Field(
        False,
        description="Its batches overtake those of all lanes that are not, at every stage; each worker keeps a "
        "connection for them",
    )
    urgent_protection: int = Field(
        0,
        ge=0,
        le=100_000,
        description="DBM: of a file of up to so many records, batches with one that may not be disclosed "
        "(`@non_disclosure`) overtake all lanes that are not urgent; never of an extract",
    )
    source: SourceSettings = Field(description="Where its files come from")
    layout: LayoutSettings = Field(LayoutSettings(), description="How its files are written")
    mapping: MappingSettings = Field(MappingSettings(), description="What its records become")
    link: LinkRouteSettings = Field(LinkRouteSettings(), description="LINK: what its attributes are for")
    returns: ReturnSettings | None = Field(None, alias="return", description="The result file")
    errors: ErrorListSettings | None = Field(None, description="The list of what was not accepted")
    write_back: WriteBackSettings | None = Field(
        None, description="LINK, where we issue the numbers: the file of numbers for the route's system"
    )
    retry: RetrySettings = Field(RetrySettings(), description="Limits by result class where they differ")
    limits: RouteLimits = Field(RouteLimits(), description="Sizes where they differ")
    expect: ExpectSettings | None = Field(None, description="When its files should have come")
