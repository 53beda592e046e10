"""The catalogue of events and the code agree: an event that cannot be emitted is found here and not in an outage."""

import pytest
from tests.architecture.sources import constant, product

from kakehashi.runtime.events import CATALOGUE, EventLog


def emits():
    """(where, event name, field names, whether further fields come by **) of every emit with a literal name."""
    for source in product():
        for call, _ in source.calls("emit"):
            name = constant(call.args[0]) if call.args else None
            if isinstance(name, str):
                fields = {keyword.arg for keyword in call.keywords if keyword.arg is not None}
                yield source.at(call), name, fields


def test_every_emitted_event_is_catalogued_with_its_fields():
    """No emit names an event or a field that the catalogue does not know."""
    found = list(emits())
    assert len(found) > 15
    unknown = [where for where, name, fields in found if name not in CATALOGUE or fields - CATALOGUE[name].fields]
    assert unknown == []


def test_an_uncatalogued_field_is_refused():
    """A value of a record cannot slip into a log under a name of its own."""
    with pytest.raises(LookupError, match="uncatalogued fields"):
        EventLog().emit("file.received", name="山田")
    with pytest.raises(LookupError):
        EventLog().emit("file.invented")


def test_every_event_says_what_it_means_and_alarming_ones_what_to_do():
    """Each event has a meaning; every warning and error has a next step."""
    assert all(event.meaning for event in CATALOGUE.values())
    assert [
        event.name for event in CATALOGUE.values() if event.level in ("warning", "error") and not event.action
    ] == []
