"""The store that keeps a group's conversation in an SQLite database, in a thread of its own.

All calls that wait when the thread gets free are one transaction, so the more there is to do, the less each costs. Their
results come back to the reactor together. The first batch after a pause is committed at once. The batches that follow are
gathered for a moment, since a commit costs as much as writing a hundred of them.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from functools import partial
from pathlib import Path
from queue import Empty, Queue
from threading import Event, Thread
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from twisted_chat.core.feeds.amendments import Amended
from twisted_chat.core.feeds.batches import Batch, FeedId, Position
from twisted_chat.core.feeds.fork import Fork
from twisted_chat.core.feeds.ids import MessageId
from twisted_chat.core.replication.store import PAGE_BYTES, Arrivals, Held, Hit, Known, Loaded, Unsealer, Which
from twisted_chat.storage.database import open_database, storage_error
from twisted_chat.storage.errors import LOST, REPLACED, RESCUED, UNKEPT, UNUSABLE, StorageError
from twisted_chat.storage.history import page, words_of
from twisted_chat.storage.recent import Recent
from twisted_chat.storage.results import Again, Call, fire, result_of
from twisted_chat.storage.searching import Search
from twisted_chat.storage.tables import Tables
from twisted_chat.storage.whereabouts import Whereabouts

RETRY_SECONDS = 1.0
_DISK_ERROR = "disk I/O error"
GATHER_BYTES = 1024 * 1024
"""Bytes of batches after which a commit waits for no more. In memory they take three times as much."""
GATHER_SECONDS = 0.05
"""Seconds after a commit in which appended batches are gathered for the next one."""

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
        self._suspected: set[FeedId] = set()
        """Feeds that `damaged` was called with, and that have not been checked since."""
        self._path = path
        self._call_from_thread = call_from_thread
        self._wall = wall
        self._retry = retry
        self._open()
        self._recent = Recent(self._tables.highs())
        # None is the end. Not a SimpleQueue: in Python 3.10 its time-outs may never come.
        self._calls: Queue[Call | None] = Queue()
        self._closed: Deferred[None] = Deferred()
        self._urgent = Event()  # set while something other than an `append` may wait, or many of them
        self._gathered = 0
        self._failing = ""  # what the trouble is
        self._checked = time.monotonic()
        self._thread = Thread(target=self._run, name=f"store {path.name}", daemon=True)
        self._thread.start()

    def load(self) -> Deferred[Loaded]:
        """See `Store.load`."""
        return self._put(
            Call(lambda: self._tables.load_checked(), writes=True, without_writing=lambda waiting: self._tables.load())
        )

    def append(self, batch: Batch) -> Deferred[dict[FeedId, int]]:
        """See `Store.append`. Fires after the commit."""
        received = int(self._wall() * 1000)
        self._recent.append(batch)
        self._gathered += batch.size
        if self._gathered > GATHER_BYTES:
            self._urgent.set()
        return self._put(Call(lambda: self._tables.append(batch, received), writes=True, batch=batch))

    def read(self, feed: FeedId, first: int, limit: int = PAGE_BYTES) -> Deferred[Sequence[Batch]]:
        """See `Store.read`. What was appended last is returned at once."""
        recent = self._recent.read(feed, first, limit)
        if recent is not None:
            return succeed(recent)

        def read() -> list[Batch]:
            return self._tables.read(feed, first, limit)

        def with_waiting(waiting: Sequence[Batch]) -> list[Batch]:
            found = {batch.first: batch for batch in waiting if batch.feed == feed and batch.last >= first}
            found.update((batch.first, batch) for batch in read())
            return page((found[number] for number in sorted(found)), limit)

        return self._put(Call(read, writes=False, without_writing=with_waiting))

    def check(self, feed: FeedId) -> Deferred[Held | None]:
        """See `Store.check`."""
        self._recent.forget(feed)

        def check() -> Held | None:
            self._suspected.discard(feed)
            return self._tables.check(feed)

        def checked(held: Held | None) -> Held | None:
            self._recent.begin(feed, held.high if held else 0)
            return held

        return self._put(Call(check, writes=True)).addCallback(checked)

    def freeze(self, fork: Fork) -> Deferred[Held | None]:
        """See `Store.freeze`."""
        self._recent.freeze(fork)
        return self._put(Call(lambda: self._tables.freeze(fork), writes=True))

    def know(self, members: Sequence[Known]) -> Deferred[None]:
        """See `Store.know`."""
        return self._put(Call(lambda: self._tables.know(members), writes=True))

    def trim(self, before_ms: int) -> Deferred[dict[FeedId, int]]:
        """See `Store.trim`."""
        self._recent.trim()
        trimmed = self._put(Call(lambda: self._tables.trim(before_ms), writes=True))
        shredded = self._put(Call(self._shred, writes=False))
        shredded.addErrback(lambda reason: _log.failure("what was given up may still be on the disk:", reason))
        return trimmed

    def forget(self, feeds: Sequence[FeedId]) -> Deferred[None]:
        """See `Store.forget`."""
        return self._put(Call(lambda: self._tables.forget(feeds), writes=True))

    def page(self, which: Which, limit: int, before: Position | None = None) -> Deferred[Sequence[Hit]]:
        """See `Store.page`."""
        return self._look(lambda: self._tables.page(which, limit, before))

    def notable(self, limit: int, author: bytes | None = None) -> Deferred[Sequence[Batch]]:
        """See `Store.notable`."""
        return self._look(lambda: self._tables.notable(limit, author))

    def search(self, words: str, which: Which, limit: int, unseal: Unsealer) -> Deferred[Sequence[Hit]]:
        """See `Store.search`. First indexes what is new since the last one, a step at a time between other calls."""
        wanted = words_of(words)
        if not wanted or limit < 1:
            return succeed([])
        search = Search(lambda: self._tables, wanted, which, limit, unseal)

        def step() -> list[Hit] | Again:
            hits = search.step()
            return Again.AGAIN if hits is None else hits

        return self._put(Call(step, writes=True, without_writing=lambda waiting: search.at_once()))

    def find(self, ids: Sequence[MessageId]) -> Deferred[Sequence[Hit]]:
        """See `Store.find`."""
        return self._look(lambda: self._tables.references.find(ids))

    def amended(self, messages: Sequence[Position], reach: int) -> Deferred[Mapping[Position, Amended]]:
        """See `Store.amended`."""
        return self._look(lambda: self._tables.references.amended(messages, reach))

    def arrived(self, serial: int, limit: int = PAGE_BYTES) -> Deferred[Arrivals]:
        """See `Store.arrived`. Fires after the commit; while nothing can be written, not at all."""
        return self._put(Call(lambda: self._tables.arrivals.since(serial, limit), writes=True))

    def everything(self, after: Batch | None = None, limit: int = PAGE_BYTES) -> Deferred[Sequence[Batch]]:
        """See `Store.everything`."""
        return self._look(lambda: self._tables.everything(after, limit))

    def sizes(self) -> Deferred[Mapping[bytes, int]]:
        """See `Store.sizes`."""
        return self._look(lambda: self._tables.sizes())

    def close(self) -> Deferred[None]:
        """See `Store.close`. Fails with `StorageError` if calls that wait for the disk were in vain, which never fire, or if the
        database is not at its path."""
        self._calls.put(None)
        self._urgent.set()
        return self._closed.addBoth(self._join)

    def _look(self, perform: Callable[[], Any]) -> Deferred[Any]:
        return self._put(Call(perform, writes=False, without_writing=lambda waiting: perform()))

    def _put(self, call: Call) -> Deferred[Any]:
        self._calls.put(call)
        if call.batch is None:
            self._urgent.set()
        return call.deferred

    def _join(self, result: Any) -> Any:
        self._thread.join()
        return result

    def _tell(self, words: str | None) -> None:
        self.trouble(words)

    def _tell_damaged(self, feed: FeedId) -> None:
        self.damaged(feed)

    # What follows runs in the thread.

    def _run(self) -> None:
        waiting: list[Call] = []  # for the disk, in order
        retry_at = 0.0
        closing = False
        while not closing:
            calls, closing = self._take(max(0.0, retry_at - time.monotonic()) if self._failing else self._retry)
            calls = waiting + calls
            if self._failing and not closing and time.monotonic() < retry_at:
                waiting = self._answer_without_writing(calls)
                continue
            try:
                self._follow(bool(self._failing) or closing)
                self._perform(calls)
            except (sqlite3.Error, OSError, StorageError) as error:
                self._fails(str(error))
                waiting = self._answer_without_writing(calls)
                retry_at = time.monotonic() + self._retry
            else:
                waiting = []
                self._recovers()
                if calls:
                    self._urgent.wait(GATHER_SECONDS)
        self._end(waiting)

    def _open(self) -> None:
        self._tables = Tables(open_database(self._path), self._suspect)
        self._whereabouts: Whereabouts | None = Whereabouts(self._path)

    def _follow(self, now: bool) -> None:
        """See, `now` or else once in `retry` seconds, that the database is at its path; make it anew there if it is not.

        Raises `StorageError`, `sqlite3.Error` or `OSError` if that can't be done.
        """
        if not now and time.monotonic() - self._checked < self._retry:
            return
        self._checked = time.monotonic()
        if self._whereabouts is not None and (trouble := self._whereabouts.trouble()):
            self._fails(trouble)
            if trouble == REPLACED:
                self._whereabouts.make_way()
                raise StorageError(LOST, self._path)
            self._whereabouts.make_anew(self._tables.connection)
            self._whereabouts = None
            self._tables.connection.close()  # before the new one is opened: closing may delete the log at the path
        if self._whereabouts is None:
            self._open()

    def _shred(self) -> Again | None:
        """Let no file have what was given up: neither the write-ahead log nor the copies that upgrades left."""
        if self._tables.connection.in_transaction:  # of others that are made with this one
            return Again.AGAIN
        if self._tables.given_up:
            self._tables.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            for copy in self._path.parent.glob(f"{self._path.name}.v*.bak"):
                copy.unlink(missing_ok=True)
            self._tables.given_up = 0
        return None

    def _fails(self, words: str) -> None:
        """Note that nothing can be kept now; tell so when it begins."""
        if not self._failing:
            self._failing = words
            self._call_from_thread(self._tell, words)

    def _recovers(self) -> None:
        if self._failing:
            self._failing = ""
            self._call_from_thread(self._tell, None)

    def _perform(self, calls: Sequence[Call]) -> None:
        """Make all `calls` in one transaction. Raises `sqlite3.Error` if none of them took effect."""
        results = []
        writes = any(call.writes for call in calls)
        with self._tables.transaction() if writes else nullcontext():
            for call in calls:
                result = result_of(call.perform) if call.writes else self._looked_up(call.perform)
                if result is Again.AGAIN:
                    self._calls.put(call)
                    self._urgent.set()
                else:
                    results.append((call.deferred, result))
            if writes and not self._tables.connection.in_transaction:  # SQLite has ended it, for what could not be read
                raise sqlite3.OperationalError(_DISK_ERROR)
        if results:
            self._call_from_thread(fire, results)

    def _answer_without_writing(self, calls: Sequence[Call]) -> list[Call]:
        """Answer what can be answered without the disk taking anything; return the rest."""
        rest = [call for call in calls if call.without_writing is None]
        waiting = [call.batch for call in rest if call.batch]
        results = []
        for call in calls:
            if call.without_writing is not None:
                results.append((call.deferred, self._looked_up(partial(call.without_writing, waiting))))
        if results:
            self._call_from_thread(fire, results)
        return rest

    def _looked_up(self, look: Callable[[], Any]) -> Any:
        """Return what `look` returns, or a `Failure`: what can't be read is no reason not to write."""
        try:
            return result_of(look)
        except sqlite3.Error as error:
            return Failure(storage_error(self._path, error))

    def _end(self, waiting: Sequence[Call]) -> None:
        self._answer_without_writing(self._take(0.0)[0])  # searches that were to be made again
        loss = self._loss(waiting)
        self._tables.connection.close()
        self._call_from_thread(fire, [(self._closed, Failure(loss) if loss else None)])

    def _loss(self, waiting: Sequence[Call]) -> StorageError | None:
        """Return what is lost with this process, None if nothing is. As much as possible is written beside the file that took
        its place."""
        trouble = self._whereabouts and self._whereabouts.trouble()
        if self._whereabouts is not None and trouble == REPLACED:
            with suppress(sqlite3.Error, OSError, StorageError):
                with self._tables.transaction():
                    for call in waiting:
                        result_of(call.perform)
                return StorageError(RESCUED, self._path, self._whereabouts.rescue(self._tables.connection))
        if trouble:
            return StorageError(LOST, self._path)
        if messages := sum(len(call.batch.records) for call in waiting if call.batch):
            return StorageError(UNKEPT, self._path, messages)
        return StorageError(UNUSABLE, self._path, self._failing) if waiting else None

    def _suspect(self, feed: FeedId) -> None:
        if feed not in self._suspected:
            self._suspected.add(feed)
            self._call_from_thread(self._tell_damaged, feed)

    def _take(self, timeout: float) -> tuple[list[Call], bool]:
        """Return all calls that wait, after at most `timeout` seconds, and whether the store is to be closed."""
        calls = []
        self._urgent.clear()
        self._gathered = 0
        try:
            call = self._calls.get(timeout=timeout)
            while call is not None:
                calls.append(call)
                call = self._calls.get_nowait()
        except Empty:
            return calls, False
        return calls, True
