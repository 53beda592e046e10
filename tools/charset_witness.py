"""What the converters of this machine make of single codes: glibc's iconv, ICU's uconv, and Java.

Each takes codes as bytes and gives their texts, None where the converter refuses. They share no table with each other.
"""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

JAVA = """
import java.nio.ByteBuffer;
import java.nio.charset.*;
public class Witness {
  public static void main(String[] a) throws Exception {
    var c = Charset.forName(a[0]);
    var out = new java.io.PrintStream(System.out, false, "UTF-8");
    for (String line : java.nio.file.Files.readAllLines(java.nio.file.Path.of(a[1]))) {
      var d = c.newDecoder().onMalformedInput(CodingErrorAction.REPORT).onUnmappableCharacter(CodingErrorAction.REPORT);
      var raw = new byte[line.length() / 2];
      for (int i = 0; i < raw.length; i++) raw[i] = (byte) Integer.parseInt(line.substring(2 * i, 2 * i + 2), 16);
      String text = "";
      try { text = d.decode(ByteBuffer.wrap(raw)).toString(); } catch (CharacterCodingException e) { }
      var hex = new StringBuilder();
      text.codePoints().forEach(p -> hex.append(String.format("%06X", p)));
      out.println(hex);
    }
    out.flush();
  }
}
"""


def ask_iconv(name: str, codes: Sequence[bytes]) -> list[str | None]:
    """glibc, in this process: one conversion a code."""
    libc = ctypes.CDLL(None)
    libc.iconv_open.restype = libc.iconv.restype = ctypes.c_size_t
    libc.iconv_open.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
    pointer, size = ctypes.POINTER(ctypes.c_char_p), ctypes.POINTER(ctypes.c_size_t)
    libc.iconv.argtypes = [ctypes.c_size_t, pointer, size, pointer, size]
    handle = libc.iconv_open(b"UTF-8", name.encode())
    if handle == ctypes.c_size_t(-1).value:
        raise LookupError(name)
    return [_by_iconv(libc, handle, code) for code in codes]


def _by_iconv(libc: ctypes.CDLL, handle: int, code: bytes) -> str | None:
    libc.iconv(handle, None, None, None, None)
    source, room = ctypes.create_string_buffer(code, len(code)), ctypes.create_string_buffer(64)
    start, out = ctypes.cast(source, ctypes.c_char_p), ctypes.cast(room, ctypes.c_char_p)
    left, free = ctypes.c_size_t(len(code)), ctypes.c_size_t(64)
    args = ctypes.byref(start), ctypes.byref(left), ctypes.byref(out), ctypes.byref(free)
    if libc.iconv(handle, *args) == ctypes.c_size_t(-1).value:
        return None
    libc.iconv(handle, None, None, ctypes.byref(out), ctypes.byref(free))  # what waits for a combining mark
    return room.raw[: 64 - free.value].decode() or None


def ask_icu(name: str, codes: Sequence[bytes]) -> list[str | None]:
    """ICU; a line end between codes keeps them apart (no code here holds its byte)."""
    end = b"\n" if _uconv(name, b"\n") == "\n" else b"\x25"
    texts = _uconv(name, end.join(codes)).split(_uconv(name, end))
    return [None if not text or "\ufffd" in text or "\x1a" in text else text for text in texts]


def _uconv(name: str, raw: bytes) -> str:
    command = ["uconv", "-f", name, "-t", "UTF-8", "--from-callback", "substitute"]
    return subprocess.run(command, input=raw, capture_output=True, check=True).stdout.decode()


def ask_java(name: str, codes: Sequence[bytes]) -> list[str | None]:
    """Java's own tables."""
    with tempfile.TemporaryDirectory() as folder:
        source, asked = Path(folder) / "Witness.java", Path(folder) / "codes"
        source.write_text(JAVA)
        asked.write_text("".join(code.hex() + "\n" for code in codes))
        lines = subprocess.run(["java", str(source), name, str(asked)], capture_output=True, check=True, text=True)
    points = ([line[at : at + 6] for at in range(0, len(line), 6)] for line in lines.stdout.splitlines())
    return ["".join(chr(int(point, 16)) for point in line) or None for line in points]
