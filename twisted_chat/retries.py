"""Small things that have to be on the disk, however long it refuses them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.failure import Failure

from twisted_chat.storage.errors import StorageError

RETRY_SECONDS = 1.0
"""Seconds between two tries of what the disk refused."""
MAX_WAITING = 16
"""Things that wait for the disk; of more than that the oldest are given up."""
LAST_SECONDS = 2.0
"""Seconds that the last try may take."""

_log = Logger()


class Retries:
    """Writes values, in their order, in a thread. A refused value is tried again every `RETRY_SECONDS`, and at the end."""

    def __init__(
        self,
        reactor: Any,
        write: Callable[[str], object],
        refused: Callable[[str, StorageError], object],
        written: Callable[[str], object] = lambda item: None,
    ) -> None:
        """`write` is called in a thread and may raise `StorageError`. When it first does for a value, `refused` is called;
        once that value is written after all, `written` is."""
        self._reactor = reactor
        self._write = write
        self._refused = refused
        self._written = written
        self._waiting: dict[str, bool] = {}
        self._under_way: Deferred[Any] | None = None
        self._timer: Any = None
        self._stopped = False

    @property
    def waiting(self) -> Sequence[str]:
        """The values that are not written yet, the oldest first."""
        return list(self._waiting)

    def add(self, item: str) -> None:
        """Write it, now if nothing else is being written."""
        self._waiting.setdefault(item, False)
        for oldest in self.waiting[:-MAX_WAITING]:
            del self._waiting[oldest]
        if self._under_way is None:
            self._try()

    def stop(self) -> Deferred[None]:
        """Try a last time to write the values that wait. Fires when that is over, within `LAST_SECONDS`."""
        self._stopped = True
        if self._under_way is None and self._waiting:
            self._try()
        if self._under_way is None:
            return succeed(None)
        over: Deferred[None] = Deferred(lambda over: over.callback(None))
        self._under_way.addCallback(lambda _: None if over.called else over.callback(None))
        return over.addTimeout(LAST_SECONDS, self._reactor)

    def _try(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        items = self.waiting
        under_way = deferToThreadPool(self._reactor, self._reactor.getThreadPool(), self._write_all, items)
        self._under_way = under_way
        under_way.addCallback(self._tried, items)
        under_way.addErrback(self._mistaken)

    def _write_all(self, items: Sequence[str]) -> tuple[int, StorageError | None]:
        """Return how many are written, and what stopped that. In a thread."""
        for count, item in enumerate(items):
            try:
                self._write(item)
            except StorageError as error:
                return count, error
        return len(items), None

    def _tried(self, result: tuple[int, StorageError | None], items: Sequence[str]) -> None:
        count, error = result
        self._under_way = None
        for item in items[:count]:
            if self._waiting.pop(item, False):
                self._written(item)
        if error is None:
            if self._waiting:  # came meanwhile
                self._try()
            return
        for item in [item for item, told in self._waiting.items() if not told]:
            self._waiting[item] = True
            self._refused(item, error)
        if not self._stopped:
            self._timer = self._reactor.callLater(RETRY_SECONDS, self._try)

    def _mistaken(self, reason: Failure) -> None:
        """Log a bug of this program: to try again would not help."""
        _log.failure("while something was written:", reason)
        self._under_way = None
        self._waiting.clear()
