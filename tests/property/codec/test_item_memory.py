"""Contents that are remembered are read as if they were not."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kakehashi.codec.cells import FEW
from kakehashi.codec.item_memory import RememberingCodec
from kakehashi.codec.text_form import damage


class Inner:
    """An item whose value is its bytes, but for low-values and what begins with X."""

    def read(self, raw):
        if raw.startswith(b"X") or not raw.strip(b"\0"):
            raise damage("DEC-007", 0)
        return raw.hex()

    write = None


@given(st.data(), st.integers(1, 11))
def test_remembered_values_are_the_values(data, length):
    """Of any contents, again and again, whether they share a slot or not; what is wrong is wrong every time."""
    codec = RememberingCodec(Inner(), length=length)
    alphabet = st.sampled_from([b"\0", b"\1", b"0", b"9", b"X", b" ", b"\xff"])
    contents = st.lists(alphabet, min_size=length, max_size=length).map(b"".join)
    for _ in range(3):
        raws = data.draw(st.lists(contents, min_size=1, max_size=6)) * FEW
        good = [raw for raw in raws if not raw.startswith(b"X") and raw.strip(b"\0")]
        assert list(codec.read_all(good)) == [raw.hex() for raw in good]
        if good != raws:
            with pytest.raises(Exception, match="DEC-007"):
                codec.read_all(raws)


def test_more_contents_than_there_are_slots():
    """200,000 different ones, in two orders."""
    codec = RememberingCodec(Inner(), length=8)
    raws = [b"%08d" % number for number in range(200_000)]
    for some in (raws, raws[::-1]):
        assert codec.read_all(some) == [raw.hex() for raw in some]


def test_threads_that_use_the_same_slots_have_their_own_values():
    """Codes that differ by 64 in one byte share a slot."""
    codec = RememberingCodec(Inner(), length=2)
    columns = [[bytes((0x20 + second, 0x31))] * 500 for second in (0, 64, 128) for _ in range(40)]
    assert len({(64 * raw[0] + raw[1]) % 4096 for raw, *_ in columns}) == 1
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(codec.read_all, columns))
    assert found == [[raws[0].hex()] * 500 for raws in columns]
