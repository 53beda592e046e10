"""「システム管理」 Is the server open (SYM-901), which layouts does it know (SYM-903), has it our request (SYM-911)."""

from __future__ import annotations

from kakehashi.domain.interface import Header
from kakehashi.interface.header import close_message, open_message
from kakehashi.interface.markup import NAMESPACE, safe_text

__all__ = ["health_request", "layout_request", "status_request"]


def health_request(header: Header, *, namespace: str = NAMESPACE) -> bytes:
    """SYM-901."""
    return f"{open_message(header, namespace=namespace)}{close_message(header)}".encode()


def layout_request(header: Header, *, namespace: str = NAMESPACE) -> bytes:
    """SYM-903."""
    return f"{open_message(header, namespace=namespace)}{close_message(header)}".encode()


def status_request(header: Header, request_id: str, *, namespace: str = NAMESPACE) -> bytes:
    """SYM-911: what became of the request with this id."""
    reference = f"<RequestRef>{safe_text(request_id)}</RequestRef>"
    return f"{open_message(header, namespace=namespace)}{reference}{close_message(header)}".encode()
