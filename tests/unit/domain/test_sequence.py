"""Which change counts: by time, and each number once."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from kakehashi.domain.sequence import MOST, SECOND, seconds_of
from kakehashi.testing.memory_sequences import MemorySequences

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
TAKEN = st.tuples(st.integers(-3, 3), st.sampled_from([1, 2, 1000, MOST // 2, MOST // 2 + 1, MOST]), st.booleans())


@given(st.lists(TAKEN, max_size=40))
def test_every_number_is_given_once_and_in_the_order_of_its_kind(taken):
    """Whatever the clock does, nothing overlaps; what comes in grows; an extract stays within the second of its time or
    an earlier one, below everything that came in in that second or later.
    """
    sequences, given_ = MemorySequences(), []
    for seconds, count, extract in taken:
        at = NOON + timedelta(seconds=seconds)
        first = sequences.next(count, at=at, extract=extract)
        assert 0 < first < 10**18
        if extract:
            assert first // SECOND <= seconds_of(at)
            assert (first + count - 1) % SECOND < MOST
        else:
            assert first >= seconds_of(at) * SECOND + MOST
            assert all(first > other for other, _, of_extract in given_ if not of_extract)
        given_.append((first, count, extract))
    for (first, count, _), (after, _, _) in zip(sorted(given_), sorted(given_)[1:], strict=False):
        assert first + count <= after


def test_a_burst_runs_ahead_by_little():
    """A hundred thousand small files at once take numbers of the same second."""
    sequences = MemorySequences()
    last = [sequences.next(6, at=NOON, extract=False) for _ in range(100_000)][-1]
    assert last // SECOND == seconds_of(NOON)


def test_before_the_beginning_there_is_one_second():
    """What is older than 2020 has no order of its own."""
    assert seconds_of(datetime(1999, 1, 1, tzinfo=UTC)) == 0
