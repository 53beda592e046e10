"""What a result file says of each record."""

import pytest
from tests.unit.config.folders import RETURN_FILE, ROUTE, ROUTE_FILE, faults_of, record, seen, write

from kakehashi.codec.layout import Role
from kakehashi.config.loader import load
from kakehashi.config.model import ReturnContext
from kakehashi.config.return_value import VARIABLES, as_item
from kakehashi.domain.batch import BatchBody
from kakehashi.domain.japanese_date import HistoricDate, parse_date
from kakehashi.errors import InputError

RETURN = """\
record,no,name,type,length,start,repeat,decimals,date,source,converters,table,note
header,1,種別,9,1,1,,,,=1,,,
header,2,ファイル,X,29,2,,,,$file,,,
data,1,種別,9,1,1,,,,=2,,,
data,2,宛名番号,9,15,2,,,,宛名番号,,,
data,3,結果,9,1,17,,,,$result,,,
data,4,理由,X,7,18,,,,$server_code $code,first,,
data,5,認定,D,6,25,,,yyyymm,認定日,,,
trailer,1,種別,9,1,1,,,,=9,,,
trailer,2,受理,9,6,2,,,,$accepted,,,
trailer,3,不受理,Z,6,8,,,,$refused,,,
trailer,4,日付,D,8,14,,,,$date,,,
trailer,5,予備,X,9,22,,,,=,,,
"""
RECORDS = """
selector = { start = 1 }
[[return.records]]
name = "header"
role = "header"
selector = "1"
[[return.records]]
name = "data"
role = "data"
selector = "2"
[[return.records]]
name = "trailer"
role = "trailer"
selector = "9"
"""


@pytest.fixture
def route(tmp_path):
    return load(write(tmp_path, {RETURN_FILE: RETURN, ROUTE_FILE: ROUTE + RECORDS})).routes["child-allowance"]


def test_a_result_file_is_header_data_and_trailer(route):
    """Each record type is made of echoes, variables and literals, in the types of its items."""
    plan = route.return_plan
    context = ReturnContext(result="9", code="MAP-002", record_no=3, accepted=12, refused=3, file="a", date="20260401")
    values = route.codec.decode(BatchBody(b"", record("7")), file="a", first_record=1, offset=0).rows[0]
    assert plan.record(Role.HEADER).row(None, context) == {"種別": "1", "ファイル": "a"}
    assert plan.record(Role.DATA).row(values, context) == {
        "種別": "2", "宛名番号": f"{7:015}", "結果": "9", "理由": "MAP-002", "認定": parse_date("5080401", "wareki"),
    }  # fmt: skip
    assert plan.record(Role.TRAILER).row(None, context) == {
        "種別": "9", "受理": "12", "不受理": 3, "日付": HistoricDate(2026, 4, 1), "予備": None,
    }  # fmt: skip
    assert plan.record(Role.END) is None


def test_result_records_have_their_length(route):
    """What the plan makes, the encoder writes in the declared bytes."""
    plan = route.return_plan
    context = ReturnContext(result="1", code="", file="a.dat", date="20260401", accepted=1)
    values = route.codec.decode(BatchBody(b"", record("7")), file="a", first_record=1, offset=0).rows[0]
    rows = ((Role.HEADER, None), (Role.DATA, values), (Role.DATA, None), (Role.TRAILER, None))
    for role, row in rows:
        made = plan.record(role)
        assert len(plan.encoder.write(made.name, made.row(row, context))) == 32, role


def test_a_record_that_could_not_be_read_echoes_nothing(route):
    """Its number is unknown; result and reason are told all the same."""
    made = route.return_plan.record(Role.DATA).row(None, ReturnContext(result="9", code="DEC-004"))
    assert (made["宛名番号"], made["理由"], made["認定"]) == (None, "DEC-004", None)


def test_the_servers_code_goes_first_where_the_table_says_so(route):
    """Several sources are combined as in a mapping."""
    made = route.return_plan.record(Role.DATA).row(None, ReturnContext(code="SRV-005", server_code="4001"))
    assert made["理由"] == "4001"


def test_every_variable_is_something_of_the_context():
    """The documented variables are the fields of ReturnContext."""
    assert {name.removeprefix("$") for name in VARIABLES} <= set(ReturnContext.__dataclass_fields__)


def test_answers_are_known_to_inquiries_alone(tmp_path):
    """An item code of an answer is an unknown source in a DBM route."""
    changes = {RETURN_FILE: RETURN.replace("$file", "A0010"), ROUTE_FILE: ROUTE + RECORDS}
    assert seen(faults_of(tmp_path, changes)) == [("CFG-006", RETURN_FILE, 3, "source")]


def test_an_echo_needs_room(tmp_path):
    """A number that would be cut in the result is told when the table is read."""
    text = RETURN.replace("宛名番号,9,15,2", "宛名番号,9,14,2").replace("結果,9,1,17", "結果,9,2,16")
    found = seen(faults_of(tmp_path, {RETURN_FILE: text, ROUTE_FILE: ROUTE + RECORDS}))
    assert found == [("CFG-011", RETURN_FILE, 5, "source")]


def test_values_take_the_type_of_their_item(route):
    """Text becomes a number or a date where the item is one; what cannot is MAP-001 with the item's name."""
    items = {item.name: item for record in route.return_plan.layout.records for item in record.items}
    assert as_item(items["不受理"])("12") == 12
    assert as_item(items["日付"])("1974-08-15") == HistoricDate(1974, 8, 15)
    assert as_item(items["日付"])("1974-08") == HistoricDate(1974, 8)
    assert as_item(items["受理"])(("5",)) == "5"
    assert as_item(items["受理"])("") is None
    for name, value in (("不受理", "many"), ("日付", "someday"), ("受理", ("1", "2"))):
        with pytest.raises(InputError) as caught:
            as_item(items[name])(value)
        assert (caught.value.fault.code, caught.value.fault.place.item) == ("MAP-001", name)
