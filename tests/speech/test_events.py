"""What people are told of events."""

from __future__ import annotations

import time
from pathlib import Path
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.saying import AT, FEED, said, sample
from twisted_chat.core import answers, events
from twisted_chat.core.errors import BadText
from twisted_chat.core.feeds.records import Say
from twisted_chat.core.messages import Delivered, Earlier, Messages, Tally, WhileAway
from twisted_chat.core.writing.text import check_name
from twisted_chat.speech.events import sentences, verified_mark
from twisted_chat.speech.messages import END


class SentenceTests(SynchronousTestCase):
    """Every event has its words."""

    def test_messages(self) -> None:
        """Another's message bears the author's time and name, one's own says so; one line each."""
        clock = time.strftime("%H:%M:%S", time.localtime(AT / 1000))
        self.assertEqual(sentences(said("oi", "tudo bem?")), [f"[{clock}] Ana: oi", f"[{clock}] Ana: tudo bem?"])
        self.assertEqual(sentences(said("olá", own=True)), ["(You) 💬: olá"])

    def test_everybodys_room(self) -> None:
        """Where everybody starts is not named, however it was spelled; another room is."""
        for room, named in (("#chat", False), ("#CHAT", False), ("#Chats", True)):
            event = Messages(FEED, 1, 1, "Ana", True, AT, [Say("oi", room)])
            self.assertEqual(sentences(event), [f"{room} " * named + sentences(said("oi", own=True))[0]])

    def test_coming_and_going(self) -> None:
        """Who joined, left or was lost is told in the words of the design."""
        for event, sentence in (
            (events.Joined("Ana", "127.0.0.1", 5000, True), "✅ Ana joined (127.0.0.1:5000)"),
            (events.Lost("Ana"), "⚠️ Ana's connection was lost; reconnecting"),
            (events.Left("Ana"), "🔚 Ana left"),
        ):
            self.assertEqual(sentences(event), [sentence])
        self.assertIn("nobody else is here yet", sentences(events.Alone())[0])

    def test_every_event_but_refusals_is_told(self) -> None:
        """No event is forgotten; refusals are for the log alone, and receipts are asked for by the number of a message."""
        silent = {kind for kind in get_args(events.Event) if not sentences(sample(kind, "x"))}
        self.assertEqual(silent, {events.Refused, Delivered})

    @given(st.text(st.characters(), max_size=20))
    def test_nothing_hostile_is_shown(self, text: str) -> None:
        """Whatever others put into names and texts, each line is one line, without controls, and encodes."""
        for kind in get_args(events.Event):
            for line in sentences(sample(kind, text)):
                self.assertNotRegex(line, "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\ud800-\udfff]")

    def test_leaving_says_where_the_log_is(self) -> None:
        """The name of the log and the directory it is in, in full."""
        goodbye = "\n".join(sentences(events.Leaving("Bia", "some/logs_chat.txt")))
        self.assertIn("Bia", goodbye)
        self.assertIn("logs_chat.txt", goodbye)
        self.assertIn(str(Path("some").absolute()), goodbye)

    def test_cleaned_once(self) -> None:
        """A backslash that somebody typed stays one backslash, but where it would be taken for an escape: there it is two."""
        self.assertTrue(sentences(said("C:\\docs\tb"))[0].endswith("Ana: C:\\docs\\tb"))
        self.assertTrue(sentences(said("C:\\new\tb"))[0].endswith("Ana: C:\\\\new\\tb"))


class ChangedTests(SynchronousTestCase):
    """What is told of what becomes of messages."""

    def test_told(self) -> None:
        """One line each: who, which message by its time, and what it reads, who thinks what, or voted for what."""
        clock = time.strftime("[%H:%M:%S]", time.localtime(AT / 1000))
        message = replace(said("hello"), edited=True)
        tally = [
            Tally("👍", [f"N{number}" for number in range(12)]),
            *(Tally(f"{number}", ["Bia"]) for number in range(12)),
        ]
        poll = replace(
            said("x"), records=[Say("when?\nno “now”\nlater", "#tea", poll=True)], tally=[Tally("1", ["Bia"])]
        )
        for event, sentence in (
            (events.Edited(message), f"✏️ Ana corrected {clock}: hello"),
            (events.Retracted(replace(message, retracted=True)), f"🗑 Ana took back {clock}"),
            (events.Reacted(replace(message, tally=tally[-1:])), "↪ 11 1: Bia → Ana: hello"),
            (events.Reacted(message), "↪ 0 → Ana: hello"),
            (events.Reacted(poll), "#tea 📋 “no 'now'” 1: Bia → Ana: when?"),
            (events.Reacted(replace(poll, closed=True)), "#tea 📋 closed “no 'now'” 1: Bia → Ana: when?"),
        ):
            self.assertEqual(sentences(event), [sentence])
        (line,) = sentences(events.Reacted(replace(message, tally=tally)))
        self.assertTrue(line.startswith("↪ 👍 12: N0, N1, N2, N3, N4, N5, N6, N7, N8, N9, …; 0 1: Bia; "), line)
        self.assertTrue(line.endswith("; … → Ana: hello"), line)

    def test_poll(self) -> None:
        """A poll is one line with the numbers of its answers, and one that says how to vote; a text like that is none."""
        first, how = sentences(replace(said("x", own=True), records=[Say("when?\nnow\nlater", poll=True)]))
        self.assertEqual(first, "📋 (You) 💬: when? | 1. now | 2. later")
        self.assertIn("/vote 1", how)
        self.assertEqual(len(sentences(replace(said("x"), records=[Say("when?\nnow", poll=True)]))), 1)


class PastTests(SynchronousTestCase):
    """What is shown again."""

    def test_former_times(self) -> None:
        """What is shown of former times says above what it is, and has an end."""
        shown = [said("oi"), said("oi, Bia")]
        for past, title in (
            (Earlier(shown), "— earlier —"),
            (WhileAway(shown, 2), "— while you were away: 2 messages —"),
            (answers.Newest(shown), "— the newest 2 messages —"),
            (answers.Found(shown, "oi", False), "— 2 messages with “oi” —"),
            (answers.Found(shown, "oi", True), "— the newest 2 messages with “oi”; more words find fewer —"),
            (answers.Found(shown, "o\x1b" * 99, False), "— 2 messages with “" + "o\\x1b" * 30 + "” —"),
        ):
            first, *messages, last = sentences(past)
            self.assertEqual((first, len(messages), last), (title, 2, END))


class NameTests(SynchronousTestCase):
    """What is told of members whose names are not what they seem."""

    def test_false_names(self) -> None:
        """A false name of a verified member is told otherwise than another's, and both say what to do."""
        one, other = (sentences(events.Impostor("Ana", "Ana~0f0f", verified))[0] for verified in (False, True))
        self.assertIn("🚨 Ana~0f0f IS NOT Ana", other)
        self.assertNotIn("🚨", one)
        for sentence in (one, other):
            self.assertIn("/verify Ana~0f0f", sentence)

    def test_mark_is_not_for_names(self) -> None:
        """No name can bear what marks who is verified."""
        mark = verified_mark()
        self.assertIn(mark, sentences(events.Joined("Ana", "h", 1, True, verified=True))[0])
        self.assertRaises(BadText, check_name, f"Ana {mark}")
