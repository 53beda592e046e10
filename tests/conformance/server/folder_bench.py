"""A client of an exchange folder, and the server on its other side."""

import threading
from datetime import timedelta

from tests.conformance.server.switched import SwitchedServer

from kakehashi_adapters.exchange_folder import FolderServerClient, LocalPlace
from kakehashi_adapters.system_clock import SystemClock
from kakehashi_simulators.folder_wire import FolderWire
from kakehashi_simulators.wire import Gauge

REQUEST = "abcdefghijklmnop" * 2
DOCUMENT = "<要求><RecordCount>12</RecordCount>宛名番号</要求>".encode()


class Bench(SwitchedServer):
    """A server that looks into the folder and answers what it is told, and a client with a short patience."""

    def __init__(self, folder, place=None, **settings):
        super().__init__()
        self.folder = folder
        self.server = FolderWire(self, folder=folder, faults=self.faults, gauge=Gauge())
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        options = {"clock": SystemClock(), "timeout": timedelta(seconds=1.5), "answer_bytes": 1_000_000} | settings
        self.client = FolderServerClient(place or LocalPlace(folder), **options)

    def be_unreachable(self):
        self.folder.rename(self.folder.with_name("away"))

    def recover(self):
        super().recover()
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
