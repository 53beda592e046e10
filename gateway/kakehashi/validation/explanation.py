"""Why a record fails, in words: what the schema expects at which element. Made of the schema only, never of data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import xmlschema
from lxml import etree
from xmlschema.validators import XMLSchemaChildrenValidationError, XMLSchemaValidationError, XsdElement
from xmlschema.validators.facets import XsdEnumerationFacets, XsdPatternFacets

from kakehashi.errors import InputError
from kakehashi.validation.rules import CompiledRules
from kakehashi.validation.schema_fault import RECORD_LISTS
from kakehashi.validation.wire_reading import with_our_names
from kakehashi.validation.xml import Limits, parse_document

if TYPE_CHECKING:
    from kakehashi.validation.schema import MessageSchema

__all__ = ["explain_record", "open_schema"]

_MOST_ATTRIBUTES = 16


def explain_record(schema: MessageSchema, document: bytes, record_index: int, *, limits: Limits) -> list[str]:
    """One line for each reason. Empty: the record is valid. Raises InputError for what is no acceptable XML."""
    root = parse_document(document, limits=limits)
    named = ((child, schema.form.our_element(etree.QName(child).localname)) for child in root)
    records = next((child for child, name in named if name in RECORD_LISTS), None)
    if records is None or record_index >= len(records):
        return []
    for position, record in enumerate(list(records)):
        if position != record_index:
            records.remove(record)
    if any(len(element.attrib) > _MOST_ATTRIBUTES for element in root.iter()):
        raise InputError("DEC-016", cap="attributes")
    lines = [_line(error) for error in open_schema(schema).iter_errors(root)]
    own = with_our_names(root, schema.form)
    lines += [f"{rule.id}: {rule.text}" for rule, _ in CompiledRules(schema.rules).broken(own)]
    return list(dict.fromkeys(lines))


def open_schema(schema: MessageSchema) -> xmlschema.XMLSchema:
    """The same schema for introspection; reads nothing outside its own folder."""
    base = schema.path.parent.resolve().as_uri()
    return xmlschema.XMLSchema(schema.path.resolve().as_uri(), base_url=f"{base}/", allow="sandbox", defuse="always")


def _line(error: XMLSchemaValidationError) -> str:
    return f"{_place(error)}: {'; '.join(_reasons(error))}"


def _place(error: XMLSchemaValidationError) -> str:
    """The name of the element, if the schema has such a one."""
    validator = error.validator
    name = error.elem.tag if error.elem is not None else ""
    known = validator.maps.elements if hasattr(validator, "maps") else {}
    local = etree.QName(str(name)).localname if name else ""
    return local if local and (name in known or _is_declared(error, local)) else "message"


def _is_declared(error: XMLSchemaValidationError, local: str) -> bool:
    schema = getattr(error.validator, "schema", None)
    return schema is not None and any(
        isinstance(component, XsdElement) and component.local_name == local
        for component in schema.maps.iter_components(XsdElement)
    )


def _reasons(error: XMLSchemaValidationError) -> Iterator[str]:
    validator = error.validator
    if isinstance(error, XMLSchemaChildrenValidationError):
        expected = [each.local_name for each in error.expected or () if isinstance(each, XsdElement)]
        yield f"expected {' or '.join(str(name) for name in expected)}" if expected else "an element too many"
    elif isinstance(validator, XsdPatternFacets):
        yield f"expected the pattern {' or '.join(validator.regexps)}"
    elif isinstance(validator, XsdEnumerationFacets):
        yield f"expected one of {', '.join(str(value) for value in validator.enumeration)}"
    else:
        yield f"breaks {_facet(validator)}"


def _facet(validator: object) -> str:
    value = getattr(validator, "value", None)
    name = type(validator).__name__.removeprefix("Xsd").removesuffix("Facet")
    return f"{name} {value}" if isinstance(value, int) else name
