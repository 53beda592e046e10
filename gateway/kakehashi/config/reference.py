"""docs/reference/configuration.md and converters.md, made from the models and the registry: they cannot be out of date.

`python -m kakehashi.config.reference docs/reference` writes both.
"""

from __future__ import annotations

import sys
import types
import typing
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from kakehashi.config.cases import CaseSettings
from kakehashi.config.code_tables import CODE_TABLE_COLUMNS
from kakehashi.config.degrade_table import DEGRADE_COLUMNS
from kakehashi.config.gaiji_tables import GAIJI_COLUMNS
from kakehashi.config.item_row import LAYOUT_COLUMNS
from kakehashi.config.mapping_table import MAPPING_COLUMNS
from kakehashi.config.return_table import RETURN_COLUMNS
from kakehashi.config.return_value import NOTICE_VARIABLES, NUMBER_VARIABLES, VARIABLES
from kakehashi.config.route_settings import RouteSettings, SystemSettings
from kakehashi.config.settings import GatewaySettings
from kakehashi.config.variants import VARIANT_COLUMNS
from kakehashi.mapping.converters import CODE, CONVERTERS
from kakehashi.mapping.step import Converter, Value

__all__ = ["PAGES", "configuration_page", "converters_page"]

_FILES: tuple[tuple[str, type[BaseModel]], ...] = (
    ("gateway.toml", GatewaySettings),
    ("systems/SYSTEM/system.toml", SystemSettings),
    ("routes/ROUTE/route.toml", RouteSettings),
    ("routes/ROUTE/cases/CASE/case.toml", CaseSettings),
)
_TABLES = (
    ("routes/ROUTE/layout.csv", LAYOUT_COLUMNS),
    ("routes/ROUTE/mapping.csv", MAPPING_COLUMNS),
    ("routes/ROUTE/return.csv", RETURN_COLUMNS),
    ("routes/ROUTE/numbers.csv", RETURN_COLUMNS),
    ("systems/SYSTEM/notices.csv", RETURN_COLUMNS),
    ("tables/NAME.csv", CODE_TABLE_COLUMNS),
    ("systems/SYSTEM/GAIJI.csv", GAIJI_COLUMNS),
    ("systems/SYSTEM/DEGRADE.csv", DEGRADE_COLUMNS),
    ("matching/variants.csv", VARIANT_COLUMNS),
)
_COLUMNS = {
    "record": "record type; empty: data",
    "no": "number of the item, for people",
    "name": "unique in its record type; no spaces, `;` `,` `+` `.`",
    "type": "`9` 数字, `S9` 符号付き数字, `X` 半角, `N` 全角, `P` パック, `Z` ゾーン, `B` binary, `D` date",
    "length": "bytes of one occurrence; delimited and XML: the widest",
    "start": "first byte, or column of delimited files, from 1; checked against the running sum",
    "repeat": "OCCURS",
    "decimals": "implied decimal places",
    "note": "for people",
    "date": "form of a `D` item: yyyymmdd, wareki, …",
    "charset": "where it differs from the layout's",
    "nil": "contents that mean nothing: spaces zeros nines low-values high-values",
    "zero": "contents of a number that mean zero: spaces low-values high-values; anything else that is none is a fault",
    "pad": "one character, space, wide-space or zero",
    "justify": "left or right",
    "trim": "no: padding is content",
    "sensitive": "yes: masked wherever values are shown",
    "required": "yes: nothing is a fault of the record",
    "shift": "SO/SI: embedded, implied, none",
    "signed": "no: unsigned",
    "truncate": "yes: a text that is too long is cut at a character when it is written, and that is told; X and N",
    "target": "item code of the data standard, or @person @unit @valid_from @valid_to @non_disclosure "
    "@auto_response_blocked @operation (register, delete); LINK: @system @atena @unified @number @since @event (table "
    "of linked, moved-in, non-resident, naturalised, changed, moved-out, died, ended, released), and all or none of "
    "@name (or @kana) @birth @sex (table of male, female, other) @address, with @former_name @alias",
    "source": "items, several between spaces, `;`, `,` or `+`; `record.item` of a header or group record; or `=text`",
    "converters": "pipe of converters, from left to right; see converters.md",
    "table": "code table; looked up last unless `code` stands in the pipe",
    "absent": "reason of absence 未設定事由 when there is no value",
    "code": "the code in hex, one or two bytes, as it stands in the system's files",
    "unicode": "its code point in hex, or several: `304B 309A`",
    "sp": "a mark that follows, if any",
    "hd": "variation selector of the Hanyo-Denshi or Moji_Joho collection: `E0103`",
    "aj1": "variation selector of Adobe-Japan1",
    "ivs": "variation selector that counts whatever `selector` says",
    "options": "`decode_only`, `encode_only`, `oneway`: read, but written as another row of that text",
    "character": "as it is written",
    "compared_as": "as which character it is compared, and nothing else: what is stored and sent stays as it is",
    "valid_from": "first day, yyyy-mm-dd; empty: always",
    "valid_to": "last day; empty: without end",
}
_OWN_COLUMNS = {
    "systems/SYSTEM/DEGRADE.csv": {
        "from": "a character that the system's charset lacks, with its selector or mark",
        "to": "what is written in results; the charset must have it",
    },
    "tables/NAME.csv": {"source": "code of the system", "target": "code of the data standard; empty: no value"},
    "routes/ROUTE/numbers.csv": {
        "source": "a variable or `=text`",
        "nil": "as in layout.csv; empty: spaces, of P and B zeros",
    },
    "routes/ROUTE/return.csv": {
        "source": "as in mapping.csv, a variable, or (inquiries) an item code of the answer",
        "nil": "as in layout.csv; empty: spaces, of P and B zeros",
    },
}
_CODE = (
    "The code of `tables/`; without argument that of the row's column `table`. A code without a row refuses the record "
    "(MAP-002)"
)


def configuration_page() -> str:
    lines = [
        "# Configuration",
        "",
        "Generated from the models by `python -m kakehashi.config.reference docs/reference`.",
        "Unknown keys and columns are faults.",
        "Tables are `.csv` (UTF-8) or `.xlsx` (first sheet; a literal that begins with `=` is typed as text).",
        "",
        "`gateway.agency`, `broker.url`, `store.url` and `server.endpoint` have no default: a gateway does not start",
        "without them. All else may be left out; the defaults are the safe choice.",
        "",
    ]
    for file, model in _FILES:
        lines += [f"## {file}", "", "| key | type | default | meaning |", "|---|---|---|---|"]
        lines += [f"| `{key}` | {kind} | {default} | {meaning} |" for key, kind, default, meaning in _keys(model)]
        lines.append("")
    for file, columns in _TABLES:
        lines += [f"## {file}", "", "| column | | meaning |", "|---|---|---|"]
        for column in columns.all:
            needed = "required" if column in columns.required else ""
            meaning = _OWN_COLUMNS.get(file, {}).get(column) or _COLUMNS[column]
            lines.append(f"| `{column}` | {needed} | {meaning} |")
        lines.append("")
    lines += ["### Variables of return.csv", "", "| variable | meaning |", "|---|---|"]
    lines += [f"| `{name}` | {meaning} |" for name, meaning in VARIABLES.items()]
    lines += ["", "### Variables of numbers.csv", "", "| variable | meaning |", "|---|---|"]
    lines += [f"| `{name}` | {meaning} |" for name, meaning in NUMBER_VARIABLES.items()]
    lines += ["", "### Variables of notices.csv", "", "| variable | meaning |", "|---|---|"]
    lines += [f"| `{name}` | {meaning} |" for name, meaning in NOTICE_VARIABLES.items()]
    return "\n".join([*lines, ""])


def _keys(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, str, str, str]]:
    """(key path, type, default, meaning) of every key, tables opened."""
    for name, field in model.model_fields.items():
        key = f"{prefix}{field.alias or name}"
        inner, several = _inner(field.annotation)
        if inner is None:
            yield key, _type_name(field.annotation), _default(field), (field.description or "").replace("|", "\\|")
        else:
            yield from _keys(inner, f"{key}[]." if several else f"{key}.")


def _inner(annotation: object) -> tuple[type[BaseModel] | None, bool]:
    """The table that a key opens, and whether there may be several of them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    several = typing.get_origin(annotation) is tuple
    found = next((inner for each in typing.get_args(annotation) if (inner := _inner(each)[0])), None)
    return found, several


def _type_name(annotation: object) -> str:
    origin = typing.get_origin(annotation)
    if origin is typing.Literal:
        return " \\| ".join(_shown(value) for value in typing.get_args(annotation))
    if origin is tuple:
        return f"list of {_type_name(typing.get_args(annotation)[0])}"
    if origin in {typing.Union, types.UnionType}:
        return " or ".join(_type_name(each) for each in typing.get_args(annotation) if each is not type(None))
    names = {str: "text", int: "whole number", bool: "true/false", date: "day"}
    return names[annotation] if isinstance(annotation, type) and annotation in names else str(annotation)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    return "" if field.default is None or field.default == "" else f"`{_shown(field.default)}`"


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_shown, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def converters_page() -> str:
    lines = [
        "# Converters",
        "",
        "Generated from the registry by `python -m kakehashi.config.reference docs/reference`.",
        "A pipe is read from left to right:",
        "`trim | wareki | year`. Arguments with spaces or commas stand in double quotes. No value stays no value,",
        "except where a converter says otherwise; what a converter cannot read refuses the record (MAP-001).",
        "",
        "| converter | does | example |",
        "|---|---|---|",
        f"| `{CODE}(table)` | {_CODE} | |",
    ]
    lines += [f"| `{each.signature}` | {each.meaning} | {_examples(each)} |" for each in CONVERTERS.values()]
    return "\n".join([*lines, ""])


def _examples(converter: Converter) -> str:
    return "<br>".join(f"`{call}`: {_value(before)} → {_value(after)}" for call, before, after in converter.examples)


def _value(value: Value) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, tuple):
        return ", ".join(map(_value, value))
    iso = getattr(value, "iso", None)
    return f"`{iso() if iso else value}`"


PAGES = {"configuration.md": configuration_page, "converters.md": converters_page}


def main(folder: Path) -> None:
    """Write every page into `folder`."""
    for name, page in PAGES.items():
        (folder / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
