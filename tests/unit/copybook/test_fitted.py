"""Cuts that the options declare end between characters, in every form of text that a copybook has."""

import pytest

from kakehashi.codec.copybook.fitted import FittedCodec
from kakehashi.codec.copybook.options import Options
from kakehashi.codec.copybook.parser import parse_copybook
from kakehashi.domain.character import CharacterTrouble
from kakehashi.errors import InputError


def codec(pictures, *, encoding="cp932", cut=("A",), degrade=None, dialect="ibm"):
    lines = [f"           05 {name} {picture}." for name, picture in pictures.items()]
    book = parse_copybook("\n".join(["       01 R.", *lines]), dialect=dialect)
    return FittedCodec(book, Options(encoding=encoding, truncate=frozenset(cut)), degrade or {})


@pytest.mark.parametrize(
    ("picture", "encoding", "text", "kept", "gone"),
    [
        ("PIC X(5)", "cp932", "山田太郎", "山田", 2),
        ("PIC X(4)", "cp932", "ｶﾞｷﾞｸﾞ", "ｶﾞｷﾞ", 1),
        ("PIC X(3)", "cp932", "ｶﾞｷﾞｸﾞ", "ｶﾞ", 2),
        ("PIC X(7)", "cp930", "山田太", "山田", 1),
        ("PIC X(6)", "cp939", "ab山田", "ab山", 1),
        ("PIC X(3)", "cp939", "山田", "", 2),
        ("PIC N(2)", "jef", "山田太", "山田", 1),
        ("PIC X(6)", "keis83", "山田", "山", 1),
        ("PIC N(2) NATIONAL", "cp932", "山田太", "山田", 1),
        ("PIC N(1) NATIONAL", "cp932", "𠮷", "", 1),
        ("PIC X(4)", "utf-8", "山田", "山", 1),
    ],
)
def test_a_cut_ends_between_characters(picture, encoding, text, kept, gone):
    """Never half a kanji, half a surrogate pair, a lost shift code, a kana without its mark."""
    made = codec({"A": picture, "B": "PIC 9"}, encoding=encoding)
    raw = made.write({"A": text, "B": 7})
    assert made.read(raw).values == {"A": kept, "B": 7}
    assert [(loss.item, loss.trouble, loss.times) for loss in made.losses] == [("A", CharacterTrouble.CUT, gone)]
    made.write({"A": kept, "B": 7})
    assert made.losses == []


def test_what_no_option_declares_is_refused():
    """Another item, and a value that is no text."""
    made = codec({"A": "PIC X(4)", "B": "PIC X(4)"})
    with pytest.raises(InputError) as caught:
        made.write({"A": "abcde", "B": "abcde"})
    assert (caught.value.fault.code, caught.value.fault.place.item) == ("DEC-018", "B")


def test_every_occurrence_is_fitted():
    """Substitutes count over the record; a kept record is written from its bytes as before."""
    made = codec({"A": "PIC X(2) OCCURS 3"}, degrade={"𠮷": "吉"})
    assert made.write({"A": ["𠮷", "𠮷", "abc"]}).decode("cp932") == "吉吉ab"
    assert sorted((loss.source, loss.target, loss.times) for loss in made.losses) == [
        ("", None, 1),
        ("U+20BB7", "U+5409", 2),
    ]


@pytest.mark.parametrize("picture", ["PIC 9(4)", "PIC X(4) JUSTIFIED", "PIC ZZ9", "COMP-1"])
def test_only_text_that_is_padded_at_its_end_can_lose_it(picture):
    """JUSTIFIED text loses its beginning in COBOL, and numbers nothing: CFG-003."""
    with pytest.raises(InputError) as caught:
        codec({"A": picture})
    assert (caught.value.fault.code, caught.value.fault.place.item) == ("CFG-003", "A")
