"""外字 through a whole lane: the record is held, the ledger says by what, a table frees it, losses are written down."""

import shutil
from pathlib import Path

import pytest

from kakehashi.domain.batch import RecordState
from kakehashi.domain.character import CharacterTrouble

CONFIG = Path(__file__).parents[3] / "config"
SIZE, RECORD, START = 400, 5, 360
"""更正事由 of one data record of LEVY: the header comes first."""
TSUJI = "辻\U000e0103"
GAIJI = "code,unicode,ivs,note\nF040,8FBB,E0103,\n"


@pytest.fixture
def config(tmp_path):
    return shutil.copytree(CONFIG, tmp_path / "config")


def change(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def add_gaiji(config, table=GAIJI):
    folder = config / "systems" / "tax"
    (folder / "gaiji.csv").write_text(table, encoding="utf-8")
    system = (folder / "system.toml").read_text(encoding="utf-8")
    (folder / "system.toml").write_text(f'{system}\n[[gaiji]]\nfile = "gaiji.csv"\n', encoding="utf-8")


def take(house, manifest, texts):
    """A file of LEVY whose 更正事由 are these raw bytes, by data record."""
    sample = manifest.lane("tax-levy")[0]
    content = bytearray(sample.path.read_bytes())
    for number, raw in texts.items():
        start = number * SIZE + START - 1
        content[start : start + 40] = raw.ljust(40)
        content[number * SIZE + 16 : number * SIZE + 17] = b"1"
    house.take(sample.name, bytes(content))
    house.until_quiet()
    return sample


def test_a_code_without_a_character_holds_its_record_until_a_table_knows_it(house_of, manifest, config):
    """Only that record; the ledger names the code, how often and where; with the row it is sent with its selector."""
    house = house_of("tax-levy", config)
    gaiji = b"\xf0\x40" + "町".encode("cp932") + b"\xf0\x40\xf0\x41"
    sample = take(house, manifest, {RECORD: gaiji})
    assert (house.counts.accepted, house.counts.refused) == (sample.records - 1, 1)
    start = RECORD * SIZE + START - 1
    rows = house.store.characters(trouble=CharacterTrouble.UNMAPPED)
    assert [(row.record_no, row.item, row.source, row.times, row.offset) for row in rows] == [
        (RECORD, "更正事由", "F040", 2, start),
        (RECORD, "更正事由", "F041", 1, start + 6),
    ]
    assert {(row.lane, row.state) for row in rows} == {("tax-levy", RecordState.REFUSED)}

    add_gaiji(config)
    house.reload(config)
    house.redrive(house.store.exceptions(code="DEC-004"))
    house.until_quiet()
    held = house.store.characters(held=True)
    assert [(row.source, row.record_no, row.offset) for row in held] == [("F041", RECORD, start)]

    change(config / "systems/tax/gaiji.csv", "F040", "F041,9053,,\nF040")
    house.reload(config)
    house.redrive(house.store.exceptions(code="DEC-004", states=[RecordState.REFUSED]))
    house.until_quiet()
    assert (house.counts.accepted, house.counts.refused) == (sample.records, 0)
    assert house.store.characters(held=True) == []
    sent = [message for message in house.client.delivered if TSUJI.encode() in message.document]
    assert [message.document.count(f"<A0340>{TSUJI}町{TSUJI}道</A0340>".encode()) for message in sent] == [1]


def test_a_character_that_the_server_does_not_take_is_named(house_of, manifest, config):
    """By its code points: one character, nothing else of the text; a declared substitute frees the record."""
    house = house_of("tax-levy", config)
    take(house, manifest, {RECORD: "凬間町".encode("cp932")})
    (row,) = house.store.characters(held=True)
    assert (row.trouble, row.source, row.target, row.item) == (CharacterTrouble.OUTSIDE, "U+51EC", None, "A0340")
    change(config / "profiles/std-2026/degrade.csv", "髙,", "凬,風,\n髙,")
    house.reload(config)
    house.redrive(house.store.exceptions(code="MAP-004"))
    house.until_quiet()
    assert house.counts.refused == 0
    lost = [row for row in house.store.characters(source="U+51EC") if row.trouble is CharacterTrouble.DEGRADED]
    assert [(row.record_no, row.item, row.target, row.times) for row in lost] == [(RECORD, "A0340", "U+98A8", 1)]


def test_all_characters_of_an_item_that_the_server_does_not_take_are_named(house_of, manifest):
    """Each by itself, as often as it stands there: one look is enough to write the table."""
    house = house_of("tax-levy")
    take(house, manifest, {RECORD: "凬町鈆凬".encode("cp932")})
    rows = {(row.source, row.item, row.times) for row in house.store.characters(held=True)}
    assert rows == {("U+51EC", "A0340", 2), ("U+9206", "A0340", 1)}


def test_every_substitute_is_written_down_with_its_record(house_of, manifest):
    """Which record, which item, from which to which code point, how often; the record itself is accepted."""
    house = house_of("tax-levy")
    take(house, manifest, {RECORD: "髙木髙".encode("cp932")})
    rows = [row for row in house.store.characters(trouble=CharacterTrouble.DEGRADED) if row.record_no == RECORD]
    assert [(row.item, row.source, row.target, row.times) for row in rows] == [("A0340", "U+9AD9", "U+9AD8", 2)]
    assert (rows[0].exception_id, rows[0].state) == (None, None)
    assert house.counts.refused == 0


def test_a_record_in_another_charset_leaves_no_text_in_the_ledger(house_of, manifest):
    """Its bytes one after the other would say what it says: only its first eight codes are told."""
    house = house_of("tax-levy")
    take(house, manifest, {RECORD: bytes(byte for at in range(20) for byte in (0xF0, 0x40 + at))})
    assert len(house.store.characters(held=True)) == 8


def echoing(config, *, truncate):
    """The result also gives 更正事由 back, in an item that is too short for some."""
    file = config / "routes/tax-levy/return.csv"
    change(file, "converters,note", "converters,note,truncate")
    change(file, "data,7,予備,X,43,38,,,=,,", f"data,7,事由,N,6,38,,,更正事由,,,{truncate}\ndata,8,予備,X,37,44,,,=,,")


def test_a_result_is_cut_where_the_layout_declares_it_and_that_is_written_down(house_of, manifest, config):
    """At a character; how many are gone, never which. The result is written once more: it is told once."""
    echoing(config, truncate="yes")
    house = house_of("tax-levy", config)
    take(house, manifest, {RECORD: "山田町役場".encode("cp932")})
    (content,) = house.results().values()
    assert content[RECORD * 80 + 37 : RECORD * 80 + 43].decode("cp932") == "山田町"
    cut = [row for row in house.store.characters(trouble=CharacterTrouble.CUT) if row.record_no == RECORD]
    assert [(row.item, row.source, row.target, row.times) for row in cut] == [("事由", "", None, 2)]


def test_a_result_is_not_cut_where_the_layout_does_not_declare_it(house_of, manifest, config):
    """It is held, with an event that names code, record and item; nothing of it is visible."""
    echoing(config, truncate="no")
    house = house_of("tax-levy", config)
    take(house, manifest, {RECORD: "山田町役場".encode("cp932")})
    assert house.results() == {}
    (event, *_) = house.recorder.named("file.return_failed")
    assert event["code"] == "DEC-018"


def test_a_result_with_a_character_that_its_charset_lacks_waits_for_a_substitute(house_of, manifest, config):
    """DEC-023 with the character, never a question mark; with the system's table it goes out, and that is told."""
    echoing(config, truncate="yes")
    add_gaiji(config)
    change(config / "routes/tax-levy/route.toml", "[return]", '[return]\ncharset = "shift_jis-x0208"')
    house = house_of("tax-levy", config)
    take(house, manifest, {RECORD: b"\xf0\x40" + "町".encode("cp932")})
    assert house.results() == {}
    (event, *_) = house.recorder.named("file.return_failed")
    assert (event["code"], event["item"], event["record"]) == ("DEC-023", "事由", RECORD)
    assert event["character"] == "U+8FBB U+E0103"
    (config / "systems/tax/back.csv").write_text(f"from,to,note\n{TSUJI},辻,字形の差\n髙,高,\n", encoding="utf-8")
    change(config / "systems/tax/system.toml", 'charset = "cp932"', 'charset = "cp932"\ndegrade = "back.csv"')
    house.reload(config)
    (content,) = house.results().values()
    assert content[RECORD * 80 + 37 : RECORD * 80 + 41].decode("cp932") == "辻町"
    returned = [row for row in house.store.characters(trouble=CharacterTrouble.RETURNED) if row.record_no == RECORD]
    assert [(row.item, row.source, row.target) for row in returned] == [("事由", "U+8FBB U+E0103", "U+8FBB")]
