"""The private RabbitMQ keeps to itself and leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kakehashi.errors import BrokerUnavailable
from kakehashi_adapters.private_rabbitmq import PrivateRabbit

PARENT = """
import sys, time
from kakehashi_adapters.private_rabbitmq import PrivateRabbit
rabbit = PrivateRabbit()
print(rabbit.port, rabbit._process.pid, rabbit._mapper.pid, rabbit._folder, flush=True)
time.sleep(600)
"""


def answers(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def lives(pid):
    try:
        return b") Z " not in Path(f"/proc/{pid}/stat").read_bytes()  # a zombie of a killed parent is dead
    except FileNotFoundError:
        return False


def test_it_dies_with_its_parent(tmp_path):
    """When the program that started it is killed, server and port mapper end within seconds."""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, env=environment)
    port, server, mapper, folder = parent.stdout.readline().split()
    assert answers(int(port))
    assert folder.startswith(str(tmp_path))
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    deadline = time.monotonic() + 10
    while (lives(int(server)) or lives(int(mapper))) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not lives(int(server))
    assert not lives(int(mapper))


def test_it_is_told_when_it_does_not_start(tmp_path, monkeypatch):
    """A server that ends instead of starting is BrokerUnavailable, without its output."""
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin" / "rabbitmq-server"
    script.write_text("#!/bin/sh\necho SECRET\nexit 1\n")
    script.chmod(0o755)
    monkeypatch.setattr("kakehashi_adapters.private_rabbitmq._PLACES", (tmp_path,))
    with pytest.raises(BrokerUnavailable) as caught:
        PrivateRabbit(tmp_path / "data")
    assert "SECRET" not in str(caught.value)


def test_control_failures_are_told(own_rabbitmq):
    """A rabbitmqctl command that fails is BrokerUnavailable; one that works gives its output."""
    assert own_rabbitmq.version[0].isdigit()
    with pytest.raises(BrokerUnavailable):
        own_rabbitmq.control("no_such_command")
