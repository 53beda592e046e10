"""A worker as a process of its own: begins and settles whatever is in the outbox; prints what it was told is done."""

import sys
from datetime import timedelta

from kakehashi.testing.store_samples import DUE, NOW, change, new_exception
from kakehashi_adapters.sql_store import open_store


def say(*words):
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def main(url, name):
    store = open_store(url)
    say("ready")
    sys.stdin.readline()
    now = DUE + timedelta(hours=1)
    waiting = store.publishable(lost=True, lanes=["tax"], most=10_000, now=now)
    for batch in (*waiting, *store.publishable(lost=False, lanes=["tax"], most=10_000, now=now)):
        numbers = range(batch.first_record, batch.first_record + batch.records)
        begun = store.begin_attempt(
            batch.id,
            turn=batch.turn,
            message_id=name,
            exceptions=(),
            now=NOW,
            due=DUE,
            replicas={number: change(str(number), batch.turn + 1) for number in numbers},
        )
        if not begun:
            continue
        say("begun", batch.id)
        done = store.settle(
            batch.id,
            turn=batch.turn + 1,
            accepted=batch.records - 1,
            code="0000",
            exceptions=[new_exception(numbers[0], server_code="4003")],
            result=None,
            now=NOW,
        )
        say("settled" if done else "lost", batch.id)


if __name__ == "__main__":
    main(*sys.argv[1:])
