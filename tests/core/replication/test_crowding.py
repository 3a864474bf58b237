"""What everybody has room for, whatever attackers take; and that limits are told when they are near."""

from __future__ import annotations

from collections import Counter

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.wires import Party, Recorder, mesh, run
from twisted_chat.core.errors import LIMIT
from twisted_chat.core.feeds.batches import FeedId
from twisted_chat.core.replication import crowding, inventory
from twisted_chat.core.replication.crowding import Crowd, Crowding, Limit
from twisted_chat.core.replication.inventory import Inventory
from twisted_chat.core.wire.frames import Stop

LIMITS = {"MAX_AUTHORS": 8, "MAX_STRANGERS": 4, "MAX_UNKNOWN": 6, "MAX_FEEDS": 20, "SHARE": 3, "POOL": 30, "KEPT": 6}


class Attacked(RuleBasedStateMachine):
    """An inventory of which attackers take all they can get, with as many keys as they like, linked or not."""

    def __init__(self) -> None:
        super().__init__()
        self.inventory = Inventory()
        self.epochs = 0
        self.feeds: Counter[bytes] = Counter()

    def start(self, author: int, linked: bool = False, known: bool = False) -> bool:
        """Let an author begin one more feed; return whether there was room."""
        self.epochs += 1
        feed = FeedId(author.to_bytes(32, "big"), self.epochs)
        if not self.inventory.has_room(feed, linked, known):
            return False
        holding = self.inventory.hold(feed)
        holding.high = 1
        self.inventory.settle(holding)
        self.feeds[feed.author] += 1
        return True

    @rule(author=st.integers(0, 30), linked=st.booleans(), times=st.integers(1, 40))
    def attack(self, author: int, linked: bool, times: int) -> None:
        """One of the attacker's keys is started again and again."""
        for _ in range(times):
            self.start(author, linked)

    @rule(author=st.integers(100, 101))
    def known_one_starts(self, author: int) -> None:
        """Who is known is heard, a few times at least."""
        known = [self.feeds[number.to_bytes(32, "big")] for number in (100, 101)]
        beyond = sum(max(0, feeds - LIMITS["SHARE"]) for feeds in known)
        assert self.start(author, known=True) or beyond >= min(LIMITS["KEPT"], LIMITS["MAX_FEEDS"] - LIMITS["SHARE"])

    @invariant()
    def who_was_heard_starts_anew(self) -> None:
        """Whoever has a place has room for a few more starts, and all they said before stays."""
        for author, feeds in self.feeds.items():
            if feeds < LIMITS["SHARE"]:
                assert self.inventory.has_room(FeedId(author, 0))
        assert self.feeds.total() == len(self.inventory)

    @invariant()
    def bounded(self) -> None:
        """There are no more authors and feeds than there may be."""
        assert len(self.feeds) <= LIMITS["MAX_AUTHORS"]
        assert len([author for author in self.feeds if author[31] < 100]) <= LIMITS["MAX_UNKNOWN"]
        assert self.feeds.total() <= LIMITS["POOL"] + LIMITS["SHARE"] * LIMITS["MAX_AUTHORS"]


class RoomTests(SynchronousTestCase):
    """Room that nobody can take."""

    def test_under_attack(self) -> None:
        """Whatever attackers do, who was heard before has room to start anew, and who is known to be heard."""
        for name, value in LIMITS.items():
            self.patch(inventory, name, value)
        run_state_machine_as_test(
            Attacked, settings=settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
        )

    def test_told_once(self) -> None:
        """Who finds no room keeps its link, is told once, and so are the people there."""
        self.patch(inventory, "MAX_UNKNOWN", 1)
        self.patch(inventory, "MAX_STRANGERS", 1)
        clock = Clock()
        ana, bia, cai = (Party(clock, number) for number in (1, 2, 3))
        told: list[bytes] = []
        cai.unheard = told.append  # type: ignore[method-assign]
        mesh(ana, bia, cai)
        run(clock, 0.5)
        ana.say("I am here")
        bia.say("so am I")
        run(clock, 1)
        for number in range(20):
            cai.say(f"{number}: hello?")
            run(clock, 0.3)
        self.assertLessEqual(len(told), 4)
        self.assertLessEqual({*told}, {ana.id, bia.id})
        self.assertTrue(told)
        self.assertEqual([wire.refused for party in (ana, bia, cai) for wire in party.wires], [None] * 6)
        stops = [stop for wire in ana.wires for stop in wire.frames(Stop) if stop.reason == LIMIT]
        self.assertLessEqual(len(stops), 2)

    def test_of_others_feeds(self) -> None:
        """That somebody else's feed is not taken is nothing to tell."""
        ana = Party(Clock(), 1)
        told: list[bytes] = []
        ana.unheard = told.append  # type: ignore[method-assign]
        wire = Recorder()
        ana.replica.attach(wire)
        ana.hears(wire, Stop((b"x" * 32, 1), LIMIT), Stop(ana.replica.own))
        self.assertEqual(told, [])
        ana.hears(wire, Stop(ana.replica.own, LIMIT))
        self.assertEqual(told, [wire.member])


class CrowdingTests(SynchronousTestCase):
    """Limits that are near."""

    def setUp(self) -> None:
        self.patch(crowding, "MAX_FEEDS", 10)
        self.patch(crowding, "MAX_STRANGERS", 5)
        self.inventory = Inventory()
        self.told: list[Crowd] = []
        self.crowding = Crowding(self.inventory, b"a" * 32, self.told.append)

    def hold(self, author: bytes, feeds: int) -> None:
        """Hold something of so many more feeds."""
        for _ in range(feeds):
            holding = self.inventory.hold(FeedId(author, len(self.inventory)))
            self.inventory.settle(holding)
            self.crowding.check(author)

    def test_own(self) -> None:
        """At four fifths of the feeds an author may have it is told, once."""
        self.hold(b"a" * 32, 7)
        self.assertEqual(self.told, [])
        self.hold(b"a" * 32, 3)
        self.assertEqual(self.told, [Crowd(Limit.OWN, 8, 10, b"a" * 32)])
        self.assertEqual(self.crowding.near(), [Crowd(Limit.OWN, 10, 10, b"a" * 32)])

    def test_others(self) -> None:
        """So it is of others, and of how many they are."""
        self.hold(b"b" * 32, 8)
        for author in b"cde":
            self.hold(bytes([author]) * 32, 1)
        self.assertEqual(self.told, [Crowd(Limit.STARTS, 8, 10, b"b" * 32), Crowd(Limit.AUTHORS, 4, 5)])
        self.assertEqual(set(self.crowding.near()), set(self.told))

    def test_of_the_group(self) -> None:
        """And of all feeds in the group."""
        self.patch(crowding, "POOL", 6)
        self.patch(crowding, "KEPT", 1)
        self.patch(inventory, "SHARE", 2)
        self.hold(b"b" * 32, 6)
        self.assertEqual(self.told, [Crowd(Limit.FEEDS, 4, 5)])
