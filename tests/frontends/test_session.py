"""What typed lines do, at any console."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.hosting import StillHost
from tests.kit.saying import AT
from tests.kit.signing import Writer
from twisted_chat.core.answers import Answer, Cleared, Found, Newest
from twisted_chat.core.clock import HybridClock
from twisted_chat.core.commands import COMMANDS
from twisted_chat.core.conversation import Conversation
from twisted_chat.core.events import (
    Event,
    Impostor,
    Joined,
    Left,
    Lost,
    Reachable,
    Renamed,
    Topical,
    Unreachable,
    Verified,
    WentAway,
)
from twisted_chat.core.feeds.batches import FeedId
from twisted_chat.core.feeds.private import PrivateBox
from twisted_chat.core.feeds.records import Away, KnownRecord, Nick, Private, Say, Topic
from twisted_chat.core.group import Group
from twisted_chat.core.keys import Identity, spoken
from twisted_chat.core.messages import Earlier, Messages, Past
from twisted_chat.core.people.roster import Roster
from twisted_chat.core.seat import Seat
from twisted_chat.core.timeline.rooms import MAX_ROOMS
from twisted_chat.frontends.console.toolbar import Toolbar
from twisted_chat.frontends.console.wrapping import wrapped
from twisted_chat.frontends.session import Session
from twisted_chat.speech.answers import lines
from twisted_chat.storage.memory import MemoryStore

ANA, BIA, MARIA = (Identity(letter * 32) for letter in (b"a", b"b", b"m"))


class SessionTests(SynchronousTestCase):
    """A session of Bia's; Ana, and Ana Maria, are known."""

    congested = False

    def setUp(self) -> None:
        self.put: list[KnownRecord] = []
        self.told: list[str] = []
        self.shown: list[Past] = []
        self.cleared = 0
        self.left = 0
        self.names: list[str] = []
        box = PrivateBox(BIA, Group())
        self.store = MemoryStore()
        self.conversation = Conversation(
            Roster(BIA.id, "Bia"),
            StillHost(self, self.leave, self.names.append),
            Clock(),
            HybridClock(lambda: 2e9),
            self.store,
            box,
        )
        self.conversation.linked(ANA.id, "Ana", "127.0.0.1", 5000, True)
        self.conversation.roster.claim(MARIA.id, "Ana Maria")
        self.seat = Seat(self.conversation)
        self.session = Session(self.seat, self, "/some/logs_chat.txt")

    # An outlet, and a display.

    def append(self, record: KnownRecord) -> None:
        self.put.append(record)

    def answer(self, answer: Answer) -> None:
        if isinstance(answer, Cleared):
            self.cleared += 1
        elif isinstance(answer, Past) and answer.messages:
            self.shown.append(answer)
        else:
            self.told += lines(answer)

    def leave(self) -> None:
        self.left += 1

    def heard(self, *records: Say, private: str = "", own: bool = False) -> Messages | None:
        event = Messages(FeedId(ANA.id, 1), 1, 1, "Ana", own, AT, records, private=private)
        self.conversation.emit(event)
        return self.seat.for_person(event)  # type: ignore[return-value]

    # What is typed.

    def test_every_command_does_something(self) -> None:
        """No command of the table is without effect or an error, with an argument and without."""
        for command in COMMANDS:
            for argument in ("", " x"):
                before = (len(self.put), len(self.told), self.cleared, self.left)
                self.session.run(f"/{command.name}{argument}")
                after = (len(self.put), len(self.told), self.cleared, self.left)
                self.assertNotEqual(before, after, command.name)

    def said(self, *records: Say) -> None:
        """Ana said this, a while ago."""
        self.store.append(Writer(1).sign(None, records=records))

    def texts(self) -> list[str]:
        """The messages that were shown last."""
        return [record.text for message in self.shown[-1].messages for record in message.records]

    def test_history(self) -> None:
        """/history shows the newest 20, or as many as one says, as what they are."""
        self.said(*(Say(str(number)) for number in range(30)))
        self.session.run("/history")
        self.session.run("/history 2")
        self.assertEqual([(type(past), len(past.messages)) for past in self.shown], [(Newest, 20), (Newest, 2)])
        self.assertEqual((self.texts(), self.told), (["28", "29"], []))

    def test_history_of(self) -> None:
        """/history of a room or a member has what was said there, or by that one; a name that is nobody's is told as such."""
        self.conversation.roster.claim(Writer(1).identity.id, "Dora")
        self.said(Say("a"), Say("b", "#tea"), Say("c"))
        for line, texts in (("#TEA", ["b"]), ("1 Dora", ["c"]), ("dora", ["a", "b", "c"])):
            self.session.run(f"/history {line}")
            self.assertEqual(self.texts(), texts)
        self.assertEqual(self.told, [])
        for line in ("/history Zoe", "/history 0", "/history # x"):
            self.session.run(line)
        self.assertEqual(len(self.told), 3)

    def test_search(self) -> None:
        """/search shows at most the newest 20 that it finds, and says so if there are more."""
        self.said(*(Say(f"oi {number}") for number in range(30)), Say("tchau"))
        for words, count, more in (("tchau", 1, False), ("oi", 20, True)):
            self.session.run(f"/search {words}")
            (past,) = self.shown
            assert isinstance(past, Found)
            self.assertEqual((past.words, len(past.messages), past.more), (words, count, more))
            self.shown.clear()

    def test_nothing_found(self) -> None:
        """Where there is nothing, that is said."""
        for line in ("/history", "/search oi"):
            self.session.run(line)
        self.assertEqual((self.shown, self.told), ([], ["nothing found"] * 2))

    def test_what_was_said_in_a_room(self) -> None:
        """Who enters a room sees what was said there."""
        self.said(Say("aqui", "#tea"), Say("lá", "#coffee"))
        self.session.run("/join #tea")
        self.assertEqual((type(self.shown[-1]), self.texts()), (Earlier, ["aqui"]))
        self.session.run("/join #milk")
        self.assertEqual(len(self.shown), 1)

    def test_rooms(self) -> None:
        """What is typed after /join is said there; /part leads back."""
        for line in ("/join #redes", "oi", "/me acena", "/topic TCP", "/part", "olá", "/join redes", "de novo"):
            self.assertTrue(self.session.run(line), line)
        self.assertEqual(
            self.put,
            [
                Say("oi", "#redes"),
                Say("acena", "#redes", me=True),
                Topic("#redes", "TCP"),
                Say("olá"),
                Say("de novo", "#redes"),
            ],
        )

    def test_unread(self) -> None:
        """What is said in other rooms is not shown but counted, until one goes there."""
        self.assertEqual(self.heard(Say("a"), Say("b", "#redes")).records, [Say("a")])
        self.assertIsNone(self.heard(Say("c", "#redes")))
        self.assertEqual(self.seat.unread["#redes"], 2)
        self.session.run("/rooms")
        self.assertTrue(any("#redes" in line and "2" in line for line in self.told))
        self.session.run("/join #redes")
        self.assertEqual(self.seat.unread["#redes"], 0)
        self.assertIsNotNone(self.heard(Say("d", "#redes")))
        self.assertIsNone(self.heard(Say("e")))

    def test_one_room(self) -> None:
        """However a room is spelled it is one: for who goes there, for what is said in it, and for its topic."""
        batch = Writer(1).sign(
            None, records=[Say("oi", room) for room in ("#Café", "#cafe\u0301", "#CAFÉ", "#cafeteria")]
        )
        self.store.append(batch)
        for number, rooms in enumerate((["#Café"], ["#cafe\u0301", "#CAFÉ", "#cafeteria"])):
            after = Writer(2 + number).sign(None, records=[Say("oi", room) for room in rooms])
            self.conversation.accepted(after)
        self.assertEqual(self.seat.unread, {"#Café": 3, "#cafeteria": 1})
        self.session.run("/join CAFE\u0301")
        self.assertEqual((self.seat.room, len(self.shown[-1].messages)), ("#Café", 3))
        self.assertEqual(self.seat.unread, {"#cafeteria": 1})
        self.conversation.accepted(Writer(9).sign(None, records=[Topic("#cafÉ", "tea")]))
        self.session.run("/topic")
        self.assertIn("tea", self.told[-1])
        self.session.run("hello")
        self.assertEqual(self.put[-1], Say("hello", "#Café"))
        self.assertIsNotNone(self.heard(Say("x", "#CAFÉ")))
        self.told.clear()
        self.session.run("/rooms")
        self.assertEqual(len(self.told), 3)

    def test_new_room(self) -> None:
        """So it is if nobody has said anything there yet, and so is everybody's."""
        self.session.run("/join #Te\u0301")
        self.assertEqual(self.seat.room, "#Té")
        self.assertIsNotNone(self.heard(Say("x", "#té")))
        self.assertIsNone(self.heard(Say("x", "#CHAT")))
        self.assertEqual(self.seat.unread, {"#chat": 1})
        self.session.run("/join #Chat")
        self.assertEqual((self.seat.room, self.seat.unread), ("#chat", {}))

    def test_many_rooms(self) -> None:
        """However many rooms others speak in, a few are known, counted and shown; those where one spoke or went are among them,
        and what was said in the others is found all the same."""
        self.conversation.accepted(
            Writer(1).sign(None, records=[Say("x", "#theirs"), Say("x", "#went"), Say("x", "#new")])
        )
        for line in ("/join #went", "/join #new", "/part"):
            self.session.run(line)
        self.conversation.accepted(Writer(1).sign(None, records=[Say("y", "#went"), Say("y", "#new")]))
        for number in range(2, 32):
            batch = Writer(number).sign(None, records=[Say("z", f"#{number}-{each}") for each in range(512)])
            self.store.append(batch)
            self.conversation.accepted(batch)
        self.assertEqual(len(self.conversation.topics), MAX_ROOMS)
        self.assertLessEqual(len(self.seat.unread), 2 * MAX_ROOMS)
        self.assertNotIn("#theirs", self.conversation.topics)
        ((_, line),) = Toolbar(self.seat).fragments(200)
        self.assertRegex(line, r"unread: #went 1, #new 1, #\S+ 1, #\S+ 1, #\S+ 1, #\S+ 1, … ·")
        self.session.run("/history 20 #2-0")
        self.assertEqual(self.texts(), ["z"])
        self.session.run("/rooms")
        self.assertLessEqual(len(self.told), 3 * MAX_ROOMS)

    def whispered(self) -> list[tuple[bytes, str | None]]:
        """To whom something was said alone, and what."""
        assert all(isinstance(record, Private) for record in self.put), self.put
        return [(record.to, self.conversation.voice._box.open(BIA.id, record)) for record in self.put]

    def test_private(self) -> None:
        """/msg takes names with spaces in them, in quotes where they could be another's; /reply answers who wrote last."""
        self.session.run('/msg "Ana Maria" olá, tudo bem?')
        self.session.run("/msg ana Mariana veio?")
        self.session.run("/msg Ana: Maria veio?")
        self.session.run("/reply oi")
        self.heard(Say("psst"), private="Bia")
        self.session.run("/reply sim")
        self.assertEqual(
            self.whispered(),
            [
                (MARIA.id, "olá, tudo bem?"),
                (ANA.id, "Mariana veio?"),
                (ANA.id, "Maria veio?"),
                (ANA.id, "sim"),
            ],
        )
        self.assertEqual(len(self.told), 1)

    def test_not_clear_to_whom(self) -> None:
        """What could begin with several names is said to none of them, nor is the line done with: both ways are told."""
        for line in (
            "/msg Ana Maria olá",
            "/msg Ana Maria",
            "/msg Ana  Maria: a senha é 1",
            "/verify Ana Maria sim sim",
        ):
            self.assertFalse(self.session.run(line))
            command = line.split()[0]
            self.assertIn(f'{command} "Ana", {command} "Ana Maria"', self.told[-1])
        self.assertEqual(self.put, [])

    def test_blanks_before(self) -> None:
        """A command with a blank before it is one, and is said to nobody else."""
        for blank in (" ", "\t", "\n", "\u00a0", "\u3000", "\u200b", "\ufeff", " \u2800"):
            self.session.run(f"{blank}/msg Zoe a senha é 1")
        self.session.run(" /nada disso")
        self.assertEqual(self.put, [])
        self.session.run("\u3000／msg\u3000ana\u3000oi\n  /msg")
        self.assertEqual(self.whispered(), [(ANA.id, "oi\n  /msg")])

    def test_name_left_behind(self) -> None:
        """After a member took another name nobody else is meant by the old one: not who has it now, with a suffix."""
        naming = self.conversation.naming
        naming.note(ANA.id, "Beatriz", 1)
        impostor = naming.note(b"\xaa\x6c" + b"e" * 30, "Ana", 2)
        for line in (
            "/msg Ana psst",
            "/msg ana: psst",
            '/msg "Ana" psst',
            "/ignore Ana",
            "/verify Ana sim",
            "/verify Ana",
        ):
            self.assertFalse(self.session.run(line))
            self.assertIn(f"Begin with {line.split()[0]} Beatriz", self.told[-1])
        self.assertEqual((self.put, impostor.verified, impostor.ignored), ([], False, False))
        self.session.run("/verify Ana~aa6c yes")
        self.assertTrue(impostor.verified)

    def test_reply_after_a_change(self) -> None:
        """An answer goes to the key that wrote, and if that is shown by another name now, this is told once."""
        self.heard(Say("psst"), private="Bia")
        self.conversation.naming.note(ANA.id, "Beatriz", 1)
        self.conversation.naming.note(b"e" * 32, "Ana", 2)
        self.session.run("/reply oi")
        self.session.run("/reply de novo")
        self.assertEqual(self.whispered(), [(ANA.id, "oi"), (ANA.id, "de novo")])
        self.assertEqual(self.told, ["✏️ Ana is now called: Beatriz; that is who got your answer"])

    def test_private_to_nobody(self) -> None:
        """A name that is nobody's, or nothing to say, gets a hint and nothing is said to anybody."""
        for line in ("/msg Zoe oi", "/msg Ana", "/msg", "/reply", "/reply oi"):
            self.session.run(line)
        self.assertEqual((self.put, len(self.told)), ([], 5))
        self.assertIn("Zoe", self.told[0])

    def test_nick(self) -> None:
        """A new name is told to all, and to the rest of the peer; one that can't be a name is refused in words."""
        self.assertTrue(self.session.run("/nick Bia  Lima"))
        self.assertFalse(self.session.run("/nick a:b"))
        self.assertEqual((self.put, self.names, self.conversation.name), ([Nick("Bia Lima")], ["Bia Lima"], "Bia Lima"))

    def test_away(self) -> None:
        """/away says why one is away, or that one is back."""
        self.session.run("/away almoço")
        self.session.run("/away")
        self.assertEqual(self.put, [Away("almoço"), Away()])

    def test_ignore(self) -> None:
        """What an ignored member says is not shown, nor counted, privately neither, until it is no longer ignored."""
        self.session.run("/ignore Ana")
        self.assertIn('/ignore "Ana"', self.told[-1])
        self.assertIsNone(self.heard(Say("spam")))
        self.assertIsNone(self.heard(Say("spam", "#redes")))
        self.assertIsNone(self.heard(Say("psst"), private="Bia"))
        self.assertEqual(self.seat.unread["#redes"], 0)
        self.session.run("/reply oi")
        self.assertEqual(self.put, [], "an ignored one has not asked anything")
        self.session.run("/ignore Ana")
        self.assertIsNotNone(self.heard(Say("ham")))

    def test_ignored_noise(self) -> None:
        """Nor are an ignored member's comings, goings, topics and new names shown; those of others are."""
        self.conversation.roster.ignore(self.conversation.roster.get(ANA.id), True)
        for kind in (Joined, Left, Lost, Reachable, Unreachable, Topical, WentAway, Renamed, Impostor):
            fields = dict.fromkeys(kind.__annotations__, "x")
            self.assertIsNone(self.seat.for_person(kind(**fields, member=ANA.id)), kind)
            self.assertIsNotNone(self.seat.for_person(kind(**fields, member=MARIA.id)), kind)

    def test_ignored_by_key(self) -> None:
        """Another name does not help who is ignored; somebody else under the old name is heard."""
        self.session.run("/ignore Ana")
        self.conversation.naming.note(ANA.id, "Anna", 1)
        self.assertIsNone(self.heard(Say("spam")))
        self.session.run("/who")
        self.assertEqual(self.told[2], "   Anna (127.0.0.1:5000) 🔇 ignored")

    def test_not_ignored(self) -> None:
        """Nobody can ignore themselves, or who is not known."""
        for line in ("/ignore", "/ignore Bia", "/ignore Zoe"):
            self.session.run(line)
        self.assertEqual([member.ignored for member in self.conversation.roster.everybody()], [False] * 3)

    def test_verify(self) -> None:
        """Keys are shown in groups that can be read aloud, one's own and the other's, with what to type then."""
        self.session.run("/verify Ana")
        self.assertEqual(self.told[:2], [f"🔑 Bia: {spoken(BIA.id)}", f"🔑 Ana: {spoken(ANA.id)}"])
        self.assertIn('/verify "Ana" yes', self.told[2])
        self.assertRegex(spoken(ANA.id), r"^([0-9a-f]{4} ){9}[0-9a-f]{4}$")
        self.session.run("/verify")
        self.assertEqual(self.told[3], f"🔑 Bia: {spoken(BIA.id)}")
        self.assertFalse(self.conversation.roster.find("Ana").verified)

    def test_verified(self) -> None:
        """After a yes, in either language, or with the key itself, a member is verified, and marked so; after a no it is not."""
        events: list[Event] = []
        self.conversation.watch(events.append)
        key = spoken(ANA.id)
        for answer in ("yes", "sim", "S", "Sim!", key, key.upper().replace(" ", ""), f"🔑 Beatriz Ada: {key}"):
            self.session.run(f"/verify ana {answer}")
            self.assertEqual(events.pop(), Verified("Ana", True), answer)
            self.session.run("/verify ana")
            self.assertIn('/verify "Ana" no', self.told[-1])
            self.session.run("/who")
            self.assertIn("   Ana (127.0.0.1:5000) ✔ verified", self.told)
            self.session.run("/verify ana na\u0303o")
            self.assertEqual(events.pop(), Verified("Ana", False), answer)
        self.assertEqual(events, [])

    def test_other_key(self) -> None:
        """A key that is not the member's is said so; anything else gets a hint. Neither verifies anybody."""
        self.session.run(f"/verify Ana {spoken(MARIA.id)}")
        self.assertIn("NOT the key of Ana", self.told[-1])
        self.session.run(f"/verify Ana {spoken(ANA.id)[:20]}")
        self.assertIn("this has 16", self.told[-1])
        for line in ("/verify Ana perhaps", "/verify Zoe yes", "/verify Bia yes"):
            count = len(self.told)
            self.session.run(line)
            self.assertEqual(len(self.told), count + 1, line)
        self.assertFalse(any(member.verified for member in self.conversation.roster.everybody()))

    def test_names_that_are_answers(self) -> None:
        """A member whose name ends like an answer can't have another verified by mistake."""
        self.conversation.roster.claim(b"z" * 32, "Ana yes")
        self.session.run("/verify Ana yes")
        self.assertIn('/verify "Ana", /verify "Ana yes"', self.told[-1])
        self.assertFalse(any(member.verified for member in self.conversation.roster.everybody()))
        self.session.run("/verify Ana yes yes")
        self.assertTrue(self.conversation.roster.find("Ana yes").verified)
        self.session.run('/verify "Ana" yes')
        self.assertTrue(self.conversation.roster.find("Ana").verified)

    def test_key_as_it_is_shown(self) -> None:
        """A key is taken as it is copied from a screen, however narrow, with the name before it."""
        self.session.run("/verify Ana")
        for columns in range(20, 80):
            rows = wrapped(self.told[1], columns)
            self.assertTrue(len(rows) > 1 or columns > 50, columns)
            for space in (" ", "\t", "\u00a0", "\u3000"):
                pasted = "\n".join(rows).replace(" ", space)
                self.session.run(f"/verify Ana {pasted}")
                self.assertTrue(self.conversation.roster.find("Ana").verified, (columns, pasted))
                self.session.run("/verify Ana no")

    def test_leaving(self) -> None:
        """Every way to say so leaves."""
        for line in ("sair", " SAIR ", "/sair", "/quit"):
            self.session.run(line)
        self.assertEqual(self.left, 4)

    def test_events_pass(self) -> None:
        """What is not a message is shown in any room."""
        event = Joined("Ana", "127.0.0.1", 5000, True)
        self.assertIs(self.seat.for_person(event), event)
