"""「ファイル保留」 A whole file of links is looked at before anything of it counts."""

from __future__ import annotations

from dataclasses import dataclass

from kakehashi.codec.layout import Split
from kakehashi.config.model import Route
from kakehashi.domain.batch import BatchBody
from kakehashi.pipeline.holding import looking_now
from kakehashi.ports.clock import Clock
from kakehashi.ports.files import SourceFile
from kakehashi.ports.links import LinkStore
from kakehashi.ports.sealer import Sealer

__all__ = ["LinkGate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkGate:
    """「一括保留判定」 Holds the files of one LINK route whose rows do not agree with what is known."""

    route: Route
    links: LinkStore
    sealer: Sealer
    clock: Clock

    def code(self, file: SourceFile, split: Split) -> str | None:
        """IDN-010 where more rows mismatch than may; None where the file may go on. Raises StoreError."""
        mismatches, now = 0, self.clock.now()
        linking = looking_now(self.route, self.links, self.sealer, now=now)
        with file.open() as stream:
            for part in split.slices:
                stream.seek(part.offset)
                body = BatchBody(split.header_of(part), stream.read(part.length))
                decoded = self.route.codec.decode(
                    body, file=file.name, first_record=part.first_record, offset=part.offset
                )
                rows = ((position, row) for position, row in enumerate(decoded.rows) if row is not None)
                mismatches += linking.mismatches(rows, now=now)
        exceeded = linking.plan.exceeded(mismatches, records=split.records)
        return "IDN-010" if exceeded else None
