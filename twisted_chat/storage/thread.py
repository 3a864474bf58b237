"""The thread in which a database is read and written.

All calls that wait when the thread gets free are one transaction, so the more there is to do, the less each costs. Their
results come back to the reactor together. The first batch after a pause is committed at once. The batches that follow are
gathered for a moment, since a commit costs as much as writing a hundred of them.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from enum import Enum
from functools import partial
from pathlib import Path
from queue import Empty, Queue
from threading import Event, Thread
from typing import Any

from msgspec import Struct, field
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from twisted_chat.core.feeds.batches import Batch, FeedId
from twisted_chat.storage.database import open_database, storage_error
from twisted_chat.storage.errors import LOST, REPLACED, RESCUED, UNKEPT, UNUSABLE, StorageError
from twisted_chat.storage.results import fire, result_of
from twisted_chat.storage.tables import Tables
from twisted_chat.storage.whereabouts import Whereabouts

_DISK_ERROR = "disk I/O error"
GATHER_BYTES = 1024 * 1024
"""Bytes of batches after which a commit waits for no more. In memory they take three times as much."""
GATHER_SECONDS = 0.05
"""Seconds after a commit in which appended batches are gathered for the next one."""


class Again(Enum):
    """The result of a call that is to be made again."""

    AGAIN = "the call is to be made again, after the others that wait"


class Call(Struct, frozen=True):
    """One call of the store, to be made in the thread."""

    perform: Callable[[], Any]
    writes: bool
    without_writing: Callable[[Sequence[Batch]], Any] | None = None
    """Called instead while nothing can be written, with the batches that wait; None to wait as well."""
    batch: Batch | None = None
    """The batch to append."""
    deferred: Deferred[Any] = field(default_factory=Deferred)


class DatabaseThread:
    """Makes calls in a thread, in order, in as few transactions as possible.

    While the disk refuses, or the database is not at its path, calls that write wait, and are tried again every `retry` seconds.
    A database that was deleted is written anew at its path, whole.
    """

    def __init__(
        self,
        path: Path,
        call_from_thread: Callable[..., object],
        retry: float,
        trouble: Callable[[str | None], None],
        damaged: Callable[[FeedId], None],
    ) -> None:
        """Open or make the database at `path`. Blocks. Raises `StorageError`. The thread runs once `start` was called.

        `trouble(words)` is called when nothing can be kept, with None when all is kept again; `damaged(feed)` when a batch of
        that feed can't be read, once until the feed is `trusted`. Both are called through `call_from_thread`.
        """
        self.path = path
        self._call_from_thread = call_from_thread
        self.retry = retry
        self._trouble = trouble
        self._damaged = damaged
        self._suspected: set[FeedId] = set()
        """Feeds that `damaged` was called with, and that have not been trusted since."""
        self._open()
        # None is the end. Not a SimpleQueue: in Python 3.10 its time-outs may never come.
        self._calls: Queue[Call | None] = Queue()
        self._closed: Deferred[None] = Deferred()
        self._urgent = Event()  # set while something other than an `append` may wait, or many of them
        self._gathered = 0
        self.failing = ""
        """What the trouble is while nothing can be written, else empty."""
        self._checked = time.monotonic()
        self._thread = Thread(target=self._run, name=f"store {path.name}", daemon=True)

    def start(self) -> None:
        """Begin to make calls."""
        self._thread.start()

    def put(self, call: Call) -> Deferred[Any]:
        """Have a call made; fires with what it returns, after the commit if it writes."""
        self._calls.put(call)
        if call.batch is not None:
            self._gathered += call.batch.size
        if call.batch is None or self._gathered > GATHER_BYTES:
            self._urgent.set()
        return call.deferred

    def close(self) -> Deferred[None]:
        """Make all calls that wait, and end. Fails with `StorageError` as `SQLiteStore.close` does."""
        self._calls.put(None)
        self._urgent.set()
        return self._closed.addBoth(self._join)

    def join(self) -> None:
        """Wait for the end of the thread. Blocks."""
        self._thread.join()

    def _join(self, result: Any) -> Any:
        self.join()
        return result

    # What follows runs in the thread.

    def trusted(self, feed: FeedId) -> None:
        """A feed is being checked: if a batch of it can't be read from now on, `damaged` is called again."""
        self._suspected.discard(feed)

    def shred(self) -> Again | None:
        """Remove deleted messages from the write-ahead log, and delete the copies that upgrades left."""
        if self.tables.connection.in_transaction:  # of others that are made with this one
            return Again.AGAIN
        if self.tables.given_up:
            self.tables.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            for copy in self.path.parent.glob(f"{self.path.name}.v*.bak"):
                copy.unlink(missing_ok=True)
            self.tables.given_up = 0
        return None

    def _run(self) -> None:
        waiting: list[Call] = []  # for the disk, in order
        retry_at = 0.0
        closing = False
        while not closing:
            calls, closing = self._take(max(0.0, retry_at - time.monotonic()) if self.failing else self.retry)
            calls = waiting + calls
            if self.failing and not closing and time.monotonic() < retry_at:
                waiting = self._answer_without_writing(calls)
                continue
            try:
                self._follow(bool(self.failing) or closing)
                self._perform(calls)
            except (sqlite3.Error, OSError, StorageError) as error:
                self._fails(str(error))
                waiting = self._answer_without_writing(calls)
                retry_at = time.monotonic() + self.retry
            else:
                waiting = []
                self._recovers()
                if calls:
                    self._urgent.wait(GATHER_SECONDS)
        self._end(waiting)

    def _open(self) -> None:
        self.tables = Tables(open_database(self.path), self._suspect)
        self._whereabouts: Whereabouts | None = Whereabouts(self.path)

    def _follow(self, now: bool) -> None:
        """See, `now` or else once in `retry` seconds, that the database is at its path; make it anew there if it is not.

        Raises `StorageError`, `sqlite3.Error` or `OSError` if that can't be done.
        """
        if not now and time.monotonic() - self._checked < self.retry:
            return
        self._checked = time.monotonic()
        if self._whereabouts is not None and (trouble := self._whereabouts.trouble()):
            self._fails(trouble)
            if trouble == REPLACED:
                self._whereabouts.make_way()
                raise StorageError(LOST, self.path)
            self._whereabouts.make_anew(self.tables.connection)
            self._whereabouts = None
            self.tables.connection.close()  # before the new one is opened: closing may delete the log at the path
        if self._whereabouts is None:
            self._open()

    def _fails(self, words: str) -> None:
        """Note that nothing can be kept now; call `trouble` when that begins."""
        if not self.failing:
            self.failing = words
            self._call_from_thread(self._trouble, words)

    def _recovers(self) -> None:
        if self.failing:
            self.failing = ""
            self._call_from_thread(self._trouble, None)

    def _perform(self, calls: Sequence[Call]) -> None:
        """Make all `calls` in one transaction. Raises `sqlite3.Error` if none of them took effect."""
        results = []
        writes = any(call.writes for call in calls)
        with self.tables.transaction() if writes else nullcontext():
            for call in calls:
                result = result_of(call.perform) if call.writes else self._looked_up(call.perform)
                if result is Again.AGAIN:
                    self._calls.put(call)
                    self._urgent.set()
                else:
                    results.append((call.deferred, result))
            if writes and not self.tables.connection.in_transaction:  # SQLite has ended it, for what could not be read
                raise sqlite3.OperationalError(_DISK_ERROR)
        if results:
            self._call_from_thread(fire, results)

    def _answer_without_writing(self, calls: Sequence[Call]) -> list[Call]:
        """Make the calls that need no writing; return the others."""
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
            return Failure(storage_error(self.path, error))

    def _end(self, waiting: Sequence[Call]) -> None:
        self._answer_without_writing(self._take(0.0)[0])  # searches that were to be made again
        loss = self._loss(waiting)
        self.tables.connection.close()
        self._call_from_thread(fire, [(self._closed, Failure(loss) if loss else None)])

    def _loss(self, waiting: Sequence[Call]) -> StorageError | None:
        """Return what is lost with this process, None if nothing is. As much as possible is written beside the file that took
        its place."""
        trouble = self._whereabouts and self._whereabouts.trouble()
        if self._whereabouts is not None and trouble == REPLACED:
            with suppress(sqlite3.Error, OSError, StorageError):
                with self.tables.transaction():
                    for call in waiting:
                        result_of(call.perform)
                return StorageError(RESCUED, self.path, self._whereabouts.rescue(self.tables.connection))
        if trouble:
            return StorageError(LOST, self.path)
        if messages := sum(len(call.batch.records) for call in waiting if call.batch):
            return StorageError(UNKEPT, self.path, messages)
        return StorageError(UNUSABLE, self.path, self.failing) if waiting else None

    def _suspect(self, feed: FeedId) -> None:
        if feed not in self._suspected:
            self._suspected.add(feed)
            self._call_from_thread(self._damaged, feed)

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
