"""Old messages, as many as are asked for: by room, by member, or with certain words."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from functools import partial
from typing import Any, Protocol

from msgspec.structs import replace
from twisted.internet.defer import Deferred, inlineCallbacks, succeed

from twisted_chat.core.clock import HybridClock
from twisted_chat.core.errors import UnknownPlace
from twisted_chat.core.feeds.batches import MAX_RECORDS, FeedId, Position
from twisted_chat.core.feeds.ids import MessageId, Place
from twisted_chat.core.messages import Arrived, Messages
from twisted_chat.core.people.roster import Roster
from twisted_chat.core.replication.store import PAGE_BYTES, Arrivals, Hit, OpenPrivate, Which
from twisted_chat.core.timeline.reader import Reader
from twisted_chat.core.timeline.resolving import FindsAmended, Resolver

PAGE = 64
"""Messages asked of the store at a time, at least."""


class Archive(FindsAmended, Protocol):
    """Where old messages are found: the store."""

    def arrived(self, serial: int, limit: int = PAGE_BYTES) -> Deferred[Arrivals]:
        """See `Store.arrived`."""
        ...

    def page(self, which: Which, limit: int, before: Position | None = None) -> Deferred[Sequence[Hit]]:
        """See `Store.page`."""
        ...

    def search(self, words: str, which: Which, limit: int, open_private: OpenPrivate) -> Deferred[Sequence[Hit]]:
        """See `Store.search`."""
        ...


class Pages:
    """Finds old messages, none of ignored members. Fails with what the store says."""

    def __init__(
        self, archive: Archive | None, roster: Roster, reader: Reader, hybrid: HybridClock, open_private: OpenPrivate
    ) -> None:
        self.resolver = Resolver(archive, roster, reader, hybrid)
        self._archive = archive
        self._roster = roster
        self._reader = reader
        self._hybrid = hybrid
        self._open_private = open_private

    def history(
        self, count: int, room: str | None = None, member: bytes | None = None, before: Position | None = None
    ) -> Deferred[Sequence[Messages]]:
        """Return the newest `count` messages, one an event, in the order that is the same for everybody: those said in `room`, if
        it is given, or those by `member` and the private ones between it and this peer; none of ignored members. With `before`,
        the `position` of a message, those that come before it. Fails with what the store says."""
        return self._messages(partial(Which, room=room, member=member), count, before)

    def search(self, words: str, limit: int) -> Deferred[Sequence[Messages]]:
        """Return the newest `limit` messages with `words` (see `Store.search`), private ones included, one an event, in order;
        none of ignored members. Fails with what the store says."""
        if self._archive is None:
            return succeed([])
        which = replace(self._which(), reach=self._hybrid.reach)
        found = self._archive.search(words, which, limit, self._open_private)
        return found.addCallback(self._readable).addCallback(self.resolver.resolve)

    @inlineCallbacks
    def find(self, id: MessageId) -> Generator[Deferred[Any], Any, Messages | None]:
        """Return a public message by its id, as it is now; None if it is not held. Fails with what the store says."""
        found = yield from self.resolver.messages([id])
        now: Sequence[Messages] = yield self.resolver.resolve(found.values())
        return now[0] if now else None

    @inlineCallbacks
    def arrived(self, after: Place | None = None, limit: int = PAGE_BYTES) -> Generator[Deferred[Any], Any, Arrived]:
        """Return what came to be kept here after a place, or since the beginning: batches of at most `limit` bytes, one at least;
        with 0 no message, and the place where all is behind that has arrived.

        Fails with `UnknownPlace`, or with what the store says, also while nothing can be kept.
        """
        if self._archive is None:
            return Arrived([], after or Place("0" * 16, 0, 0), False)
        start = after or Place("", 0, 0)
        found: Arrivals = yield self._archive.arrived(start.serial, limit)
        if after is not None and (found.copy != after.copy or found.newest < after.serial):
            raise UnknownPlace(str(after))
        which, messages = self._which(), []
        for serial, batch in found.batches:
            if batch.last_lc <= self._hybrid.reach:
                self._hybrid.observe(batch.last_lc, len(batch.records))  # an answer sorts after what is shown
            for index in which.of(batch):
                if serial > start.serial or index >= start.done:
                    message = self._reader.message(batch, batch.first + index)
                    if message is not None:
                        messages.append((Place(found.copy, serial, index + 1), message))
        now: Sequence[Messages] = yield self.resolver.resolve(message for _, message in messages)
        messages = [(place, message) for (place, _), message in zip(messages, now, strict=True)]
        return Arrived(messages, Place(found.copy, found.newest, MAX_RECORDS), found.more)

    def _which(self, of: Callable[..., Which] = Which) -> Which:
        return of(self._roster.own.id, without=frozenset(self._roster.ignored))

    @inlineCallbacks
    def _messages(
        self, of: Callable[..., Which], count: int, before: Position | None
    ) -> Generator[Deferred[Any], Any, Sequence[Messages]]:
        """Return a page of messages: as many as were asked for, if there are, though some that are stored can't be read."""
        messages: list[Messages] = []
        end = Position(self._hybrid.reach + 1, FeedId(b"", 0), 0)
        before = end if before is None else min(before, end)
        while self._archive is not None and len(messages) < count:
            asked = max(count - len(messages), PAGE)
            hits: Sequence[Hit] = yield self._archive.page(self._which(of), asked, before)
            for hit in hits:
                self._hybrid.observe(hit.position.lc)  # an answer sorts after what is shown
            messages = [*self._readable(hits), *messages]
            if len(hits) < asked:
                break
            before = hits[0].position
        found: Sequence[Messages] = yield self.resolver.resolve(messages[-count:])
        return found

    def _readable(self, hits: Iterable[Hit]) -> list[Messages]:
        messages = (self._reader.message(hit.batch, hit.number) for hit in hits)
        return [message for message in messages if message is not None]
