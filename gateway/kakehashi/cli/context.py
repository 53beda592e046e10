"""What every command has: configuration, ledger, output; and the one place where errors become exit codes."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kakehashi.catalogue import PROBLEMS
from kakehashi.cli.output import Output, language
from kakehashi.config.model import Configuration
from kakehashi.errors import (
    BrokerError,
    BrokerMisconfigured,
    KakehashiError,
    ServerError,
    StoreError,
)
from kakehashi.ports.clock import Clock
from kakehashi.ports.links import LinkStore
from kakehashi.ports.sealer import Sealer
from kakehashi.ports.store import Store
from kakehashi.runtime.bootstrap import plugin
from kakehashi.runtime.places import shared

if TYPE_CHECKING:
    from kakehashi.runtime.foresight import Foresight
    from kakehashi.runtime.watch import Watch

__all__ = ["FAULTS", "UNREACHABLE", "Session", "command", "is_row_number"]

FAULTS, UNREACHABLE = 1, 3
_ROW_DIGITS = 18


def is_row_number(text: str) -> bool:
    """Whether a ledger could have a row of that number: other digits than 0 to 9 and longer ones are none."""
    return text.isascii() and text.isdigit() and len(text) <= _ROW_DIGITS


@dataclass
class Session:
    """One call of a command. Parts are opened when they are first asked for."""

    folder: Path
    output: Output
    as_of: date | None = None
    """The day of the tables; set before the configuration is asked for. None: today."""
    _open: list[Store | LinkStore] = field(default_factory=list)

    @cached_property
    def configuration(self) -> Configuration:
        from kakehashi.config.loader import load  # noqa: PLC0415  # pydantic is slow to import, --version is not

        return load(self.folder, as_of=self.as_of or self.clock.now().date())

    @property
    def store(self) -> Store:
        """The ledger alone: operators' commands need neither broker nor server."""
        return self._books[0]

    @cached_property
    def foresight(self) -> Foresight:
        """Needs the keys: its methods raise SealError or ConfigurationError where they are missing."""
        from kakehashi.runtime.foresight import Foresight  # noqa: PLC0415  # translation is slow to import

        return Foresight(
            configuration=self.configuration,
            store=self.store,
            links=self._books[1],
            sealer=self.sealer,
            xsd=shared("xsd"),
        )

    @cached_property
    def watch(self) -> Watch:
        from kakehashi.runtime.distributing import distribution_findings  # noqa: PLC0415  # as in `foresight`
        from kakehashi.runtime.watch import Watch  # noqa: PLC0415  # as in `foresight`

        gateway = self.configuration.gateway
        return Watch(
            routes=self.configuration.routes,
            store=self.store,
            settings=gateway.alarms,
            surroundings=plugin("tools", "surroundings")(gateway),
            is_holiday=self.configuration.profile.service.is_holiday,
            behind=functools.partial(self.links.behind, list(self.configuration.subscriptions)),
            distributed=distribution_findings(self.configuration, self.store),
        )

    @cached_property
    def sealer(self) -> Sealer:
        sealer: Sealer = plugin("sealers", "vault")(self.configuration.gateway.keys)
        return sealer

    @cached_property
    def _books(self) -> tuple[Store, LinkStore]:
        url = self.configuration.gateway.store.url
        store, links = plugin("stores", url.partition(":")[0].partition("+")[0])(url)
        self._open.extend((store, links))
        store.check()
        return store, links

    @property
    def links(self) -> LinkStore:
        """The links, in the ledger's database or another."""
        return self._books[1]

    @cached_property
    def clock(self) -> Clock:
        clock: Clock = plugin("clocks", "system")()
        return clock

    def meaning(self, code: str) -> str:
        problem = PROBLEMS[code]
        return problem.ja if self.output.lang == "ja" else problem.en

    def remedy(self, code: str | None) -> str:
        if code is None:
            return ""
        problem = PROBLEMS[code]
        return problem.remedy_ja if self.output.lang == "ja" else problem.remedy_en

    def close(self) -> None:
        for part in self._open:
            part.close()


def command(group: click.Group | None = None, name: str | None = None) -> Callable[[Callable[..., int]], click.Command]:
    """A command whose function takes a Session and returns the exit code; KakehashiErrors become codes 1 and 3."""

    def decorate(function: Callable[..., int]) -> click.Command:
        @functools.wraps(function)
        def run(*, config: Path, as_json: bool, lang: str | None, **arguments: object) -> None:
            session = Session(config, Output(as_json, language(lang)))
            try:
                code = function(session, **arguments)
            except BrokerMisconfigured as error:
                session.output.error(error)
                code = FAULTS
            except (BrokerError, StoreError, ServerError) as error:
                session.output.error(error)
                code = UNREACHABLE
            except KakehashiError as error:
                session.output.error(error)
                code = FAULTS
            finally:
                session.close()
            sys.exit(code)

        options = (
            click.option(
                "--config",
                envvar="KAKEHASHI_CONFIG",
                type=click.Path(path_type=Path),
                default=lambda: shared("config"),
                help="Configuration folder [KAKEHASHI_CONFIG].",
            ),
            click.option("--json", "as_json", is_flag=True, help="One JSON object a line."),
            click.option("--lang", type=click.Choice(["en", "ja"]), help="Language; else by LC_ALL … LANG."),
        )
        wrapped: Callable[..., None] = run
        for option in options:
            wrapped = option(wrapped)
        made = click.command(name or function.__name__.replace("_", "-"))(wrapped)
        if group is not None:
            group.add_command(made)
        return made

    return decorate
