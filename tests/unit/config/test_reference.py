"""The reference pages are those that the code makes."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from kakehashi.config import reference
from kakehashi.config.loader import load
from kakehashi.mapping.converters import CONVERTERS

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", reference.PAGES)
def test_the_page_is_up_to_date(name):
    """docs/reference/NAME is what `python -m kakehashi.config.reference docs/reference` writes."""
    assert (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8") == reference.PAGES[name]()


def test_every_key_says_what_it_means():
    """No key of any TOML file is without a description."""
    found = []

    def look(model: type[BaseModel]):
        for name, field in model.model_fields.items():
            found.append((model.__name__, name, bool(field.description)))
            inner = reference._inner(field.annotation)[0]
            if inner:
                look(inner)

    for _, model in reference._FILES:
        look(model)
    assert len(found) > 60
    assert [key for key in found if not key[2]] == []


def test_every_converter_is_on_its_page():
    """The registry and the page name the same converters."""
    page = reference.converters_page()
    assert all(f"`{converter.signature}`" in page for converter in CONVERTERS.values())


def test_the_shipped_configuration_has_no_fault():
    """config/ loads as it is, with every route that it has."""
    configuration = load(ROOT / "config")
    folders = {path.parent.name for path in (ROOT / "config" / "routes").glob("*/route.toml")}
    assert set(configuration.routes) == folders
    assert all(route.codec.fields == reference_fields(route) for route in configuration.routes.values())


def reference_fields(route):
    from kakehashi.config.layout_table import fields_of

    return fields_of(route.layout)
