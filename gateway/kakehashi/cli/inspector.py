"""From the options of a command to what looks into files, and a progress bar over it."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import click

from kakehashi.cli.characters import Characters
from kakehashi.cli.copybook import CopybookSettings
from kakehashi.cli.copybook_source import is_copybook
from kakehashi.codec.compile import compile_codec
from kakehashi.codec.inspection.by_copybook import CopybookInspector
from kakehashi.codec.inspection.by_layout import LayoutInspector
from kakehashi.codec.inspection.privacy import Marks
from kakehashi.codec.inspection.span import Inspector
from kakehashi.config.single_layout import load_layout

__all__ = ["LayoutChoice", "open_inspector", "privacy_options", "watched"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutChoice:
    """What the options of `decode` say of a layout. `sensitive`: names of items, in addition to the layout's marks."""

    file: Path
    characters: Characters
    recfm: str | None
    record_length: int | None
    kind: str | None
    copybook: CopybookSettings
    sensitive: tuple[str, ...] = ()


def privacy_options(function: Callable[..., int]) -> Callable[..., int]:
    """Adds --sensitive and --reveal."""
    for option in (
        click.option("--sensitive", multiple=True, metavar="ITEM",
                     help="Also mask this item (or group of a copybook), as if the layout marked it as sensitive."),
        click.option("--reveal", is_flag=True,
                     help="Show sensitive items, except what is or looks like an individual number: never shown."),
    ):  # fmt: skip
        function = option(function)
    return function


def open_inspector(choice: LayoutChoice) -> Inspector:
    """Raises ConfigurationError or InputError for a layout that cannot be used, CFG-006 for an unknown item."""
    marks = Marks(choice.sensitive)
    found: Inspector
    if is_copybook(choice.file):
        book = choice.copybook.book(choice.file)
        spec = choice.copybook.spec(book, recfm=choice.recfm, length=choice.record_length)
        found = CopybookInspector(book, choice.copybook.options, spec, marks)
    else:
        given = {"recfm": choice.recfm, "record_length": choice.record_length, "kind": choice.kind}
        settings = {name: value for name, value in given.items() if value is not None}
        chars = choice.characters
        layout = load_layout(
            choice.file, settings=settings, charset=chars.encoding, gaiji=chars.gaiji, as_of=chars.as_of
        )
        found = LayoutInspector(compile_codec(layout), marks)
    marks.check()
    return found


class _Counted(io.FileIO):
    """Tells how many bytes are read."""

    def __init__(self, path: Path, tell: Callable[[int], object]) -> None:
        super().__init__(path)
        self._tell = tell

    def readinto(self, buffer: bytearray | memoryview) -> int | None:  # type: ignore[override]  # Buffer: Python 3.12
        count = super().readinto(buffer)
        self._tell(count or 0)
        return count


@contextmanager
def watched(*paths: Path, passes: int) -> Iterator[tuple[BinaryIO, ...]]:
    """The files, open; on a terminal with a progress bar on standard error for reading each `passes` times."""
    if not sys.stderr.isatty():
        with ExitStack() as stack:
            yield tuple(stack.enter_context(path.open("rb")) for path in paths)
        return
    from rich.console import Console  # noqa: PLC0415  # slow to import
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn  # noqa: PLC0415  # as above

    columns = (BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with ExitStack() as stack:
        progress = stack.enter_context(Progress(*columns, console=Console(stderr=True), transient=True))
        task = progress.add_task("", total=passes * sum(path.stat().st_size for path in paths))
        raws = [_Counted(path, lambda count: progress.advance(task, count)) for path in paths]
        yield tuple(stack.enter_context(io.BufferedReader(raw, 1 << 18)) for raw in raws)
