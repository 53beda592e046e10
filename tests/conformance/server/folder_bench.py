"""A client of an exchange folder, and the server on its other side."""

import threading
from datetime import timedelta

from kakehashi_adapters.exchange_folder import FolderServerClient, LocalPlace
from kakehashi_adapters.system_clock import SystemClock
from kakehashi_simulators.faults import Faults
from kakehashi_simulators.folder_wire import FolderWire
from kakehashi_simulators.wire import Gauge

REQUEST = "abcdefghijklmnop" * 2
DOCUMENT = "<要求><RecordCount>12</RecordCount>宛名番号</要求>".encode()


class Bench:
    """A server that looks into the folder and answers what it is told, and a client with a short patience."""

    def __init__(self, folder, place=None, **settings):
        self.folder = folder
        self.faults = Faults()
        self.server = FolderWire(self, folder=folder, faults=self.faults, gauge=Gauge())
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        options = {"clock": SystemClock(), "timeout": timedelta(seconds=1.5), "answer_bytes": 1_000_000} | settings
        self.client = FolderServerClient(place or LocalPlace(folder), **options)
        self._answer = lambda document: document
        self._documents = []

    def answer(self, document, *, over_capacity=False):
        self._documents.append(document)
        return self._answer(document)

    def answer_with(self, answer):
        self._answer = answer

    def delivered(self):
        return self._documents

    def be_unreachable(self):
        self.folder.rename(self.folder.with_name("away"))

    def lose_answers(self):
        self.faults.set({"drop_response_after_apply": True})

    def answer_never(self):
        self.faults.set({"answer_delay_seconds": 4.0})

    def answer_endlessly(self):
        self.faults.set({"huge_answer": True})

    def drip(self):
        self.faults.set({"slow_drip": True, "drip_seconds": 0.05})

    def refuse(self, status, retry_after):
        self.faults.set({"http_status": status, "retry_after": retry_after})

    def recover(self):
        self.faults.reset()
        if not self.folder.exists():
            self.folder.with_name("away").rename(self.folder)

    def close(self):
        self.client.close()
        self.server.shutdown()
        self.server.server_close()

    def left(self):
        """Names in both folders, but for the serials."""
        return sorted(path.name for path in self.folder.glob("*/*") if not path.name.startswith(".serial"))


def names_of(bench, clients, messages=40):
    """The different names of so many messages that the clients send at once."""
    names = []
    serve = bench.server._serve
    bench.server._serve = lambda name: (names.append(name), serve(name))
    turns = clients * (messages // len(clients))
    threads = [threading.Thread(target=each.exchange, args=("SYM-901", REQUEST, DOCUMENT)) for each in turns]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return set(names)
