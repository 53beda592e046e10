"""Which process is it, and is it surely dead? Process ids are used again; start times within one boot are not."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["is_surely_dead", "this_process"]

_PROC = Path("/proc")


def this_process() -> str:
    """Boot, process id namespace, process id and start time, as one word."""
    return "/".join((_boot(), _namespace(), str(os.getpid()), _start_time(os.getpid()) or ""))


def is_surely_dead(identity: str) -> bool:
    """True when the process cannot be alive; False also when that cannot be told (another container)."""
    boot, namespace, pid, started = identity.split("/")
    if boot != _boot():
        return True
    if namespace != _namespace():
        return False
    if not started:  # a system without /proc
        return not _answers(int(pid))
    return _start_time(int(pid)) != started


def _boot() -> str:
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _namespace() -> str:
    try:
        return str((_PROC / "self/ns/pid").stat().st_ino)
    except OSError:
        return ""


def _start_time(pid: int) -> str | None:
    """Field 22 of /proc/<pid>/stat, in clock ticks since boot; None for a dead process or a zombie."""
    try:
        stat = (_PROC / str(pid) / "stat").read_bytes()
    except OSError:
        return None
    fields = stat[stat.rindex(b")") + 2 :].split()
    return None if fields[0] in (b"Z", b"X") else fields[19].decode("ascii")


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
