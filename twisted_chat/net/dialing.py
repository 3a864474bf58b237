"""Whom this peer calls, and whom it need not: one `Dialer` for each address where a peer may listen."""

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
"""Addresses dialed on nothing but another peer's word."""
LONG = 600.0
"""Seconds after which an address where a member was may have to make room for another."""
ASKED = "asked for"
"""The reason to call an address that this peer was told at its start."""
ANNOUNCED = "announced"
"""The reason to call an address that discovery has found."""

Instance = tuple[bytes, int]
"""Which process: a peer's id and the number its process drew at its start."""


class Calls(dict[tuple[str, int], Dialer]):
    """The dialers by host and port. One is parked while the peer behind it has a link with us."""

    def __init__(self, reactor: Any, make: Callable[[str, int, bytes | None], Dialer], closed: bool) -> None:
        """`make(host, port, expected)` makes a dialer; `closed` is whether only those who know a passphrase get a link."""
        super().__init__()
        self.own = ("", 0)
        """Where this peer listens."""
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
        """Call every one of `addresses` for as long as this peer runs, those where a name leads as long as it does."""
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
        """Return where this peer would call, if an address were known for the host's name."""
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
        """There is no `reason` any more to call an address; without any other it is given up, unless somebody is there."""
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
        """Call at once wherever that is only waited for: this machine's network is another now."""
        for dialer in list(self.values()):
            if not dialer.parked and (dialer.link is None or dialer.link.closing):
                dialer.dial()
        for lookup in self._lookups:
            lookup.look()

    def learn(self, addresses: Iterable[Address], link: Link, known: set[bytes], stranger: bool = True) -> None:
        """Call addresses that the peer at the other end of `link` told of, as far as that is believed and they are not those of
        `known` members; the peer itself is a `stranger`, or known from before. Of what it tells a few are called at a time."""
        words = self._words.setdefault(link, deque(maxlen=MAX_LEARNED))
        whence = place(link.peer[0]) if stranger else None
        for told in addresses:
            host = believed(told.host, link.peer[0], self._closed)
            if host is not None and told.id not in known:
                words.append(Word(host, told.port, told.id, link.member, whence))
        self._take_up(link)

    def _take_up(self, *tellers: Link) -> None:
        """Call where somebody is said to be, as many as may be at a time: on the word of `tellers`, or else of anybody."""
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
        """Whether an address is called for another member than `word` says is there, on nothing but somebody's word."""
        return there.word is not None and there.expected != word.member

    def _learn(self, host: str, port: int, member: bytes) -> Dialer | None:
        """Return a new dialer for an address that has nothing to it but somebody's word."""
        if (host, port) in self or self._is_own(host, port) or self._stopped or not self._has_room():
            return None
        dialer = self[host, port] = self._make(host, port, member)
        return dialer

    def _has_room(self) -> bool:
        """Whether one more address may be learned; of those where nobody has been for long, one may have to be forgotten."""
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
        """Call an address no more where nobody has answered for long, or never as announced."""
        self.pop((dialer.host, dialer.port), None)
        self._parked.pop(dialer, None)
        if dialer.word is not None:
            self._hearsay.in_vain(dialer.word)
            dialer.word = None
        self._take_up()

    def _settled(self, dialer: Dialer) -> None:
        """Whatever was said of an address, it is of no more account."""
        if dialer.word is not None:
            self._hearsay.proven(dialer.word)
            dialer.word = None

    def maker(self, link: Link) -> Dialer | None:
        """Return the dialer that made a ready link, None if the other side called."""
        return self._made.get(link)

    def reached(self, link: Link, dialer: Dialer | None) -> None:
        """A link is ready, which `dialer` has made unless the other side called: its peer need not be called where others say it
        is, and can be called back where it listens."""
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
        """A ready link is gone, and there are `others` with the same process. Nobody is to call there for `wait` seconds."""
        dialer = self._made.pop(link, None)
        if dialer is not None:
            if others and dialer.link is link and link.reason == errors.DUPLICATE:
                self.park(dialer, others[0].instance)
            dialer.rest(wait)
        if not others:
            self._unpark(link, wait)

    def park(self, dialer: Dialer, instance: Instance) -> None:
        """Don't call, as long as there is a link with `instance`."""
        dialer.park()
        self._parked[dialer] = instance

    def _unpark(self, link: Link, wait: float) -> None:
        """The last link with a process is gone: call it in `wait` seconds wherever it was found. Who called us, and did not lose
        the link but end it, is not called back."""
        if not self._stopped:
            for dialer in [dialer for dialer, behind in self._parked.items() if behind == link.instance]:
                del self._parked[dialer]
                if not link.reason or dialer.reasons or dialer.answered:
                    dialer.rest(wait)
                    dialer.dial()
                else:
                    self.forget(dialer)

    def beside(self, link: Link) -> None:
        """Call the peer of a suspect link at every address we know it by."""
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
        """A suspect link was heard again: nobody needs to be called beside it."""
        dialer = self.get((link.peer[0], link.hello.port))
        if dialer is not None and dialer.link is not link:
            self.park(dialer, link.instance)

    def leads_to(self, dialer: Dialer, instance: Instance) -> bool:
        """Whether a dialer is parked because of `instance`."""
        return self._parked.get(dialer) == instance

    def stop(self) -> None:
        """Call nobody any more."""
        self._stopped = True
        for lookup in self._lookups:
            lookup.stop()
        for dialer in self.values():
            dialer.stop()
