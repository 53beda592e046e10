"""A small data standard with one item of every kind."""

from kakehashi.domain.data_standard import DataStandard, StandardItem, StandardType
from kakehashi.mapping.code_table import CodeRow, CodeTable
from kakehashi.mapping.compiler import compile_mapping
from kakehashi.mapping.table import MappingRow, parse_converters, parse_sources

REASONS = frozenset({"1", "9"})


def item(code, kind, **more):
    return StandardItem(**{"code": code, "name": code, "type": StandardType(kind), "digits": 10, **more})


STANDARD = DataStandard(
    info_name="TM99000000000001",
    version="1",
    items=(
        item("A0010", "text"),
        item("A0020", "kana", required=False),
        item("A0030", "digits", absence=REASONS),
        item("A0040", "integer", absence=REASONS),
        item("A0050", "decimal", decimals=2, required=False),
        item("A0060", "date", absence=REASONS),
        item("A0070", "code", codes=frozenset({"1", "2"}), absence=REASONS),
        item("A0080", "text", occurs=3, required=False),
    ),
)
FIELDS = (
    "宛名番号",
    "年度",
    "開始",
    "終了",
    "支援",
    "異動",
    "氏名",
    "カナ",
    "番号",
    "金額",
    "割合",
    "生年",
    "区分",
    "備考",
)
TABLES = {
    "kind": CodeTable("kind", (CodeRow(source="01", target="1"), CodeRow(source="02", target="2"))),
    "operation": CodeTable("operation", (CodeRow(source="1", target="register"), CodeRow(source="3", target="delete"))),
}
ROWS = [
    ("@person", "宛名番号"),
    ("@unit", "年度"),
    ("@valid_from", "開始"),
    ("@valid_to", "終了"),
    ("@non_disclosure", "支援"),
    ("@operation", "異動", "", "operation"),
    ("A0010", "氏名"),
    ("A0020", "カナ", "kana"),
    ("A0030", "番号", "", "", "1"),
    ("A0040", "金額", "", "", "1"),
    ("A0050", "割合"),
    ("A0060", "生年", "", "", "9"),
    ("A0070", "区分", "", "kind", "1"),
    ("A0080", "備考"),
]


def mapping_rows(rows=ROWS):
    made = []
    for line, row in enumerate(rows, start=2):
        target, source, converters, table, absent = (*row, *[""] * (5 - len(row)))
        sources, literal = parse_sources(source)
        made.append(
            MappingRow(
                target=target,
                sources=sources,
                literal=literal,
                converters=parse_converters(converters),
                table=table or None,
                absent=absent or None,
                line=line,
            )
        )
    return made


def with_row(target, *cells):
    """ROWS with another rule for one target."""
    return [*(row for row in ROWS if row[0] != target), (target, *cells)]


def without_row(target):
    return [row for row in ROWS if row[0] != target]


def compiled(rows=ROWS, **more):
    return compile_mapping(mapping_rows(rows), **{"fields": FIELDS, "standard": STANDARD, "tables": TABLES, **more})
