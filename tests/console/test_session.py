"""What typed lines do, at any console."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Raw
from twisted.trial.unittest import SynchronousTestCase

from tests.test_words import AT
from twisted_chat.console.session import Session
from twisted_chat.core.commands import COMMANDS
from twisted_chat.core.conversation import Conversation
from twisted_chat.core.events import Joined, Messages
from twisted_chat.core.feeds import FeedId, Group
from twisted_chat.core.keys import Identity, spoken
from twisted_chat.core.private import Seals
from twisted_chat.core.records import Away, Nick, Private, Record, Say, Topic, decode_record
from twisted_chat.core.roster import Roster

ANA, BIA, MARIA = (Identity(letter * 32) for letter in (b"a", b"b", b"m"))


class SessionTests(SynchronousTestCase):
    """A session of Bia's; Ana, and Ana Maria, are known."""

    congested = False

    def setUp(self) -> None:
        self.put: list[Record] = []
        self.told: list[str] = []
        self.shown: list[Messages] = []
        self.cleared = 0
        self.left = 0
        self.names: list[str] = []
        seals = Seals(BIA, Group())
        self.conversation = Conversation(
            Roster(BIA.id, "Bia"), self, self.leave, seals=seals, renamed=self.names.append
        )
        self.conversation.linked(ANA.id, "Ana", "127.0.0.1", 5000, True)
        self.conversation.roster.claim(MARIA.id, "Ana Maria")
        self.session = Session(self.conversation, self, "/some/logs_chat.txt")

    # An outlet, and a display.

    def append(self, record: Raw) -> None:
        self.put.append(decode_record(record))

    def tell(self, *lines: str) -> None:
        self.told += lines

    def found(self, messages: Sequence[Messages]) -> None:
        self.shown += messages

    def clear(self) -> None:
        self.cleared += 1

    def leave(self) -> None:
        self.left += 1

    def heard(self, *records: Say, private: str = "", own: bool = False) -> Messages | None:
        event = Messages(FeedId(ANA.id, 1), 1, 1, "Ana", own, AT, records, private=private)
        return self.session.for_person(event)  # type: ignore[return-value]

    # What is typed.

    def test_every_command_does_something(self) -> None:
        """No command of the table is without effect or an error, with an argument and without."""
        for command in COMMANDS:
            for argument in ("", " x"):
                before = (len(self.put), len(self.told), self.cleared, self.left)
                self.session.run(f"/{command.name}{argument}")
                after = (len(self.put), len(self.told), self.cleared, self.left)
                if command.name not in ("history", "search"):  # which show what they find
                    self.assertNotEqual(before, after, command.name)

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
        self.assertEqual(self.session.unread["#redes"], 2)
        self.session.run("/rooms")
        self.assertTrue(any("#redes" in line and "2" in line for line in self.told))
        self.session.run("/join #redes")
        self.assertEqual(self.session.unread["#redes"], 0)
        self.assertIsNotNone(self.heard(Say("d", "#redes")))
        self.assertIsNone(self.heard(Say("e")))

    def test_private(self) -> None:
        """/msg finds names with spaces in them, the longest first; /reply answers who wrote last."""
        self.session.run("/msg Ana Maria olá, tudo bem?")
        self.session.run("/msg ana Mariana veio?")
        self.session.run("/reply oi")
        self.heard(Say("psst"), private="Bia")
        self.session.run("/reply sim")
        self.assertEqual([type(record) for record in self.put], [Private] * 3)
        self.assertEqual([record.to for record in self.put], [MARIA.id, ANA.id, ANA.id])
        texts = [self.conversation._seals.unseal(BIA.id, record) for record in self.put]
        self.assertEqual(texts, ["olá, tudo bem?", "Mariana veio?", "sim"])

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
        """What an ignored member says is not shown, nor counted, until it is no longer ignored."""
        self.session.run("/ignore Ana")
        self.assertIsNone(self.heard(Say("spam")))
        self.assertIsNone(self.heard(Say("spam", "#redes")))
        self.assertEqual(self.session.unread["#redes"], 0)
        self.session.run("/ignore Ana")
        self.assertIsNotNone(self.heard(Say("ham")))

    def test_verify(self) -> None:
        """Keys are shown in groups that can be read aloud: one's own, and the other's."""
        self.session.run("/verify Ana")
        self.assertEqual(self.told, [f"🔑 Bia: {spoken(BIA.id)}", f"🔑 Ana: {spoken(ANA.id)}"])
        self.assertRegex(spoken(ANA.id), r"^([0-9a-f]{4} ){9}[0-9a-f]{4}$")

    def test_leaving(self) -> None:
        """Every way to say so leaves."""
        for line in ("sair", " SAIR ", "/sair", "/quit"):
            self.session.run(line)
        self.assertEqual(self.left, 4)

    def test_events_pass(self) -> None:
        """What is not a message is shown in any room."""
        event = Joined("Ana", "127.0.0.1", 5000, True)
        self.assertIs(self.session.for_person(event), event)
