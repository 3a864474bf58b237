"""What crowds of neighbours list, and nobody ever sends: how much of it is remembered, and what it costs when they go."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.core.replication.test_sources import carry
from tests.core.replication.test_starvation import Guest, small_feeds
from tests.kit.wires import Party
from twisted_chat.core.feeds.batches import FeedId
from twisted_chat.core.replication import listings
from twisted_chat.core.replication.neighbour import Neighbour

EACH, BEYOND = 10, 30


class ListingsTests(SynchronousTestCase):
    """Of feeds of which nothing is held, with smaller limits."""

    def setUp(self) -> None:
        self.party = Party(Clock(), 1)
        self.patch(listings, "OF_EACH", EACH)
        self.patch(listings, "BEYOND", BEYOND)

    def guest(self, number: int, feeds: int) -> Guest:
        """Return a guest that has listed so many feeds of its own making."""
        guest = Guest(number, self.party)
        guest.lists([FeedId(bytes([number]) * 32, epoch) for epoch in range(feeds)])
        return guest

    def neighbour(self, guest: Guest) -> Neighbour:
        """Return what is known of a guest."""
        return self.party.replica.neighbours[guest]

    def remembered(self, *guests: Guest) -> list[int]:
        """Return of how many feeds it is known that each guest lists them."""
        return [len(self.neighbour(guest).have) for guest in guests]

    def test_all_together(self) -> None:
        """However many list however much, of all no more is remembered than a limit, and of each as much as is its own."""
        guests = [self.guest(number, 100) for number in range(20, 26)]
        self.assertEqual(self.remembered(*guests), [EACH + BEYOND, *[EACH] * 5])

    def test_who_goes_makes_room(self) -> None:
        """What somebody listed who is gone takes no room."""
        first, second = self.guest(20, 100), self.guest(21, 100)
        self.party.replica.detach(first)
        self.assertEqual(self.remembered(second, self.guest(22, 100)), [EACH, EACH + BEYOND])

    def test_what_comes_makes_room(self) -> None:
        """What has come takes no room any more, whoever listed it: with others' lists full, all comes of somebody honest."""
        self.guest(20, 100)
        feeds = small_feeds(3 * EACH)
        honest = Guest(30, self.party)
        for start in range(0, len(feeds), EACH):
            part = feeds[start : start + EACH]
            honest.lists([batch.feed for batch in part], 1)
            self.party.hears(honest, *map(carry, part))
        self.assertEqual(self.remembered(honest), [3 * EACH])
        self.assertEqual(len(self.party.shown), 3 * EACH)
        self.party.replica.detach(honest)
        self.assertEqual(self.remembered(self.guest(22, 100)), [EACH])

    def test_nothing_of_a_feed(self) -> None:
        """Who lists that it holds nothing of a feed says nothing that is remembered."""
        guest = Guest(20, self.party)
        guest.lists([FeedId(b"x" * 32, epoch) for epoch in range(5)], 0)
        self.assertEqual(self.remembered(guest), [0])


class Counting(dict[FeedId, None]):
    """Counts how often it is asked what is in it."""

    asked = 0

    def __contains__(self, key: Any) -> bool:
        self.asked += 1
        return super().__contains__(key)


class LeavingTests(SynchronousTestCase):
    """The end of a link whose other side offered much."""

    def test_cost(self) -> None:
        """What that costs does not grow with what others offer, and what they offer as well is still asked for."""
        clock = Clock()
        party = Party(clock, 1)
        shared = [FeedId(b"x" * 32, epoch) for epoch in range(1_000)]
        with patch.object(Neighbour, "next_lacking", lambda neighbour, count: []):
            guests = [Guest(number, party) for number in range(20, 30)]
            for guest in guests:
                guest.lists([*shared, *(FeedId(guest.member, epoch) for epoch in range(1_000))])
            clock.pump([0.0] * 100)  # long lists are taken in in turns
            others = [party.replica.neighbours[guest] for guest in guests[1:]]
            for other in others:
                other.lacking = Counting(other.lacking)
            party.replica.detach(guests[0])
        self.assertLess(sum(other.lacking.asked for other in others if isinstance(other.lacking, Counting)), 1_000)
        self.assertEqual(len(party.replica._sources._behind), len(shared) + 1_000 * len(others))
        for guest in guests[1:]:
            party.replica.detach(guest)
        self.assertFalse(party.replica._sources._behind)
