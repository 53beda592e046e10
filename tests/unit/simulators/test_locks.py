"""What the simulated server provides of what is locked."""

import pytest

from kakehashi_simulators.account import Account, Change, Request
from kakehashi_simulators.locks import Locks

PERSON, INFO = "000000000000001", "TM99000000000001"


@pytest.fixture
def locks(tmp_path):
    account = Account(tmp_path)
    account.take(Request("a" * 32, "DBM-201", b"", 1, "b" * 32), [Change(1, PERSON, INFO, "2026", "1", "register")], [])
    yield Locks(account=account)
    account.close()


@pytest.mark.parametrize("key", [PERSON, INFO])
def test_a_locked_key_is_not_provided_until_it_is_unlocked(locks, key):
    """Saying it twice is a duplicate; the replica stands all the while, and may be changed."""
    asked = {"person": PERSON, "info": INFO}
    assert locks.provided(asked) == {"locked": False, "units": ["2026"]}
    assert [locks.take(key, "lock", "01"), locks.take(key, "lock", "02")] == ["0000", "3001"]
    assert locks.provided(asked) == {"locked": True, "units": []}
    assert locks.account.inventory(INFO, "", 9) == [(PERSON, "2026", "1")]
    changed = [Change(1, PERSON, INFO, "2026", "2", "register")]
    assert locks.account.take(Request("c" * 32, "DBM-201", b"", 1, "d" * 32), changed, [])
    assert locks.take(key, "unlock", "03") == "0000"
    assert locks.provided(asked) == {"locked": False, "units": ["2026"]}


def test_a_late_lock_does_not_overtake_the_unlock_behind_it(locks):
    """The sequence decides, not the arrival."""
    assert locks.take(PERSON, "unlock", "02") == "3001"
    assert locks.take(PERSON, "lock", "01") == "4009"
    assert locks.standing() == [{"key": PERSON, "operation": "unlock", "sequence": "02", "times": 1}]
