"""What people are told when they ask."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, get_args

from twisted.trial.unittest import SynchronousTestCase

from tests.kit.saying import AT, CODES, HOSTILE, sample, who
from twisted_chat.core import addressing, answers, events
from twisted_chat.core.answers import Found, Newest, help_on
from twisted_chat.core.commands import COMMANDS
from twisted_chat.core.messages import Earlier
from twisted_chat.core.people.roster import Member
from twisted_chat.core.refusals import NoSuchCommand, NotDone, Unacceptable, UnclearName, Unusable
from twisted_chat.core.status import Copy, Lack, Status
from twisted_chat.speech import refusals
from twisted_chat.speech.answers import lines
from twisted_chat.speech.events import sentences
from twisted_chat.speech.i18n import choose, languages
from twisted_chat.storage.errors import SENTENCES


def told_who(linked: Sequence[Member], *others: Any) -> list[str]:
    return lines(who(linked, *others))


class AnswerTests(SynchronousTestCase):
    """What is asked for is answered."""

    def test_who(self) -> None:
        """Those who are here, counted, a line each with the address; or that nobody is."""
        ana = Member(b"a" * 32, "Ana", "Ana", 1, "127.0.0.1", 5000)
        bia = Member(b"b" * 32, "Ana", "Ana~0f0f", 1, "127.0.0.1", 5001)
        self.assertEqual(told_who([ana])[0], "👥 1 other is here:")
        self.assertEqual(
            told_who([ana, bia]),
            ["👥 2 others are here:", "   Ana (127.0.0.1:5000)", "   Ana~0f0f (127.0.0.1:5001)"],
        )
        self.assertEqual(told_who([]), sentences(events.Alone()))

    def test_whereabouts(self) -> None:
        """Those that are reachable through others come next, with through whom; then those that are gone, and since when."""
        ana, bia, caio = (Member(name.encode() * 32, name, name, 1, "h", 5) for name in ("Ana", "Bia", "C"))
        ana.verified = bia.ignored = True
        caio.seen = int(AT * 1000)
        when = time.strftime("%H:%M", time.localtime(AT / 1000))
        told = told_who([ana], [(bia, ["Ana", "Zoe"])], [caio], 2)
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
        told = told_who([], [], gone)
        self.assertEqual((told[1], told[-1]), ("🌙 30 others are not here:", "   … and 10 more"))
        self.assertEqual(len(told), 23)

    def test_status(self) -> None:
        """What is counted is called what it is, and one record is no range."""
        lacks = [Lack(b"a" * 32, "Ana", 2, 2), Lack(b"b" * 32, "Bia", 3, 5)]
        told = lines(Status(7, 0, [Copy(b"c" * 32, "Caio", True, lacks, 0)]))
        first = "1/2 peers hold the same 7 records: messages, topics and the like"
        self.assertEqual(told, [first, "   Caio: lacks Ana 2, Bia 3–5"])

    def test_help_names_every_word(self) -> None:
        """Help is the table: each command with all its words and what it does, and the bare `sair`."""
        text = "\n".join(lines(help_on(COMMANDS, whole=True)))
        for command in COMMANDS:
            self.assertIn(command.help, text)
            for word in command.words:
                self.assertIn(f"/{word}", text)
        self.assertIn("sair alone", text)
        self.assertEqual(len(lines(help_on(COMMANDS[:1], whole=False))), 1)

    def test_hints(self) -> None:
        """The hint for an unknown command names it, shortened, and the one that was meant."""
        (hint,), (unlike,) = (
            lines(NoSuchCommand(word="qiut", suggestion="quit")),
            lines(NoSuchCommand(word="x", suggestion=None)),
        )
        self.assertIn("/qiut; did you mean /quit?", hint)
        self.assertIn("/help", unlike)
        self.assertLess(len(lines(NoSuchCommand(word="x" * 8000, suggestion=None))[0]), 200)
        self.assertNotIn("\x1b", lines(NoSuchCommand(word="\x1b[2J", suggestion=None))[0])

    def test_nothing_found(self) -> None:
        """A page without messages is told as such, but where nobody asked for it."""
        for empty in (Newest([]), Newest([], "#tea"), Found([], "oi", False)):
            self.assertEqual(lines(empty), ["nothing found"])
        self.assertEqual(lines(Earlier([])), [])


SILENT = {answers.Done, answers.Cleared}
"""Answers of which nothing is told: what came of them is seen."""


class EveryAnswerTests(SynchronousTestCase):
    """Every answer there is has its words, in every language."""

    def setUp(self) -> None:
        self.addCleanup(choose, "en")

    def told(self, language: str) -> dict[type, list[str]]:
        choose(language)
        return {kind: lines(sample(kind, "x")) for kind in get_args(answers.Answer)}

    def test_told(self) -> None:
        """None is forgotten; in another language each is told otherwise."""
        english, *others = [self.told(language) for language in languages()]
        self.assertEqual({kind for kind, told in english.items() if not told}, SILENT)
        self.assertTrue(others)
        for other in others:
            self.assertEqual({kind for kind, told in other.items() if told == english[kind]}, SILENT)

    def test_filled_in(self) -> None:
        """Whatever names, texts and paths are, each line is one line, without controls, and what is in braces in it is text."""
        for language in languages():
            choose(language)
            for kind in get_args(answers.Answer):
                for text in HOSTILE:
                    for line in lines(sample(kind, text)):
                        self.assertNotRegex(line, "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\ud800-\udfff]")

    def test_every_refusal(self) -> None:
        """Each refusal has one sentence of its own, and each of its codes has."""
        kinds = NotDone.__subclasses__()
        self.assertEqual(set(kinds), set(get_args(answers.Answer)) & set(kinds))
        told = [lines(sample(kind, "x")) for kind in kinds if kind not in CODES]
        told += [lines(Unacceptable("c", code=code)) for code in refusals._WRONG]
        told += [lines(Unusable("p", "d", code=code)) for code in SENTENCES]
        ways = [addressing.NOBODY, addressing.MOVED, addressing.SEVERAL, addressing.LENGTHS, addressing.QUOTES]
        told += [lines(UnclearName("msg", "n", ["w"], ["k"], code=code)) for code in ways]
        self.assertEqual({len(each) for each in told}, {1})
        self.assertEqual(
            len({each for (each,) in told}), len(kinds) - len(CODES) + len(refusals._WRONG) + len(SENTENCES) + 5
        )
