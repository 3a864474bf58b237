"""Old messages, as many as are asked for: by room, by member, or with certain words."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from functools import partial
from typing import Protocol

from twisted.internet.defer import Deferred, inlineCallbacks, succeed

from twisted_chat.core.clock import HybridClock
from twisted_chat.core.errors import UnknownPlace
from twisted_chat.core.feeds.batches import MAX_RECORDS, FeedId, Position
from twisted_chat.core.feeds.ids import Place
from twisted_chat.core.messages import Arrived, Messages
from twisted_chat.core.people.roster import Roster
from twisted_chat.core.replication.store import PAGE_BYTES, Arrivals, Hit, OpenPrivate, Which
from twisted_chat.core.timeline.reader import Reader

PAGE = 64
"""Messages asked of the store at a time, at least."""


class Archive(Protocol):
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
        self._archive = archive
        self._roster = roster
        self._reader = reader
        self._hybrid = hybrid
        self._open_private = open_private

    def history(
        self, count: int, room: str | None, member: bytes | None, before: Position | None
    ) -> Deferred[Sequence[Messages]]:
        """See `Conversation.history`."""
        return self._messages(partial(Which, room=room, member=member), count, before)

    def search(self, words: str, limit: int) -> Deferred[Sequence[Messages]]:
        """See `Conversation.search`."""
        if self._archive is None:
            return succeed([])
        found = self._archive.search(words, self._which(), limit, self._open_private)
        return found.addCallback(self._readable)

    @inlineCallbacks
    def arrived(
        self, after: Place | None = None, limit: int = PAGE_BYTES
    ) -> Generator[Deferred[Arrivals], Arrivals, Arrived]:
        """Return what came to be kept here after a place, or since the beginning: batches of at most `limit` bytes, one at least;
        with 0 no message, and the place where all is behind that has arrived.

        Fails with `UnknownPlace`, or with what the store says, also while nothing can be kept.
        """
        if self._archive is None:
            return Arrived([], after or Place("0" * 16, 0, 0), False)
        start = after or Place("", 0, 0)
        found = yield self._archive.arrived(start.serial, limit)
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
        return Arrived(messages, Place(found.copy, found.newest, MAX_RECORDS), found.more)

    def _which(self, of: Callable[..., Which] = Which) -> Which:
        return of(self._roster.own.id, without=frozenset(self._roster.ignored))

    @inlineCallbacks
    def _messages(
        self, of: Callable[..., Which], count: int, before: Position | None
    ) -> Generator[Deferred[Sequence[Hit]], Sequence[Hit], Sequence[Messages]]:
        """Return a page of messages: as many as were asked for, if there are. Stored messages that can't be read don't count."""
        messages: list[Messages] = []
        end = Position(self._hybrid.reach + 1, FeedId(b"", 0), 0)
        before = end if before is None else min(before, end)
        while self._archive is not None and len(messages) < count:
            asked = max(count - len(messages), PAGE)
            hits = yield self._archive.page(self._which(of), asked, before)
            for hit in hits:
                self._hybrid.observe(hit.position.lc)  # an answer sorts after what is shown
            messages = [*self._readable(hits), *messages]
            if len(hits) < asked:
                break
            before = hits[0].position
        return messages[-count:]

    def _readable(self, hits: Iterable[Hit]) -> list[Messages]:
        messages = (self._reader.message(hit.batch, hit.number) for hit in hits)
        return [message for message in messages if message is not None]
