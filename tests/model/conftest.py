"""One lane of the shipped configuration, two files about the same persons, and a server: the world of a schedule."""

import dataclasses
from pathlib import Path

import pytest
from tests.model.schedule import Files
from tests.model.variants import VARIANTS, Product

from kakehashi.config.loader import load
from kakehashi.validation.schema import SchemaSet
from kakehashi_simulators.intermediate_server import IntermediateServer, options
from kakehashi_simulators.legacy.tax import write_tax
from kakehashi_simulators.legacy.town import Town
from kakehashi_simulators.server import ServerSettings

ROOT = Path(__file__).parents[2]
LANE = "tax-levy"


@pytest.fixture(scope="module")
def configuration():
    """One lane, batches of two records; the server's memory is what the rules say."""
    whole = load(ROOT / "config")
    route = dataclasses.replace(whole.routes[LANE], batch_records=2)

    def build(rules):
        messages = {
            id_: dataclasses.replace(rule, idempotent=rules.idempotent) for id_, rule in whole.profile.messages.items()
        }
        profile = dataclasses.replace(whole.profile, messages=messages)
        return dataclasses.replace(whole, routes={LANE: route}, profile=profile)

    return build


@pytest.fixture(scope="module")
def surroundings(tmp_path_factory):
    """Server, files and schemas, made once for thousands of schedules."""
    folder = tmp_path_factory.mktemp("schedules")
    server = IntermediateServer(
        folder / "server",
        ROOT / "xsd" / "std-2026",
        ServerSettings(result_delay_seconds=0.0, check_digest=True),
        options(),
    )
    server._account.connection.execute("PRAGMA synchronous = OFF")  # thousands of schedules
    town, contents = Town(7), {}
    for number, records in enumerate((2, 3), start=1):
        write_tax(folder / f"LEVY{number}.DAT", town=town, first=0, records=records)
        contents[f"LEVY{number}.DAT"] = (folder / f"LEVY{number}.DAT").read_bytes()
    files = Files(contents, [town.atena("tax", person).zfill(15) for person in range(3)])
    yield server, files, SchemaSet(ROOT / "xsd" / "std-2026")
    server.close()


@pytest.fixture(scope="module")
def world_of(surroundings, configuration):
    """Kind, rules → a world of that kind."""
    server, files, schemas = surroundings

    def made(kind, rules):
        variant = VARIANTS[rules.variant]() if rules.variant else Product()
        return kind(configuration(rules), schemas, server, files, variant)

    return made
