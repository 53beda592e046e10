"""The main job on one machine: simulators, gateway, three legacy systems, a live table, and a verdict."""

from kakehashi_simulators.demo.command import demo, simulate

__all__ = ["demo", "simulate"]
