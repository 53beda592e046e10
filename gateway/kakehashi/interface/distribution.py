"""「コードマスタ・レイアウト版」 What the server distributes (SYM-904); the question is in `system`."""

from __future__ import annotations

from datetime import date

from lxml import etree

from kakehashi.domain.data_standard import StandardType
from kakehashi.domain.distribution import CodeMaster, DistributedItem, DistributedLayout, Distribution, Period

__all__ = ["content_of", "parse_distribution"]

_PARTS = ("Layouts", "CodeMasters", "Calendar")


def content_of(root: etree._Element) -> str:
    """What of a SYM-904 is kept: everything but header and result, so that the same says the same."""
    parts = (root.find(f"{{*}}{name}") for name in _PARTS)
    told = "".join(etree.tostring(part, encoding="unicode", with_tail=False) for part in parts if part is not None)
    return f"<Distribution>{told}</Distribution>"


def parse_distribution(root: etree._Element) -> Distribution:
    """From a SYM-904 that its schema accepts, or what `content_of` gave of one."""
    return Distribution(
        layouts=tuple(map(_layout, root.iterfind("{*}Layouts/{*}Layout"))),
        masters=tuple(map(_master, root.iterfind("{*}CodeMasters/{*}CodeMaster"))),
        special=tuple(
            (_text(each, "Kind"), _text(each, "From"), _text(each, "To"))
            for each in root.iterfind("{*}Calendar/{*}Special")
        ),
    )


def _text(element: etree._Element, name: str) -> str:
    return element.findtext(f"{{*}}{name}", "")


def _period(element: etree._Element) -> Period:
    last = _text(element, "ValidTo")
    return Period(
        first=date.fromisoformat(_text(element, "ValidFrom")), last=date.fromisoformat(last) if last else None
    )


def _layout(element: etree._Element) -> DistributedLayout:
    return DistributedLayout(
        info_name=_text(element, "InfoName"),
        version=_text(element, "Version"),
        period=_period(element),
        items=tuple(map(_item, element.iterfind("{*}Item"))),
    )


def _item(element: etree._Element) -> DistributedItem:
    return DistributedItem(
        code=_text(element, "ItemCode"),
        name=_text(element, "Name"),
        type=StandardType(_text(element, "Type")),
        digits=int(_text(element, "Digits")),
        decimals=int(_text(element, "Decimals")),
        occurs=int(_text(element, "Occurs")),
        required=_text(element, "Required") == "1",
        code_master=_text(element, "CodeMaster"),
        absence=frozenset(_text(element, "Absence").split()),
    )


def _master(element: etree._Element) -> CodeMaster:
    codes = tuple(code.text or "" for code in element.iterfind("{*}Code"))
    return CodeMaster(
        name=_text(element, "Name"), version=_text(element, "Version"), period=_period(element), codes=codes
    )
