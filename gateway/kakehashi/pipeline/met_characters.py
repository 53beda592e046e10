"""「文字の記録」 What of a batch's characters did not go through as it was, for the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from kakehashi.codec.layout import Codec, Decoded
from kakehashi.codec.unmapped import UnmappedCodes
from kakehashi.domain.character import CharacterTrouble, code_points
from kakehashi.errors import Fault
from kakehashi.pipeline.translation import Translation
from kakehashi.ports.ledger import BatchRow, NewCharacter

__all__ = ["MetCharacters"]


class MetCharacters:
    """Of the batches of one layout. Thread-safe. A fault, a code, one character: never more of a text than that."""

    def __init__(self, codec: Codec) -> None:
        self._unmapped = UnmappedCodes(codec)

    def of(self, row: BatchRow, translation: Translation) -> list[NewCharacter]:
        """Codes without a character, characters that the server does not take, and substitutes in what is sent."""
        held = self.unmapped(row, translation.decoded, translation.faults)
        return [*held, *_outside(translation.faults), *_degraded(translation)]

    def unmapped(self, row: BatchRow, decoded: Decoded, faults: Iterable[Fault]) -> list[NewCharacter]:
        """The codes without a character in the records that such codes refuse."""
        refused = {f.place.record for f in faults if f.code == "DEC-004" and f.place.record is not None}
        return [
            NewCharacter(
                record_no=number,
                item=found.item,
                trouble=CharacterTrouble.UNMAPPED,
                source=found.code,
                # what is sent again stands alone: only its first place is known
                offset=found.offset if row.redrive_of is None else decoded.offsets[position],
                times=found.times,
            )
            for position, number in enumerate(decoded.numbers)
            if number in refused
            for found in self._unmapped.of(decoded.raw(position), offset=decoded.offsets[position])
        ]


def _outside(faults: Iterable[Fault]) -> Iterator[NewCharacter]:
    met: Counter[tuple[int, str, str]] = Counter()
    for fault in faults:
        if fault.code == "MAP-004":
            each = zip(*(str(fault.facts[fact]).split("; ") for fact in ("character", "position")), strict=True)
            for source, places in each:
                met[fault.place.record or 0, fault.place.item or "", source] += 1 + places.count(",")
    for (number, item, source), times in met.items():
        yield NewCharacter(record_no=number, item=item, trouble=CharacterTrouble.OUTSIDE, source=source, times=times)


def _degraded(translation: Translation) -> Iterator[NewCharacter]:
    for draft in translation.drafts:
        for loss in draft.mapped.losses:
            yield NewCharacter(
                record_no=translation.decoded.numbers[draft.position],
                item=loss.item,
                trouble=CharacterTrouble.DEGRADED,
                source=code_points(loss.character),
                target=code_points(loss.substitute),
                times=loss.times,
            )
