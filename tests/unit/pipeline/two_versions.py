"""A site whose levies change their version: an item more, and a code list with one code more, from a day on."""

import shutil
from datetime import date

from kakehashi.config.loader import load
from kakehashi.runtime.places import shared
from kakehashi.validation.xsd_builder import build_schemas

INFO = "TM99000000000001"
ROUTE = "tax-levy"
BEGINS = date(2026, 4, 2)
NEXT = f"""
[[mapping.next]]
version = "2"
valid_from = {BEGINS}
file = "mapping-v2.csv"
"""


def edit(path, *changes):
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")


def two_versions(folder, *, route=NEXT):
    """(configuration folder, schemas): version 2 of the levy's layout has A0350 too, and 課税区分 may be 5."""
    config, xsd = folder / "two" / "config", folder / "two" / "xsd"
    shutil.copytree(shared("config"), config)
    shutil.copytree(shared("xsd"), xsd)
    profile = config / "profiles" / "std-2026"
    v1 = (profile / "layouts" / INFO / "v1.csv").read_text(encoding="utf-8").rstrip("\n")
    v2 = v1.replace("taxation-kind", "taxation-kind-2") + "\nA0350,森林環境税額,integer,7,0,1,yes,,1 2 9\n"
    (profile / "layouts" / INFO / "v2.csv").write_text(v2, encoding="utf-8")
    kinds = (profile / "codes" / "taxation-kind.csv").read_text(encoding="utf-8")
    (profile / "codes" / "taxation-kind-2.csv").write_text(kinds + "5,新区分\n", encoding="utf-8")
    lane = config / "routes" / ROUTE
    mapping = (lane / "mapping.csv").read_text(encoding="utf-8").rstrip("\n")
    (lane / "mapping-v2.csv").write_text(mapping + "\nA0350,,,,9,まだ持たない\n", encoding="utf-8")
    edit(lane / "route.toml", ('version = "1"\n', f'version = "1"\n{route}'))
    loaded = load(config).profile
    build_schemas(
        [loaded.standards[key] for key in sorted(loaded.standards)],
        xsd / loaded.schemas / "layouts",
        namespace=loaded.namespace,
    )
    return config, xsd / "std-2026"
