"""The ids of messages: the same at every peer, live, past and found."""

from __future__ import annotations

import base64
import re
from typing import NamedTuple, Protocol

from msgspec import Struct

from twisted_chat.core.errors import UnknownPlace
from twisted_chat.core.wire.frames import MAX_INT, MAX_NUMBER, Id, Number, Whole

_PLACE = re.compile(r"([0-9a-f]{16})\.(\d{1,18})\.(\d{1,6})", re.ASCII)
_ID = re.compile(r"([A-Za-z0-9+/]{43}=)\.(\d{1,16})\.(\d{1,13})", re.ASCII)


class MessageId(NamedTuple):
    """A message by its author's key, the epoch it was said in, and its number there."""

    author: Id
    epoch: Whole
    number: Number

    def __str__(self) -> str:
        return f"{base64.b64encode(self.author).decode()}.{self.epoch}.{self.number}"

    @classmethod
    def parse(cls, text: str) -> MessageId | None:
        """Return the id that `str` made `text` of; None if it made it of none."""
        match = _ID.fullmatch(text)
        if match is None or int(match[2]) > MAX_INT or not 1 <= int(match[3]) <= MAX_NUMBER:
            return None
        return cls(base64.b64decode(match[1]), int(match[2]), int(match[3]))


class Place(NamedTuple):
    """How far somebody has come in what arrived at one `copy` of a conversation, in the order in which it was kept there:
    everything before the batch numbered `serial`, and of that the first `done` records.

    What is kept later has a later place, however old it is. So who goes on after a place gets the rest, once.
    """

    copy: str
    serial: int
    done: int

    def __str__(self) -> str:
        return f"{self.copy}.{self.serial}.{self.done}"

    @classmethod
    def parse(cls, text: str) -> Place:
        """Return the place that `str` made `text` of. Raises `UnknownPlace`."""
        match = _PLACE.fullmatch(text)
        if match is None:
            raise UnknownPlace(text)
        return cls(match[1], int(match[2]), int(match[3]))


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
