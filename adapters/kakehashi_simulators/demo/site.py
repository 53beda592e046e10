"""A site on this machine: folders, certificates, keys and a configuration that names them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from kakehashi.runtime.bootstrap import plugin

__all__ = ["Site", "prepare"]

_LOST_AFTER_SECONDS = 60
_AGENCY = "9999000000000099"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where everything of one run lies."""

    folder: Path
    certificates: Path

    @property
    def config(self) -> Path:
        return self.folder / "config"

    @property
    def exchange(self) -> Path:
        return self.folder / "exchange"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def store_url(self) -> str:
        return f"sqlite:///{self.folder / 'store' / 'kakehashi.db'}"

    def configure(
        self,
        *,
        shipped: Path,
        endpoint: str,
        registry: str,
        broker: str | None = None,
        store: str | None = None,
        profile: str = "",
        extra: str = "",
        lost_after_seconds: int = _LOST_AFTER_SECONDS,
    ) -> None:
        """Copy the shipped configuration and write the gateway.toml of this site; drop folders come into being."""
        shutil.copytree(shipped, self.config, ignore=shutil.ignore_patterns("gateway.toml"), dirs_exist_ok=True)
        lost = f"lost_after_seconds = {lost_after_seconds}\n" if lost_after_seconds != _LOST_AFTER_SECONDS else ""
        named = f'profile = "{profile}"\n' if profile else ""
        text = f"""# Written by `kakehashi demo` for this machine.
[gateway]
name = "demo"
agency = "{_AGENCY}"
test = true
{named}
[broker]
url = "{broker or f"local:{self.folder / 'broker'}"}"
{lost}
[store]
url = "{store or self.store_url}"

[keys]
file = "{self.folder / "keys.json"}"

[server]
endpoint = "{endpoint}"
ca = "{self.certificates / "ca.pem"}"
certificate = "{self.certificates / "client.pem"}"
key = "{self.certificates / "client.key"}"

[registry]
endpoint = "{registry}"
ca = "{self.certificates / "ca.pem"}"
certificate = "{self.certificates / "client.pem"}"
key = "{self.certificates / "client.key"}"

[folders]
spool = "{self.folder / "spool"}"
exchange = "{self.exchange}"
{extra}"""
        (self.config / "gateway.toml").write_text(text, encoding="utf-8")


def prepare(folder: Path) -> Site:
    """An empty site with fresh keys and certificates. What an earlier run left there is removed."""
    if folder.exists():
        shutil.rmtree(folder)
    site = Site(folder=folder, certificates=folder / "certificates")
    for each in (site.logs, folder / "store", folder / "spool", site.exchange, folder / "samples", folder / "server"):
        each.mkdir(parents=True)
    plugin("tools", "key-file")(folder / "keys.json")
    plugin("tools", "certificates")(site.certificates, now=plugin("clocks", "system")().now())
    return site
