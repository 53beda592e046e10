"""Readers of copybooks from PyPI, as their own documentation uses them: `pip install --group peers`.

They know no Japanese charset, so that they and ours read the same record of single bytes. coboljsonifier gives typed
values and checks packed digits. cobolio gives texts with their padding and signs, and checks nothing: it does less.
"cobolio, typed" makes of its texts the values that the others give, by `int`, `Decimal` and `rstrip` alone. These two
are compared with ours value by value before anything is measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

__all__ = ["peers"]

_Read = Callable[[bytes], Mapping[str, object]]


def peers(book: str, sample: Sequence[tuple[bytes, Mapping[str, object]]]) -> Mapping[str, _Read]:
    """Name → what reads one record of `book`, for those that are installed. `sample`: records and their values."""
    types = {name: type(value) for name, value in sample[0][1].items()}
    known: dict[str, Callable[[], _Read]] = {
        "coboljsonifier": lambda: _coboljsonifier(book),
        "cobolio": lambda: _cobolio(book),
        "cobolio, typed": lambda: _typed_cobolio(book, types),
    }
    with redirect_stdout(None):  # one of them prints what it parses
        found = {name: made() for name, made in known.items() if find_spec(name.split(",")[0]) is not None}
    for name in found.keys() & {"coboljsonifier", "cobolio, typed"}:
        for raw, values in sample:
            assert {key.replace("-", "_"): value for key, value in found[name](raw).items()} == values, name
    return found


def _coboljsonifier(book: str) -> _Read:
    from coboljsonifier.config.parser_type_enum import ParseType
    from coboljsonifier.copybookextractor import CopybookExtractor
    from coboljsonifier.parser import Parser

    with TemporaryDirectory() as folder:
        path = Path(folder) / "book.cob"
        path.write_text(book, encoding="ascii")
        structure = CopybookExtractor(str(path)).dict_book_structure
    parser = Parser(structure, ParseType.BINARY_EBCDIC).build()

    def read(raw: bytes) -> Mapping[str, object]:
        parser.parse(raw)
        return parser.value

    return read


def _cobolio(book: str) -> _Read:
    import cobolio

    _, layout = cobolio.copybook_to_layout(book)
    return lambda raw: cobolio.loads(raw, layout, "cp037")


def _typed_cobolio(book: str, types: Mapping[str, type]) -> _Read:
    read = _cobolio(book)
    made = {name: str.rstrip if kind is str else kind for name, kind in types.items()}

    def typed(raw: bytes) -> Mapping[str, object]:
        return {name: made[name](text) for name, text in read(raw).items()}

    return typed
