"""Makes gateway/kakehashi/codec/data/*.bin, the tables of the IBM mixed host charsets, from glibc's iconv.

    python tools/build_charsets.py

Java's x-IBM930 and x-IBM939 are asked as a second witness. Where they give another character for a code, glibc's is
what we read, and Java's is taken too when we write (both forms of a wave dash mean the same code). Every
disagreement is printed and stands in codec/data/README.md. Codes of the user-defined area (gaiji 「外字」) are left
out: their meaning belongs to a source system's own table.

Format (big-endian, zlib): 256 × u16 single-byte characters (0xFFFF: none), u16 n, n × (u16 code, u16 character),
u16 m, m × (u16 character, u16 code) that are written only.
"""

from __future__ import annotations

import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

DATA = Path(__file__).parent.parent / "gateway" / "kakehashi" / "codec" / "data"
CHARSETS = {"cp930": ("IBM930", "x-IBM930"), "cp939": ("IBM939", "x-IBM939")}
ROWS = range(0x40, 0xFF)
USER_DEFINED = range(0xE000, 0xF900)
CONTROLS = {*range(0x20), *range(0x7F, 0xA0)}
JAVA = """
import java.nio.ByteBuffer;
import java.nio.charset.*;
public class Witness {
  static void ask(Charset c, byte[] raw, int code) {
    try {
      var d = c.newDecoder().onMalformedInput(CodingErrorAction.REPORT).onUnmappableCharacter(CodingErrorAction.REPORT);
      var s = d.decode(ByteBuffer.wrap(raw));
      if (s.length() == 1) System.out.println(code + " " + (int) s.charAt(0));
    } catch (CharacterCodingException e) { }
  }
  public static void main(String[] a) {
    var c = Charset.forName(a[0]);
    for (int b = 0; b < 256; b++) ask(c, new byte[] {(byte) b}, b);
    for (int h = 0x40; h < 0xff; h++) for (int l = 0x40; l < 0xff; l++)
      ask(c, new byte[] {0x0e, (byte) h, (byte) l, 0x0f}, h << 8 | l);
  }
}
"""


def iconv(name: str, raw: bytes) -> tuple[str, bool]:
    """What iconv makes of `raw` before it stops, and whether it came to the end."""
    done = subprocess.run(["iconv", "-f", name, "-t", "UTF-16BE"], input=raw, capture_output=True, check=False)
    return done.stdout.decode("utf-16-be"), done.returncode == 0


def ask_iconv(name: str) -> dict[int, int]:
    """Code → character for single bytes and double bytes."""
    table: dict[int, int] = {}
    for byte in range(256):
        text, whole = iconv(name, bytes([byte]))
        if whole and text:
            table[byte] = ord(text)
    for row in ROWS:
        codes = [row << 8 | low for low in ROWS]
        while codes:
            text, whole = iconv(name, b"\x0e" + b"".join(code.to_bytes(2) for code in codes) + b"\x0f")
            table.update((code, ord(char)) for code, char in zip(codes, text, strict=False))
            codes = [] if whole else codes[len(text) + 1 :]
    return table


def ask_java(name: str) -> dict[int, int]:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "Witness.java"
        source.write_text(JAVA)
        lines = subprocess.run(["java", str(source), name], capture_output=True, check=True, text=True).stdout
    return {int(code): int(char) for code, char in (line.split() for line in lines.splitlines())}


def pack(table: dict[int, int], extras: dict[int, int]) -> bytes:
    single = (table.get(byte, 0xFFFF) for byte in range(256))
    double = sorted((code, char) for code, char in table.items() if code > 0xFF and char not in USER_DEFINED)
    parts = [struct.pack(">256H", *(0xFFFF if char in CONTROLS else char for char in single))]
    for pairs in (double, sorted(extras.items())):
        parts.append(struct.pack(">H", len(pairs)))
        parts.extend(struct.pack(">HH", *pair) for pair in pairs)
    return zlib.compress(b"".join(parts), 9)


def build(name: str) -> None:
    table, witness = ask_iconv(CHARSETS[name][0]), ask_java(CHARSETS[name][1])
    known = set(table.values())
    extras = {}
    for code in sorted(table.keys() | witness.keys()):
        if table.get(code) == witness.get(code):
            continue
        ours, theirs = (f"U+{found[code]:04X}" if code in found else "none" for found in (table, witness))
        print(f"{name} {code:04X}: iconv {ours}, Java {theirs}")
        if code > 0xFF and code in witness and witness[code] not in known:
            extras[witness[code]] = code
    (DATA / f"{name}.bin").write_bytes(pack(table, extras))


if __name__ == "__main__":
    for charset in sys.argv[1:] or CHARSETS:
        build(charset)
