"""Runs one target under atheris: python -m tests.fuzz.engine TARGET [libFuzzer options and corpus folders]"""

import sys

import atheris

with atheris.instrument_imports(include=["kakehashi"]):
    from tests.fuzz.targets import TARGETS

atheris.Setup([sys.argv[0], *sys.argv[2:]], TARGETS[sys.argv[1]])
atheris.Fuzz()
