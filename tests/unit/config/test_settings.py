"""An empty gateway.toml: everything safe, nothing reachable."""

import pytest
from pydantic import ValidationError

from kakehashi.config.settings import GatewaySettings

EMPTY = GatewaySettings()


@pytest.mark.parametrize(
    "name",
    ["complete_file_check", "duplicate_check", "confirms", "persistent", "mandatory", "durable_delays",
     "strict_validation", "encrypt_payloads"],
)  # fmt: skip
def test_safety_is_on_and_cannot_be_switched_off(name):
    """Each guarantee of design.md §3.9 holds on an empty configuration, and `false` is a fault."""
    assert getattr(EMPTY.safety, name) is True
    with pytest.raises(ValidationError):
        GatewaySettings.model_validate({"safety": {name: False}})


def test_alarms_are_on():
    """Alarms ring on an empty configuration: the oldest record after an hour, the first parked record at once."""
    assert EMPTY.alarms.enabled is True
    assert (EMPTY.alarms.oldest_waiting_minutes, EMPTY.alarms.parked_records) == (60, 1)
    with pytest.raises(ValidationError):
        GatewaySettings.model_validate({"alarms": {"enabled": False}})


def test_every_message_is_a_test_until_somebody_says_otherwise():
    """An empty configuration can never reach a live endpoint with real weight."""
    assert EMPTY.gateway.test is True


def test_nothing_is_reachable():
    """Addresses have no default; a completely empty file gives the same settings."""
    assert (EMPTY.broker.url, EMPTY.store.url, EMPTY.server.endpoint, EMPTY.gateway.agency) == ("", "", "", "")
    assert GatewaySettings.model_validate({}) == EMPTY


def test_work_is_bounded():
    """Batches, prefetch, connections, exchanges, answers and files have limits by default."""
    assert EMPTY.limits.batch_records == 500
    assert EMPTY.broker.prefetch == 8
    assert EMPTY.server.connections == 4
    assert EMPTY.server.timeout.total_seconds() == 30
    assert EMPTY.server.answer_bytes == 64 * 1024 * 1024
    assert EMPTY.limits.file_bytes == 16 * 1024**3


def test_settings_do_not_change():
    """What was checked stays as it was."""
    with pytest.raises(ValidationError):
        EMPTY.broker.prefetch = 9


def test_nothing_is_coerced():
    """`"8"` is no number and `1` is no truth: TOML has types."""
    for table in ({"broker": {"prefetch": "8"}}, {"gateway": {"test": 1}}, {"limits": {"batch_records": 2.0}}):
        with pytest.raises(ValidationError):
            GatewaySettings.model_validate(table)
