"""The contract of a front end: it is given a seat, and has to start and stop. CONTRIBUTING.md says how to add one.

A front end knows the conversation through a seat, and nothing of networks and stores. It knows no other front end; several run at
once, and what one of them does wrong is no matter of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct, field
from twisted.internet.defer import Deferred

from twisted_chat.core.seat import Seat

STOP_SECONDS = 2.0
"""Seconds that a front end has to end."""


class Given(Struct, frozen=True):
    """The things that a front end is given.

    `seat` is the owner's, and this front end's alone: it is left once the front end has stopped. For other persons it makes
    others. `reactor` makes connections and is the clock. `port` is where the peer listens, `log` the path of its log, and `typed`
    the file for what is typed, which is deleted with the conversation; None if nothing is to be kept. `flags` has the values of
    the flags that its `Door` names.
    """

    seat: Seat
    reactor: Any
    port: int
    log: str
    flags: Mapping[str, Any] = field(default_factory=dict)
    typed: Path | None = None


class FrontEnd(Protocol):
    """A front end. It is made before anything has happened, and started once.

    Whatever `start` and `stop` raise, or their Deferreds fail with, is logged. A `ChatError` from `start` is told in its words,
    for what the person can mend.
    """

    def start(self) -> Deferred[None] | None:
        """Begin to watch, and to listen. The peer listens already, and has not loaded what it holds: what is said waits for that,
        and `Earlier` is told then."""
        ...

    def stop(self) -> Deferred[None]:
        """End all that was begun, after a last `Leaving`; called once, if `start` did not raise. After `STOP_SECONDS` it is not
        waited for any more."""
        ...


class Door(Struct, frozen=True):
    """A front end that can be had: its `name` in the log, the names of the `flags` that it brings, whether those that are `given`
    ask for it, and what makes it."""

    name: str
    flags: tuple[str, ...]
    is_asked_for: Callable[[Mapping[str, Any]], bool]
    make: Callable[[Given], FrontEnd]
