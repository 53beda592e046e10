"""One record of a shipped layout with another value in one item: that item changes, every other byte stays."""

import io

import pytest
from tests.unit.pipeline.conftest import ROOT

from kakehashi.codec.correcting import corrected
from kakehashi.codec.inspection.by_layout import LayoutInspector
from kakehashi.codec.inspection.privacy import Marks
from kakehashi.config.loader import load
from kakehashi.domain.batch import BatchBody
from kakehashi.errors import InputError
from kakehashi_simulators.legacy import generate

ITEMS = {
    "tax-levy": [("漢字氏名", "山田　花子"), ("年税額", "123400"), ("有効開始日", "2026-05-01")],
    "welfare-assistance": [("氏名", "山田　花子"), ("最低生活費", "98000")],
    "welfare-inquiry": [("照会者部署コード", "9999")],
    "registry-household": [("household.世帯番号", "0000012345"), ("生年月日", "1974-08-03")],
}


@pytest.fixture(scope="module")
def routes():
    return load(ROOT / "config").routes


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    return generate(tmp_path_factory.mktemp("samples"), seed=7, scale=0.02, faults=False)


def single(route, sample, index=1):
    """One record as an exception keeps it."""
    data = sample.path.read_bytes()
    split = route.codec.split(io.BytesIO(data), batch_records=1000, file=sample.name)
    part = split.slices[0]
    body = BatchBody(split.header_of(part), data[part.offset : part.offset + part.length])
    return route.codec.decode(body, file=sample.name, first_record=1, offset=0).raw(index)


def spans(route, body):
    picture = LayoutInspector(route.codec, Marks()).record(body, number=1, offset=0, file="")
    return {span.name: span for span in picture.spans}


@pytest.mark.parametrize(("lane", "item", "text"), [(lane, *pair) for lane, pairs in ITEMS.items() for pair in pairs])
def test_only_the_item_changes(routes, samples, lane, item, text):
    """Its value is the new one; the bytes of all others, before and behind it, are the old ones."""
    route, sample = routes[lane], samples.lane(lane)[0]
    before = single(route, sample)
    after = corrected(route.codec, before, {item: text})
    old, new = spans(route, before), spans(route, after)
    assert new[item].fault is None
    assert new[item].raw != old[item].raw
    assert {n: s.raw for n, s in new.items() if n != item} == {n: s.raw for n, s in old.items() if n != item}
    assert after.header == before.header
    assert len(after.data) - len(before.data) == len(new[item].raw) - len(old[item].raw)
    assert route.codec.decode(after, file="", first_record=1, offset=0).faults == []


def test_an_item_that_cannot_be_read_is_mended(routes, samples):
    """Packed digits that are none (DEC-006) become digits again; so do two at a time."""
    route, sample = routes["tax-levy"], samples.lane("tax-levy")[0]
    good = single(route, sample)
    span = spans(route, good)["年税額"]
    bad = BatchBody(
        good.header, good.data[: span.start] + b"\xff" * len(span.raw) + good.data[span.start + len(span.raw) :]
    )
    (fault,) = route.codec.decode(bad, file="", first_record=1, offset=0).faults
    assert (fault.code, fault.place.item) == ("DEC-006", "年税額")
    assert corrected(route.codec, bad, {"年税額": str(span.value)}) == good
    both = corrected(route.codec, bad, {"年税額": "1", "漢字氏名": "山田　花子"})
    assert (spans(route, both)["年税額"].value, spans(route, both)["漢字氏名"].value.strip("　")) == (1, "山田　花子")


@pytest.mark.parametrize(
    ("lane", "item", "text", "code"),
    [
        ("tax-levy", "無い項目", "1", "CFG-006"),
        ("tax-levy", "header.作成日", "1", "CFG-006"),
        ("tax-levy", "漢字氏名(2)", "1", "CFG-006"),
        ("tax-levy", "年税額", "12x", "DEC-005"),
        ("tax-levy", "年税額", "Infinity", "DEC-005"),
        ("tax-levy", "年税額", "1.5", "DEC-018"),
        ("tax-levy", "年税額", "9" * 40, "DEC-018"),
        ("tax-levy", "有効開始日", "yesterday", "DEC-018"),
        ("tax-levy", "漢字氏名", "山" * 400, "DEC-018"),
        ("welfare-assistance", "氏名", "山" * 400, "DEC-018"),
        ("welfare-inquiry", "照会者部署コード", "1,2", "DEC-018"),
    ],
)
def test_what_does_not_fit_is_told_with_its_item_and_without_its_value(routes, samples, lane, item, text, code):
    """Nothing is changed then."""
    route = routes[lane]
    with pytest.raises(InputError) as caught:
        corrected(route.codec, single(route, samples.lane(lane)[0]), {item: text})
    assert (caught.value.fault.code, caught.value.fault.place.item) == (code, item)
    assert text not in str(caught.value) or len(text) == 1


def test_a_record_of_another_length_has_no_places(routes, samples):
    """Too short, too long, or two records: the whole record must be given anew."""
    route, sample = routes["tax-levy"], samples.lane("tax-levy")[0]
    good = single(route, sample)
    for data, code in ((good.data[:-1], "DEC-002"), (good.data * 2, "DEC-014")):
        with pytest.raises(InputError) as caught:
            corrected(route.codec, BatchBody(good.header, data), {"漢字氏名": "山田"})
        assert caught.value.fault.code == code
