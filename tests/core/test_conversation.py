"""The conversation as a front end sees it."""

from __future__ import annotations

from typing import Any

from msgspec import Raw
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.core.sealing import Writer
from tests.core.wires import Recorder
from tests.storage.feeding import START
from twisted_chat.core.conversation import LATE, Congested, Conversation
from twisted_chat.core.errors import BadText
from twisted_chat.core.events import (
    Alone,
    Earlier,
    Impostor,
    Joined,
    Left,
    Lost,
    Messages,
    OfMember,
    Reachable,
    Receiving,
    Renamed,
    WhileAway,
)
from twisted_chat.core.keys import Identity
from twisted_chat.core.presence import SETTLE_SECONDS
from twisted_chat.core.records import Away, KnownRecord, Say, Topic
from twisted_chat.core.roster import Roster
from twisted_chat.storage.memory import MemoryStore

ME, ANA, BIA = (Identity(bytes([number]) * 32).id for number in (5, 1, 2))


class Outlet:
    """Where records go: they stay here."""

    def __init__(self) -> None:
        self.congested = False
        self.records: list[KnownRecord] = []

    def append(self, record: KnownRecord) -> None:
        """See `Outlet`."""
        self.records.append(record)


class ConversationTestCase(SynchronousTestCase):
    """A conversation of Me's, and everything it reports."""

    def setUp(self) -> None:
        self.outlet = Outlet()
        self.store = MemoryStore()
        self.events: list[Any] = []
        self.conversation = Conversation(Roster(ME, "Me"), self.outlet, lambda: None, self.store)
        self.conversation.watch(self.events.append)
        self.ana = Writer(1)

    def happened(self, *kinds: type[Any]) -> list[Any]:
        """Return what was reported (of these kinds, if any are given) since this was asked last."""
        events = [event for event in self.events if not kinds or isinstance(event, kinds)]
        self.events.clear()
        return events


class SayingTests(ConversationTestCase):
    """What is said goes to the outlet, or is refused whole."""

    def test_say(self) -> None:
        """What is said goes out as one record, and is shown when it comes back, not before."""
        self.conversation.linked(ANA, "Ana", "h", 1, True)
        self.happened()
        self.conversation.say("oi")
        self.assertEqual(self.outlet.records, [Say("oi")])
        self.assertEqual(self.happened(), [])

    def test_bad(self) -> None:
        """What can't be a message is refused by name, and nothing of it goes out."""
        for text, room in (
            ("", "#chat"),
            ("x" * 9000, "#chat"),
            ("a\x1b", "#chat"),
            ("a\ud800", "#chat"),
            ("a", "chat"),
        ):
            self.assertRaises(BadText, self.conversation.say, text, room)
        self.assertEqual((self.outlet.records, self.happened()), ([], []))

    def test_congested(self) -> None:
        """While too much waits, more is refused; who asked is called once when it may go on."""
        self.outlet.congested = True
        self.assertRaises(Congested, self.conversation.say, "oi")
        self.assertTrue(self.conversation.congested)
        resumed: list[str] = []
        self.conversation.when_relieved(lambda: resumed.append("a"))
        self.assertEqual(resumed, [])
        self.outlet.congested = False
        self.conversation.relieved()
        self.conversation.relieved()
        self.assertEqual(resumed, ["a"])
        self.conversation.when_relieved(lambda: resumed.append("b"))
        self.assertEqual(resumed, ["a", "b"], "at once if there is nothing to wait for")

    def test_asks_again_when_relieved(self) -> None:
        """Who is called and finds it congested again can wait again, without being called for ever."""
        self.outlet.congested = True
        calls: list[int] = []

        def again() -> None:
            calls.append(1)
            self.conversation.when_relieved(again)

        self.conversation.when_relieved(again)
        self.conversation.relieved()
        self.assertEqual(len(calls), 1)

    def test_alone(self) -> None:
        """Who talks to nobody is told so once, and once again after company has come and gone."""
        self.conversation.say("hello?")
        self.conversation.say("hello?")
        self.assertEqual(self.happened(), [Alone()])
        self.conversation.linked(ANA, "Ana", "h", 1, True)
        self.conversation.say("oi")
        self.assertEqual(self.happened(Alone), [])
        self.conversation.unlinked(ANA, True)
        self.conversation.say("hello?")
        self.assertEqual(self.happened(Alone), [Alone()])


class HearingTests(ConversationTestCase):
    """What was accepted is shown."""

    def test_messages(self) -> None:
        """A batch is one event, with all that is needed to show it."""
        batch = self.ana.write("a", "b")
        self.conversation.accepted(batch)
        (messages,) = self.happened(Messages)
        self.assertEqual([record.text for record in messages.records], ["a", "b"])
        self.assertEqual(
            (messages.feed, messages.first, messages.lc, messages.name, messages.own, messages.at),
            (batch.feed, 1, batch.lc, "Ana", False, batch.at),
        )

    def test_own(self) -> None:
        """Own messages are marked as such, those of an earlier life and another name, too; by the name of now."""
        self.conversation.accepted(Writer(5).write("a"))
        (messages,) = self.happened()
        self.assertEqual((messages.own, messages.name), (True, "Me"))

    def test_unknown_kinds(self) -> None:
        """What this version does not know is not shown, and what is beside it is."""
        later = Raw(b'{"k":"later-kind"}')
        self.conversation.accepted(self.ana.seal(None, records=[later]))
        self.assertEqual(self.happened(Messages), [])
        self.conversation.accepted(self.ana.seal(None, records=[later, Raw(b'{"k":"say","text":"b"}')]))
        (messages,) = self.happened(Messages)
        self.assertEqual([record.text for record in messages.records], ["b"])

    def test_every_watcher(self) -> None:
        """All who watch hear everything, in order."""
        other: list[Any] = []
        self.conversation.watch(other.append)
        self.conversation.accepted(self.ana.write("a"))
        self.conversation.linked(ANA, "Ana", "h", 1, True)
        self.assertEqual(other, self.events)
        self.assertEqual([type(event) for event in other], [Messages, Joined])


class PastTests(ConversationTestCase):
    """What was said before, elsewhere or while one was away."""

    def test_earlier(self) -> None:
        """At the start the newest messages of former times are shown, in order; without any there is nothing to show."""
        batches = [self.ana.write(f"m{number}") for number in range(30)]
        self.conversation.begin(START * 2, batches[::-1])
        (earlier,) = self.happened(Earlier)
        self.assertEqual([m.records[0].text for m in earlier.messages], [f"m{number}" for number in range(10, 30)])
        self.conversation.begin(START * 2, [])
        self.assertEqual(self.happened(), [])

    def test_missed(self) -> None:
        """What was said before the start is marked as missed until all has come, and then summed up once."""
        self.conversation.begin(START + 3, [])  # each record is a microsecond after the one before
        for batch in [self.ana.write(text) for text in "abc"]:
            self.store.append(batch)
            self.conversation.accepted(batch)
        self.assertEqual([messages.missed for messages in self.happened(Messages)], [True, True, True])
        self.conversation.caught_up(True)
        (away,) = self.happened(WhileAway)
        self.assertEqual(away.count, 3)
        self.assertEqual([m.records[0].text for m in away.messages], ["a", "b", "c"])
        self.conversation.accepted(self.ana.write("d"))
        self.assertEqual([messages.missed for messages in self.happened(Messages)], [False])
        self.conversation.caught_up(False)
        self.conversation.caught_up(True)
        self.assertEqual(self.happened(), [])

    def test_late(self) -> None:
        """A message much earlier than one shown before is marked as late."""
        self.conversation.begin(START - 1, [])
        self.conversation.caught_up(True)
        bia = Writer(2)
        first = bia.write("b")
        self.conversation.accepted(bia.forge(first, lc=first.lc + LATE + 1))
        self.conversation.accepted(self.ana.write("a"))
        self.conversation.accepted(bia.forge(bia.seal(first, "c"), lc=first.lc + LATE + 2))
        self.assertEqual([messages.late for messages in self.happened(Messages)], [False, True, False])

    def test_progress(self) -> None:
        """A long way to catch up is told; a short one is not worth a word."""
        self.conversation.receiving(1, 999)
        self.conversation.receiving(500, 1000)
        self.assertEqual(self.happened(), [Receiving(500, 1000)])

    def test_history_and_search(self) -> None:
        """The newest messages, and those with certain words, come one an event, in order."""
        for text in ("bom dia", "boa tarde", "boa noite"):
            self.store.append(self.ana.write(text, text + "!"))
        history = self.successResultOf(self.conversation.history(3))
        self.assertEqual([m.records[0].text for m in history], ["boa tarde!", "boa noite", "boa noite!"])
        self.assertEqual([m.first for m in history], [4, 5, 6])
        found = self.successResultOf(self.conversation.search("boa t", 10))
        self.assertEqual([m.records[0].text for m in found], ["boa tarde", "boa tarde!"])


class IgnoringTests(ConversationTestCase):
    """What ignored members said is not among what is shown of former times; what happens is told to all who watch."""

    def setUp(self) -> None:
        super().setUp()
        self.bia = Writer(2)
        self.batches = [self.ana.write("a"), self.bia.forge(self.bia.write("spam"), name="Bia"), self.ana.write("b")]
        self.conversation.roster.ignore(self.conversation.roster.claim(BIA, "Bia"), True)

    def texts(self, messages: Any) -> list[str]:
        return [record.text for event in messages for record in event.records]

    def test_past(self) -> None:
        """Not at the start, not in the history, not in what a search finds."""
        for batch in self.batches:
            self.store.append(batch)
        self.conversation.begin(START * 2, self.batches)
        (earlier,) = self.happened(Earlier)
        self.assertEqual(self.texts(earlier.messages), ["a", "b"])
        self.assertEqual(self.texts(self.successResultOf(self.conversation.history(10))), ["a", "b"])
        self.assertEqual(self.texts(self.successResultOf(self.conversation.search("spam", 10))), [])

    def test_missed(self) -> None:
        """Not in what was missed, nor in its count."""
        self.conversation.begin(START * 2, [])
        for batch in self.batches:
            self.store.append(batch)
            self.conversation.accepted(batch)
        self.assertEqual(len(self.happened(Messages)), 3, "the log has all")
        self.conversation.caught_up(True)
        (away,) = self.happened(WhileAway)
        self.assertEqual((away.count, self.texts(away.messages)), (2, ["a", "b"]))

    def test_whose(self) -> None:
        """What is told of a member bears its id."""
        self.conversation.linked(BIA, "Bia", "h", 1, True)
        self.conversation.accepted(self.bia.seal(None, records=[Topic("#x", "y"), Away("z")]))
        self.conversation.unlinked(BIA, True)
        self.assertEqual({event.member for event in self.happened(OfMember)}, {BIA})


class PresenceTests(ConversationTestCase):
    """Who is here, and by what name."""

    def test_join_and_leave(self) -> None:
        """Who comes has joined, with where to find them; who said goodbye has left; whose link broke is lost."""
        self.conversation.linked(ANA, "Ana", "127.0.0.1", 5001, True)
        self.conversation.unlinked(ANA, True)
        self.conversation.linked(ANA, "Ana", "127.0.0.1", 5001, False)
        self.conversation.unlinked(ANA, False)
        self.assertEqual(
            self.happened(),
            [Joined("Ana", "127.0.0.1", 5001, True), Left("Ana"), Joined("Ana", "127.0.0.1", 5001, False), Lost("Ana")],
        )

    def test_two_links(self) -> None:
        """One with two links joins once, and leaves with the last."""
        for _ in range(2):
            self.conversation.linked(ANA, "Ana", "h", 1, True)
        self.conversation.unlinked(ANA, False)
        self.assertEqual(self.happened(), [Joined("Ana", "h", 1, True)])
        self.assertEqual([member.shown for member in self.conversation.here()], ["Ana"])
        self.conversation.unlinked(ANA, True)
        self.assertEqual(self.happened(), [Left("Ana")])
        self.assertEqual(self.conversation.here(), [])

    def test_goodbye_over_one_of_two(self) -> None:
        """Who says goodbye over one of two links has left, whichever of them closes last; who comes back is not leaving."""
        for _ in range(2):
            self.conversation.linked(ANA, "Ana", "h", 1, True)
        self.conversation.unlinked(ANA, True)
        self.conversation.unlinked(ANA, False)
        self.conversation.linked(ANA, "Ana", "h", 1, True)
        self.conversation.unlinked(ANA, False)
        self.assertEqual([type(event) for event in self.happened()], [Joined, Left, Joined, Lost])

    def test_never_here(self) -> None:
        """The end of a link nobody heard of is nothing to tell."""
        self.conversation.unlinked(ANA, True)
        self.conversation.accepted(self.ana.write("a"))
        self.happened()
        self.conversation.unlinked(ANA, True)
        self.assertEqual(self.happened(), [])

    def test_renamed(self) -> None:
        """Who comes by another name is told of, once."""
        self.conversation.linked(ANA, "Ana", "h", 1, True)
        self.conversation.unlinked(ANA, True)
        self.happened()
        self.conversation.linked(ANA, "Anna", "h", 1, True)
        self.assertEqual(self.happened(), [Renamed("Ana", "Anna"), Joined("Anna", "h", 1, True)])

    def test_impostor(self) -> None:
        """Another key under a name that is taken is warned of, once, and never shown by that name."""
        self.conversation.linked(ANA, "Ana", "h", 1, True)
        self.happened()
        self.conversation.linked(BIA, "Ana", "h", 2, True)
        self.conversation.accepted(Writer(2).write("trust me"))
        warning, joined, messages = self.happened()
        self.assertIsInstance(warning, Impostor)
        self.assertEqual((warning.claimed, joined.name, messages.name), ("Ana", warning.shown, warning.shown))
        self.assertNotEqual(warning.shown, "Ana")

    def test_reachable_when_heard(self) -> None:
        """Who is said to be reachable, and was not known, is told of once it is heard."""
        clock = Clock()
        self.conversation = Conversation(Roster(ME, "Me"), self.outlet, lambda: None, self.store, clock=clock)
        self.conversation.watch(self.events.append)
        self.conversation.linked(ANA, "Ana", "h", 1, True)
        self.conversation.presence.told(Recorder(ANA), [ME, BIA])
        self.conversation.accepted(Writer(2).write("oi"))
        clock.advance(SETTLE_SECONDS)
        self.assertEqual([type(event) for event in self.happened()], [Joined, Impostor, Messages, Reachable])
        self.assertEqual(len(self.conversation.here()), 2)

    def test_own_name_taken(self) -> None:
        """Nobody else is shown by one's own name."""
        self.conversation.linked(BIA, "Me", "h", 2, True)
        self.assertIsInstance(self.happened()[0], Impostor)
