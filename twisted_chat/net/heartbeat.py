"""Looks at the pulse of each link, twice a second."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from twisted_chat.net.link import Link
from twisted_chat.net.pulse import Verdict

BEAT = 0.5
"""Seconds between two looks."""
JUMP = 5.0
"""Seconds of delay of a beat, or of difference between the clocks, that show that this peer was suspended."""


class Heartbeat:
    """Pings links that are silent, drops those that are dead, and reports those that have become suspect."""

    def __init__(
        self,
        clock: IReactorTime,
        wall: Callable[[], float],
        links: Sequence[Link],
        suspected: Callable[[Link], None],
    ) -> None:
        """`clock` keeps monotonic time, `wall` is seconds since 1970; `links` are the ready ones, at any time."""
        self._clock = clock
        self._wall = wall
        self._links = links
        self._suspected = suspected
        self._next: IDelayedCall | None = None
        self._last = (0.0, 0.0)

    def start(self) -> None:
        """Begin. The first look is in half a second."""
        self._last = (self._clock.seconds(), self._wall())
        self._next = self._clock.callLater(BEAT, self._beat)

    def stop(self) -> None:
        """End."""
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _beat(self) -> None:
        now, wall = self._clock.seconds(), self._wall()
        passed, passed_wall = now - self._last[0], wall - self._last[1]
        self._last = (now, wall)
        self._next = self._clock.callLater(BEAT, self._beat)
        if passed > BEAT + JUMP or abs(passed_wall - passed) > JUMP:  # we were suspended, or the whole machine was
            for link in self._links:
                link.pulse.heard(now)
                link.ping()
            return
        for link in list(self._links):
            if not link.paused:
                self._check(link, now)

    def _check(self, link: Link, now: float) -> None:
        verdict = link.pulse.check(now)
        if verdict is Verdict.DEAD:
            link.abort()
        elif verdict is Verdict.PING:
            link.ping()
        elif verdict is Verdict.SUSPECT and not link.suspect:
            link.doubt()
            self._suspected(link)
