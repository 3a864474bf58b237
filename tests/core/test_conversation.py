"""The conversation as a front end sees it."""

from __future__ import annotations

from typing import Any

from msgspec import Raw
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.feeding import START
from tests.kit.hosting import StillHost
from tests.kit.signing import Writer
from tests.kit.wires import Recorder
from twisted_chat.core.clock import COUNTED, LEAD, MICROSECONDS, HybridClock
from twisted_chat.core.conversation import Conversation
from twisted_chat.core.errors import BadText
from twisted_chat.core.events import (
    Alone,
    Impostor,
    Joined,
    Left,
    Lost,
    OfMember,
    Reachable,
    Renamed,
    Topical,
    WentAway,
)
from twisted_chat.core.feeds.batches import Batch
from twisted_chat.core.feeds.private import PrivateBox
from twisted_chat.core.feeds.records import Away, KnownRecord, Private, Say, Topic
from twisted_chat.core.group import Group
from twisted_chat.core.keys import Identity
from twisted_chat.core.messages import Earlier, Messages, Receiving, WhileAway
from twisted_chat.core.people.presence import SETTLE_SECONDS
from twisted_chat.core.people.roster import Roster
from twisted_chat.core.timeline.lateness import LATE
from twisted_chat.core.timeline.missed import PATIENCE
from twisted_chat.core.voice import Congested
from twisted_chat.core.wire.frames import MAX_INT
from twisted_chat.storage.memory import MemoryStore

MINE = Identity(b"\5" * 32)
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
        self.clock = Clock()
        self.hybrid = HybridClock(lambda: START / MICROSECONDS)
        self.conversation = Conversation(
            Roster(ME, "Me"), StillHost(self.outlet), self.clock, self.hybrid, self.store, PrivateBox(MINE, Group())
        )
        self.conversation.watch(self.events.append)
        self.ana = Writer(1)

    def store_all(self, *batches: Batch) -> None:
        """Let the store hold what others said."""
        for batch in batches:
            self.store.append(batch)

    def hear(self, *batches: Batch) -> None:
        """Take batches as the replica does."""
        for batch in batches:
            self.hybrid.observe(batch.last_lc)
            self.conversation.accepted(batch)

    def texts(self, messages: Any) -> list[str]:
        """Return what is said in some events."""
        return [record.text for event in messages for record in event.records]

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

    def test_who_was_told_it_goes_on_fails(self) -> None:
        """One that fails when it is told to go on keeps no other waiting."""
        self.outlet.congested = True
        resumed: list[str] = []
        self.conversation.when_relieved(lambda: 1 / 0)
        self.conversation.when_relieved(lambda: resumed.append("b"))
        self.outlet.congested = False
        self.conversation.relieved()
        self.assertEqual(resumed, ["b"])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_alone(self) -> None:
        """Who talks to nobody is told so once, and once again after company has come and gone."""
        mine = Writer(5)
        self.conversation.delivered(mine.feed, 0, {}, True)
        self.happened()
        self.hear(mine.write("hello?"), mine.write("hello?"))
        self.assertEqual(self.happened(Alone, Messages)[0], Alone())
        self.conversation.linked(ANA, "Ana", "h", 1, True)
        self.hear(mine.write("oi"))
        self.conversation.unlinked(ANA, True)
        self.hear(self.ana.write("oi"))
        self.assertEqual(self.happened(Alone), [])
        self.hear(mine.write("hello?"))
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

    def test_order_within_a_batch(self) -> None:
        """Whatever kinds of records a batch has, what they tell comes in the order of the feed, each by its number."""
        sealed = PrivateBox(Identity(b"\1" * 32), Group()).seal
        records = [
            sealed(ME, "one"), Say("two"), Say("three"), sealed(ME, "four"), Topic("#chat", "five"), Say("six"),
            Say("seven", "#tea", True), Away("eight"), Raw(b'{"k":"later-kind"}'), Say("ten"), sealed(BIA, "eleven"),
        ]  # fmt: skip
        batch = self.ana.sign(None, records=records)
        self.conversation.accepted(batch)
        told = [
            (event.first, self.texts([event])) if isinstance(event, Messages) else type(event)
            for event in self.happened()
        ]
        self.assertEqual(
            told,
            [
                (1, ["one"]),
                (2, ["two", "three"]),
                (4, ["four"]),
                Topical,
                (6, ["six", "seven"]),
                WentAway,
                (10, ["ten"]),
            ],
        )

    def test_one_number(self) -> None:
        """A message has one id and one position, whether it is heard, looked up or found."""
        batch = self.ana.sign(None, records=[Topic("#chat", "a"), Say("b"), Away(), Say("c"), Say("d")])
        self.store_all(batch)
        self.conversation.accepted(batch)
        live = [each for event in self.happened(Messages) for each in event.each()]
        past = self.successResultOf(self.conversation.history(9))
        found = [self.successResultOf(self.conversation.search(word, 9))[0] for word in "bcd"]
        self.assertEqual([each.position for each in live], [batch.position(index) for index in (1, 3, 4)])
        self.assertEqual([each.position for each in live], [each.position for each in past])
        self.assertEqual(live, found)

    def test_own(self) -> None:
        """Own messages are marked as such, those of an earlier life and another name, too; by the name of now."""
        self.conversation.accepted(Writer(5).write("a"))
        (messages,) = self.happened()
        self.assertEqual((messages.own, messages.name), (True, "Me"))

    def test_unknown_kinds(self) -> None:
        """What this version does not know is not shown, and what is beside it is."""
        later = Raw(b'{"k":"later-kind"}')
        self.conversation.accepted(self.ana.sign(None, records=[later]))
        self.assertEqual(self.happened(Messages), [])
        self.conversation.accepted(self.ana.sign(None, records=[later, Raw(b'{"k":"say","text":"b"}')]))
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
        self.store_all(*(self.ana.write(f"m{number}") for number in range(30)))
        self.successResultOf(self.conversation.begin())
        (earlier,) = self.happened(Earlier)
        self.assertEqual([m.records[0].text for m in earlier.messages], [f"m{number}" for number in range(10, 30)])

    def test_nothing_earlier(self) -> None:
        """Without anything that was said there is nothing to show."""
        self.store_all(self.ana.sign(None, records=[Topic("#x", "y"), Away("z")]))
        self.successResultOf(self.conversation.begin())
        self.assertEqual(self.happened(), [])

    def test_missed(self) -> None:
        """What was missed is marked as such until all has come, and then summed up once."""
        for text in "abc":
            self.conversation.accepted(self.ana.write(text), True)
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

    def test_missed_in_order(self) -> None:
        """Of what was missed the newest are shown in order, however it came, and whatever else was said since."""
        batches = [self.ana.write(*(f"{first + n}" for n in range(3))) for first in range(0, 90, 3)]
        for batch in [*batches[::2], *batches[1::2]]:
            self.conversation.accepted(batch, True)
        self.conversation.accepted(Writer(2).sign(None, records=[Topic("#x", "y"), Away("z")]))
        self.happened()
        self.conversation.caught_up(True)
        (away,) = self.happened(WhileAway)
        self.assertEqual((away.count, self.texts(away.messages)), (90, [str(n) for n in range(40, 90)]))

    def test_missed_for_ever(self) -> None:
        """What was missed is shown after some seconds without more, though somebody says that there is."""
        self.conversation.accepted(self.ana.write("a"), True)
        self.clock.advance(PATIENCE - 1)
        self.conversation.accepted(self.ana.write("b"), True)
        self.clock.advance(PATIENCE - 1)
        self.assertEqual(self.happened(WhileAway), [])
        self.clock.advance(2)
        self.assertEqual([away.count for away in self.happened(WhileAway)], [2])
        self.conversation.accepted(self.ana.write("c"), True)
        self.conversation.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_late(self) -> None:
        """A message that is to be read before others is late if those were shown for a while, whatever times they bear."""
        bia = Writer(2)
        ahead = bia.forge(bia.sign(None, "from 2055"), lc=2**51 + 2**50)
        self.conversation.accepted(ahead)
        self.clock.advance(LATE - 1)
        self.conversation.accepted(self.ana.write("on its way meanwhile"))
        self.clock.advance(1)
        self.conversation.accepted(self.ana.write("late"))
        self.conversation.accepted(bia.forge(bia.sign(ahead, "after"), lc=2**51 + 2**50 + 1))
        self.assertEqual([messages.late for messages in self.happened(Messages)], [False, False, True, False])

    def test_late_after_a_start(self) -> None:
        """What is to be read before what was shown of former times is late."""
        first, second = self.ana.write("a"), self.ana.write("b")
        self.store_all(second)
        self.successResultOf(self.conversation.begin())
        self.conversation.accepted(first)
        self.assertEqual([messages.late for messages in self.happened(Messages)], [True])

    def test_out_of_reach(self) -> None:
        """What bears a time to which nobody can have come is shown nowhere, and hides nothing."""
        eve = Writer(2)
        mad = eve.forge(eve.sign(None, records=[Say("for ever the newest"), Topic("#chat", "mine")]), lc=MAX_INT - 9)
        self.store_all(mad, self.ana.write("a"))
        self.hear(mad)
        self.assertEqual(self.happened(), [])
        self.conversation.accepted(self.ana.sign(None, records=[Topic("#chat", "ours")]))
        self.assertEqual(self.conversation.topics, {"#chat": "ours"})
        self.assertEqual(self.texts(self.successResultOf(self.conversation.history(9))), ["a"])

    def test_within_reach_after_all(self) -> None:
        """An answer to what has not yet come is shown, though that has led far ahead of all that is known here."""
        eve, bia = Writer(2), Writer(3)
        elsewhere = HybridClock(lambda: 0)
        led = []
        for n in range(3):
            led.append(eve.forge(eve.sign(None, f"mad {n}"), lc=MAX_INT - 9 + n))
            elsewhere.observe(led[-1].last_lc)
        self.hear(bia.forge(bia.sign(None, "answer"), lc=elsewhere.stamp()))
        self.hear(self.ana.forge(self.ana.sign(None, "and another"), lc=elsewhere.stamp()))
        self.assertEqual(self.texts(self.happened(Messages)), [])
        self.hear(*led)
        self.assertEqual(self.texts(self.happened(Messages)), ["answer", "and another"])

    def test_an_answer_is_later(self) -> None:
        """Whatever number a message bears, if it is shown, live or of former times, what is said next sorts after it."""
        eve = Writer(2)
        for lead in (LEAD, LEAD + 1, 2 * LEAD, 3 * LEAD, 4 * LEAD):
            batch = eve.forge(eve.sign(None, "mad"), lc=COUNTED + lead)
            self.hear(batch)
            self.assertEqual(self.texts(self.happened(Messages)[-1:]), ["mad"])
            self.assertGreater(self.hybrid.stamp(), batch.last_lc)
        self.hear(eve.forge(eve.sign(None, "next"), lc=self.hybrid.reach + LEAD + 1))
        self.hear(eve.forge(eve.sign(None, "first"), lc=self.hybrid.newest + 1))
        self.assertEqual(self.texts(self.happened(Messages)[-2:]), ["first", "next"])
        former = self.hybrid.reach
        self.store_all(eve.forge(eve.sign(None, "before"), lc=former))
        self.assertEqual(self.texts(self.successResultOf(self.conversation.history(9))), ["before"])
        self.assertGreater(self.hybrid.stamp(), former)

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

    def test_only_what_is_shown_counts(self) -> None:
        """As many messages are shown as are asked for, whatever else was said since: topics, secrets of others, noise."""
        eve = Writer(2)
        self.conversation.roster.ignore(self.conversation.roster.claim(BIA, "Eve"), True)
        sealed = PrivateBox(Identity(b"\1" * 32), Group()).seal
        first = self.ana.sign(None, records=[sealed(ME, "pizza at five?"), Say("pizza at six", "#tea"), Say("ok")])
        forged = Private(ME, b"x", b"x")
        noise = self.ana.sign(first, records=[Topic("#x", "y"), sealed(BIA, "pizza"), Away("pizza"), *[forged] * 200])
        self.store_all(first, noise, *(eve.write("pizza") for _ in range(50)))
        history, search = self.conversation.history, self.conversation.search
        self.assertEqual(self.texts(self.successResultOf(history(1))), ["ok"])
        self.assertEqual(self.texts(self.successResultOf(history(2, "#tea"))), ["pizza at six"])
        self.assertEqual(self.texts(self.successResultOf(history(2, member=ANA))), ["pizza at six", "ok"])
        self.assertEqual(self.texts(self.successResultOf(search("pizza", 9))), ["pizza at five?", "pizza at six"])
        self.successResultOf(self.conversation.begin())
        (earlier,) = self.happened(Earlier)
        self.assertEqual(len(earlier.messages), 3)


class IgnoringTests(ConversationTestCase):
    """What ignored members said is not among what is shown of former times; what happens is told to all who watch."""

    def setUp(self) -> None:
        super().setUp()
        self.bia = Writer(2)
        self.batches = [self.ana.write("a"), self.bia.forge(self.bia.write("spam"), name="Bia"), self.ana.write("b")]
        self.conversation.roster.ignore(self.conversation.roster.claim(BIA, "Bia"), True)

    def test_past(self) -> None:
        """Not at the start, not in the history, not in what a search finds."""
        self.store_all(*self.batches)
        self.successResultOf(self.conversation.begin())
        (earlier,) = self.happened(Earlier)
        self.assertEqual(self.texts(earlier.messages), ["a", "b"])
        self.assertEqual(self.texts(self.successResultOf(self.conversation.history(10))), ["a", "b"])
        self.assertEqual(self.texts(self.successResultOf(self.conversation.search("spam", 10))), [])

    def test_missed(self) -> None:
        """Not in what was missed, nor in its count."""
        for batch in self.batches:
            self.conversation.accepted(batch, True)
        self.assertEqual(len(self.happened(Messages)), 3, "the log has all")
        self.conversation.caught_up(True)
        (away,) = self.happened(WhileAway)
        self.assertEqual((away.count, self.texts(away.messages)), (2, ["a", "b"]))

    def test_whose(self) -> None:
        """What is told of a member bears its id."""
        self.conversation.linked(BIA, "Bia", "h", 1, True)
        self.conversation.accepted(self.bia.sign(None, records=[Topic("#x", "y"), Away("z")]))
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
        self.conversation.linked(ANA, "Ana", "h", 1, True)
        self.conversation.presence.told(Recorder(ANA), [ME, BIA])
        self.conversation.accepted(Writer(2).write("oi"))
        self.clock.advance(SETTLE_SECONDS)
        self.assertEqual([type(event) for event in self.happened()], [Joined, Impostor, Messages, Reachable])
        self.assertEqual(len(self.conversation.here()), 2)

    def test_own_name_taken(self) -> None:
        """Nobody else is shown by one's own name."""
        self.conversation.linked(BIA, "Me", "h", 2, True)
        self.assertIsInstance(self.happened()[0], Impostor)
