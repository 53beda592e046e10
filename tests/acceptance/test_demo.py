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
def test_the_demo_does_the_same_through_rabbitmq(tmp_path, rabbitmq):
    """`./run --once --broker amqp://…` finds the same."""
    assert_adds_up(*run_demo(tmp_path / "site", "--broker", rabbitmq.url))


@pytest.mark.timeout(300)
def test_the_demo_does_the_same_on_rabbitmq_and_postgresql(tmp_path, rabbitmq, postgresql_url):
    """The ledger of a large city is PostgreSQL: the same summary."""
    assert_adds_up(*run_demo(tmp_path / "site", "--broker", rabbitmq.url, "--store", postgresql_url))


@pytest.mark.timeout(300)
def test_the_demo_does_the_same_through_an_exchange_folder(tmp_path):
    """Messages and answers as files instead of HTTPS: the same summary, and nothing is left in the folder."""
    assert_adds_up(*run_demo(tmp_path / "site", "--transport", "folder"))
    left = [path.name for path in (tmp_path / "site" / "lgwan").glob("*/*") if not path.name.startswith(".serial")]
    assert left == []
