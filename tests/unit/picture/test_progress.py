"""Reading long files shows how far it is: on a terminal, on standard error."""

import io
import sys

from kakehashi.cli.inspector import watched


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_sees_a_bar(tmp_path, monkeypatch):
    """The bytes read of all that will be, the file twice; the streams can seek and give what is in the files."""
    (tmp_path / "a").write_bytes(b"a" * 3_000_000)
    (tmp_path / "b").write_bytes(b"b" * 1000)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with watched(tmp_path / "a", tmp_path / "b", passes=2) as (a, b):
        assert (len(a.read()), b.read(3)) == (3_000_000, b"bbb")
        a.seek(2_999_999)
        assert a.read() == b"a"
    assert "/6.0 MB" in terminal.getvalue()


def test_nothing_else_does(tmp_path, monkeypatch):
    """Where standard error is a file or a pipe it stays empty."""
    (tmp_path / "a").write_bytes(b"a")
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with watched(tmp_path / "a", passes=1) as (a,):
        assert a.read() == b"a"
    assert sys.stderr.getvalue() == ""
