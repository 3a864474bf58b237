"""Whose comings and goings people are told of."""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.core.events import (
    Alone,
    Event,
    Impostor,
    Joined,
    Left,
    Lost,
    NoLink,
    Reachable,
    Renamed,
    TwoInstances,
    Unreachable,
    Untold,
)
from twisted_chat.core.people.comings import OF_MEMBER, OF_PLACE, OF_STRANGERS, PERIOD, Comings

ANA = b"a" * 32


def key(number: int) -> bytes:
    """Return a key."""
    return number.to_bytes(32, "big")


class Strict(Clock):
    """A clock that goes back no more than a reactor's does."""

    def callLater(self, when: float, what: Any, *arguments: Any, **named: Any) -> IDelayedCall:
        """Call later."""
        assert when >= 0, when
        return super().callLater(when, what, *arguments, **named)


class ComingsTests(SynchronousTestCase):
    """What of it is told."""

    def setUp(self) -> None:
        self.clock = Strict()
        self.clock.advance(1_000)
        self.told: list[Event] = []
        self.comings = Comings(self.told.append, self.clock)
        self.comings.is_new = lambda member: member != ANA

    def come(self, member: bytes, host: str = "10.0.0.1") -> None:
        """Somebody comes."""
        self.comings.tell(Joined("X", host, 5000, False, member=member))

    def go(self, member: bytes) -> None:
        """Somebody goes."""
        self.comings.tell(Left("X", member=member))

    def counts(self) -> list[int]:
        """Return what was told to have been left out."""
        return [event.count for event in self.told if isinstance(event, Untold)]

    def test_class(self) -> None:
        """A class that starts at once at one address is told of, one by one, and so is its going."""
        for number in range(30):
            self.come(key(number))
        for number in range(30):
            self.go(key(number))
        self.comings.tell(Alone())
        self.assertEqual(len(self.told), 61)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_crowd(self) -> None:
        """Of many keys at one address so many are told, with their goings, and the others counted; elsewhere more are told, and
        so many in all."""
        for number in range(2_000):
            self.come(key(number))
            self.go(key(number))
        self.assertEqual(len(self.told), 2 * OF_PLACE)
        self.come(key(1), "10.0.0.2")
        self.assertEqual(len(self.told), 2 * OF_PLACE + 1)
        for number in range(2_000):
            self.come(key(number), f"10.1.{number % 250}.1")
        self.assertEqual(len(self.told), OF_PLACE + OF_STRANGERS)
        self.clock.advance(PERIOD)
        self.assertEqual(self.counts(), [2 * (2_000 - OF_PLACE) + 2_000 - (OF_STRANGERS - OF_PLACE - 1)])
        self.come(key(1))
        self.assertIsInstance(self.told[-1], Joined)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_known(self) -> None:
        """No crowd keeps people from hearing of who was known before."""
        for number in range(1_000):
            self.come(key(number), f"10.1.{number % 250}.1")
        told = len(self.told)
        self.come(ANA)
        self.go(ANA)
        self.assertEqual(len(self.told), told + 2)

    def test_one_who_comes_and_goes(self) -> None:
        """Who comes and goes all the time is told of a few times in a minute, known before or not."""
        for _ in range(100):
            self.come(ANA)
            self.comings.tell(Lost("X", member=ANA))
        self.assertEqual(len(self.told), 2 * OF_MEMBER)

    def test_what_others_say(self) -> None:
        """Who says again and again that a member is reachable has nobody miss that it comes."""
        for _ in range(100):
            self.comings.tell(Reachable("X", "Eve", member=ANA))
            self.comings.tell(Unreachable("X", member=ANA))
        self.assertEqual(len(self.told), 2 * OF_MEMBER)
        self.come(ANA)
        self.go(ANA)
        self.assertEqual([type(event) for event in self.told[-2:]], [Joined, Left])

    def test_one_who_changes_its_name(self) -> None:
        """Who calls with another name each time, or is warned of each time, is told of a few times in a minute, known before or
        not; what the person here calls itself is told always."""
        for number in range(100):
            self.comings.tell(Renamed(f"X{number}", f"X{number + 1}", member=ANA))
            self.comings.tell(Impostor("X", f"X{number}", member=ANA))
            self.comings.tell(Renamed("Me", f"Me{number}"))
        self.assertEqual(len(self.told), 2 * OF_MEMBER + 100)
        for number in range(1_000):
            self.comings.tell(Renamed("X", "Y", member=key(number)))
        self.assertEqual(len(self.told), 2 * OF_MEMBER + 100 + OF_PLACE)

    def test_warnings(self) -> None:
        """Warnings of new keys, such as those under a member's name, are counted likewise, and in all; those of members are told,
        and so is what concerns an address."""
        for number in range(1_000):
            self.comings.tell(Impostor("Ana", "Ana~1", member=key(3 * number)))
            self.comings.tell(TwoInstances("X", member=key(3 * number + 1)))
            self.comings.tell(NoLink("X", "forged", True, member=key(3 * number + 2)))
        self.assertEqual(len(self.told), OF_PLACE)
        self.comings.tell(NoLink("Ana", "forged", True, member=ANA))
        self.comings.tell(NoLink("10.0.0.1:5000", "version", True))
        self.assertEqual(len(self.told), OF_PLACE + 2)
        self.clock.advance(PERIOD)
        self.assertEqual(self.counts(), [3_000 - OF_PLACE])

    def test_doubted(self) -> None:
        """Who was closed for a reason that may be there still is told of again when a link has lasted."""
        self.come(ANA)
        self.go(ANA)
        doubted = {ANA}
        self.comings.is_doubted = doubted.__contains__
        for _ in range(100):
            self.come(ANA)
            self.go(ANA)
        self.assertEqual(len(self.told), 2)
        self.come(ANA)
        doubted.clear()
        self.comings.trust(ANA)
        self.go(ANA)
        self.assertEqual([type(event) for event in self.told[2:]], [Joined, Left])
        self.assertEqual(self.clock.getDelayedCalls(), [], "nothing is counted")

    def test_long_after(self) -> None:
        """Of who goes long after a coming that was not told, the going is counted too, and that is told within a minute."""
        for number in range(OF_PLACE + 5):
            self.come(key(number))
        self.clock.advance(10 * PERIOD)
        for number in range(OF_PLACE + 5):
            self.go(key(number))
        self.clock.advance(PERIOD)
        self.assertEqual(self.counts(), [5, 5])

    def test_stop(self) -> None:
        """What was left out is told at the end, and nothing is left ticking."""
        for number in range(OF_PLACE + 5):
            self.come(key(number))
        self.comings.stop()
        self.assertEqual(self.counts(), [5])
        self.assertEqual(self.clock.getDelayedCalls(), [])
