"""A site whose persons the tax system has without 個人番号: what is done to their replicas is seen there."""

import contextlib
from datetime import date, datetime, timedelta, timezone
from types import SimpleNamespace

from tests.acceptance.watching import settled

from kakehashi.ports.links import LinkRow
from kakehashi.runtime.bootstrap import plugin
from kakehashi_simulators.demo.run import started
from kakehashi_simulators.legacy.manifest import Sample
from kakehashi_simulators.legacy.tax import LANE, write_tax
from kakehashi_simulators.legacy.town import Town

NOW = datetime(2026, 7, 1, 9, tzinfo=timezone(timedelta(hours=9)))


@contextlib.contextmanager
def levy_site(folder, *, seed, records, persons, **options):
    """So many persons linked; of the first `records`, and one more, a replica at the server."""
    with started(folder, seed=seed, scale=0.05, faults=False, result_delay_seconds=0.2, **options) as run:
        store, links = plugin("stores", "sqlite")(run.configuration.gateway.store.url)
        town = Town(seed)
        everybody = [town.people.unified(person) for person in range(persons)]
        rows = [
            LinkRow(system="tax", atena=town.atena("tax", n), unified=unified, since=date(2026, 6, 1))
            for n, unified in enumerate(everybody)
        ]
        assert not links.link(rows, now=NOW)
        site = SimpleNamespace(
            run=run, store=store, links=links, town=town, persons=everybody, records=records, files=0
        )
        drop(site)
        settled(run)
        yield site
        links.close()
        store.close()


def drop(site):
    """The owner sends all of them again, and one more each time: the same file would not be taken twice."""
    site.files += 1
    records = site.records + site.files
    path = site.run.site.folder / "samples" / f"LEVY{site.files:04d}.DAT"
    write_tax(path, town=site.town, first=0, records=records)
    site.run.drop([Sample(lane=LANE, name=path.name, path=path, records=records, good=records)])
    return records
