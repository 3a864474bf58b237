"""Several persons' places in one conversation."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from tests.core.test_conversation import ANA, ME, ConversationTestCase
from tests.kit.signing import Writer
from twisted_chat.core.errors import BadText
from twisted_chat.core.events import Event, Joined
from twisted_chat.core.feeds.batches import FeedId
from twisted_chat.core.feeds.records import Private, Say
from twisted_chat.core.messages import Messages
from twisted_chat.core.seat import Seat
from twisted_chat.core.timeline.rooms import MAX_ROOMS


class SeatTests(ConversationTestCase):
    """Two seats of one owner, such as a console and a page."""

    def setUp(self) -> None:
        super().setUp()
        self.one, self.other = Seat(self.conversation), Seat(self.conversation)

    def heard(self, *rooms: str) -> Messages:
        """Hear something said in each of these rooms, in one batch."""
        self.hear(Writer(1).sign(None, records=[Say(room, room) for room in rooms]))
        event = self.happened(Messages)[-1]
        assert isinstance(event, Messages)
        return event

    def shown(self, seat: Seat, event: Event) -> list[str]:
        """Return the rooms of which a person is shown something."""
        shown: Any = seat.for_person(event)
        return [record.room for record in shown.records] if shown is not None else []

    def test_rooms_and_unread(self) -> None:
        """Each is in rooms of its own and has its own unread; whoever goes to a room has read it, and nobody else has."""
        self.one.enter("#tea")
        event = self.heard("#tea", "#chat", "#tea", "#new")
        self.assertEqual(
            (self.shown(self.one, event), dict(self.one.unread)), (["#tea", "#tea"], {"#chat": 1, "#new": 1})
        )
        self.assertEqual((self.shown(self.other, event), dict(self.other.unread)), (["#chat"], {"#tea": 2, "#new": 1}))
        self.one.enter("#new")
        self.assertEqual((dict(self.one.unread), dict(self.other.unread)), ({"#chat": 1}, {"#tea": 2, "#new": 1}))
        self.assertEqual((self.one.room, self.other.room), ("#new", "#chat"))

    def test_several_rooms(self) -> None:
        """Somebody can be in several rooms, speaks in the one entered last, and goes out of each; of the last, to everybody's."""
        self.one.enter("#tea", beside=True)
        self.one.enter("#CHAT", beside=True)
        self.assertEqual(self.shown(self.one, self.heard("#tea", "#chat", "#new")), ["#tea", "#chat"])
        self.one.say("oi")
        self.one.say("chá?", "#tea")
        self.assertEqual(self.outlet.records, [Say("oi", "#chat"), Say("chá?", "#tea")])
        self.one.say("tique", auto=True)
        self.assertEqual(self.outlet.records[-1], Say("tique", "#chat", auto=True))
        self.one.part("#chat")
        self.assertEqual((self.one.room, self.one.rooms), ("#tea", ["#tea"]))
        self.one.part("#TEA")
        self.one.part("#nowhere")
        self.assertEqual(self.one.rooms, ["#chat"])
        for number in range(MAX_ROOMS + 1):
            self.one.enter(f"#{number}", beside=True)
        self.assertEqual((len(self.one.rooms), self.one.room), (MAX_ROOMS, f"#{MAX_ROOMS}"))
        self.assertRaises(BadText, self.one.enter, "tea")

    def test_everywhere(self) -> None:
        """Who hears all rooms has nothing unread."""
        self.one.everywhere = True
        self.assertEqual(self.shown(self.one, self.heard("#tea", "#new")), ["#tea", "#new"])
        self.assertEqual((dict(self.one.unread), dict(self.other.unread)), ({}, {"#tea": 1, "#new": 1}))

    def test_counted_once(self) -> None:
        """Unread is what was said, however often a front end asks what to show."""
        event = self.heard("#tea")
        for _ in range(3):
            self.assertEqual(self.shown(self.one, event), [])
        self.assertEqual(dict(self.one.unread), {"#tea": 1})

    def test_own(self) -> None:
        """What a person said at one seat is not unread at another, and is shown there where that is in the room."""
        event = replace(self.heard("#chat"), feed=FeedId(ME, 1), records=[Say("a", "#tea"), Say("b")])
        self.conversation.emit(event)
        self.assertEqual((self.shown(self.other, event), dict(self.other.unread)), (["#chat"], {}))

    def test_ignored(self) -> None:
        """What ignored members say is shown nobody at a seat of this voice, nor counted."""
        event = self.heard("#chat")
        ana = self.conversation.roster.get(event.feed.author)
        assert ana is not None
        self.conversation.roster.ignore(ana, True)
        event = self.heard("#tea", "#chat")
        for seat in (self.one, self.other):
            self.assertEqual((seat.for_person(event), seat.ignores(ana.id), dict(seat.unread)), (None, True, {}))

    def test_leaving(self) -> None:
        """Who leaves a seat hears no more, at once; the other seat and the peer go on."""
        left: list[str] = []
        self.patch(self.conversation, "leave", lambda: left.append("peer"))
        one: list[Event] = []
        other: list[Event] = []
        self.one.watch(lambda event: self.one.leave())
        self.one.watch(one.append)
        self.other.watch(other.append)
        event = self.heard("#tea")
        self.assertEqual((one, other, left), ([], [event], []))
        self.heard("#tea")
        self.assertEqual((dict(self.one.unread), len(other)), ({"#tea": 1}, 2))
        self.other.leave()
        self.other.leave()
        self.conversation.emit(Joined("Bia", "h", 1, True))
        self.assertEqual(len(other), 2)

    def test_unwatch(self) -> None:
        """One watcher can end without the seat being left."""
        heard: list[Event] = []
        unwatch = self.one.watch(heard.append)
        self.one.watch(heard.append)
        unwatch()
        unwatch()
        self.heard("#chat")
        self.assertEqual(len(heard), 1)
        self.assertEqual(len(self.one._watched), 2, "nothing is kept of who has ended")

    def test_speaking(self) -> None:
        """What is said at a seat is said in its voice, in public and in private."""
        self.assertIs(self.one.voice, self.conversation.voice)
        self.one.say("dança", me=True)
        self.one.whisper(ANA, "psst")
        first, second = self.outlet.records
        self.assertEqual(first, Say("dança", "#chat", True))
        self.assertTrue(isinstance(second, Private) and second.to == ANA)
