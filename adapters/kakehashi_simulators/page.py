"""The admin page of a simulator: one HTML document that asks the admin port of its own; nothing from outside."""

from __future__ import annotations

from typing import Literal

from kakehashi_simulators.persons import STATES

__all__ = ["page"]


def page(side: Literal["server", "registry"]) -> str:
    """`server`: the intermediate server; `registry`: the resident registry."""
    title = {"server": "中間サーバー（模擬） Intermediate server", "registry": "既存住基（模擬） Resident registry"}[
        side
    ]
    parts = _SERVER if side == "server" else _REGISTRY
    return _PAGE.replace("{title}", title).replace("{side}", side).replace("{parts}", parts)


_FAULTS = """<section><h2>障害スイッチ <small>Faults</small></h2>
<form id="faults"></form>
<p><button data-reset-faults>すべて既定値に Back to the defaults</button></p></section>
"""
_PLAY = """<section><h2>シナリオ <small>Scenario</small></h2><p id="play-title"></p><table id="play"></table></section>
"""
_STATES = "".join(f"<option>{state}</option>" for state in (*STATES, "linked"))
_SERVER = f"""<section><h2>受付台帳 <small>Account</small></h2><table id="account"></table></section>
<section><h2>電文 <small>Messages by id and code</small></h2><table id="messages"></table></section>
{_PLAY}<section><h2>レコード規則 <small>Errors by rule</small></h2><table id="rules"></table></section>
{_FAULTS}<section><h2>個人の状態 <small>Persons</small></h2>
<form id="persons"><label>統合宛名番号 key, *7 <input name="key" required></label>
<label>状態 state <select name="state">{_STATES}</select></label><button>設定 Set</button></form></section>
<section><h2>他機関の照会 <small>Another body inquires</small></h2>
<form id="inquire"><label>統合宛名番号 key <input name="key" required></label>
<label>特定個人情報名 info <input name="info" required pattern="TM[0-9]{{14}}"></label><button>照会 Ask</button></form>
<table id="provisions"></table></section>
<section><h2>反映済み副本 <small>Effects (newest request last, at most 200)</small></h2>
<form id="effects-form"><label>統合宛名番号 key <input name="person"></label><button>表示 Show</button></form>
<table id="effects"></table></section>
<section><h2>要求 <small>Requests (last 100)</small></h2><table id="requests"></table></section>
<section><h2>ロック <small>Locks</small></h2><table id="locks"></table></section>
<section><h2>時計 <small>Clock</small></h2><form id="clock"><label>進める秒数 seconds ahead
<input name="seconds" type="number" min="0" required></label><button>進める Advance</button></form></section>
<section><h2>初期化 <small>Reset</small></h2>
<p>台帳・個人・スイッチを空にします。 Empties account, persons and faults.</p>
<p><button data-reset>初期化 Reset</button></p></section>
"""
_REGISTRY = f"""<section><h2>台帳 <small>Account</small></h2><table id="account"></table></section>
<section><h2>電文 <small>Messages by id and code</small></h2><table id="messages"></table></section>
{_PLAY}<section><h2>符号取得の結果 <small>What becomes of acquisitions</small></h2><form id="scenario"></form></section>
{_FAULTS}<section><h2>時計 <small>Clock</small></h2><form id="clock"><label>進める秒数 seconds ahead
<input name="seconds" type="number" min="0" required></label><button>進める Advance</button></form></section>
"""
_PAGE = """<!DOCTYPE html>
<html lang="ja"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>
<style>
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
body { margin: 1.5rem auto; max-width: 72rem; padding: 0 1rem }
h1 { font-size: 1.4rem } h2 { font-size: 1.05rem; margin: 0 0 .5rem } small { font-weight: normal; opacity: .7 }
section { border-top: 1px solid #8886; padding: .8rem 0; overflow-x: auto }
table { border-collapse: collapse }
td, th { border-bottom: 1px solid #8884; padding: .15rem .8rem .15rem 0; text-align: left }
td.n { text-align: right; font-variant-numeric: tabular-nums }
form { display: flex; flex-wrap: wrap; gap: .5rem 1.2rem; align-items: end } label { display: flex; gap: .4rem }
input, select, button { font: inherit } input:not([type=checkbox]) { width: 11rem }
input.set { outline: 2px solid #c60 }
#said { position: sticky; top: 0; background: Canvas; color: #b30; min-height: 1.5rem }
</style></head><body data-side="{side}"><h1>{title}</h1><p id="said" role="status"></p>
{parts}<script>
"use strict";
const by = id => document.getElementById(id), said = text => { by("said").textContent = text; };
async function ask(path, body) {
  const how = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const answer = await fetch(path, how), value = await answer.json();
  if (!answer.ok) { said(value.error || answer.status); throw new Error(path); }
  return value;
}
function rows(id, heads, lines) {
  const table = by(id); if (!table) return;
  table.replaceChildren();
  const line = (cells, kind) => {
    const row = table.insertRow();
    for (const cell of cells) {
      const made = row.appendChild(document.createElement(kind));
      made.textContent = cell === null || cell === undefined ? "" : String(cell);
      if (typeof cell === "number") made.className = "n";
    }
  };
  if (lines.length) { line(heads, "th"); lines.forEach(each => line(each, "td")); }
}
const objects = (id, list) => rows(id, list.length ? Object.keys(list[0]) : [], list.map(Object.values));
function fields(id, values, path, drawn) {
  const form = by(id); if (!form || (form.contains(document.activeElement) && !drawn)) return;
  form.replaceChildren();
  for (const [name, value] of Object.entries(values)) {
    const label = form.appendChild(document.createElement("label"));
    label.textContent = name + " ";
    const input = label.appendChild(document.createElement("input"));
    const flag = typeof value === "boolean";
    input.type = flag ? "checkbox" : "text"; input.name = name;
    if (flag) input.checked = value; else input.value = value === null ? "" : value;
    input.classList.toggle("set", id === "faults" && String(value ?? "") !== String(first[name] ?? ""));
    input.addEventListener("change", async () => {
      const text = input.value.trim();
      const given = flag ? input.checked : typeof value === "string" ? text : text === "" ? null : Number(text);
      try { await ask(path, { [name]: given }); said(""); } catch { return; } finally { input.blur(); await look(); }
    });
  }
}
const first = { seed: 0, http_status: 0, http_status_times: -1, drip_seconds: 0.2, delay_seconds: 0,
  answer_delay_seconds: 0, cut_before_apply: 0, drop_response_after_apply: 0, wrong_correlation: 0,
  duplicate_answer: 0, swapped_answers: 0, garbage_answer: 0, huge_answer: 0, slow_drip: 0, only: "", result_code: "",
  refuse_connections: false, silent_waits: false, closed: false, capacity_message: false, forget_requests: false,
  retry_after: null, result_delay_seconds: null };
const japanese = {
  requests: "要求", received: "受信レコード", accepted: "受理", refused: "却下", effects: "反映済み副本",
  twice: "二重反映", duplicates: "再送", conflicts: "矛盾", repeats: "同一変更の再送",
  individual_numbers: "個人番号の混入",
  connections: "接続数", connections_most: "最大接続数", in_work: "処理中", requests_most: "最大同時要求",
  handshakes_refused: "TLS拒否", wrong_test_flag: "テスト区分違い", by_message: "電文別", acquisitions: "符号取得要求",
  told: "通知済み", repeated: "再要求" };
const named = name => (japanese[name] ? japanese[name] + " " : "") + name;
const server = document.body.dataset.side === "server";
async function look() {
  const account = await ask("account"), plain = [], messages = [];
  for (const [name, value] of Object.entries(account)) {
    if (name === "messages") {
      for (const [id, codes] of Object.entries(value))
        for (const [code, times] of Object.entries(codes)) messages.push([id, code, times]);
    } else if (value === null || typeof value !== "object") plain.push([named(name), value]);
    else for (const [inner, number] of Object.entries(value)) plain.push([named(name) + " " + inner,
      typeof number === "object" ? Object.entries(number).map(each => each.join(" ")).join(", ") : number]);
  }
  rows("account", ["項目", "値"], plain); rows("messages", ["電文 message", "結果 code", "件数 times"], messages);
  fields("faults", await ask("faults"), "faults");
  const play = await ask("play");
  by("play-title").textContent = (play.title || "—") + "  " + play.seconds + " s";
  objects("play", play.steps);
  if (!server) { fields("scenario", await ask("scenario"), "scenario"); return; }
  objects("rules", await ask("rules")); objects("locks", await ask("locks"));
  objects("provisions", await ask("provisions")); objects("requests", (await ask("requests")).slice(-100));
}
function on(id, act) {
  const form = by(id); if (!form) return;
  form.addEventListener("submit", async event => {
    event.preventDefault();
    try { await act(Object.fromEntries(new FormData(form))); said(""); await look(); } catch { return; }
  });
}
on("persons", given => ask("persons", { [given.state]: [given.key] }));
on("inquire", async given => {
  const [told] = await ask("inquire", { persons: [given.key], info: given.info });
  setTimeout(() => said(told.state), 50);
});
on("clock", given => ask("clock", { advance_seconds: Number(given.seconds) }));
on("effects-form", async given => {
  const query = given.person ? "?person=" + encodeURIComponent(given.person) : "";
  objects("effects", (await ask("effects" + query)).slice(-200));
});
const press = (mark, act) =>
  document.querySelector(mark)?.addEventListener("click", async () => { await act(); await look(); });
press("[data-reset-faults]", () => ask("faults", first));
press("[data-reset]", () => ask("reset", {}));
look(); setInterval(() => look().catch(() => said("応答なし no answer")), 2000);
</script></body></html>
"""
