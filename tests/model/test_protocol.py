"""The protocol is right in every interleaving, and the search finds every variant that is not."""

from typing import NamedTuple

import pytest
from tests.model.protocol import AT_A_FORGETFUL_RECEIVER, VARIANTS, Protocol, start
from tests.model.search import search
from tests.tier import FULL


class Bounds(NamedTuple):
    changes: int
    crashes: int
    faults: int
    rescue: bool
    idempotent: bool


CASES = [
    # one change, two workers, everything that may go wrong twice
    *(Bounds(1, 2, 2, rescue=False, idempotent=idempotent) for idempotent in (True, False)),
    *(Bounds(1, 1, 1, rescue=True, idempotent=idempotent) for idempotent in (True, False)),
    # two changes of one person, the first one refused and retried by an operator
    *(Bounds(2, *once, rescue=False, idempotent=True) for once in ((1, 0), (0, 1))),
]
FURTHER = [
    *(Bounds(1, 2, 2, rescue=True, idempotent=idempotent) for idempotent in (True, False)),
    *(Bounds(2, *once, rescue=True, idempotent=each) for once in ((1, 0), (0, 1)) for each in (True, False)),
]


@pytest.mark.parametrize("bounds", CASES + FURTHER * FULL, ids=str)
def test_no_interleaving_loses_repeats_reorders_or_misreports(bounds):
    """Every interleaving of intake, two workers, operators, crashes and network faults ends well."""
    protocol = Protocol(idempotent=bounds.idempotent, rescue=bounds.rescue)
    begin = start(
        crashes=bounds.crashes, faults=bounds.faults, changes=bounds.changes, needs_redrive=bounds.changes > 1
    )
    found = search(protocol, begin)
    assert found.broken is None, found.story
    assert found.at_rest > 20


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_failing_variant_is_caught(variant):
    """What somebody might have written instead breaks the invariant that it is known to break."""
    broken = VARIANTS[variant]
    protocol = Protocol(
        idempotent=variant not in AT_A_FORGETFUL_RECEIVER,
        rescue=variant == "a turn that is not compared",  # nobody else has the message at the same time
        variant=variant,
    )
    trouble = 0 if broken == "O" else 1  # a retry alone is enough to overtake
    begin = start(crashes=trouble, faults=trouble, changes=2 if broken == "O" else 1, needs_redrive=broken == "O")
    assert search(protocol, begin).broken == broken


def test_a_delivery_given_to_a_second_worker_needs_the_rescue():
    """Cut off, overtaken by its own first holder, which then dies: only the ledger's due time knows of the batch."""

    class Unrescued(Protocol):
        def _operators(self, state):
            return ((name, after) for name, after in super()._operators(state) if name != "publish lost")

    found = search(Unrescued(rescue=True), start(crashes=1, faults=1, changes=1))
    assert found.broken == "L"
