"""`notices` on a store of links: who was told what, who is behind, and a file that is written again."""

import json
import shutil
from datetime import timedelta

import pytest
from tests.acceptance.watching import asked
from tests.unit.pipeline.conftest import Recorder
from tests.unit.pipeline.persons import Hall
from tests.unit.pipeline.subscribers import CLASS_3, notices_of, subscribe

from kakehashi.config.loader import load
from kakehashi.runtime.bootstrap import plugin
from kakehashi.runtime.notifying import notifyings
from kakehashi.runtime.outage import Quiet
from kakehashi.runtime.places import shared


class Body:
    """A configuration folder with a store and keys of its own; tax is told, one file a change."""

    def __init__(self, folder):
        self.config = folder / "config"
        shutil.copytree(shared("config"), self.config)
        path = self.config / "gateway.toml"
        path.write_text(path.read_text(encoding="utf-8").replace("run-data", str(folder)) + CLASS_3, encoding="utf-8")
        subscribe(self.config, every_seconds=0, most=1)
        configuration = load(self.config)
        plugin("tools", "key-file")(folder / "keys" / "kakehashi.keys")
        _, self.links = plugin("stores", "sqlite")(configuration.gateway.store.url, migrate=True)
        self.hall = Hall(folder, links=CLASS_3, store=self.links)
        self.hall.configuration = configuration
        self.out = folder / "exchange" / "tax-notices" / "out"
        self.out.mkdir(parents=True)
        (self.notifying,) = notifyings(
            configuration, plugin("sinks", "folder"), links=self.links, sealer=self.hall.sealer, clock=self.hall.clock,
            events=Recorder(), quiet=Quiet(self.hall.clock),
        )  # fmt: skip

    def tell(self):
        for _ in range(4):
            self.hall.clock.advance(timedelta(seconds=1))
            self.notifying.run_once()

    def ask(self, *words):
        done = asked("notices", *words, "--json", "--config", self.config)
        return done.exit_code, [json.loads(line) for line in done.output.splitlines() if line.startswith("{")]


@pytest.fixture
def body(tmp_path):
    (tmp_path / "keys").mkdir()
    made = Body(tmp_path)
    yield made
    made.links.close()


def test_the_books_tell_who_has_had_what_and_a_file_is_written_again(body):
    """Numbers masked; no address. The file comes under its name again, with the same notice."""
    hall = body.hall
    hall.register(1)
    hall.link(hall.row(1, system="tax"))
    hall.extract("registry-residents", [hall.row(1, event="11", since="20260620")], batch_id=2)
    hall.extract("registry-residents", [hall.row(1, event="12", since="20260625")], batch_id=3)
    _, (row,) = body.ask("status")
    assert (row["system"], row["pending"], row["unwritten"], row["untaken"]) == ("tax", 2, 0, 0)

    body.tell()
    first = (body.out / "NOTICE000001.DAT").read_bytes()
    (body.out / "NOTICE000001.DAT").unlink()
    body.tell()
    code, (row,) = body.ask("status")
    assert (code, row["pending"], row["untaken"]) == (1, 0, 1), "behind: the simulated clock stands in the past"
    _, files = body.ask("files", "tax")
    assert [(each["serial"], each["records"], each["taken"] is not None) for each in files] == [
        (2, 1, False),
        (1, 1, True),
    ]

    number = hall.row(1, system="tax").atena
    _, told = body.ask("show", "tax", number, "--reason", "asked")
    assert [(each["what"], each["since"], each["serial"]) for each in told] == [
        ("moved-out", "2026-06-20", 1),
        ("died", "2026-06-25", 2),
    ]
    assert told[0]["unified"].startswith("****")
    assert [note.reason for _, note in body.links.looks("tax", number.zfill(15))] == ["asked"]

    assert body.ask("retry", "tax", "1", "--reason", "lost by the reader")[0] == 0
    body.tell()
    assert (body.out / "NOTICE000001.DAT").read_bytes() == first
    assert [notice[1] for notice in notices_of(first)] == ["moved-out"]
    assert body.ask("files", "tax")[1][1]["reason"] == "lost by the reader"
    assert body.ask("retry", "tax", "7", "--reason", "none")[0] == 1
