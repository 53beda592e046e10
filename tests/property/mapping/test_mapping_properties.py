"""What holds for every record, whatever it holds."""

import string

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from tests.unit.mapping.standards import FIELDS, STANDARD, compiled

from kakehashi.domain.japanese_date import HistoricDate
from kakehashi.mapping.repertoire import Repertoire, is_plain

MAPPER = compiled(degrade={"髙": "高"})
PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)

dates = st.builds(
    HistoricDate, st.integers(1868, 2200), st.none() | st.integers(1, 12), st.none() | st.integers(1, 28),
    written=st.text(string.digits, min_size=3, max_size=8),
)  # fmt: skip
texts = (
    st.text()
    | st.text("山田髙淸&<>]'\"\x00\x1f 　か゚\U000e0100𠮷01\r\n", max_size=12)
    | st.sampled_from(["0", "1", "01"])
)
values = st.none() | texts | st.integers(-(10**12), 10**12) | st.decimals(allow_nan=False, allow_infinity=False) | dates
rows = st.tuples(*[values | st.lists(values, max_size=4).map(tuple) for _ in FIELDS])


def likely(name):
    """Mostly what belongs there, so that many records go through."""
    usual = {
        "開始": dates, "終了": st.none() | dates, "生年": st.none() | dates, "支援": st.sampled_from(["0", "1", None]),
        "異動": st.sampled_from(["1", "3"]), "区分": st.sampled_from(["01", "02", None]),
        "金額": st.none() | st.integers(0, 10**9), "割合": st.none() | st.decimals(0, 9, places=2),
    }  # fmt: skip
    return usual.get(name, texts)


likely_rows = st.tuples(*[likely(name) for name in FIELDS])


@given(st.lists(st.none() | rows | likely_rows, max_size=6))
def test_output_is_well_formed_or_there_is_a_fault(batch):
    """Every record is None in and None out, or an element sequence that parses, or has a fault of its own."""
    numbers = range(1, len(batch) + 1)
    mapped, faults = MAPPER.map(batch, numbers=numbers)
    assert len(mapped) == len(batch)
    faulty = {fault.place.record for fault in faults}
    for number, (row, record) in enumerate(zip(batch, mapped, strict=True), start=1):
        assert (record is None) == (row is None or number in faulty)
        if record is not None:
            root = etree.fromstring(f"<r>{record.content}</r>", PARSER)
            codes = {item.code for item in STANDARD.items}
            assert all(child.tag.removesuffix("-absent") in codes for child in root)
            assert "".join(root.itertext()).isprintable() or "\u3000" in record.content or "\xa0" in record.content


@given(st.lists(rows | likely_rows, min_size=1, max_size=5))
def test_the_straight_line_and_the_careful_way_agree(batch):
    """The fast path gives what the careful one gives, fault for fault, and a neighbour never changes a record."""
    mapped, faults = MAPPER.map(batch, numbers=range(len(batch)))
    careful = [MAPPER.map_carefully(row, number=number) for number, row in enumerate(batch)]
    assert mapped == [record for record, _ in careful]
    assert faults == [fault for _, found in careful for fault in found]


@given(st.lists(rows | likely_rows, min_size=1, max_size=3))
def test_no_fault_quotes_a_value(batch):
    """Facts are names, limits and positions."""
    _, faults = MAPPER.map(batch, numbers=range(len(batch)))
    allowed = {"source", "position", "character", "expected", "most", "table", "reason"}
    assert {name for fault in faults for name in fault.facts} <= allowed


@given(st.text())
def test_admitted_text_is_in_the_repertoire(text):
    """What the repertoire admits can be written in Shift_JIS-2004 once selectors of kanji are taken off; nothing else
    changes without a substitute.
    """
    try:
        admitted, losses = Repertoire({}).admit(text)
    except Exception:  # noqa: BLE001  # whatever it is, the text is not sent
        return
    assert (admitted, losses) == (text, [])
    plain = "".join(char for char in admitted if not 0xE0100 <= ord(char) <= 0xE01EF)
    assert is_plain(plain) or set(plain) & set("&<>")
