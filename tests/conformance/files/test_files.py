"""Folders and memory keep the promises of Source, Sink and Spool."""

import os
from pathlib import Path

import pytest

from kakehashi.testing.files_conformance import SinkConformance, SourceConformance, SpoolConformance
from kakehashi.testing.memory_files import MemorySink, MemorySource, MemorySpool
from kakehashi_adapters.file_drop import FolderSink, FolderSource
from kakehashi_adapters.spool import FileSpool


class FolderPlace:
    def __init__(self, root: Path, **options):
        self.root, self.options, self.count = root, options, 0
        (root / "in").mkdir()

    def put(self, name, content):
        self.count += 1
        path = self.root / "in" / name
        path.write_bytes(content)
        os.utime(path, (1_000_000_000 + self.count, 1_000_000_000 + self.count))
        if self.options.get("complete") == "end-marker":
            (self.root / "in" / (name + ".end")).touch()

    def start(self):
        self.clock = [0.0]
        source = FolderSource(
            self.root / "in",
            work=self.root / "work",
            quarantine=self.root / "quarantine",
            monotonic=self.monotonic,
            **self.options,
        )
        if self.options.get("complete") == "stable":
            return Patient(source)
        return source

    def monotonic(self):
        self.clock[0] += 31
        return self.clock[0]

    def kill(self, source):
        os.close(source._claims._lock)
        source._claims._lock = -1

    def quarantined(self):
        reasons = sorted((self.root / "quarantine").glob("*.reason.txt"))
        texts = [reason.read_text(encoding="utf-8") for reason in reasons]
        return [(text.split(": ")[0], text.split(": ")[1].split()[0]) for text in texts]


class Patient:
    """Looks twice: a stable file is one that a second look finds unchanged."""

    def __init__(self, source):
        self.source = source

    def claim(self, most):
        if most == 0:
            return []
        files = self.source.claim(most)
        return files + self.source.claim(most - len(files))

    @property
    def _claims(self):
        return self.source._claims


class MemoryPlace:
    def __init__(self):
        self.source = MemorySource()
        self.put = self.source.put
        self.quarantined = lambda: self.source.quarantined

    def start(self):
        return self.source

    def kill(self, source):
        source.revive()


class TestFolderSource(SourceConformance):
    @pytest.fixture(params=["rename", "end-marker", "stable"])
    def place(self, tmp_path, request):
        return FolderPlace(tmp_path, complete=request.param)


class TestMemorySource(SourceConformance):
    @pytest.fixture
    def place(self):
        return MemoryPlace()


class FolderSinkPlace:
    def __init__(self, folder):
        self.folder = folder

    def start(self):
        return FolderSink(self.folder)

    def files(self):
        return {path.name: path.read_bytes() for path in self.folder.iterdir()}


class MemorySinkPlace:
    def __init__(self):
        self.sink = MemorySink()

    def start(self):
        return self.sink

    def files(self):
        return self.sink.files


class TestFolderSink(SinkConformance):
    @pytest.fixture
    def sink_place(self, tmp_path):
        return FolderSinkPlace(tmp_path)


class TestMemorySink(SinkConformance):
    @pytest.fixture
    def sink_place(self):
        return MemorySinkPlace()


class TestFileSpool(SpoolConformance):
    @pytest.fixture
    def spool(self, tmp_path):
        return FileSpool(tmp_path / "spool")


class TestMemorySpool(SpoolConformance):
    @pytest.fixture
    def spool(self):
        return MemorySpool()
