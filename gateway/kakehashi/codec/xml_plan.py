"""Record elements of legacy XML as columns: parsed a block at a time, one by one only where a block fails."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Self
from xml.sax.saxutils import escape

from lxml import etree

from kakehashi.codec.charset import charset_named
from kakehashi.codec.columns import Columns, columns_of
from kakehashi.codec.layout import Layout, Record, Value
from kakehashi.codec.native_charset import NativeCharset
from kakehashi.codec.record_plan import Exploded, read_rows
from kakehashi.codec.text_form import Charset, damage
from kakehashi.codec.xml_parser import parse_block
from kakehashi.errors import Fault, InputError, Place

__all__ = ["XmlPlan"]

_LINE_BLANKS = "\t\r\n"
_LAST_TAG = re.compile(rb"<(?:[^\s<>/:]+:)?([^\s<>/:]+)[^<>]*>[^<]*\Z")


class XmlPlan:
    """The data record of an XML layout. Elements that are no items are passed over."""

    def __init__(self, layout: Layout) -> None:
        self.record: Record = layout.data
        self._charset = charset_named(layout.charset, layout.gaiji)
        self._items = layout.data.items
        self._read = _reader(self._charset)
        measure = _measured(self._charset)
        self.columns: Columns = columns_of(_as_utf8(layout.data), layout, varying=True, measure=measure)
        self.record_element = layout.format.record_element
        self._tag = self._charset.encode(f"<{layout.format.record_element}>")
        self._tags = [column.item.name for column in self.columns.columns]
        self._wrapping = ("<batch>", "</batch>")

    def under(self, root: bytes) -> Self:
        """The same plan for records below the start tag `root` (nothing: below any)."""
        plan = copy.copy(self)
        plan._wrapping = _wrapping(root, self._read)  # noqa: SLF001  # a copy of itself
        return plan

    def check(self, block: bytes, records: Sequence[tuple[int, int]]) -> None:
        """Whether a part of a file is well-formed and holds these records; text that cannot be decoded is left out.

        Raises InputError DEC-015, DEC-016, or DEC-004 for bytes between records; offsets count from the block.
        """
        parts, count, at = [], 0, 0
        for start, end in records:
            parts.append(self._decoded(block, at, start))
            at = end
            try:
                parts.append(self._read(block[start:end]))
                count += 1
            except UnicodeDecodeError:
                continue  # its own fault, told when it is decoded
        parts.append(self._decoded(block, at, len(block)))
        before, after = self._wrapping
        try:
            root = parse_block(f"{before}{''.join(parts)}{after}")
        except InputError as error:
            raise InputError(error.fault.at(offset=self._culprit(block, records))) from None
        if sum(etree.QName(child).localname == self.record_element for child in root) != count:
            raise damage("DEC-015", 0)
        if any(text and not text.isspace() for text in (root.text, *(child.tail for child in root))):
            raise damage("DEC-015", 0, reason="text between records")

    def _decoded(self, block: bytes, start: int, end: int) -> str:
        try:
            return self._read(block[start:end])
        except UnicodeDecodeError as error:
            raise damage("DEC-004", start + error.start) from None

    def _culprit(self, block: bytes, records: Sequence[tuple[int, int]]) -> int:
        """Where the first record starts that is no XML by itself."""
        for start, end in records:
            try:
                text = self._read(block[start:end])
                parse_block(self._wrapping[0] + text + self._wrapping[1])
            except UnicodeDecodeError:
                continue
            except InputError:
                return start
        return 0

    def explode(self, payloads: Sequence[bytes]) -> Exploded:
        texts: list[str] = []
        kept: list[int] = []
        refused: dict[int, list[Fault]] = {}
        for index, payload in enumerate(payloads):
            try:
                texts.append(self._read(payload))
                kept.append(index)
            except UnicodeDecodeError as error:
                refused[index] = [Fault("DEC-004", Place(item=self._item_at(payload, error.start), offset=error.start))]
        rows: list[list[str]] = []
        for index, found in zip(list(kept), self._parse(texts), strict=True):
            if isinstance(found, Fault):
                kept.remove(index)
                refused[index] = [self._located(found, payloads[index])]
            else:
                rows.append(found)
        columns = [[text.encode() for text in column] for column in zip(*rows, strict=True)]
        return Exploded(columns or [[] for _ in self.columns.columns], kept, refused)

    def _item_at(self, payload: bytes, offset: int) -> str | None:
        """The item in whose content a byte stands, if any."""
        opened = _LAST_TAG.search(payload, 0, offset)
        names = {self._charset.encode(name): name for name in self._tags}
        return names.get(opened[1]) if opened else None

    def _located(self, fault: Fault, payload: bytes) -> Fault:
        name = fault.place.item
        return fault.at(offset=self._content(payload, name, 0) if name else 0)

    def _parse(self, texts: Sequence[str]) -> list[list[str] | Fault]:
        """The contents of the columns of each record, or what is wrong with it as a whole."""
        before, after = self._wrapping
        try:
            root = parse_block(f"{before}{''.join(texts)}{after}")
            if len(root) == len(texts):
                return [self._contents(element) for element in root]
        except InputError as error:
            if len(texts) == 1:
                return [error.fault]
        if len(texts) == 1:
            return [Fault("DEC-015")]
        return [self._parse([text])[0] for text in texts]

    def _contents(self, element: etree._Element) -> list[str] | Fault:
        children = list(element)
        tags = [child.tag for child in children]
        if tags == self._tags and not any(map(len, children)):
            return [(child.text or "").strip(_LINE_BLANKS) for child in children]
        try:
            return self._sorted(tags, children)
        except InputError as error:
            return error.fault

    def _sorted(self, tags: Sequence[str], children: Sequence[etree._Element]) -> list[str]:
        """The contents by item, whatever their order. Raises DEC-019: missing, too many, or not plain text."""
        found: dict[str, list[etree._Element]] = {}
        for tag, child in zip(tags, children, strict=True):
            found.setdefault(tag.rpartition("}")[2], []).append(child)
        contents: list[str] = []
        for item in self._items:
            elements = found.get(item.name, [])
            if len(elements) > item.repeat or (item.required and not elements) or any(map(len, elements)):
                raise InputError(Fault("DEC-019", Place(item=item.name), {"found": len(elements), "most": item.repeat}))
            contents += [(element.text or "").strip(_LINE_BLANKS) for element in elements]
            contents += [""] * (item.repeat - len(elements))
        return contents

    def start_of(self, payload: bytes, column: int) -> int:
        where = self.columns.columns[column]
        return self._content(payload, where.item.name, where.occurrence)

    def _content(self, payload: bytes, name: str, occurrence: int) -> int:
        """Where the content of an item's element starts in the bytes of its record."""
        ends = [found.end() for found in self._opening(self._charset.encode(name)).finditer(payload)]
        return ends[occurrence] if occurrence < len(ends) else 0

    @staticmethod
    def _opening(name: bytes) -> re.Pattern[bytes]:
        return re.compile(rb"<(?:[^\s<>/:]+:)?%b(?=[\s/>])[^<>]*>" % re.escape(name))

    def write(self, row: Sequence[Value]) -> bytes:
        parts = [self._element(index, value) for index, value in enumerate(self.columns.unfold(row))]
        return b"".join((self._tag, *parts, b"</", self._tag[1:]))

    def _element(self, index: int, value: Value) -> bytes:
        """The element of one value; nothing where there is none, unless the item must be there."""
        column = self.columns.columns[index]
        if value is None and not (column.item.required and column.occurrence == 0):
            return b""
        try:
            content = self._charset.encode(escape(column.codec.write(value).decode()))
        except InputError as error:
            raise InputError(self.columns.fault(index, error.fault, 0)) from None
        name = self._charset.encode(column.item.name)
        return b"<%b>%b</%b>" % (name, content, name)

    def rewrite(self, payload: bytes, row: Sequence[Value]) -> bytes:
        rows, _ = read_rows(self, [payload])
        return payload if rows[0] == tuple(row) else self.write(row)

    def put(self, payload: bytes, column: int, raw: bytes) -> bytes:
        where = self.columns.columns[column]
        name = self._charset.encode(where.item.name)
        found = [tag for tag in self._opening(name).finditer(payload) if not tag[0].endswith(b"/>")]
        start = found[where.occurrence].end() if where.occurrence < len(found) else 0
        end = payload.find(b"</", start)
        if not start or end < 0:
            raise InputError(Fault("DEC-019", Place(item=where.item.name), {"found": len(found)}))
        return payload[:start] + self._charset.encode(escape(raw.decode())) + payload[end:]


def _as_utf8(record: Record) -> Record:
    """Contents are characters once they are parsed (references may name any): they are read as UTF-8."""
    return replace(record, items=tuple(replace(item, charset="utf-8", pad=None) for item in record.items))


def _measured(charset: Charset) -> Callable[[bytes], int]:
    """How long a content would be in the charset of the file; what is not in it counts as two bytes."""

    def width(raw: bytes) -> int:
        text = raw.decode()
        try:
            return len(charset.encode(text))
        except InputError:
            return 2 * len(text)

    return width


def _reader(charset: Charset) -> Callable[[bytes], str]:
    """Bytes as characters, line ends and all; raises UnicodeDecodeError."""
    if isinstance(charset, NativeCharset):
        decoder = charset.decoder
        return lambda raw: decoder(raw)[0]
    return lambda raw: raw.decode(charset.name)


def _wrapping(root: bytes, read: Callable[[bytes], str]) -> tuple[str, str]:
    """Start and end tag around a block of records."""
    try:
        text = read(root)
    except UnicodeDecodeError:
        text = ""
    name = re.match(r"<([^\s<>/]+)", text)
    if not name:
        return "<batch>", "</batch>"
    return text.removesuffix("/>").removesuffix(">") + ">", f"</{name[1]}>"
