"""Limits on failed proofs of the passphrase, so that it can't be found by trying.

A guess counts because it was made, whatever anybody says of it. Members that have shown that they are known have no limit here.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from twisted_chat.net.addresses import is_nearby, numeric, place

PERIOD = 600.0
"""Seconds for which a failure counts."""
PER_ADDRESS = 30
"""Failures from one address in that time, after which only known members are answered there. A class may be behind one
address."""
IN_ALL = 60
"""Failures in that time of all addresses nearby, or of all others, after which an address is answered only if a member has come
from it lately."""
NEWS = 60.0
"""Seconds in which a second failure from the same address is not told."""
LATELY = 24 * 3600.0
"""Seconds for which an address counts as a member's."""
MAX_ADDRESSES = 1_000
"""Addresses remembered. With more, the one that was heard of longest ago is forgotten."""


class Failures:
    """Counts failures by address, and in all. IPv6 addresses count by the /64 that one customer has."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        """`seconds` is a monotonic clock."""
        self._seconds = seconds
        self._failed: OrderedDict[str, list[float]] = OrderedDict()
        self._proven: OrderedDict[str, float] = OrderedDict()
        self._in_all: dict[bool, list[float]] = {True: [], False: []}

    def failed(self, host: str) -> bool:
        """Count a guess from `host` that was wrong, or that was not shown to be right.

        Return whether that is news: nobody there has failed for a minute.
        """
        now = self._seconds()
        failures = self._of(host)
        news = not failures or now - failures[-1] > NEWS
        for counted, most in (failures, PER_ADDRESS), (self._in_all[_is_near(host)], IN_ALL):
            counted.append(now)
            del counted[:-most]
        return news

    def proven(self, host: str) -> None:
        """Note that a member has come from `host`."""
        self._proven[place(host)] = self._seconds()
        self._proven.move_to_end(place(host))
        _forget(self._proven)

    def allows(self, host: str) -> bool:
        """Whether one more guess from `host` may be answered."""
        now = self._seconds()
        if self._recent(self._failed.get(place(host), [])) >= PER_ADDRESS:
            return False
        has_members = now - self._proven.get(place(host), float("-inf")) < LATELY
        return has_members or self._recent(self._in_all[_is_near(host)]) < IN_ALL

    def _recent(self, failures: list[float]) -> int:
        since = self._seconds() - PERIOD
        return sum(at > since for at in failures)

    def _of(self, host: str) -> list[float]:
        failures = self._failed.setdefault(place(host), [])
        self._failed.move_to_end(place(host))
        _forget(self._failed)
        return failures


def _is_near(host: str) -> bool:
    address = numeric(host)
    return address is not None and is_nearby(address)


def _forget(remembered: OrderedDict[str, float] | OrderedDict[str, list[float]]) -> None:
    while len(remembered) > MAX_ADDRESSES:
        remembered.popitem(last=False)
