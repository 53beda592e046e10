"""What every ServerClient promises. Subclass with a fixture `bench` that gives a ServerBench."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import pytest

from kakehashi.errors import OutcomeUnknown, ServerRefused, ServerUnreachable
from kakehashi.ports.server import ServerClient

__all__ = ["ServerBench", "ServerConformance"]

_REQUEST = "abcdefghijklmnopabcdefghijklmnop"
_DOCUMENT = "<要求>宛名番号の一行</要求>".encode() * 40
_PATIENCE = 10.0


class ServerBench(Protocol):
    """A client, and the hand on the server that it talks to. Every fault lasts until `recover`."""

    client: ServerClient

    def answer_with(self, answer: Callable[[bytes], bytes]) -> None:
        """From now on the server answers a document with `answer(document)`."""

    def delivered(self) -> Sequence[bytes]:
        """The documents that the server took, in order."""

    def be_unreachable(self) -> None: ...

    def lose_answers(self) -> None:
        """Take the message, then cut the connection."""

    def answer_never(self) -> None:
        """Take the message, then say nothing for longer than the client waits."""

    def answer_endlessly(self) -> None:
        """Take the message, then send more than any client should hold."""

    def drip(self) -> None:
        """Take the message, then answer byte by byte for longer than the client waits."""

    def refuse(self, status: int, retry_after: int | None) -> None: ...

    def recover(self) -> None: ...


class ServerConformance:
    def test_bytes_go_out_and_come_back_unchanged(self, bench: ServerBench) -> None:
        """The server receives the document byte for byte, and its answer arrives byte for byte."""
        answer = bytes(range(256)) * 500
        bench.answer_with(lambda _: answer)
        assert bench.client.exchange("DBM-201", _REQUEST, _DOCUMENT) == answer
        assert list(bench.delivered()) == [_DOCUMENT]

    def test_concurrent_exchanges_do_not_mix(self, bench: ServerBench) -> None:
        """Eight threads at once: each gets the answer to its own document."""
        bench.answer_with(lambda document: b"answer to " + document)
        documents = [b"document %d " % number * 200 for number in range(40)]
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda document: bench.client.exchange("SYM-901", _REQUEST, document), documents))
        assert answers == [b"answer to " + document for document in documents]

    def test_no_connection_means_not_delivered(self, bench: ServerBench) -> None:
        """A server that cannot be reached is ServerUnreachable, took nothing, and works again afterwards."""
        bench.answer_with(lambda _: b"ok")
        bench.be_unreachable()
        with pytest.raises(ServerUnreachable):
            bench.client.exchange("DBM-201", _REQUEST, _DOCUMENT)
        assert not bench.delivered()
        bench.recover()
        assert bench.client.exchange("DBM-201", _REQUEST, _DOCUMENT) == b"ok"

    def test_a_lost_answer_is_unknown_and_never_sent_again(self, bench: ServerBench) -> None:
        """After the server took the message a cut is OutcomeUnknown; the client sent it exactly once."""
        bench.answer_with(lambda _: b"ok")
        bench.lose_answers()
        with pytest.raises(OutcomeUnknown):
            bench.client.exchange("DBM-201", _REQUEST, _DOCUMENT)
        assert list(bench.delivered()) == [_DOCUMENT]
        bench.recover()
        assert bench.client.exchange("DBM-201", _REQUEST, _DOCUMENT) == b"ok"

    @pytest.mark.parametrize("fault", ["answer_never", "answer_endlessly", "drip"])
    def test_an_answer_that_does_not_end_is_unknown_in_time(self, bench: ServerBench, fault: str) -> None:
        """Silence, an endless answer and one byte at a time all end as OutcomeUnknown within the time-out."""
        bench.answer_with(lambda _: b"x" * 1000)
        getattr(bench, fault)()
        begin = time.monotonic()
        with pytest.raises(OutcomeUnknown):
            bench.client.exchange("DBM-201", _REQUEST, _DOCUMENT)
        assert time.monotonic() - begin < _PATIENCE

    @pytest.mark.parametrize(("status", "retry_after"), [(503, 7), (429, 1), (503, None), (404, None), (302, None)])
    def test_a_status_is_refused_with_its_wait(self, bench: ServerBench, status: int, retry_after: int | None) -> None:
        """An HTTP status other than 200 is ServerRefused with the status and the seconds of Retry-After."""
        bench.refuse(status, retry_after)
        with pytest.raises(ServerRefused) as caught:
            bench.client.exchange("DBM-201", _REQUEST, _DOCUMENT)
        assert (caught.value.status, caught.value.retry_after) == (status, retry_after)

    def test_close_may_be_called_twice(self, bench: ServerBench) -> None:
        """Closing is idempotent."""
        bench.client.close()
        bench.client.close()

    def test_errors_hold_no_value(self, bench: ServerBench) -> None:
        """No error text holds a byte of the document."""
        bench.lose_answers()
        with pytest.raises(OutcomeUnknown) as caught:
            bench.client.exchange("DBM-201", _REQUEST, _DOCUMENT)
        assert "宛名番号" not in str(caught.value)
        assert caught.value.__cause__ is None
