"""The store that keeps a group's conversation in an SQLite database, in a thread of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger

from twisted_chat.core.feeds.amendments import Amended
from twisted_chat.core.feeds.batches import Batch, FeedId, Position
from twisted_chat.core.feeds.fork import Fork
from twisted_chat.core.feeds.ids import MessageId
from twisted_chat.core.replication.store import PAGE_BYTES, Arrivals, Held, Hit, Known, Loaded, OpenPrivate, Which
from twisted_chat.storage.arrivals import unkept
from twisted_chat.storage.history import page, words_of
from twisted_chat.storage.recent import Recent
from twisted_chat.storage.searching import Search
from twisted_chat.storage.thread import Again, Call, DatabaseThread

RETRY_SECONDS = 1.0

_log = Logger()


class SQLiteStore:
    """Implements `core.store.Store`. Gives up records only by `trim` and `freeze`.

    While the disk refuses, calls that write wait, and are tried again every second. `read` also returns the batches that wait;
    `page`, `search` and `everything` don't. The same holds while the database is not at its path, which is noticed within a
    second; one that was deleted is written anew there, whole. Stored batches that were damaged are passed over. A call that
    reads fails, with `StorageError`, only if the disk or the database itself is too damaged to read.
    """

    durable = True

    def __init__(
        self,
        path: Path,
        call_from_thread: Callable[..., object],
        wall: Callable[[], float] = time.time,
        retry: float = RETRY_SECONDS,
    ) -> None:
        """Open or make the database at `path`. Blocks: meant for before the reactor runs. Raises `StorageError`.

        `call_from_thread(function, *arguments)` calls `function` in the thread that calls the store, as the reactor's
        `callFromThread` does. `wall` returns seconds since 1970; `retry` is in seconds.
        """
        self.trouble: Callable[[str | None], None] = lambda words: None
        self.damaged: Callable[[FeedId], None] = lambda feed: None
        self._wall = wall
        self._thread = DatabaseThread(
            path, call_from_thread, retry, lambda words: self.trouble(words), lambda feed: self.damaged(feed)
        )
        self._recent = Recent(self._thread.tables.highs())
        self._thread.start()

    def load(self) -> Deferred[Loaded]:
        """See `Store.load`."""
        return self._thread.put(
            Call(
                lambda: self._thread.tables.load_checked(),
                writes=True,
                without_writing=lambda waiting: self._thread.tables.load(),
            )
        )

    def append(self, batch: Batch) -> Deferred[dict[FeedId, int]]:
        """See `Store.append`. Fires after the commit."""
        received = int(self._wall() * 1000)
        self._recent.append(batch)
        return self._thread.put(Call(lambda: self._thread.tables.append(batch, received), writes=True, batch=batch))

    def read(self, feed: FeedId, first: int, limit: int = PAGE_BYTES) -> Deferred[Sequence[Batch]]:
        """See `Store.read`. What was appended last is returned at once."""
        recent = self._recent.read(feed, first, limit)
        if recent is not None:
            return succeed(recent)

        def read() -> list[Batch]:
            return self._thread.tables.read(feed, first, limit)

        def with_waiting(waiting: Sequence[Batch]) -> list[Batch]:
            found = {batch.first: batch for batch in waiting if batch.feed == feed and batch.last >= first}
            found.update((batch.first, batch) for batch in read())
            return page((found[number] for number in sorted(found)), limit)

        return self._thread.put(Call(read, writes=False, without_writing=with_waiting))

    def check(self, feed: FeedId) -> Deferred[Held | None]:
        """See `Store.check`."""
        self._recent.forget(feed)

        def check() -> Held | None:
            self._thread.trusted(feed)
            return self._thread.tables.check(feed)

        def checked(held: Held | None) -> Held | None:
            self._recent.begin(feed, held.high if held else 0)
            return held

        return self._thread.put(Call(check, writes=True)).addCallback(checked)

    def freeze(self, fork: Fork) -> Deferred[Held | None]:
        """See `Store.freeze`."""
        self._recent.freeze(fork)
        return self._thread.put(Call(lambda: self._thread.tables.freeze(fork), writes=True))

    def know(self, members: Sequence[Known]) -> Deferred[None]:
        """See `Store.know`."""
        return self._thread.put(Call(lambda: self._thread.tables.know(members), writes=True))

    def trim(self, before_ms: int) -> Deferred[dict[FeedId, int]]:
        """See `Store.trim`."""
        self._recent.trim()
        trimmed = self._thread.put(Call(lambda: self._thread.tables.trim(before_ms), writes=True))
        shredded = self._thread.put(Call(self._thread.shred, writes=False))
        shredded.addErrback(lambda reason: _log.failure("what was given up may still be on the disk:", reason))
        return trimmed

    def forget(self, feeds: Sequence[FeedId]) -> Deferred[None]:
        """See `Store.forget`."""
        return self._thread.put(Call(lambda: self._thread.tables.forget(feeds), writes=True))

    def page(self, which: Which, limit: int, before: Position | None = None) -> Deferred[Sequence[Hit]]:
        """See `Store.page`."""
        return self._look(lambda: self._thread.tables.page(which, limit, before))

    def notable(self, limit: int, author: bytes | None = None) -> Deferred[Sequence[Batch]]:
        """See `Store.notable`."""
        return self._look(lambda: self._thread.tables.notable(limit, author))

    def search(self, words: str, which: Which, limit: int, open_private: OpenPrivate) -> Deferred[Sequence[Hit]]:
        """See `Store.search`. First indexes what is new since the last one, a step at a time between other calls."""
        wanted = words_of(words)
        if not wanted or limit < 1:
            return succeed([])
        search = Search(lambda: self._thread.tables, wanted, which, limit, open_private)

        def step() -> list[Hit] | Again:
            hits = search.step()
            return Again.AGAIN if hits is None else hits

        return self._thread.put(Call(step, writes=True, without_writing=lambda waiting: search.at_once()))

    def find(self, ids: Sequence[MessageId]) -> Deferred[Sequence[Hit]]:
        """See `Store.find`."""
        return self._look(lambda: self._thread.tables.references.find(ids))

    def amended(self, messages: Sequence[Position], reach: int) -> Deferred[Mapping[Position, Amended]]:
        """See `Store.amended`."""
        return self._look(lambda: self._thread.tables.references.amended(messages, reach))

    def arrived(self, serial: int, limit: int = PAGE_BYTES) -> Deferred[Arrivals]:
        """See `Store.arrived`. Fires after the commit; while nothing can be written it fails."""

        def since() -> Arrivals:
            return self._thread.tables.arrivals.since(serial, limit)

        return self._thread.put(Call(since, True, lambda waiting: unkept(self._thread.path, self._thread.failing)))

    def everything(self, after: Batch | None = None, limit: int = PAGE_BYTES) -> Deferred[Sequence[Batch]]:
        """See `Store.everything`."""
        return self._look(lambda: self._thread.tables.everything(after, limit))

    def sizes(self) -> Deferred[Mapping[bytes, int]]:
        """See `Store.sizes`."""
        return self._look(lambda: self._thread.tables.sizes())

    def close(self) -> Deferred[None]:
        """See `Store.close`. Fails with `StorageError` if calls that wait for the disk were in vain, which never fire, or if the
        database is not at its path."""
        return self._thread.close()

    def _look(self, perform: Callable[[], Any]) -> Deferred[Any]:
        return self._thread.put(Call(perform, writes=False, without_writing=lambda waiting: perform()))
