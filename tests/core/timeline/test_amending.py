"""What people are told of what becomes of messages, and what they read later."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.defer import fail, succeed

from tests.core.test_conversation import ANA, BIA, ME, ConversationTestCase
from tests.kit.feeding import START
from tests.kit.signing import Writer
from twisted_chat.core.errors import BadText
from twisted_chat.core.events import Changed, Edited, Reacted, Retracted, StoreRecovered
from twisted_chat.core.feeds.batches import Batch
from twisted_chat.core.feeds.ids import MessageId
from twisted_chat.core.feeds.private import PrivateBox
from twisted_chat.core.feeds.records import Close, Edit, KnownRecord, React, Retract, Say
from twisted_chat.core.group import Group
from twisted_chat.core.messages import Messages, Quote, WhileAway
from twisted_chat.core.seat import Seat
from twisted_chat.core.timeline import amending
from twisted_chat.core.timeline.amending import GATHER, PAUSE, Awaited


class AmendingTestCase(ConversationTestCase):
    """Ana, Bia and Caio say what they like, one record a batch."""

    def setUp(self) -> None:
        super().setUp()
        self.writers = {name: Writer(number) for name, number in (("Ana", 1), ("Bia", 2), ("Caio", 3), ("Me", 5))}
        self.time = 0

    def batch(self, name: str, *records: KnownRecord) -> Batch:
        """Seal what somebody says now."""
        writer = self.writers[name]
        batch = writer.sign(writer.batches[-1] if writer.batches else None, records=records)
        self.time += 1000
        batch = writer.forge(batch, lc=START + self.time, name=name)
        writer.batches.append(batch)
        return batch

    def say(self, name: str, *records: KnownRecord) -> MessageId:
        """Hear somebody say something; return the id of the first."""
        batch = self.batch(name, *records)
        self.take(batch)
        return MessageId(*batch.feed, batch.first)

    def take(self, *batches: Batch, missed: bool = False) -> None:
        """Take batches as the replica does."""
        for batch in batches:
            self.store.append(batch)
            self.conversation.accepted(batch, missed)

    def told(self, seconds: float = PAUSE + 1) -> list[Changed]:
        """Let time pass; return what was told of messages meanwhile."""
        self.events.clear()
        self.clock.pump([GATHER] * int(seconds / GATHER))
        return self.happened(Edited, Retracted, Reacted)

    def read(self, limit: int = 9) -> Sequence[Messages]:
        """Return what there is."""
        found: Sequence[Messages] = self.successResultOf(self.conversation.history(limit))
        return found

    def tally(self, message: Messages) -> list[tuple[str, list[str]]]:
        return [(each.text, list(each.names)) for each in message.tally]


class ToldTests(AmendingTestCase):
    """While people look."""

    def test_reactions_gather(self) -> None:
        """Several reactions are told in one event, with all who have each, and none that changes nothing."""
        id = self.say("Ana", Say("hello"))
        for name, text in (("Bia", "👍"), ("Caio", "👍"), ("Me", "❤")):
            self.say(name, React(id, text))
        (event,) = self.told()
        assert isinstance(event, Reacted)
        self.assertEqual(self.tally(event.message), [("👍", ["Bia", "Caio"]), ("❤", ["Me"])])
        self.assertEqual(event.member, ANA)
        self.say("Bia", React(id, "👍"))
        self.assertEqual(self.told(), [])
        self.say("Bia", React(id))
        self.assertEqual([self.tally(each.message) for each in self.told()], [[("❤", ["Me"]), ("👍", ["Caio"])]])

    def test_corrected(self) -> None:
        """A correction is told with what the message reads now; what another corrects is not."""
        id = self.say("Ana", Say("helo"))
        self.say("Bia", Edit(id, "bye"), Retract(id), Close(id))
        self.assertEqual(self.told(), [])
        self.say("Ana", Edit(id, "hello"))
        (event,) = self.told(1)
        assert isinstance(event, Edited)
        self.assertEqual((event.message.records[0].text, event.message.original), ("hello", "helo"))

    def test_taken_back(self) -> None:
        """What is taken back reads as nothing from then on, whatever else is said of it."""
        id = self.say("Ana", Say("oops"))
        self.say("Bia", React(id, "😀"))
        self.say("Ana", Retract(id))
        self.say("Ana", Edit(id, "hello"))
        (event,) = self.told()
        assert isinstance(event, Retracted)
        self.assertEqual((event.message.records[0].text, event.message.original), ("", "oops"))
        self.assertEqual(event.message.tally, (), "nor is there anything to react to")

    def test_before_the_message(self) -> None:
        """What arrives before the message that it is about is told once that is here."""
        said, edit, reaction = self.batch("Ana", Say("helo")), None, None
        id = MessageId(*said.feed, said.first)
        edit, reaction = self.batch("Ana", Edit(id, "hello")), self.batch("Bia", React(id, "👍"))
        self.take(reaction, edit)
        self.assertEqual(self.told(), [])
        self.take(said)
        self.assertEqual([type(each) for each in self.told()], [Edited, Reacted])

    def test_floods(self) -> None:
        """However much somebody reacts, people are told once in a while; and of so many messages at a time."""
        id = self.say("Ana", Say("hello"))
        self.told()
        count = 0
        for number in range(200):
            self.say("Bia", *[React(id, f"{number}.{each}") for each in range(50)])
            count += len(self.told(GATHER))
        self.assertLessEqual(count, 200 * GATHER / PAUSE + 1)
        self.patch(amending, "MAX_WAITING", 10)
        many = [self.say("Ana", Say(f"{number}")) for number in range(20)]
        self.say("Bia", *[React(each, "👍") for each in many])
        self.assertLessEqual(len(self.told()), 11)

    def test_to_nothing(self) -> None:
        """What refers to no message is told of nowhere, and is not looked for without end."""
        self.patch(amending, "MAX_TOLD", 10)
        nowhere = MessageId(BIA, 1, 1)
        private = self.say("Ana", PrivateBox(Writer(1).identity, Group()).seal(ME, "psst"))
        self.say(
            "Bia", *[React(nowhere._replace(number=number), "👍") for number in range(1, 40)], React(private, "👍")
        )
        self.assertEqual(self.told(), [])
        self.assertEqual(self.read()[0].tally, ())

    def test_kept_later(self) -> None:
        """If the disk can't say what has become of messages, the chat goes on without."""
        id = self.say("Ana", Say("hello"))
        self.patch(self.store, "find", lambda ids: fail(OSError("broken")))
        self.say("Bia", React(id, "👍"))
        self.assertEqual(self.told(), [])
        self.assertEqual(len(self.flushLoggedErrors(OSError)), 1)

    def test_awaited_bounded(self) -> None:
        """However many messages that are not here are referred to, few are awaited; those that come are forgotten as awaited."""
        self.patch(amending, "MAX_TOLD", 10)
        awaited = Awaited()
        said = self.batch("Ana", Say("x"))
        for number in range(1, 40):
            awaited.note(MessageId(BIA, number, 1), frozenset([Reacted]))
        awaited.note(MessageId(*said.feed, said.first), frozenset([Reacted]))
        awaited.note(MessageId(*said.feed, said.first), frozenset([Edited]))
        self.assertEqual(awaited._count, 10)
        self.assertEqual(awaited.take(said), [(MessageId(*said.feed, said.first), frozenset([Reacted, Edited]))])
        self.assertEqual((awaited.take(said), awaited._count, len(awaited._feeds)), ([], 9, 9))

    def test_told_once_kept(self) -> None:
        """What the disk could not take is told once it has."""
        id = self.say("Ana", Say("hello"))
        lacking = self.patch(self.store, "amended", lambda places, reach: succeed({}))
        self.say("Bia", React(id, "👍"))
        self.assertEqual(self.told(), [])
        lacking.restore()
        self.conversation.emit(StoreRecovered())
        self.assertEqual([self.tally(each.message) for each in self.told()], [[("👍", ["Bia"])]])

    def test_ignored(self) -> None:
        """The reactions of those whom one ignores don't count, and nothing is told of their messages."""
        self.say("Bia", Say("hi"))
        id = self.say("Ana", Say("hello"))
        bia = self.conversation.roster.get(BIA)
        assert bia is not None
        self.conversation.roster.ignore(bia, True)
        self.say("Bia", React(id, "👍"))
        self.say("Caio", React(id, "❤"))
        self.assertEqual([self.tally(each.message) for each in self.told()], [[("❤", ["Caio"])]])

    def test_other_rooms(self) -> None:
        """Who is elsewhere is not told."""
        seat = Seat(self.conversation)
        id = self.say("Ana", Say("hello", "#tea"))
        self.say("Bia", React(id, "👍"))
        (event,) = self.told()
        self.assertIsNone(seat.for_person(event))
        seat.enter("#tea")
        self.assertIs(seat.for_person(event), event)


class AnswerTests(AmendingTestCase):
    """Messages that answer others."""

    def quotes(self) -> list[Quote | None]:
        return [each.quote for each in self.happened(Messages)]

    def test_quoted(self) -> None:
        """An answer is told at once, by itself, with what it answers as that reads now."""
        id = self.say("Ana", Say("one"), Say("helo"))._replace(number=2)
        self.say("Ana", Edit(id, "hello"))
        self.told()
        self.say("Bia", Say("x"), Say("hi", re=id), Say("y"), Say("z"), Say("?\na\nb", poll=True))
        told = self.happened(Messages)
        self.assertEqual(
            [[each.text for each in event.records] for event in told], [["x"], ["hi"], ["y", "z"], ["?\na\nb"]]
        )
        self.assertEqual([each.quote for each in told], [None, Quote("Ana", "hello"), None, None])
        self.say("Ana", Retract(id))
        self.told()
        self.say("Bia", Say("what?", re=id))
        self.assertEqual(self.quotes(), [Quote("Ana", "")])
        self.assertEqual(
            [each.quote for each in self.read()[-5:]], [Quote("Ana", ""), None, None, None, Quote("Ana", "")]
        )

    def test_not_here(self) -> None:
        """An answer to what is not here, to what comes later, to itself, to a private message or to one who is ignored has no
        words of it."""
        private = self.say("Ana", PrivateBox(Writer(1).identity, Group()).seal(ME, "psst"))
        own = MessageId(*self.writers["Bia"].feed, 5)
        ids = [MessageId(BIA, 1, 1), private._replace(number=2), private, own._replace(number=9), own]
        self.say("Bia", *[Say("hi", re=id) for id in ids])
        self.assertEqual(self.quotes()[1:], [Quote()] * 5)
        self.say("Ana", Say("one"))
        self.assertEqual([each.quote for each in self.read() if each.feed.author == BIA], [Quote()] * 5)


class ReadTests(AmendingTestCase):
    """Later."""

    def test_history(self) -> None:
        """A page has what messages read now, their reactions, and what was said; those who missed it are told the same."""
        said = self.batch("Ana", Say("helo"), Say("oops"), Say("hi"))
        one, two, _ = (MessageId(*said.feed, said.first + each) for each in range(3))
        batches = [said, self.batch("Ana", Edit(one, "hello"), Retract(two)), self.batch("Bia", React(one, "👍"))]
        self.take(*reversed(batches), missed=True)
        self.conversation.caught_up(True)
        (away,) = self.happened(WhileAway)
        for messages in (self.read(), away.messages):
            self.assertEqual(self.texts(messages), ["hello", "", "hi"])
            self.assertEqual([each.original for each in messages], ["helo", "oops", ""])
            self.assertEqual([self.tally(each) for each in messages], [[("👍", ["Bia"])], [], []])
        found = self.successResultOf(self.conversation.search("hello", 9))
        self.assertEqual(self.texts(found), ["hello"])
        self.assertEqual(self.texts([self.successResultOf(self.conversation.find(one))]), ["hello"])
        self.assertIsNone(self.successResultOf(self.conversation.find(one._replace(number=99))))

    def test_missed_without_store(self) -> None:
        """If the disk can't say what has become of what was missed, it is shown as it was said."""
        said = self.batch("Ana", Say("helo"))
        self.patch(self.store, "amended", lambda places, reach: fail(OSError("broken")))
        self.take(said, missed=True)
        self.conversation.caught_up(True)
        self.assertEqual(self.texts(self.happened(WhileAway)[0].messages), ["helo"])
        self.assertEqual(len(self.flushLoggedErrors(OSError)), 1)


class PollTests(AmendingTestCase):
    """Votes are reactions that name an answer."""

    def test_votes(self) -> None:
        """Each member has one vote, in the order of the answers; what names no answer is none; who votes too late does not."""
        id = self.say("Ana", Say("when?\nnow\nlater", poll=True))
        self.say("Bia", React(id, "2"))
        self.say("Caio", React(id, "1"))
        self.say("Me", React(id, "👍"))
        (event,) = self.told()
        self.assertEqual(self.tally(event.message), [("1", ["Caio"]), ("2", ["Bia"])])
        self.say("Caio", React(id, "2"))
        self.say("Ana", Close(id), Edit(id, "when?\nno\nnever"))
        self.say("Bia", React(id, "1"))
        (event,) = self.told()
        self.assertTrue(event.message.closed)
        self.assertEqual(self.tally(event.message), [("2", ["Bia", "Caio"])])
        self.assertEqual(self.texts(self.read()), ["when?\nnow\nlater"])

    def test_no_poll(self) -> None:
        """A question without answers, or with too many, is a message like others, and is not asked from here."""
        for text in ("when?", "when?\nnow", "when?\nnow\n ", "\n".join(["when?", *"abcdefghijklmnopqrstuvw"])):
            self.assertEqual(Say(text, poll=True).answers, [])
            self.assertRaises(BadText, self.conversation.voice.ask, text)


class SpeakingTests(AmendingTestCase):
    """What one says oneself."""

    def test_own_alone(self) -> None:
        """One's own messages are corrected, taken back and closed, nobody else's; reactions go to all."""
        voice, own, other = self.conversation.voice, MessageId(ME, 1, 1), MessageId(ANA, 1, 1)
        for act in (lambda id: voice.edit(id, "x"), voice.retract, voice.close):
            self.assertRaises(BadText, act, other)
            act(own)
        voice.react(other, "👍")
        voice.say("hi", re=other)
        self.assertRaises(BadText, voice.react, other, "a b")
        self.assertEqual(
            self.outlet.records, [Edit(own, "x"), Retract(own), Close(own), React(other, "👍"), Say("hi", re=other)]
        )
