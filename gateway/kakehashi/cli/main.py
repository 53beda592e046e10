"""`kakehashi`: every command by name, imported only when it is called."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points

import click

import kakehashi

__all__ = ["main"]

_COMMANDS = {
    "alarms": "kakehashi.cli.alarms:alarms",
    "check": "kakehashi.cli.check:check",
    "decode": "kakehashi.cli.data:decode",
    "diff": "kakehashi.cli.diff:diff",
    "encode": "kakehashi.cli.data:encode",
    "events": "kakehashi.cli.reference:events",
    "errors": "kakehashi.cli.reference:errors",
    "exchange-records": "kakehashi.cli.exchange_records:exchange_records",
    "files": "kakehashi.cli.operate:files",
    "gaiji": "kakehashi.cli.gaiji:gaiji",
    "import-layout": "kakehashi.cli.import_layout:import_layout_command",
    "inquiries": "kakehashi.cli.inquiries:inquiries",
    "keys": "kakehashi.cli.keys:keys",
    "layout": "kakehashi.cli.layout:layout",
    "ledger": "kakehashi.cli.ledger:ledger",
    "link": "kakehashi.cli.link:link",
    "lock": "kakehashi.cli.suspend:lock",
    "match": "kakehashi.cli.match:match",
    "notices": "kakehashi.cli.notices:notices",
    "parked": "kakehashi.cli.parked:parked",
    "provisions": "kakehashi.cli.provisions:provisions",
    "ready": "kakehashi.cli.ready:ready",
    "reconcile": "kakehashi.cli.reconcile:reconcile",
    "run": "kakehashi.cli.run:run",
    "status": "kakehashi.cli.operate:status",
    "suspend": "kakehashi.cli.suspend:suspend",
    "symbols": "kakehashi.cli.symbols:symbols",
    "topology": "kakehashi.cli.ready:topology",
    "trace": "kakehashi.cli.operate:trace",
    "translate": "kakehashi.cli.translate:translate",
    "unlock": "kakehashi.cli.suspend:unlock",
    "versions": "kakehashi.cli.versions:versions",
    "who-received": "kakehashi.cli.who_received:who_received",
    "xsd": "kakehashi.cli.xsd:xsd",
}


class _Commands(click.Group):
    """Our own commands, and those of the entry points `kakehashi.commands` (demo, simulate, third parties)."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return sorted({*_COMMANDS, *entry_points(group="kakehashi.commands").names})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's
        if cmd_name in _COMMANDS:
            module, _, attribute = _COMMANDS[cmd_name].partition(":")
            found: click.Command = getattr(import_module(module), attribute)
            return found
        plugins = entry_points(group="kakehashi.commands")
        if cmd_name not in plugins.names:
            return None
        loaded: click.Command = plugins[cmd_name].load()
        return loaded


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(kakehashi.__version__, prog_name="kakehashi")
def main() -> None:
    """Kakehashi 架け橋: from legacy systems to the intermediate server and back."""
