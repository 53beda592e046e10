"""The text of copybooks: forms, comments, continuation, COPY, clauses, and errors with their place."""

import pytest

from kakehashi.codec.copybook.explain import explain
from kakehashi.codec.copybook.parser import parse_copybook
from kakehashi.errors import ConfigurationError


def items(copybook):
    """(name, offset from 1, length) of every item below the record."""
    return [(row.name, row.offset, row.length) for row in explain(copybook) if row.depth]


def fault(text, **options):
    with pytest.raises(ConfigurationError) as caught:
        parse_copybook(text, **options)
    (found,) = caught.value.faults
    assert found.code == "CFG-013"
    return found.facts


def test_fixed_form_reads_columns_8_to_72_alone():
    """Sequence numbers, what stands behind column 72, comments, debugging lines and page breaks are no text."""
    text = (
        "000100 01  R." + " " * 59 + "CHANGED1\n"
        "000200* 05 NOT PIC X.\n"
        "000300/\n"
        "000400D    05 DEBUG PIC X.\n"
        "ABC500     05 A PIC X(2). *> 05 NOT PIC X.\n"
        "           EJECT\n"
        "           05 B PIC 9(3)\n"
        "             COMP-3.\n"
    )
    assert items(parse_copybook(text)) == [("A", 1, 2), ("B", 3, 2)]


def test_free_form_begins_anywhere():
    """An entry in column 1 makes a text free form; so does its directive."""
    assert items(parse_copybook("01 R.\n05 A PIC X(100000).\n")) == [("A", 1, 100000)]
    free = ">>SOURCE FORMAT IS FREE\n        01 R. 05 A PIC X.\n"
    assert items(parse_copybook(free + " " * 80 + "05 B PIC X.")) == [
        ("A", 1, 1),
        ("B", 2, 1),
    ]


def test_words_and_literals_are_continued():
    """An indicator - goes on with a word or a literal where the line before ended."""
    text = "       01 R.\n           05 LONG-\n      -        NAME PIC X VALUE 'it\n      -    's'.\n"
    text += "           05 B PIC X.\n"
    assert items(parse_copybook(text)) == [("LONG-NAME", 1, 1), ("B", 2, 1)]


def test_kanji_names_take_two_columns_a_character():
    """Columns are bytes: full-width characters push what follows to the right."""
    name = "受付種別コード"
    line = f"           05  {name} PIC X(3)."
    width = len(line.encode("cp932"))
    text = f"       01 R.\n{line}{' ' * (72 - width)}変更\n           05 カナ氏名 PIC N(4).\n"
    assert items(parse_copybook(text)) == [(name, 1, 3), ("カナ氏名", 4, 8)]


def test_members_are_copied_from_the_folder_with_replacements(tmp_path):
    """COPY takes a member of the folder; REPLACING changes words, tagged parts of words, and pseudo-text."""
    (tmp_path / "PART.cpy").write_text(
        "           05 :TAG:-A PIC X(2).\n           05 OLD PIC 9(3).\n", encoding="utf-8"
    )
    text = "       01 R.\n       COPY PART REPLACING ==:TAG:== BY ==NEW==\n"
    text += "           OLD BY YOUNG ==9(3)== BY ==S9(5) COMP-3==.\n"
    assert items(parse_copybook(text, folder=tmp_path)) == [("NEW-A", 1, 2), ("YOUNG", 3, 3)]


@pytest.mark.parametrize("member", ["'../secret'", "NOWHERE", "'/etc/passwd'", "SELF"])
def test_members_outside_the_folder_and_circles_are_errors(tmp_path, member):
    """A member that is missing, outside, or copies itself is refused at its name."""
    (tmp_path / "SELF.cpy").write_text("       COPY SELF.\n", encoding="utf-8")
    assert fault(f"       01 R.\n       COPY {member}.\n", folder=tmp_path)["line"] in {1, 2}
    assert fault(f"       01 R.\n       COPY {member}.\n")["line"] == 2


@pytest.mark.parametrize(
    ("text", "line", "column", "expected"),
    [
        ("       01 R.\n          05 A PIC Q(3).\n", 2, 20, "a picture symbol"),
        ("       01 R.\n          05 A PIC X(3)\n          05 B PIC X.\n", 3, 11, "a clause or a period"),
        ("       01 R.\n          05 A.\n          05 B PIC X.\n", 2, 11, "PIC or an item"),
        ("       01 R.\n          05 A REDEFINES B PIC X.\n", 2, 11, "REDEFINES of an item before"),
        ("       01 R.\n          05 A PIC X OCCURS 3 DEPENDING ON N.\n", 2, 1, "DEPENDING ON an item"),
        ("       01 R.\n          99 A PIC X.\n", 2, 11, "a level number"),
        ("       01 R.\n          05 A PIC X(3) COMP-3.\n", 2, 11, "a picture for COMP-3"),
        ("       01 R.\n          05 A PIC X(20) COMP-3U.\n", 2, 11, "a picture for COMP-3U"),
        ("       01 R PIC X.\n          05 A PIC X.\n", 2, 11, "no item below"),
        ("       01 R.\n          05 A PIC X OCCURS 0.\n", 2, 29, "at least one occurrence"),
        ("       01 R.\n          05 A PIC X VALUE 'open.\n", 2, 28, "a closing quotation mark"),
        ("", 1, 1, "a data description entry"),
        ("       01 R.\n          05 A PIC X", 2, 22, "a clause or a period"),
    ],
)
def test_errors_name_line_column_and_what_was_expected(text, line, column, expected):
    """Every mistake has its place in the text."""
    found = fault(text)
    assert found["expected"].startswith(expected)
    assert (found["line"], abs(found["column"] - column) <= 8) == (line, True)


def test_an_unknown_dialect_is_an_error():
    """Dialects are a closed list."""
    assert "ibm" in fault("       01 R PIC X.\n", dialect="cobol")["expected"]


def test_levels_66_77_88_are_kept():
    """Conditions hang on their item; 77 is a record of its own; 66 names a range."""
    text = """
       01 R.
          05 KIND PIC X.
             88 PERSON VALUE 'P' 'Q' THRU 'S'.
             88 OTHER VALUES ARE SPACES WHEN SET TO FALSE 'X'.
          05 REST PIC X(3).
          66 BOTH RENAMES KIND THRU REST.
       77 ALONE PIC 9(4) COMP.
"""
    copybook = parse_copybook(text)
    kind = copybook.records[0].children[0]
    assert [condition.name for condition in kind.conditions] == ["PERSON", "OTHER"]
    assert kind.conditions[0].values == (("'P'", "'P'"), ("'Q'", "'S'"))
    assert copybook.renames[0].last == "REST"
    assert [record.name for record in copybook.records] == ["R", "ALONE"]


def test_declarations_of_a_database_beside_the_record_are_passed_over():
    """EXEC SQL … END-EXEC, as generators of declarations write it; INCLUDE and one without an end are refused."""
    table = "           EXEC SQL DECLARE T TABLE\n           ( A CHAR(3) NOT NULL, B DECIMAL(5, 2) ) END-EXEC.\n"
    record = "       01 R.\n           05 A PIC X(3).\n           05 B PIC S9(3)V99 COMP-3.\n"
    assert parse_copybook(table + record).length == 6
    for wrong in (table.replace("END-EXEC.", ""), "           EXEC SQL INCLUDE T END-EXEC.\n", "       EXEC CICS X\n"):
        with pytest.raises(ConfigurationError) as caught:
            parse_copybook(wrong + record)
        assert caught.value.faults[0].code == "CFG-013"


def test_a_fragment_without_level_01_is_one_record():
    """Copybooks that are copied under a record of another text begin at any level."""
    assert items(parse_copybook("           05 A PIC X.\n           05 B PIC X.\n")) == [("A", 1, 1), ("B", 2, 1)]


def test_a_group_hands_down_usage_sign_and_sync():
    """USAGE and SIGN of a group hold for the numbers below it."""
    text = """
       01 R.
          05 G COMP-3.
             10 A PIC S9(5).
             10 T PIC X(2).
          05 H SIGN LEADING SEPARATE.
             10 B PIC S9(5).
"""
    assert items(parse_copybook(text)) == [("G", 1, 5), ("A", 1, 3), ("T", 4, 2), ("H", 6, 6), ("B", 6, 6)]


def sized(*, sync):
    sync = " SYNC" if sync else ""
    lines = ["       01 R.", "          03 T OCCURS 40."]
    lines += [f"             05 D COMP-2{sync}.", "             05 HEAD PIC X(19)."]
    for digits in range(1, 19):
        lines.append(f"             05 X-{digits} PIC X.")
        lines.append(f"             05 C-{digits} PIC S9({digits}) COMP{sync}.")
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("dialect", "plain", "aligned"), [("ibm", 5800, 8960), ("fujitsu", 5800, 7680), ("microfocus", 5080, 5080)]
)
def test_the_dialect_decides_sizes_and_slack(dialect, plain, aligned):
    """COMP takes 2, 4, 8 bytes or the fewest; SYNC aligns to 8, to 4 at most, or not at all."""
    assert parse_copybook(sized(sync=False), dialect=dialect).length == plain
    assert parse_copybook(sized(sync=True), dialect=dialect).length == aligned


@pytest.mark.parametrize(
    ("clause", "size"),
    [
        ("PIC S9(4) COMP", 2), ("PIC 9(5) BINARY", 4), ("PIC S9(18) COMP-4", 8), ("PIC 9(5) COMP-3", 3),
        ("PIC 9(5) COMP-6", 3), ("PIC X(4) COMP-3U", 4), ("PIC 9(5) COMP-3U", 3), ("PIC 9(6) COMP-9", 4),
        ("COMP-1", 4), ("COMP-2", 8), ("PIC S9(3) SIGN TRAILING SEPARATE", 4),
        ("PIC SV9(3)", 3), ("PIC 99PPP", 2), ("PIC VPP99", 2), ("PIC ZZ,ZZ9.99-", 10), ("PIC $$,$$9.99CR", 11),
        ("PIC N(4)", 8), ("PIC G(4) DISPLAY-1", 8), ("PIC N(4) NATIONAL", 8), ("PIC A(3)", 3), ("PIC X(2)BX", 4),
        ("PIC 9(3) COMP-X", 2), ("INDEX", 4), ("POINTER", 4), ("BINARY-LONG UNSIGNED", 4), ("PIC +9(3).99", 7),
    ],
)  # fmt: skip
def test_sizes_of_every_usage(clause, size):
    """Bytes of one item by picture and usage, on IBM."""
    assert parse_copybook(f"       01 R.\n          05 A {clause}.\n").length == size


def test_text_may_stand_in_other_columns():
    """Where a copybook numbers its lines without a column between, the columns that hold text are told; a fault keeps
    its place.
    """
    text = "00000101 R.\n000002* a remark\n000003  05 A PIC X(2).            note\n"
    assert parse_copybook(text, columns=(7, 30)).length == 2
    with pytest.raises(ConfigurationError) as caught:
        parse_copybook(text.replace("PIC", "PIK"), columns=(7, 30))
    facts = caught.value.faults[0].facts
    assert (facts["line"], facts["column"]) == (3, 14)


@pytest.mark.parametrize(("digits", "size"), [(18, 8), (19, 9), (20, 9), (28, 12), (37, 16)])
def test_long_binary_items_may_take_the_fewest_bytes(digits, size):
    """Sixteen bytes by the compilers' rule, or as few as hold the digits and a sign."""
    text = f"       01 R PIC 9({digits}) COMP.\n"
    assert parse_copybook(text, fewest=True).length == size
    assert parse_copybook(text).length == (8 if digits == 18 else 16)


@pytest.mark.parametrize(("clause", "size"), [("COMP-0", 2), ("COMPUTATIONAL-3U", 2), ("COMP-3U", 2)])
def test_usages_have_other_names(clause, size):
    """COMP-0 is binary, COMP-3U packed without a sign."""
    assert parse_copybook(f"       01 R PIC 9(4) {clause}.\n").length == size


def test_a_separate_sign_makes_a_number_signed():
    """A picture without S and a sign clause of its own has the byte of the sign; under a group's clause it has none."""
    assert parse_copybook("       01 R PIC 9(2)V9 SIGN LEADING SEPARATE.\n").length == 4
    assert parse_copybook("       01 R SIGN LEADING SEPARATE.\n          05 A PIC 9(2)V9.\n").length == 3
