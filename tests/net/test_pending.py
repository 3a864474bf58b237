"""Who is let wait at the door, and who makes room."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, cast

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.core import errors
from twisted_chat.core.errors import Refusal
from twisted_chat.net.link import Link
from twisted_chat.net.pending import FAR, MAX_CLOSING, MAX_OPENING, Door, place

HOST = "10.0.0.1"


class Waiting:
    """A connection that has not shown who it is."""

    closing = False
    progress = 1
    known: bytes | None = None
    aborted = False

    def __init__(self, door: Door) -> None:
        self.door = door

    def refuse(self, refusal: Refusal) -> None:
        """Note it."""
        assert refusal.reason == errors.FULL
        self.closing = True

    def abort(self) -> None:
        """Note it, and be gone."""
        self.aborted = True
        self.door.leave(cast(Link, self))


class DoorTests(SynchronousTestCase):
    """Connections that wait."""

    def setUp(self) -> None:
        self.door = Door(lambda crowd: crowd[0])

    def enter(self, count: int, host: str = HOST) -> list[Any]:
        """Let connections come from an address."""
        comers: list[Any] = [Waiting(self.door) for _ in range(count)]
        for comer in comers:
            self.door.enter(cast(Link, comer), host)
        return comers

    def refused(self, comers: Sequence[Any]) -> list[int]:
        """Return which of them had to go."""
        return [number for number, comer in enumerate(comers) if comer.closing]

    def test_oldest_goes(self) -> None:
        """As many wait as may; with each one more the oldest goes."""
        comers = self.enter(MAX_OPENING)
        self.assertEqual(self.refused(comers), [])
        comers += self.enter(3)
        self.assertEqual(self.refused(comers), [0, 1, 2])

    def test_flood_costs_its_own_address(self) -> None:
        """Those that came from other addresses stay, older or not, however many come from one."""
        early, flood, late = self.enter(2, "10.0.0.2"), self.enter(10 * MAX_OPENING), self.enter(1, "10.0.0.3")
        flood += self.enter(10 * MAX_OPENING)
        self.assertEqual(self.refused(early + late), [])
        self.assertEqual(len(self.refused(flood)), 20 * MAX_OPENING - (MAX_OPENING - 3))

    def test_who_has_got_far(self) -> None:
        """Those that have said next to nothing make room for their like alone, however many they are; so do those that have got
        further, whose like comes no nearer to being a link by saying no more."""
        far = self.enter(MAX_OPENING)
        for comer in far:
            comer.progress = FAR
        near = self.enter(10 * MAX_OPENING)
        self.assertEqual(self.refused(far), [])
        self.assertEqual(len(self.refused(near)), 9 * MAX_OPENING)
        for comer in near[-10:]:
            comer.progress = FAR
        near += self.enter(1)
        self.assertEqual(self.refused(far), list(range(10)))

    def test_unfinished(self) -> None:
        """Of connections that come 150 times a second from one address and all stop at the same place, such as in the middle of
        TLS, one that goes on is not the first to go: it has time, and a chance after that, even if as many come as there is room
        for."""
        for stallers, least in ((MAX_OPENING // 2 + 6, 100), (MAX_OPENING + 8, 10)):
            self.door = Door(Random(7).choice)
            stayed = 0
            for _ in range(200):
                (honest,) = self.enter(1)
                for _ in range(stallers):
                    (staller,) = self.enter(1)
                    staller.progress = 2
                stayed += not honest.closing
                self.door.leave(honest)
            self.assertGreater(stayed, least)

    def test_known_members_stay(self) -> None:
        """Who has shown to be a known member makes room for nobody who has not."""
        known = self.enter(5)
        for comer in known:
            comer.progress, comer.known = FAR, b"k" * 32
        crowd = self.enter(MAX_OPENING)
        for comer in crowd:
            comer.progress = FAR
        self.enter(1)
        self.assertEqual(self.refused(known), [])
        self.assertEqual(len(self.refused(crowd)), 5)

    def test_room_is_made_by_who_leaves(self) -> None:
        """Who is a link now, or gone, takes no room."""
        comers = self.enter(MAX_OPENING)
        for comer in comers[:5]:
            self.door.leave(comer)
        self.assertEqual(self.refused(comers + self.enter(5)), [])

    def test_addresses(self) -> None:
        """Who writes IPv4 as IPv6 is at the same address, and so is whoever has the same 64 bits of IPv6; a name is itself."""
        self.assertEqual(place("::ffff:10.0.0.1"), place("10.0.0.1"))
        self.assertEqual(place("2001:db8:0:1::1"), place("2001:db8:0:1:ffff:ffff:ffff:ffff"))
        self.assertEqual(place("fe80::1%eth0"), place("fe80::2%eth0"))
        places = {place(host) for host in ("10.0.0.1", "10.0.0.2", "2001:db8:0:1::1", "2001:db8:0:2::1", "::1", "a.b")}
        self.assertEqual(len(places), 6)

    def test_who_does_not_close(self) -> None:
        """Of connections that were refused and don't close, as many as may are left in peace for a while."""
        comers = self.enter(MAX_OPENING + MAX_CLOSING)
        self.assertEqual([comer.aborted for comer in comers], [False] * (MAX_OPENING + MAX_CLOSING))
        self.enter(2)
        self.assertEqual([number for number, comer in enumerate(comers) if comer.aborted], [0, 1])
