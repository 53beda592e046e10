"""Runs alembic inside a transaction that the caller began."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

__all__ = ["known_versions", "upgrade"]

_ONE_AT_A_TIME = Lock()
"""Alembic keeps its context in a module: two threads would migrate each other's database."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def known_versions() -> frozenset[str]:
    """Every schema version that this program can raise to its own."""
    return frozenset(step.revision for step in ScriptDirectory.from_config(_config()).walk_revisions())


def upgrade(connection: Connection, *, to: str = "head") -> None:
    """Raise the schema; nothing is committed here."""
    config = _config()
    config.attributes["connection"] = connection
    with _ONE_AT_A_TIME:
        command.upgrade(config, to)
