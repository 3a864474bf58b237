"""How often somebody may fail to prove the passphrase, so that it can't be found by trying."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from twisted_chat.net.addresses import place

PERIOD = 600.0
"""Seconds for which a failure counts."""
PER_ADDRESS = 5
"""Failures from one address in that time, after which nobody there is answered."""
PER_SHARED = 30
"""The same for an address from which a member has come lately, for others may be behind it as well."""
IN_ALL = 60
"""Failures in that time after which only addresses from which a member has come lately are answered."""
NEWS = 60.0
"""Seconds for which one more failure from the same address is not worth telling."""
LATELY = 24 * 3600.0
"""Seconds for which an address counts as a member's."""
MAX_ADDRESSES = 1_000
"""Addresses remembered; the one heard of longest ago is forgotten."""


class Failures:
    """Counts by address (IPv6 by the /64 that one customer has)."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        """`seconds` is a monotonic clock."""
        self._seconds = seconds
        self._failed: OrderedDict[str, list[float]] = OrderedDict()
        self._proven: OrderedDict[str, float] = OrderedDict()
        self._in_all: list[float] = []

    def failed(self, host: str) -> bool:
        """Whoever is at `host` did not know the passphrase, or used up a guess without showing that it did.

        Return whether that is news: nobody there has failed for a minute.
        """
        now = self._seconds()
        failures = self._of(host)
        news = not failures or now - failures[-1] > NEWS
        for counted, most in (failures, PER_SHARED), (self._in_all, IN_ALL):
            counted.append(now)
            del counted[:-most]
        return news

    def proven(self, host: str) -> None:
        """A member has come from `host`."""
        self._proven[place(host)] = self._seconds()
        _forget(self._proven)

    def has_members(self, host: str) -> bool:
        """Whether a member has come from `host` lately."""
        return self._seconds() - self._proven.get(place(host), float("-inf")) < LATELY

    def allows(self, host: str) -> bool:
        """Whether one more try of, or at, `host` is to be risked."""
        since = self._seconds() - PERIOD
        recent = sum(at > since for at in self._failed.get(place(host), ()))
        if self.has_members(host):
            return recent < PER_SHARED
        return recent < PER_ADDRESS and sum(at > since for at in self._in_all) < IN_ALL

    def _of(self, host: str) -> list[float]:
        failures = self._failed.setdefault(place(host), [])
        self._failed.move_to_end(place(host))
        _forget(self._failed)
        return failures


def _forget(remembered: OrderedDict[str, float] | OrderedDict[str, list[float]]) -> None:
    while len(remembered) > MAX_ADDRESSES:
        remembered.popitem(last=False)
