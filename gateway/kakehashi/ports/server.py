"""The intermediate server 「中間サーバー」 as a client sees it: one XML message out, one back."""

from __future__ import annotations

from typing import Protocol

__all__ = ["ServerClient"]


class ServerClient(Protocol):
    """Carries bytes; knows nothing of their meaning. Thread-safe; never retries by itself."""

    def exchange(self, message_id: str, request_id: str, document: bytes) -> bytes:
        """Send one message, return the server's answer document.

        Raises ServerUnreachable when it surely was not delivered (no connection, TLS refused), OutcomeUnknown when
        it may have been (time-out, connection cut after the first byte), ServerRefused when something answered
        without an interface message (HTTP status). Answers are capped in size and in total time.
        """

    def close(self) -> None: ...
