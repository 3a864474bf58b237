"""The parts of the rich console: what is printed above the line, keys, characters, colours, the toolbar, what is recalled."""

from __future__ import annotations

import re
import time
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.keys import Keys
from prompt_toolkit.utils import get_cwidth
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.patience import WRITTEN
from tests.kit.saying import said
from twisted_chat.core.addressing import written
from twisted_chat.core.messages import Messages, Quote
from twisted_chat.core.people.roster import Roster
from twisted_chat.frontends.console import above, graphemes, notice
from twisted_chat.frontends.console.above import Above
from twisted_chat.frontends.console.completion import Words
from twisted_chat.frontends.console.ink import PALETTE, Ink
from twisted_chat.frontends.console.keyboard import MAX_PASTE, PASTE, PASTED, Keyboard
from twisted_chat.frontends.console.notice import Notice
from twisted_chat.frontends.console.recall import MAX_LINES, Recall
from twisted_chat.frontends.console.toolbar import cut
from twisted_chat.frontends.console.transcript import CODE, CODE_GOES_ON, CONTINUED, Transcript
from twisted_chat.frontends.console.width import widest
from twisted_chat.frontends.console.wrapping import INDENT, JOINERS, wrapped
from twisted_chat.speech import notices

FAMILY = "👨‍👩‍👧‍👦"


class AboveTests(SynchronousTestCase):
    """Lines on their way into the scrollback."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.prints: list[list[str]] = []
        self.above = Above(self.clock, lambda lines: self.prints.append(list(lines)))

    def shown(self) -> list[str]:
        return [line for lines in self.prints for line in lines]

    def test_at_once(self) -> None:
        """A line after a pause is printed in the next turn; before `open` nothing is."""
        self.above.add(["a"])
        self.clock.advance(1)
        self.assertEqual(self.prints, [])
        self.above.open()
        self.clock.advance(0)
        self.assertEqual(self.prints, [["a"]])

    def test_few_prints(self) -> None:
        """5,000 lines within a second are at most 21 prints, every line once and in order."""
        self.above.open()
        lines = [f"line {number}" for number in range(5_000)]
        for number in range(0, 5_000, 50):
            self.above.add(lines[number : number + 50])
            self.clock.advance(0.01)
        self.clock.pump([above.INTERVAL] * 5)
        self.assertEqual(self.shown(), lines)
        self.assertLess(len([printed for printed in self.prints if printed]), 23)

    def test_small_prints(self) -> None:
        """One print is short, so that a key never waits long behind it."""
        self.above.open()
        self.above.add(["x" * 999] * 1_000)
        self.clock.pump([above.INTERVAL] * 30)
        self.assertEqual(len(self.shown()), 1_000)
        self.assertLess(max(sum(map(len, lines)) for lines in self.prints), above.MAX_PRINT + 1_000)

    def test_stalled(self) -> None:
        """While the terminal takes nothing memory is bounded, what is too much is counted, and then said once."""
        self.above.open()
        self.above.pauseProducing()
        self.above.pauseProducing()  # a transport says so at each write
        for _ in range(3_000):
            self.above.add(["x" * 1023])
        self.clock.advance(1)
        self.assertEqual(self.prints, [])
        self.above.resumeProducing()
        self.clock.pump([above.INTERVAL] * 100)
        shown = self.shown()
        self.assertEqual(len(shown) - 1 + 3_000 - above.MAX_WAITING // 1023, 3_000)
        self.assertEqual(shown[-1], notices.not_shown(3_000 - above.MAX_WAITING // 1023))
        self.above.add(["again"])
        self.clock.advance(1)
        self.assertEqual(self.shown()[-1], "again")

    def test_gone(self) -> None:
        """Once nobody can read any more nothing is kept."""
        self.above.stopProducing()
        self.above.add(["a"])
        self.assertEqual(self.above.rest(), [])


class KeyboardTests(SynchronousTestCase):
    """Bytes become keys."""

    def setUp(self) -> None:
        self.keyboard = Keyboard()

    def keys(self) -> list[tuple[str, str]]:
        return [(str(press.key), press.data) for press in self.keyboard.read_keys()]

    @given(st.integers(1, 40))
    def test_cut_anywhere(self, size: int) -> None:
        """However the bytes are cut: letters of several bytes, keys of several, and a paste, come whole."""
        keyboard = Keyboard()
        data = f"é漢{PASTE}a\r\nb\x1b[C{PASTED}\x1b[Az".encode()
        for begin in range(0, len(data), size):
            keyboard.feed(data[begin : begin + size])
        keys = [(press.key, press.data) for press in keyboard.read_keys()]
        self.assertEqual(
            keys,
            [("é", "é"), ("漢", "漢"), (Keys.BracketedPaste, "a\r\nb\x1b[C"), (Keys.Up, "\x1b[A"), ("z", "z")],
        )

    def test_escape(self) -> None:
        """An Esc alone, which could be the beginning of much, is one when nothing follows."""
        self.keyboard.feed(b"\x1b")
        self.assertEqual(self.keyboard.read_keys(), [])
        self.assertEqual([press.key for press in self.keyboard.flush_keys()], [Keys.Escape])

    def test_no_text(self) -> None:
        """What is not UTF-8 is shown to be so."""
        self.keyboard.feed(b"\xff")
        self.assertEqual([press.key for press in self.keyboard.read_keys()], ["�"])

    def test_endless_paste(self) -> None:
        """A paste without end takes bounded memory and no more time than its length."""
        began = time.perf_counter()
        self.keyboard.feed(PASTE.encode())
        for _ in range(2_000):
            self.keyboard.feed(b"x" * 4096)
        self.keyboard.feed(PASTED.encode())
        (press,) = self.keyboard.read_keys()
        self.assertEqual(len(press.data), MAX_PASTE)
        self.assertLess(time.perf_counter() - began, 5)


class GraphemeTests(SynchronousTestCase):
    """What a reader takes for one character."""

    def test_starts(self) -> None:
        """A family, a flag, a letter with its accent, a skin, are one each."""
        parts = ["a", FAMILY, "e\u0301", "🇧🇷", "🇵🇹", "👍🏽", "❤️", "漢", "b"]
        text = "".join(parts)
        found = graphemes.starts(text)
        self.assertEqual([text[a:b] for a, b in zip(found, [*found[1:], len(text)], strict=True)], parts)
        for begin, part in zip(found, parts, strict=True):
            self.assertEqual(graphemes.next_start(text, begin), begin + len(part))
            self.assertEqual(graphemes.previous_start(text, begin + len(part)), begin)

    def test_steady(self) -> None:
        """What is drawn while it is edited is as wide as its parts, which all terminals agree on."""
        self.assertEqual(graphemes.steady(f"{FAMILY} 🇧🇷 ❤️ 👍🏽 é"), "👨👩👧👦 BR ❤ 👍 é")

    @given(st.text(WRITTEN))
    def test_ends(self, text: str) -> None:
        """Going right, or left, through any text comes to its end."""
        place = 0
        while place < len(text):
            self.assertGreater(graphemes.next_start(text, place), place)
            place = graphemes.next_start(text, place)
        while place > 0:
            self.assertLess(graphemes.previous_start(text, place), place)
            place = graphemes.previous_start(text, place)


class InkTests(SynchronousTestCase):
    """Colours."""

    def test_legible(self) -> None:
        """Every colour has a contrast of 3.4 at least to black and to white."""
        levels = (0, 95, 135, 175, 215, 255)
        for code in PALETTE:
            channels = (levels[(code - 16) // 36], levels[(code - 16) // 6 % 6], levels[(code - 16) % 6])
            linear = [((channel / 255 + 0.055) / 1.055) ** 2.4 if channel else 0.0 for channel in channels]
            luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
            self.assertGreater(1.05 / (luminance + 0.05), 3.35, code)
            self.assertGreater((luminance + 0.05) / 0.05, 3.35, code)

    def test_stable(self) -> None:
        """A member's colour depends on the key alone; `NO_COLOR` leaves none."""
        for environment in ({"TERM": "xterm-256color"}, {"TERM": "screen"}):
            one, other = Ink(environment), Ink(environment)
            self.assertEqual(one.member(b"a" * 32, "x"), other.member(b"a" * 32, "x"))
            self.assertNotEqual(one.member(b"a" * 32, "x"), one.member(b"b" * 32, "x"))
        self.assertEqual(Ink({"TERM": "xterm-256color", "NO_COLOR": "1"}).member(b"a" * 32, "x"), "x")


class TranscriptTests(SynchronousTestCase):
    """Events in the scrollback."""

    def setUp(self) -> None:
        self.transcript = Transcript(Ink({"NO_COLOR": "1"}), lambda: "Bia", lambda: 80)

    def test_lines_of_a_message(self) -> None:
        """A message of several lines is shown on several, none of which can pass for the start of another message."""
        first, second = self.transcript.event(said("a\n[14:03:09] Caio: b"))
        self.assertTrue(first.endswith("Ana: a"))
        self.assertIn(f"{CONTINUED}\x1b[0m[14:03:09] Caio: b", second)

    def test_long_lines(self) -> None:
        """Long lines are broken between words, each row set in, so that none can pass for the start of a message."""
        padded = "oi" + " " * 62 + "[14:03:09] Caio: b " + "c " * 40
        first, *further = self.transcript.event(said(f"{padded}\n{padded}"))
        self.assertTrue(first.endswith("Ana: oi"))
        self.assertEqual(len(further), 5)
        for row in further:
            self.assertTrue(row.startswith((INDENT, f"\x1b[2m{CONTINUED}")), row)
            self.assertLessEqual(len(re.sub("\x1b\\[.m", "", row)), 80)

    @given(st.text(st.characters(), max_size=20))
    def test_nothing_hostile(self, text: str) -> None:
        """The only escape sequences are our own, whatever is in a name or a message."""
        for line in self.transcript.event(said(f"`{text}` *{text}*\n```\n{text}\n```", name=text)):
            for own in ("\x1b[2m", "\x1b[1m", "\x1b[4m", "\x1b[0m"):
                line = line.replace(own, "")
            self.assertNotRegex(line, "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\ud800-\udfff]")

    def plain(self, event: Messages, columns: int = 80) -> list[str]:
        """Return the rows of an event without escape sequences."""
        self.transcript = Transcript(Ink({"NO_COLOR": "1"}), lambda: "Bia", lambda: columns)
        return [re.sub("\x1b\\[[?]?[0-9;]*[a-z]", "", row) for row in self.transcript.event(event)]

    def test_code(self) -> None:
        """Code between ``` lines is set apart and keeps blanks, backslashes and breaks; what is not closed is no code."""
        code = "def f():\n\tif x:\n\n        print('a\\n'   )  "
        _, *rows = self.plain(said(f"look:\n```python\n{code}\n```\nnice"))
        expected = [f"{CODE}{line}" for line in code.expandtabs(4).split("\n")]
        self.assertEqual(rows, [*expected, f"{CONTINUED}nice"])
        self.assertEqual(self.plain(said("```\nx\n```"))[1:], [f"{CODE}x"])
        self.assertEqual(self.plain(said("a\n```\nx"))[1:], [f"{CONTINUED}```", f"{CONTINUED}x"])
        self.assertEqual(len(self.plain(said("```\n```"))), 1)

    def test_wide_code(self) -> None:
        """A line of code too wide is broken where the row is full, loses nothing, and no row of it can pass for another's."""
        for line in (
            "x = " + "a b  " * 40,
            "👨‍👩‍👧" * 60,
            "[14:03:09] Caio: b" + " " * 59 + "[14:03:09] Caio: b",
            "é" * 200,
        ):
            _, *rows = self.plain(said(f"```\n{line}\n```"))
            self.assertEqual("".join(row[len(CODE) :] for row in rows), line)
            self.assertTrue(rows[0].startswith(CODE))
            self.assertTrue(all(row.startswith(CODE_GOES_ON) for row in rows[1:]))
            self.assertLessEqual(max(map(widest, rows)), 80)
        for columns in range(1, 40):
            self.assertTrue(self.plain(said(f"```\n{'x y ' * 20}\n```"), columns))

    def test_answers_ring(self) -> None:
        """An answer to one's own message gets attention; one to another's does not, nor does one's own."""
        for own, quote, rings in (
            (False, Quote("Bia", "oi", own=True), True),
            (False, Quote("Caio", "oi"), False),
            (True, Quote("Bia", "oi", own=True), False),
        ):
            self.assertEqual(self.transcript.rings(replace(said("sim", own=own), quote=quote)), rings)

    def test_styled(self) -> None:
        """`code` and *emphasis* are drawn otherwise and keep their signs; products, lists and what one has turned off are not."""
        for text, drawn in (
            ("a `b c` d", "a \x1b[1m`b c`\x1b[0m d"),
            ("*b c*, d", "\x1b[4m*b c*\x1b[0m, d"),
            ("2*3*4 * 5", "2*3*4 * 5"),
            ("* a * b", "* a * b"),
            ("**b** ``c``", "**b** ``c``"),
        ):
            self.assertTrue(self.transcript.event(said(text))[0].endswith(f"Ana: {drawn}"), text)
            off = Transcript(Ink({"NO_COLOR": "1"}), lambda: "Bia", lambda: 80, styled=False)
            self.assertTrue(off.event(said(text))[0].endswith(f"Ana: {text}"), text)

    def test_mention(self) -> None:
        """One's name is noticed as a word, in any case, and not within another."""
        for text, named in (("olá, bia!", True), ("BIA?", True), ("Biazinha", False), ("a zambia", False)):
            self.assertEqual(self.transcript.rings(said(text)), named, text)
        self.assertFalse(self.transcript.rings(said("Bia", own=True)))

    def test_mention_in_any_script(self) -> None:
        """So it is in scripts that put no spaces between words, however letters are composed, and whatever can't be seen."""
        for name, text, named in (
            ("小明", "小明你好", True), ("小明", "你好小明", True), ("小明", "小红你好", False),
            ("さくら", "おはようさくらちゃん", True), ("สมชาย", "สวัสดีสมชายครับ", True), ("Ana", "你好Ana吗", True),
            ("José", "jose\u0301!", True), ("Jose\u0301", "oi, JOSÉ", True), ("Ana", "Aná", False), ("Ana", "Ana\u0301", False),
            ("Ana", "An\u0101", False), ("राम", "नमस्ते राम", True), ("राम", "रामायण", False), ("민수", "민수야", True),
            ("👨‍👩‍👧", "oi👨‍👩‍👧", True), ("❤️ Ana", "❤ ana?", True), ("Ana", "A\u200dna", True), ("Ana", "ana_1", False),
            ("Олег", "олег, привет", True), ("Олег", "Олегу", False), ("bia", "zambia, bia", True),
        ):  # fmt: skip
            transcript = Transcript(Ink({"NO_COLOR": "1"}), lambda name=name: name, lambda: 80)  # type: ignore[misc]
            self.assertEqual(transcript.rings(said(text)), named, (name, text))


class NoticeTests(SynchronousTestCase):
    """Attention."""

    def test_which(self) -> None:
        """A bell everywhere; more only where it is known to be understood, and never what somebody else wrote raw."""
        self.assertEqual(Notice({"TERM": "xterm"}, lambda: 9.0).ring("x"), notice.BELL)
        self.assertEqual(Notice({"TERM": "xterm-kitty"}, lambda: 9.0).ring("a;\x1b\\b"), "\a\x1b]9;a,\\x1b\\b\x1b\\")
        self.assertEqual(Notice({"TERM": "xterm-kitty", "TMUX": "x"}, lambda: 9.0).ring("x"), notice.BELL)

    def test_seldom(self) -> None:
        """Nobody can ring without end."""
        clock = Clock()
        ring = Notice({}, clock.seconds)
        clock.advance(1)
        rung = []
        for _ in range(100):
            rung.append(ring.ring("x"))
            clock.advance(0.1)
        self.assertEqual(len([each for each in rung if each]), 4)


class RecallTests(SynchronousTestCase):
    """Lines of former sessions."""

    def setUp(self) -> None:
        self.path = Path(self.mktemp())

    def test_kept(self) -> None:
        """Lines, of several lines too, are there in the next session, newest first, for the owner's eyes only."""
        recall = Recall(self.path)
        for line in ("a", "b\nc", "é"):
            recall.append_string(line)
        self.assertEqual(list(Recall(self.path).load_history_strings()), ["é", "b\nc", "a"])
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o600)

    def test_bounded(self) -> None:
        """Only the newest are kept, also when they are long; what is damaged is left out."""
        self.path.write_bytes(b'"broken\n' + b"".join(b'"%d"\n' % number for number in range(MAX_LINES + 5)))
        lines = list(Recall(self.path).load_history_strings())
        self.assertEqual((len(lines), lines[0]), (MAX_LINES, str(MAX_LINES + 4)))
        self.assertEqual(len(self.path.read_bytes().splitlines()), MAX_LINES)
        recall = Recall(self.path)
        for _ in range(300):
            recall.store_string("x" * 8000)
        self.assertLess(sum(map(len, Recall(self.path).load_history_strings())), 512 * 1024)
        self.assertLess(self.path.stat().st_size, 520 * 1024)

    def test_nowhere(self) -> None:
        """Without a file, or with one that can't be written, the session goes on."""
        for path in (None, self.path / "missing" / "file"):
            recall = Recall(path)
            recall.append_string("a")
            recall.append_string("b")
            self.assertEqual(recall.get_strings(), ["a", "b"])


class CompletionTests(SynchronousTestCase):
    """Tab."""

    def setUp(self) -> None:
        self.roster = Roster(b"m" * 32, "Me")
        for number, name in enumerate(("Bia", "Ana Maria de Souza", "Caio", "Ana")):
            self.roster.claim(bytes([number]) * 32, name)

    def addresses(self) -> list[tuple[str, str]]:
        others = self.roster.others()
        return list(zip(self.names(), written(self.roster, others), strict=True))

    def names(self) -> list[str]:
        return [member.shown for member in self.roster.others()]

    def completed(self, before: str) -> list[str]:
        words = Words(self.names, lambda: ["#chat", "#redes"], self.addresses, lambda: ["Ana: oi", "Bia: e aí?"])
        document = Document(before)
        return [
            before[: len(before) + each.start_position] + each.text
            for each in words.get_completions(document, CompleteEvent())
        ]

    def test_kinds(self) -> None:
        """Commands at the beginning, rooms after `#`, names anywhere: with a colon where they address a message."""
        for before, after in (
            ("/hel", ["/help "]),
            (" /hel", [" /help "]),
            ("bi", ["Bia: "]),
            ("olá bi", ["olá Bia "]),
            ("olá\nbi", ["olá\nBia "]),
            ("/join #r", ["/join #redes "]),
            ("x", []),
        ):
            self.assertEqual(self.completed(before), after, before)

    def test_messages(self) -> None:
        """After a command for a message, the numbers of those that were shown; with each stands which it is."""
        for command in ("/answer", "/re", "/reagir", "/retract", "/original"):
            self.assertEqual(self.completed(f"{command} "), [f"{command} 1 ", f"{command} 2 "])
        self.assertEqual(self.completed("/answer 1 Bi"), ["/answer 1 Bia "])
        words = Words(self.names, list, self.addresses, lambda: ["Ana: oi"])
        (offered,) = words.get_completions(Document("/answer "), CompleteEvent())
        self.assertEqual((offered.display_text, offered.display_meta_text), ("1", "Ana: oi"))

    def test_names_of_several_words(self) -> None:
        """However much of a name is there, and whatever stands before it, the rest is completed."""
        name = "Ana Maria de Souza"
        for length in range(4, len(name) + 1):
            begun = name[:length].lower()
            self.assertEqual(self.completed(begun), [f"{name}: "], begun)
            self.assertEqual(self.completed(f"olá, caio e {begun}"), [f"olá, caio e {name} "], begun)
        self.assertEqual(self.completed("ana  maria"), [f"{name}: "])
        self.assertEqual(self.completed("olá an"), [f"olá {name} ", "olá Ana "])
        self.assertEqual(self.completed("bl"), [], "it is no beginning of Bia, though it looks like one")

    def test_addressed(self) -> None:
        """After a command for one member a name is written so that nobody else can be meant; in the text it is a word."""
        for before, after in (
            ("/msg bi", ["/msg Bia "]),
            ("/msg  an", ['/msg  "Ana Maria de Souza" ', '/msg  "Ana" ']),
            ("/msg ana maria d", ['/msg "Ana Maria de Souza" ']),
            ('/msg "ana m', ['/msg "Ana Maria de Souza" ']),
            ("/verify ana m", ['/verify "Ana Maria de Souza" ']),
            (" /ignore ana m", [' /ignore "Ana Maria de Souza" ']),
            ("／privado ana m", ['／privado "Ana Maria de Souza" ']),
            ('/msg "Ana" diga a ana m', ['/msg "Ana" diga a Ana Maria de Souza ']),
            ("/msg Bia: ca", ["/msg Bia: Caio "]),
            ("/msg Bia ca", ["/msg Bia Caio "]),
        ):
            self.assertEqual(self.completed(before), after, before)
        self.roster.claim(b"\xaa\x6c" + b"e" * 30, "Bia")
        self.assertEqual(self.completed("/msg bi"), ["/msg Bia ", "/msg Bia~aa6c "])
        self.roster.claim(b"\xbb" * 32, "Bia my")
        self.assertEqual(self.completed("/msg bi"), ['/msg "Bia" ', "/msg Bia~aa6c ", '/msg "Bia my" '])

    def test_all_commands(self) -> None:
        """`/` offers each command once, by its name."""
        from twisted_chat.core.commands import COMMANDS

        self.assertEqual(self.completed("/"), [f"/{command.name} " for command in COMMANDS])


class WrappingTests(SynchronousTestCase):
    """Rows, as wide as the terminal at most."""

    def test_between_words(self) -> None:
        """A line that is too long is broken at spaces; one that is not stays as it is."""
        self.assertEqual(wrapped("um dois  três quatro cinco", 20, 8), ["um dois", "    três quatro", "    cinco"])
        self.assertEqual(wrapped("  um  dois ", 20, 9), ["  um  dois "])
        self.assertEqual(wrapped("palavra", 20, 18), ["", "    palavra"])

    def test_long_words(self) -> None:
        """A word that is too long is cut, never within what a reader sees as one character."""
        self.assertEqual(wrapped("x" * 30, 20, 10), ["x" * 10, "    " + "x" * 16, "    " + "x" * 4])
        family = "👩\u200d👩\u200d👧"  # 8 columns where its parts are drawn side by side
        self.assertEqual(wrapped(family * 4, 20, 4), [family * 2, "    " + family * 2])
        rows = ["", "    " + "👩\u200d" * 4 + "👩", "    " + "👩\u200d" * 4 + "👩"]
        self.assertEqual(wrapped("👩\u200d" * 9 + "👩", 20, 18), rows)

    def test_joiners(self) -> None:
        """No row ends, or goes on, with what joins: a terminal would join it with the next row, or with what sets this one in."""
        for text in ("👩\u200d" * 30, "1\ufe0f" * 30, "a " * 9 + "\u200d b\u200c " * 20):
            first, *further = wrapped(text, 20, 5)
            self.assertGreater(len(further), 2)
            for row in (first, *(row.removeprefix(INDENT) for row in further)):
                self.assertEqual(row, row.strip(JOINERS))

    def test_links(self) -> None:
        """Links and paths are left whole, to be clicked and copied; not so what has blanks that nobody sees."""
        for link in ("https://example.org/a/long/way", "/home/ana/chat/logs_chat.txt"):
            self.assertEqual(wrapped(f"veja {link} ali", 20), ["veja", f"    {link}", "    ali"])
        self.assertEqual(len(wrapped("https://" + "\u2800" * 30, 20)), 3)

    def test_narrow(self) -> None:
        """Where there is hardly room, the terminal does what it does."""
        self.assertEqual(wrapped("um dois três quatro cinco", 19), ["um dois três quatro cinco"])

    @given(st.text(st.sampled_from("aé漢👩 ⠀/\u200d"), max_size=200), st.integers(20, 60), st.integers(0, 70))
    def test_any(self, text: str, columns: int, before: int) -> None:
        """Rows fit, all but the first are set in, and together they are the line, but for the spaces where it was broken."""
        first, *further = wrapped(text, columns, before)
        self.assertTrue(get_cwidth(first) <= max(0, columns - before) or not further, first)
        for row in further:
            self.assertTrue(row.startswith(INDENT))
            one = row.startswith(f"{INDENT}/") or len(graphemes.starts(row.removeprefix(INDENT))) == 1
            self.assertTrue(one or get_cwidth(row) <= columns, row)
        self.assertEqual(re.sub("[ \u200d]", "", "".join([first, *further])), re.sub("[ \u200d]", "", text))


class CutTests(SynchronousTestCase):
    """The toolbar never wraps."""

    @given(st.text(st.sampled_from("aé漢👩 "), max_size=40), st.integers(2, 60))
    def test_width(self, text: str, width: int) -> None:
        """What is cut fits, and what fits is not cut."""
        found = cut(text, width)
        self.assertLessEqual(get_cwidth(found), width)
        if get_cwidth(text) <= width:
            self.assertEqual(found, text)
