"""The MatchStore on SQLAlchemy Core: forms of persons and numbers, claims to be decided."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Table, bindparam, func, select, text, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from kakehashi.domain.link import Note
from kakehashi.ports.matches import HeldForm, NewReview, Reference, Review
from kakehashi.ports.sealer import Sealed
from kakehashi_adapters.sql_store.database import Database
from kakehashi_adapters.sql_store.link_tables import UNDECIDED, link_forms, links, match_reviews, person_forms
from kakehashi_adapters.sql_store.moment import from_store, to_store
from kakehashi_adapters.sql_store.portion import PORTION, portions
from kakehashi_adapters.sql_store.tables import meta

__all__ = ["SqlMatches"]

_COMPARED: Final = "links_compared"
"""The row of `meta` that says when."""

_REFERENCES: Final = select(person_forms).where(person_forms.c.unified.in_(bindparam("unified", expanding=True)))
_HELD: Final = (
    select(
        link_forms.c.system, link_forms.c.atena, link_forms.c.unified, link_forms.c.form, link_forms.c.digest_id,
        person_forms.c.form.label("reference"), person_forms.c.digest_id.label("reference_id"),
    )
    .join(links, (links.c.system == link_forms.c.system) & (links.c.atena == link_forms.c.atena))
    .join(person_forms, person_forms.c.unified == link_forms.c.unified, isouter=True)
    .where(
        links.c.unified == link_forms.c.unified,
        ~links.c.frozen,
        tuple_(link_forms.c.system, link_forms.c.atena) > tuple_(bindparam("system_after"), bindparam("after")),
    )
    .order_by(link_forms.c.system, link_forms.c.atena)
    .limit(PORTION)
)  # fmt: skip


class SqlMatches:
    """The half of the link store that compares. `_database` comes from the class that takes it in."""

    _database: Database

    def references(self, unified: Collection[str]) -> Mapping[str, Reference]:
        found: dict[str, Reference] = {}
        for portion in portions(sorted(set(unified))):
            rows = self._database.read(lambda c, p=portion: c.execute(_REFERENCES, {"unified": p}).all())  # type: ignore[misc]  # bound now
            for row in rows:
                found[row.unified] = Reference(
                    unified=row.unified,
                    form=row.form,
                    digest_id=row.digest_id,
                    sealed=None if row.sealed is None else Sealed(row.key_id, row.sealed),
                )
        return found

    def describe(self, references: Iterable[Reference], *, now: datetime) -> None:
        for portion in portions(references):
            rows = [
                {
                    "unified": each.unified,
                    "form": each.form,
                    "digest_id": each.digest_id,
                    "key_id": None if each.sealed is None else each.sealed.key_id,
                    "sealed": None if each.sealed is None else each.sealed.body,
                    "recorded_at": to_store(now),
                }
                for each in {each.unified: each for each in portion}.values()
            ]
            self._database.write(lambda c, rows=rows: _put(c, person_forms, ["unified"], rows))  # type: ignore[misc]  # bound now

    def hold(self, forms: Iterable[HeldForm], *, now: datetime) -> None:
        for portion in portions(forms):
            rows = [
                {
                    "system": each.system,
                    "atena": each.atena,
                    "unified": each.unified,
                    "form": each.form,
                    "digest_id": each.digest_id,
                    "recorded_at": to_store(now),
                }
                for each in {(each.system, each.atena): each for each in portion}.values()
            ]
            self._database.write(lambda c, rows=rows: _put(c, link_forms, ["system", "atena"], rows))  # type: ignore[misc]  # bound now

    def held(self, system: str | None = None) -> Iterator[HeldForm]:
        query = _HELD if system is None else _HELD.where(link_forms.c.system == system)
        after = {"system_after": "", "after": ""}
        while rows := self._database.read(lambda c, after=after: c.execute(query, after).all()):  # type: ignore[misc]  # bound now
            yield from map(_held, rows)
            after = {"system_after": rows[-1].system, "after": rows[-1].atena}

    def verdicts(self, claims: Sequence[bytes]) -> Mapping[bytes, str]:
        found: dict[bytes, str] = {}
        for portion in portions(claims):
            query = select(match_reviews.c.claim, match_reviews.c.decision).where(
                match_reviews.c.claim.in_(portion), match_reviews.c.decision.is_not(None)
            )
            found |= {row.claim: row.decision for row in self._database.read(lambda c, q=query: c.execute(q).all())}  # type: ignore[misc]  # bound now
        return found

    def ask(self, reviews: Iterable[NewReview], *, now: datetime) -> int:
        return sum(
            self._database.write(lambda c, portion=portion: _ask(c, portion, to_store(now)))  # type: ignore[misc]  # bound now
            for portion in portions(reviews)
        )

    def reviews(self, *, undecided: bool = True, most: int = 1000) -> list[Review]:
        query = select(match_reviews).order_by(match_reviews.c.id).limit(most)
        if undecided:
            query = query.where(text(UNDECIDED))
        return [_review(row) for row in self._database.read(lambda c: c.execute(query).all())]

    def review(self, review_id: int) -> Review | None:
        query = select(match_reviews).where(match_reviews.c.id == review_id)
        row = self._database.read(lambda c: c.execute(query).first())
        return None if row is None else _review(row)

    def answer(self, review_id: int, *, link: bool, note: Note, now: datetime) -> Review | None:
        def decide(connection: Connection) -> Review | None:
            one = match_reviews.c.id == review_id
            done = connection.execute(
                update(match_reviews)
                .where(one, text(UNDECIDED))
                .values(
                    decision="link" if link else "refuse",
                    decided_at=to_store(now),
                    actor=note.actor,
                    reason=note.reason,
                )
            )
            return _review(connection.execute(select(match_reviews).where(one)).one()) if done.rowcount else None

        return self._database.write(decide)

    def compared(self, now: datetime) -> None:
        rows: list[dict[str, object]] = [{"name": _COMPARED, "value": str(to_store(now))}]
        self._database.write(lambda c: _put(c, meta, ["name"], rows))

    def compared_at(self) -> datetime | None:
        query = select(meta.c.value).where(meta.c.name == _COMPARED)
        found = self._database.read(lambda c: c.execute(query).scalar())
        return None if found is None else from_store(int(found))


def _put(connection: Connection, table: Table, key: list[str], rows: list[dict[str, object]]) -> None:
    made = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(table)
    changed = {name: made.excluded[name] for name in rows[0] if name not in key}
    connection.execute(made.on_conflict_do_update(index_elements=key, set_=changed), rows)


def _ask(connection: Connection, portion: Sequence[NewReview], now: int) -> int:
    made = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(match_reviews)
    place = {name: made.excluded[name] for name in ("batch_id", "record_no", "members")}
    claims = {each.claim: each for each in portion}
    same = select(func.count()).where(match_reviews.c.claim.in_(claims))
    known: int = connection.execute(same).scalar_one()
    rows = [
        {
            "claim": each.claim,
            "system": each.system,
            "atena": each.atena,
            "unified": each.unified,
            "differ": " ".join(each.differ),
            "batch_id": each.batch_id,
            "record_no": each.record_no,
            "recorded_at": now,
            "members": json.dumps(each.members) if each.members else None,
        }
        for each in claims.values()
    ]
    connection.execute(made.on_conflict_do_update(index_elements=["claim"], set_=place), rows)
    return len(claims) - known


def _held(row: Any) -> HeldForm:
    known = None
    if row.reference is not None:
        known = Reference(unified=row.unified, form=row.reference, digest_id=row.reference_id)
    return HeldForm(
        system=row.system,
        atena=row.atena,
        unified=row.unified,
        form=row.form,
        digest_id=row.digest_id,
        reference=known,
    )


def _review(row: Any) -> Review:
    return Review(
        id=row.id,
        what=NewReview(
            claim=row.claim,
            system=row.system,
            atena=row.atena,
            unified=row.unified,
            differ=tuple(row.differ.split()),
            batch_id=row.batch_id,
            record_no=row.record_no,
            members=tuple((system, atena) for system, atena in json.loads(row.members or "[]")),
        ),
        recorded_at=from_store(row.recorded_at),
        decision=row.decision,
        decided_at=from_store(row.decided_at),
        note=None if row.actor is None else Note(row.actor, row.reason),
    )
