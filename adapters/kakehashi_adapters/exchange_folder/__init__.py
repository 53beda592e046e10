"""The intermediate server behind an exchange folder 「連携フォルダ」, on a disk, a mount or an SFTP server."""

from kakehashi_adapters.exchange_folder.client import FolderServerClient
from kakehashi_adapters.exchange_folder.place import LocalPlace

__all__ = ["FolderServerClient", "LocalPlace"]
