"""Legacy XML whose prolog says Shift_JIS: slices of records, damage in its place, attacks refused."""

from __future__ import annotations

import io

import pytest
from tests.unit.codec.shapes import decode_file, split, told, written, xml

from kakehashi.codec.compile import compile_codec
from kakehashi.codec.xml_parser import parse_block
from kakehashi.domain.batch import BatchBody
from kakehashi.domain.japanese_date import HistoricDate
from kakehashi.errors import InputError

ITEMS = (
    ("宛名番号", "9", 5, {"required": True}),
    ("氏名", "N", 20, {"required": True}),
    ("種別", "X", 2, {"repeat": 3}),
    ("支給額", "S9", 7, {"required": True}),
    ("開始日", "D", 7, {"date": "wareki-letter"}),
)
LAYOUT = xml(*ITEMS)


def person(**changes):
    row = {
        "宛名番号": "00001",
        "氏名": "見本　太郎",
        "種別": ("A", "B", None),
        "支給額": "-120",
        "開始日": "R010501",
    } | changes
    cells = []
    for name, value in row.items():
        cells += [f"<{name}>{v}</{name}>" for v in (value if isinstance(value, tuple) else (value,)) if v is not None]
    return f"<対象者>{''.join(cells)}</対象者>"


def document(*records, prolog='<?xml version="1.0" encoding="Shift_JIS"?>', root="<連携>", tail=""):
    return "\r\n".join((prolog, root, *records, "</連携>", tail)).encode("cp932")


def test_records_become_rows():
    """Elements by name, repeated ones as a tuple, absent ones as nothing."""
    whole, rows, faults = decode_file(LAYOUT, document(person(), person(種別=(), 開始日=None)))
    assert (whole.faults, faults, whole.records) == ((), [], 2)
    assert rows == [
        ("00001", "見本　太郎", ("A", "B", None), -120, HistoricDate(2019, 5, 1)),
        ("00001", "見本　太郎", (None, None, None), -120, None),
    ]


def test_text_is_cp932_whatever_the_prolog_says():
    """髙 and ① are no Shift_JIS; ソ and 表 end in bytes that look like markup or escapes elsewhere."""
    _, rows, faults = decode_file(LAYOUT, document(person(氏名="髙①ソ表能")))
    assert faults == []
    assert rows[0][1] == "髙①ソ表能"


@pytest.mark.parametrize("charset", ["euc-jp", "utf-8"])
def test_other_charsets_work_alike(charset):
    """EUC-JP and UTF-8 files are cut at the same places."""
    layout = xml(*ITEMS, charset=charset)
    data = document(person(), person()).decode("cp932").encode(charset)
    whole, rows, faults = decode_file(layout, data, batch=1)
    assert (whole.faults, faults, len(whole.slices)) == ((), [], 2)
    assert rows[1][1] == "見本　太郎"


def test_order_blanks_references_cdata_and_comments_do_not_matter():
    """What XML says is the same, is the same; elements that are no items are passed over."""
    loose = (
        "<対象者 no='1'>\r\n  <開始日>R010501</開始日>\r\n <!-- <対象者> --> <支給額>-120\r\n</支給額>"
        "<x:他 xmlns:x='u'><y/></x:他>"
        "<氏名><![CDATA[見本　]]>&#x592A;郎</氏名><宛名番号>00001</宛名番号>\r\n</対象者 >"
    )
    _, rows, faults = decode_file(LAYOUT, document(loose))
    assert faults == []
    assert rows == [("00001", "見本　太郎", (None, None, None), -120, HistoricDate(2019, 5, 1))]


def test_namespaces_declared_at_the_root_hold_in_every_slice():
    """The root's start tag travels with the batch."""
    root = "<連携 xmlns='urn:x' xmlns:p='urn:y'>"
    data = document(person().replace("<支給額>", "<p:支給額>").replace("</支給額>", "</p:支給額>"), root=root)
    whole, rows, faults = decode_file(LAYOUT, data)
    assert whole.header == root.encode("cp932")
    assert faults == []
    assert rows[0][3] == -120


@pytest.mark.parametrize(
    ("record", "code", "item"),
    [
        (person(支給額=None), "DEC-019", "支給額"),
        (person(支給額=("1", "2")), "DEC-019", "支給額"),
        (person(種別=("A", "B", "C", "D")), "DEC-019", "種別"),
        (person(氏名="<b>見本</b>"), "DEC-019", "氏名"),
        (person(支給額=""), "DEC-021", "支給額"),
        (person(支給額="12A"), "DEC-005", "支給額"),
        (person(氏名="見本A"), "DEC-008", "氏名"),
        (person(氏名="見本太郎見本太郎見本太"), "DEC-003", "氏名"),
        (person(開始日="H010107"), "DEC-007", "開始日"),
        (person(氏名="見本&#xE000;"), "DEC-004", "氏名"),
    ],
)
def test_a_wrong_element_hurts_its_record_only(record, code, item):
    """The item is named, and the byte where its element's content starts (or the fault inside it)."""
    data = document(person(), record, person())
    whole, rows, faults = decode_file(LAYOUT, data)
    assert whole.faults == ()
    assert [(f.code, f.place.record, f.place.item) for f in faults] == [(code, 2, item)]
    assert [row is None for row in rows] == [False, True, False]
    start = data.index(record.encode("cp932"))
    content = record.encode("cp932").find(f"<{item}>".encode("cp932"))
    assert start + max(content, 0) <= faults[0].place.offset < start + len(record.encode("cp932"))


def test_damaged_text_hurts_its_record_only():
    """A cut character is told at its byte with its item; tags are found all the same."""
    data = document(person(), person(氏名="@@"), person()).replace(b"@@", b"\x8c\xa9\x96")
    whole, rows, faults = decode_file(LAYOUT, data)
    assert whole.faults == ()
    assert told(faults) == [("DEC-004", 2, "氏名", data.index(b"\x8c\xa9\x96<") + 2)]
    assert [row is None for row in rows] == [False, True, False]


@pytest.mark.parametrize("batch", [1, 2, 3, 7])
def test_slices_are_runs_of_record_elements(batch):
    """Each begins and ends with a record; every record is in exactly one; a record alone gives the same row."""
    data = document(*(person(宛名番号=f"{n:05}") for n in range(7)))
    whole, rows, _ = decode_file(LAYOUT, data, batch=batch)
    assert [row[0] for row in rows] == [f"{n:05}" for n in range(7)]
    codec = compile_codec(LAYOUT)
    for part in whole.slices:
        body = BatchBody(whole.header, data[part.offset : part.offset + part.length])
        assert body.data.startswith("<対象者>".encode("cp932"))
        assert body.data.endswith("</対象者>".encode("cp932"))
        decoded = codec.decode(body, file="f", first_record=part.first_record, offset=part.offset)
        assert codec.encode(body, decoded) == body.data
        for index, row in enumerate(decoded.rows):
            assert codec.decode(decoded.raw(index), file="f", first_record=1, offset=0).rows == [row]


def test_a_changed_value_is_written_into_its_record():
    """The other records keep their bytes."""
    data = document(person(), person())
    whole = split(LAYOUT, data)
    body = BatchBody(whole.header, data[whole.slices[0].offset : whole.slices[0].offset + whole.slices[0].length])
    codec = compile_codec(LAYOUT)
    decoded = codec.decode(body, file="f", first_record=1, offset=0)
    decoded.rows[1] = (*decoded.rows[1][:3], 7, decoded.rows[1][4])
    changed = codec.encode(body, decoded)
    assert codec.decode(BatchBody(b"", changed), file="f", first_record=1, offset=0).rows == decoded.rows
    assert changed.startswith(person().encode("cp932"))


def test_a_file_is_written_that_reads_back():
    """Prolog, root, one element per value; markup characters are escaped, empty items have no element."""
    layout = xml(("宛名番号", "9", 5), ("備考", "X", 20), ("種別", "X", 1, {"repeat": 2}))
    rows = [{"宛名番号": "00001", "備考": "a<b&c", "種別": ("A",)}, {"宛名番号": "00002"}]
    data = written(layout, rows)
    assert data.decode("cp932").splitlines() == [
        '<?xml version="1.0" encoding="Shift_JIS"?>',
        "<連携>",
        "<対象者><宛名番号>00001</宛名番号><備考>a&lt;b&amp;c</備考><種別>A</種別></対象者>",
        "<対象者><宛名番号>00002</宛名番号></対象者>",
        "</連携>",
    ]
    _, back, faults = decode_file(layout, data)
    assert faults == []
    assert back == [("00001", "a<b&c", ("A", None)), ("00002", None, (None, None))]


def test_what_does_not_fit_an_element_is_not_written():
    """Widths count in the charset of the file, and no character is replaced by a reference."""
    for value, code in (("見本太郎見本太郎見本太", "DEC-018"), ("𠮷", "DEC-004")):
        with pytest.raises(InputError) as caught:
            written(LAYOUT, [{"宛名番号": "1", "氏名": value, "支給額": 1}])
        assert (caught.value.fault.code, caught.value.fault.place.item) == (code, "氏名")


NOT_XML = [
    ("a wrong root", document(person(), root="<他>"), 0),
    ("no root at all", b"abc", 0),
    ("UTF-16", '<?xml version="1.0"?><連携></連携>'.encode("utf-16"), 0),
    ("cut inside a record", document(person(), person())[:-60], None),
    ("cut before the root's end", document(person()).rstrip()[:-9], None),
    ("something after the root", document(person(), tail="<more/>"), None),
    ("a second root", document(person(), tail="<連携></連携>"), None),
    ("records inside each other", document(f"<対象者>{person()}</対象者>"), None),
    ("an end tag too many", document(person() + "</対象者>"), None),
    ("tags that cross", document(person(氏名="<b>見本")), None),
    ("an undefined reference", document(person(氏名="&name;")), None),
    ("a bare ampersand", document(person(氏名="&")), None),
    ("a control character", document(person(氏名="\x01")), None),
    ("an undeclared prefix", document("<対象者><p:宛名番号/></対象者>"), None),
    ("text between records", document(person(), "!", person()), None),
    ("a comment without end", document(person(), "<!-- ", person()), None),
]


@pytest.mark.parametrize(("data", "offset"), [row[1:] for row in NOT_XML], ids=[row[0] for row in NOT_XML])
def test_a_file_that_is_not_well_formed_is_held(data, offset):
    """DEC-015 for the file, with a byte."""
    faults = split(LAYOUT, data).faults
    assert [fault.code for fault in faults] == ["DEC-015"]
    assert faults[0].place.record is None
    assert faults[0].place.offset is not None
    if offset is not None:
        assert faults[0].place.offset == offset


def test_the_broken_record_of_a_held_file_is_named_by_its_byte():
    """The operator finds the record that is no XML."""
    data = document(person(), person(氏名="<b>見本"), person())
    (fault,) = split(LAYOUT, data).faults
    assert fault.place.offset == data.index(person(氏名="<b>見本").encode("cp932"))


BOMB = "<!DOCTYPE 連携 [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;'>]>"
ATTACKS = [
    ("a DOCTYPE", document(person(), prolog=f"<?xml version='1.0'?>{BOMB}")),
    ("a DOCTYPE with an external file", document(person(), prolog="<!DOCTYPE 連携 SYSTEM 'file:///etc/passwd'>")),
    ("a DOCTYPE inside the root", document(BOMB, person())),
    ("an attribute bomb", document("<対象者 " + " ".join(f"a{n}=''" for n in range(2000)) + "></対象者>")),
    ("a flood of comments", b"<!-- x -->" * 90_000 + b"<?xml?>" * 50_000),
    ("a flood of open tags", "<連携>".encode("cp932") + "<対象者 ".encode("cp932") * 200_000),
    ("a flood of open comments", "<連携>".encode("cp932") + b"<!-- " * 300_000),
    ("great depth", document("<対象者>" + "<a>" * 100 + "</a>" * 100 + "</対象者>")),
    ("a record without end", document("<対象者>" + "見" * 1_500_000)),
    ("blanks without end", document(" " * 3_000_000)),
]


@pytest.mark.parametrize("data", [row[1] for row in ATTACKS], ids=[row[0] for row in ATTACKS])
def test_attacks_are_refused_quickly(data, time_limit):
    """DEC-016: document types, and what is beyond the limits of size, depth, elements and attributes; or no XML."""
    with time_limit(2):
        faults = split(LAYOUT, data).faults
    assert [fault.code for fault in faults] in (["DEC-016"], ["DEC-015"])
    if b"<!DOCTYPE" in data:
        assert [fault.code for fault in faults] == ["DEC-016"]


def test_a_slice_is_held_to_the_same_limits():
    """`decode` trusts no bytes either: attacks and half records are refused, one by one."""
    codec = compile_codec(LAYOUT)
    for text, code in (
        (person()[:-5], "DEC-015"),
        (person(氏名="&a;"), "DEC-015"),
        ("見本", "DEC-015"),
    ):
        body = BatchBody("<連携>".encode("cp932"), (person() + text).encode("cp932"))
        decoded = codec.decode(body, file="f", first_record=1, offset=0)
        assert [row is None for row in decoded.rows] == [False, True]
        assert [fault.code for fault in decoded.faults] == [code]


def test_a_slice_with_a_document_type_is_refused_whole():
    """No file that `split` accepted has one: whoever put it there is not read any further."""
    body = BatchBody("<連携>".encode("cp932"), (person() + f"<対象者>{BOMB}</対象者>").encode("cp932"))
    decoded = compile_codec(LAYOUT).decode(body, file="f", first_record=1, offset=0)
    assert set(decoded.rows) == {None}
    assert [fault.code for fault in decoded.faults] == ["DEC-016"]


def test_elements_are_counted_before_anything_reads_them():
    """A flood of tiny elements is refused as a whole."""
    with pytest.raises(InputError) as caught:
        parse_block("<a>" + "<b/>" * 300_000 + "</a>")
    assert caught.value.fault.code == "DEC-016"


def test_an_empty_file_has_no_records_and_no_fault():
    """What an empty file means is the intake's decision; a root without records is an ordinary file."""
    for data in (b"", b"\x1a", document(), document(root="<連携><!-- nobody -->")):
        whole = split(LAYOUT, data)
        assert (whole.records, whole.faults) == (0, ())


def test_a_large_file_streams():
    """Blocks end anywhere: the records found do not depend on where."""

    class Drip(io.BytesIO):
        def read(self, size=-1):
            return super().read(min(1013, size) if size > 0 else 1013)

    data = document(*(person(宛名番号=f"{n:05}") for n in range(300)), tail="<!-- end -->\x1a")
    codec = compile_codec(LAYOUT)
    assert codec.split(Drip(data), batch_records=50, file="case.dat") == split(LAYOUT, data, batch=50)
    assert split(LAYOUT, data).records == 300


@pytest.mark.parametrize("between", ["", "\r\n", "\x1a"])
@pytest.mark.parametrize("batch", [1, 2, 100])
def test_several_documents_may_stand_in_one_file(between, batch):
    """Each with its declaration: records are numbered through, no slice reaches across, the bytes come back."""
    other = "<?xml version='1.0' encoding='Windows-31J' ?><!-- x -->"
    data = document(person(), person(宛名番号="00002")).rstrip() + between.encode("cp932")
    data += document() + document(person(宛名番号="00003"), prolog=other, root='<連携 版="2">')
    whole = split(LAYOUT, data, batch=batch)
    assert (whole.faults, whole.records) == ((), 3)
    found = []
    for part in whole.slices:
        body = BatchBody(whole.header_of(part), data[part.offset : part.offset + part.length])
        decoded = compile_codec(LAYOUT).decode(body, file="f", first_record=part.first_record, offset=part.offset)
        assert compile_codec(LAYOUT).encode(body, decoded) == body.data
        assert decoded.faults == []
        found += [(number, row[0]) for number, row in zip(decoded.numbers, decoded.rows, strict=True)]
    assert found == [(1, "00001"), (2, "00002"), (3, "00003")]


@pytest.mark.parametrize("second", [b"<\x98\x41\x8cg></\x98\x41\x8cg>", b"<?xml version='1.0'?><other/>", b"x"])
def test_what_is_no_document_of_its_own_follows_no_root(second):
    """A second root without a declaration, another root, text: the file is held, the records before are known."""
    whole = split(LAYOUT, document(person()) + second)
    assert ([fault.code for fault in whole.faults], whole.records) == (["DEC-015"], 1)
