"""What the ledger forgets, and that it says so."""

from datetime import timedelta
from types import SimpleNamespace

from kakehashi.ports.ledger import Refusal
from kakehashi.runtime.events import CATALOGUE
from kakehashi.runtime.sweeping import Sweeping
from kakehashi.testing.memory_clock import MemoryClock
from kakehashi.testing.memory_store import MemoryStore


def test_what_is_past_keeping_goes_within_the_hour_and_is_told():
    """At the start and once an hour; more than one portion at once in several; nothing to forget, nothing to say."""
    store, clock, told = MemoryStore(), MemoryClock(), []
    events = SimpleNamespace(emit=lambda name, **fields: told.append((name, fields)))
    sweeping = Sweeping(store=store, clock=clock, events=events, keep=timedelta(days=40))
    assert (sweeping.run_once(), told) == (0, [])
    for number in range(700):
        store.add_refusal(Refusal(lane="tax", name="a.dat", code="REF-001", at=clock.now(), claim=f"{number}"))
    store.fence("owner", now=clock.now())
    clock.advance(timedelta(days=40))
    assert sweeping.run_once() == 0
    clock.advance(timedelta(minutes=1))
    assert sweeping.run_once() == 0, "looked again within the hour"
    clock.advance(timedelta(hours=1))
    assert [sweeping.run_once() for _ in range(3)] == [501, 200, 0]
    assert told == [
        ("ledger.swept", {"refusals": 500, "leases": 1, "bodies": 0}),
        ("ledger.swept", {"refusals": 200, "leases": 0, "bodies": 0}),
    ]
    assert CATALOGUE["ledger.swept"].fields == told[0][1].keys()
    assert store.refusals() == []
