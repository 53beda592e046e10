"""Readers of copybooks from PyPI, as their own documentation uses them: `pip install --group peers`.

They know no Japanese charset, so that they and ours read the same record of single bytes. coboljsonifier gives typed
values and checks packed digits. cobolio gives texts and checks nothing; "cobolio, typed" makes of them the values that
the others give.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

__all__ = ["peers"]

_Read = Callable[[bytes], object]


def peers(book: str) -> Mapping[str, _Read]:
    """Name → what reads one record of `book`, for those that are installed."""
    known = {"coboljsonifier": _coboljsonifier, "cobolio": _cobolio, "cobolio, typed": _typed_cobolio}
    with redirect_stdout(None):  # one of them prints what it parses
        return {name: made(book) for name, made in known.items() if find_spec(name.split(",")[0]) is not None}


def _coboljsonifier(book: str) -> _Read:
    from coboljsonifier.config.parser_type_enum import ParseType
    from coboljsonifier.copybookextractor import CopybookExtractor
    from coboljsonifier.parser import Parser

    with TemporaryDirectory() as folder:
        path = Path(folder) / "book.cob"
        path.write_text(book, encoding="ascii")
        structure = CopybookExtractor(str(path)).dict_book_structure
    parser = Parser(structure, ParseType.BINARY_EBCDIC).build()

    def read(raw: bytes) -> object:
        parser.parse(raw)
        return parser.value

    return read


def _cobolio(book: str) -> _Read:
    import cobolio

    _, layout = cobolio.copybook_to_layout(book)
    return lambda raw: cobolio.loads(raw, layout, "cp037")


def _typed_cobolio(book: str) -> _Read:
    import cobolio

    _, layout = cobolio.copybook_to_layout(book)
    numeric = [name for name, *_, usage, sign, _ in layout if usage != "DISPLAY" or sign == "SIGNED"]
    types = {name: Decimal if scale else int for name, *_, scale in layout if name in numeric}
    types |= {name: str.rstrip for name, *_ in layout if name not in numeric}

    def read(raw: bytes) -> object:
        return {name: types[name](text) for name, text in cobolio.loads(raw, layout, "cp037").items()}

    return read
