"""`kakehashi rehearse`."""

from __future__ import annotations

import hashlib
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click

import kakehashi
from kakehashi.cli.context import FAULTS, Session, command
from kakehashi.cli.output import Cell
from kakehashi.config.model import Configuration
from kakehashi.errors import ConfigurationError, Fault, Place
from kakehashi.runtime.addresses import scheme
from kakehashi.runtime.bootstrap import plugin
from kakehashi.runtime.places import shared
from kakehashi.runtime.server_side import schema_folder
from kakehashi_simulators.demo.processes import GatewayProcesses
from kakehashi_simulators.demo.run import GatewayRun, open_ledger
from kakehashi_simulators.demo.site import Site, prepare
from kakehashi_simulators.legacy import Manifest, generate
from kakehashi_simulators.legacy.generate import LANES
from kakehashi_simulators.process import OWN_FORMAT, RunningSimulator, Spoken, start_intermediate_server, start_registry
from kakehashi_simulators.rehearsal.conducting import Conductor
from kakehashi_simulators.rehearsal.evidence import Gathered, gather
from kakehashi_simulators.rehearsal.judging import Check
from kakehashi_simulators.rehearsal.own_site import codes_of, copied, live_of, simulated, spoken_of
from kakehashi_simulators.rehearsal.report import pack, report_html, report_json
from kakehashi_simulators.rehearsal.script import Partner, Script, Step, read_partner, read_script
from kakehashi_simulators.rehearsal.state import Diary, Entry, open_diary
from kakehashi_simulators.rehearsal.toml_text import toml_text

__all__ = ["rehearse"]

_START_SECONDS, _TICK_SECONDS = 60.0, 0.25
_THROUGH_FOLDERS = frozenset({"folder", "sftp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What was asked for, read and found right."""

    script: Script
    path: Path
    folder: Path
    partner: Partner | None
    spoken: Spoken | None
    live: Sequence[str]
    original: Configuration
    resume: bool
    done_by: dict[str, str]

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    @property
    def mode(self) -> str:
        return "simulators" if self.partner is None else "partner"


@command(name="rehearse")
@click.argument("scenario", type=click.Path(path_type=Path))
@click.option("--folder", type=click.Path(path_type=Path), help="Empty folder for everything of this rehearsal.")
@click.option("--with-partner", "partner", type=click.Path(path_type=Path), help="TOML of the test environment.")
@click.option("--resume", is_flag=True, help="Go on with the rehearsal in --folder.")
@click.option("--did", "did", multiple=True, metavar="STEP=NAME", help="This step was done, by whom.")
def rehearse(
    session: Session, *, scenario: Path, folder: Path | None, partner: Path | None, resume: bool, did: tuple[str, ...]
) -> int:
    """Run a scripted linkage test; write a report and an archive. Nothing of the site is touched."""
    plan = _plan(session, scenario, folder, partner, resume=resume, did=did)
    diary, gathered, facts = _rehearsed(session, plan)
    checks = [*(check for entry in diary.entries for check in entry.checks), *gathered.checks]
    passed = diary.passed and all(check.holds for check in gathered.checks)
    archive, digest = _written(plan, diary, gathered, facts, passed=passed)
    _show(session, diary, gathered.checks)
    session.output.object(
        {
            "passed": passed,
            "steps": len(diary.entries),
            "expectations": len(checks),
            "failed": sum(not check.holds for check in checks),
            "open": sum(entry.state == "open" for entry in diary.entries),
            "report": str(plan.folder / "report.html"),
            "archive": str(archive),
            "sha256": digest,
        }
    )
    if not passed:
        waits = any(entry.state == "open" for entry in diary.entries)
        session.output.faults([Fault("RHS-005" if waits else "RHS-002", Place(file=scenario.name))])
    return 0 if passed else FAULTS


def _plan(
    session: Session, scenario: Path, folder: Path | None, partner: Path | None, *, resume: bool, did: Sequence[str]
) -> _Plan:
    script = read_script(scenario)
    other = read_partner(partner) if partner else None
    configuration = session.configuration
    live = live_of(configuration.gateway)
    _demand_no_live(other, live)
    _demand_lanes(script, scenario, configuration)
    stamp = session.clock.now().strftime("%Y%m%d-%H%M%S")
    place = (folder or Path("rehearsals") / f"{scenario.stem}-{stamp}").resolve()
    if not resume and place.exists() and any(place.iterdir()):
        raise ConfigurationError([Fault("RHS-006", Place(item="--folder"))])
    return _Plan(
        script=script, path=scenario, folder=place, partner=other, live=live, original=configuration, resume=resume,
        spoken=None if other else spoken_of(configuration), done_by=dict(_named(script, each) for each in did),
    )  # fmt: skip


def _named(script: Script, did: str) -> tuple[str, str]:
    step, _, who = did.partition("=")
    if not who or step not in {each.name for each in script.step}:
        raise ConfigurationError([Fault("RHS-001", Place(item="--did"), {"expected": "STEP=NAME"})])
    return step, who


def _demand_no_live(partner: Partner | None, live: Sequence[str]) -> None:
    """RHS-003 for every endpoint of the partner that is a live one of the site, however it is spelt."""
    if partner is None:
        return
    kept_away = plugin("tools", "live-endpoints")(live)
    faults = [
        Fault("RHS-003", Place(item=f"{side}.endpoint"))
        for side in ("server", "registry")
        if (where := getattr(partner, side)) is not None and kept_away.holds(where.endpoint)
    ]
    if faults:
        raise ConfigurationError(faults)


def _demand_lanes(script: Script, path: Path, configuration: Configuration) -> None:
    known = set(configuration.routes)
    faults = [
        Fault("RHS-001", Place(file=path.name, item=f"step.{number}.lane"), {"known": " ".join(sorted(known))})
        for number, step in enumerate(script.step)
        if step.lane and (step.lane not in known or (step.samples and step.lane not in LANES))
    ]
    if faults:
        raise ConfigurationError(faults)


def _rehearsed(session: Session, plan: _Plan) -> tuple[Diary, Gathered, dict[str, str]]:
    diary = open_diary(plan.folder, plan.digest) if plan.resume else None
    scratch = plan.folder / "site"
    site = Site(folder=scratch, certificates=scratch / "certificates") if diary else prepare(scratch)
    if diary is None:
        entries = [Entry(name=step.name, title=step.title, who=_who(step, plan), lane=step.lane)
                   for step in plan.script.step]  # fmt: skip
        diary = Diary(folder=plan.folder, script=plan.digest, mode=plan.mode, began=_now(session), entries=entries)
    manifest = _manifest(plan, scratch)
    evidence = scratch / "evidence"
    schemas = schema_folder(plan.original, shared("xsd"))
    with ExitStack() as running:
        server, partner = _other_side(running, plan, site, manifest)
        fetch = any(step.until_provisions or step.inquire for step in plan.script.step)
        configuration = copied(
            session.folder, site, partner, live=plan.live, evidence=evidence / "gateway", fetch=fetch
        )
        run = running.enter_context(_gateway(site, configuration))
        Conductor(
            script=plan.script, beside=plan.path.parent, diary=diary, run=run, server=server, manifest=manifest,
            codes=codes_of(plan.spoken), done_by=plan.done_by, ask=_asked if sys.stdin.isatty() else None,
            tell=lambda entry: session.output.say(f"{entry.name}: {entry.state}"),
        ).go()  # fmt: skip
    diary.save()
    form = plan.original.profile.form
    gathered = gather(evidence, schemas, form, masked=plan.script.persons == "masked")
    return diary, gathered, _facts(plan, diary, configuration, partner)


def _who(step: Step, plan: _Plan) -> str:
    """As the script says; what it leaves to us although a partner has to do it is the partner's."""
    if step.who == "us" and not step.lane:
        return "partner" if plan.partner is not None else "simulators"
    return step.who


def _manifest(plan: _Plan, scratch: Path) -> Manifest | None:
    wanted = plan.script.samples
    if wanted is None:
        return None
    lanes = LANES & set(plan.original.routes)
    folder = Path(tempfile.mkdtemp(prefix="samples-", dir=scratch))
    return generate(folder, seed=wanted.seed, scale=wanted.scale, faults=wanted.faults, lanes=lanes)


def _other_side(
    running: ExitStack, plan: _Plan, site: Site, manifest: Manifest | None
) -> tuple[RunningSimulator | None, Partner]:
    """The partner whom the site has named; else the simulators, in the site's format and by its way of transport."""
    if plan.partner is not None:
        return None, plan.partner
    spoken = plan.spoken
    schemas = shared("xsd") / OWN_FORMAT if spoken else schema_folder(plan.original, shared("xsd"))
    through_folder = scheme(plan.original.gateway.server.endpoint) in _THROUGH_FOLDERS
    scenario = site.folder / "scenario.toml"
    scenario.write_text(toml_text(plan.script.simulators.model_dump(exclude_none=True, exclude_defaults=True)), "utf-8")
    seen = site.folder / "evidence" / "simulators"
    server = running.enter_context(
        start_intermediate_server(
            site.folder / "server",
            xsd=schemas,
            certificates=site.certificates,
            scenario=scenario,
            evidence=seen / "server",
            exchange=site.folder / "lgwan" if through_folder else None,
            spoken=spoken,
        )
    )
    registry = running.enter_context(
        start_registry(
            site.folder / "registry",
            xsd=schemas,
            certificates=site.certificates,
            intermediate_admin=server.admin,
            scenario=scenario,
            evidence=seen / "registry",
            spoken=spoken,
        )
    )
    if manifest is not None:
        server.set_persons({state.replace("_", "-"): keys for state, keys in manifest.server_persons.items()})
    return server, simulated(server.endpoint, registry.endpoint, site.certificates)


@contextmanager
def _gateway(site: Site, configuration: Configuration) -> Iterator[GatewayRun]:
    ledger = open_ledger(configuration.gateway.store.url)
    processes = GatewayProcesses(site.config, site.logs)
    run = GatewayRun(site=site, configuration=configuration, store=ledger, processes=processes)
    try:
        begun = run.started_times()
        run.start()
        _wait_until_started(run, begun + len(processes.running))
        yield run
    finally:
        processes.stop()
        run.queues.close()
        ledger.close()


def _wait_until_started(run: GatewayRun, times: int) -> None:
    """So that no step's time is spent on it. Who does not start in time is seen by the steps."""
    deadline = time.monotonic() + _START_SECONDS
    while run.started_times() < times and time.monotonic() < deadline and not run.processes.dead():
        time.sleep(_TICK_SECONDS)


def _asked(step: Step) -> str:
    """Who has done it, from the terminal; nothing: nobody yet."""
    answer: str = click.prompt(f"{step.name}: {step.say or step.title} — done by", default="", err=True)
    return answer.strip()


def _now(session: Session) -> str:
    now: datetime = session.clock.now()
    return now.isoformat(timespec="seconds")


def _facts(plan: _Plan, diary: Diary, configuration: Configuration, partner: Partner) -> dict[str, str]:
    return {
        "手順書 script": f"{plan.path.name} sha256 {plan.digest}",
        "相手 other side": f"{partner.name} {partner.server.endpoint}",
        "開始 began": diary.began,
        "設定 configuration of the site": plan.original.hash,
        "設定 configuration of the rehearsal": configuration.hash,
        "プロファイル profile": f"{configuration.profile.name} {configuration.profile.layout_version}",
        "版 version": f"kakehashi {kakehashi.__version__}, Python {platform.python_version()}",
        "個人 persons": "試験用の架空の個人 invented" if plan.script.persons == "test" else "仮名化 masked",
        "本番接続先 live endpoints kept away from": str(len(plan.live)),
    }


def _written(plan: _Plan, diary: Diary, gathered: Gathered, facts: dict[str, str], *, passed: bool) -> tuple[Path, str]:
    title = f"{plan.script.title} — リハーサル報告書 rehearsal report"
    page = report_html(title, diary, gathered, facts, passed=passed).encode()
    files = {
        **gathered.files,
        "report.html": page,
        "report.json": report_json(diary, gathered, facts, passed=passed).encode(),
    }
    if plan.script.persons == "test":  # it may name keys of persons
        files["scenario.toml"] = plan.path.read_bytes()
    (plan.folder / "report.html").write_bytes(page)
    archive = plan.folder / f"{plan.path.stem}.zip"
    digest = pack(archive, files)
    if not any(entry.state == "open" for entry in diary.entries):
        shutil.rmtree(plan.folder / "site" / "evidence", ignore_errors=True)  # in plain text; the archive has it
    return archive, digest


def _show(session: Session, diary: Diary, overall: Sequence[Check]) -> None:
    rows: list[Sequence[Cell]] = [
        (entry.name, entry.who, entry.lane or None, entry.state, str(entry.seconds), _unmet(entry.checks))
        for entry in diary.entries
    ]
    state = "passed" if all(check.holds for check in overall) else "failed"
    rows.append(("whole", None, None, state, None, _unmet(overall)))
    session.output.rows("Rehearsal", ("step", "who", "lane", "state", "seconds", "unmet"), rows)


def _unmet(checks: Sequence[Check]) -> str:
    return "; ".join(f"{check.what}: {check.expected} ≠ {check.found}" for check in checks if not check.holds)
