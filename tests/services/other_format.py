"""A profile that differs from the shipped one in everything a profile may say: names, ids, values, codes, lengths.

Made from the shipped profile and its schemas, so that no message is forgotten: whatever the gateway still spells itself
is refused by the other schemas.
"""

import csv
import re
import shutil
from pathlib import Path

from lxml import etree

from kakehashi.runtime.places import shared

XS = "{http://www.w3.org/2001/XMLSchema}"
PROFILE, SCHEMAS, NAMESPACE = "other-2027", "other", "urn:example:other"
PERSON_DIGITS = 18
SHIPPED, OURS = "std-2026", "urn:kakehashi:std-2026"


def make_other_format(config):
    """Add the profile to a folder of configuration, with its schemas; returns the folder of these."""
    schemas = config / "xsd" / SCHEMAS
    shutil.copytree(shared("xsd") / SHIPPED, schemas)
    rows = [*_messages(schemas), *_names(schemas), ("digits", "PersonKey", str(PERSON_DIGITS))]
    codes = _codes(config / "profiles" / SHIPPED / "results.csv")
    for path in sorted(schemas.rglob("*.xsd")):
        _rewrite(path, rows)
    for path in schemas.rglob("*.sch"):
        path.write_text(path.read_text("utf-8").replace(OURS, NAMESPACE), "utf-8")
    for ours, theirs in _of(rows, "message").items():
        (schemas / f"{ours}.xsd").rename(schemas / f"{theirs}.xsd")
    _table(schemas / "names.csv", [*rows, *(("value", f"Code={ours}", theirs) for ours, theirs in codes.items())])
    _profile(config / "profiles", rows, codes)
    return schemas


def _messages(schemas):
    """DBM-201 → T102-M: other letters, other digits, the hyphen elsewhere."""
    for path in sorted(schemas.glob("[A-Z]*-*.xsd")):
        letters, digits = path.stem.split("-")
        yield "message", path.stem, f"T{digits[::-1]}-{letters[::-1]}"


def _names(schemas):
    """Every element and attribute that is no item of a data standard, and every fixed value of one."""
    elements, attributes, values = set(), set(), set()
    common = _enumerations(etree.parse(schemas / "common.xsd"))
    for tree in [etree.parse(path) for path in sorted(schemas.glob("*.xsd"))]:
        types = common | _enumerations(tree)
        for each in tree.iter(f"{XS}element", f"{XS}attribute"):
            name = each.get("name")
            if each.getparent().tag == f"{XS}schema":
                continue
            (elements if each.tag == f"{XS}element" else attributes).add(name)
            own = [value.get("value") for value in each.iterfind(f"{XS}simpleType//{XS}enumeration")]
            if name != "MessageId":
                values |= {(name, value) for value in own or types.get(each.get("type"), [])}
    yield from (("element", name, f"E{name[::-1]}") for name in sorted(elements))
    yield from (("attribute", name, f"a{name[::-1]}") for name in sorted(attributes))
    yield from (("value", f"{name}={value}", f"v{value}") for name, value in sorted(values))


def _enumerations(tree):
    """Named type → its fixed values."""
    return {
        simple.get("name"): [each.get("value") for each in simple.iter(f"{XS}enumeration")]
        for simple in tree.iter(f"{XS}simpleType")
    }


def _rewrite(path, rows):
    text = (
        path.read_text("utf-8")
        .replace(OURS, NAMESPACE)
        .replace('value="[0-9]{15}"', f'value="[0-9]{{{PERSON_DIGITS}}}"')
    )
    tree = etree.fromstring(text.encode())
    elements, attributes, messages = _of(rows, "element"), _of(rows, "attribute"), _of(rows, "message")
    roots = {ours.replace("-", ""): theirs.replace("-", "") for ours, theirs in messages.items()}
    layouts = path.parent.name == "layouts"
    for each in tree.iter(f"{XS}element", f"{XS}attribute", f"{XS}enumeration", f"{XS}pattern"):
        name = each.get("name")
        if each.tag == f"{XS}element" and not layouts:
            each.set("name", roots.get(name) or elements[name])
        elif each.tag == f"{XS}attribute" and not layouts:
            each.set("name", attributes[name])
        elif each.tag == f"{XS}enumeration" and not layouts:
            each.set("value", messages.get(each.get("value")) or f"v{each.get('value')}")
        elif each.getparent().getparent().get("name") == "ResultCode":
            each.set("value", "R-[0-9]{4}")
    path.write_bytes(etree.tostring(tree, xml_declaration=True, encoding="UTF-8"))


def _codes(path):
    with path.open(newline="", encoding="utf-8") as stream:
        return {row["code"]: f"R-{row['code']}" for row in csv.DictReader(stream)}


def _profile(profiles, rows, codes):
    folder = shutil.copytree(profiles / SHIPPED, profiles / PROFILE)
    _table(folder / "names.csv", rows)
    settings = (folder / "profile.toml").read_text("utf-8")
    for before, after in (
        (f'name = "{SHIPPED}"', f'name = "{PROFILE}"'),
        (f'namespace = "{OURS}"', f'namespace = "{NAMESPACE}"'),
        (f'schemas = "{SHIPPED}"', f'schemas = "{SCHEMAS}"'),
        ("records_per_send = 10000", "records_per_send = 700"),
        ("connections = 4", "connections = 3"),
        ("interval_seconds = 5", "interval_seconds = 1"),
    ):
        assert before in settings
        settings = settings.replace(before, after, 1)
    head, begin, address = settings.partition("[address]")
    ours, end, rest = address.partition("[characters]")
    ours = re.sub(r'"(\d{4})"', lambda found: f'"{codes[found[1]]}"', ours)
    (folder / "profile.toml").write_text(head + begin + ours + end + rest, "utf-8")
    table = (folder / "results.csv").read_text("utf-8")
    for before, after in codes.items():
        table = re.sub(f"^{before},", f"{after},", table, flags=re.MULTILINE)
    (folder / "results.csv").write_text(table, "utf-8")


def _of(rows, kind):
    return {ours: theirs for each, ours, theirs in rows if each == kind}


def _table(path: Path, rows):
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("kind", "name", "wire", "note"), *((*row, "") for row in rows)])
