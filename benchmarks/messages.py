"""The messages that are sent, 100 bytes each, and the check that every one of them arrives, once and in order."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

LENGTH = 100
"""Bytes, and characters, in a message."""
CHUNK = 128
"""Messages a rival's client joins into one write."""


def compose(sender: int, phase: int, number: int) -> str:
    """Return message `number` of a sender in a phase; it tells when it was made, in nanoseconds of CLOCK_MONOTONIC."""
    return f"{sender:02d} {phase:02d} {number:08d} {time.monotonic_ns():020d} ".ljust(LENGTH, "x")


@dataclass
class Work:
    """What is done in one phase: each of `senders` sends `count` messages, at full speed or `rate` a second.

    `typed` is how many a second sender 0 says beside that, as a person would, or 0. `burst` is how many of the others a member
    of tcpchat says in one reactor turn.
    """

    phase: int
    count: int
    senders: list[int]
    rate: float = 0.0
    typed: float = 0.0
    burst: int = 1024


@dataclass
class Tally:
    """What one member has received in one phase. `complete` once nothing is missing; `errors` are what should not be."""

    work: Work
    me: int
    errors: list[str] = field(default_factory=list)
    latencies: list[int] = field(default_factory=list)
    last: int = 0

    def __post_init__(self) -> None:
        others = [sender for sender in self.work.senders if sender != self.me]
        self.received = {f"{sender:02d} {self.work.phase:02d}": 0 for sender in others}
        self.missing = len(others) * self.work.count

    def take(self, texts: Iterable[str]) -> None:
        """Check messages in the order they came."""
        received = self.received
        timed = self.work.rate > 0
        taken = 0
        for text in texts:
            key = text[:5]
            number = int(text[6:14])
            if key not in received or received[key] != number or len(text) != LENGTH:
                self.errors.append(text[:14])
                continue
            received[key] = number + 1
            taken += 1
            if timed:
                self.latencies.append(time.monotonic_ns() - int(text[15:35]))
        self.missing -= taken
        self.last = time.monotonic_ns()

    def counts(self) -> Sequence[tuple[int, int]]:
        """Return how many have come from each sender."""
        return [(int(key[:2]), count) for key, count in self.received.items()]

    @property
    def complete(self) -> bool:
        """Whether all have come."""
        return self.missing <= 0

    def result(self) -> dict[str, Any]:
        """Return what the run is told."""
        return {"last": self.last, "errors": self.errors[:5], "latencies": self.latencies}
