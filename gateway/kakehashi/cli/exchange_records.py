"""exchange-records: what was exchanged about a person, as the server wrote it down; and which of it they are shown."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import click

from kakehashi.cli.context import FAULTS, UNREACHABLE, Session, command
from kakehashi.cli.default_group import DefaultGroup
from kakehashi.cli.link import masked
from kakehashi.cli.output import Cell
from kakehashi.cli.stopping import decision_options, person_of
from kakehashi.cli.withholdings import tell_withholdings
from kakehashi.domain.exchange_record import ExchangeRecord, RecordKind, WithholdingState
from kakehashi.domain.japan_time import JST
from kakehashi.errors import InputError
from kakehashi.pipeline.withholding import Withholding
from kakehashi.ports.exchange_records import NewWithholding, WithholdingRow
from kakehashi.runtime.places import shared
from kakehashi.runtime.record_keeping import kept_since, open_records

__all__ = ["exchange_records", "records_of"]

_day = click.DateTime(["%Y-%m-%d"])
_xsd = click.option("--xsd", type=click.Path(path_type=Path), default=lambda: shared("xsd"), help="Schema folder.")


class _Records(DefaultGroup):
    default = "list"


@click.group(cls=_Records)
def exchange_records() -> None:
    """Records of exchanges 情報提供等記録: `exchange-records PERSON`, `withhold`, `disclose`, `decisions`, `resume`.

    PERSON is SYSTEM:NUMBER or a 団体内統合宛名番号.
    """


@command(exchange_records, "list")
@click.argument("person")
@click.option("--reason", required=True, help="Why you look; kept with your name.")
@click.option("--from", "first", type=_day, help="From this day on; else all that the server keeps.")
@click.option("--to", "last", type=_day, help="Until this day; else today.")
@_xsd
def list_(session: Session, person: str, reason: str, first: datetime | None, last: datetime | None, xsd: Path) -> int:
    """Who got what of PERSON or was asked about them, by day (TKM-501)."""
    if first and last and first > last:
        raise click.UsageError("--from is after --to.")
    key = person_of(session, person, reason=reason)
    found = records_of(session, key, first=first.date() if first else None, last=last.date() if last else None, xsd=xsd)
    reasons = session.configuration.profile.records.reasons
    session.output.rows(
        "Records of exchanges",
        ("record_id", "at", "kind", "counterpart", "affair", "procedure", "information", "outcome", "reference",
         "withheld", "why"),
        [
            (
                each.record_id,
                each.at,
                each.kind,
                each.counterpart,
                each.affair,
                each.procedure,
                each.info_name,
                each.outcome,
                _reference(session, each),
                each.withheld,
                reasons.get(each.withheld or ""),
            )
            for each in found
        ],
    )  # fmt: skip
    return 0


@command(exchange_records, "withhold")
@click.argument("person")
@click.argument("records", nargs=-1, required=True)
@click.option("--code", required=True, help="不開示理由: a code of the profile.")
@_xsd
@decision_options
def withhold(
    session: Session, person: str, records: Sequence[str], code: str, xsd: Path, *, reason: str, yes: bool
) -> int:
    """PERSON is not shown these RECORDS any more (TKM-503)."""
    reasons = session.configuration.profile.records.reasons
    if code not in reasons:
        known = ", ".join(f"{each} {name}" for each, name in sorted(reasons.items()))
        raise click.UsageError(f"--code is one of: {known}")
    return _decided(session, person, records, code, xsd, reason=reason, yes=yes)


@command(exchange_records, "disclose")
@click.argument("person")
@click.argument("records", nargs=-1, required=True)
@_xsd
@decision_options
def disclose(session: Session, person: str, records: Sequence[str], xsd: Path, *, reason: str, yes: bool) -> int:
    """PERSON is shown these RECORDS again."""
    return _decided(session, person, records, None, xsd, reason=reason, yes=yes)


@command(exchange_records, "decisions")
@click.option(
    "--open", "still_open", is_flag=True, help="Only those of which it is not known that the server has them."
)
def decisions(session: Session, *, still_open: bool) -> int:
    """Who decided what about which record, why, and whether the server has it. Exit code 1 while it has one not."""
    rows = session.store.withholdings(still_open=still_open)
    tell_withholdings(session, rows)
    return FAULTS if any(row.state is WithholdingState.OPEN for row in rows) else 0


@command(exchange_records, "resume")
@_xsd
def resume(session: Session, xsd: Path) -> int:
    """Go on with decisions that the server may not have: it is asked first, and nothing is said twice."""
    rows = session.store.withholdings(still_open=True)
    with open_records(session.configuration, session.clock, xsd) as messages:
        office = Withholding(book=session.store, messages=messages, clock=session.clock)
        return _told(session, [office.resume(row) for row in rows])


def records_of(
    session: Session, person: str, *, first: date | None, last: date | None, xsd: Path
) -> list[ExchangeRecord]:
    """By time. Raises ServerError, ConfigurationError."""
    begin = first or kept_since(session.configuration, session.clock)
    end = last or session.clock.now().astimezone(JST).date()
    if begin > end:
        return []
    with open_records(session.configuration, session.clock, xsd) as messages:
        return sorted(messages.records(person, begin, end), key=lambda each: (each.at, each.record_id))


def _decided(
    session: Session, person: str, records: Sequence[str], code: str | None, xsd: Path, *, reason: str, yes: bool
) -> int:
    key, actor = person_of(session, person, reason=reason), getpass.getuser()
    still_open = session.store.withholdings(person=key, still_open=True)
    if any(row.record_id in records and row.withheld != code for row in still_open):
        raise InputError("REC-002")  # before anything is said of the others
    if not yes:
        session.output.object({"done": False, "person": masked(key), "withheld": code, "records": list(records)})
        return 0
    with open_records(session.configuration, session.clock, xsd) as messages:
        office = Withholding(book=session.store, messages=messages, clock=session.clock)
        rows = []
        for record_id in dict.fromkeys(records):
            new = NewWithholding(
                person=key,
                record_id=record_id,
                withheld=code,
                reason=reason,
                actor=actor,
                placed_at=session.clock.now(),
            )
            rows.append(office.decide(new))
        return _told(session, rows)


def _told(session: Session, rows: Sequence[WithholdingRow]) -> int:
    tell_withholdings(session, rows)
    states = {row.state for row in rows}
    if WithholdingState.OPEN in states:
        return UNREACHABLE
    return FAULTS if WithholdingState.REFUSED in states else 0


def _reference(session: Session, record: ExchangeRecord) -> Cell:
    """Our own name of it, as `trace` or `provisions show` takes it; of an inquiry that no lane sent: elsewhere."""
    if record.reference is None:
        return None
    if record.kind is RecordKind.DECIDED:
        known = session.store.known_provisions([record.reference]).get(record.reference)
        return f"P{known.id}" if known else None
    batch = session.store.find_request(record.reference)
    return f"B{batch.id}" if batch else "elsewhere"
