"""The adapters by the names that pyproject.toml gives them: entry points `kakehashi.<kind>`.

Each factory takes what the configuration says and imports its adapter only then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from kakehashi.config.model import SourceSettings
from kakehashi.config.settings import AnsweringSettings, GatewaySettings, KeySettings, RelaySettings, ServerSettings
from kakehashi.errors import ConfigurationError, Fault, Place

if TYPE_CHECKING:
    from kakehashi_adapters.certificates import CertificateFiles
    from kakehashi_adapters.exchange_folder import FolderServerClient
    from kakehashi_adapters.exchange_folder.sftp import SftpPlace
    from kakehashi_adapters.file_drop import FolderSink, FolderSource
    from kakehashi_adapters.https_client import HttpsServerClient
    from kakehashi_adapters.https_listener import HttpsListener
    from kakehashi_adapters.live_endpoints import LiveEndpoints
    from kakehashi_adapters.sql_store import SqlLinkStore, SqlStore
    from kakehashi_adapters.surroundings import MachineSurroundings
    from kakehashi_adapters.vault import AesGcmSealer

__all__ = [
    "certificates",
    "exchange_folder",
    "folder_sink",
    "folder_source",
    "https_client",
    "https_listener",
    "key_file",
    "key_rotation",
    "live_endpoints",
    "sealer",
    "sql_stores",
    "surroundings",
]


_CACHE_OF_A_COMMAND = 8
"""MiB of a SQLite ledger."""


def sql_stores(url: str, *, migrate: bool = False) -> tuple[SqlStore, SqlLinkStore]:
    """The ledger and the links of one database. `migrate`: make or upgrade its schema first (a program's start);
    without, for a command that ends soon: it walks through the ledger, and need not hold much of it.
    """
    from kakehashi_adapters import sql_store  # noqa: PLC0415  # loaded when it is named

    if migrate:
        sql_store.migrate(url)
    cache = sql_store.CACHE if migrate else _CACHE_OF_A_COMMAND
    return sql_store.open_store(url, cache=cache), sql_store.open_links(url, cache=cache)


@dataclass(frozen=True, slots=True)
class _Keys:
    file: Path | None
    env: str


def sealer(settings: KeySettings) -> AesGcmSealer:
    from kakehashi_adapters.vault import open_sealer  # noqa: PLC0415  # loaded when it is named

    return open_sealer(_Keys(file=Path(settings.file) if settings.file else None, env=settings.env))


def key_file(path: Path) -> None:
    from kakehashi_adapters.vault import create_key_file  # noqa: PLC0415  # loaded when it is named

    create_key_file(path)


def key_rotation(path: Path, *, digest: bool) -> None:
    """A new key in the file: one that seals, or the secret behind blind indexes."""
    from kakehashi_adapters.vault import add_key, replace_digest  # noqa: PLC0415  # loaded when it is named

    (replace_digest if digest else add_key)(path)


def https_client(settings: ServerSettings) -> HttpsServerClient:
    """Its certificate files checked: ConfigurationError."""
    from kakehashi_adapters.https_client import HttpsServerClient  # noqa: PLC0415  # loaded when it is named

    live = _kept_away(settings)
    client = HttpsServerClient(
        settings.endpoint,
        ca=Path(settings.ca),
        certificate=Path(settings.certificate),
        key=Path(settings.key),
        connections=settings.connections,
        timeout=settings.timeout,
        answer_bytes=settings.answer_bytes,
        refuses=live.holds_peer,
    )
    client.check()
    return client


def exchange_folder(settings: ServerSettings) -> FolderServerClient:
    """`folder:` or `sftp:`. A mount may be away at the start. Raises ConfigurationError for what cannot serve."""
    from kakehashi_adapters.exchange_folder import FolderServerClient, LocalPlace  # noqa: PLC0415  # loaded when named
    from kakehashi_adapters.system_clock import SystemClock  # noqa: PLC0415  # as above

    live, folder = _kept_away(settings), Path(settings.endpoint[7:])
    is_remote = settings.endpoint.startswith("sftp:")
    return FolderServerClient(
        _sftp(settings, live) if is_remote else LocalPlace(folder, refuses=live.holds_folder),
        clock=SystemClock(),
        connections=settings.connections,
        timeout=settings.timeout,
        answer_bytes=settings.answer_bytes,
        serial_digits=settings.serial_digits,
        zipped=settings.zipped,
    )


def live_endpoints(endpoints: Iterable[str]) -> LiveEndpoints:
    """Whether an address is one of these, however it is spelt."""
    from kakehashi_adapters.live_endpoints import LiveEndpoints  # noqa: PLC0415  # loaded when it is named

    return LiveEndpoints(endpoints)


def _kept_away(settings: ServerSettings) -> LiveEndpoints:
    """What the client must not reach. Raises ConfigurationError where its endpoint is one of them already."""
    live = live_endpoints(settings.live)
    if live.holds(settings.endpoint):
        raise ConfigurationError([Fault("RHS-003", Place(file="gateway.toml", item="endpoint"))])
    return live


def _sftp(settings: ServerSettings, live: LiveEndpoints) -> SftpPlace:
    try:
        from kakehashi_adapters.exchange_folder.sftp import SftpPlace  # noqa: PLC0415  # an extra
    except ModuleNotFoundError:
        facts = {"expected": "the extra `sftp`: pip install kakehashi[sftp]"}
        raise ConfigurationError([Fault("CFG-003", Place(item="server.endpoint"), facts)]) from None

    place = SftpPlace(settings.endpoint, known_hosts=Path(settings.ca), key=Path(settings.key), refuses=live.holds_peer)
    place.check()
    return place


def https_listener(
    settings: AnsweringSettings | RelaySettings, answer: Callable[[bytes, frozenset[str]], bytes | None]
) -> HttpsListener:
    from kakehashi_adapters.https_listener import HttpsListener  # noqa: PLC0415  # loaded when it is named

    return HttpsListener(
        settings.listen,
        answer,
        ca=Path(settings.ca),
        certificate=Path(settings.certificate),
        key=Path(settings.key),
        peers=frozenset(settings.peers),
        request_bytes=settings.request_bytes,
        connections=settings.connections,
    )


def certificates(folder: Path, *, now: datetime) -> CertificateFiles:
    """A throw-away authority with a server and a client certificate, for demo and tests."""
    from kakehashi_adapters.certificates import make_certificates  # noqa: PLC0415  # loaded when it is named

    return make_certificates(folder, now=now)


def folder_source(
    folder: Path,
    settings: SourceSettings,
    *,
    refused: Callable[[Fault], None],
    fence: Callable[[str], None],
    unproved: Callable[[str, BinaryIO], Fault | None],
    incomplete: Callable[[Fault], None],
    now: Callable[[], datetime],
) -> FolderSource:
    """Claims, quarantine and archive lie beside the drop folder, on its file system."""
    from kakehashi_adapters.file_drop import Archive, FolderSource, Proof  # noqa: PLC0415  # loaded when it is named

    archive = None
    if settings.archive_days:
        keep = timedelta(days=settings.archive_days)
        archive = Archive(folder.parent / f"{folder.name}-archive", keep=keep, today=lambda: now().date())
    return FolderSource(
        folder,
        work=folder.parent / f".{folder.name}-work",
        quarantine=folder.parent / f"{folder.name}-quarantine",
        complete=settings.complete,
        end_marker=settings.end_marker,
        stable_for=timedelta(seconds=settings.stable_seconds),
        pattern=settings.pattern,
        refused=refused,
        lease=timedelta(seconds=settings.lease_seconds),
        fence=fence,
        proof=Proof(unproved, incomplete=incomplete),
        archive=archive,
    )


def folder_sink(folder: Path) -> FolderSink:
    from kakehashi_adapters.file_drop import FolderSink  # noqa: PLC0415  # loaded when it is named

    return FolderSink(folder)


def surroundings(settings: GatewaySettings) -> MachineSurroundings:
    """Disks and certificates of this machine."""
    from kakehashi_adapters.surroundings import MachineSurroundings  # noqa: PLC0415  # loaded when it is named

    return MachineSurroundings(settings)
