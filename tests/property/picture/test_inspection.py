"""Looking into a file takes any bytes: it never fails, loses no byte and no record."""

import io

from hypothesis import given, settings
from hypothesis import strategies as st

from kakehashi.cli.shown import record_faults, shown
from kakehashi.codec.compile import compile_codec
from kakehashi.codec.copybook.options import Odo, Options
from kakehashi.codec.copybook.parser import parse_copybook
from kakehashi.codec.copybook.record import CopybookCodec
from kakehashi.codec.copybook.traced import TracedCodec
from kakehashi.codec.inspection.by_copybook import CopybookInspector
from kakehashi.codec.inspection.by_layout import LayoutInspector
from kakehashi.codec.inspection.privacy import Marks
from kakehashi.codec.inspection.reading import legible, marks_of
from kakehashi.codec.layout import FileFormat, Item, ItemType, Kind, Layout, Record, RecordFormat, Role
from kakehashi.codec.records import RecordSpec
from kakehashi.errors import InputError

COPYBOOK = parse_copybook("""
       01 R.
          05 N PIC 9.
          05 A PIC N(2).
          05 FILLER PIC X(2).
          05 P PIC S9(3) COMP-3.
          05 T OCCURS 0 TO 3 TIMES DEPENDING ON N.
             10 V PIC XX.
             10 W REDEFINES V PIC 99.
""")
OPTIONS = st.builds(Options, encoding=st.sampled_from(["cp932", "cp939", "jef", "cp037"]), odo=st.sampled_from(Odo))
RAW = st.one_of(st.binary(max_size=60), st.text("12 ab山\x0e\x0f", max_size=40).map(lambda t: t.encode("cp932")))


def layout(kind, recfm, charset):
    items = (
        Item(name="番号", type=ItemType.DIGITS, length=3, start=0),
        Item(name="氏名", type=ItemType.FULLWIDTH, length=6, start=3 if kind is Kind.FIXED else 1, sensitive=True),
        Item(name="区分", type=ItemType.HALFWIDTH, length=1, start=9 if kind is Kind.FIXED else 2, repeat=2),
    )
    record = Record(name="data", role=Role.DATA, items=items, length=11)
    return Layout(name="x", charset=charset, format=FileFormat(kind=kind, recfm=recfm), records=(record,))


LAYOUTS = st.builds(
    layout,
    st.sampled_from([Kind.FIXED, Kind.DELIMITED]),
    st.sampled_from([RecordFormat.F, RecordFormat.LINE]),
    st.sampled_from(["cp932", "cp939", "euc_jp"]),
)
INSPECTORS = st.one_of(
    LAYOUTS.map(lambda each: LayoutInspector(compile_codec(each), Marks())),
    OPTIONS.map(lambda each: CopybookInspector(COPYBOOK, each, RecordSpec(), Marks(["A"]))),
)


@settings(max_examples=150)
@given(inspector=INSPECTORS, raw=RAW)
def test_every_record_has_a_picture(inspector, raw):
    """As many pictures as rows; each span is the bytes at its place; what is masked shows none of them."""
    rows = sum(len(chunk.rows) for chunk in inspector.chunks(io.BytesIO(raw), file="f"))
    pictures = list(inspector.pictures(io.BytesIO(raw), range(1, 100), file="f"))
    assert len(pictures) == rows
    for picture in pictures:
        assert all(raw[span.start : span.start + len(span.raw)] == span.raw for span in picture.spans)
        masked = [line for line in shown(picture, reveal=False) if line.text == "***"]
        assert {line.hex.replace(" ", "").strip("*") for line in masked} <= {""}
        assert {line.value for line in masked} <= {"***", ""}
        record_faults(picture, reveal=False)


@settings(max_examples=150)
@given(options=OPTIONS, raw=RAW)
def test_tracing_changes_nothing(options, raw):
    """A codec that notes what it reads reads what the plain one reads."""
    assert TracedCodec(COPYBOOK, options).read(raw) == CopybookCodec(COPYBOOK, options).read(raw)


@given(raw=st.binary(max_size=30))
def test_legible_text_is_whole_or_told(raw):
    """What the charset reads is shown as it is, without anything unread; the rest never raises."""

    def read(given):
        try:
            return given.decode("cp932")
        except UnicodeDecodeError:
            raise InputError from None

    found = legible(read, raw, marks_of(lambda text: text.encode("cp932")))
    try:
        text = raw.decode("cp932")
    except UnicodeDecodeError:
        return
    assert found.unread == ()
    assert len(found.text) == len(text)
