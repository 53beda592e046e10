from __future__ import annotations

import inspect
import re
import ssl
from datetime import UTC, datetime

import httpx
import pytest

from kakehashi.errors import ConfigurationError, ServerUnreachable
from kakehashi_adapters.certificates import make_certificates
from kakehashi_adapters.https_client.client import DELIVERY, HttpsServerClient, _certificate_refused, _retry_after


def test_every_error_of_httpx_has_its_meaning():
    """A new exception class of httpx fails here until somebody decides whether its message may have been delivered."""
    classes = {thing for _, thing in inspect.getmembers(httpx, inspect.isclass) if issubclass(thing, Exception)}
    assert set(DELIVERY) == classes


def test_only_what_cannot_have_left_counts_as_not_delivered():
    """Errors before the first byte are 'unreachable', every other one is 'unknown'."""
    before = {httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout}
    never = {httpx.UnsupportedProtocol, httpx.ProxyError, httpx.InvalidURL}
    assert {error for error, delivered in DELIVERY.items() if not delivered} == before | never


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1/exchange", "127.0.0.1:8443", "", "https://", "ftp://x/y"])
def test_only_https_is_spoken(tmp_path, endpoint):
    """An endpoint without https is a configuration fault at once (CFG-003)."""
    with pytest.raises(ConfigurationError) as caught:
        HttpsServerClient(endpoint, ca=tmp_path, certificate=tmp_path, key=tmp_path)
    assert [fault.code for fault in caught.value.faults] == ["CFG-003"]


def test_missing_files_are_all_named_by_the_check(tmp_path):
    """Every missing certificate file is named, by name and not by folder (CFG-005)."""
    client = HttpsServerClient(
        "https://127.0.0.1:1/exchange", ca=tmp_path / "a.pem", certificate=tmp_path / "b.pem", key=tmp_path / "c.key"
    )
    with pytest.raises(ConfigurationError) as caught:
        client.check()
    assert [(fault.code, fault.place.file) for fault in caught.value.faults] == [
        ("CFG-005", "a.pem"),
        ("CFG-005", "b.pem"),
        ("CFG-005", "c.key"),
    ]
    assert str(tmp_path) not in str(caught.value)


def test_files_that_are_missing_at_an_exchange_mean_that_nothing_was_sent(tmp_path):
    """An exchange without usable certificates is 'unreachable' with the file's fault; when they are back it goes on."""
    paths = {name: tmp_path / f"{name}.pem" for name in ("ca", "certificate", "key")}
    client = HttpsServerClient("https://127.0.0.1:1/exchange", **paths)
    with pytest.raises(ServerUnreachable) as caught:
        client.exchange("SYM-901", "a" * 32, b"x")
    assert (caught.value.fault.code, caught.value.fault.place.file) == ("CFG-005", "ca.pem")
    files = make_certificates(tmp_path, now=datetime.now(UTC))
    for made, name in ((files.ca, "ca"), (files.client_certificate, "certificate"), (files.client_key, "key")):
        paths[name].write_bytes(made.read_bytes())
    client.check()
    with pytest.raises(ServerUnreachable) as caught:
        client.exchange("SYM-901", "a" * 32, b"x")
    assert caught.value.fault.code == "SRV-002"


@pytest.mark.parametrize("name", ["ca", "certificate", "key"])
def test_an_unusable_file_is_named(tmp_path, name):
    """A file that holds no certificate or no key is CFG-003 with the file's name; its content stays out of the text."""
    files = make_certificates(tmp_path, now=datetime.now(UTC))
    paths = {"ca": files.ca, "certificate": files.client_certificate, "key": files.client_key}
    paths[name].write_text("SECRET not a PEM file")
    client = HttpsServerClient("https://127.0.0.1:1/exchange", **paths)
    with pytest.raises(ConfigurationError) as caught:
        client.check()
    assert paths[name].name in [fault.place.file for fault in caught.value.faults]
    assert {fault.code for fault in caught.value.faults} == {"CFG-003"}
    assert "SECRET" not in str(caught.value)


def test_keys_are_their_owners_alone(tmp_path):
    """The private keys of throw-away certificates are readable by their owner only."""
    files = make_certificates(tmp_path, now=datetime.now(UTC))
    assert {path.stat().st_mode & 0o777 for path in (files.server_key, files.client_key)} == {0o600}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "30"}, 30),
        ({"Retry-After": "99999999999999999999"}, 86400),
        ({"Retry-After": "Tue, 24 Nov 2026 00:01:40 GMT", "Date": "Tue, 24 Nov 2026 00:00:00 GMT"}, 100),
        ({"Retry-After": "Tue, 24 Nov 2026 00:00:00 GMT", "Date": "Tue, 24 Nov 2026 00:01:40 GMT"}, 0),
        ({"Retry-After": "Tue, 24 Nov 2026 00:01:40 GMT"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "３０"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_both_forms(headers, seconds):
    """Seconds, or a date counted from the answer's own Date; anything else is no wait; never more than a day."""
    assert _retry_after(httpx.Headers({name: value.encode() for name, value in headers.items()})) == seconds


def test_only_a_certificate_alert_proves_non_delivery():
    """An alert about our certificate is a refusal; any other TLS error after the handshake proves nothing."""

    def failed(reason):
        error = ssl.SSLError(1, f"[SSL: {reason}] text")
        error.reason = reason
        wrapped = httpx.ReadError("text")
        wrapped.__cause__ = error
        return _certificate_refused(wrapped)

    assert failed("TLSV13_ALERT_CERTIFICATE_REQUIRED")
    assert failed("TLSV1_ALERT_UNKNOWN_CA")
    assert failed("SSLV3_ALERT_CERTIFICATE_EXPIRED")
    assert not failed("TLSV1_ALERT_INTERNAL_ERROR")
    assert not failed("DECRYPTION_FAILED_OR_BAD_RECORD_MAC")
    assert not _certificate_refused(httpx.ReadError("text"))


def test_the_table_in_the_docstring_is_the_table():
    """The classes that the module's docstring calls 'surely not delivered' are those of the table."""
    text = inspect.getmodule(HttpsServerClient).__doc__
    line = next(line for line in text.splitlines() if "surely not delivered" in line)
    named = set(re.findall(r"[A-Z]\w+(?=[,\s])", line.split("→")[0]))
    assert named <= {error.__name__ for error, delivered in DELIVERY.items() if not delivered}
