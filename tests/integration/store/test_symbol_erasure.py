"""What the ledger's file holds of a process number after its acquisition has ended."""

from dataclasses import replace

from kakehashi.domain.symbol import AcquisitionState, HeldNumber, Origin, Step
from kakehashi.testing.store_samples import NOW
from kakehashi_adapters.sql_store import migrate, open_store


def test_the_sealed_bytes_of_an_ended_acquisition_are_written_over(tmp_path):
    """Not even the sealed form is left in the file; those of the living ones are there."""
    url = f"sqlite:///{tmp_path}/ledger.db"
    migrate(url)
    store = open_store(url)
    persons = [f"{number:015d}" for number in range(1, 9)]
    store.need(persons, origin=Origin.REGISTERED, now=NOW)
    sealed = {row.id: b"sealed process number of %d" % row.id for row in store.acquisitions()}
    for row in store.acquisitions():
        what = replace(row.what, state=AcquisitionState.ISSUED, number=HeldNumber("k", sealed[row.id]), expires_at=NOW)
        assert store.move(row.id, turn=0, step=Step(what), now=NOW)
    ended, living = store.acquisitions()[:6], store.acquisitions()[6:]
    for row in ended:
        what = replace(row.what, state=AcquisitionState.FAILED, number=None, expires_at=None, due=None)
        assert store.move(row.id, turn=1, step=Step(what), now=NOW)
    store.close()
    files = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert [row.id for row in ended if sealed[row.id] in files] == []
    assert all(sealed[row.id] in files for row in living)
