"""「提供判断」 Who may decide about an inquiry, how many are needed, and what is written down of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from kakehashi.domain.notice import Disclosure
from kakehashi.domain.provision import Inquiry, Needs, Objection, Provision, Verdict, Voice, spoken, withdrawn
from kakehashi.errors import InputError
from kakehashi.interface.profile_rules import ProvisionRules
from kakehashi.ports.clock import Clock
from kakehashi.ports.halts import HaltBook
from kakehashi.ports.links import LinkStore
from kakehashi.ports.provisions import ProvisionBook, ProvisionEntry, ProvisionRow

__all__ = ["Deciding", "Decision", "needs_of"]


def needs_of(inquiry: Inquiry, *, links: LinkStore, halts: HaltBook, rules: ProvisionRules) -> Needs:
    """As things stand now: 支援措置・不開示, 提供停止, a person of whom nobody knows, or of whom something is in doubt,
    is protected. Raises StoreError.
    """
    rule = rules.rule(inquiry.info_name, inquiry.affair)
    suspended = inquiry.person in halts.halted().persons
    protected = inquiry.non_disclosure or suspended or not _is_open(inquiry.person, links)
    return Needs(rule.permit, rule.deny, protected=protected)


def _is_open(person: str, links: LinkStore) -> bool:
    linked = links.persons_links(person)
    frozen = any(links.unresolved(row.system, [row.atena]) for row in linked)
    return bool(linked) and not frozen and links.disclosures([person]).get(person) is Disclosure.OPEN


class Decision(NamedTuple):
    """What one person wants; `denial`: with a denial, the code that who asked is told."""

    actor: str
    reason: str
    verdict: Verdict
    denial: str | None = None
    aware: bool = False


class _Books(ProvisionBook, HaltBook, Protocol):
    """What of the store is needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deciding:
    """Thread-safe. `departments`: the login names of those who decide for each."""

    store: _Books
    links: LinkStore
    clock: Clock
    rules: ProvisionRules
    departments: Mapping[str, Sequence[str]]

    def needs(self, row: ProvisionRow) -> Needs:
        return needs_of(row.what.inquiry, links=self.links, halts=self.store, rules=self.rules)

    def decide(self, row: ProvisionRow, wanted: Decision, *, dry: bool) -> Provision:
        """What it is then; `dry`: nothing is written. Raises InputError (PRV-…) for a voice that does not count."""
        self._authorise(row, wanted.actor)
        now = self.clock.now()
        voice = Voice(
            actor=wanted.actor,
            verdict=wanted.verdict,
            reason=wanted.reason,
            at=now,
            denial=wanted.denial,
            aware=wanted.aware,
        )
        found = spoken(row.what, voice, self.needs(row), now)
        return self._written(row, found, wanted.verdict.value, wanted.actor, wanted.reason, dry=dry)

    def withdraw(self, row: ProvisionRow, *, actor: str, reason: str, dry: bool) -> Provision:
        """It is decided anew. Raises InputError (PRV-…)."""
        self._authorise(row, actor)
        return self._written(row, withdrawn(row.what, self.clock.now()), "withdraw", actor, reason, dry=dry)

    def _authorise(self, row: ProvisionRow, actor: str) -> None:
        department = self.rules.rule(row.what.inquiry.info_name, row.what.inquiry.affair).department
        if department and actor not in self.departments.get(department, ()):
            raise InputError("PRV-011", provision=f"P{row.id}", department=department)

    def _written(
        self, row: ProvisionRow, found: Provision | Objection, what: str, actor: str, reason: str, *, dry: bool
    ) -> Provision:
        if isinstance(found, Objection):
            raise InputError(found.value, provision=f"P{row.id}")
        entry = ProvisionEntry(at=self.clock.now(), what=what, state=found.state, actor=actor, reason=reason)
        if not dry and not self.store.move_provision(row.id, turn=row.turn, what=found, entry=entry):
            raise InputError(Objection.CLOSED.value, provision=f"P{row.id}")  # somebody else was faster
        return found
