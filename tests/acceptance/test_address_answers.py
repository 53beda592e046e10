"""The intermediate server asks a running body for addresses, and its systems hand in messages, over mutual TLS."""

import contextlib
import http.client
import socket
import ssl
import urllib.request
from datetime import date

import pytest
from lxml import etree
from tests.acceptance.watching import eventually
from tests.unit.validation.samples import ID, INQUIRY, message

from kakehashi.runtime.bootstrap import plugin
from kakehashi_simulators.demo.run import started
from kakehashi_simulators.legacy.manifest import Sample
from kakehashi_simulators.legacy.numbers import seeded_numbers
from kakehashi_simulators.legacy.residents import RESIDENTS, Row, described, write_rows
from kakehashi_simulators.legacy.town import Town

SEED, PERSONS = 20261129, 12
OURS = "9999000000000099"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.timeout(90)
def test_the_server_asks_and_is_answered_and_nobody_else_is_heard(tmp_path):
    """Current address of whom may be told, a code for the others; 50 questions in a second, none late."""
    relay = free_port()
    port, certificates = free_port(), tmp_path / "site" / "certificates"
    endpoint = f"https://127.0.0.1:{port}/questions"
    extra = f"""
[links]
mode = "full"
numbers = {{ welfare = "registry" }}
[relay]
listen = "https://127.0.0.1:{relay}/messages"
ca = "{certificates}/ca.pem"
certificate = "{certificates}/listener.pem"
key = "{certificates}/listener.key"
systems = {{ kakehashi = "welfare" }}
[answering]
listen = "{endpoint}"
ca = "{certificates}/ca.pem"
certificate = "{certificates}/listener.pem"
key = "{certificates}/listener.key"
"""
    with started(tmp_path / "site", seed=SEED, scale=0.01, faults=False, extra=extra) as run:
        town, numbers = Town(SEED), list(seeded_numbers(SEED, PERSONS))
        rows = [
            Row(system="registry", atena=town.atena("registry", person), number=numbers[person],
                person=described(town.people, person), disclosure="2" if person == 3 else "0")
            for person in range(PERSONS)
        ]  # fmt: skip
        path = run.site.folder / "samples" / "RESIDENT1.DAT"
        write_rows(path, rows, records=PERSONS, made=date(2026, 7, 1))
        run.drop([Sample(lane=RESIDENTS, name=path.name, path=path, records=PERSONS, good=PERSONS)])
        eventually(lambda: [file.state for file in run.store.files()] == ["returned"], what="the extract")
        found = linked(run, [row.atena for row in rows])
        persons = [found[row.atena.zfill(15)] for row in rows]

        def ask(keys, **how):
            return run.server.ask("/ask", {"endpoint": endpoint, "persons": keys, "receiver": OURS, **how})

        answers = ask([*persons, "9" * 15])
        assert all(answer["ours"] for answer in answers)
        assert [answer["code"] for answer in answers] == ["4010" if n == 3 else "0000" for n in range(PERSONS)] + [
            "4003"
        ]
        assert [answer["told"].get("Address") for answer in answers[:3]] == [row.person.address for row in rows[:3]]
        assert answers[3]["told"] == {}

        answers = ask((persons * 5)[:50], per_second=50)
        assert {answer["code"] for answer in answers} == {"0000", "4010"}
        assert sorted(answer["seconds"] for answer in answers)[48] < 2

        host = System(relay, certificates)
        own = town.atena("registry", 1).zfill(15)
        assert host.inquire(own) == "0001"
        assert host.inquire("7".zfill(15)) == "4003"
        assert run.server.account()["messages"]["SKI-301"] == {"0001": 1}

        strangers = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
        with pytest.raises((OSError, ssl.SSLError)):
            urllib.request.urlopen(endpoint, data=b"<a/>", context=strangers, timeout=5).read()
        assert ask([persons[0]])[0]["code"] == "0000"


class System:
    """A business system that speaks the interface, with the certificate of its host."""

    def __init__(self, port, certificates):
        context = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
        context.load_cert_chain(certificates / "client.pem", certificates / "client.key")
        self.line = http.client.HTTPSConnection("127.0.0.1", port, timeout=20, context=context)
        self.asked = 0

    def inquire(self, atena):
        """The code of the answer to an inquiry about its own number."""
        self.asked += 1
        document = message("SKI-301", f"<Inquiries>{INQUIRY}</Inquiries>").decode()
        for old, new in {
            ID: "abcdefghijklmno" + "bcdefghijklmnopa"[self.asked] * 17, "9999000000000002": OURS,
            ">unified<": ">atena<", "000000000000001<": f"{atena}<",
        }.items():  # fmt: skip
            document = document.replace(old, new)
        self.line.request("POST", "/messages", body=document.encode())
        answer = self.line.getresponse()
        assert answer.status == 200
        root = etree.fromstring(answer.read())
        assert root.findtext("{*}Header/{*}PersonKeyType") == "atena"
        return root.findtext("{*}Result/{*}Code")


def linked(run, atena):
    """Number → 団体内統合宛名番号."""
    ledger, links = plugin("stores", "sqlite")(run.configuration.gateway.store.url)
    with contextlib.closing(ledger), contextlib.closing(links):
        return links.resolve("registry", [each.zfill(15) for each in atena])
