"""Rooms, names and private messages, among peers that come and go."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.simulation.world import Actor, World
from twisted_chat import peer
from twisted_chat.core.events import ClockOff, Renamed, Topical, WentAway
from twisted_chat.core.messages import Messages
from twisted_chat.core.people.skew import ENOUGH, MOMENT
from twisted_chat.speech.events import sentences


class TalkTests(SynchronousTestCase):
    """Everything that can be said reaches those it is for, and only them."""

    def setUp(self) -> None:
        self.world = World(7, 3)
        self.ana, self.bia, self.caio = self.world.actors

    def come(self, *actors: Actor) -> None:
        for actor in actors:
            actor.start()
        self.assertTrue(self.world.network.run_until(self.world.meshed, 10))

    def settle(self) -> None:
        self.world.network.run(3)

    def private(self, actor: Actor) -> list[tuple[str, str, str]]:
        """The private messages shown in the current life: by whom, to whom, what."""
        shown = [event for event in actor.lives[-1] if isinstance(event, Messages) and event.private]
        return [(event.name, event.private, record.text) for event in shown for record in event.records]

    def test_private(self) -> None:
        """A private message is shown to its author and its recipient, and to nobody else."""
        self.come(self.ana, self.bia, self.caio)
        self.ana.peer.conversation.whisper(self.bia.identity.id, "psst, over here")
        self.settle()
        self.assertEqual(self.private(self.ana), [("P0", "P1", "psst, over here")])
        self.assertEqual(self.private(self.bia), [("P0", "P1", "psst, over here")])
        self.assertEqual(self.private(self.caio), [])
        self.assertFalse(
            any(b"psst, over here" in batch.body for actor in self.world.actors for batch in actor.disk.batches)
        )

    def test_private_through_others(self) -> None:
        """It reaches a recipient who was away, through somebody who can't read it, its author being gone."""
        self.come(self.ana, self.bia, self.caio)
        self.bia.crash()
        self.settle()
        self.ana.peer.conversation.whisper(self.bia.identity.id, "later")
        self.settle()
        self.ana.crash()
        self.come(self.bia)
        self.settle()
        self.assertEqual([text for _, _, text in self.private(self.bia)], ["later"])
        self.assertEqual(self.private(self.caio), [])

    def test_rename(self) -> None:
        """A new name is known to all at once, and to who comes later, and is the one in hello from then on."""
        self.come(self.ana, self.bia)
        self.ana.peer.conversation.rename("Aninha")
        self.settle()
        self.assertIn(Renamed("P0", "Aninha"), self.bia.lives[-1])
        self.caio.start()
        self.settle()
        self.assertIn("Aninha", [member.shown for member in self.caio.peer.conversation.here()])

    def test_topic_is_kept(self) -> None:
        """What a room is about, and that there is such a room, is still known after a restart."""
        self.come(self.ana, self.bia)
        self.ana.peer.conversation.set_topic("#redes", "TCP")
        self.ana.peer.conversation.say("oi", "#lab")
        self.settle()
        self.assertIn(Topical("P0", "#redes", "TCP"), self.bia.lives[-1])
        self.bia.crash()
        self.ana.crash()
        self.come(self.bia)
        topics = self.bia.peer.conversation.topics
        self.assertEqual((topics["#redes"], topics["#lab"], topics["#chat"]), ("TCP", "", ""))

    def test_own_rooms_are_kept(self) -> None:
        """Where one spoke is known after a restart, in however many rooms others have spoken since."""
        self.patch(peer, "NOTABLE", 3)
        self.come(self.ana, self.bia)
        self.bia.peer.conversation.say("oi", "#lab")
        self.settle()
        for number in range(9):
            self.ana.peer.conversation.say("x", f"#{number}")
            self.settle()
        self.bia.crash()
        self.ana.crash()
        self.come(self.bia)
        self.assertEqual(sorted(self.bia.peer.conversation.topics), ["#6", "#7", "#8", "#chat", "#lab"])

    def test_away(self) -> None:
        """Who goes away says so, and who asks is told until they are back."""
        self.come(self.ana, self.bia)
        self.ana.peer.conversation.away("almoço")
        self.settle()
        self.assertIn(WentAway("P0", "almoço"), self.bia.lives[-1])
        self.assertEqual([member.away for member in self.bia.peer.conversation.here()], ["almoço"])
        self.ana.peer.conversation.away()
        self.settle()
        self.assertEqual([member.away for member in self.bia.peer.conversation.here()], [""])

    def test_clock_off(self) -> None:
        """Who has a clock that is years off is told so; those whose clocks are right are not disturbed."""
        self.ana.skew = -5 * 31_557_600.0
        self.come(self.ana, self.bia, self.caio)
        for _ in range(ENOUGH):
            for actor in (self.ana, self.bia, self.caio):
                actor.say()
            self.world.network.run(MOMENT + 1)
        told = [[event for event in actor.lives[-1] if isinstance(event, ClockOff)] for actor in self.world.actors]
        self.assertEqual([len(each) for each in told], [1, 0, 0])
        self.assertEqual(
            sentences(told[0][0]), ["🕰 this machine's clock seems to be 5 years behind most others': set it right"]
        )
