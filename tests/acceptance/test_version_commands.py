"""versions, alarms and status on a real site: a code master that will refuse a route is found before its day."""

import json
from datetime import datetime, timedelta

import pytest
from tests.acceptance.levy_site import levy_site
from tests.acceptance.watching import asked

from kakehashi.domain.japan_time import JST

ROUTE, TABLE = "tax-levy", "tables/tax-taxation.csv"
DAY = datetime.now(JST).date() + timedelta(days=20)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("versions") / "site"
    with levy_site(folder, seed=20261129, records=6, persons=12) as site:
        yield site


def ask(site, *words):
    done = asked(*words, "--json", "--config", site.run.site.config)
    return done.exit_code, [json.loads(line) for line in done.output.splitlines() if line.startswith("{")]


def announce(site, *masters):
    site.run.server.ask("/distribution", {"masters": list(masters)})


def master(version, first, last, codes):
    return {"name": "taxation-kind", "version": version, "valid_from": f"{first}", "valid_to": last, "codes": codes}


@pytest.mark.timeout(240)
def test_a_code_master_that_drops_a_code_of_a_route_is_reported_before_its_day(site):
    """The server announces it for a day; command, alarm and status name route, table, row and day, and until that day
    records go as before. A master that contradicts itself changes nothing of what is known.
    """
    assert ask(site, "versions", "check")[0] == 1  # never asked
    announce(site, master("1", "2026-01-01", f"{DAY - timedelta(days=1)}", "1 2 3 4"), master("2", DAY, "", "1 2 4 5"))
    code, (told,) = ask(site, "versions", "fetch")
    assert (code, told["changed"], told["breaking"]) == (1, True, 1)
    code, found = ask(site, "versions", "check", "--route", ROUTE)
    (breaking,) = [each for each in found if each["breaks"] == "yes"]
    assert (code, breaking["code"], breaking["day"], breaking["file"]) == (1, "DST-010", f"{DAY}", TABLE)
    assert (breaking["row"], breaking["item"], breaking["about"]) == (4, "A0030", "taxation-kind 3")
    _, ringing = ask(site, "alarms")
    (alarm,) = [each for each in ringing if each["alarm"] == "ALM-015"]
    assert (alarm["lane"], alarm["place"], alarm["number"], alarm["limit"]) == (ROUTE, TABLE, 20, 60)
    status = asked("status", "--config", site.run.site.config, "--lang", "en").output
    assert "Layouts that change within 60 days" in status
    assert "taxation-kind v2" in status

    announce(site, master("2", DAY, "", "1 2 4 5"), master("3", DAY, "", "1 2"))
    code, (fault,) = ask(site, "versions", "fetch")
    assert (code, fault["code"], fault["facts"]["about"]) == (1, "DST-002", "taxation-kind v2, taxation-kind v3")
    assert ask(site, "versions", "check", "--route", ROUTE) == (1, found)

    code, (counts, *causes) = ask(site, "versions", "try", ROUTE, "--recent", "5", "--as-of", f"{DAY}")
    assert (code, counts["newly_refused"], counts["changed"], causes) == (0, 0, 0, [])
    assert counts["records"] == site.records + 1
