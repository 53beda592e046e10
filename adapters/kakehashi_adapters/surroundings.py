"""What a gateway process needs of its machine: room on its disks, certificates that are still valid."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from kakehashi.config.settings import GatewaySettings
from kakehashi.ports.vigil import Expiry, Space
from kakehashi_adapters.certificates import valid_until

__all__ = ["MachineSurroundings"]


class MachineSurroundings:
    """See `kakehashi.ports.vigil.Surroundings`."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._folders = dict(_folders(settings))
        server = settings.server
        files = {} if server.endpoint.startswith("sftp:") else {"ca": server.ca, "client": server.certificate}
        self._certificates = {name: Path(file) for name, file in files.items() if file}

    def spaces(self) -> list[Space]:
        """A folder that is not there yet counts as the one that it will be made in."""
        disks: dict[int, list[str]] = {}
        found: dict[int, Path] = {}
        for name, folder in self._folders.items():
            there = next((path for path in (folder, *folder.parents) if path.is_dir()), None)
            if there is not None:
                device = there.stat().st_dev
                disks.setdefault(device, []).append(name)
                found.setdefault(device, there)
        return [_space(" ".join(names), found[device]) for device, names in disks.items()]

    def expiries(self) -> list[Expiry]:
        return [Expiry(place=name, until=valid_until(file)) for name, file in self._certificates.items()]


def _folders(settings: GatewaySettings) -> Iterator[tuple[str, Path]]:
    yield "spool", Path(settings.folders.spool).absolute()
    yield "exchange", Path(settings.folders.exchange).absolute()
    if settings.server.endpoint.startswith("folder:"):
        yield "server", Path(settings.server.endpoint.removeprefix("folder:")).absolute()
    scheme, _, rest = settings.store.url.partition(":///")
    if scheme == "sqlite":
        yield "ledger", Path(rest).absolute().parent
    if settings.broker.url.startswith("local:"):
        yield "queues", Path(settings.broker.url.removeprefix("local:")).absolute()


def _space(place: str, folder: Path) -> Space:
    """What an ordinary user may still write: `f_bavail`, not what is kept for root."""
    disk = os.statvfs(folder)
    return Space(place=place, bytes=disk.f_bavail * disk.f_frsize, inodes=disk.f_favail if disk.f_files else None)
