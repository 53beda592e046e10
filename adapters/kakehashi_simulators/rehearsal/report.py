"""「リハーサル報告書」 One HTML page, Japanese and English, that prints; and the archive with all that it names."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path

from kakehashi_simulators.rehearsal.evidence import Gathered, Said
from kakehashi_simulators.rehearsal.judging import Check
from kakehashi_simulators.rehearsal.state import Diary, Entry

__all__ = ["pack", "report_html", "report_json"]

_MOMENT = (1980, 1, 1, 0, 0, 0)
"""Of every file in the archive: the same evidence makes the same archive."""
_STATES = {"passed": "合格 passed", "failed": "不合格 failed", "open": "未実施 open", "skipped": "対象外 skipped"}
_WHAT = {
    "accepted": "受理 accepted",
    "refused": "却下 refused",
    "waiting": "待ち waiting",
    "held": "ファイル保留 held",
    "returned": "結果返却 returned",
    "result": "結果ファイル result",
    "provisions": "判断待ち照会 provisions",
    "provisions waiting": "判断待ち照会 provisions waiting",
    "in time": "時間内 in time",
    "every message that the gateway sent has the test flag": "送信電文はすべてテスト区分 all sent as tests",
    "every message that the gateway sent is valid": "送信電文はすべてXSDに適合 all sent are valid",
    "nothing reached the simulators that the gateway did not send": "送信していない電文の着信なし nothing else arrived",
    "every message that was answered reached the simulators as it was sent": "送信どおりに着信 all arrived as sent",
}
_STYLE = """
:root { font: 14px/1.5 system-ui, "Noto Sans CJK JP", "IPAGothic", sans-serif; color: #111; background: #fff }
body { margin: 2rem auto; max-width: 76rem; padding: 0 1rem }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin-top: 2rem }
table { border-collapse: collapse; width: 100%; font-size: .92em }
th, td { border: 1px solid #999; padding: .2rem .45rem;
  text-align: left; vertical-align: top } th { background: #eee } td.n { text-align: right }
.passed, .holds { color: #060 } .failed, .fails { color: #a00; font-weight: bold } .open { color: #850 }
code { font-size: .9em; word-break: break-all } small { color: #555 }
@media print { body { margin: 0; max-width: none } thead { display: table-header-group } tr { break-inside: avoid } }
"""


def report_json(diary: Diary, gathered: Gathered, facts: Mapping[str, str], *, passed: bool) -> str:
    told = {
        "passed": passed,
        "facts": dict(facts),
        "steps": [{**asdict(entry), "checks": [check._asdict() for check in entry.checks]} for entry in diary.entries],
        "checks": [check._asdict() for check in gathered.checks],
        "messages": [asdict(one) for one in gathered.said],
    }
    return json.dumps(told, ensure_ascii=False, indent=1)


def report_html(title: str, diary: Diary, gathered: Gathered, facts: Mapping[str, str], *, passed: bool) -> str:
    """Self-contained. Holds counts, codes, ids and digests; no person."""
    verdict = "passed" if passed else "failed"
    head = (
        f'<!DOCTYPE html><html lang="ja"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{escape(title)}</h1>"
    )
    parts = [
        head,
        f'<p class="{verdict}">{_STATES[verdict]}</p>',
        _table(("項目 item", "値 value"), [(name, f"<code>{escape(value)}</code>") for name, value in facts.items()]),
        "<h2>手順 <small>Steps: who did what when</small></h2>",
        _steps(diary.entries),
        "<h2>期待結果 <small>Expected and found</small></h2>",
        _expectations(diary.entries, gathered.checks),
        "<h2>電文の集計 <small>Messages by id, code and verdict</small></h2>",
        _sums(gathered.said),
        "<h2>電文 <small>Messages and answers, as sent</small></h2>",
        _messages(gathered.said),
        "</body></html>\n",
    ]
    return "\n".join(parts)


def pack(target: Path, files: Mapping[str, bytes]) -> str:
    """Writes the archive with `manifest.json` (name, bytes, SHA-256 of each file); returns the archive's own."""
    listed = [
        {"file": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in sorted(files.items())
    ]
    everything = {**files, "manifest.json": json.dumps({"files": listed}, ensure_ascii=False, indent=1).encode()}
    new = target.with_name(f".{target.name}.part")
    with zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(everything.items()):
            archive.writestr(zipfile.ZipInfo(name, _MOMENT), content, zipfile.ZIP_DEFLATED)
    new.replace(target)
    return hashlib.sha256(target.read_bytes()).hexdigest()


def _steps(entries: Sequence[Entry]) -> str:
    heads = ("手順 step", "担当 who", "業務 lane", "開始 began", "終了 ended", "秒 s", "判定 state", "備考 note")
    rows = [
        (
            f"<b>{escape(entry.name)}</b><br>{escape(entry.title)}",
            escape(entry.who),
            escape(entry.lane),
            escape(entry.began),
            escape(entry.ended),
            f"{entry.seconds:.1f}",
            f'<span class="{entry.state}">{_STATES[entry.state]}</span>',
            escape("; ".join(filter(None, [entry.note, ", ".join(entry.files)]))),
        )
        for entry in entries
    ]
    return _table(heads, rows)


def _expectations(entries: Sequence[Entry], overall: Sequence[Check]) -> str:
    heads = ("手順 step", "項目 what", "期待 expected", "結果 found", "判定")
    named = [(entry.name, check) for entry in entries for check in entry.checks]
    named += [("全体 whole", check) for check in overall]
    rows = [
        (
            escape(name),
            escape(_WHAT.get(check.what, check.what)),
            escape(check.expected),
            escape(check.found),
            '<span class="holds">○</span>' if check.holds else '<span class="fails">×</span>',
        )
        for name, check in named
    ]
    return _table(heads, rows)


def _sums(said: Sequence[Said]) -> str:
    counts = Counter((one.view, one.part, one.message, one.code or one.trouble, one.verdict) for one in said)
    heads = ("視点 view", "", "電文 message", "結果 code", "XSD", "件数 times")
    return _table(heads, [(*map(escape, key), str(times)) for key, times in sorted(counts.items())])


def _messages(said: Sequence[Said]) -> str:
    heads = (
        "時刻 at",
        "視点 view",
        "",
        "電文 message",
        "要求 request",
        "件 rec.",
        "試験 test",
        "結果 code",
        "XSD",
        "ms",
        "SHA-256",
    )
    rows = [
        (
            escape(one.at),
            escape(one.view),
            one.part,
            escape(one.message),
            f"<code>{escape(one.request_id)}</code>",
            str(one.records or ""),
            escape(one.test),
            escape(one.code or one.trouble),
            escape(one.verdict),
            str(one.milliseconds or ""),
            f"<code>{escape(one.sha256[:16])}…</code><br><small>{escape(one.file)}</small>",
        )
        for one in said
    ]
    return _table(heads, rows)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Cells are HTML already."""
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
