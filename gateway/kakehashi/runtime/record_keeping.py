"""Opens the way to the server's records of exchanges, for one command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, timedelta
from pathlib import Path

from kakehashi.config.model import Configuration
from kakehashi.domain.japan_time import JST
from kakehashi.pipeline.record_messages import RecordMessages
from kakehashi.pipeline.retry import RetryPolicy
from kakehashi.pipeline.settling import Settling
from kakehashi.ports.clock import Clock
from kakehashi.runtime.bootstrap import open_client
from kakehashi.runtime.server_side import open_endpoint, open_schemas

__all__ = ["kept_since", "open_records"]


@contextmanager
def open_records(configuration: Configuration, clock: Clock, xsd: Path) -> Iterator[RecordMessages]:
    """Raises ConfigurationError where the files of the connection cannot serve."""
    profile, settings = configuration.profile, configuration.gateway
    with closing(open_client(configuration, clock)) as client:
        yield RecordMessages(
            settling=Settling(profile, RetryPolicy.of(profile, settings.retry), profile.polling),
            schemas=open_schemas(configuration, xsd),
            server=open_endpoint(configuration, client, clock),
            clock=clock,
            sender=settings.gateway.agency,
            test=settings.gateway.test,
        )


def kept_since(configuration: Configuration, clock: Clock) -> date:
    """A day before which the server has no records any more."""
    return clock.now().astimezone(JST).date() - timedelta(days=366 * configuration.profile.records.keep_years)
