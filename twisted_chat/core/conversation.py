"""The conversation as a front end sees it: say, watch, who, leave.

Everything above this module (console, log, gateways) talks to a `Conversation` and hears `events`; nothing above it
knows about links, feeds or stores.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from msgspec import Raw

from twisted_chat.core.errors import ChatError
from twisted_chat.core.events import Alone, Event, Impostor, Joined, Left, Lost, Messages, Renamed
from twisted_chat.core.feeds import Batch, Say, encode_record
from twisted_chat.core.roster import Member, Roster
from twisted_chat.core.text import DEFAULT_ROOM

Watcher = Callable[[Event], None]


class Congested(ChatError):
    """So much of one's own waits to be kept that more is refused; `Conversation.when_relieved` tells when it may go on."""


class Outlet(Protocol):
    """Where one's own records go: the replica."""

    @property
    def congested(self) -> bool:
        """Whether more is to be refused for now."""
        ...

    def append(self, record: Raw) -> None:
        """Put one encoded record into this peer's feed."""
        ...


class Conversation:
    """One peer's view of its group's conversation."""

    def __init__(self, roster: Roster, outlet: Outlet, leave: Callable[[], object]) -> None:
        """`leave` says goodbye to all and ends the peer."""
        self.roster = roster
        self.leave = leave
        self._outlet = outlet
        self._watchers: list[Watcher] = []
        self._waiting: list[Callable[[], None]] = []
        self._told_alone = False

    @property
    def name(self) -> str:
        """This peer's own name."""
        return self.roster.own.name

    def watch(self, watcher: Watcher) -> None:
        """Call `watcher` with every event from now on, in order, within the reactor turn that brought it."""
        self._watchers.append(watcher)

    def emit(self, event: Event) -> None:
        """Tell every watcher."""
        for watcher in self._watchers:
            watcher(event)

    def say(self, text: str, room: str = DEFAULT_ROOM) -> None:
        """Say `text`. It comes back as a `Messages` event, `own`, at the end of this reactor turn.

        Raises `BadText` if it can't be a message, `Congested` if too much of what was said is not yet kept.
        """
        if self._outlet.congested:
            raise Congested
        self._outlet.append(encode_record(Say(text, room)))
        if not self.here() and not self._told_alone:
            self._told_alone = True
            self.emit(Alone())

    @property
    def congested(self) -> bool:
        """Whether `say` would raise `Congested`."""
        return self._outlet.congested

    def when_relieved(self, resume: Callable[[], None]) -> None:
        """Call `resume` once, when `say` will be taken again; at once if it would be now."""
        if self._outlet.congested:
            self._waiting.append(resume)
        else:
            resume()

    def here(self) -> list[Member]:
        """Return the other members that are here now, by name."""
        return self.roster.here()

    # What the replica reports.

    def accepted(self, batch: Batch) -> None:
        """A batch, own or another's, became part of the conversation."""
        author = self._named(batch.feed.author, batch.name)
        said = [record for record in batch.records if isinstance(record, Say)]
        if said:
            own = author is self.roster.own
            self.emit(Messages(batch.feed, batch.first, batch.lc, author.shown, own, batch.at, said))

    def relieved(self) -> None:
        """The outlet is no longer congested."""
        waiting, self._waiting = self._waiting, []
        for resume in waiting:
            resume()

    # What the mesh reports.

    def linked(self, member: bytes, name: str, host: str, port: int, dialed: bool) -> None:
        """One more link leads to `member`; `host` and `port` are where it listens."""
        known = self._named(member, name)
        known.host, known.port = host, port
        known.links += 1
        if known.links == 1:
            self._told_alone = False
            self.emit(Joined(known.shown, host, port, dialed))

    def unlinked(self, member: bytes, left: bool) -> None:
        """One link to `member` less; `left` if it said goodbye."""
        known = self.roster.get(member)
        if known is None or known.links == 0:
            return
        known.links -= 1
        if known.links == 0:
            self.emit(Left(known.shown) if left else Lost(known.shown))

    def _named(self, id: bytes, name: str) -> Member:
        if id == self.roster.own.id:
            return self.roster.own  # an earlier life may have used another name
        before = self.roster.get(id)
        old, shown = (before.name, before.shown) if before else (name, None)
        member = self.roster.claim(id, name)
        if old != name and shown is not None:
            self.emit(Renamed(shown, member.shown))
        if member.shown != member.name and member.shown != shown:
            self.emit(Impostor(name, member.shown))
        return member
