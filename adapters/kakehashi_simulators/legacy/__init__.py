"""Three legacy systems with invented people: deterministic files, and a list of everything that is wrong in them.

Shipped for trying out, rehearsals, tests and benchmarks. Nothing here uses the gateway's own readers or writers.
"""

from kakehashi_simulators.legacy.dropping import drop
from kakehashi_simulators.legacy.generate import generate
from kakehashi_simulators.legacy.manifest import Manifest, Planted, Sample, State
from kakehashi_simulators.legacy.numbers import digits_in_text, seeded_numbers

__all__ = ["Manifest", "Planted", "Sample", "State", "digits_in_text", "drop", "generate", "seeded_numbers"]
