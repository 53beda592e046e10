"""「システム管理」 Is the server open (SYM-901), which layouts does it know (SYM-903), has it our request (SYM-911)."""

from __future__ import annotations

from kakehashi.domain.interface import Header
from kakehashi.interface.header import close_message, open_message
from kakehashi.interface.markup import safe_text

__all__ = ["health_request", "layout_request", "status_request"]


def health_request(header: Header) -> bytes:
    """SYM-901."""
    return f"{open_message(header)}{close_message(header)}".encode()


def layout_request(header: Header) -> bytes:
    """SYM-903."""
    return f"{open_message(header)}{close_message(header)}".encode()


def status_request(header: Header, request_id: str) -> bytes:
    """SYM-911: what became of the request with this id."""
    reference = f"<RequestRef>{safe_text(request_id)}</RequestRef>"
    return f"{open_message(header)}{reference}{close_message(header)}".encode()
