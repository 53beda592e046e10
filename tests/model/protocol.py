"""The protocol in the abstract: two changes of one person on their way through intake, broker, worker and server.

A state is a tuple of small integers and tuples; `successors` gives every step that any part may take next, each crash
and each network fault included, as long as there are any left. What the product does is the base; a variant is a set of
words, each of which changes one step to what somebody might have written instead.

    Row       what the ledger holds of a change: state, turn
    message   (change, turn, redelivered) in the queue
    worker    (what it does, change, turn it read, turn of its message, redelivered, holds the delivery)
    request   a send on its way to the server: it may be applied at any later time, or never
"""

from typing import NamedTuple

NONE, NEW, QUEUED, SENT, RESEND, WAITING, ACCEPTED, SUPERSEDED, REFUSED, PARKED = range(10)
"""Row states. RESEND: released by an operator, to be published as SENT."""
ENDED = (ACCEPTED, SUPERSEDED, REFUSED, PARKED)
TOLD = (ACCEPTED, SUPERSEDED, REFUSED)

IDLE, SEND, AWAIT, ASK, POLL, TAKEN, TIMEOUT, NOTSENT, UNKNOWN, DONE, STALE, FOLLOW, ACK = range(13)
"""What a worker does next; TAKEN … DONE hold an answer that is not yet in the ledger."""

INTAKE_IDLE, RECORDED, PUBLISHED, ARCHIVED, MARKED = range(5)

TURNS = 64

VARIANTS = {
    "archive before commit": "L",
    "outbox marked before the confirm": "L",
    "ack on receipt": "L",
    "ack before the result is recorded": "L",
    "blind retry at a non-idempotent receiver": "T",
    "inquiry then resend with a late apply": "T",
    "in-process wait for in-flight requests": "T",
    "timeout treated as failure": "S",
    "redelivered message taken for a stale one": "L",
    "a redrive takes a new sequence": "O",
    "a turn that is not compared": "T",
}
"""What must fail, and the first invariant that it breaks: L lost, T twice, O order, S status not told truly. The first
eight are those of the protocol's measured list; the others are rules of this product.
"""
AT_A_FORGETFUL_RECEIVER = {
    "blind retry at a non-idempotent receiver",
    "inquiry then resend with a late apply",
    "in-process wait for in-flight requests",
    "timeout treated as failure",
    "a turn that is not compared",
}


class State(NamedTuple):
    source: tuple[int, ...]
    """1 while the dropped file of a change is there."""
    rows: tuple[tuple[int, int], ...]
    queue: tuple[tuple[int, int, int], ...]
    """Sorted: delays, redeliveries and several queues leave no order to rely on."""
    intake: tuple[int, int]
    workers: tuple[tuple[int, ...], ...]
    flying: tuple[tuple[int, int], ...]
    """(change, worker that waits for it or -1), sorted."""
    known: tuple[int, ...]
    """Of each change: 0 unknown to the server, 1 in process, 2 its result is there."""
    effects: tuple[int, ...]
    """Changes in the order in which the server applied them."""
    redriven: int
    """0 not needed, 1 the first change was refused for its missing symbol, 2 retried by an operator."""
    released: int
    """How often operators may still release a parked batch."""
    crashes: int
    faults: int


NOBODY = (IDLE, 0, 0, 0, 0, 0)


def start(*, crashes, faults, changes=2, workers=2, needs_redrive=False, releases=1):
    return State(
        source=(1,) * changes,
        rows=((NONE, 0),) * changes,
        queue=(),
        intake=(INTAKE_IDLE, 0),
        workers=(NOBODY,) * workers,
        flying=(),
        known=(0,) * changes,
        effects=(),
        redriven=int(needs_redrive),
        released=releases,
        crashes=crashes,
        faults=faults,
    )


def put(values, index, value):
    return (*values[:index], value, *values[index + 1 :])


def without(values, value):
    index = values.index(value)
    return (*values[:index], *values[index + 1 :])


def plus(values, value):
    return tuple(sorted((*values, value)))


class Protocol:
    """`idempotent`: the receiver honours the key. `rescue`: the broker loses messages and gives them to a second worker
    while the first one goes on, and what nobody carries any more is published again from the ledger.
    """

    def __init__(self, *, idempotent=True, rescue=False, variant=""):
        self.idempotent, self.rescue, self.variant = idempotent, rescue, variant

    def canonical(self, state):
        """One state for all that only differ in what can have no effect any more, or in which worker is which."""
        state = self._tidied(state)
        if self.variant == "in-process wait for in-flight requests" or len(state.workers) < 2:
            return state
        if state.workers[0] <= state.workers[1]:
            return state
        flying = tuple(sorted((change, 1 - worker if worker >= 0 else worker) for change, worker in state.flying))
        return state._replace(workers=state.workers[::-1], flying=flying)

    def _tidied(self, state):
        """Without messages that every receiver drops, and requests that a server with memory answers from it."""
        queue = tuple(message for message in state.queue if not self._is_spent(state, *message))
        workers = tuple(
            NOBODY if worker[0] in (ACK, STALE) and self._is_spent(state, worker[1], worker[3], 1) else worker
            for worker in state.workers
        )
        flying = state.flying
        if self.idempotent:
            flying = tuple(one for one in flying if one[1] >= 0 or not state.known[one[0]])
        return state._replace(queue=queue, workers=workers, flying=flying)

    def _is_spent(self, state, change, message_turn, redelivered):
        row, turn = state.rows[change]
        if row in (ACCEPTED, SUPERSEDED) or (row == REFUSED and state.redriven != 1):
            return True
        return message_turn < turn and not redelivered

    def successors(self, state):
        """(name of the step, next state); crashes and faults last."""
        if state.intake[0] == RECORDED:  # nobody else sees whether the file still lies there
            change = state.intake[1]
            yield "archive", state._replace(source=put(state.source, change, 0), intake=(INTAKE_IDLE, 0))
            if state.crashes:
                yield "intake killed", state._replace(intake=(INTAKE_IDLE, 0), crashes=state.crashes - 1)
            return
        yield from self._intake(state)
        yield from self._operators(state)
        yield from self._late(state)
        for index in range(len(state.workers)):
            yield from self._worker(state, index)
        yield from self._troubles(state)

    # Intake and outbox: one process, one thread

    def _intake(self, state):
        doing, change = state.intake
        if doing == INTAKE_IDLE:
            yield from self._look(state)
        elif doing == ARCHIVED:
            yield "record", self._record(state, change)._replace(intake=(INTAKE_IDLE, 0))
        elif doing == PUBLISHED:
            change, turn = divmod(change, TURNS)
            marked = self._mark(state, change) if self.rescue or state.rows[change][1] == turn else state
            yield "mark", marked._replace(intake=(INTAKE_IDLE, 0))
        elif doing == MARKED:
            yield "publish", self._publish(state, change)._replace(intake=(INTAKE_IDLE, 0))
            if state.faults:
                yield "publish fails", state._replace(intake=(INTAKE_IDLE, 0), faults=state.faults - 1)

    def _look(self, state):
        for change, there in enumerate(state.source):
            if there and state.rows[change][0] != NONE:
                yield "left over", state._replace(source=put(state.source, change, 0))
            elif there and self.variant == "archive before commit":
                yield "archive", state._replace(source=put(state.source, change, 0), intake=(ARCHIVED, change))
            elif there:
                yield "spool, record", self._record(state, change)._replace(intake=(RECORDED, change))
            if there:
                break  # oldest first
        for change, (row, _) in enumerate(state.rows):
            if row not in (NEW, RESEND):
                continue
            if self.variant == "outbox marked before the confirm":
                yield "mark", self._mark(state, change)._replace(intake=(MARKED, change))
                continue
            published = (PUBLISHED, change * TURNS + state.rows[change][1])
            yield "publish", self._publish(state, change)._replace(intake=published)
            if state.faults:
                lost = state._replace(faults=state.faults - 1)
                yield "confirm lost", self._publish(lost, change)

    def _record(self, state, change):
        return state._replace(rows=put(state.rows, change, (NEW, 0)))

    def _mark(self, state, change):
        row, turn = state.rows[change]
        marked = {NEW: QUEUED, RESEND: SENT}.get(row, row)
        return state._replace(rows=put(state.rows, change, (marked, turn)))

    def _publish(self, state, change, turn=None, redelivered=0):
        turn = state.rows[change][1] if turn is None else turn
        message = (change, turn, redelivered)
        if state.queue.count(message) > 1:
            return state  # a third copy of the same message shows nothing new
        return state._replace(queue=plus(state.queue, message))

    # Operators

    def _operators(self, state):
        for change, (row, turn) in enumerate(state.rows):
            if row == PARKED and state.released:
                rows = put(state.rows, change, (RESEND, turn + 1))
                yield "release", state._replace(rows=rows, released=state.released - 1)
            if row == REFUSED and change == 0 and state.redriven == 1:
                yield "redrive", self._redriven(state)
        if self.rescue:
            for change, (row, _) in enumerate(state.rows):
                held = any(worker[0] != IDLE and worker[1] == change for worker in state.workers)
                if row in (QUEUED, SENT, WAITING) and not held and not any(m[0] == change for m in state.queue):
                    yield "publish lost", self._publish(state, change)

    def _redriven(self, state):
        """A batch of its own under a new key, with the sequence of its change."""
        return state._replace(
            rows=put(state.rows, 0, (NEW, state.rows[0][1] + 1)), known=put(state.known, 0, 0), redriven=2
        )

    # The server, and the network before it

    def _late(self, state):
        """A request that nobody waits for any more is applied, or never arrives."""
        for change, worker in set(state.flying):
            if worker < 0:
                gone = state._replace(flying=without(state.flying, (change, worker)))
                yield "never arrives", gone
                yield "late apply", self._applied(gone, change)

    def _applied(self, state, change):
        if state.known[change] and self.idempotent:
            return state
        if change == 0 and state.redriven == 1:
            return state._replace(known=put(state.known, 0, 1))  # taken, but the record is refused
        newest = max(map(self._sequence(state), state.effects), default=-1)
        effects = state.effects
        if self._sequence(state)(change) > newest or (not self.idempotent and change in effects):
            effects = (*effects, change)
        return state._replace(known=put(state.known, change, 1), effects=effects)

    def _sequence(self, state):
        if self.variant == "a redrive takes a new sequence" and state.redriven == 2:
            return lambda change: 9 if change == 0 else change
        return lambda change: change

    # Workers

    def _set(self, state, index, doing, *, turn=None):
        was = state.workers[index]
        worker = NOBODY if doing == IDLE else (doing, was[1], was[2] if turn is None else turn, *was[3:])
        return state._replace(workers=put(state.workers, index, worker))

    def _worker(self, state, index):
        doing, change, turn, _, _, holds = state.workers[index]
        if doing == IDLE:
            yield from self._receive(state, index)
        elif doing == SEND:
            yield from self._intend(state, index, change, turn)
        elif doing == AWAIT:
            yield from self._await(state, index, change)
        elif doing in (ASK, POLL):
            yield from self._question(state, index, change, doing)
        elif doing in (TAKEN, TIMEOUT, NOTSENT, UNKNOWN, DONE):
            if self.variant == "ack before the result is recorded" and holds:
                worker = (*state.workers[index][:5], 0)
                yield "ack", state._replace(workers=put(state.workers, index, worker))
            else:
                yield from self._write(state, index, change, turn, doing)
        elif doing == FOLLOW:
            yield from self._follow(state, index, change, turn, holds)
        elif doing in (ACK, STALE):
            yield "ack", self._set(state, index, IDLE)

    def _receive(self, state, index):
        for message in sorted(set(state.queue)):
            change, message_turn, redelivered = message
            taken = state._replace(queue=without(state.queue, message))
            row, turn = state.rows[change]
            holds = int(self.variant != "ack on receipt")
            worker = (IDLE, change, turn, message_turn, redelivered, holds)
            taken = taken._replace(workers=put(taken.workers, index, worker))
            trusted = redelivered and self.variant != "redelivered message taken for a stale one"
            if row in ENDED or (message_turn < turn and not trusted):
                yield "stale", self._set(taken, index, STALE)
            else:
                doing = {WAITING: POLL, SENT: ASK, RESEND: ASK}.get(row, SEND)
                if self.variant == "blind retry at a non-idempotent receiver" and doing == ASK:
                    doing = SEND
                yield "receive", self._set(taken, index, doing)

    def _moved(self, state, change, turn, row):
        """The ledger moves the batch on, if it is still its turn; None: somebody else has gone on."""
        now, its_turn = state.rows[change]
        if (now in ENDED or its_turn != turn) and self.variant != "a turn that is not compared":
            return None
        if now in ENDED:
            return state
        following = turn if row in ENDED else turn + 1
        return state._replace(rows=put(state.rows, change, (row, following)))

    def _intend(self, state, index, change, turn):
        moved = self._moved(state, change, turn, SENT)
        if moved is None:
            yield "overtaken", self._set(state, index, STALE)
            return
        flying = plus(moved.flying, (change, index))
        yield "send", self._set(moved._replace(flying=flying), index, AWAIT, turn=turn + 1)
        if state.faults:
            yield "unreachable", self._set(moved._replace(faults=state.faults - 1), index, NOTSENT, turn=turn + 1)

    def _await(self, state, index, change):
        arrived = state._replace(flying=without(state.flying, (change, index)))
        yield "answer", self._set(self._applied(arrived, change), index, TAKEN)
        if state.faults:
            less = arrived._replace(faults=state.faults - 1)
            yield "response lost", self._set(self._applied(less, change), index, TIMEOUT)
            late = plus(less.flying, (change, index if self._waits_inside else -1))
            yield "timeout", self._set(less._replace(flying=late), index, TIMEOUT)

    @property
    def _waits_inside(self):
        return self.variant == "in-process wait for in-flight requests"

    def _question(self, state, index, change, doing):
        if self._waits_inside and (change, index) in state.flying:
            gone = state._replace(flying=without(state.flying, (change, index)))
            yield "late apply", self._applied(gone, change)
            yield "never arrives", gone
            return
        if not state.known[change]:
            yield "not known", self._set(state, index, UNKNOWN)
        elif doing == ASK:
            yield "known", self._set(state, index, TAKEN)
        else:
            if state.known[change] == 1:
                yield "in process", self._set(state._replace(known=put(state.known, change, 2)), index, TAKEN)
            yield "result", self._set(state, index, DONE)
        if state.faults:
            yield "question lost", self._set(state._replace(faults=state.faults - 1), index, TIMEOUT)

    def _write(self, state, index, change, turn, doing):
        """The answer goes into the ledger together with what follows from it."""
        if doing == TIMEOUT and self.variant == "timeout treated as failure" and state.rows[change][0] != WAITING:
            target = REFUSED
        elif doing == UNKNOWN:
            if self.idempotent or self.variant in AT_A_FORGETFUL_RECEIVER:
                yield "send again", self._set(state, index, SEND)
                return
            target = PARKED
        elif doing == DONE:
            target = self._verdict(state, change)
        else:
            waits = WAITING if state.rows[change][0] == WAITING else SENT
            target = {TAKEN: WAITING, TIMEOUT: waits, NOTSENT: QUEUED}[doing]
        moved = self._moved(state, change, turn, target)
        if moved is None:
            yield "overtaken", self._set(state, index, STALE)
        elif target in ENDED:
            yield "settle", self._set(moved, index, ACK)
        else:
            yield "postpone", self._set(moved, index, FOLLOW, turn=turn + 1)

    def _verdict(self, state, change):
        if change == 0 and state.redriven == 1:
            return REFUSED
        return ACCEPTED if change in state.effects else SUPERSEDED

    def _follow(self, state, index, change, turn, holds):
        yield "follow", self._set(self._publish(state, change, turn), index, ACK)
        if state.faults and holds:
            less = state._replace(faults=state.faults - 1)
            yield "follow, confirm lost", self._returned(self._publish(less, change, turn), index)
            yield "follow fails", self._returned(less, index)

    def _returned(self, state, index):
        """The worker no longer has what it had in hand; the broker gives the message out again."""
        doing, change, _, message_turn, _, holds = state.workers[index]
        freed = state._replace(workers=put(state.workers, index, NOBODY))
        if doing != IDLE and holds:
            return self._publish(freed, change, message_turn, redelivered=1)
        return freed

    # Crashes, and faults that strike at any time

    def _troubles(self, state):
        if state.crashes:
            less = state._replace(crashes=state.crashes - 1)
            if state.intake[0] != INTAKE_IDLE:
                yield "intake killed", less._replace(intake=(INTAKE_IDLE, 0))
            for index, worker in enumerate(state.workers):
                if worker[0] != IDLE:
                    flying = tuple(sorted((change, -1 if who == index else who) for change, who in less.flying))
                    yield f"worker {index} killed", self._returned(less._replace(flying=flying), index)
        if not state.faults or not self.rescue:
            return
        less = state._replace(faults=state.faults - 1)
        for index, worker in enumerate(state.workers):
            if worker[0] not in (IDLE, ACK, STALE) and worker[5]:
                again = self._publish(less, worker[1], worker[3], redelivered=1)
                yield f"worker {index} cut off", again._replace(workers=put(again.workers, index, (*worker[:5], 0)))
        if state.queue:
            yield "purge", less._replace(queue=())

    # Invariants

    def wrong(self, state, *, at_rest):
        """The first invariant that the state breaks, or none. `at_rest`: nothing can happen any more."""
        for change, (row, _) in enumerate(state.rows):
            if not state.source[change] and row == NONE and state.intake[0] == INTAKE_IDLE:
                return "L"
            if at_rest and (row not in ENDED or state.source[change]):
                return "L"
            if state.effects.count(change) > 1:
                return "T"
            applied = change in state.effects
            if (row == ACCEPTED and not applied) or (row in (REFUSED, SUPERSEDED) and applied):
                return "S"
            if row == REFUSED and change == 0 and state.redriven != 1:
                return "S"
            if row == REFUSED and change == 1:
                return "S"
        if list(state.effects) != sorted(state.effects):
            return "O"
        return None
