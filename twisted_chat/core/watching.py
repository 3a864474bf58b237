"""Watchers: each hears every event, in order, whatever another watcher does."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial

from twisted.logger import Logger
from twisted.python.failure import Failure

from twisted_chat.core.events import Event, Fault

Watcher = Callable[[Event], object]
MAX_FAULTS = 32
"""Different faults that are told; after that none is."""

_log = Logger()


class Watchers:
    """Tells events to those who watch.

    A watcher that raises keeps nobody else from hearing: the fault is logged with its traceback and told as a `Fault`, once
    for each place in the program that it comes from. No watcher is called again while it is being called: what it causes is
    told after what it is hearing, to all alike.
    """

    def __init__(self) -> None:
        self._watchers: list[Watcher] = []
        self._waiting: deque[Event] = deque()
        self._telling = False
        self._faults: set[str] = set()

    def add(self, watcher: Watcher) -> Callable[[], None]:
        """Tell `watcher` every event from the next one on, after those who were added before; return what ends that."""
        mine: Watcher = partial(watcher)  # one's own, though the same function be added twice
        self._watchers.append(mine)

        def leave() -> None:
            if mine in self._watchers:
                self._watchers.remove(mine)

        return leave

    def tell(self, event: Event) -> None:
        """Tell everybody, now; or, if something is being told, after that and still in this turn."""
        self._waiting.append(event)
        if self._telling:
            return
        self._telling = True
        try:
            while self._waiting:
                self._tell(self._waiting.popleft())
        finally:
            self._telling = False

    def _tell(self, event: Event) -> None:
        for watcher in list(self._watchers):
            if watcher in self._watchers:  # it has not left meanwhile
                self.call(partial(watcher, event))

    def call(self, function: Callable[[], object]) -> None:
        """Call what a front end gave, as safely as if it watched."""
        try:
            function()
        except Exception:  # noqa: BLE001 - a mistake in one front end is not the others'
            self._fault(Failure())

    def _fault(self, failure: Failure) -> None:
        frames = failure.frames or [("", "", 0)]
        place = f"{type(failure.value).__name__} in {frames[-1][1]}:{frames[-1][2]}"
        if place not in self._faults and len(self._faults) < MAX_FAULTS:
            self._faults.add(place)
            _log.failure("a watcher failed:", failure)
            self.tell(Fault())
