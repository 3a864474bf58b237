"""`--keep`: messages received longer ago than that are deleted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from twisted_chat.core.feeds.batches import FeedId
from twisted_chat.core.people.clocks import Clocks
from twisted_chat.core.replication.store import Store

DAY = 24 * 3600.0

_log = Logger()


class Retention:
    """Has the store delete old messages, once a day. It begins when another member's clock has agreed with ours: by a clock a
    year ahead, every message would be old."""

    def __init__(
        self,
        reactor: Any,
        wall: Callable[[], float],
        store: Store,
        clocks: Clocks,
        keep: float | None,
        trimmed: Callable[[dict[FeedId, int], float], object],
    ) -> None:
        """Messages received over `keep` seconds ago are deleted, none if it is None. `trimmed` is called with the lowest number
        left of each feed of which something was deleted, and the time before which that had been received."""
        self._reactor = reactor
        self._wall = wall
        self._store = store
        self._clocks = clocks
        self._keep = keep
        self._trimmed = trimmed
        self._due = False
        self._daily: IDelayedCall | None = None

    def start(self) -> None:
        """Delete now, as soon as the clock is believed, and daily from now on."""
        if self._keep is not None:
            self._clocks.compared = self._look
            self._begin()

    def stop(self) -> None:
        """Delete nothing more."""
        self._due = False
        if self._daily is not None:
            self._daily.cancel()
            self._daily = None

    def _begin(self) -> None:
        self._daily = self._reactor.callLater(DAY, self._begin)
        self._due = True
        self._look()

    def _look(self) -> None:
        if self._keep is None or not self._due or not self._clocks.agree():
            return
        self._due = False
        before = self._wall() - self._keep
        trimming = self._store.trim(int(before * 1000)).addCallback(self._trimmed, before)
        trimming.addErrback(lambda reason: _log.failure("what is old can't be given up:", reason))
