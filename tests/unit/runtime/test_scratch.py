"""Piles of a matching run: in order, once, and gone with the process."""

from kakehashi.runtime.scratch import FileScratch


def test_a_pile_gives_back_what_was_put_there_once(tmp_path):
    """More than is held in memory as well; nothing of it has a name in the folder."""
    scratch = FileScratch(tmp_path)
    pieces = [bytes([n % 256]) * 1000 for n in range(300)]
    for piece in pieces:
        scratch.add("large", piece)
    scratch.add("small", b"s")
    assert list(tmp_path.iterdir()) == []
    assert scratch.take("large") == b"".join(pieces)
    assert (scratch.take("large"), scratch.take("small"), scratch.take("none")) == (b"", b"s", b"")
    scratch.add("large", b"again")
    assert scratch.take("large") == b"again"
    scratch.close()
