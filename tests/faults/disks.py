"""Small disks in memory, mounted over a folder: that needs root, or `unshare -rm`."""

import contextlib
import subprocess

import pytest


@contextlib.contextmanager
def small_disk(folder, options):
    """A disk of its own over `folder`, empty; what lies below is seen again at the end."""
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.fail(f"no small disk could be mounted: run as root, or under `unshare -rm`. {made.stderr}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
