"""Kakehashi 「架け橋」: a gateway between municipal legacy systems and the intermediate server."""

__version__ = "0.1.0"
