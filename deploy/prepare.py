"""Make deploy/site: configuration, keys, certificates and passwords of a trial installation with compose.

    python deploy/prepare.py        then: docker compose --file deploy/compose.yaml up

Everything in it is secret or throw-away and for this machine only. It is never overwritten: remove the folder first.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sys
from pathlib import Path

from kakehashi_adapters.certificates import make_certificates
from kakehashi_adapters.system_clock import SystemClock
from kakehashi_adapters.vault import create_key_file

DEPLOY = Path(__file__).resolve().parent
SITE = DEPLOY / "site"
IMAGE_USER = 10001  # of the Dockerfile

GATEWAY = """\
# The trial installation of deploy/compose.yaml. Paths are those inside the containers.
[gateway]
name = "trial"
agency = "9999000000000099"
test = true

[broker]
url = "amqp://kakehashi:{broker}@rabbitmq:5672/%2F"

[store]
url = "postgresql+psycopg://kakehashi:{store}@postgresql:5432/kakehashi"

[keys]
file = "/etc/kakehashi/secrets/keys.toml"

[server]
endpoint = "https://127.0.0.1:8443/exchange"
ca = "/etc/kakehashi/secrets/certificates/ca.pem"
certificate = "/etc/kakehashi/secrets/certificates/client.pem"
key = "/etc/kakehashi/secrets/certificates/client.key"

[folders]
spool = "/var/lib/kakehashi/spool"
exchange = "/var/lib/kakehashi/exchange"
"""


def write(path: Path, text: str, *, mode: int = 0o600) -> None:
    """For the owner only: everything here is, or holds, a secret."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        file.write(text)


def owner() -> tuple[int, int]:
    """Who the containers run as: whoever calls this, and for root the image's own user, who then gets the site."""
    if os.getuid() != 0:
        return os.getuid(), os.getgid()
    for path in (SITE, *SITE.rglob("*")):
        os.chown(path, IMAGE_USER, IMAGE_USER, follow_symlinks=False)
    return IMAGE_USER, IMAGE_USER


def main() -> int:
    if SITE.exists():
        print(f"{SITE} exists already. Remove it to begin anew; bodies sealed with its keys are then lost.")
        return 1
    broker, store = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    SITE.mkdir(mode=0o700)
    shipped = DEPLOY.parent / "config"
    shutil.copytree(shipped, SITE / "config", ignore=shutil.ignore_patterns("gateway.toml"))
    write(SITE / "config" / "gateway.toml", GATEWAY.format(broker=broker, store=store))
    write(SITE / "secrets" / "postgresql-password", store)
    # The broker's own user reads it inside its container; here the folder above keeps others out.
    broker_user = f"default_user = kakehashi\ndefault_pass = {broker}\n"
    write(SITE / "rabbitmq" / "20-kakehashi.conf", broker_user, mode=0o644)
    create_key_file(SITE / "secrets" / "keys.toml")
    make_certificates(SITE / "secrets" / "certificates", now=SystemClock().now())
    for name in ("spool", "exchange", "simulators"):
        (SITE / "data" / name).mkdir(mode=0o700, parents=True)
    user, group = owner()
    write(DEPLOY / ".env", f"KAKEHASHI_USER={user}:{group}\n")
    print(f"{SITE} is ready. Start it with: docker compose --file {DEPLOY / 'compose.yaml'} up --build")
    return 0


if __name__ == "__main__":
    sys.exit(main())
