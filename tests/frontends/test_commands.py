"""What typed lines are answered with, as values, whatever shows them."""

from __future__ import annotations

from pathlib import Path

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.hosting import StillHost
from tests.kit.signing import Writer
from twisted_chat.core import answers, refusals
from twisted_chat.core.answers import Answer, Done, Where
from twisted_chat.core.clock import HybridClock
from twisted_chat.core.commands import COMMANDS
from twisted_chat.core.conversation import EARLIER, Conversation
from twisted_chat.core.feeds.private import PrivateBox
from twisted_chat.core.feeds.records import KnownRecord, Say
from twisted_chat.core.group import Group
from twisted_chat.core.keys import Identity, spoken
from twisted_chat.core.people.roster import Roster
from twisted_chat.core.seat import Seat
from twisted_chat.core.status import Diagnosis, Status
from twisted_chat.core.writing.text import DEFAULT_ROOM
from twisted_chat.frontends.commands import MAX_HISTORY, Commands
from twisted_chat.storage.errors import UNUSABLE, StorageError
from twisted_chat.storage.memory import MemoryStore

ANA, BIA, MARIA = (Identity(letter * 32) for letter in (b"a", b"b", b"m"))
LOG = "/some/logs_chat.txt"


class CommandsTests(SynchronousTestCase):
    """Lines of Bia's, who is nowhere but here; Ana is linked, and Ana Maria is known."""

    congested = False

    def setUp(self) -> None:
        self.put: list[KnownRecord] = []
        self.left = 0
        self.store = MemoryStore()
        self.conversation = Conversation(
            Roster(BIA.id, "Bia"),
            StillHost(self),
            Clock(),
            HybridClock(lambda: 2e9),
            self.store,
            PrivateBox(BIA, Group()),
        )
        self.conversation.linked(ANA.id, "Ana", "127.0.0.1", 5000, True)
        self.conversation.roster.claim(MARIA.id, "Ana Maria")
        self.seat = Seat(self.conversation)
        self.seat.unread["#tea"] = 3
        self.commands = Commands(self.seat, LOG, self.quit)

    # An outlet.

    def append(self, record: KnownRecord) -> None:
        self.put.append(record)

    def quit(self) -> None:
        self.left += 1

    def answer(self, line: str) -> Answer:
        """What a line is answered with, now or later."""
        answer = self.commands.run(line)
        return self.successResultOf(answer) if isinstance(answer, Deferred) else answer

    def test_done(self) -> None:
        """What is said or changed, and a blank line, is answered by that it is done."""
        for line in ("oi", "/me waves", "/msg Ana: psst", "/nick Beatriz", "/away", "/topic tea", "", "/quit"):
            self.assertEqual(self.answer(line), Done(), line)
        self.assertEqual((self.put[0], len(self.put), self.left), (Say("oi"), 6, 1))

    def test_every_command_is_answered(self) -> None:
        """With an argument and without, every command has an answer that is one."""
        for command in COMMANDS:
            for argument in ("", " x"):
                self.assertIsInstance(self.answer(f"/{command.name}{argument}"), Answer, command.name)

    def test_who(self) -> None:
        """Who is there is told by id, name and place."""
        who = self.answer("/who")
        assert isinstance(who, answers.Who)
        told = [(person.id, person.name, person.where, person.port) for person in who.members]
        self.assertEqual(told, [(ANA.id, "Ana", Where.HERE, 5000), (MARIA.id, "Ana Maria", Where.GONE, 0)])

    def test_rooms(self) -> None:
        """So are rooms, and where one is."""
        self.assertEqual(
            self.answer("/rooms"),
            answers.Rooms([answers.Room(DEFAULT_ROOM, "", 0, True), answers.Room("#tea", "", 3, False)]),
        )
        self.assertEqual(self.answer("/topic"), answers.About(DEFAULT_ROOM, ""))
        self.assertEqual(self.answer("/join tea"), answers.Entered("#tea", ""))

    def test_pages(self) -> None:
        """Messages are told as values, with what they are of; none are a page too."""
        self.store.append(Writer(1).sign(None, records=[Say(f"oi {number}", "#tea") for number in range(30)]))
        for line, kind, count in (
            ("/history", answers.Newest, EARLIER),
            ("/history 3 #tea", answers.Newest, 3),
            ("/history #milk", answers.Newest, 0),
            ("/search oi", answers.Found, EARLIER),
        ):
            page = self.answer(line)
            assert isinstance(page, kind), line
            self.assertEqual(len(page.messages), count, line)
        self.assertEqual(self.answer("/history #milk"), answers.Newest([], "#milk"))
        self.assertEqual(self.answer("/history Ana"), answers.Newest([], "", ANA.id, "Ana"))
        self.assertEqual(len(self.successResultOf(self.commands.earlier("#tea")).messages), EARLIER)

    def test_members(self) -> None:
        """What is done to a member names it by its id."""
        self.assertEqual(self.answer("/ignore Ana"), answers.Ignoring(ANA.id, "Ana", True, '"Ana"'))
        self.assertEqual(self.answer("/ignore Ana"), answers.Ignoring(ANA.id, "Ana", False, '"Ana"'))
        bia, ana = (answers.Key(each.id, name, spoken(each.id)) for each, name in ((BIA, "Bia"), (ANA, "Ana")))
        self.assertEqual(self.answer("/verify"), answers.OwnKey(bia))
        self.assertEqual(self.answer("/verify Ana"), answers.Keys(bia, ana, False, '"Ana"'))
        self.assertEqual(self.answer(f"/verify Ana {spoken(BIA.id)}"), refusals.OtherKey(id=ANA.id, name="Ana"))
        self.assertEqual(self.answer("/verify Ana 1234"), refusals.KeyLength(digits=4))
        self.seat.last_private = ANA.id, "Anna"
        self.assertEqual(self.answer("/reply oi"), answers.RepliedTo(ANA.id, "Anna", "Ana"))
        self.assertEqual(self.seat.last_private, (ANA.id, "Ana"))

    def test_peer(self) -> None:
        """How the peer is doing is told as it is known inside."""
        self.assertEqual(self.answer("/status"), Status(0, 0, []))
        self.assertEqual(self.answer("/doctor"), answers.Diagnosed(Diagnosis(), LOG))
        self.assertEqual(self.answer("/log"), answers.LogAt(LOG))
        self.assertEqual(self.answer("/clear"), answers.Cleared())

    def test_help(self) -> None:
        """Commands are told with all their words and what follows them."""
        whole = self.answer("/help")
        assert isinstance(whole, answers.Help)
        self.assertEqual([usage.words for usage in whole.commands], [command.words for command in COMMANDS])
        msg = answers.Usage("msg", ("msg", "privado"), "name text", True)
        self.assertEqual(self.answer("/help privado"), answers.Help([msg], False))

    def test_refused(self) -> None:
        """What is refused is told with why, and nothing of it is said to anybody."""
        for line, refusal in (
            ("a\x1bb", refusals.Unacceptable(code="text-control")),
            ("/nick a€b", refusals.Unacceptable("€", code="name-other")),
            ("/join # x", refusals.Unacceptable(code="room-name")),
            ("/qiut", refusals.NoSuchCommand(word="qiut", suggestion="quit")),
            ("/help qiut", refusals.NoSuchCommand(word="qiut", suggestion="quit")),
            ("/msg", refusals.Incomplete(command="msg", arguments="name text")),
            ("/history 0", refusals.HowMany(typed="0", most=MAX_HISTORY)),
            ("/search", refusals.NoWords()),
            ("/reply oi", refusals.NobodyAsked()),
            (
                "/msg Zoe oi",
                refusals.UnclearName("msg", "Zoe oi", [], ["Ana", "Ana Maria", "Bia"], code="member-nobody"),
            ),
            (
                "/msg Ana Maria oi",
                refusals.UnclearName("msg", "Ana Maria oi", ['"Ana"', '"Ana Maria"'], [], code="member-lengths"),
            ),
        ):
            self.assertEqual(self.answer(line), refusal, line)
        self.congested = True
        self.assertEqual(self.answer("oi"), refusals.Busy())
        self.assertEqual(self.put, [])

    def test_not_had(self) -> None:
        """What can't be had of the disk is answered with why; a mistake is logged, and answered by that it was one."""
        self.patch(self.store, "page", lambda *args: fail(StorageError(UNUSABLE, Path("x"), "Input/output error")))
        told = refusals.Unusable("x", "Input/output error", code=UNUSABLE)
        self.assertEqual(self.answer("/history"), told)
        self.assertEqual(self.successResultOf(self.commands.earlier("#tea")), told)
        self.patch(self.store, "page", lambda *args: succeed(5))
        self.assertEqual(self.answer("/history"), refusals.Failed())
        self.assertEqual(len(self.flushLoggedErrors(TypeError)), 1)
