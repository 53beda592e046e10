"""The program's own files, read once, for the rules that are checked on their text and syntax."""

import ast
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("gateway/kakehashi", "adapters/kakehashi_adapters", "adapters/kakehashi_simulators")


@dataclass(frozen=True)
class Source:
    path: str
    text: str

    @property
    def tree(self):
        return _tree(self.text)

    def under(self, *places):
        return any(self.path == place or self.path.startswith(place.rstrip("/") + "/") for place in places)

    def calls(self, *names):
        """(node, dotted name) of calls whose dotted name ends in one of `names`."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                called = dotted(node.func)
                if any(called == name or called.endswith("." + name) for name in names):
                    yield node, called

    def at(self, node):
        return f"{self.path}:{node.lineno}"


@cache
def _tree(text):
    return ast.parse(text)


def dotted(node):
    """`a.b.c` of a name or attribute; a call or subscript in between counts as an empty part."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


def keywords(call):
    return {keyword.arg: keyword.value for keyword in call.keywords}


def constant(node):
    return node.value if isinstance(node, ast.Constant) else None


def imports(source):
    """Every module that the file names in an import, wherever in the file."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@cache
def product():
    """The Python files that are shipped."""
    paths = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return tuple(Source(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in paths)


@cache
def suite():
    """The Python files of the tests."""
    paths = sorted((ROOT / "tests").rglob("*.py"))
    return tuple(Source(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in paths)


@cache
def committed():
    """(path, text) of every file that is or would be committed; bytes that are no text are read as Latin-1."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=False).stdout.decode().split("\0")
    paths = [ROOT / name for name in listed if name] or [path for path in ROOT.rglob("*") if ".venv" not in path.parts]
    return tuple((path.relative_to(ROOT).as_posix(), _text(path)) for path in sorted(paths) if path.is_file())


def _text(path):
    raw = path.read_bytes()
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
