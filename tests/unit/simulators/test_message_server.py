"""The intermediate server's checks, in one process without a wire."""

from __future__ import annotations

import base64
import hashlib
import threading

import pytest
from tests.unit.simulators.messages import (
    TAX,
    XSD,
    deletion,
    errors,
    found,
    full_width,
    individual_number,
    inquiries,
    key,
    letters,
    message,
    people,
    persons_message,
    record,
    registration,
    removal,
    result_request,
    status_request,
    with_item,
    without_content,
)

from kakehashi_simulators.intermediate_server import IntermediateServer, options
from kakehashi_simulators.server import ServerSettings
from kakehashi_simulators.wire import Unreadable


class _Bench:
    def __init__(self, folder, **settings):
        self._folder = folder
        self.open(**settings)

    def open(self, **settings):
        chosen = ServerSettings(**{"result_delay_seconds": 0.0, "records_most": 50, **settings})
        self.server = IntermediateServer(self._folder, XSD, chosen, options())

    def close(self):
        self.server.wire.server_close()
        self.server.admin.server_close()
        self.server.close()

    def send(self, document, **arguments):
        return self.server.wire.exchange.answer(document, **arguments)

    def act(self, path, given=None):
        return self.server.admin.actions[path](given or {})

    def result(self, document):
        """Send a registration or inquiry and fetch its result."""
        answer = self.send(document)
        assert found(answer, "Code") == "0001", answer
        ask = "SKI-303" if b"SKI301" in document else "DBM-205"
        return self.send(result_request(ask, found(answer, "Receipt")))


@pytest.fixture
def bench(tmp_path):
    bench = _Bench(tmp_path)
    yield bench
    bench.close()


def test_a_good_message_is_taken_and_counted(bench):
    """DBM-201 gets a receipt in process, DBM-205 the final result, and every record is one effect."""
    answer = bench.send(people("a", 10))
    assert (found(answer, "Segment"), found(answer, "Code")) == ("2", "0001")
    assert found(answer, "CorrelationId") == letters("a")
    result = bench.send(result_request("DBM-205", found(answer, "Receipt")))
    assert (found(result, "Segment"), found(result, "Code"), found(result, "Accepted")) == ("1", "0000", "10")
    account = bench.act("GET /account")
    assert (account["received"], account["accepted"], account["effects"], account["twice"]) == (10, 10, 10, 0)


def test_a_repeated_request_has_the_same_receipt_and_no_second_effect(bench):
    """Same id, same content, later time of creation: 3001, the same receipt, nothing applied again."""
    first = bench.send(people("a", 5))
    second = bench.send(people("a", 5, CreatedAt="2026-11-24T10:00:00+09:00"))
    assert found(second, "Code") == "3001"
    assert found(second, "Receipt") == found(first, "Receipt")
    account = bench.act("GET /account")
    assert (account["effects"], account["duplicates"], account["twice"], account["conflicts"]) == (5, 1, 0, 0)


def test_the_same_id_with_other_content_is_a_conflict(bench):
    """A request id that comes back with other records is refused and counted as a conflict."""
    bench.send(people("a", 5))
    answer = bench.send(people("a", 6))
    assert (found(answer, "Segment"), found(answer, "Code")) == ("9", "4001")
    account = bench.act("GET /account")
    assert (account["effects"], account["conflicts"], account["duplicates"]) == (5, 1, 0)


def test_concurrent_copies_of_a_request_take_effect_once(bench):
    """Eight threads send the same message at once: one effect a record, one receipt for all."""
    receipts = []
    threads = [
        threading.Thread(target=lambda: receipts.append(found(bench.send(people("a", 20)), "Receipt")))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(receipts)) == 1
    account = bench.act("GET /account")
    assert (account["requests"], account["effects"], account["twice"]) == (1, 20, 0)


def test_a_receiver_without_memory_shows_what_a_resend_does(bench):
    """With forget_requests the same message is applied again, and the account says so."""
    bench.server.faults.set({"forget_requests": True})
    bench.send(people("a", 3))
    bench.send(people("a", 3))
    assert bench.act("GET /account")["twice"] == 3
    assert [row["times"] for row in bench.act("GET /effects", {"twice": "1"})] == [2, 2, 2]


@pytest.mark.parametrize("write", [str, full_width, lambda number: f"{number[:4]}-{number[4:8]}-{number[8:]}"])
def test_an_individual_number_refuses_its_record_only(bench, write):
    """4005 for the record that holds a 個人番号 in any writing; its neighbours are taken."""
    bad = with_item("A0340", f"番号{write(individual_number(777))}")
    result = bench.result(registration("a", [record(1, key(1)), record(2, key(2), content=bad), record(3, key(3))]))
    assert errors(result) == [(2, None, "4005")]
    assert found(result, "Accepted") == "2"
    assert bench.act("GET /account")["individual_numbers"] == 1


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([record(1, key(1)), record(2, key(2), content=with_item("A0050", "many"))], (2, "A0050", "4001")),
        ([record(1, key(1), content=with_item("A0030", "7")), record(2, key(2))], (1, "A0030", "4001")),
        ([record(1, key(1), content=with_item("A0060", "0"))], (1, "A0070", "4002")),
        ([record(1, key(1)), record(2, key(2), version="9")], (2, None, "5002")),
        (
            [record(1, key(1)), record(2, key(2), info="TM99000000000099", content=with_item("A0050", "0"))],
            (2, None, "5002"),
        ),
        ([record(1, key(1), info="TM99000000000002", content=with_item("A0340", "x"))], (1, None, "4002")),
    ],
)
def test_one_bad_record_is_refused_with_its_item(bench, records, expected):
    """Type errors name their item, broken invariants theirs, unknown layouts are 5002; the others are taken."""
    result = bench.result(registration("a", records))
    assert errors(result) == [expected]
    assert found(result, "Accepted") == str(len(records) - 1)


def test_persons_decide_about_records(bench):
    """Unknown persons are 4003, persons without a symbol 4007, and taken once the symbol is linked."""
    bench.act("POST /persons", {"unknown": [key(1)], "no-symbol": [key(2)]})
    assert errors(bench.result(people("a", 3))) == [(1, None, "4003"), (2, None, "4007")]
    bench.act("POST /persons", {"linked": [key(2)]})
    assert errors(bench.result(people("b", 1, first=2, sequence=2))) == []


def test_later_wins(bench):
    """Per person, information and unit an older or equal sequence is 4009; another unit has its own sequence."""
    bench.send(people("a", 1, sequence=7))
    assert errors(bench.result(people("b", 1, sequence=6))) == [(1, None, "4009")]
    assert errors(bench.result(people("c", 1, sequence=7))) == [(1, None, "4009")]
    assert errors(bench.result(registration("d", [record(1, key(1), sequence=1, unit="2025")]))) == []
    assert errors(bench.result(people("e", 1, sequence=8))) == []
    assert bench.act("GET /account")["repeats"] == 1


def test_order_inside_a_message_counts(bench):
    """Two changes of one person in one message: ascending both are taken, descending the second is stale."""
    up = [record(1, key(1), sequence=1), record(2, key(1), sequence=2)]
    down = [record(1, key(2), sequence=2), record(2, key(2), sequence=1)]
    assert errors(bench.result(registration("a", up))) == []
    assert errors(bench.result(registration("b", down))) == [(2, None, "4009")]


def test_a_deletion_is_an_effect_of_its_own(bench):
    """DBM-203 deletes with a newer sequence and is refused with an older one."""
    bench.send(people("a", 1, sequence=5))
    assert found(bench.send(deletion("b", key(1), sequence=6)), "MessageId") == "DBM-204"
    assert errors(bench.result(deletion("c", key(1), sequence=4))) == [(1, None, "4009")]
    assert [row["operation"] for row in bench.act("GET /effects", {"person": key(1)})] == ["register", "delete"]


def test_changes_and_deletions_share_a_message(bench):
    """DBM-201 does what each record says: the effects name it, the later sequence wins, an older deletion is stale."""
    bench.send(people("a", 2, sequence=5))
    mixed = [removal(1, key(1), sequence=6), record(2, key(3), sequence=6), removal(3, key(2), sequence=4)]
    assert errors(bench.result(registration("b", mixed))) == [(3, None, "4009")]
    assert errors(bench.result(people("c", 1, sequence=7))) == []
    done = [row["operation"] for row in bench.act("GET /effects", {"person": key(1)})]
    assert done == ["register", "delete", "register"]


@pytest.mark.parametrize("wrong", [record(2, key(2), operation="delete"), without_content(record(2, key(2)))])
def test_content_belongs_to_registrations(bench, wrong):
    """A deletion with a content and a registration without one are 4001; their neighbours are taken."""
    result = bench.result(registration("a", [record(1, key(1)), wrong, removal(3, key(3))]))
    assert errors(result) == [(2, "Content", "4001")]
    assert found(result, "Accepted") == "2"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({"Function": "SKI"}, "4001"),
        ({"MessageId": "DBM-203"}, "4001"),
        ({"Type": "RES"}, "4001"),
        ({"Test": "0"}, "5001"),
        ({"Sender": "1234000000000002"}, "5001"),
        ({"Profile": "std-2030"}, "5002"),
        ({"CreatedAt": "2026-11-24T09:00:00Z"}, "4001"),
        ({"Receiver": ""}, "4001"),
    ],
)
def test_a_wrong_header_refuses_the_message(bench, header, code):
    """Function, type, test flag, sender, profile, time: a wrong header has its code and no effect."""
    answer = bench.send(people("a", 2, **header))
    assert (found(answer, "Segment"), found(answer, "Code")) == ("9", code)
    assert bench.act("GET /account")["effects"] == 0


def test_a_test_message_never_reaches_a_live_server(tmp_path):
    """A live server refuses a message with the test flag, and takes one without it."""
    bench = _Bench(tmp_path, test=False)
    assert found(bench.send(people("a", 1)), "Code") == "5001"
    assert found(bench.send(people("a", 1, Test="0")), "Code") == "0001"
    bench.close()


def stamped(request, count, content):
    """Three records whose batch stamp says `count` records and the digest of `content`."""
    body = f"<Records>{''.join(record(no, key(no)) for no in (1, 2, 3))}</Records>"
    digest = base64.b64encode(hashlib.sha256((content or body).encode()).digest()).decode()
    stamp = f"<Id>{letters('batch')}</Id><Seq>1</Seq><Total>2</Total><RecordCount>{count}</RecordCount>"
    return message("DBM-201", request, body, Batch=f"{stamp}<Sha256>{digest}</Sha256>")


def test_the_batch_stamp_is_checked(bench):
    """RecordCount must be that of the message, Sha256 that of the bytes between its header and its end."""
    assert found(bench.send(stamped("a", 4, "")), "Code") == "4001"
    assert found(bench.send(stamped("b", 3, "other bytes")), "Code") == "4001"
    assert found(bench.send(stamped("c", 3, "")), "Code") == "0001"


def test_caps_and_hours(bench):
    """Too many records 6001, over the connection cap 6002, outside service hours 7001 (but SYM-901 still answers)."""
    assert found(bench.send(people("a", 51)), "Code") == "6001"
    assert found(bench.send(people("a", 1), over_capacity=True), "Code") == "6002"
    bench.server.faults.set({"closed": True})
    assert found(bench.send(people("a", 1)), "Code") == "7001"
    assert found(bench.send(message("SYM-901", "h", "")), "State") == "closed"
    bench.server.faults.set({"closed": False, "result_code": "9001"})
    assert found(bench.send(people("a", 1)), "Code") == "9001"
    assert bench.act("GET /account")["requests"] == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("<Records>", "<!-- x --><Records>"),
        lambda text: text.replace("<Records>", "<?x y?><Records>"),
        lambda text: text.replace(
            "<DBM201 ", '<DBM201 xmlns:x="http://www.w3.org/2001/XMLSchema-instance" x:schemaLocation="a b" '
        ),
        lambda text: text.replace("<Records>", "<Records><Extra/>"),
        lambda text: text.replace('no="2"', 'no="1"'),
        lambda text: text.replace('no="2"', ""),
        lambda text: text + "<!-- after -->",
    ],
)
def test_strange_messages_are_refused_whole(bench, change):
    """Comments, instructions, schema hints, foreign elements, record numbers that repeat: nothing is applied."""
    answer = bench.send(change(people("a", 2).decode()).encode())
    assert found(answer, "Code") in ("4001", "0001")
    effects = bench.act("GET /account")["effects"]
    assert effects == 0 if found(answer, "Code") == "4001" else effects == 2


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"\x00\x01",
        b"<DBM201/>",
        b'<DBM201 xmlns="urn:kakehashi:std-2026"/>',
        b'<!DOCTYPE x [<!ENTITY e "v">]><DBM201 xmlns="urn:kakehashi:std-2026"/>',
        b'<ABC999 xmlns="urn:kakehashi:std-2026"><Header><RequestId>a</RequestId></Header></ABC999>',
        people("a", 1)[:-10],
        b"<!DOCTYPE DBM201>" + people("a", 1),
    ],
)
def test_what_is_no_message_gets_no_answer(bench, document):
    """Not XML, cut off, a document type, no header, an unknown message: unreadable, HTTP 400."""
    with pytest.raises(Unreadable):
        bench.send(document)


def test_the_symbol_request_belongs_to_the_registry(bench):
    """FGU-121, the one message with a slot for a 個人番号, is not taken by the intermediate server."""
    with pytest.raises(Unreadable):
        bench.send(message("FGU-121", "a", "<Acquisitions/>"))


def test_a_result_comes_late(tmp_path):
    """Until the delay is over the receipt is in process with the seconds to wait; status tells the same."""
    bench = _Bench(tmp_path, result_delay_seconds=100.0)
    receipt = found(bench.send(people("a", 2)), "Receipt")
    answer = bench.send(result_request("DBM-205", receipt))
    assert (found(answer, "Segment"), found(answer, "Code"), found(answer, "RetryAfter")) == ("2", "0001", "100")
    status = bench.send(status_request("a"))
    assert (found(status, "Code"), found(status, "Receipt")) == ("0001", receipt)
    bench.server.faults.set({"result_delay_seconds": 0})
    assert found(bench.send(result_request("DBM-205", receipt)), "Accepted") == "2"
    assert found(bench.send(status_request("a")), "Code") == "0000"
    bench.close()


def test_an_unknown_request_is_9404(bench):
    """Nothing is known of a request that was never taken, nor of a receipt that was never given."""
    assert found(bench.send(status_request("never")), "Code") == "9404"
    assert found(bench.send(result_request("DBM-205", letters("never"))), "Code") == "9404"
    inquiry_receipt = found(bench.send(inquiries("i", [key(1)])), "Receipt")
    assert found(bench.send(result_request("DBM-205", inquiry_receipt)), "Code") == "9404"


def test_inquiries_are_answered_one_by_one(bench):
    """Found with a content, not-found, refused, 4007 without a symbol, 5002 for an unknown information name."""
    bench.act("POST /persons", {"unknown": [key(2)], "refusing": [key(3)], "no-symbol": [key(4)]})
    result = bench.result(inquiries("a", [key(number) for number in range(1, 6)]))
    text = result.decode()
    assert errors(result) == [(4, None, "4007")]
    for no, status in ((1, "found"), (2, "not-found"), (3, "refused"), (5, "found")):
        assert f'<Answer no="{no}"><Status>{status}</Status>' in text
    assert text.count(f"<{TAX}v1>") == 2
    assert errors(bench.result(inquiries("b", [key(1)], info="TM99000000000099"))) == [(1, None, "5002")]


def test_a_repeated_inquiry_has_the_same_receipt(bench):
    """SKI-301 is honoured by its request id as DBM-201 is."""
    first, second = bench.send(inquiries("a", [key(1)])), bench.send(inquiries("a", [key(1)]))
    assert found(second, "Code") == "3001"
    assert found(second, "Receipt") == found(first, "Receipt")


def test_symbols_take_their_way(bench):
    """FGU-111 gives one living number a person, FGU-131 tells pending, then linked; then the replica is taken."""
    bench.act("POST /persons", {"no-symbol": [key(1)]})
    number = found(bench.send(persons_message("FGU-111", "a", [(key(1), "")])), "ProcessNumber")
    assert found(bench.send(persons_message("FGU-111", "a", [(key(1), "")])), "ProcessNumber") == number
    assert found(bench.send(persons_message("FGU-111", "b", [(key(1), "")])), "ProcessNumber") == number
    assert found(bench.send(status_request("a")), "Code") == "0000"
    assert found(bench.send(persons_message("FGU-131", "c", [(key(1), number)])), "Status") == "pending"
    assert bench.act("POST /linked", {"process_number": number}) == {"known": True}
    assert found(bench.send(persons_message("FGU-131", "d", [(key(1), number)])), "Status") == "linked"
    assert found(bench.send(persons_message("FGU-131", "e", [(key(1), "")])), "Status") == "linked"
    assert errors(bench.result(people("f", 1))) == []


def test_a_failed_or_foreign_process_number_is_told(bench):
    """A refused acquisition is failed; a number of another person, or of nobody, is 9404 for its record."""
    number = found(bench.send(persons_message("FGU-111", "a", [(key(1), "")])), "ProcessNumber")
    bench.act("POST /linked", {"process_number": number, "state": "failed"})
    assert found(bench.send(persons_message("FGU-131", "b", [(key(1), number)])), "Status") == "failed"
    answer = bench.send(persons_message("FGU-131", "c", [(key(2), number), (key(1), "nobody")]))
    assert errors(answer) == [(1, None, "9404"), (2, None, "9404")]
    assert bench.act("POST /linked", {"process_number": "nobody"}) == {"known": False}


def test_layouts_are_listed(bench):
    """SYM-903 lists the layouts and versions that the server takes."""
    answer = bench.send(message("SYM-903", "a", "")).decode()
    assert answer.count("<Layout>") == 4
    assert TAX in answer


def test_the_account_survives_and_resets(tmp_path):
    """Another process on the same folder knows requests, receipts, sequences, persons and numbers; reset forgets."""
    bench = _Bench(tmp_path)
    receipt = found(bench.send(people("a", 3, sequence=5)), "Receipt")
    bench.act("POST /persons", {"unknown": [key(9)]})
    bench.close()
    bench.open()
    assert found(bench.send(people("a", 3, sequence=5)), "Receipt") == receipt
    assert errors(bench.result(people("b", 3, sequence=4))) == [(no, None, "4009") for no in (1, 2, 3)]
    assert errors(bench.result(people("c", 1, first=9))) == [(1, None, "4003")]
    assert bench.act("GET /account")["duplicates"] == 1
    bench.act("POST /reset")
    account = bench.act("GET /account")
    assert (account["requests"], account["effects"], account["messages"]) == (0, 0, {})
    assert errors(bench.result(people("b", 3, sequence=4))) == []
    bench.close()
