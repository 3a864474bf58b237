"""What becomes of a message that was said: reactions to it, corrections of it, its taking back, the end of a poll.

Others arrive at any time and in any order, before the message itself too. What applies depends only on which of them are there:

- A message is amended by what has a later hybrid time than it, and no more than that by what refers to another amendment, to a
  private message or to nothing.
- Only its author corrects, takes back or closes it. Of several corrections the newest in the order of all records counts.
- Each member has one reaction to a message, its newest; an empty one is none. What comes after the first `Close` does not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from msgspec import Struct, field

from twisted_chat.core.feeds.batches import Batch, Position
from twisted_chat.core.feeds.ids import MessageId
from twisted_chat.core.feeds.records import Amending, Close, Edit, React, Retract, Say

MAX_REACTING = 2_048
"""Members whose reactions to one message count. Of more, those with the lowest keys: the same everywhere."""


class Mark(NamedTuple):
    """One record that refers to a message, with its own place."""

    position: Position
    record: Amending


class Amended(Struct, frozen=True):
    """What has become of one message. `text` is what it reads now, None if it was not corrected; `reactions` has them by
    member."""

    text: str | None = None
    retracted: bool = False
    closed: bool = False
    reactions: Mapping[bytes, str] = field(default_factory=dict)

    def reading(self, said: Say) -> str | None:
        """Return what a message reads now; None if it was taken back. A poll reads as it was asked: its votes are for that."""
        if self.retracted:
            return None
        return said.text if self.text is None or said.answers else self.text


NOTHING = Amended()
"""What has become of most messages."""


def id_at(position: Position) -> MessageId:
    """Return the id of the record at a place."""
    return MessageId(*position.feed, position.number)


def marks(batch: Batch) -> Iterable[Mark]:
    """Yield the records of a batch that may amend something: none that only an author may, about what another said."""
    for index, record in batch.amending:
        if isinstance(record, React) or record.to.author == batch.feed.author:
            yield Mark(batch.position(index), record)


def fold(message: Position, found: Iterable[Mark], reach: int) -> Amended:
    """Return what has become of the message at a place by all that refers to it, in whatever order, up to the time `reach`."""
    counted = [mark for mark in sorted(found, key=lambda mark: mark.position) if message.lc < mark.position.lc <= reach]
    text: str | None = None
    retracted = closed = False
    reactions: dict[bytes, str] = {}
    for position, record in counted:
        match record:
            case Edit():
                text = record.text
            case Retract():
                retracted = True
            case Close():
                closed = True
            case React() if not closed:
                reactions[position.feed.author] = record.text
    members = sorted(reactions)[:MAX_REACTING]
    return Amended(text, retracted, closed, {each: reactions[each] for each in members if reactions[each]})
