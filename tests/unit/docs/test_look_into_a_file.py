"""The commands of the how-to page do what it says."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from kakehashi.cli.main import main

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "how-to" / "look-into-a-file.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^kakehashi (.+)$", PAGE, re.MULTILINE)
EXAMPLE = re.findall(r"^ {4}[0-9]+ .+$", PAGE, re.MULTILINE)


def called(command, folder, monkeypatch):
    (folder / "config").symlink_to(ROOT / "config")
    monkeypatch.chdir(folder)
    return CliRunner().invoke(main, [*command.split(), "--lang", "en"])


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_of_the_page_work(command, tmp_path, monkeypatch):
    """Each ends with 0, or with 1 where its example has a fault or a difference."""
    result = called(command, tmp_path, monkeypatch)
    assert result.exit_code in {0, 1}, result.output
    assert (tmp_path / "page.html").exists() is ("--html" in command)


def test_the_example_of_the_page_is_real(tmp_path, monkeypatch):
    """The lines shown are those that the command prints, but for the spaces."""
    printed = {" ".join(line.split()) for line in called(COMMANDS[0], tmp_path, monkeypatch).stdout.splitlines()}
    assert len(EXAMPLE) == 2
    assert {" ".join(line.split()) for line in EXAMPLE} <= printed
