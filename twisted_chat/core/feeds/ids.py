"""The ids of messages: the same at every peer, live, past and found."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from msgspec import Struct


class MessageId(NamedTuple):
    """A message by its author's key, the epoch it was said in, and its number there."""

    author: bytes
    epoch: int
    number: int


class Finds(Protocol):
    """The writer of the feed."""

    def find(self, serial: int) -> MessageId | None:
        """Return the id of the record before which `serial` had been said; None if it has none yet."""
        ...


class Ticket(Struct, frozen=True, eq=False, gc=False):
    """Stands for a record that was said until it has its place in a feed, and tells its id from then on. `serial` records had
    been said before it. (One is made for everything that is said, and a `Struct` in half the time of another object.)"""

    feed: Finds
    serial: int

    @property
    def id(self) -> MessageId | None:
        """The id that the message has for good. None until it is signed: at the end of the reactor turn in which it was said, or
        once the peer has loaded what it holds. It is there before the `Messages` event with it is told."""
        return self.feed.find(self.serial)
