"""What the account adds up to: the figures that tests and the demo compare with the gateway's own."""

from __future__ import annotations

from collections.abc import Mapping

from kakehashi_simulators.account import Account

__all__ = ["effects", "requests", "totals"]

_MOST = 100_000


def totals(account: Account) -> dict[str, object]:
    """`received` = `accepted` + sum of `refused`, in records; `twice`: effects applied more than once."""
    with account.lock:
        ask = account.connection.execute
        requests, records, accepted, again = ask(
            "SELECT count(*), coalesce(sum(records), 0), coalesce(sum(accepted), 0), coalesce(sum(times - 1), 0)"
            " FROM requests"
        ).fetchone()
        by_message = ask(
            "SELECT message_id, count(*), sum(records), sum(accepted) FROM requests GROUP BY message_id ORDER BY 1"
        ).fetchall()
        refused = dict(ask("SELECT code, count(*) FROM refusals GROUP BY code ORDER BY code").fetchall())
        return {
            "requests": requests,
            "received": records,
            "accepted": accepted,
            "refused": refused,
            "by_message": {
                message_id: {"requests": count, "received": received, "accepted": taken}
                for message_id, count, received, taken in by_message
            },
            "effects": ask("SELECT count(*) FROM effects").fetchone()[0],
            "twice": ask("SELECT count(*) FROM effects WHERE times > 1").fetchone()[0],
            "duplicates": again,
            "conflicts": ask("SELECT count(*) FROM conflicts").fetchone()[0],
            "repeats": ask("SELECT count(*) FROM repeats").fetchone()[0],
            "individual_numbers": refused.get("4005", 0),
        }


def effects(account: Account, filters: Mapping[str, str]) -> list[dict[str, object]]:
    """Effects that match `filters`: person, info, unit, sequence, request_id, twice. At most 100,000."""
    columns = {"person": "e.person", "info": "e.info", "unit": "e.unit", "sequence": "e.sequence"}
    columns["request_id"] = "r.request_id"
    unknown = set(filters) - set(columns) - {"twice"}
    if unknown:
        raise ValueError("unknown filter")
    conditions = [f"{columns[name]} = ?" for name in filters if name in columns]
    conditions += ["e.times > 1"] if "twice" in filters else []
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return _rows(
        account,
        "SELECT e.person, e.info, e.unit, e.sequence, e.operation, e.times, r.request_id"  # noqa: S608  # our own names
        f" FROM effects e LEFT JOIN requests r ON r.id = e.request{where} ORDER BY 1, 2, 3, 4 LIMIT {_MOST}",
        [value for name, value in filters.items() if name in columns],
    )


def requests(account: Account) -> list[dict[str, object]]:
    """What was taken, oldest first. At most 100,000."""
    columns = "request_id, message_id, records, accepted, receipt, times"
    return _rows(account, f"SELECT {columns} FROM requests ORDER BY id LIMIT {_MOST}", [])  # noqa: S608  # our own names


def _rows(account: Account, statement: str, values: list[str]) -> list[dict[str, object]]:
    with account.lock:
        cursor = account.connection.execute(statement, values)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]
