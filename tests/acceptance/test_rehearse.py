"""`kakehashi rehearse` as a body uses it: against the simulators, and against a partner who acts in between."""

import hashlib
import json
import re
import shutil
import zipfile
from datetime import UTC, datetime

import pytest
from tests.acceptance.watching import asked
from tests.services.other_format import PROFILE as OTHER
from tests.services.other_format import make_other_format
from tests.unit.simulators.messages import TAX, XSD

from kakehashi.runtime.places import shared
from kakehashi_adapters.certificates import make_certificates
from kakehashi_simulators.process import start_intermediate_server

HEAD = """
title = "linkage test"
{persons}
[samples]
seed = 20261128
scale = 0.02
{faults}
[simulators.server]
result_delay_seconds = 0.1
[[step]]
name = "links"
lane = "registry-persons"
samples = true
expect = {{ planted = true, returned = true }}
"""
SCRIPT = (
    HEAD.format(persons='persons = "test"', faults="")
    + """
[[step]]
name = "levy"
lane = "tax-levy"
samples = true
faults = { drop_response_after_apply = 1 }
expect = { planted = true }

[[step]]
name = "wrong"
lane = "tax-levy"
files = ["EMPTY.DAT"]
reset_faults = true
within_seconds = 2
expect = { accepted = 5 }
"""
)
PARTNER = (
    HEAD.format(persons="", faults="faults = false")
    + """
[[step]]
name = "levy"
lane = "tax-levy"
samples = true
expect = { planted = true }

[[step]]
name = "asks"
who = "the other body"
inquire = { persons = ["*"], info = "TM99000000000001" }
until_provisions = 1
within_seconds = 8

[[step]]
name = "confirms"
say = "seen"
"""
)


def rehearse(folder, script, *options):
    """Exit code, JSON lines, and the archive's files."""
    done = asked("rehearse", script, "--folder", folder, "--json", *options)
    lines = [json.loads(line) for line in done.output.splitlines() if line.startswith("{")]
    archive = next(folder.glob("*.zip"), None) if folder.exists() else None
    if archive is None:
        return done, lines, {}
    with zipfile.ZipFile(archive) as packed:
        return done, lines, {name: packed.read(name) for name in packed.namelist()}


def steps(lines):
    return {line["step"]: line["state"] for line in lines if "step" in line}


@pytest.mark.timeout(180)
def test_a_rehearsal_leaves_evidence_and_says_what_did_not_hold(tmp_path):
    """Two steps as the samples promise, one answer lost on its way; the third expects what does not come: exit code 1.
    Report and archive hold every message of both sides with its verdict, and the archive's manifest every digest.
    """
    script = tmp_path / "linkage.toml"
    script.write_text(SCRIPT, encoding="utf-8")
    (tmp_path / "EMPTY.DAT").write_bytes(b"1" * 277)
    done, lines, files = rehearse(tmp_path / "out", script)
    assert done.exit_code == 1, done.output
    assert steps(lines) == {"links": "passed", "levy": "passed", "wrong": "failed", "whole": "passed"}, done.output
    assert [line["code"] for line in lines if "code" in line] == ["RHS-002"]

    listed = json.loads(files.pop("manifest.json"))["files"]
    assert {each["file"]: each["sha256"] for each in listed} == {
        name: hashlib.sha256(content).hexdigest() for name, content in files.items()
    }
    summary = next(line for line in lines if "sha256" in line)
    assert hashlib.sha256((tmp_path / "out" / "linkage.zip").read_bytes()).hexdigest() == summary["sha256"]

    report = json.loads(files["report.json"])
    sent = [one for one in report["messages"] if one["part"] == "request"]
    assert {one["view"] for one in sent} == {"gateway/server", "simulators/server"}
    assert {(one["test"], one["verdict"]) for one in sent} == {("1", "valid")}
    assert "SRV-003" in {one["trouble"] for one in report["messages"]}
    assert all(hashlib.sha256(files[one["file"]]).hexdigest() == one["sha256"] for one in sent)
    page = files["report.html"].decode()
    assert page == (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "accepted" in page
    assert "×" in page
    assert "src=" not in page
    assert "href=" not in page
    assert not re.search(r"(?<![0-9a-f])[0-9]{15}(?![0-9a-f])", page), "a person's number stands in the report"
    assert not (tmp_path / "out" / "site" / "evidence").exists()


@pytest.mark.timeout(180)
def test_a_rehearsal_with_a_partner_waits_for_its_acts_and_goes_on(tmp_path):
    """It ends where the partner has to act, and goes on from there, dropping nothing twice; persons are masked."""
    certificates = make_certificates(tmp_path / "tls", now=datetime.now(UTC))
    options = {"xsd": XSD, "certificates": certificates.ca.parent, "result_delay_seconds": 0.1}
    (tmp_path / "linkage.toml").write_text(PARTNER, encoding="utf-8")
    with start_intermediate_server(tmp_path / "partner", **options) as partner:
        named = {"ca": "ca.pem", "certificate": "client.pem", "key": "client.key"}
        keys = "".join(f'{name} = "tls/{file}"\n' for name, file in named.items())
        (tmp_path / "partner.toml").write_text(
            f'name = "test environment"\n[server]\nendpoint = "{partner.endpoint}"\n{keys}', encoding="utf-8"
        )
        given = (tmp_path / "linkage.toml", "--with-partner", tmp_path / "partner.toml")
        done, lines, _ = rehearse(tmp_path / "out", *given)
        assert done.exit_code == 1, done.output
        assert steps(lines)["levy"] == "passed", done.output
        assert (steps(lines)["asks"], steps(lines)["confirms"]) == ("open", "open")

        assert "pending" in {told["state"] for told in partner.ask("/inquire", {"persons": ["*"], "info": TAX})}
        taken = partner.account()["effects"]
        done, lines, files = rehearse(tmp_path / "out", *given, "--resume", "--did", "confirms=Tanaka")
        assert done.exit_code == 0, done.output
        assert set(steps(lines).values()) == {"passed"}
        assert partner.account()["effects"] == taken
        persons = {str(effect["person"]) for effect in partner.effects()}
        assert persons

    said = "".join(content.decode() for name, content in files.items() if name.endswith(".xml"))
    assert "<PersonKey>P-" in said
    assert not any(person in said for person in persons)
    told = json.loads(files["report.json"])["steps"]
    assert [step["who"] for step in told] == ["us", "us", "the other body", "partner"]
    assert "Tanaka" in told[3]["note"]
    assert "RHS-006" in asked("rehearse", *given, "--folder", tmp_path / "out", "--resume").output, "it is finished"
    other = tmp_path / "other.toml"
    other.write_text(SCRIPT.replace("EMPTY.DAT", "linkage.toml"), encoding="utf-8")
    assert "RHS-006" in asked("rehearse", other, "--folder", tmp_path / "out", "--resume").output
    assert "RHS-006" in asked("rehearse", other, "--folder", tmp_path / "out").output


@pytest.mark.timeout(180)
def test_a_site_with_another_format_a_queue_and_an_exchange_folder_is_rehearsed_as_it_is(tmp_path):
    """Its lane takes its files from a queue, its messages go through a folder in its own format; evidence reads them.
    Without the table for the simulators nothing begins.
    """
    config = shutil.copytree(shared("config"), tmp_path / "config")
    schemas = make_other_format(config)
    route = config / "routes" / "tax-levy" / "route.toml"
    route.write_text(route.read_text("utf-8").replace('folder = "tax-levy/in"', 'queue = "levy-files"'), "utf-8")
    (config / "gateway.toml").write_text(
        f'[gateway]\nname = "site"\nagency = "9999000000000099"\ntest = true\nprofile = "{OTHER}"\n'
        f'[server]\nendpoint = "folder:{tmp_path / "lgwan"}"\n'
        f'[broker]\nurl = "local:{tmp_path / "broker"}"\n[store]\nurl = "sqlite:///{tmp_path / "ledger.db"}"\n'
        f'[folders]\nexchange = "{tmp_path / "drop"}"\n[keys]\nfile = "{tmp_path / "keys.json"}"\n',
        encoding="utf-8",
    )
    script = tmp_path / "linkage.toml"
    levy = SCRIPT.split('\n[[step]]\nname = "wrong"')[0].replace("faults = { drop_response_after_apply = 1 }", "")
    script.write_text(levy, encoding="utf-8")
    (schemas / "names.csv").rename(tmp_path / "names.csv")
    given = (script, "--config", config)
    assert "RHS-008" in rehearse(tmp_path / "none", *given)[0].output
    (tmp_path / "names.csv").rename(schemas / "names.csv")

    done, lines, files = rehearse(tmp_path / "out", *given)
    assert done.exit_code == 0, done.output
    assert steps(lines) == {"links": "passed", "levy": "passed", "whole": "passed"}, done.output
    report = json.loads(files["report.json"])
    assert all(re.fullmatch("levy-files-[a-z]+", name) for name in report["steps"][1]["files"])
    sent = [one for one in report["messages"] if one["part"] == "request"]
    assert {one["view"] for one in sent} == {"gateway/server", "simulators/server"}
    assert {(one["test"], one["verdict"]) for one in sent} == {("1", "valid")}
    assert "T102-MBD" in {one["message"] for one in sent}
    assert not any((tmp_path / name).exists() for name in ("lgwan", "drop", "broker", "ledger.db"))
