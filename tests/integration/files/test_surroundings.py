"""What the machine says of itself: room on real disks, dates of real certificates."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from kakehashi.config.settings import FolderSettings, GatewaySettings, ServerSettings, StoreSettings
from kakehashi_adapters.certificates import make_certificates
from kakehashi_adapters.surroundings import MachineSurroundings

NOW = datetime(2026, 7, 1, tzinfo=UTC)
ON_A_SMALL_DISK = """
import json, sys
from pathlib import Path
from kakehashi.config.settings import FolderSettings, GatewaySettings, StoreSettings
from kakehashi_adapters.surroundings import MachineSurroundings
small, large = map(Path, sys.argv[1:])
surroundings = MachineSurroundings(GatewaySettings(
    folders=FolderSettings(spool=str(small / "spool" / "not yet there"), exchange=str(large)),
    store=StoreSettings(url=f"sqlite:///{small}/kakehashi.db"),
))
def told():
    return [[space.place, space.bytes, space.inodes] for space in surroundings.spaces()]
answers = [told()]
(small / "a").write_bytes(bytes(3_000_000))
answers.append(told())
for number in range(50):
    (small / str(number)).touch()
answers.append(told())
print(json.dumps(answers))
"""


def test_a_disk_tells_what_is_left_of_it(tmp_path):
    """A file system of 4 MB and 100 files under spool and ledger: told once under both names, down to its last file."""
    small, large = tmp_path / "small", tmp_path / "large"
    for folder in (small, large):
        folder.mkdir()
    mount = 'mount -t tmpfs -o size=4m,nr_inodes=100 none "$1" && exec "$0" -c "$3" "$1" "$2"'
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", mount, sys.executable, small, large, ON_A_SMALL_DISK],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    answers = json.loads(done.stdout)
    first, full, crowded = (next(space for space in answer if space[0] == "spool ledger") for answer in answers)
    assert all(sorted(space[0] for space in answer) == ["exchange", "spool ledger"] for answer in answers)
    assert 3_900_000 < first[1] <= 4 * 2**20
    assert first[1] - full[1] >= 3_000_000
    assert first[2] - crowded[2] == 51
    assert crowded[2] < 50


def test_certificates_tell_their_last_day(tmp_path):
    """The earliest end in each file; a file that is gone or holds no certificate cannot be read."""
    made = make_certificates(tmp_path / "tls", now=NOW)
    old = make_certificates(tmp_path / "old", now=NOW - timedelta(days=390))
    chain = tmp_path / "chain.pem"
    chain.write_bytes(made.ca.read_bytes() + old.ca.read_bytes())

    def told(ca, certificate):
        server = ServerSettings(ca=str(ca), certificate=str(certificate))
        return {each.place: each.until for each in MachineSurroundings(GatewaySettings(server=server)).expiries()}

    assert told(made.ca, made.client_certificate) == {
        "ca": NOW + timedelta(days=398),
        "client": NOW + timedelta(days=398),
    }
    assert told(chain, made.client_certificate)["ca"] == NOW + timedelta(days=8)
    assert told(tmp_path / "none.pem", made.client_key) == {"ca": None, "client": None}
    assert MachineSurroundings(GatewaySettings()).expiries() == []


@pytest.mark.parametrize("url", ["postgresql+psycopg://user@host/kakehashi", ""])
def test_a_ledger_elsewhere_has_no_disk_here(tmp_path, url):
    """PostgreSQL's disk is its own machine's."""
    settings = GatewaySettings(
        folders=FolderSettings(spool=str(tmp_path), exchange=str(tmp_path)), store=StoreSettings(url=url)
    )
    assert [space.place for space in MachineSurroundings(settings).spaces()] == ["spool exchange"]
