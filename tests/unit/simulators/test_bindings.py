"""The simulated server's desks for registration (FGU-101), relinking (FGU-141) and release (FGU-151)."""

import pytest
from tests.unit.simulators.messages import (
    XSD,
    errors,
    found,
    individual_number,
    key,
    message,
    persons_message,
    status_request,
)

from kakehashi_simulators.intermediate_server import IntermediateServer, options
from kakehashi_simulators.server import ServerSettings


class Bench:
    def __init__(self, folder):
        arguments = dict.fromkeys(("certificates", "no_symbol_ending"), "") | {"port": 0, "admin_port": 0}
        self.server = IntermediateServer(folder, XSD, ServerSettings(), options(**arguments))
        self.now = 1_800_000_000.0
        self.server.clock.source = lambda: self.now

    def say(self, document):
        answer = self.server._messages.answer(document)
        return found(answer, "Code"), [(record, code) for record, _, code in errors(answer)]

    def act(self, name, given=None):
        return self.server._actions()[name](given or {})


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    yield made
    made.server.close()


def listed(message_id, request, *rows):
    persons = "".join(f'<Person no="{no}">{row}</Person>' for no, row in enumerate(rows, start=1))
    return message(message_id, request, f"<Persons>{persons}</Persons>")


def registration(request, *persons, since="2026-11-01"):
    rows = [f"<PersonKey>{person}</PersonKey><ValidFrom>{since}</ValidFrom>" for person in persons]
    return listed("FGU-101", request, *rows)


def relink(request, former, person, *, operation="relink", sequence=1):
    keys = f"<PersonKey>{person}</PersonKey><FormerKey>{former}</FormerKey>"
    said = f"<Operation>{operation}</Operation><Sequence>{sequence:018d}</Sequence>"
    return listed("FGU-141", request, keys + said)


def release(request, *persons):
    return persons_message("FGU-151", request, [(person, "") for person in persons])


def number_of(bench, request, person):
    asked = persons_message("FGU-111", request, [(person, "")])
    return found(bench.server._messages.answer(asked), "ProcessNumber")


def test_a_number_is_given_to_registered_persons_alone(bench):
    """Where the server wants that: refused by record until it has been registered, and again after a release."""
    assert number_of(bench, "a", key(1))
    bench.act("POST /registration", {"required": True})
    bench.act("POST /persons", {"no-symbol": [key(2)]})
    assert number_of(bench, "b", key(2)) is None
    assert bench.say(registration("c", key(2))) == ("0000", [])
    assert number_of(bench, "d", key(2))
    assert bench.say(release("e", key(2))) == ("0000", [])
    assert number_of(bench, "f", key(2)) is None


def test_registering_again_is_harmless_and_what_is_wrong_is_refused_by_record(bench):
    """The same request: done; another one: 3001. Unknown persons, a broken day and a 個人番号 are refused alone."""
    bench.act("POST /persons", {"unknown": [key(3)]})
    for _ in range(2):
        assert bench.say(registration("a", key(1))) == ("0000", [])
    assert bench.say(registration("b", key(1), key(2), key(3))) == ("0000", [(1, "3001"), (3, "4003")])
    hidden = individual_number(7)
    assert bench.say(registration("c", key(4), hidden)) == ("0000", [(2, "4005")])
    assert bench.say(registration("d", key(5), since="2026-02-30")) == ("0000", [(1, "4001")])
    rows = bench.act("GET /bindings")["registrations"]
    assert {row["person"]: row["times"] for row in rows} == {key(1): 3, key(2): 1, key(4): 1}


def test_a_registration_may_be_in_process(bench):
    """As long as it is said: then the same request has its result."""
    bench.act("POST /registration", {"seconds": 30})
    assert bench.say(registration("a", key(1))) == ("0001", [])
    bench.now += 31
    assert bench.say(registration("a", key(1))) == ("0000", [])
    assert bench.say(status_request("a"))[0] == "0000"
    with pytest.raises(ValueError, match="expected"):
        bench.act("POST /registration", {"seconds": "many"})


def test_of_two_numbers_one_has_the_symbol(bench):
    """Relinked the retired one has none; undone it has it again, and the other one what it had before."""

    def link(person):
        asked = persons_message("FGU-131", person, [(person, "")])
        return found(bench.server._messages.answer(asked), "Status")

    bench.act("POST /persons", {"no-symbol": [key(2)]})
    assert bench.say(relink("a", key(1), key(2))) == ("0000", [])
    assert (link(key(1)), link(key(2))) == ("pending", "linked")
    assert bench.say(relink("a", key(1), key(2))) == ("0000", [(1, "3001")])
    assert bench.say(relink("b", key(1), key(2), operation="undo", sequence=2)) == ("0000", [])
    assert (link(key(1)), link(key(2))) == ("linked", "pending")
    assert bench.say(relink("a", key(1), key(2))) == ("0000", [(1, "4009")])
    assert bench.say(status_request("b"))[0] == "0000"
    assert bench.act("GET /bindings")["relinks"] == [
        {"former": key(1), "person": key(2), "operation": "undo", "times": 1}
    ]


def test_what_cannot_be_relinked_is_refused(bench):
    """No symbol, nothing to undo, the same number twice, an unknown one, the symbol of another person."""
    bench.act("POST /persons", {"no-symbol": [key(1)], "unknown": [key(3)], "other": [key(4)]})
    refused = [
        bench.say(relink(n, former, key(2), operation=operation))[1]
        for n, (former, operation) in enumerate(
            [(key(1), "relink"), (key(5), "undo"), (key(2), "relink"), (key(3), "relink"), (key(4), "relink")]
        )
    ]
    assert refused == [[(1, code)] for code in ("4007", "4007", "4002", "4003", "4019")]
    assert bench.act("GET /bindings")["relinks"] == []


def test_a_release_ends_an_acquisition(bench):
    """Its number is dead, the registry's late news link nobody; where there is neither symbol nor acquisition, 4007."""
    bench.act("POST /persons", {"no-symbol": [key(1), key(2)], "unknown": [key(3)]})
    number = number_of(bench, "a", key(1))
    assert bench.say(release("b", key(1), key(2), key(3))) == ("0000", [(2, "4007"), (3, "4003")])
    assert bench.say(release("b", key(1))) == ("0000", [(1, "3001")])
    assert bench.act("POST /linked", {"process_number": number}) == {"known": False}
    asked = persons_message("FGU-131", "c", [(key(1), number)])
    assert found(bench.server._messages.answer(asked), "Status") == "failed"
    assert bench.act("GET /bindings")["releases"] == [{"person": key(1), "times": 2}]
