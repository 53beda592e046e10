"""Every message × transport × result class: what the gateway makes of the answer. The table of the reference page is
written from the same cells: `python -m tests.conformance.interface.cells` writes docs/reference/external-interface.md.
"""

from pathlib import Path

from kakehashi.domain.interface import ResultClass
from kakehashi.interface.profile import load_profile
from kakehashi.interface.reference import render_reference
from kakehashi.runtime.places import shared

PROFILE = load_profile(shared("config") / "profiles" / "std-2026")
TRANSPORTS = ("https", "folder")
RELAYED = ("JTK-601", "OSR-701", "SCM-801")
ASKED = "TKY-411"
MESSAGES = tuple(sorted(id_ for id_ in PROFILE.messages if id_ != ASKED))

OUTCOMES = {
    ResultClass.DONE: ("0000", "accepted"),
    ResultClass.IN_PROCESS: ("0001", "asked again"),
    ResultClass.DUPLICATE: ("3001", "accepted"),
    ResultClass.DATA_ERROR: ("4001", "refused"),
    ResultClass.AUTHORITY: ("5001", "operator"),
    ResultClass.CAPACITY: ("6002", "tried again"),
    ResultClass.CLOSED: ("7001", "held"),
    ResultClass.UNREACHABLE: ("8001", "asked about"),
    ResultClass.SERVER_FAULT: ("9001", "tried again"),
}
"""Class → (a code of it, what the gateway does)."""
ANSWERED = {ResultClass.DONE: "answered 0000", ResultClass.DATA_ERROR: "answered 4003, 4010"}
"""What we answer to TKY-411 over a real connection (tests/acceptance/test_address_answers.py)."""
CELLS = [(message, transport, kind) for message in MESSAGES for transport in TRANSPORTS for kind in OUTCOMES]


def direction(message):
    if message == "FGU-121":
        return "hub → registry"
    return "system → hub → server" if message in RELAYED else "hub → server"


def table():
    """The section of the reference page, as lines."""
    yield "## Conformance"
    yield ""
    yield from (
        "Each filled cell is a test that runs with all others (`tests/conformance/interface`): the message as the",
        "gateway builds it goes over the real transport (HTTPS with mutual TLS; an exchange folder) to the simulated",
        "server, which does what it is asked (class 0) or answers with a code of that class; the cell says what the",
        "gateway does then. Class 8 is tried as it happens, too: the answer is lost, and the same message sent again",
        "changes nothing more. What goes through a folder goes through SFTP, by the same client, which passes the",
        "suite of all clients there as well. A folder brings no questions of the server; what is answered to TKY-411",
        "over HTTPS is tried in `tests/acceptance/test_address_answers.py`.",
    )
    yield ""
    heads = [f"{kind.value} {kind.name.lower().replace('_', ' ')}" for kind in OUTCOMES]
    yield f"| message | direction | transport | {' | '.join(heads)} |"
    yield f"|{'---|' * (3 + len(heads))}"
    for message in MESSAGES:
        for transport in TRANSPORTS:
            done = " | ".join(outcome for _, outcome in OUTCOMES.values())
            yield f"| {message} | {direction(message)} | {transport} | {done} |"
    answered = " | ".join(ANSWERED.get(kind, "–") for kind in OUTCOMES)
    yield f"| {ASKED} | server → hub | https | {answered} |"


def page():
    return render_reference(PROFILE) + "\n" + "\n".join(table()) + "\n"


if __name__ == "__main__":
    Path("docs/reference/external-interface.md").write_text(page(), encoding="utf-8")
