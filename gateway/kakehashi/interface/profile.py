"""「プロファイル」 Everything about the external interface that the real specification may say otherwise, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, time, timedelta
from pathlib import Path

from kakehashi.domain.data_standard import DataStandard
from kakehashi.domain.interface import Function, ResultClass
from kakehashi.domain.link import LinkEvent
from kakehashi.domain.wire_form import WireForm
from kakehashi.errors import ConfigurationError, Fault
from kakehashi.interface.profile_files import ProfileFiles
from kakehashi.interface.profile_rules import (
    AddressRule,
    Caps,
    InquiryRule,
    MergeRule,
    MessageRule,
    Permission,
    Polling,
    ProvisionRule,
    ProvisionRules,
    RecordRules,
    ResultRule,
    RetryRule,
    SymbolRule,
)
from kakehashi.interface.profile_tables import (
    read_calendar,
    read_degrade,
    read_names,
    read_permissions,
    read_provisions,
    read_reasons,
    read_results,
    read_standards,
)
from kakehashi.interface.service import ServiceHours
from kakehashi.interface.settings_table import SettingsTable

__all__ = ["Profile", "load_profile"]

_ENDS = {"died": LinkEvent.DIED, "moved_out": LinkEvent.MOVED_OUT}
_POLICIES = ("withdraw", "keep")
_ENDED = (*_POLICIES, "release")
_MERGED = (*_POLICIES, "relink")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_RETRIED = {
    "capacity": ResultClass.CAPACITY,
    "closed": ResultClass.CLOSED,
    "unreachable": ResultClass.UNREACHABLE,
    "server_fault": ResultClass.SERVER_FAULT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """「外部インターフェイス・プロファイル」 `standards` by (TM code, version); `inquiry`: the elements of SKI-301."""

    name: str
    form: WireForm
    """How messages are written on the wire, where that differs from our own names."""
    schemas: str
    layout_version: str
    person_key_type: str
    server_agency: str
    results: Mapping[str, ResultRule]
    permissions: frozenset[Permission]
    caps: Caps
    polling: Polling
    inquiries: InquiryRule
    service: ServiceHours
    symbols: SymbolRule
    merges: MergeRule
    suspends_by: str
    """「提供停止」 What becomes of a suspended person's replicas: `withdraw` or `lock`."""
    groups_honoured: bool
    """「世帯単位」 Whether the server registers the records of a group together or not at all."""
    provisions: ProvisionRules
    records: RecordRules
    distributed: timedelta
    """「配信」 How often the server is asked which layouts and code masters it distributes."""
    address: AddressRule
    repertoire: str
    degrade: Mapping[str, str]
    retry: Mapping[ResultClass, RetryRule]
    messages: Mapping[str, MessageRule]
    standards: Mapping[tuple[str, str], DataStandard]
    inquiry: DataStandard

    @property
    def namespace(self) -> str:
        return self.form.namespace

    @property
    def swaps(self) -> bool:
        """Role B: we put 団体内統合宛名番号 in the place of 宛名番号. In role A the next hub does."""
        return self.person_key_type == "unified"

    def polling_of(self, function: Function) -> Polling:
        """How soon and how often a lane of this function asks for results."""
        return self.inquiries.polling if function is Function.SKI else self.polling

    def classify(self, code: str) -> ResultClass | None:
        """The class of a result code; None: not in the map, so an operator decides (SRV-008)."""
        rule = self.results.get(code)
        return rule.result_class if rule else None

    def waits(self, code: str) -> str | None:
        """What becomes of what this code refuses: `symbol`, `household`, `superseded` (a newer one counts),
        `expired`, `split`; or None.
        """
        rule = self.results.get(code)
        return rule.waits if rule else None

    def permits(self, *, department: str, affair: str, procedure: str, info_name: str) -> bool:
        """Default deny: only a row of the permission table allows a combination."""
        return Permission(department, affair, procedure, info_name) in self.permissions


def load_profile(folder: Path, *, as_of: date | None = None) -> Profile:
    """Read `profile.toml` and the tables beside it, and behind them those of its base.

    `as_of`: the day of the permission table; None: no row holds that has days. Raises ConfigurationError with every
    fault.
    """
    files = ProfileFiles.of(folder)
    settings = files.settings()
    profile = _profile(settings, files, as_of)
    faults = settings.finish()
    if faults:
        raise ConfigurationError(faults)
    return profile


def _profile(settings: SettingsTable, files: ProfileFiles, as_of: date | None) -> Profile:
    head = settings.table("profile")
    results = read_results(files.path(settings.table("results").text("map")), settings.faults)
    permissions = read_permissions(files.path(head.text("permissions")), settings.faults, as_of=as_of)
    characters = settings.table("characters")
    standards, inquiry = read_standards(files, settings.faults)
    return Profile(
        name=head.text("name"),
        form=read_names(files.path(head.text("names")), settings.faults, namespace=head.text("namespace")),
        schemas=head.text("schemas"),
        layout_version=head.text("layout_version"),
        person_key_type=head.choice("person_key_type", ("unified", "atena")),
        server_agency=head.text("server_agency"),
        results={
            code: ResultRule(code=code, result_class=ResultClass(number), name=name, waits=waits or None)
            for code, number, name, waits in results
        },
        permissions=frozenset(Permission(*row) for row in permissions),
        caps=_caps(settings.table("caps")),
        polling=_polling(settings.table("polling")),
        inquiries=_inquiries(settings.table("inquiries")),
        service=_service(settings.table("service"), files, settings.faults),
        symbols=_symbols(settings.table("symbols")),
        merges=_merges(settings.table("merges")),
        suspends_by=settings.table("suspend").choice("replicas", ("withdraw", "lock")),
        groups_honoured=settings.table("groups").flag("honoured"),
        provisions=_provisions(settings.table("provisions"), files, settings.faults),
        records=_records(settings.table("records"), files, settings.faults),
        distributed=settings.table("distribution").seconds("interval_seconds"),
        address=AddressRule(**{each.name: settings.table("address").text(each.name) for each in fields(AddressRule)}),
        repertoire=characters.text("repertoire"),
        degrade=read_degrade(files.path(characters.text("degrade")), settings.faults),
        retry={kind: _retry(settings.table("retry").table(name)) for name, kind in _RETRIED.items()},
        messages=_messages(settings.table("messages")),
        standards=standards,
        inquiry=inquiry,
    )


def _caps(table: SettingsTable) -> Caps:
    return Caps(
        records_per_send=table.number("records_per_send", least=1),
        bytes_per_send=table.number("bytes_per_send", least=1),
        connections=table.number("connections", least=1),
        requests_per_second=table.number("requests_per_second"),
    )


def _polling(table: SettingsTable) -> Polling:
    return Polling(
        first=table.seconds("first_seconds"),
        interval=table.seconds("interval_seconds"),
        give_up=table.seconds("give_up_seconds"),
    )


def _inquiries(table: SettingsTable) -> InquiryRule:
    polling = replace(_polling(table), grow=table.number("grow_percent", least=1))
    return InquiryRule(polling=polling, partly=table.seconds("partly_seconds"), result_url=table.flag("result_url"))


def _symbols(table: SettingsTable) -> SymbolRule:
    policies = {event: table.choice(key, _ENDED) for key, event in _ENDS.items()}
    return SymbolRule(
        process_number_lifetime=table.seconds("process_number_lifetime_seconds"),
        first_look=table.seconds("first_look_seconds"),
        rarest_look=table.seconds("rarest_look_seconds"),
        generations=table.number("generations", least=1),
        withdrawn_by=frozenset(event for event, policy in policies.items() if policy != "keep"),
        released_by=frozenset(event for event, policy in policies.items() if policy == "release"),
        registers=table.flag("registers"),
    )


def _merges(table: SettingsTable) -> MergeRule:
    return MergeRule(
        withdraws_symbol=table.choice("symbol", _MERGED) == "withdraw",
        relinks_symbol=table.choice("symbol", _MERGED) == "relink",
        withdraws_replicas=table.choice("replicas", _POLICIES) == "withdraw",
    )


def _provisions(table: SettingsTable, files: ProfileFiles, faults: list[Fault]) -> ProvisionRules:
    rows = read_provisions(files.path(table.text("rules")), faults)
    return ProvisionRules(
        interval=table.seconds("interval_seconds"),
        by_name={
            (info_name, affair): ProvisionRule(permit=permit, deny=deny, department=department)
            for info_name, affair, permit, deny, department in rows
        },
        denials=read_reasons(files.path(table.text("denials")), faults),
    )


def _records(table: SettingsTable, files: ProfileFiles, faults: list[Fault]) -> RecordRules:
    reasons = read_reasons(files.path(table.text("reasons")), faults)
    return RecordRules(keep_years=table.number("keep_years", least=1), reasons=reasons)


def _service(table: SettingsTable, files: ProfileFiles, faults: list[Fault]) -> ServiceHours:
    close = table.clock("close")
    days = frozenset(_DAYS.index(day) for day in table.choices("days", _DAYS))
    calendar = read_calendar(files.path(table.text("calendar")), faults)
    return ServiceHours(open=table.clock("open") or time(), close=close, days=days, calendar=calendar)


def _retry(table: SettingsTable) -> RetryRule:
    return RetryRule(
        attempts=table.number("attempts"), first=table.seconds("first_seconds"), most=table.seconds("most_seconds")
    )


def _messages(table: SettingsTable) -> dict[str, MessageRule]:
    rules = ((id_, table.table(id_)) for id_ in table.names())
    return {
        id_: MessageRule(id=id_, name=rule.text("name"), answer=rule.text("answer"), idempotent=rule.flag("idempotent"))
        for id_, rule in rules
    }
