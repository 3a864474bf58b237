"""One link a pair: a second link with the same process is found, and one of the two is closed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence

from twisted_chat.core import errors
from twisted_chat.core.errors import Refusal
from twisted_chat.net.link import Link

MAX_INSTANCES = 2
"""Processes with one key that are linked with at a time."""
MAX_ALIKE = 3
"""Links with one process while it is being decided which stays."""
SETTLE_SECONDS = 10.0
"""Seconds that the other side has to decide, where it is the one to do so."""
AGAIN_SECONDS = 3600.0
"""Seconds for which two programs with one key are not told again."""
MAX_TOLD = 800
"""Members remembered because this was told of them."""

Instance = tuple[bytes, int]


class Pairs:
    """Decides which of several links with one member stay."""

    def __init__(
        self, own: Instance, links: Sequence[Link], seconds: Callable[[], float], twins: Callable[[bytes], object]
    ) -> None:
        """`links` are the ready ones at any time. `twins` is called with a member whose key two programs use."""
        self._own = own
        self._links = links
        self._seconds = seconds
        self._twins = twins
        self._told: OrderedDict[bytes, float] = OrderedDict()

    def admit(self, link: Link) -> None:
        """Raise `Refusal` if there are as many links with a new link's member as there may be."""
        older = self._with(link)
        if sum(other.instance == link.instance for other in older) >= MAX_ALIKE:
            raise Refusal(errors.DUPLICATE)
        if len({other.instance for other in [*older, link]}) > MAX_INSTANCES:
            for other in older:
                self._see(other)
            raise Refusal(errors.LIMIT, f"{MAX_INSTANCES} programs with this key are linked already")

    def _with(self, link: Link) -> list[Link]:
        return [other for other in self._links if other.member == link.member and not other.closing]

    @staticmethod
    def _see(link: Link) -> None:
        """Probe a link, and drop it if it does not answer."""
        if not link.probing:
            link.ping(lambda alive: None if alive else link.abort())

    def ready(self, link: Link) -> None:
        """Probe each older link with the member of a new one. Decide which of the two stays if the older one answers."""
        for older in self._with(link):
            if older is not link:
                self._contest(older, link)

    def _contest(self, older: Link, newer: Link) -> None:
        def answered(alive: bool) -> None:
            if older not in self._links:
                return
            if not alive:
                older.abort()  # at either end: the other may long have closed its end of it
            elif newer in self._links:
                self._decide(older, newer)

        older.ping(answered)

    def _decide(self, older: Link, newer: Link) -> None:
        if older.instance != newer.instance:
            self._tell(newer.member)
        elif self._own < newer.instance:
            newer.refuse(Refusal(errors.DUPLICATE))
        else:
            newer.after(SETTLE_SECONDS, self._settle, older, newer)

    def _settle(self, older: Link, newer: Link) -> None:
        if older in self._links and not older.closing:
            newer.refuse(Refusal(errors.DUPLICATE))

    def _tell(self, member: bytes) -> None:
        now = self._seconds()
        if now - self._told.get(member, float("-inf")) >= AGAIN_SECONDS:
            self._told[member] = now
            self._told.move_to_end(member)
            while len(self._told) > MAX_TOLD:
                self._told.popitem(last=False)
            self._twins(member)
