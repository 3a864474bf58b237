"""Who is linked, who is reachable through others, and what is told of it."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.wires import Recorder
from twisted_chat.core.events import Event, Joined, Left, Lost, Reachable, Unreachable
from twisted_chat.core.people.presence import SETTLE_SECONDS, Presence
from twisted_chat.core.people.roster import Member, Roster
from twisted_chat.core.wire.frames import MAX_LINKED, Linked
from twisted_chat.net.company import LINKED_INTERVAL, Company

ME, ANA, BIA, CAIO = (letter * 32 for letter in (b"m", b"a", b"b", b"c"))


class PresenceTests(SynchronousTestCase):
    """Ana, Bia and Caio are known."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.events: list[Event] = []
        self.roster = Roster(ME, "Me")
        self.presence = Presence(self.roster, self.events.append, self.clock)
        self.ana, self.bia, self.caio = (
            self.roster.claim(id, name) for id, name in ((ANA, "Ana"), (BIA, "Bia"), (CAIO, "Caio"))
        )
        self.wires = {member.id: Recorder(member.id) for member in (self.ana, self.bia, self.caio)}

    def link(self, *members: Member) -> None:
        for member in members:
            self.presence.linked(member, True)

    def cut(self, member: Member, left: bool = False) -> None:
        self.presence.forget(self.wires[member.id])
        self.presence.unlinked(member, left)

    def tells(self, member: Member, *others: bytes) -> None:
        """Let a linked member say whom it is linked with."""
        self.presence.told(self.wires[member.id], [ME, *others])

    def happened(self) -> list[Event]:
        """Return what was told since this was asked last."""
        events = self.events[:]
        self.events.clear()
        return events

    def here(self) -> list[str]:
        return [member.shown for member in self.presence.here()]

    def test_reachable(self) -> None:
        """Who is linked with somebody who is linked is here, and told of once that has held for a while."""
        self.link(self.ana)
        self.happened()
        self.tells(self.ana, BIA)
        self.assertEqual(self.here(), ["Ana", "Bia"])
        self.clock.advance(SETTLE_SECONDS - 0.1)
        self.assertEqual(self.happened(), [])
        self.clock.advance(0.1)
        self.assertEqual(self.happened(), [Reachable("Bia", "Ana")])
        self.tells(self.ana)
        self.assertEqual(self.here(), ["Ana"])
        self.clock.advance(SETTLE_SECONDS)
        self.assertEqual(self.happened(), [Unreachable("Bia")])

    def test_newcomer(self) -> None:
        """Of who is about to link with everybody is not told that it is reachable first."""
        self.link(self.ana)
        self.tells(self.ana, BIA)
        self.clock.advance(SETTLE_SECONDS / 2)
        self.link(self.bia)
        self.clock.advance(SETTLE_SECONDS)
        self.assertEqual([type(event) for event in self.happened()], [Joined, Joined])

    def test_lost_but_reachable(self) -> None:
        """If the link with somebody breaks and others keep theirs, that is said with it."""
        self.link(self.ana, self.bia, self.caio)
        self.tells(self.ana, BIA, CAIO)
        self.tells(self.caio, BIA, ANA)
        self.happened()
        self.cut(self.bia)
        self.assertEqual((self.happened(), self.here()), ([], ["Ana", "Bia", "Caio"]))
        self.clock.advance(SETTLE_SECONDS)
        self.assertEqual(self.happened(), [Lost("Bia", "Ana, Caio")])
        self.tells(self.ana, CAIO)
        self.tells(self.caio, ANA)
        self.clock.advance(SETTLE_SECONDS)
        self.assertEqual(self.happened(), [Unreachable("Bia")])

    def test_lost_by_all(self) -> None:
        """If all lose the link with somebody, that is told once, as a loss."""
        self.link(self.ana, self.bia)
        self.tells(self.ana, BIA)
        self.happened()
        self.cut(self.bia)
        self.clock.advance(LINKED_INTERVAL)
        self.tells(self.ana)
        self.clock.advance(SETTLE_SECONDS)
        self.assertEqual(self.happened(), [Lost("Bia")])

    def test_lost_alone(self) -> None:
        """If nobody else is said to be linked with who is lost, that is told at once."""
        self.link(self.ana, self.bia)
        self.happened()
        self.cut(self.bia)
        self.assertEqual(self.happened(), [Lost("Bia")])

    def test_back_soon(self) -> None:
        """Of who is back before a loss was told, both are told."""
        self.link(self.ana, self.bia)
        self.tells(self.ana, BIA)
        self.happened()
        self.cut(self.bia)
        self.link(self.bia)
        self.assertEqual([type(event) for event in self.happened()], [Lost, Joined])
        self.clock.advance(SETTLE_SECONDS)
        self.assertEqual(self.happened(), [])

    def test_goodbye(self) -> None:
        """Who says goodbye is gone, whatever others said before they heard it."""
        self.link(self.ana, self.bia)
        self.tells(self.ana, BIA)
        self.happened()
        self.cut(self.bia, left=True)
        self.assertEqual((self.happened(), self.here()), ([Left("Bia")], ["Ana"]))
        self.tells(self.ana)
        self.clock.advance(SETTLE_SECONDS)
        self.assertEqual(self.happened(), [])

    def test_cut_off(self) -> None:
        """With the link with whom others were reachable through, they are out of reach."""
        self.link(self.ana)
        self.tells(self.ana, BIA)
        self.clock.advance(SETTLE_SECONDS)
        self.happened()
        self.cut(self.ana)
        self.clock.advance(SETTLE_SECONDS)
        self.assertEqual(self.happened(), [Lost("Ana"), Unreachable("Bia")])
        self.assertTrue(self.presence.alone)

    def test_met(self) -> None:
        """Who was said to be reachable before anything was known of it is told of when it says something."""
        self.link(self.ana)
        self.tells(self.ana, b"d" * 32)
        self.clock.advance(SETTLE_SECONDS)
        self.happened()
        self.assertEqual(self.presence.whereabouts().nameless, 1)
        self.presence.met(self.roster.claim(b"d" * 32, "Davi"))
        self.clock.advance(SETTLE_SECONDS)
        self.assertEqual(self.happened(), [Reachable("Davi", "Ana")])
        self.assertEqual(self.presence.whereabouts().nameless, 0)

    def test_whereabouts(self) -> None:
        """Linked, reachable through others and gone are told apart; who was here last comes first among the gone."""
        davi = self.roster.claim(b"d" * 32, "Davi")
        davi.seen, self.caio.heard = 1, 2
        self.link(self.ana)
        self.tells(self.ana, BIA)
        places = self.presence.whereabouts()
        self.assertEqual(places, ([self.ana], [(self.bia, ["Ana"])], [self.caio, davi], 0))

    def test_strangers(self) -> None:
        """What is claimed of ids nobody heard of is counted, told of nobody, and leaves nothing ticking."""
        self.link(self.ana)
        self.happened()
        self.tells(self.ana, *(bytes([n]) * 32 for n in range(60)))
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.presence.whereabouts().nameless, 60)
        self.assertEqual(self.here(), ["Ana"])

    def test_ignored_witness(self) -> None:
        """What an ignored member says of its links counts, but nobody is told of it."""
        self.link(self.ana, self.caio)
        self.roster.ignore(self.ana, True)
        self.happened()
        for _ in range(3):
            self.tells(self.ana, BIA)
            self.assertEqual(self.here(), ["Ana", "Bia", "Caio"])
            self.clock.advance(SETTLE_SECONDS)
            self.tells(self.ana)
            self.clock.advance(SETTLE_SECONDS)
        self.assertEqual(self.happened(), [])
        self.tells(self.ana, BIA)
        self.tells(self.caio, BIA)
        self.clock.advance(SETTLE_SECONDS)
        self.assertEqual(self.happened(), [Reachable("Bia", "Ana, Caio")])

    def test_stopped(self) -> None:
        """After the end nothing is told and nothing ticks."""
        self.link(self.ana)
        self.tells(self.ana, BIA)
        self.presence.stop()
        self.tells(self.ana, CAIO)
        self.assertEqual(self.clock.getDelayedCalls(), [])


class CompanyTests(SynchronousTestCase):
    """Telling others whom one is linked with."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.wires: list[Recorder] = []
        self.company = Company(self.wires, self.clock)

    def add(self, id: bytes) -> Recorder:
        """Add a link."""
        wire = Recorder(id)
        self.wires.append(wire)
        self.company.changed()
        return wire

    def test_all_are_told(self) -> None:
        """Whoever is linked is told of all who are, itself included, in the next turn."""
        ana, bia = self.add(ANA), self.add(BIA)
        self.clock.advance(0)
        self.assertEqual(ana.take(), [Linked([ANA, BIA])])
        self.assertEqual(bia.take(), [Linked([ANA, BIA])])

    def test_at_most_once_a_second(self) -> None:
        """Further changes are told together, a second later."""
        ana = self.add(ANA)
        self.clock.advance(0)
        ana.take()
        self.add(BIA)
        self.clock.advance(LINKED_INTERVAL / 2)
        self.add(CAIO)
        self.assertEqual(ana.take(), [])
        self.clock.advance(LINKED_INTERVAL / 2)
        self.assertEqual(ana.take(), [Linked([ANA, BIA, CAIO])])

    def test_only_what_is_new(self) -> None:
        """A second link with one member is told over that link only; a change that is undone, not at all."""
        ana = self.add(ANA)
        self.clock.advance(LINKED_INTERVAL)
        ana.take()
        again = self.add(ANA)
        self.clock.advance(LINKED_INTERVAL)
        self.assertEqual((ana.take(), again.take()), ([], [Linked([ANA])]))
        self.add(BIA)
        self.wires.pop()
        self.company.changed()
        self.clock.advance(LINKED_INTERVAL)
        self.assertEqual(ana.take(), [])

    def test_bounded(self) -> None:
        """A frame has at most as many members as may be in it."""
        for number in range(MAX_LINKED + 1):
            self.add(number.to_bytes(32, "big"))
        self.clock.advance(0)
        (frame,) = self.wires[0].take()
        self.assertEqual(len(frame.members), MAX_LINKED)

    def test_stopped(self) -> None:
        """After the end nothing ticks."""
        self.add(ANA)
        self.company.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])
