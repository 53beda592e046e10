"""What stands at the simulated server, told page by page."""

import pytest

from kakehashi_simulators.account import Account

INSERT = "INSERT INTO effects (person, info, unit, sequence, operation, request) VALUES (?, ?, ?, ?, ?, 0)"


@pytest.fixture
def account(tmp_path):
    account = Account(tmp_path)
    yield account
    account.close()


def test_what_stands_is_the_newest_that_does_not_delete(account):
    """By person and unit, of this information alone, with all of the last person of a page."""
    with account.transaction() as connection:
        connection.executemany(
            INSERT,
            [
                ("1", "TM9901", "2025", "1", "register"),
                ("1", "TM9901", "2025", "2", "delete"),
                ("2", "TM9901", "2025", "1", "delete"),
                ("2", "TM9901", "2025", "2", "register"),
                ("2", "TM9902", "2025", "9", "register"),
                ("3", "TM9901", "2025", "4", "register"),
                ("3", "TM9901", "2026", "3", "register"),
                ("4", "TM9901", "2025", "5", "register"),
            ],
        )
    page = [("2", "2025", "2"), ("3", "2025", "4"), ("3", "2026", "3")]
    assert account.inventory("TM9901", "", 2) == page
    assert account.inventory("TM9901", "3", 2) == [("4", "2025", "5")]


def test_a_page_costs_what_it_holds(account):
    """However much stands behind it: else a register of a million would be sorted a hundred times."""
    steps = 0

    def step():
        nonlocal steps
        steps += 1

    def cost():
        nonlocal steps
        steps = 0
        assert len(account.inventory("TM9901", "", 10)) == 10
        return steps

    def add(persons):
        with account.transaction() as connection:
            rows = [(f"{person:06d}", "TM9901", "2025", "1", "register") for person in persons]
            connection.executemany(INSERT, rows)

    add(range(50))
    account.connection.set_progress_handler(step, 10)
    few = cost()
    add(range(50, 2_000))
    assert cost() <= 2 * few
