"""Whom a front end speaks as: an identity with which this peer signs."""

from __future__ import annotations

from typing import Protocol

from msgspec import structs

from twisted_chat.core.errors import BadText, ChatError
from twisted_chat.core.feeds.ids import MessageId, Ticket
from twisted_chat.core.feeds.records import Away, Close, Edit, KnownRecord, Nick, Private, React, Retract, Say, Topic
from twisted_chat.core.writing.text import DEFAULT_ROOM


class Congested(ChatError):
    """So much of one's own waits to be kept that more is refused; `Conversation.when_relieved` tells when it may go on."""


class Outlet(Protocol):
    """Where records go that are signed here: the replica."""

    @property
    def congested(self) -> bool:
        """Whether more is to be refused for now."""
        ...

    def append(self, record: KnownRecord) -> Ticket:
        """Put one record, checked before, into a feed that this peer writes."""
        ...


class HasOutlet(Protocol):
    """Has an outlet, once something can be said."""

    @property
    def outlet(self) -> Outlet:
        """The replica."""
        ...


class Box(Protocol):
    """Seals private messages for others, and opens those for this peer."""

    def seal(self, to: bytes, text: str) -> Private:
        """See `private.seal_private`."""
        ...

    def open(self, author: bytes, record: Private) -> str | None:
        """See `private.open_private`."""
        ...


class Voice:
    """An identity with which this peer signs: its owner's.

    Whatever is said raises `BadText` if it can't be accepted and `Congested` if too much of what was said is not yet kept. It
    comes back as an event at the end of this reactor turn; the ticket tells the id that the message will have.
    """

    def __init__(self, id: bytes, host: HasOutlet, box: Box | None = None) -> None:
        """`id` is the public key. `host` has the outlet where what is said goes. Without a `box` nothing is said privately."""
        self.id = id
        self._host = host
        self._box = box

    @property
    def congested(self) -> bool:
        """Whether whatever is said is refused for now."""
        return self._host.outlet.congested

    def say(
        self, text: str, room: str = DEFAULT_ROOM, me: bool = False, auto: bool = False, re: MessageId | None = None
    ) -> Ticket:
        """Say `text` in a room; with `me`, tell what one does. `auto` if a machine says it. `re` is the message it answers."""
        return self._put(Say(text, room, me, auto, re))

    def ask(self, text: str, room: str = DEFAULT_ROOM) -> Ticket:
        """Ask everybody in a room: the first line of `text` is the question, each of the others an answer."""
        poll = Say(text, room, poll=True)
        if not poll.answers:
            raise BadText("poll")
        return self._put(poll)

    def react(self, to: MessageId, text: str = "") -> Ticket:
        """Say in a word or a picture what one thinks of a public message, or vote; without `text`, nothing any more."""
        return self._put(React(to, text))

    def edit(self, to: MessageId, text: str) -> Ticket:
        """Have a public message of one's own read `text` from now on."""
        return self._put(Edit(self._own(to), text))

    def retract(self, to: MessageId) -> Ticket:
        """Take a public message of one's own back."""
        return self._put(Retract(self._own(to)))

    def close(self, to: MessageId) -> Ticket:
        """Close a poll of one's own."""
        return self._put(Close(self._own(to)))

    def _own(self, id: MessageId) -> MessageId:
        if id.author != self.id:
            raise BadText("not-own")
        return id

    def whisper(self, member: bytes, text: str, auto: bool = False) -> Ticket:
        """Say `text` to one member alone, here or away. `auto` if a machine says it."""
        if self._box is None:
            raise BadText("private-key")
        sealed = self._box.seal(member, text)
        return self._put(structs.replace(sealed, auto=True) if auto else sealed)

    def set_topic(self, room: str, text: str) -> None:
        """Say what a room is about."""
        self._put(Topic(room, text))

    def away(self, text: str = "") -> None:
        """Say that one is not at the keyboard, and why; without a reason, that one is back."""
        self._put(Away(text))

    def rename(self, name: str) -> None:
        """Say that one goes by another name, checked before."""
        self._put(Nick(name))

    def _put(self, record: KnownRecord) -> Ticket:
        outlet = self._host.outlet
        if outlet.congested:
            raise Congested
        record.check()
        return outlet.append(record)
