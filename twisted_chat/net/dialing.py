"""The addresses that this peer calls: one `Dialer` for each address where a peer may listen."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from twisted_chat.core import errors
from twisted_chat.core.wire.frames import Address
from twisted_chat.core.wire.opening import Role
from twisted_chat.net.addresses import is_loopback, normal, numeric, place
from twisted_chat.net.dialer import Dialer
from twisted_chat.net.gossip import Hearsay, Word, believed
from twisted_chat.net.link import Link
from twisted_chat.net.lookup import Lookup

MAX_LEARNED = 64
"""Addresses that are called only because another peer told of them."""
LONG = 600.0
"""Seconds without a link after which an address may have to make room for another."""
ASKED = "asked for"
"""The reason to call an address that was given at the start."""
ANNOUNCED = "announced"
"""The reason to call an address that discovery has found."""

Instance = tuple[bytes, int]
"""A process: the id of its peer, and the number that it drew at its start."""


class Calls(dict[tuple[str, int], Dialer]):
    """The dialers by host and port. A dialer is parked while the peer behind its address has a link with us."""

    def __init__(self, reactor: Any, make: Callable[[str, int, bytes | None], Dialer], closed: bool) -> None:
        """`make(host, port, expected)` makes a dialer. `closed` tells whether the group is."""
        super().__init__()
        self.own = ("", 0)
        """The address where this peer listens."""
        self._reactor = reactor
        self._make = make
        self._closed = closed
        self._hearsay = Hearsay(reactor.seconds)
        self._words: dict[Link, deque[Word]] = {}
        self._taking_up = False
        self._lookups: dict[Lookup, list[int]] = {}
        self._parked: dict[Dialer, Instance] = {}
        self._made: dict[Link, Dialer] = {}
        """The ready links that came of calls."""
        self._stopped = False

    def begin(self, addresses: Iterable[tuple[str, int]]) -> None:
        """Call each of `addresses` for as long as this peer runs. A name is looked up, and each of its addresses called while
        it is one."""
        names: dict[str, list[int]] = {}
        for host, port in addresses:
            if numeric(host) is None and not is_loopback(host):
                names.setdefault(host, []).append(port)
            else:
                self.seek(host, port, ASKED)
        for name, ports in names.items():
            self._look_up(name, ports)

    def _look_up(self, name: str, ports: list[int]) -> None:
        def changed(hosts: frozenset[str]) -> None:
            for host in hosts:
                for port in ports:
                    self.seek(host, port, lookup)
            for address in [address for address, dialer in self.items() if lookup in dialer.reasons]:
                if address[0] not in hosts:
                    self.drop(*address, lookup)

        def satisfied() -> bool:
            return any(lookup in dialer.reasons and (dialer.parked or dialer.linked) for dialer in self.values())

        lookup = Lookup(self._reactor, name, changed, satisfied)
        self._lookups[lookup] = ports
        lookup.look()

    def unresolved(self) -> list[tuple[str, int]]:
        """Return the hosts and ports to call whose names have no known address."""
        return [(lookup.name, port) for lookup, ports in self._lookups.items() if not lookup.hosts for port in ports]

    def seek(self, host: str, port: int, reason: object) -> None:
        """Call an address because of `reason`, until `drop`."""
        address = (normal(host), port)
        if self._stopped or self._is_own(*address):
            return
        known = self.get(address)
        dialer = known or self._make(*address, None)
        self[address] = dialer
        dialer.reasons.add(reason)
        self._settled(dialer)
        dialer.expected = None
        if known is None:
            dialer.dial()
        else:
            dialer.wake()  # somebody has just said that somebody is there

    def drop(self, host: str, port: int, reason: object) -> None:
        """Withdraw a `reason` to call an address. Without any other, the address is given up, unless somebody is there."""
        dialer = self.get((normal(host), port))
        if dialer is not None and reason in dialer.reasons:
            dialer.reasons.remove(reason)
            if not dialer.reasons and not dialer.parked and not dialer.linked:
                dialer.stop()
                self.forget(dialer)

    def _is_own(self, host: str, port: int) -> bool:
        own_host, own_port = self.own
        everywhere = (address := numeric(own_host)) is not None and address.is_unspecified
        return port == own_port and (host == own_host or (everywhere and is_loopback(host)))

    def wake(self) -> None:
        """Call every address now that is not linked or parked: this machine's network has changed."""
        for dialer in list(self.values()):
            if not dialer.parked and (dialer.link is None or dialer.link.closing):
                dialer.dial()
        for lookup in self._lookups:
            lookup.look()

    def learn(self, addresses: Iterable[Address], link: Link, known: set[bytes], stranger: bool = True) -> None:
        """Call addresses that the peer of `link` has told of, a few at a time. Those of `known` members are left out, and those
        that are not believed. `stranger` tells whether the peer itself was unknown before."""
        words = self._words.setdefault(link, deque(maxlen=MAX_LEARNED))
        whence = place(link.peer[0]) if stranger else None
        for told in addresses:
            host = believed(told.host, link.peer[0], self._closed)
            if host is not None and told.id not in known:
                words.append(Word(host, told.port, told.id, link.member, whence))
        self._take_up(link)

    def _take_up(self, *tellers: Link) -> None:
        """Act on words that wait: those of `tellers`, or else of anybody. As many addresses are called as may be at a time."""
        if self._taking_up or self._stopped:
            return
        self._taking_up = True
        for link in tellers or list(self._words):
            words = self._words[link]
            for _ in range(0 if link.closing else len(words)):
                word = words.popleft()
                there = self.get((word.host, word.port))
                if not self._hearsay.heeds(word) or (there is not None and not self._in_doubt(there, word)):
                    continue
                if not self._hearsay.takes(word):
                    words.appendleft(word)  # those behind it count for the same, and wait too
                    break
                if there is not None:
                    words.append(word)  # until it has turned out what that is
                elif (dialer := self._learn(word.host, word.port, word.member)) is not None:
                    dialer.word = word
                    self._hearsay.acted_upon(word)
                    dialer.dial()
            if link.closing or not words:
                del self._words[link]
        self._taking_up = False

    @staticmethod
    def _in_doubt(there: Dialer, word: Word) -> bool:
        """Whether an address is being called on another word, which said that another member is there."""
        return there.word is not None and there.expected != word.member

    def _learn(self, host: str, port: int, member: bytes) -> Dialer | None:
        """Return a new dialer for an address that is known only by somebody's word; None if it is not to be called."""
        if (host, port) in self or self._is_own(host, port) or self._stopped or not self._has_room():
            return None
        dialer = self[host, port] = self._make(host, port, member)
        return dialer

    def _has_room(self) -> bool:
        """Whether one more address may be learned. To make room, one is forgotten where nobody has been for long."""
        learned = [dialer for dialer in self.values() if not dialer.reasons]
        if len(learned) < MAX_LEARNED:
            return True
        since = self._reactor.seconds() - LONG
        silent = [
            each for each in learned if each.answered and each.last_ready < since and not (each.parked or each.linked)
        ]
        if not silent:
            return False
        ((busiest, _count),) = Counter(place(dialer.host) for dialer in silent).most_common(1)
        oldest = min((each for each in silent if place(each.host) == busiest), key=lambda each: each.last_ready)
        oldest.stop()
        self.forget(oldest)
        return True

    def forget(self, dialer: Dialer) -> None:
        """Remove a dialer that is stopped. If its address was known by a word, that word was in vain."""
        self.pop((dialer.host, dialer.port), None)
        self._parked.pop(dialer, None)
        if dialer.word is not None:
            self._hearsay.in_vain(dialer.word)
            dialer.word = None
        self._take_up()

    def _settled(self, dialer: Dialer) -> None:
        """Let the word on which an address was called count as true."""
        if dialer.word is not None:
            self._hearsay.proven(dialer.word)
            dialer.word = None

    def maker(self, link: Link) -> Dialer | None:
        """Return the dialer that made a ready link, None if the other side called."""
        return self._made.get(link)

    def reached(self, link: Link, dialer: Dialer | None) -> None:
        """Note a ready link, which `dialer` has made unless the other side called. Its peer is not called at other addresses
        while it stands. A peer that called us is called back at its own address if the link is lost."""
        if dialer is not None:
            self._made[link] = dialer
            dialer.settled()
        if link.role is Role.LISTENER and link.hello.port:
            self._learn(link.peer[0], link.hello.port, link.member)
        for dialer in self.values():
            if dialer.link is link or (dialer.host, dialer.port) == (link.peer[0], link.hello.port):
                self._settled(dialer)  # else who is here says nothing for what else was said of where it is
            if dialer.expected == link.member and not dialer.parked and not dialer.linked:
                self.park(dialer, link.instance)
        self._take_up()

    def ended(self, link: Link, others: Sequence[Link], wait: float) -> None:
        """Note that a ready link is gone, and that `others` with the same process stand. Its address is not called for `wait`
        seconds."""
        dialer = self._made.pop(link, None)
        if dialer is not None:
            if others and dialer.link is link and link.reason == errors.DUPLICATE:
                self.park(dialer, others[0].instance)
            dialer.rest(wait)
        if not others:
            self._unpark(link, wait)

    def park(self, dialer: Dialer, instance: Instance) -> None:
        """Park a dialer until the last link with `instance` is gone."""
        dialer.park()
        self._parked[dialer] = instance

    def _unpark(self, link: Link, wait: float) -> None:
        """The last link with a process is gone: call its addresses in `wait` seconds. A peer that called us, and has ended the
        link by itself, is not called back."""
        if not self._stopped:
            for dialer in [dialer for dialer, behind in self._parked.items() if behind == link.instance]:
                del self._parked[dialer]
                if not link.reason or dialer.reasons or dialer.answered:
                    dialer.rest(wait)
                    dialer.dial()
                else:
                    self.forget(dialer)

    def beside(self, link: Link) -> None:
        """Call the peer of a suspect link at every address where it was found."""
        dialers = {dialer for dialer, behind in self._parked.items() if behind == link.instance}
        if (maker := self._made.get(link)) is not None:
            dialers.add(maker)
        for each in dialers:
            if each.link is link or each.parked:
                self._parked.pop(each, None)
                each.link = None
                each.dial()
        for lookup in self._lookups:
            if any(lookup in each.reasons for each in dialers):
                lookup.look()  # its address may be another now

    def recovered(self, link: Link) -> None:
        """Stop calling beside a link that was suspect and has been heard again."""
        dialer = self.get((link.peer[0], link.hello.port))
        if dialer is not None and dialer.link is not link:
            self.park(dialer, link.instance)

    def leads_to(self, dialer: Dialer, instance: Instance) -> bool:
        """Whether a dialer is parked because of `instance`."""
        return self._parked.get(dialer) == instance

    def stop(self) -> None:
        """Stop every dialer and every lookup, for good."""
        self._stopped = True
        for lookup in self._lookups:
            lookup.stop()
        for dialer in self.values():
            dialer.stop()
