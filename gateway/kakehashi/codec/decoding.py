"""Reading one slice: every data record becomes a row or has its faults; neighbours never share a fate.

A group that cannot be read takes its members with it, and only them.
"""

from __future__ import annotations

from collections.abc import Sequence

from kakehashi.codec.framing import Frames
from kakehashi.codec.layout import Decoded, Role
from kakehashi.codec.members import Members, first_of_group, members_of
from kakehashi.codec.parts import Parts
from kakehashi.codec.record_plan import Row, read_rows
from kakehashi.domain.batch import BatchBody
from kakehashi.errors import Fault, Place

__all__ = ["decode_slice"]

_Faults = dict[int, list[Fault]]


def decode_slice(parts: Parts, body: BatchBody, *, file: str, first_record: int, offset: int) -> Decoded:
    """See `kakehashi.codec.layout.Codec.decode`."""
    frames = parts.framing.cut(body.data)
    members = None if parts.classifier.single else members_of(parts.types(frames, first=False))
    chosen: Sequence[int] = range(len(frames.payloads)) if members is None else members.data
    payloads = frames.payloads if members is None else [frames.payloads[index] for index in chosen]
    rows, faults = read_rows(parts.data, payloads)
    if members is not None:
        _refuse_unknown(parts, payloads, members, rows, faults, whole=frames.whole)
    if parts.strict_end and not frames.whole and payloads:
        faults[len(payloads) - 1] = [Fault("DEC-002", Place(offset=len(payloads[-1])), {"reason": "no line end"})]
        rows[-1] = None
    starts = _moved_starts(frames.starts, offset) if members is None else [offset + frames.starts[i] for i in chosen]
    placed = {i: [_moved(fault, starts[i]) for fault in found] for i, found in faults.items()}
    if members is not None:
        _append_groups(parts, frames, members, rows, placed, offset=offset)
    _append_header(parts, body.header, rows, placed)
    numbers = range(first_record, first_record + len(rows))
    return Decoded(
        rows=rows,
        numbers=numbers,
        offsets=starts,
        faults=[fault.at(file=file, record=numbers[i]) for i in sorted(placed) for fault in placed[i]],
        raw=lambda index: _alone(parts, body, frames, members, index),
        groups=[] if members is None else first_of_group(members, frames.payloads, first_record),
    )


def _moved_starts(starts: Sequence[int], by: int) -> Sequence[int]:
    """Of each record; without the end behind the last."""
    if isinstance(starts, range):
        return range(starts.start + by, starts.stop + by, starts.step)[:-1]
    return [by + start for start in starts[:-1]]


def _moved(fault: Fault, start: int) -> Fault:
    return fault.at(offset=start + (fault.place.offset or 0))


def _refuse_unknown(
    parts: Parts, payloads: Sequence[bytes], members: Members, rows: list[Row], faults: _Faults, *, whole: bool
) -> None:
    """DEC-009 at the selector, unless the record is too short to have one, or is half a record."""
    start = parts.layout.format.selector_start
    half = len(payloads) - 1 if parts.framing.fixed and not whole else None
    for index in members.unknown:
        short = index == half or parts.classifier.selector(payloads[index]) is None
        if not (short and index in faults):
            faults[index] = [Fault("DEC-009", Place(offset=min(start, len(payloads[index]))))]
        rows[index] = None


def _append_groups(
    parts: Parts, frames: Frames, members: Members, rows: list[Row], faults: _Faults, *, offset: int
) -> None:
    plan = parts.plan(Role.GROUP)
    if plan is None:
        return
    found, damaged = read_rows(plan, [frames.payloads[index] for index in members.groups])
    name = plan.record.name
    for index, group in enumerate(members.group):
        values = None if group is None else found[group]
        row = rows[index]
        if values is None:
            rows[index] = None
            here = offset + frames.starts[members.data[index]]
            start = here if group is None else offset + frames.starts[members.groups[group]]
            why = [Fault("DEC-014", Place(offset=0), {"record": name})] if group is None else damaged[group]
            if group is not None or index not in members.unknown:
                faults.setdefault(index, []).extend(_of(name, _moved(fault, start)) for fault in why)
        elif row is not None:
            rows[index] = row + values


def _append_header(parts: Parts, header: bytes, rows: list[Row], faults: _Faults) -> None:
    """The header is the first record of its file: offsets in it count from there. Of several, nobody knows where."""
    plan = parts.plan(Role.HEADER)
    if plan is None:
        return
    (values,), damaged = read_rows(plan, [header])
    for index, row in enumerate(rows):
        if values is None:
            rows[index] = None
            known = [fault.at(offset=None) for fault in damaged[0]] if parts.layout.groups else damaged[0]
            faults.setdefault(index, []).extend(_of(plan.record.name, fault) for fault in known)
        elif row is not None:
            rows[index] = row + values


def _of(record: str, fault: Fault) -> Fault:
    """The item's name as it stands in the fields of a row."""
    return fault.at(item=f"{record}.{fault.place.item}") if fault.place.item else fault


def _alone(parts: Parts, body: BatchBody, frames: Frames, members: Members | None, index: int) -> BatchBody:
    """Record `index` with its group, as a body that decodes to the same row."""
    wanted = [index if members is None else members.data[index]]
    if members is not None and (group := members.group[index]) is not None:
        wanted.insert(0, members.groups[group])
    most = len(parts.framing.separator)
    ends = (
        (frames.starts[i], min(frames.starts[i] + len(frames.payloads[i]) + most, frames.starts[i + 1])) for i in wanted
    )
    return BatchBody(body.header, b"".join(body.data[start:end] for start, end in ends))
