"""What a peer is told about where others listen: which addresses may be passed on and believed, and whose word counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import NamedTuple

from twisted_chat.net.addresses import is_nearby, numeric

MEMORY = 600.0
"""Seconds for which an address where the announced member did not answer is remembered, and who announced it."""
MAX_VAIN = 8
"""Such addresses, and such as have yet to answer, that are called on one member's word, until the first of them is forgotten."""
VAIN_A_PLACE = 16
"""The same for all members at one address, but for those known from before: keys cost nothing."""
VAIN_IN_ALL = 48
"""The same for all members anywhere, but for those known from before."""
MAX_REMEMBERED = 512
"""Such addresses of all members together; the oldest are forgotten."""

_THIS_NETWORK = ip_network("0.0.0.0/8")


def told(host: str, to: str) -> str | None:
    """Return how the address `host` is written to a peer at `to`; None if it means nothing there.

    A loopback address is told on its own machine only; an IPv6 link-local one on its own network only, without the scope, which
    is another on each machine.
    """
    address, other = numeric(host), numeric(to)
    if address is None or other is None or (address.is_loopback and not other.is_loopback):
        return None
    if isinstance(address, IPv6Address) and address.is_link_local:
        same = isinstance(other, IPv6Address) and other.scope_id == address.scope_id
        return str(IPv6Address(address.packed)) if same else None
    return str(address)


def believed(host: str, teller: str, closed: bool) -> str | None:
    """Return the address to call if a peer at `teller` says that a member is at `host`; None if it is not to be called.

    That is one by which a single machine can be reached from here. In a group that is not `closed`, where anybody may be the
    teller, it and the teller must be nearby besides, lest strangers have this peer call others.
    """
    address, other = numeric(host), numeric(teller)
    if address is None or other is None or not _unicast(address) or (address.is_loopback and not other.is_loopback):
        return None
    if not closed and not (is_nearby(address) and is_nearby(other)):
        return None
    if isinstance(address, IPv6Address) and address.is_link_local:
        scope = other.scope_id if isinstance(other, IPv6Address) else None
        return f"{IPv6Address(address.packed)}%{scope}" if scope else None
    return str(address)


def _unicast(address: IPv4Address | IPv6Address) -> bool:
    if address.is_loopback:
        return True  # which is_reserved says of ::1
    return not (address.is_multicast or address.is_unspecified or address.is_reserved or address in _THIS_NETWORK)


class Word(NamedTuple):
    """What a member, the `teller`, said: `member` listens at `host` and `port`. `whence` is the address it came from, None if
    the teller was known from before."""

    host: str
    port: int
    member: bytes
    teller: bytes
    whence: str | None


class _Tally(Counter[bytes | str | None]):
    """How many words there are: by teller, and of strangers by address and, under None, in all."""

    def note(self, word: Word, more: int = 1) -> None:
        """There is one more such word; or one less."""
        for key in _limits(word):
            self[key] += more
            if not self[key]:
                del self[key]


def _limits(word: Word) -> dict[bytes | str | None, int]:
    """Return what a word counts for, and of each how many there may be."""
    limits: dict[bytes | str | None, int] = {word.teller: MAX_VAIN}
    return limits if word.whence is None else limits | {word.whence: VAIN_A_PLACE, None: VAIN_IN_ALL}


class Hearsay:
    """Whose word was worth nothing lately, and which words were. Times are monotonic seconds."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._open: dict[tuple[str, int, bytes], Word] = {}
        self._vain: dict[tuple[str, int, bytes], tuple[float, Word]] = {}
        self._counts_open, self._counts_vain = _Tally(), _Tally()

    def heeds(self, word: Word) -> bool:
        """Whether a word is worth remembering: it has not turned out to be vain, nor have too many of the same source."""
        self._forget()
        spent = self._counts_vain
        return word[:3] not in self._vain and all(spent[key] < most for key, most in _limits(word).items())

    def takes(self, word: Word) -> bool:
        """Whether a word is to be acted upon now: those that have yet to be proven count as if they were vain."""
        vain, unproven = self._counts_vain, self._counts_open
        return self.heeds(word) and all(vain[key] + unproven[key] < most for key, most in _limits(word).items())

    def acted_upon(self, word: Word) -> None:
        """The address is called."""
        self.proven(word)
        self._open[word[:3]] = word
        self._counts_open.note(word)

    def proven(self, word: Word) -> None:
        """There was the member that was said to be there, or it has been found elsewhere."""
        unproven = self._open.pop(word[:3], None)
        if unproven is not None:
            self._counts_open.note(unproven, -1)

    def in_vain(self, word: Word) -> None:
        """There was not the member that was said to be there."""
        self.proven(word)
        if word[:3] in self._vain:
            self._remove(word[:3])
        self._vain[word[:3]] = (self._seconds(), word)
        self._counts_vain.note(word)
        self._forget()

    def _forget(self) -> None:
        """Forget what is too old or too much; the oldest comes first."""
        while self._vain:
            oldest = next(iter(self._vain))
            if self._seconds() - self._vain[oldest][0] < MEMORY and len(self._vain) <= MAX_REMEMBERED:
                break
            self._remove(oldest)

    def _remove(self, key: tuple[str, int, bytes]) -> None:
        _since, word = self._vain.pop(key)
        self._counts_vain.note(word, -1)
