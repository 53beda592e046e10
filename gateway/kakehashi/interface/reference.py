"""The reference page of a profile, `docs/reference/external-interface.md`: its tables as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from kakehashi.domain.data_standard import DataStandard, StandardItem
from kakehashi.domain.interface import ResultClass
from kakehashi.interface.profile import Profile

__all__ = ["render_reference"]

_HEADER = (
    ("MessageId", "電文ID", "e.g. DBM-201; the root element is the same without its hyphen"),
    ("Function", "機能コード", "FGU, DBM, SKI, TKY, TKM, JTK, OSR, SCM, SYM"),
    ("Type", "電文種別", "REQ request, ACK acknowledgement, RES result, NTF notice"),
    ("RequestId", "要求ID", "32 letters a to p; the same in every attempt: the idempotency key"),
    ("CorrelationId", "関連ID", "in an answer: the RequestId that it answers"),
    ("Batch", "一括情報", "optional: Id, Seq, Total, RecordCount, Sha256 (base64)"),
    ("Profile", "プロファイル", "name of the profile"),
    ("LayoutVersion", "版", "version of the data standard"),
    ("Sender, Receiver", "機関コード", "16 digits"),
    ("PersonKeyType", "個人識別の種類", "unified 団体内統合宛名番号, atena 宛名番号"),
    ("CreatedAt", "作成日時", "Japan time, to the second, +09:00"),
    ("Test", "テスト区分", "1: a test message, never for a live endpoint"),
)
_RESULT = (
    ("Segment", "処理結果区分", "1 normal, 2 in process, 9 abnormal"),
    ("Code", "返却コード", "four digits, see below"),
    ("Receipt", "受付ID", "optional: what to ask for the result with"),
    ("RetryAfter", "再送待ち秒数", "optional: seconds"),
    ("Accepted", "受理件数", "optional: records taken"),
    ("Errors", "レコードエラー", "optional: RecordNo (from 1), Item (optional), Code"),
)
_ACTIONS = {
    ResultClass.DONE: "accepted",
    ResultClass.IN_PROCESS: "asked again later",
    ResultClass.DUPLICATE: "counts as accepted",
    ResultClass.DATA_ERROR: "back to the owner, never retried",
    ResultClass.AUTHORITY: "an operator decides",
    ResultClass.CAPACITY: "tried again with growing waits",
    ResultClass.CLOSED: "held until the service opens",
    ResultClass.UNREACHABLE: "the status is asked first, then tried again",
    ResultClass.SERVER_FAULT: "tried again, then parked",
}

_MODEL = (
    "**This is our own model.** The real interface specification of the intermediate server is not public; it",
    "is handed to bodies and vendors only. Every id, element, code and data set on this page is invented. A",
    "body puts its official values into a profile of its own (`config/profiles/template-site/`), without a",
    "change of code. A profile that differs in little names another one (`[profile] base`): what it does not",
    "say itself is as there, of profile.toml key by key, else file by file; `std-2026-atena` (role A) is one.",
    "",
)
_NAMES = (
    "What the wire calls otherwise stands in `names.csv` of the profile (kind, name, wire, note): a `message`",
    "(`DBM-201`), an `element`, an `attribute`, a `value` (`Operation=lock`), the `digits` of a PersonKey. The schemas",
    "are then those of the wire, one `<message>.xsd` for each of its own ids; a site puts them into `xsd/<schemas>` of",
    "its configuration folder. Errors, logs, cases and this page keep our names. Order and nesting are the same;",
    "another order is a matter for an adapter.",
)
_REPLICAS = (
    'DBM-201 carries changes: each record says `operation="register"` and has a Content, or `operation="delete"`',
    "and has none. A message in which every record is a deletion is a DBM-203. For each person, information and",
    "unit the higher Sequence wins, whatever the operation: a record may be registered again after a deletion.",
    "",
    "Records with the same `group` (18 digits: the Sequence of the first of them) are one household in one version:",
    "all of them are registered, or none is. Where one is refused or stale, each of the others has a 4018. It is sent",
    "only where the profile says `[groups] honoured = true`; [what holds then, and else](../how-to/households.md).",
    "",
    "DBM-207 asks which replicas of one information there are; DBM-208 answers with person, unit and Sequence of",
    'those that are not deleted, in that order, a person never divided between two pages. `more="1"`: the next',
    "question names the last person in `After`. A Sequence is never used twice, so it stands for the content. A",
    "page that does not go on is SRV-007, any other answer than 0000 is SRV-006; [what is compared](../how-",
    "to/reconcile.md).",
    "",
    "SYM-904 says which versions of layouts and code masters the server takes on which days, a layout perhaps with",
    "its items, and which days differ from the weekly hours. It is compared with the profile and the routes and",
    "changes nothing by itself: [versions](../how-to/layout-versions.md). A record in a version that is not taken",
    "that day is refused with 5002.",
    "",
    "DBM-209 locks or unlocks one person, or one information: while it is locked, none of its replicas is provided",
    "to anybody. Replicas of a locked key are registered and deleted as ever, so that they can be put right under",
    "the lock. Of two requests about one key the higher Sequence wins (4009 for the other); what is so already is a",
    "3001, which counts as done. [Who sends it](../how-to/stop-a-person.md).",
)

_ANSWERS = (
    "## Answers to inquiries (SKI-304)",
    "",
    "Each inquiry that was not refused at once has an Answer with a Status: found and partial have a Content, or a",
    "ResultUrl in its place (`https://`, at most 512 characters) where the profile allows that; not-found, refused,",
    "in-process, expired and cancelled have neither. While any is in-process the same receipt may be asked again.",
    "SKI-305 with that receipt ends what is in process (4013: nothing is), and SKI-304 then calls it cancelled.",
    "",
)

_PROVISIONS = (
    "TKY-401 asks what waits for a decision; TKY-402 lists it in the order of `ProvisionId`, with its deadline.",
    '`more="1"`: the next question names the last one in `AfterId`. TKY-403 permits one, or denies it with a code; the',
    "same decision again counts as taken, another one is refused. What has no row here needs two persons, of any",
    "department; `*`: any affair. How it is decided: [provisions](../how-to/provisions.md).",
    "",
)


_RECORDS = (
    "TKM-501 asks which exchanges about one person there were, from day to day, both included; TKM-502",
    'lists them in the order of `RecordId`. `more="1"`: the next question names the last one in',
    "`AfterId`. A page that does not go on, or tells of another person, is SRV-007. `Kind`: inquiry (by",
    "us), automatic (the server answered from our replica), decided (as we decided). `Outcome`: as the",
    "Status of an answer to an inquiry; found: it was provided. `Reference`: the RequestId of our",
    "inquiry, the ProvisionId of our decision. TKM-503 says of one record that the person is not shown",
    "it, with a code of the table, or is again; what is so already is a 3001, and a record that is not",
    "the person's, or that the server does not keep any more, a 4017. [How to](../how-to/exchange-",
    "records.md).",
    "",
)

_PASSED_ON = (
    "## Functions that are passed on",
    "",
    "JTK (自己情報提供), OSR (お知らせ) and SCM (セキュリティ管理) have no lane. A business system's own messages",
    "of them go through the [relay](../how-to/relay-messages.md), which swaps what stands in a `PersonKey`, both",
    "ways. In JTK-602 that is the person who asked, with the units that may be shown; in OSR-702 the",
    "person of the notice; in SCM none.",
    "",
)

_DATA_SETS = (
    "Each item is a value, or a reason for its absence (未設定事由) in an element `<code>-absent`",
    "where reasons are listed. Numbers have at most 11 digits. Invariants across items stand beside the",
    "schemas as ISO Schematron.",
    "",
)


def render_reference(profile: Profile) -> str:
    """The whole page as Markdown, ending in a line end."""
    return "\n".join(_page(profile)) + "\n"


def _page(profile: Profile) -> Iterator[str]:
    yield "# External interface"
    yield ""
    yield f"Profile `{profile.name}`, namespace `{profile.namespace}`."
    yield f"Generated from `config/profiles/{profile.name}/`."
    yield ""
    yield from _MODEL
    yield from _NAMES
    yield ""
    yield "## Messages"
    yield ""
    rows = (
        (f"{rule.id} → {rule.answer}", rule.name, "yes" if rule.idempotent else "no")
        for rule in profile.messages.values()
    )
    yield from _table(("request → answer", "name", "idempotent"), rows)
    yield "Idempotent: the receiver honours the request id, so the same message may be sent again when its outcome is"
    yield "unknown. Each message has a schema in `xsd/`, and both directions are checked against it."
    yield ""
    yield from _REPLICAS
    yield ""
    yield "## Permissions"
    yield ""
    yield "An inquiry is sent only if this table has its row. Everything else is refused before sending (REF-004)."
    yield ""
    yield from _table(("department", "affair", "procedure", "information"), sorted(profile.permissions))
    yield from _provisions(profile)
    yield from _records(profile)
    yield from _PASSED_ON
    yield "## Header"
    yield ""
    yield from _table(("element", "項目", "content"), _HEADER)
    yield "## Result"
    yield ""
    yield from _table(("element", "項目", "content"), _RESULT)
    yield "## Result codes"
    yield ""
    codes = (
        (r.code, r.name, str(int(r.result_class)), _action(r.result_class, r.waits)) for r in profile.results.values()
    )
    yield from _table(("code", "name", "class", "what happens"), codes)
    yield "A code that is not in the table goes to an operator: it is neither success nor a reason to try again."
    yield ""
    yield "## Inquiry (SKI-301)"
    yield ""
    yield from _items(profile.inquiry)
    yield from _ANSWERS
    yield "## Data sets"
    yield ""
    yield from _DATA_SETS
    for standard in profile.standards.values():
        yield f"### {standard.info_name} version {standard.version}"
        yield ""
        yield from _items(standard)


def _provisions(profile: Profile) -> Iterator[str]:
    yield "## Provisions"
    yield ""
    yield from _PROVISIONS
    rules = (
        (*name, str(rule.permit), str(rule.deny), rule.department)
        for name, rule in sorted(profile.provisions.by_name.items())
    )
    yield from _table(("information", "affair", "persons to permit", "persons to deny", "department"), rules)
    yield from _table(("denial", "name"), sorted(profile.provisions.denials.items()))


def _records(profile: Profile) -> Iterator[str]:
    yield "## Records of exchanges"
    yield ""
    yield from _RECORDS
    yield f"The server keeps them {profile.records.keep_years} years."
    yield ""
    yield from _table(("reason", "name"), sorted(profile.records.reasons.items()))


def _action(result_class: ResultClass, waits: str | None) -> str:
    special = {
        "symbol": "waits for symbol acquisition",
        "household": "waits for the other record of its household",
        "superseded": "a newer change counts",
        "expired": "back to the owner: to be asked anew if still needed",
    }
    return special.get(waits or "", _ACTIONS[result_class])


def _items(standard: DataStandard) -> Iterator[str]:
    yield from _table(("item", "name", "type", "times", "required", "absence"), map(_row, standard.items))


def _row(item: StandardItem) -> Sequence[str]:
    size = f"{item.digits}, {item.decimals} decimals" if item.decimals else str(item.digits)
    codes = f": {' '.join(sorted(item.codes))}" if item.codes else f" ({size})"
    times = str(item.occurs)
    return item.code, item.name, f"{item.type}{codes}", times, "yes" if item.required else "no", _reasons(item)


def _reasons(item: StandardItem) -> str:
    return " ".join(sorted(item.absence))


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""
