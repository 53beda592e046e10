"""What a line of code knows about its room."""

import ast
import re
import statistics

from tests.architecture.sources import committed, product, suite

MOST_LINES = 400
MOST_FUNCTION_LINES = 60
VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}


def test_domain_terms_come_first():
    """Every module and class of the domain opens with its Japanese term in 「」."""
    wrong = []
    for source in product():
        if not source.under("gateway/kakehashi/domain") or source.path.endswith("__init__.py"):
            continue
        classes = [node for node in source.tree.body if isinstance(node, ast.ClassDef)]
        public = [node for node in classes if not node.name.startswith("_") and not _is_exception(node)]
        wrong += [
            f"{source.path}: {getattr(node, 'name', 'module')}"
            for node in (source.tree, *public)
            if not (ast.get_docstring(node) or "").startswith("「")
        ]
    assert wrong == []


def _is_exception(node):
    return any(isinstance(base, ast.Name) and base.id.endswith(("Error", "Exception")) for base in node.bases)


def test_modules_are_small_and_singular():
    """No module is longer than 400 lines or named after nothing; the median stays near 100."""
    lengths = {source.path: source.text.count("\n") for source in product()}
    assert {path: length for path, length in lengths.items() if length > MOST_LINES} == {}
    assert [path for path in lengths if set(path.removesuffix(".py").split("/")) & VAGUE] == []
    assert statistics.median(lengths.values()) <= 150


def test_functions_are_short():
    """No function is longer than 60 lines, and most are a tenth of that."""
    lengths = {
        f"{source.at(node)} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for source in product()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef)
    }
    assert {name: length for name, length in lengths.items() if length > MOST_FUNCTION_LINES} == {}
    assert statistics.quantiles(lengths.values(), n=10)[8] <= 30


def test_no_module_keeps_mutable_state():
    """No `global` statement: state lives in objects that somebody made and somebody can replace."""
    assert [
        source.at(node) for source in product() for node in ast.walk(source.tree) if isinstance(node, ast.Global)
    ] == []


def test_no_test_is_passed_over():
    """No test is skipped or expected to fail: what cannot run fails with its cure."""
    words = ("skip", "skipif", "xfail", "importorskip")
    wrong = [source.at(call) for source in suite() for call, name in source.calls(*words) if name.startswith("pytest.")]
    assert wrong == []


def test_a_silenced_check_has_its_reason_beside_it():
    """The mark names the check, and what follows it says why."""
    silenced = re.compile(r"[#] (?:noqa|type: ignore)\b")
    reasoned = re.compile(r"(?:# (?:noqa: \w+(?:, \w+)*|type: ignore\[[\w, -]+\])  )+# \S")
    wrong = [
        f"{path}:{number}"
        for path, text in committed()
        if path.endswith(".py")
        for number, line in enumerate(text.splitlines(), start=1)
        if silenced.search(line) and not reasoned.search(line)
    ]
    assert wrong == []


def test_every_test_states_a_fact():
    """Each test function has a docstring."""
    wrong = [
        f"{source.at(node)} {node.name}"
        for source in suite()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not ast.get_docstring(node)
    ]
    assert wrong == []
