"""How a configuration speaks to the server: the endpoint that all lanes share, the conversation of one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from kakehashi.config.model import Configuration, Route
from kakehashi.domain.breaker import BreakerRow
from kakehashi.pipeline.breaker import BreakerRule
from kakehashi.pipeline.conversation import Conversation
from kakehashi.pipeline.endpoint import Endpoint, EndpointRules
from kakehashi.ports.clock import Clock
from kakehashi.ports.server import ServerClient
from kakehashi.validation.schema import SchemaSet

__all__ = ["open_conversation", "open_endpoint", "open_schemas", "schema_folder", "side_by_side"]


def schema_folder(configuration: Configuration, xsd: Path) -> Path:
    """Of its profile's schemas: in the folder `xsd` of the configuration where that has them, else in `xsd`."""
    own = configuration.folder / "xsd" / configuration.profile.schemas
    return own if own.is_dir() else xsd / configuration.profile.schemas


def open_schemas(configuration: Configuration, xsd: Path) -> SchemaSet:
    return SchemaSet(schema_folder(configuration, xsd), form=configuration.profile.form)


def side_by_side(configuration: Configuration) -> int:
    """Batches in work at once: one process' part of the connections that the server allows."""
    settings = configuration.gateway.server
    allowed = max(configuration.profile.caps.connections // settings.processes, 1)
    return min(settings.connections, allowed)


def open_endpoint(
    configuration: Configuration,
    client: ServerClient,
    clock: Clock,
    *,
    changed: Callable[[BreakerRow], None] = lambda _: None,
    known: Sequence[BreakerRow] = (),
) -> Endpoint:
    settings, caps = configuration.gateway.server, configuration.profile.caps
    connections = side_by_side(configuration)
    rules = EndpointRules(
        breaker=BreakerRule(
            failures=min(settings.breaker_failures, connections),
            first=timedelta(seconds=settings.breaker_first_seconds),
            most=timedelta(seconds=settings.breaker_most_seconds),
        ),
        requests_per_second=caps.requests_per_second / settings.processes,
        connections=connections,
        retry_percent=settings.retry_percent,
        retries_least=settings.retries_per_minute,
    )
    return Endpoint(client, clock, configuration.profile.service, rules, changed=changed, known=known)


def open_conversation(
    configuration: Configuration, route: Route, *, endpoint: Endpoint, clock: Clock, schemas: SchemaSet
) -> Conversation:
    gateway = configuration.gateway.gateway
    return Conversation(
        route=route,
        profile=configuration.profile,
        schemas=schemas,
        endpoint=endpoint,
        clock=clock,
        sender=gateway.agency,
        test=gateway.test,
    )
