"""What may happen to a running site, a function each, and a seeded choice among them (exam E03 to E05, the soak).

Each strike ends with the struck part running again; what it broke is for the gateway to mend.
"""

import random
import signal
import time
from collections import Counter


def kill(run, process):
    """Kill -9 of a gateway process, and a new one."""
    run.processes.kill(process)
    run.processes.restart(process)


def freeze(run, process, seconds):
    """Nothing of the process runs for a while, then everything at once: a machine that swaps, a paused guest."""
    victim = run.processes.running[process]
    victim.send_signal(signal.SIGSTOP)
    time.sleep(seconds)
    victim.send_signal(signal.SIGCONT)


def kill_broker(broker):
    """Kill -9 of RabbitMQ; returns when it takes connections again."""
    broker.kill()
    broker.start()


def restart_broker(broker):
    """In good order, as at an upgrade."""
    broker.control("stop_app")
    broker.control("start_app")


class Strikes:
    """Strikes at the parts of a site in an order that the seed decides. `told` holds (second, name) of each.

    Without `broker` (a PrivateRabbit) or `proxy` (a TcpProxy before it) their strikes are left out.
    """

    def __init__(self, run, *, seed, broker=None, proxy=None):
        self.dice = random.Random(seed)
        self.begin = time.monotonic()
        self.told = []
        self.ways = {
            "kill worker": lambda: kill(run, "worker"),
            "kill intake": lambda: kill(run, "intake"),
            "freeze worker": lambda: freeze(run, "worker", self.dice.uniform(0.5, 3)),
            "freeze intake": lambda: freeze(run, "intake", self.dice.uniform(0.5, 3)),
        }
        if broker is not None:
            self.ways["kill broker"] = lambda: kill_broker(broker)
            self.ways["restart broker"] = lambda: restart_broker(broker)
        if proxy is not None:
            self.ways["cut"] = proxy.cut
            self.ways["cut in a frame"] = lambda: proxy.cut_after(self.dice.randrange(1, 20_000))

    def strike(self):
        """One of all, each as likely as the others."""
        name = self.dice.choice(sorted(self.ways))
        self.told.append((round(time.monotonic() - self.begin, 1), name))
        self.ways[name]()
        return name

    def strike_for(self, seconds, *, pause=(0.2, 3.0), between=lambda: None):
        """Until the time is over; `between` brings new work."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            between()
            time.sleep(self.dice.uniform(*pause))
            self.strike()

    def counts(self):
        """How often each was done."""
        return Counter(name for _, name in self.told)
