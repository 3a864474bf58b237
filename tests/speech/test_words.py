"""What people are told."""

from __future__ import annotations

import re
import time
from dataclasses import fields
from pathlib import Path
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

import twisted_chat
from twisted_chat.core import events
from twisted_chat.core.commands import COMMANDS
from twisted_chat.core.errors import BadText
from twisted_chat.core.feeds.batches import FeedId
from twisted_chat.core.feeds.records import Say
from twisted_chat.core.people.roster import Member
from twisted_chat.core.replication.crowding import Limit
from twisted_chat.core.status import Copy, Lack, Status
from twisted_chat.core.writing.text import check_name
from twisted_chat.speech import answers, words

AT = int(time.time() * 1000)
FEED = FeedId(b"a" * 32, 1)
SOURCE = "\n".join(path.read_text("utf-8") for path in Path(twisted_chat.__file__).parent.rglob("*.py"))


def said(*texts: str, name: str = "Ana", own: bool = False) -> events.Messages:
    return events.Messages(FEED, 1, 1, name, own, AT, [Say(text) for text in texts])


def sample(kind: type, text: str) -> object:
    """An event of any kind, `text` in each of its fields that holds text."""
    if kind is events.Messages:
        return said(text, text, name=text)
    values = {
        "str": text, "int": 5000, "bool": True, "float": 5000.0, "bytes": b"a" * 32,
        "Sequence[str]": [text], "Sequence[Messages]": [said(text, name=text)],
        "Limit": Limit.STARTS, "FeedId": FEED, "Mapping[bytes, tuple[int, int]]": {b"a" * 32: (1, 9)},
        "Mapping[bytes, str]": {b"a" * 32: text},
    }  # fmt: skip
    return kind(**{field.name: values[str(field.type)] for field in fields(kind)})


class SentenceTests(SynchronousTestCase):
    """Every event has its words."""

    def test_messages(self) -> None:
        """Another's message bears the author's time and name, one's own says so; one line each."""
        clock = time.strftime("%H:%M:%S", time.localtime(AT / 1000))
        self.assertEqual(words.sentences(said("oi", "tudo bem?")), [f"[{clock}] Ana: oi", f"[{clock}] Ana: tudo bem?"])
        self.assertEqual(words.sentences(said("olá", own=True)), ["(You) 💬: olá"])

    def test_everybodys_room(self) -> None:
        """Where everybody starts is not named, however it was spelled; another room is."""
        for room, named in (("#chat", False), ("#CHAT", False), ("#Chats", True)):
            event = events.Messages(FEED, 1, 1, "Ana", True, AT, [Say("oi", room)])
            self.assertEqual(words.sentences(event), [f"{room} " * named + words.sentences(said("oi", own=True))[0]])

    def test_coming_and_going(self) -> None:
        """Who joined, left or was lost is told in the words of the design."""
        for event, sentence in (
            (events.Joined("Ana", "127.0.0.1", 5000, True), "✅ Ana joined (127.0.0.1:5000)"),
            (events.Lost("Ana"), "⚠️ Ana's connection was lost; reconnecting"),
            (events.Left("Ana"), "🔚 Ana left"),
        ):
            self.assertEqual(words.sentences(event), [sentence])
        self.assertIn("nobody else is here yet", words.sentences(events.Alone())[0])

    def test_every_event_but_refusals_is_told(self) -> None:
        """No event is forgotten; refusals are for the log alone, and receipts are asked for by the number of a message."""
        silent = {kind for kind in get_args(events.Event) if not words.sentences(sample(kind, "x"))}
        self.assertEqual(silent, {events.Refused, events.Delivered})

    @given(st.text(st.characters(), max_size=20))
    def test_nothing_hostile_is_shown(self, text: str) -> None:
        """Whatever others put into names and texts, each line is one line, without controls, and encodes."""
        for kind in get_args(events.Event):
            for line in words.sentences(sample(kind, text)):
                self.assertNotRegex(line, "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\ud800-\udfff]")

    def test_leaving_says_where_the_log_is(self) -> None:
        """The name of the log and the directory it is in, in full."""
        goodbye = "\n".join(words.sentences(events.Leaving("Bia", "some/logs_chat.txt")))
        self.assertIn("Bia", goodbye)
        self.assertIn("logs_chat.txt", goodbye)
        self.assertIn(str(Path("some").absolute()), goodbye)

    def test_cleaned_once(self) -> None:
        """A backslash that somebody typed stays one backslash, but where it would be taken for an escape: there it is two."""
        self.assertTrue(words.sentences(said("C:\\docs\tb"))[0].endswith("Ana: C:\\docs\\tb"))
        self.assertTrue(words.sentences(said("C:\\new\tb"))[0].endswith("Ana: C:\\\\new\\tb"))


class PastTests(SynchronousTestCase):
    """What is shown again."""

    def test_former_times(self) -> None:
        """What is shown of former times says above what it is, and has an end."""
        shown = [said("oi"), said("oi, Bia")]
        for past, title in (
            (events.Earlier(shown), "— earlier —"),
            (events.WhileAway(shown, 2), "— while you were away: 2 messages —"),
            (events.Newest(shown), "— the newest 2 messages —"),
            (events.Found(shown, "oi", False), "— 2 messages with “oi” —"),
            (events.Found(shown, "oi", True), "— the newest 2 messages with “oi”; more words find fewer —"),
            (events.Found(shown, "o\x1b" * 99, False), "— 2 messages with “" + "o\\x1b" * 30 + "” —"),
        ):
            first, *messages, last = words.sentences(past)
            self.assertEqual((first, len(messages), last), (title, 2, words.END))


class RefusalTests(SynchronousTestCase):
    """What is wrong is said, and what would be right."""

    def test_every_code_has_words(self) -> None:
        """Every `BadText` raised in the package has its sentence, and no sentence is for nothing."""
        codes = set(re.findall(r'BadText\("([a-z-]+)"[,)]', SOURCE))
        self.assertEqual(codes, set(words._WRONG))
        for code in codes:
            self.assertNotIn("{", words.wrong(BadText(code)))

    def test_limits_are_named(self) -> None:
        """A refusal for size names the size."""
        self.assertIn("32", words.wrong(BadText("name-long")))
        self.assertIn("8,192", words.wrong(BadText("text-long")))


class AnswerTests(SynchronousTestCase):
    """What is asked for is answered."""

    def test_who(self) -> None:
        """Those who are here, counted, a line each with the address; or that nobody is."""
        ana = Member(b"a" * 32, "Ana", "Ana", 1, "127.0.0.1", 5000)
        bia = Member(b"b" * 32, "Ana", "Ana~0f0f", 1, "127.0.0.1", 5001)
        self.assertEqual(answers.who([ana])[0], "👥 1 other is here:")
        self.assertEqual(
            answers.who([ana, bia]),
            ["👥 2 others are here:", "   Ana (127.0.0.1:5000)", "   Ana~0f0f (127.0.0.1:5001)"],
        )
        self.assertEqual(answers.who([]), words.sentences(events.Alone()))

    def test_whereabouts(self) -> None:
        """Those that are reachable through others come next, with through whom; then those that are gone, and since when."""
        ana, bia, caio = (Member(name.encode() * 32, name, name, 1, "h", 5) for name in ("Ana", "Bia", "C"))
        ana.verified = bia.ignored = True
        caio.seen = int(AT * 1000)
        when = time.strftime("%H:%M", time.localtime(AT / 1000))
        told = answers.who([ana], [(bia, "Ana, Zoe")], [caio], 2)
        self.assertEqual(told[:5], [
            "👥 1 other is here:", "   Ana (h:5) ✔ verified", "🔗 3 more are here, through others:",
            "   Bia (through Ana, Zoe) 🔇 ignored", "   2 who said nothing yet",
        ])  # fmt: skip
        self.assertEqual(told[5], "🌙 1 other is not here:")
        self.assertRegex(told[6], rf"^   C \(last here .+ {when}\)$")
        self.assertEqual(len(told), 7)

    def test_many_gone(self) -> None:
        """Of those that are gone the first few are named; the others are counted."""
        gone = [Member(bytes([n]) * 32, f"P{n}", f"P{n}") for n in range(30)]
        told = answers.who([], [], gone)
        self.assertEqual((told[1], told[-1]), ("🌙 30 others are not here:", "   … and 10 more"))
        self.assertEqual(len(told), 23)

    def test_status(self) -> None:
        """What is counted is called what it is, and one record is no range."""
        lacks = [Lack("Ana", 2, 2), Lack("Bia", 3, 5)]
        told = answers.status(Status(7, 0, [Copy("Caio", True, lacks, 0)]))
        first = "1/2 peers hold the same 7 records: messages, topics and the like"
        self.assertEqual(told, [first, "   Caio: lacks Ana 2, Bia 3–5"])

    def test_false_names(self) -> None:
        """A false name of a verified member is told otherwise than another's, and both say what to do."""
        one, other = (words.sentences(events.Impostor("Ana", "Ana~0f0f", verified))[0] for verified in (False, True))
        self.assertIn("🚨 Ana~0f0f IS NOT Ana", other)
        self.assertNotIn("🚨", one)
        for sentence in (one, other):
            self.assertIn("/verify Ana~0f0f", sentence)

    def test_mark_is_not_for_names(self) -> None:
        """No name can bear what marks who is verified."""
        mark = words.verified_mark()
        self.assertIn(mark, words.sentences(events.Joined("Ana", "h", 1, True, verified=True))[0])
        self.assertRaises(BadText, check_name, f"Ana {mark}")

    def test_help_names_every_word(self) -> None:
        """Help is the table: each command with all its words and what it does, and the bare `sair`."""
        text = "\n".join(answers.help_lines())
        for command in COMMANDS:
            self.assertIn(command.help, text)
            for word in command.words:
                self.assertIn(f"/{word}", text)
        self.assertIn("sair alone", text)
        self.assertEqual(len(answers.help_lines(COMMANDS[:1])), 1)

    def test_hints(self) -> None:
        """The hint for an unknown command names it, shortened, and the one that was meant."""
        self.assertIn("/qiut; did you mean /quit?", answers.unknown_command("qiut", "quit"))
        self.assertIn("/help", answers.unknown_command("x", None))
        self.assertLess(len(answers.unknown_command("x" * 8000, None)), 200)
        self.assertNotIn("\x1b", answers.unknown_command("\x1b[2J", None))

    def test_not_shown(self) -> None:
        """Large counts are readable."""
        self.assertEqual(words.not_shown(3120), "… 3,120 lines not shown, see the log")
