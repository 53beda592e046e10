"""Who may import whom."""

import os
import shutil
import subprocess
import sys
import tomllib

import pytest
from tests.architecture.sources import PACKAGES, ROOT, imports, product

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]

# contract → (module that breaks it, the import that does)
BREACHES = {
    "The layers of the core": ("gateway/kakehashi/domain/batch.py", "import kakehashi.codec.layout"),
    "The core knows no adapter": ("gateway/kakehashi/pipeline/retry.py", "import kakehashi_adapters.vault"),
    "Adapters do not know": ("adapters/kakehashi_adapters/spool.py", "import kakehashi_adapters.vault"),
    "Simulators share no": ("adapters/kakehashi_simulators/__init__.py", "import kakehashi.codec.layout"),
    "The individual number": ("gateway/kakehashi/ports/store.py", "import kakehashi.domain.individual_number"),
    "Only columns of the codec": ("gateway/kakehashi/codec/columns.py", "import numpy"),
    "Only the broker adapter": ("gateway/kakehashi/pipeline/retry.py", "import pika"),
    "XML is read": ("gateway/kakehashi/pipeline/retry.py", "from lxml import etree"),
    "One adapter for each foreign library: the database": ("gateway/kakehashi/pipeline/retry.py", "import sqlalchemy"),
    "One adapter for each foreign library: HTTP": ("gateway/kakehashi/pipeline/retry.py", "import httpx"),
    "One adapter for each foreign library: SSH": (
        "adapters/kakehashi_adapters/exchange_folder/client.py",
        "import paramiko",
    ),
    "One adapter for each foreign library: cryptography": (
        "gateway/kakehashi/pipeline/retry.py",
        "import cryptography",
    ),
}
PURE = (
    "gateway/kakehashi/domain",
    "gateway/kakehashi/codec",
    "gateway/kakehashi/mapping",
    "gateway/kakehashi/validation",
)
IMPURE = {"logging", "structlog", "time", "random", "socket", "subprocess", "tenacity", "httpx", "threading", "asyncio"}
IMPURE_EXCEPTIONS = {
    # libxml2's parsers and schemas must not be shared between threads
    ("gateway/kakehashi/validation/schema.py", "threading"),
    # contents that are remembered, and their values, change together
    ("gateway/kakehashi/codec/item_memory.py", "threading"),
}


def lint(folder):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(str(folder / name) for name in ("gateway", "adapters"))}
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"]
    command += ["--config", str(folder / "pyproject.toml")]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_contracts_hold():
    """Layers, adapters, simulators and the individual number keep to their import contracts."""
    run = lint(ROOT)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory):
    """What import-linter says of a copy of the program in which every contract is broken once."""
    folder = tmp_path_factory.mktemp("breach")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    for path, statement in BREACHES.values():
        with (folder / path).open("a", encoding="utf-8") as file:
            file.write(f"\n{statement}\n")
    run = lint(folder)
    return " ".join(run.stdout.split())


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract["name"])
def test_a_breach_of_a_contract_is_found(contract, verdicts):
    """Each contract fails on an import that breaks it."""
    assert any(contract["name"].startswith(begin) for begin in BREACHES), "name a breach of this contract"
    assert f"{' '.join(contract['name'].split())} BROKEN" in verdicts, verdicts


def test_pure_layers_touch_nothing_but_values():
    """Domain, codec, mapping and validation neither log, retry, sleep, guess nor start anything."""
    found = {
        (source.path, module)
        for source in product()
        if source.under(*PURE)
        for module in imports(source)
        if module.split(".")[0] in IMPURE
    }
    assert found <= IMPURE_EXCEPTIONS


def test_the_domain_is_true_without_anything_else():
    """The domain imports the standard library, itself and the errors, nothing more."""
    allowed = sys.stdlib_module_names
    found = [
        (source.path, module)
        for source in product()
        if source.under("gateway/kakehashi/domain")
        for module in imports(source)
        if module.split(".")[0] not in allowed and not module.startswith(("kakehashi.domain", "kakehashi.errors"))
    ]
    assert found == []


def test_every_package_is_a_package():
    """No folder of the program lacks its __init__.py: import rules and wheels would pass over it."""
    folders = {(ROOT / source.path).parent for source in product()}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []
