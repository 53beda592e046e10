"""What a command says of one thing: words for people, values as they are for programs."""

import json

import pytest

from kakehashi.cli.output import Output

TOLD = {"done": False, "replicas": {"tax-levy": 1200, "care": 3}, "lanes": ["a", "b"], "left": None, "links": 3}


@pytest.mark.parametrize(("lang", "no", "hint"), [("en", "no", "--yes does it"), ("ja", "いいえ", "--yes を付けると")])
def test_one_thing_is_told_in_words(capsys, lang, no, hint):
    """Yes and no, counts by name, lists; and that a command which wants --yes has done nothing."""
    Output(as_json=False, lang=lang).object(TOLD)
    said = capsys.readouterr()
    values = [line.rpartition("  ")[2] for line in said.out.splitlines()]
    assert values == [no, "tax-levy 1,200, care 3", "a, b", "", "3"]
    assert hint in said.err


def test_programs_get_the_values(capsys):
    """One JSON object, and nothing else."""
    Output(as_json=True, lang="ja").object(TOLD)
    said = capsys.readouterr()
    assert (json.loads(said.out), said.err) == (TOLD, "")
    Output(as_json=False, lang="en").object({"done": True})
    assert "yes" in capsys.readouterr().out
