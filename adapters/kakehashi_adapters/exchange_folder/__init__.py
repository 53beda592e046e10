"""The intermediate server behind an exchange folder 「連携フォルダ」: `FolderServerClient`."""

from kakehashi_adapters.exchange_folder.client import FolderServerClient

__all__ = ["FolderServerClient"]
