"""xsd: the schemas of the data standard, generated from its tables."""

from __future__ import annotations

from pathlib import Path

import click

from kakehashi.cli.context import Session, command
from kakehashi.runtime.places import shared
from kakehashi.validation.xsd_builder import build_schemas

__all__ = ["xsd"]


@click.group()
def xsd() -> None:
    """The schemas of the external interface."""


@command(xsd, "build")
@click.option("--target", type=click.Path(path_type=Path), default=lambda: shared("xsd"), help="The folder xsd.")
def build(session: Session, target: Path) -> int:
    """Write one schema a layout version, and the one that offers them all."""
    profile = session.configuration.profile
    standards = [profile.standards[key] for key in sorted(profile.standards)]
    changed = build_schemas(standards, target / profile.schemas / "layouts", namespace=profile.namespace)
    session.output.rows("Changed", ("file",), [(path.name,) for path in changed])
    return 0
