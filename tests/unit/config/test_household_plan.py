"""What [mapping.household] of a route may say."""

import pytest
from tests.unit.config.test_write_back import changed, faults, folder  # noqa: F401  # the fixture

from kakehashi.config.loader import load

ROUTE = "routes/registry-household/route.toml"
TABLE = """
[mapping.household]
relation = "課税区分"
head = "1"
"""


def test_the_shipped_route_has_households(folder):  # noqa: F811  # the fixture
    """Relation, names and count are found among the values of a row; a route without the table has none."""
    routes = load(folder).routes
    plan = routes["registry-household"].household
    assert [plan.names[at] for at in (plan.relation, plan.name, plan.head_name, plan.count)] == [
        "続柄",
        "氏名",
        "household.世帯主氏名",
        "household.世帯人員",
    ]
    assert {name.partition(".")[0] for name in plan.names[plan.group]} == {"household"}
    assert routes["tax-levy"].household is None


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('relation = "続柄"', 'relation = "続き柄"', ("CFG-006", ROUTE, "mapping.household.relation")),
        ("household.世帯人員", "世帯人員", ("CFG-006", ROUTE, "mapping.household.count")),
        ('head_name = "household.世帯主氏名"\n', "", ("CFG-003", ROUTE, "mapping.household")),
        ('head = "02"', 'head = ""', ("CFG-003", ROUTE, "mapping.household.head")),
        ('head = "02"', 'heads = "02"', ("CFG-002", ROUTE, "mapping.household.heads")),
    ],
)
def test_what_is_wrong_is_told_with_the_others(folder, old, new, fault):  # noqa: F811  # the fixture
    """An item that the layout does not have, half a comparison, an unknown key."""
    changed(folder, ROUTE, old, new)
    assert fault in faults(folder)


def test_a_layout_without_a_group_record_has_no_households(folder):  # noqa: F811  # the fixture
    """Nothing would say which records belong together."""
    changed(folder, "routes/tax-levy/route.toml", "\n[return]", TABLE + "\n[return]")
    assert ("CFG-003", "routes/tax-levy/route.toml", "mapping.household") in faults(folder)
