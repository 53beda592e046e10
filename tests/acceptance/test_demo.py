"""The main job as a newcomer sees it: one command, a summary that adds up, the planted faults found, exit code 0."""

import json
import subprocess
import sys

import pytest


def run_demo(folder, *options):
    command = [sys.executable, "-m", "kakehashi", "demo", "--once", "--json", "--folder", str(folder), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return done, lines


def assert_adds_up(done, lines):
    total = lines[-1]
    assert total["problems"] == [], done.stderr
    assert done.returncode == 0, done.stderr
    assert total["received"] == total["accepted"] + total["refused"] + total["waiting"] > 0
    assert total["planted"] == total["found"] > 10
    assert {"tax-levy", "welfare-assistance", "welfare-inquiry", "registry-household"} <= {
        line.get("lane") for line in lines
    }


@pytest.mark.timeout(300)
def test_the_demo_needs_no_server_and_adds_up(tmp_path):
    """`./run --once` on embedded defaults ends by itself with exit code 0."""
    assert_adds_up(*run_demo(tmp_path / "site"))


@pytest.mark.timeout(300)
def test_the_demo_does_the_same_on_rabbitmq_postgresql_and_through_a_folder(tmp_path, rabbitmq, postgresql_url):
    """`--broker amqp://… --store postgresql+psycopg://… --transport folder`: the same, and nothing is left there."""
    options = ("--broker", rabbitmq.url, "--store", postgresql_url, "--transport", "folder")
    assert_adds_up(*run_demo(tmp_path / "site", *options))
    left = [path.name for path in (tmp_path / "site" / "lgwan").glob("*/*") if not path.name.startswith(".serial")]
    assert left == []
