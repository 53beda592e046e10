"""「符号の異動」 What the server is told of persons: registered (FGU-101), made one (FGU-141), released (FGU-151)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from kakehashi.domain.interface import Header
from kakehashi.interface.header import close_message, open_message
from kakehashi.interface.markup import safe_text

__all__ = ["registration_request", "release_request", "relink_request"]


def registration_request(header: Header, persons: Sequence[tuple[str, date]]) -> bytes:
    """FGU-101: 団体内統合宛名番号, each with the day from which it stands for somebody; never a 個人番号."""
    bodies = [
        f"<PersonKey>{safe_text(person)}</PersonKey><ValidFrom>{since.isoformat()}</ValidFrom>"
        for person, since in persons
    ]
    return _listed(header, bodies)


def relink_request(header: Header, former: str, heir: str, *, undo: bool, ordered_at: datetime) -> bytes:
    """FGU-141: what is `former`'s symbol is `heir`'s, or is not after all. `ordered_at`: of two the later counts."""
    sequence = int(ordered_at.timestamp() * 1_000_000)
    body = (
        f"<PersonKey>{safe_text(heir)}</PersonKey><FormerKey>{safe_text(former)}</FormerKey>"
        f"<Operation>{'undo' if undo else 'relink'}</Operation><Sequence>{sequence:018d}</Sequence>"
    )
    return _listed(header, [body])


def release_request(header: Header, person: str) -> bytes:
    """FGU-151: symbol and number belong together no longer, nor does what is under way for them."""
    return _listed(header, [f"<PersonKey>{safe_text(person)}</PersonKey>"])


def _listed(header: Header, bodies: Sequence[str]) -> bytes:
    rows = "".join(f'<Person no="{no}">{body}</Person>' for no, body in enumerate(bodies, start=1))
    return f"{open_message(header)}<Persons>{rows}</Persons>{close_message(header)}".encode()
