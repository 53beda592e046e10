"""translate: a file through a route, offline: what would be sent, and which bytes and rule made each element."""

from __future__ import annotations

from pathlib import Path

import click

from kakehashi.cli.context import Session, command
from kakehashi.runtime.offline import Offline
from kakehashi.runtime.places import shared

__all__ = ["translate"]


@command()
@click.argument("route")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--record", type=int, help="Only this record (1-based).")
@click.option("--explain", is_flag=True, help="For every element: source item, value, converters, result.")
@click.option("--side-by-side", is_flag=True, help="The record's bytes beside its elements.")
@click.option("--xsd", type=click.Path(path_type=Path), default=lambda: shared("xsd"), help="Schema folder.")
def translate(
    session: Session,
    route: str,
    file: Path,
    record: int | None,
    explain: bool,
    side_by_side: bool,
    xsd: Path,
) -> int:
    """Translate FILE by ROUTE into validated messages. Every 宛名番号 counts as linked; nothing is sent or stored.

    Shows the values of the file: for engineers with test data.
    """
    configuration = session.configuration
    if route not in configuration.routes:
        raise click.UsageError(f"{route} is none of the routes: {', '.join(configuration.routes)}.")
    offline = Offline(configuration, configuration.routes[route], xsd)
    result = offline.translate_file(file)
    if explain or side_by_side:
        for line in offline.explain(file, record=record, with_bytes=side_by_side):
            session.output.object(line) if session.output.as_json else click.echo(_explained(line))
    else:
        for document in result.documents:
            click.echo(document.decode())
    faults = [fault for fault in result.faults if record is None or fault.place.record in (None, record)]
    session.output.faults(faults)
    return 1 if faults else 0


def _explained(line: dict[str, object]) -> str:
    head = f"record {line['record']:<5} {line['target']:<24}"
    return f"{head} {line['value']!s:<28} <- {line['sources']!s:<30} {line['rule']}{line.get('bytes', '')}"
