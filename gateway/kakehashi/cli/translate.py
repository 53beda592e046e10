"""translate: a file through a route, offline: what would be sent, and which bytes and rule made each element."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click
from rich.cells import cell_len

from kakehashi.cli.characters import as_of_option
from kakehashi.cli.context import Session, command
from kakehashi.runtime.offline import Offline
from kakehashi.runtime.places import shared

__all__ = ["translate"]


@command()
@click.argument("route")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--record", type=int, help="Only this record (1-based); as a message, with those that belong to it.")
@click.option("--explain", is_flag=True, help="For every element: source item, value, converters, result.")
@click.option("--side-by-side", is_flag=True, help="As --explain, with the bytes of each source item.")
@click.option("--xsd", type=click.Path(path_type=Path), default=lambda: shared("xsd"), help="Schema folder.")
@as_of_option()
def translate(
    session: Session,
    as_of: date | None,
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
    session.as_of = as_of
    configuration = session.configuration
    if route not in configuration.routes:
        raise click.UsageError(f"{route} is none of the routes: {', '.join(configuration.routes)}.")
    offline = Offline(configuration, configuration.routes[route], xsd)
    result = offline.translate_file(file, record=record)
    if record is not None and not 1 <= record <= result.records:
        raise click.UsageError(f"{file.name} has no record {record}.")
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
    value, source = "" if line["value"] is None else str(line["value"]), str(line["sources"])
    told = f"record {line['record']:<5} {_wide(str(line['target']), 24)} {_wide(value, 28)} <- {_wide(source, 30)}"
    pieces = line.get("bytes", ())
    bytes_ = "  ".join(f"{each['offset']}:{each['hex']}" for each in pieces) if isinstance(pieces, list) else ""
    return f"{told} {_wide(str(line['rule']), 32) if bytes_ else line['rule']} {bytes_}".rstrip()


def _wide(text: str, columns: int) -> str:
    """Padded to so many columns of a terminal, where a full-width character takes two."""
    return text + " " * max(columns - cell_len(text), 0)
