"""「番号紐付け」 From 宛名番号 to 団体内統合宛名番号, a batch at once; the extract that fills the links.

The only room of the core where a 個人番号 exists: it comes in as text of a registry extract and leaves sealed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from kakehashi.codec.layout import Value
from kakehashi.config.model import LinkPlan
from kakehashi.domain.identifiers import AtenaNumber, InvalidIdentifier, UnifiedAtenaNumber
from kakehashi.domain.individual_number import IndividualNumber
from kakehashi.errors import Fault
from kakehashi.ports.links import LinkReader, LinkRow, LinkStore
from kakehashi.ports.sealer import Sealer

__all__ = ["identify", "link_extract", "number_context"]


def number_context(unified: str) -> str:
    """What a sealed 個人番号 is bound to."""
    return f"individual-number/{unified}"


def identify(
    links: LinkReader, system: str, atena: Sequence[Value]
) -> tuple[list[str | None], list[tuple[int, Fault]]]:
    """One look-up for all of `atena`. Returns the unified numbers (None where there is none) and the faults by
    position: IDN-004 for what cannot be a 宛名番号, IDN-001 for one that is not linked. None in, None out.
    """
    faults: list[tuple[int, Fault]] = []
    numbers: list[str | None] = []
    for position, value in enumerate(atena):
        if value is None:
            numbers.append(None)
            continue
        text = str(value)
        if text.isascii() and text.isdigit() and len(text) <= 15:
            numbers.append(text.zfill(15))
        else:
            numbers.append(None)
            faults.append((position, Fault("IDN-004", facts={"term": AtenaNumber.term})))
    linked = links.resolve(system, sorted({number for number in numbers if number}))
    unified = [linked.get(number) if number else None for number in numbers]
    faults.extend(
        (position, Fault("IDN-001")) for position, number in enumerate(numbers) if number and number not in linked
    )
    return unified, faults


def link_extract(
    links: LinkStore,
    sealer: Sealer,
    rows: Iterable[tuple[int, tuple[Value, ...]]],
    plan: LinkPlan,
    *,
    now: datetime,
) -> list[tuple[int, Fault]]:
    """Seal and store the links of (position, row) pairs; returns the faults by position: IDN-002, IDN-003, IDN-004."""
    faults: list[tuple[int, Fault]] = []
    positions: list[int] = []
    accepted: list[LinkRow] = []
    for position, row in rows:
        try:
            accepted.append(_link_row(sealer, row, plan))
            positions.append(position)
        except InvalidIdentifier as error:
            faults.append((position, error.fault))
    conflicts = links.link(accepted, now=now)
    faults.extend((positions[index], Fault("IDN-003")) for index in conflicts)
    return faults


def _link_row(sealer: Sealer, row: tuple[Value, ...], plan: LinkPlan) -> LinkRow:
    unified = UnifiedAtenaNumber(str(row[plan.unified] or "").zfill(15))
    system, atena = str(row[plan.system]), AtenaNumber(str(row[plan.atena] or ""))
    digits = row[plan.number] if plan.number is not None else None
    if digits is None:
        return LinkRow(system=system, atena=atena, unified=unified)
    number = IndividualNumber(str(digits))
    return LinkRow(
        system=system,
        atena=atena,
        unified=unified,
        blind=sealer.digest(number.reveal()),
        number=sealer.seal(number.reveal().encode(), context=number_context(unified)),
    )
