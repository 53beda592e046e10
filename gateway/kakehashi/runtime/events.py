"""The catalogue of events: name, level, fields, what the operator does. `docs/reference/events.md` is generated.

A field that is not in the catalogue is a programming error, so no value of a record can slip into a log.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import structlog

__all__ = ["CATALOGUE", "Event", "EventLog", "Field"]

Level = Literal["debug", "info", "warning", "error"]
Field = str | float | list[int] | None


@dataclass(frozen=True, slots=True)
class Event:
    """One kind of event. `fields` are all it may carry; `action` is the operator's next step (empty: none)."""

    name: str
    level: Level
    fields: frozenset[str]
    meaning: str
    action: str = ""


def _catalogue(text: str) -> dict[str, Event]:
    events = {}
    for line in text.strip().splitlines():
        name, level, fields, meaning, action = (cell.strip() for cell in line.split("|"))
        assert level in {"debug", "info", "warning", "error"}
        events[name] = Event(name, level, frozenset(fields.split()), meaning, action)  # type: ignore[arg-type]  # checked above
    return events


CATALOGUE = _catalogue("""
gateway.started      | info    | name roles version config lanes        | A gateway process runs                                   |
gateway.stopping     | info    | name roles reason                      | A gateway process finishes what it holds and stops       |
gateway.stop_step    | info    | step what ended                        | One of the numbered steps of an end is over; not ended: what it held comes again |
gateway.stopped      | info    | name roles                             | A gateway process has stopped                            |
gateway.cut_off      | warning |                                        | A gateway process did not end in its grace and ended itself; what it had in hand comes again | See which step did not end, and what it waited for
gateway.failed       | error   | name role code error                   | A role of the gateway failed and starts again            | See the code in the error reference
configuration.reloaded | info  | config                                 | A changed configuration passed its check and is in force |
configuration.refused | error  | faults code error                      | A changed configuration is wrong; the old one stays      | Run `kakehashi check`
file.received        | info    | lane file_id file records batches size | A file is safe in spool and ledger                       |
file.held            | warning | lane file_id file records code offset why | A file is wrong as a whole and waits for a decision      | Ask the owner for a new file, then discard or release this one
file.refused         | warning | lane file code original error at       | A file was not taken                                     | See the code; a duplicate needs nothing
file.overtaken       | warning | lane file code                         | This process stood still until its lease had ended; another one takes its files | None; see why it stood still
file.incomplete      | warning | lane file code offset why              | A file has not grown for a while and is not complete; it stays where it is | Ask the owner whether its writer has died
file.returned        | info    | lane file_id file accepted refused waiting | The result of a file was given to its system         |
file.return_failed   | error   | lane file_id file code record item character | The result of a file could not be written; tried again | Check the folder for results; of DEC-023 declare a substitute for the character
halt.accepted        | info    | halt_id action what                    | The server has a suspension, a lock, or its end (`what`: placed, lifted) |
halt.refused         | error   | halt_id action code                    | The server does not take a suspension or lock | See `kakehashi suspend list`
halt.delayed         | error   | code                                   | Withdrawals for suspensions cannot be made; tried again | Check the spool folder and the keys
numbers.returned     | info    | lane file records                      | Numbers that we issued were given to the system for which they were issued |
numbers.return_failed | error  | lane file code                         | A file of numbers could not be written; tried again      | Check the folder of `write_back`
answering.started    | info    | name                                   | The server's questions (`answering`) or the systems' messages (`relay`) are heard |
answering.failed     | error   | name code                              | They cannot be heard; tried again                        | Check the table of that name: address, port and certificates
notices.written      | info    | system file records degraded unfit     | A system was told what befell its persons; `degraded` characters were replaced |
notices.unfit        | warning | system file record item code           | A value does not fit the system's layout; the notice went without what the change brought | Correct the table of notices, or declare a substitute
notices.failed       | error   | system code                            | Notices of one system cannot be written; tried again     | Check its folder; the others go on
source.unavailable   | error   | lane code place errno                  | A lane takes nothing: its folder, its queue or the spool fails; files stay where they are | Check mount, rights and free space, or the queue; it goes on by itself
source.recovered     | info    | lane                                   | A lane takes files again                                 |
ledger.swept         | info    | refusals leases bodies                 | The ledger has forgotten so many refusals and ended leases past keeping, and bytes of parts that have ended |
batch.published      | debug   | lane batch_ids                         | Batches were confirmed by the broker                     |
batch.republished    | warning | lane batch_ids                         | The message of a batch was lost; it was published again  | None, unless it repeats: see the broker
batch.settled        | info    | lane batch_id file_id request_id records attempts | Every record of a batch has its outcome         |
batch.postponed      | info    | lane batch_id file_id request_id after code | A batch waits and comes again by itself             |
batch.split          | info    | lane batch_id file_id request_id       | A batch is larger than the server takes at once; its parts go on |
batch.parked         | error   | lane batch_id file_id request_id code  | A batch waits for an operator                            | `kakehashi parked list`, then retry or discard
batch.found_stale    | debug   | lane batch_id file_id request_id       | A second message of the same work was dropped            |
message.buried       | error   | lane code                              | An unreadable message went to the dead queue             | See who publishes into this queue
breaker.opened       | error   | name code                              | Nothing is sent to the server (`*`), or nothing of one lane, but a probe now and then | Check the line and the server; it closes by itself
breaker.half_open    | info    | name                                   | A probe goes to the server                               |
breaker.closed       | info    | name                                   | The server answers again; the rate grows slowly          |
server.held          | warning | lane code after                        | Batches wait without an attempt: the server rests or is closed, or the retries of a lane are spent | See the code
server.failed        | warning | lane code                              | Messages to the server fail; their batches come again    | See the code; `kakehashi trace` tells of one batch
broker.unavailable   | error   | code                                   | The broker cannot be reached or takes nothing; files stay in their folders, work waits in the ledger | See the code in the error reference
broker.recovered     | info    |                                        | The broker is reached and takes messages again                            |
batch.unpublishable  | error   | lane batch_id file_id request_id code  | The bytes of a batch cannot be read; it waits for an operator | Restore the spool or the keys, then `kakehashi parked retry`
lane.unavailable     | error   | lane code                              | The queues of one lane are not as they must be           | Declare the topology again; the other lanes go on
store.unavailable    | error   | code                                   | The ledger cannot be reached                             | Check database and disk
store.recovered      | info    |                                        | The ledger is reached again                              |
order.advanced       | debug   | lane order_id action code records selected | Some records of an order were sent again or discarded |
order.ended          | info    | lane order_id action code records selected | An order over a group of records is carried out       |
alarm.raised         | error   | lane code about place number limit     | Somebody must look: the code says what, `number` how bad, `limit` from where on | `kakehashi alarms`, and what its code says
alarm.cleared        | info    | lane code about place                  | What an alarm was raised about is over                   |
link.enforced        | info    | day held active contradicted           | The numbers that were held until their day are active: `held` of them, `active` now; `contradicted` are conflicts |
links.compared       | info    | system compared same asked frozen unknown | A system's links were compared anew with the registry: all agree, but for those that cannot be compared |
links.drifting       | warning | system compared same asked frozen unknown | Links of a system do not agree with the registry any more: of some somebody is asked, the others are frozen | `kakehashi match review` and `kakehashi link conflicts`
symbol.moved         | debug   | acquisition_id state code              | An acquisition of a symbol came into another state       |
symbol.linked        | info    | acquisition_id state code              | A symbol is linked; what waited for it goes out again    |
symbol.released      | info    | acquisition_id state code              | The server has released a symbol                                           |
symbol.relinked      | info    | acquisition_id state code              | The server has given a symbol to the number that stays, or back            |
symbol.expired       | warning | acquisition_id state code              | A process number died before the symbol was linked; a new one is asked for | None, unless many do: ask the registry what became of them
symbol.failed        | error   | acquisition_id state code              | An acquisition has failed; what waits for it goes on waiting | `kakehashi symbols list`, then retry or abandon
symbol.blocked       | error   | acquisition_id state code              | An acquisition waits for an operator                     | `kakehashi symbols list`, then retry or abandon
provision.listed     | info    | provision state code                   | An inquiry of another body waits for our decision        | `kakehashi provisions list`, then permit or deny
provision.moved      | debug   | provision state code                   | A reply to an inquiry is on its way                      |
provision.replied    | info    | provision state code                   | The server has our reply to an inquiry                   |
provision.refused    | error   | provision state code                   | The reply to an inquiry was not sent, or not taken       | See the code; `kakehashi provisions show`, then decide anew
provision.expired    | error   | provision state code                   | The deadline of an inquiry is over; nothing was provided | Tell the department that decides
provision.gone       | warning | provision state code                   | The server lists an inquiry no longer, and not for our reply | None, unless it repeats: ask the server's operator
provision.list_failed | warning | code                                  | What waits for our decision could not be fetched; tried again | See the code
distribution.changed | info    | layouts masters findings breaking      | The server distributes other layouts, code masters or days than before; `breaking` of the findings break a route | `kakehashi versions check`
distribution.failed  | warning | code about                             | The server's distribution could not be fetched, or contradicts itself; the one before it stays | See the code
worker.failed        | error   | lane batch_id code error at            | Work on a batch failed unexpectedly; the batch is parked | Report the trace
""")


class EventLog:
    """Emits catalogued events as structlog JSON lines. At most one line per 5 s for a repeated outage is the caller's
    business (`Outage`).
    """

    def __init__(self, logger: structlog.typing.FilteringBoundLogger | None = None) -> None:
        self._logger = logger or structlog.get_logger()

    def emit(self, name: str, /, **fields: Field) -> None:
        event = CATALOGUE[name]
        unknown = fields.keys() - event.fields
        if unknown:
            msg = f"event {name} carries uncatalogued fields {sorted(unknown)}"
            raise LookupError(msg)
        with suppress(OSError, ValueError):  # a full or closed log stops no work
            getattr(self._logger, event.level)(name, **fields)
