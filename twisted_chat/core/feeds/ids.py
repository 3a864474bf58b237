"""What messages are called: the same at every peer, live, past and found."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class MessageId(NamedTuple):
    """A message by its author's key, the epoch it was said in, and its number there."""

    author: bytes
    epoch: int
    number: int


class Ticket:
    """Stands for a record that was said until it has its place in a feed, and tells its id from then on."""

    __slots__ = ("_find", "_serial")

    def __init__(self, find: Callable[[int], MessageId | None], serial: int) -> None:
        """`find` returns the id of the record that was the one numbered `serial` of all that were said."""
        self._find = find
        self._serial = serial

    @property
    def id(self) -> MessageId | None:
        """The id that the message has for good. None until it is signed: at the end of the reactor turn in which it was said, or
        once the peer has loaded what it holds. It is there before the `Messages` event with it is told."""
        return self._find(self._serial)
