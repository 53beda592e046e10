"""What every Source, Sink and Spool promises.

Subclass with a fixture: `place` (a SourcePlace), `sink_place` (a SinkPlace), or `spool` (a Spool).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import pytest

from kakehashi.errors import FolderUnavailable, StoreCorrupt
from kakehashi.ports.files import Sink, Source, Spool
from kakehashi.ports.sealer import Sealed

__all__ = ["SinkConformance", "SinkPlace", "SourceConformance", "SourcePlace", "SpoolConformance"]


class SourcePlace(Protocol):
    """Where a suite drops files and plays the processes that take them."""

    def put(self, name: str, content: bytes) -> None:
        """A complete file, younger than the one before."""

    def start(self) -> Source:
        """The source as a new process sees it."""

    def kill(self, source: Source) -> None:
        """Its process is no more; nothing was tidied up."""

    def quarantined(self) -> list[tuple[str, str]]:
        """(name as dropped, code) of every file in quarantine."""


class SourceConformance:
    def test_offers_each_file_once_oldest_first(self, place: SourcePlace) -> None:
        """Files come in the order in which they were dropped, at most as many as asked for, each once."""
        source = place.start()
        for name in ("c.dat", "a.dat", "b.dat"):
            place.put(name, name.encode())
        assert source.claim(0) == []
        first = source.claim(2)
        assert [file.name for file in first] == ["c.dat", "a.dat"]
        assert [file.name for file in source.claim(5)] == ["b.dat"]
        assert source.claim(5) == []

    def test_a_file_can_be_read_again_and_again(self, place: SourcePlace) -> None:
        """Each opening begins at the first byte, and reads exactly what was dropped."""
        content = bytes(range(256)) * 400
        place.put("a.dat", content)
        (file,) = place.start().claim(1)
        for _ in range(2):
            with file.open() as opened:
                assert opened.read() == content

    def test_a_finished_file_is_gone(self, place: SourcePlace) -> None:
        """A finished file is offered to nobody, not even after a crash; finishing twice does no harm."""
        place.put("a.dat", b"x")
        source = place.start()
        (file,) = source.claim(1)
        file.finish()
        file.finish()
        place.kill(source)
        assert place.start().claim(9) == []
        assert place.quarantined() == []

    def test_a_released_file_is_offered_again(self, place: SourcePlace) -> None:
        """A file that cannot be taken now is offered by a later claim, unchanged."""
        place.put("a.dat", b"x")
        source = place.start()
        (file,) = source.claim(1)
        file.release()
        (again,) = source.claim(1)
        assert (again.name, again.open().read()) == ("a.dat", b"x")

    def test_the_files_of_a_dead_process_are_offered_again(self, place: SourcePlace) -> None:
        """What a process held when it was killed is offered to another one under its own name, oldest first."""
        for name in ("a.dat", "b.dat", "c.dat"):
            place.put(name, name.encode())
        dying = place.start()
        finished, *_ = dying.claim(3)
        finished.finish()
        place.kill(dying)
        again = place.start().claim(9)
        assert [(file.name, file.open().read()) for file in again] == [("b.dat", b"b.dat"), ("c.dat", b"c.dat")]

    def test_the_same_name_may_come_again(self, place: SourcePlace) -> None:
        """A second file of a name that is still in hand is another file: neither disturbs the other."""
        source = place.start()
        place.put("a.dat", b"first")
        (first,) = source.claim(1)
        place.put("a.dat", b"second")
        (second,) = source.claim(1)
        assert (first.open().read(), second.open().read()) == (b"first", b"second")
        first.finish()
        assert second.open().read() == b"second"

    def test_quarantine_keeps_the_file_away_with_its_reason(self, place: SourcePlace) -> None:
        """A quarantined file is never offered again, and an operator finds its name and the code."""
        place.put("a.dat", b"x")
        source = place.start()
        (file,) = source.claim(1)
        file.quarantine("DEC-012")
        place.kill(source)
        assert place.start().claim(9) == []
        assert place.quarantined() == [("a.dat", "DEC-012")]


class SinkPlace(Protocol):
    def start(self) -> Sink: ...

    def files(self) -> dict[str, bytes]:
        """Everything that a legacy system would see, by name."""


class SinkConformance:
    def test_delivers_whole_files(self, sink_place: SinkPlace) -> None:
        """Chunks are joined in their order; a file may be empty; a second one of its name replaces it."""
        sink = sink_place.start()
        sink.deliver("a.csv", [b"1", b"", b"23"])
        sink.deliver("空.csv", [])
        sink.deliver("a.csv", [b"45"])
        assert sink_place.files() == {"a.csv": b"45", "空.csv": b""}

    def test_a_failing_writer_leaves_nothing(self, sink_place: SinkPlace) -> None:
        """When the chunks break off, the error passes through, nothing is seen, and the older file stays."""
        sink = sink_place.start()
        sink.deliver("a.csv", [b"old"])
        for name in ("a.csv", "b.csv"):
            with pytest.raises(LookupError):
                sink.deliver(name, _broken_off())
        assert sink_place.files() == {"a.csv": b"old"}

    def test_tells_what_was_not_taken_away(self, sink_place: SinkPlace) -> None:
        """Of the names that are asked about."""
        sink = sink_place.start()
        sink.deliver("a.csv", [b"1"])
        sink.deliver("b.csv", [b"2"])
        assert sink.lying(["a.csv", "c.csv"]) == {"a.csv"}
        assert sink.lying([]) == set()


class SpoolConformance:
    def test_reads_back_what_was_appended(self, spool: Spool) -> None:
        """Every chunk comes back with its key id by its place, in any order, the empty one too."""
        chunks = [Sealed("k1", b"a" * 1000), Sealed("key-two", b""), Sealed("k1", bytes(range(256)) * 300)]
        writer = spool.create("abc")
        places = [writer.append(chunk) for chunk in chunks]
        writer.commit()
        for chunk, (offset, length) in reversed(list(zip(chunks, places, strict=True))):
            assert spool.read("abc", offset, length) == chunk

    def test_nothing_is_there_before_the_commit(self, spool: Spool) -> None:
        """An uncommitted or abandoned file is not there (StoreCorrupt: the ledger would not name it)."""
        writer = spool.create("abc")
        offset, length = writer.append(Sealed("k1", b"text"))
        with pytest.raises(StoreCorrupt):
            spool.read("abc", offset, length)
        writer.abandon()
        writer.abandon()
        with pytest.raises(StoreCorrupt):
            spool.read("abc", offset, length)
        with pytest.raises(FolderUnavailable):
            writer.commit()

    def test_a_name_may_be_written_again(self, spool: Spool) -> None:
        """An intake that was killed begins again under the same name; the newer file replaces the older one."""
        for text in (b"first", b"second"):
            writer = spool.create("abc")
            place = writer.append(Sealed("k1", text))
            writer.commit()
        assert spool.read("abc", *place).body == b"second"

    def test_a_place_that_is_not_there_is_corrupt(self, spool: Spool) -> None:
        """A chunk is there whole or StoreCorrupt: after the end, at a shifted place, or with another length."""
        writer = spool.create("abc")
        offset, length = writer.append(Sealed("k1", b"text" * 10))
        writer.commit()
        for place in ((offset, length + 1), (offset, length - 1), (offset + 1, length), (offset + 999, length)):
            with pytest.raises(StoreCorrupt):
                spool.read("abc", *place)

    def test_the_last_chunk_is_found_without_its_place(self, spool: Spool) -> None:
        """However many stand before it and however long they are; a file that is not there is StoreCorrupt."""
        writer = spool.create("abc")
        for size in (0, 1, 300_000, 17):
            writer.append(Sealed("a-key", b"x" * size))
        writer.append(Sealed("k1", b"the last"))
        writer.commit()
        assert spool.last("abc") == Sealed("k1", b"the last")
        with pytest.raises(StoreCorrupt):
            spool.last("absent")

    def test_names_are_those_of_whole_files(self, spool: Spool) -> None:
        """Neither an unfinished nor a removed file is among them."""
        for name in ("abc", "abd", "gone"):
            writer = spool.create(name)
            writer.append(Sealed("k1", b"text"))
            writer.commit()
        spool.remove("gone")
        unfinished = spool.create("unfinished")
        assert sorted(spool.names()) == ["abc", "abd"]
        unfinished.abandon()

    def test_removal_is_idempotent(self, spool: Spool) -> None:
        """A removed file is gone; removing it again, or one that never was, does no harm."""
        writer = spool.create("abc")
        place = writer.append(Sealed("k1", b"text"))
        writer.commit()
        spool.remove("abc")
        spool.remove("abc")
        with pytest.raises(StoreCorrupt):
            spool.read("abc", *place)


def _broken_off() -> Iterator[bytes]:
    yield b"half"
    raise LookupError
