"""Feeding all targets by turns, and finding a failure again by its seed."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from random import Random

from tests.fuzz.programs import programs
from tests.fuzz.targets import SESSION, decoders, openings, peers

ROUND = 4 * SESSION
"""Inputs with one seed: for the decoders, the opening, and a whole peer, by others and by a program."""
MEMORY = 150.0
"""MiB that all this may take."""


class Found(Exception):
    """A fault was found; the message says how to meet it again, the cause is what it was."""


def inputs(seed: int, runs: int) -> Iterator[int]:
    """Feed `runs` inputs or a few more, a round with `seed`, one with the next, and so on; yield how many it were so far.

    Raises `Found` at the first fault.
    """
    fed, before = 0, memory()
    while fed < runs:
        try:
            for _ in _round(seed):
                fed += 1
                yield fed
            if memory() - before > MEMORY:
                raise MemoryError(f"{memory() - before:.0f} MiB")
        except (Exception, RecursionError) as fault:
            raise Found(f"to meet it again: python -m tests.fuzz --seed {seed} --runs {ROUND}") from fault
        seed += 1


def _round(seed: int) -> Iterator[None]:
    random = Random(seed)
    for _ in range(SESSION):
        decoders(random)
        yield
        openings(random)
        yield
    yield from peers(random)
    yield from programs(random)


def memory() -> float:
    """Return the most this process has had resident, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
