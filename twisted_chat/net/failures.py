"""How often somebody may fail to prove the passphrase, so that it can't be found by trying.

What counts is that a guess was made, not what anybody says. Who has shown to be a known member is not asked about here.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from twisted_chat.net.addresses import is_nearby, numeric, place

PERIOD = 600.0
"""Seconds for which a failure counts."""
PER_ADDRESS = 30
"""Failures from one address in that time, after which nobody there is answered who is not known: a class may be behind it."""
IN_ALL = 60
"""Failures in that time of all addresses nearby, or of all that are far, after which only addresses from which a member has come
lately are answered."""
NEWS = 60.0
"""Seconds for which one more failure from the same address is not worth telling."""
LATELY = 24 * 3600.0
"""Seconds for which an address counts as a member's."""
MAX_ADDRESSES = 1_000
"""Addresses remembered; the one heard of longest ago is forgotten."""


class Failures:
    """Counts by address (IPv6 by the /64 that one customer has), and in all."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        """`seconds` is a monotonic clock."""
        self._seconds = seconds
        self._failed: OrderedDict[str, list[float]] = OrderedDict()
        self._proven: OrderedDict[str, float] = OrderedDict()
        self._in_all: dict[bool, list[float]] = {True: [], False: []}

    def failed(self, host: str) -> bool:
        """Whoever is at `host` did not know the passphrase, or used up a guess without showing that it did.

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
        """A member has come from `host`."""
        self._proven[place(host)] = self._seconds()
        self._proven.move_to_end(place(host))
        _forget(self._proven)

    def allows(self, host: str) -> bool:
        """Whether one more guess of whoever is at `host` is to be risked."""
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
