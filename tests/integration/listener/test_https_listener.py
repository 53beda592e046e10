"""What the listener takes, what it refuses unread, and that nobody who is slow or many holds the others."""

import http.client
import socket
import ssl
import threading
from datetime import datetime, timedelta, timezone

import pytest

from kakehashi.errors import ConfigurationError, ServerUnreachable
from kakehashi_adapters.certificates import make_certificates
from kakehashi_adapters.https_listener import HttpsListener

NOW = datetime.now(timezone(timedelta(hours=9)))


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    make_certificates(folder, now=NOW)
    return folder


class Place:
    """A listener on a free port; `answer` may be replaced."""

    def __init__(self, certificates, **options):
        self.certificates = certificates
        self.answer = lambda document: document.upper()
        self.listener = HttpsListener(
            "https://127.0.0.1:0/ask", self._answered, ca=certificates / "ca.pem",
            certificate=certificates / "listener.pem", key=certificates / "listener.key", request_bytes=1000, **options,
        )  # fmt: skip
        self.listener.start()

    def _answered(self, document, _names):
        return self.answer(document)

    def context(self, name="asker"):
        context = ssl.create_default_context(cafile=str(self.certificates / "ca.pem"))
        if name:
            context.load_cert_chain(self.certificates / f"{name}.pem", self.certificates / f"{name}.key")
        return context

    def post(self, body=b"a", path="/ask", *, name="asker", headers=None):
        line = http.client.HTTPSConnection("127.0.0.1", self.listener.port, timeout=5, context=self.context(name))
        try:
            line.request("POST", path, body=body, headers=headers or {})
            answer = line.getresponse()
            return answer.status, answer.read()
        finally:
            line.close()


@pytest.fixture
def place(certificates, request):
    made = Place(certificates, **getattr(request, "param", {}))
    yield made
    made.listener.close()


def test_an_answer_comes_back_and_the_rest_is_refused_unread(place):
    """No message: 400; too large, another path, no length: never given to anybody."""
    assert place.post(b"abc") == (200, b"ABC")
    given = []
    place.answer = given.append
    assert place.post(b"x" * 1001)[0] == 413
    assert place.post(path="/other")[0] == 404
    assert place.post(headers={"Content-Length": "x"})[0] == 411
    assert given == []
    assert place.post(b"what")[0] == 400


@pytest.mark.parametrize("place", [{"peers": frozenset({"somebody else"})}], indirect=True)
def test_a_client_of_another_name_is_not_heard(place):
    """Though its certificate is of our authority."""
    with pytest.raises((http.client.HTTPException, OSError)):
        place.post()


@pytest.mark.parametrize("name", ["", "listener"])
def test_a_client_without_a_clients_certificate_is_not_heard(place, name):
    """None, or one for servers."""
    with pytest.raises((http.client.HTTPException, OSError)):
        place.post(name=name)


@pytest.mark.parametrize("place", [{"connections": 1}], indirect=True)
def test_who_is_too_many_is_told_so_at_once(place):
    """And the one before is answered."""
    begun, go_on, first = threading.Event(), threading.Event(), []

    def slow(_):
        begun.set()
        go_on.wait(5)
        return b"done"

    place.answer = slow
    asker = threading.Thread(target=lambda: first.append(place.post()))
    asker.start()
    assert begun.wait(5)
    assert place.post()[0] == 503
    go_on.set()
    asker.join(5)
    assert first == [(200, b"done")]


def test_a_client_that_never_shakes_hands_holds_nobody(place):
    """Twenty silent connections, and the next one is answered."""
    silent = [socket.create_connection(("127.0.0.1", place.listener.port)) for _ in range(20)]
    assert place.post() == (200, b"A")
    for each in silent:
        each.close()


def test_what_is_wrong_with_address_or_certificates_is_named(place, certificates, tmp_path):
    """A port that is taken: SRV-017; files that are missing or no certificates."""
    files = {"ca": certificates / "ca.pem", "certificate": certificates / "listener.pem"}
    key = certificates / "listener.key"
    taken = HttpsListener(f"https://127.0.0.1:{place.listener.port}/ask", bytes, key=key, **files)
    with pytest.raises(ServerUnreachable) as caught:
        taken.start()
    assert caught.value.fault.code == "SRV-017"
    with pytest.raises(ConfigurationError) as missing:
        HttpsListener("https://127.0.0.1:1/ask", bytes, key=tmp_path / "none", **files).start()
    assert [(fault.code, fault.place.item) for fault in missing.value.faults] == [("CFG-005", "answering.key")]
    with pytest.raises(ConfigurationError) as foreign:
        HttpsListener("https://127.0.0.1:1/ask", bytes, key=certificates / "asker.key", **files).start()
    assert foreign.value.faults[0].code == "CFG-003"
