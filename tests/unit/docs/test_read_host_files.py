"""The page about host files names every option that copybooks have, and no other."""

import re
from pathlib import Path

from kakehashi.cli.data import decode, encode

PAGE = (Path(__file__).parents[3] / "docs" / "how-to" / "read-host-files.md").read_text(encoding="utf-8")
GENERAL = {"--layout", "--out", "--show"}


def test_the_page_names_the_options_that_there_are():
    """Each option of decode and encode that is for copybooks, and the few that others have, too."""
    named = set(re.findall(r"--[a-z][a-z-]*", PAGE))
    options = {
        name: option for option in (*decode.params, *encode.params) for name in option.opts if name.startswith("--")
    }
    theirs = {name for name, option in options.items() if (getattr(option, "help", "") or "").startswith("Copybook:")}
    assert theirs - named == set()
    assert named - options.keys() - GENERAL == set()
