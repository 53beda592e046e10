"""A message that came, with our own names in the place of the wire's."""

from __future__ import annotations

from lxml import etree

from kakehashi.domain.wire_form import WireForm

__all__ = ["with_our_names"]


def with_our_names(root: etree._Element, form: WireForm) -> etree._Element:
    """The same tree, changed in place; namespaces stay as they came. Nothing is done where the wire has our names."""
    if form.renames:
        for element in root.iter(etree.Element):
            _rename(element, form)
    return root


def _rename(element: etree._Element, form: WireForm) -> None:
    name = etree.QName(element)
    ours = form.our_element(name.localname)
    if ours != name.localname:
        element.tag = f"{{{name.namespace}}}{ours}" if name.namespace else ours
    if element.text:
        element.text = form.our_value(ours, element.text)
    attributes = [(str(key), str(value)) for key, value in element.items()]
    element.attrib.clear()
    for key, value in attributes:
        own = form.our_attribute(key)
        element.set(own, form.our_value(own, value))
