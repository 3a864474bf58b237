"""What a person types about messages, and what comes of it."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.core.timeline.test_amending import AmendingTestCase
from twisted_chat.core import answers, refusals
from twisted_chat.core.commands import Corrected, Said, parse
from twisted_chat.core.feeds.private import PrivateBox
from twisted_chat.core.feeds.records import Close, Edit, Private, React, Retract, Say
from twisted_chat.core.group import Group
from twisted_chat.core.seat import Seat
from twisted_chat.frontends import shown
from twisted_chat.frontends.commands import Commands
from twisted_chat.frontends.shown import which


class TypedTests(SynchronousTestCase):
    """What a line means."""

    def test_which(self) -> None:
        """A number or words in quotes at the beginning tell which message; a number that a word goes on with does not."""
        for argument, told in (
            ("2 sim", ("2", "sim")),
            ("2", ("2", "")),
            ("2nd try", ("", "2nd try")),
            ('"a few" sim', ("a few", "sim")),
            ("“a few” sim", ("a few", "sim")),
            ('"open', ("", '"open')),
            ("", ("", "")),
        ):
            self.assertEqual(which(argument), told)

    def test_correction(self) -> None:
        """`s/old/new/` corrects; with a blank before it, or not closed, it is said."""
        self.assertEqual(parse("s/helo/hello/"), Corrected("helo", "hello"))
        self.assertEqual(parse("s/x//"), Corrected("x", ""))
        for line in (" s/a/b/", "s/a/b", "s//b/", "as/a/b/", "s/a/b/c"):
            self.assertEqual(parse(line), Said(line))


class CommandsTests(AmendingTestCase):
    """At a seat of one's own."""

    def setUp(self) -> None:
        super().setUp()
        self.seat = Seat(self.conversation)
        self.commands = Commands(self.seat, "log", lambda: None)

    def run_line(self, line: str) -> object:
        """Type a line; return what it is answered with."""
        return self.commands.run(line)

    def sent(self, line: str) -> object:
        """Type a line that is done; return the record that goes out."""
        self.outlet.records.clear()
        self.assertEqual(self.run_line(line), answers.Done(), line)
        (record,) = self.outlet.records
        return record

    def test_counting_back(self) -> None:
        """The newest is 1; one's own count too, but who names none answers another's."""
        one, two, own = self.say("Ana", Say("one")), self.say("Bia", Say("two")), self.say("Me", Say("three"))
        self.assertEqual(self.sent("/answer yes"), Say("yes", re=two))
        self.assertEqual(self.sent("/re 1 yes"), Say("yes", re=own))
        self.assertEqual(self.sent("/resposta 3 yes"), Say("yes", re=one))
        self.assertEqual(self.sent('/react "ONE" 👍'), React(one, "👍"))
        self.assertEqual(self.sent("/reagir ❤"), React(two, "❤"))
        self.assertEqual(self.sent("/react 2 -"), React(two))
        for line in ("/answer 4 yes", '/answer "four" yes'):
            self.assertIsInstance(self.run_line(line), refusals.NoSuchMessage)
        for line in ("/answer", "/answer 2", "/react", "/react 2", '/react "one"', "/edit"):
            self.assertIsInstance(self.run_line(line), refusals.Incomplete, line)
        self.assertEqual(self.run_line("/react a b"), refusals.Unacceptable("", code="reaction"))

    def test_rooms_and_former_times(self) -> None:
        """What is not shown does not count, what is shown again does where it stands; an answer goes to its message's room."""
        tea = self.say("Ana", Say("tea", "#tea"))
        self.say("Bia", Say("two"))
        self.assertIsInstance(self.run_line("/answer 2 x"), refusals.NoSuchMessage)
        self.successResultOf(self.run_line("/history 9 #tea"))  # type: ignore[arg-type]
        self.assertEqual(self.sent("/answer 1 x"), Say("x", "#tea", re=tea))

    def test_corrections(self) -> None:
        """One's last message is corrected, or another of one's own by its words; nobody else's."""
        one, two = self.say("Me", Say("helo one")), self.say("Me", Say("helo two"))
        self.say("Ana", Say("three"))
        self.assertEqual(self.sent("s/helo/hello/"), Edit(two, "hello two"))
        self.assertEqual(self.sent("/edit 2 late"), Edit(two, "2 late"))
        self.assertEqual(self.sent('/corrigir "one" hello'), Edit(one, "hello"))
        self.assertEqual(self.sent("/retract"), Retract(two))
        self.assertEqual(self.sent('/retirar "one"'), Retract(one))
        self.assertEqual(self.run_line("s/hxx/y/"), refusals.NotThere(typed="hxx"))
        self.assertEqual(self.run_line('/edit "three" x'), refusals.Unacceptable("", code="not-own"))
        self.assertEqual(self.run_line("/retract 1"), refusals.Unacceptable("", code="not-own"))
        self.assertIsInstance(self.run_line("/retract it"), refusals.NoSuchMessage)

    def test_original(self) -> None:
        """What was said first is one command away."""
        id = self.say("Ana", Say("helo"))
        self.assertIsInstance(self.run_line("/original"), refusals.NoSuchMessage)
        self.say("Ana", Edit(id, "hello"))
        self.told()
        answer = self.run_line("/original")
        assert isinstance(answer, answers.Original)
        self.assertEqual((answer.said, answer.now.records[0].text), ("helo", "hello"))
        self.say("Ana", Retract(id))
        self.told()
        self.assertEqual(self.run_line("/original 1").said, "helo")  # type: ignore[attr-defined]

    def test_private(self) -> None:
        """An answer to a private message goes to its author alone; nothing else is done to one."""
        self.say("Ana", PrivateBox(self.writers["Ana"].identity, Group()).seal(self.conversation.voice.id, "psst"))
        record = self.sent("/answer yes")
        assert isinstance(record, Private)
        self.assertEqual(record.to, self.writers["Ana"].identity.id)
        self.assertEqual(self.run_line("/react 👍"), refusals.Unacceptable("", code="no-message"))
        self.say("Me", record)
        for line in ("/answer 1 x", "/react 1 👍", '/edit "yes" x', "/retract 1"):
            self.assertEqual(self.run_line(line), refusals.Unacceptable("", code="no-message"), line)
        self.assertIsInstance(self.run_line("/edit x"), refusals.NoSuchMessage)

    def test_reactions_are_no_votes(self) -> None:
        """What is no vote is not said of a poll: it would take the place of one's vote."""
        id = self.say("Ana", Say("When?\nnow\nlater", poll=True))
        for text in ("👍", "1 0", "1 3", "now"):
            self.assertEqual(self.run_line(f"/react {text}"), refusals.Unacceptable("", code="poll-votes"))
        self.assertEqual(self.sent("/react 1 2"), React(id, "2"))
        self.assertEqual(self.sent("/react 1 -"), React(id))
        self.assertEqual(self.run_line("/poll close"), refusals.Unacceptable("", code="not-own"))

    def test_taken_back(self) -> None:
        """Who takes back twice does not take back the message before; and nobody answers by chance what was taken back."""
        older, id, other = self.say("Ana", Say("older")), self.say("Me", Say("oops")), self.say("Ana", Say("ah"))
        self.say("Me", Retract(id))
        self.say("Ana", Retract(other))
        self.told()
        self.say("Me", Say("one"), Say("two"))
        self.assertEqual(self.run_line('/retract "oops"'), refusals.NoSuchMessage(typed='"oops"'))
        self.assertEqual(self.run_line("/retract 4"), refusals.Unacceptable("", code="retracted"))
        self.assertEqual(self.sent("/answer yes"), Say("yes", re=older))
        self.assertEqual(self.sent("/react 👍"), React(older, "👍"))

    def test_corrected_by_command(self) -> None:
        """`/edit s/old/new/` corrects as the line alone does."""
        id = self.say("Me", Say("helo"))
        self.assertEqual(self.sent("/edit s/helo/hello/"), Edit(id, "hello"))

    def test_votes(self) -> None:
        """A poll is asked, voted in, looked at and closed."""
        self.assertEqual(self.sent("/poll When? | now |  later  on"), Say("When?\nnow\nlater on", poll=True))
        self.assertEqual(self.run_line("/enquete When?"), refusals.Unacceptable("", code="poll"))
        for line in ("/poll", "/poll close", "/vote 1"):
            self.assertEqual(self.run_line(line), refusals.NoPoll())
        id = self.say("Me", Say("When?\nnow\nlater", poll=True))
        for name in ("Ana", "Bia"):
            self.conversation.linked(self.writers[name].identity.id, name, "h", 1, True)
        self.assertEqual(self.sent("/vote 2"), React(id, "2"))
        self.assertEqual(self.sent("/votar -"), React(id))
        for line in ("/vote", "/vote 3", "/vote 0", "/vote x", "/vote ²"):
            self.assertIsInstance(self.run_line(line), refusals.HowMany)
        self.say("Bia", React(id, "1"))
        self.told()
        answer = self.run_line("/poll")
        assert isinstance(answer, answers.Votes)
        self.assertEqual(list(answer.missing), ["Ana", "Me"])
        self.assertEqual(self.run_line("/edit x"), refusals.Unacceptable("", code="poll-fixed"))
        self.assertEqual(self.sent("/poll encerrar"), Close(id))
        self.say("Me", Close(id))
        self.told()
        self.assertEqual(self.run_line("/vote 1"), refusals.NoPoll())
        self.assertEqual(self.run_line("/poll").missing, [])  # type: ignore[attr-defined]

    def test_bounded(self) -> None:
        """So many messages are kept in mind, and none of those who are ignored counts."""
        self.patch(shown, "MAX_SHOWN", 3)
        for number in range(5):
            self.say("Ana", Say(f"{number}"))
        self.assertEqual([each.records[0].text for each in self.commands.shown.newest_first()], ["4", "3", "2"])
        ana = self.conversation.roster.get(self.writers["Ana"].identity.id)
        assert ana is not None
        self.conversation.roster.ignore(ana, True)
        self.assertIsInstance(self.run_line("/answer x"), refusals.NoSuchMessage)
