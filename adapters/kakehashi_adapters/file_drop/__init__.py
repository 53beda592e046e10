"""Folders as the place where legacy systems drop files and fetch results."""

from kakehashi_adapters.file_drop.archive import Archive
from kakehashi_adapters.file_drop.proof import Proof
from kakehashi_adapters.file_drop.sink import FolderSink
from kakehashi_adapters.file_drop.source import FolderSource

__all__ = ["Archive", "FolderSink", "FolderSource", "Proof"]
