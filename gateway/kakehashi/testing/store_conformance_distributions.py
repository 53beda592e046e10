"""What every Store keeps of the server's distributions."""

from __future__ import annotations

from datetime import timedelta

from kakehashi.ports.store import Store
from kakehashi.testing.store_samples import DUE, NOW, add

__all__ = ["StoreDistributionConformance"]

_DAY = timedelta(days=1)


class StoreDistributionConformance:
    """Nothing takes the place of a distribution but another one."""

    def test_the_newest_distribution_is_kept(self, store: Store) -> None:
        """Before the first there is none; a new one is told of, the same again only moves when it was last seen."""
        assert store.distribution() is None
        assert store.keep_distribution("<a/>", now=NOW)
        assert not store.keep_distribution("<a/>", now=NOW + _DAY)
        row = store.distribution()
        assert row is not None
        assert (row.content, row.received_at, row.seen_at) == ("<a/>", NOW, NOW + _DAY)

    def test_what_comes_back_is_new_again(self, store: Store) -> None:
        """Another distribution, then the first one again: each is a change."""
        assert [store.keep_distribution(content, now=NOW) for content in ("<a/>", "<b/>", "<a/>")] == [True] * 3
        row = store.distribution()
        assert row is not None
        assert row.content == "<a/>"

    def test_a_batch_keeps_the_version_with_which_it_began(self, store: Store) -> None:
        """The first attempt says the version; a later one changes nothing of it, whatever it says."""
        _, (batch, other) = add(store)
        for turn, version in enumerate(("1", "2")):
            assert store.begin_attempt(
                batch.id, turn=turn, message_id="m", exceptions=(), now=NOW, due=DUE, layout_version=version
            )
        rows = [store.batch(each.id) for each in (batch, other)]
        assert [row.layout_version for row in rows if row] == ["1", None]
