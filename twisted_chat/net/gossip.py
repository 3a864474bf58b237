"""Addresses told by other peers: which may be passed on, which are believed, and how many are tried on one member's word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import NamedTuple

from twisted_chat.net.addresses import is_nearby, numeric

MEMORY = 600.0
"""Seconds for which a word that was in vain is remembered, with its teller."""
MAX_VAIN = 8
"""Words of one member that were in vain or are being tried. With so many, none of its words is tried until one is forgotten."""
VAIN_A_PLACE = 16
"""The same for all strangers at one address: keys cost nothing."""
VAIN_IN_ALL = 48
"""The same for all strangers anywhere."""
MAX_REMEMBERED = 512
"""Words in vain that are remembered, of all members together. With more, the oldest are forgotten."""

_THIS_NETWORK = ip_network("0.0.0.0/8")


def told(host: str, to: str) -> str | None:
    """Return the address `host` as it is written to a peer at `to`; None if it means nothing there.

    A loopback address is told only on its own machine. An IPv6 link-local one is told only on its own network, without the scope,
    which each machine names in its own way.
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

    It must be the address of a single machine that can be reached from here. In a group that is not `closed`, both it and the
    teller must be nearby: anybody may be the teller, and strangers must not make this peer call others.
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
    """The word of a member, the `teller`: `member` listens at `host` and `port`. `whence` is the address of the teller, None if
    the teller was known before."""

    host: str
    port: int
    member: bytes
    teller: bytes
    whence: str | None


class _Tally(Counter[bytes | str | None]):
    """Counts words by teller, and those of strangers also by address and, under None, in all."""

    def note(self, word: Word, more: int = 1) -> None:
        """Count one more word; or `more`, which may be -1."""
        for key in _limits(word):
            self[key] += more
            if not self[key]:
                del self[key]


def _limits(word: Word) -> dict[bytes | str | None, int]:
    """Return the counts that a word adds to, and the limit of each."""
    limits: dict[bytes | str | None, int] = {word.teller: MAX_VAIN}
    return limits if word.whence is None else limits | {word.whence: VAIN_A_PLACE, None: VAIN_IN_ALL}


class Hearsay:
    """Remembers the words that are being tried, and those that were in vain lately. Times are monotonic seconds."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._open: dict[tuple[str, int, bytes], Word] = {}
        self._vain: dict[tuple[str, int, bytes], tuple[float, Word]] = {}
        self._counts_open, self._counts_vain = _Tally(), _Tally()

    def heeds(self, word: Word) -> bool:
        """Whether a word is worth remembering. It is not if it was in vain lately, or too many others of the same source were."""
        self._forget()
        spent = self._counts_vain
        return word[:3] not in self._vain and all(spent[key] < most for key, most in _limits(word).items())

    def takes(self, word: Word) -> bool:
        """Whether a word may be tried now. Words that are being tried count as if they had been in vain."""
        vain, unproven = self._counts_vain, self._counts_open
        return self.heeds(word) and all(vain[key] + unproven[key] < most for key, most in _limits(word).items())

    def acted_upon(self, word: Word) -> None:
        """Note that the address is being called."""
        self.proven(word)
        self._open[word[:3]] = word
        self._counts_open.note(word)

    def proven(self, word: Word) -> None:
        """Note that the member was there, or has been found elsewhere."""
        unproven = self._open.pop(word[:3], None)
        if unproven is not None:
            self._counts_open.note(unproven, -1)

    def in_vain(self, word: Word) -> None:
        """Note that the member was not there."""
        self.proven(word)
        if word[:3] in self._vain:
            self._remove(word[:3])
        self._vain[word[:3]] = (self._seconds(), word)
        self._counts_vain.note(word)
        self._forget()

    def _forget(self) -> None:
        """Forget the oldest words that were in vain, if they are too old or too many."""
        while self._vain:
            oldest = next(iter(self._vain))
            if self._seconds() - self._vain[oldest][0] < MEMORY and len(self._vain) <= MAX_REMEMBERED:
                break
            self._remove(oldest)

    def _remove(self, key: tuple[str, int, bytes]) -> None:
        _since, word = self._vain.pop(key)
        self._counts_vain.note(word, -1)
