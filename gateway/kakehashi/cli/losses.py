"""What encode lost: substitutes and cuts, told record by record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from kakehashi.cli.context import Session
from kakehashi.codec.text_fit import TextLoss

__all__ = ["Loss", "tell_losses"]

Loss: TypeAlias = tuple[int, TextLoss]
"""The number of the line, and what it lost."""


def tell_losses(session: Session, losses: Sequence[Loss]) -> None:
    """A row each; nothing where nothing is lost."""
    if losses:
        rows = [(number, *loss) for number, loss in losses]
        session.output.rows("Lost", ("record", "item", "what", "from", "to", "times"), rows)
