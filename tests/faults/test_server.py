"""The exam's part C on real processes: a server that answers late, wrongly, not at all, or too much (E32 to E42).

One site for all of them: each fault strikes while files come in, and when it is over the books must agree.
"""

import contextlib
import itertools
import signal
import socket
import ssl
import threading
import time
import warnings
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from tests.acceptance.watching import eventually, links_settled, logged, settled
from tests.faults.site import SEED, Site
from tests.services.tcp_proxy import TcpProxy
from tests.tier import FULL

from kakehashi.domain.batch import BatchState, RecordState, content_id
from kakehashi_adapters.certificates import Authority, CertificateFiles, make_certificates
from kakehashi_simulators.demo.run import started
from kakehashi_simulators.legacy.tax import LANE

SETTINGS = "breaker_most_seconds = 2\ntimeout_seconds = 2\n"
JAPAN = timezone(timedelta(hours=9))
TIMES = 20 if FULL else 3
ROUNDS = 7 if FULL else 1
"""Of a few faults in a row each: with more in a row the pauses between them grow to minutes."""
LATE = 300 if FULL else 5


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The gateway reaches its server through a proxy, with short time-outs and small batches."""
    proxies = []

    def adapt(config):
        path = config / "gateway.toml"
        text = path.read_text(encoding="utf-8")
        port = int(text.split("https://127.0.0.1:")[1].split("/")[0])
        proxies.append(TcpProxy("127.0.0.1", port))
        text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{proxies[0].port}")
        text = text.replace("[server]\n", "[server]\n" + SETTINGS) + "\n[limits]\nbatch_records = 5\n"
        path.write_text(text, encoding="utf-8")

    options = {"seed": SEED, "scale": 0.3, "faults": False, "result_delay_seconds": 0.1, "adapt": adapt}
    with started(tmp_path_factory.mktemp("server") / "site", **options) as run:
        made = Site(run, new=1)
        made.proxy = proxies[0]
        links_settled(run)
        yield made
        proxies[0].close()


@pytest.fixture(autouse=True)
def well_again(site):
    """Whatever a test did, the next one finds a server that works."""
    yield
    site.proxy.recover()
    site.run.server.ask("/faults", NO_FAULTS)


NO_FAULTS = {
    **dict.fromkeys(("delay_seconds", "cut_before_apply", "drop_response_after_apply", "http_status_times"), 0.0),
    **dict.fromkeys(("wrong_correlation", "duplicate_answer", "swapped_answers", "garbage_answer"), 0.0),
    **dict.fromkeys(("huge_answer", "slow_drip"), 0.0),
    "http_status": 0,
    "retry_after": None,
}


def judge(site):
    """Quiet within a minute, and the oracles L, T and O find nothing."""
    settled(site.run, seconds=60)
    assert site.wrong() == []


def newest(site):
    """The batches of the file that was dropped last, once it is taken."""
    files = eventually(
        lambda: [f for f in site.run.store.files(lane=LANE) if f.name == f"LEVY{len(site.files):04d}.DAT"],
        what="intake",
    )
    return site.run.store.batches(files[0].id)


def codes(site):
    return {attempt.code for row in newest(site) for attempt in site.run.store.attempts(row.id)}


@pytest.mark.exam("E32")
def test_an_answer_that_is_lost_is_asked_for(site):
    """Applied, and the connection ends: the status is asked, nothing is applied twice."""
    for _ in range(ROUNDS):
        site.run.server.set_faults(drop_response_after_apply=3.0)
        site.drop()
        judge(site)
    sent = {attempt.message_id for row in newest(site) for attempt in site.run.store.attempts(row.id)}
    assert "SYM-911" in sent


@pytest.mark.exam("E33")
def test_a_connection_that_is_cut_in_the_middle_of_a_request_loses_nothing(site):
    """Cuts at growing places of the request's bytes, before the server has all of it."""
    for number in range(TIMES):
        site.proxy.cut_after(700 + 997 * number)
        site.drop()
        time.sleep(0.3)
    site.run.server.set_faults(cut_before_apply=2.0)
    site.drop()
    judge(site)


@pytest.mark.timeout(900 if FULL else 120)
@pytest.mark.exam("E34")
def test_a_request_that_is_applied_after_the_time_out_is_unknown_until_then(site):
    """Nobody says failed: the records wait, the batch is sent or asked about; the late effect is the only one."""
    site.run.server.set_faults(delay_seconds=float(LATE))
    site.drop()
    eventually(lambda: "SRV-003" in codes(site), what="a time-out")
    assert all(row.state in (BatchState.SENT, BatchState.QUEUED) for row in newest(site))
    assert any(row.state is BatchState.SENT for row in newest(site))
    assert not [row for row in site.run.store.exceptions(lane=LANE) if row.file_id == newest(site)[0].file_id]
    site.run.server.set_faults(delay_seconds=0.0)  # what is under way arrives late, beside what is sent again
    time.sleep(LATE)
    judge(site)


@pytest.mark.exam("E35")
@pytest.mark.parametrize("fault", ["wrong_correlation", "duplicate_answer", "swapped_answers"])
def test_an_answer_to_another_request_is_thrown_away_and_told(site, fault):
    """Wrong id, twice, or in another's place: no result of one batch reaches another, and an event says so."""
    told = len(logged(site.run, "worker", "server.failed"))
    for _ in range(ROUNDS):
        site.run.server.set_faults(**{fault: 6.0})
        site.drop()
        judge(site)
    if fault == "wrong_correlation":
        assert "SRV-007" in codes(site)
        assert "SRV-007" in [event["code"] for event in logged(site.run, "worker", "server.failed")[told:]]


@pytest.mark.exam("E37")
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured(site, status):
    """No request of any batch arrives before the server's time."""
    site.run.server.set_faults(http_status=status, http_status_times=1.0, retry_after=4)
    before = len(arrivals(site))
    site.drop()
    judge(site)
    times = arrivals(site)[before:]
    refused = [later for later in times if later - times[0] < 0.5]  # what was under way side by side
    after = min(later for later in times if later not in refused)
    assert after - times[0] >= 3.9


def arrivals(site):
    return site.run.server.ask("/arrivals")


@pytest.mark.exam("E38")
@pytest.mark.parametrize("fault", ["garbage_answer", "huge_answer", "slow_drip"])
def test_an_answer_that_is_none_ends_in_time_and_in_little_memory(site, fault):
    """Garbage, 4 GB, and a byte a second: unknown outcome within the deadline, memory as before, asked and settled."""
    site.run.server.set_faults(**{fault: 2.0, "drip_seconds": 1.0})
    begin = time.monotonic()
    site.drop()
    eventually(lambda: codes(site) & {"SRV-003", "VAL-004"}, what="an unknown outcome")
    assert time.monotonic() - begin < 15
    judge(site)
    assert peak_mb(site.run.processes.running["worker"].pid) < 512


def peak_mb(pid):
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def test_who_has_no_symbol_waits_and_is_released(site):
    """4007: the records wait under their own code; when the symbol is there and they are retried, once accepted."""
    person = site.town.people.unified((len(site.files) + 1) * site.new)
    site.run.server.set_persons({"no-symbol": [person]})
    site.drop()
    settled(site.run)
    waiting = site.run.store.exceptions(lane=LANE, states=[RecordState.WAITING])
    assert [(row.code, row.server_code) for row in waiting] == [("SYM-001", "4007")]
    site.run.server.set_persons({"linked": [person]})
    ids = [row.id for row in waiting]
    keys = [content_id("redrive", number) for number in ids]
    for _ in range(2):
        site.run.store.redrive(ids, request_ids=keys, reason="linked", actor="tester", now=datetime.now(JAPAN))
    judge(site)


@pytest.mark.exam("E40")
@pytest.mark.parametrize("case", ["expired", "wrong authority", "wrong name", "client unknown"])
def test_a_certificate_that_is_wrong_is_refused_with_its_own_code(site, tmp_path, case):
    """SRV-016, no message is read by anybody; when the certificates are right again the work goes on."""
    folder, now = site.run.site.certificates, datetime.now(JAPAN)
    right = {path.name: path.read_bytes() for path in folder.iterdir()}
    files, authority = CertificateFiles.in_folder(folder), Authority("another", now=now)
    trusted, names = folder / "ca.pem", ["localhost", "127.0.0.1"]
    authority.issue(files.server_certificate, files.server_key, names=names)
    if case in ("expired", "wrong name"):
        authority.write(trusted)
        kind = {"valid": (now - timedelta(days=9), now - timedelta(days=1))} if case == "expired" else {}
        names = names if case == "expired" else ["elsewhere.example"]
        authority.issue(files.server_certificate, files.server_key, names=names, **kind)
        authority.issue(files.client_certificate, files.client_key)
    elif case == "client unknown":
        authority.write(trusted)
    site.replace("worker")
    restart_server(site)
    site.drop()
    eventually(lambda: "SRV-016" in codes(site), what="the code", seconds=20)
    assert arrivals(site) == []
    for name, content in right.items():
        (folder / name).unlink(missing_ok=True)
        (folder / name).write_bytes(content)
    restart_server(site)
    site.replace("worker")
    judge(site)


class OldServer:
    """Speaks TLS up to 1.1 with the right certificates; `read` is what it was told by who spoke that with it."""

    def __init__(self, certificates):
        files = CertificateFiles.in_folder(certificates)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(files.server_certificate, files.server_key)
        self._context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings(action="ignore"):  # that nobody should use it
            self._context.minimum_version = ssl.TLSVersion.TLSv1
            self._context.maximum_version = ssl.TLSVersion.TLSv1_1
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.knocked, self.read = 0, b""
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.knocked += 1
            client.settimeout(5)
            with contextlib.suppress(OSError), self._context.wrap_socket(client, server_side=True) as spoken:
                self.read += spoken.recv(65_536)

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.mark.exam("E40")
def test_a_server_that_speaks_only_an_old_protocol_is_told_nothing(site):
    """TLS 1.1 at most: SRV-016, not a byte of a message; when the right server is back the work goes on."""
    old, target = OldServer(site.run.site.certificates), site.proxy._target
    with contextlib.closing(old):
        site.proxy._target = ("127.0.0.1", old.port)
        site.proxy.cut()
        site.drop()
        eventually(lambda: "SRV-016" in codes(site), what="the code", seconds=20)
        assert (old.knocked > 0, old.read) == (True, b"")
        lax = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        lax.check_hostname, lax.verify_mode = False, ssl.CERT_NONE
        lax.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings(action="ignore"):
            lax.minimum_version = ssl.TLSVersion.TLSv1
        with socket.create_connection(("127.0.0.1", old.port)) as plain, lax.wrap_socket(plain) as spoken:
            spoken.sendall(b"heard")
        eventually(lambda: old.read == b"heard", what="that it hears who speaks as it does")
    site.proxy._target = target
    site.proxy.cut()
    judge(site)


def restart_server(site):
    """The same server on the same port with the certificates that lie there now."""
    server = site.run.server
    server.stop()
    from kakehashi.runtime.places import shared
    from kakehashi_simulators.process import start_intermediate_server

    again = start_intermediate_server(
        site.run.site.folder / "server",
        xsd=shared("xsd") / "std-2026",
        certificates=site.run.site.certificates,
        port=server.port,
        result_delay_seconds=0.1,
    )
    site.proxy.cut()
    server.process, server.endpoint, server.admin = again.process, again.endpoint, again.admin


@pytest.mark.exam("E41")
def test_certificates_are_rotated_in_a_run(site):
    """New authority, new certificates on both sides, SIGHUP: files that come in meanwhile lose nothing."""
    reloads = len(logged(site.run, "worker", "configuration.reloaded"))
    site.drop()
    for path in site.run.site.certificates.iterdir():
        path.unlink()
    make_certificates(site.run.site.certificates, now=datetime.now(JAPAN))
    restart_server(site)
    site.drop()
    site.run.processes.running["worker"].send_signal(signal.SIGHUP)
    eventually(lambda: len(logged(site.run, "worker", "configuration.reloaded")) > reloads, what="the reload")
    judge(site)


@pytest.mark.timeout(900 if FULL else 300)
@pytest.mark.exam("E42")
def test_a_maintenance_window_holds_without_an_attempt_and_opens_slowly(site):
    """計画停止 in the calendar: nothing is sent or counted; afterwards at most twice the usual rate."""
    calendar = site.run.site.config / "profiles" / "std-2026" / "calendar.csv"
    end = datetime.now(JAPAN).replace(microsecond=0) + timedelta(seconds=300 if FULL else 12)
    form = "%Y-%m-%dT%H:%M:%S"
    begin = end - timedelta(hours=1)
    row = f"maintenance,{begin.strftime(form)},{end.strftime(form)},\n"
    calendar.write_text("kind,from,to,note\n" + row, encoding="utf-8")
    reloads = len(logged(site.run, "worker", "configuration.reloaded"))
    site.run.processes.running["worker"].send_signal(signal.SIGHUP)
    eventually(lambda: len(logged(site.run, "worker", "configuration.reloaded")) > reloads, what="the reload")
    before = len(arrivals(site))
    for _ in range(4):
        site.drop()
    held = eventually(
        lambda: (rows := newest(site)) and all(row.code == "SRV-010" for row in rows) and rows, what="hold"
    )
    assert [row.attempts for row in held] == [0] * len(held)
    if FULL:  # five minutes; the short one is over within the minute in which everything must be quiet
        time.sleep(max(0.0, (end - datetime.now(JAPAN)).total_seconds()))
    judge(site)
    times = arrivals(site)[before:]
    assert min(times) >= end.timestamp() - 0.5
    # eight a second; four connections may be late into the five seconds that are looked at
    assert max(sum(at <= later < at + 5 for later in times) for at in times) <= 5 * 8 + 4
    held = logged(site.run, "worker", "server.held")
    stamps = sorted(datetime.fromisoformat(event["timestamp"]) for event in held if event["code"] == "SRV-010")
    assert all(later - at >= timedelta(seconds=4.9) for at, later in itertools.pairwise(stamps))
