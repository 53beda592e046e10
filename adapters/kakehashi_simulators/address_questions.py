"""The intermediate server asks a body for the address information of persons (TKY-411), at a rate, and looks at the
answers (TKY-412).
"""

from __future__ import annotations

import http.client
import secrets
import ssl
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from queue import Empty, SimpleQueue
from urllib.parse import urlsplit

from lxml import etree

from kakehashi_simulators.message import NAMESPACE
from kakehashi_simulators.schema_folder import secure_parser

__all__ = ["AddressQuestions"]

_AGENCY = "9999000000000001"
_JAPAN = timezone(timedelta(hours=9))
_LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")
_AT_ONCE = 8
_PATIENCE = 10.0
_SPACES = {"k": NAMESPACE}


class AddressQuestions:
    """`certificates`: asker.pem with its key, and ca.pem, by which the body is known."""

    def __init__(self, certificates: Path, *, test: bool) -> None:
        self._certificates = certificates
        self._test = test
        self._idle: SimpleQueue[http.client.HTTPSConnection] = SimpleQueue()

    def ask(self, endpoint: str, persons: Sequence[str], *, receiver: str, per_second: float = 0.0) -> list[object]:
        """The answers in the order of the persons, each with the seconds that it took from the moment when it was to be
        asked: who answers late does not make the next question come later.
        """
        begin = time.monotonic()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            futures = [
                pool.submit(self._one, endpoint, person, receiver, begin + number / per_second if per_second else begin)
                for number, person in enumerate(persons)
            ]
            return [future.result() for future in futures]

    def _one(self, endpoint: str, person: str, receiver: str, due: float) -> object:
        time.sleep(max(0.0, due - time.monotonic()))
        begin = due if time.monotonic() - due < _PATIENCE else time.monotonic()
        request_id = secrets.token_hex(16).translate(_LETTERS)
        try:
            status, raw = self._posted(endpoint, self._question(person, receiver, request_id))
        except OSError as error:
            return {"person": person, "error": type(error).__name__, "seconds": time.monotonic() - begin}
        return {"person": person, "status": status, "seconds": time.monotonic() - begin, **_read(raw, request_id)}

    def _posted(self, endpoint: str, document: bytes) -> tuple[int, bytes]:
        parts = urlsplit(endpoint)
        try:
            connection = self._idle.get_nowait()
        except Empty:
            context = ssl.create_default_context(cafile=str(self._certificates / "ca.pem"))
            context.load_cert_chain(self._certificates / "asker.pem", self._certificates / "asker.key")
            connection = http.client.HTTPSConnection(
                parts.hostname or "", parts.port, timeout=_PATIENCE, context=context
            )
        try:
            connection.request("POST", parts.path, body=document, headers={"Content-Type": "application/xml"})
            answer = connection.getresponse()
            status, raw = answer.status, answer.read()
        except (http.client.HTTPException, OSError) as error:
            connection.close()
            raise OSError(type(error).__name__) from None
        self._idle.put(connection)
        return status, raw

    def _question(self, person: str, receiver: str, request_id: str) -> bytes:
        root = etree.fromstring(f'<TKY411 xmlns="{NAMESPACE}"/>', secure_parser())
        header = etree.SubElement(root, f"{{{NAMESPACE}}}Header")
        told = {
            "MessageId": "TKY-411", "Function": "TKY", "Type": "REQ", "RequestId": request_id,
            "CorrelationId": request_id, "Profile": "std-2026", "LayoutVersion": "1", "Sender": _AGENCY,
            "Receiver": receiver, "PersonKeyType": "unified",
            "CreatedAt": datetime.now(_JAPAN).isoformat(timespec="seconds"), "Test": "1" if self._test else "0",
        }  # fmt: skip
        for name, text in told.items():
            etree.SubElement(header, f"{{{NAMESPACE}}}{name}").text = text
        etree.SubElement(root, f"{{{NAMESPACE}}}PersonKey").text = person
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _read(raw: bytes, request_id: str) -> dict[str, object]:
    if not raw:
        return {}
    root = etree.fromstring(raw, secure_parser())
    correlation = root.findtext("k:Header/k:CorrelationId", namespaces=_SPACES)
    told = root.find("k:AddressInformation", _SPACES)
    return {
        "ours": correlation == request_id,
        "code": root.findtext("k:Result/k:Code", namespaces=_SPACES),
        "told": {} if told is None else {etree.QName(each).localname: each.text for each in told},
    }
