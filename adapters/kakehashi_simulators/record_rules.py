"""「レコード別エラー規則」 Which records a simulator refuses, whatever is in them: by person, count, information."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

from kakehashi_simulators.message import NAMESPACE, Message
from kakehashi_simulators.schema_folder import Violation

__all__ = ["RecordRule", "RecordRules"]

_KNOWN_MOST = 20_000
_PERSON, _INFO = f"{{{NAMESPACE}}}PersonKey", f"{{{NAMESPACE}}}InfoName"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRule:
    """`persons`: one key, or `*7` for all that end so. `every`: of those, each n-th. `times`: so often; 0 always."""

    code: str
    item: str | None = None
    messages: str = ""
    persons: str = "*"
    info: str = ""
    every: int = 1
    times: int = 0

    def fits(self, message_id: str, person: str, info: str) -> bool:
        key = self.persons.removeprefix("*")
        whose = person.endswith(key) if self.persons.startswith("*") else person == key
        return whose and message_id.startswith(self.messages) and self.info in ("", info)


class RecordRules:
    """Thread-safe. A message that comes again meets what it met the first time. The first rule that strikes counts."""

    def __init__(self, rules: Sequence[RecordRule] = ()) -> None:
        self._lock = Lock()
        self.set(rules)

    def set(self, rules: Sequence[RecordRule]) -> None:
        with self._lock:
            self._rules = tuple(rules)
            self._seen = [0] * len(self._rules)
            self._struck = [0] * len(self._rules)
            self._known: OrderedDict[str, list[Violation]] = OrderedDict()

    def violations(self, message: Message) -> list[Violation]:
        """What the rules make of its records. Violations that it had by itself count before."""
        if not self._rules or not message.numbers:
            return []
        with self._lock:
            known = self._known.get(message.request_id)
            if known is None:
                known = self._known[message.request_id] = self._judged(message)
                if len(self._known) > _KNOWN_MOST:
                    self._known.popitem(last=False)
            return known

    def state(self) -> list[dict[str, object]]:
        """Each rule with the records that it fitted and those that it struck."""
        with self._lock:
            return [
                {"code": rule.code, "item": rule.item, "messages": rule.messages, "persons": rule.persons,
                 "info": rule.info, "every": rule.every, "times": rule.times, "seen": seen, "struck": struck}
                for rule, seen, struck in zip(self._rules, self._seen, self._struck, strict=True)
            ]  # fmt: skip

    def _judged(self, message: Message) -> list[Violation]:
        found = []
        for position, record in enumerate(message.root[1]):
            person, info = record.findtext(_PERSON, ""), record.findtext(_INFO, "")
            rule = self._striking(message.id, person, info)
            if rule is not None:
                found.append(Violation(position, rule.item, rule.code))
        return found

    def _striking(self, message_id: str, person: str, info: str) -> RecordRule | None:
        struck: RecordRule | None = None
        for number, rule in enumerate(self._rules):
            if not rule.fits(message_id, person, info):
                continue
            self._seen[number] += 1
            due = self._seen[number] % rule.every == 0 and (not rule.times or self._struck[number] < rule.times)
            if struck is None and due:
                self._struck[number] += 1
                struck = rule
        return struck
