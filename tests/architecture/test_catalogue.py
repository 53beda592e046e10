"""The catalogue of error codes and the code agree, and what is shown has its Japanese word."""

import ast
import re

from tests.architecture.sources import committed, product

from kakehashi.catalogue import PROBLEMS
from kakehashi.cli.words import word

FAMILIES = "|".join(sorted({code.split("-")[0] for code in PROBLEMS}))
CODE = re.compile(rf"\b(?:{FAMILIES})-[0-9]{{3}}\b")
MESSAGES = re.compile(r"SYM-9[01][0-9]")
"""Message ids of the external interface (design.md §6) that look like codes."""

RESERVED: dict[str, str] = {}
"""Catalogued ahead of its use: code → why."""


def used():
    codes = {
        code for source in product() if not source.path.endswith("/catalogue.py") for code in CODE.findall(source.text)
    }
    return {code for code in codes if not MESSAGES.fullmatch(code)}


def test_every_code_in_use_is_catalogued():
    """No code is raised, mapped or written about that an operator cannot look up."""
    assert used() - PROBLEMS.keys() == set()


def test_every_catalogued_code_is_in_use_or_reserved():
    """The catalogue holds no code that cannot occur, but for those reserved with a reason."""
    assert PROBLEMS.keys() - used() == RESERVED.keys()


def test_every_problem_says_what_and_what_to_do_in_both_languages():
    """Four texts each, of one line, without a final stop (the fault's text joins them)."""
    for code, problem in PROBLEMS.items():
        assert all(problem), code
        assert not any(text.endswith((".", "。", "|")) for text in (problem.en, problem.ja)), code
        assert problem.en.isascii(), code
        assert not problem.ja.isascii(), code
        assert not problem.remedy_ja.isascii(), code


def test_documents_name_only_codes_that_exist():
    """A code that a page, a table or a case names is in the catalogue."""
    for path, text in committed():
        if path.endswith((".md", ".toml", ".csv")):
            found = {code for code in CODE.findall(text) if not MESSAGES.fullmatch(code)}
            assert found <= PROBLEMS.keys(), path


def test_every_heading_of_a_command_has_a_japanese_word():
    """Titles and columns of its tables: an operator reads one language."""
    missing = [
        f"{source.at(node)} {text}"
        for source in product()
        if source.under("gateway/kakehashi/cli")
        for node, _ in source.calls("output.rows")
        for part in node.args[:2]
        for text in headings(part)
        if word(text, "ja") == text
    ]
    assert missing == []


def headings(node):
    """The words of a title, or of a tuple of columns, as they are shown."""
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    texts = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return [text.replace("_", " ") for text in texts if text]
