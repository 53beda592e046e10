"""Breadth first over every interleaving; states are kept as 64-bit hashes, with the way to each for the story."""

import gc
from collections import deque
from typing import NamedTuple


class Found(NamedTuple):
    """`broken`: the invariant, None when all hold everywhere. `story`: the steps that lead there."""

    states: int
    at_rest: int
    broken: str | None
    story: tuple[str, ...]


def search(protocol, begin, *, most=3_000_000):
    """Until everything was seen, or something broke. Nothing of a search is a cycle: the collector need not look."""
    gc.disable()
    try:
        return _search(protocol, begin, most)
    finally:
        gc.enable()


def _search(protocol, begin, most):
    first = protocol.canonical(begin)
    came = {hash(first): (0, "")}
    todo = deque([first])
    at_rest = 0
    while todo:
        state = todo.popleft()
        here = hash(state)
        quiet = True
        for name, after in protocol.successors(state):
            quiet = quiet and after.crashes + after.faults < state.crashes + state.faults
            following = protocol.canonical(after)
            there = hash(following)
            if there in came:
                continue
            came[there] = (here, name)
            broken = protocol.wrong(following, at_rest=False)
            if broken:
                return Found(len(came), at_rest, broken, _story(came, there))
            todo.append(following)
        if quiet:
            at_rest += 1
            broken = protocol.wrong(state, at_rest=True)
            if broken:
                return Found(len(came), at_rest, broken, _story(came, here))
        assert len(came) <= most, "the model has grown beyond its bounds"
    return Found(len(came), at_rest, None, ())


def _story(came, at):
    steps = []
    while came[at][1]:
        at, name = came[at]
        steps.append(name)
    return tuple(reversed(steps))
