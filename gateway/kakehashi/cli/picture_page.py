"""decode --html: the same picture as one page that needs nothing from outside."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path

from kakehashi.cli.shown import NO_ITEM, Shown, fault_text, hex_lines, record_faults, shown
from kakehashi.codec.inspection.span import Picture

__all__ = ["page", "write_page"]

_STYLE = """
:root{color-scheme:light dark;--back:#fff;--ink:#1b1f24;--line:#d0d7de;--soft:#59636e;--head:#f6f8fa;--number:#0550ae;
--date:#116329;--masked:#8250df;--fault:#b3121d;--faulty:#ffebe9}
@media(prefers-color-scheme:dark){:root{--back:#0d1117;--ink:#e6edf3;--line:#30363d;--soft:#9198a1;--head:#161b22;
--number:#79c0ff;--date:#7ee787;--masked:#d2a8ff;--fault:#ff9492;--faulty:#3c1618}}
body{background:var(--back);color:var(--ink);font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:110rem;
padding:0 1rem}
h1{font-size:1.3rem}h2{font-size:1.05rem;margin:2rem 0 .5rem}.soft,.nil td,.other td{color:var(--soft)}
.wrap{overflow-x:auto}table{border-collapse:collapse;width:100%}
th,td{border-bottom:1px solid var(--line);padding:.3rem .6rem;text-align:left;vertical-align:top}
th{background:var(--head);position:sticky;top:0;white-space:nowrap}
td.n{text-align:right;font-variant-numeric:tabular-nums}
td.hex,td.raw{font-family:ui-monospace,monospace;font-size:.9em;line-height:1.65}
td.hex{white-space:pre}td.raw{white-space:pre-wrap}
td.item{white-space:nowrap}td.raw,td.value{min-width:8em}
.number .value{color:var(--number)}.date .value{color:var(--date)}.masked td{color:var(--masked)}
.fault td{background:var(--faulty)}.fault td:last-child,p.fault{color:var(--fault);font-weight:600}
@media print{th{position:static}}
"""
_WORDS = {
    "en": {
        "title": "Records of {file}",
        "about": "Offsets count from 0 in the file, positions from 1 in the record. {mask}",
        "masked": "Sensitive items are masked.",
        "revealed": "Sensitive items are shown: keep this page as you keep the file.",
        "record": "Record {number:,}",
        "size": "{size:,} bytes from byte {offset:,}",
        "heads": ("Offset", "At", "Bytes", "Characters", "Item", "Type", "Value", "Fault"),
    },
    "ja": {
        "title": "{file} のレコード",
        "about": "ファイル位置は0から、桁は1から数えます。{mask}",
        "masked": "秘匿項目は伏せてあります。",
        "revealed": "秘匿項目を表示しています。元のファイルと同じように管理してください。",
        "record": "レコード {number:,}",
        "size": "ファイル位置 {offset:,} から {size:,} バイト",
        "heads": ("ファイル位置", "桁", "バイト", "文字", "項目", "型", "値", "エラー"),
    },
}


def write_page(path: Path, pictures: Iterable[Picture], *, file: str, lang: str, reveal: bool) -> None:
    """Writes the page so that its owner alone can read it. Raises OSError."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as target:
        target.writelines(page(pictures, file=file, lang=lang, reveal=reveal))


def page(pictures: Iterable[Picture], *, file: str, lang: str, reveal: bool) -> Iterator[str]:
    """The page, piece by piece. Everything that comes from a file or a layout is escaped."""
    words = _WORDS[lang]
    title = escape(str(words["title"]).format(file=file))
    yield f'<!doctype html>\n<html lang="{lang}"><head><meta charset="utf-8">'
    yield "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    yield '<meta name="viewport" content="width=device-width"><meta name="referrer" content="no-referrer">'
    yield f"<title>{title}</title><style>{_STYLE}</style></head><body><h1>{title}</h1>"
    mask = words["revealed" if reveal else "masked"]
    yield f'<p class="soft">{escape(str(words["about"]).format(mask=mask))}</p>'
    heads = "".join(f"<th>{escape(head)}</th>" for head in words["heads"])
    for picture in pictures:
        number = str(words["record"]).format(number=picture.number)
        size = str(words["size"]).format(size=picture.size, offset=picture.offset)
        yield f'\n<h2 id="r{picture.number}">{number} <span class="soft">{size}</span></h2>'
        faults = record_faults(picture, reveal=reveal)
        yield "".join(f'<p class="fault">{escape(fault.text(lang))}</p>' for fault in faults)
        yield f'<div class="wrap"><table><thead><tr>{heads}</tr></thead><tbody>\n'
        for line in shown(picture, reveal=reveal):
            yield _row(line, lang)
        yield "</tbody></table></div>"
    yield "</body></html>\n"


def _row(line: Shown, lang: str) -> str:
    cells = (
        ("n", str(line.offset)),
        ("n", str(line.at or "")),
        ("hex", "\n".join(hex_lines(line, 16))),
        ("raw", line.text.rstrip()),
        ("item", line.item or NO_ITEM[lang]),
        ("form", line.form),
        ("value", line.value),
        ("why", fault_text(line.fault, lang)),
    )
    inner = "".join(f'<td class="{name}">{escape(text)}</td>' for name, text in cells)
    return f'<tr class="{line.look}">{inner}</tr>\n'
