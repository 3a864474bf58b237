"""What a typed line means."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.kit.patience import WRITTEN
from twisted_chat.core.commands import (
    COMMANDS,
    HELP,
    HISTORY,
    MSG,
    QUIT,
    WHO,
    Run,
    Said,
    UnknownCommand,
    lookup,
    parse,
    suggest,
)


class TableTests(SynchronousTestCase):
    """The table can be looked up by every word in it."""

    def test_every_word_finds_its_command(self) -> None:
        """Each name and alias, in any case, with or without `/`, leads to its command, and no two share one."""
        words = [word for command in COMMANDS for word in command.words]
        self.assertEqual(len(words), len(set(words)))
        for command in COMMANDS:
            for word in command.words:
                for spelling in (word, word.upper(), f"/{word}"):
                    self.assertIs(lookup(spelling), command)

    def test_typos_get_a_suggestion(self) -> None:
        """A word that is nearly a command suggests it, one that is nothing like it suggests nothing."""
        self.assertEqual(suggest("qiut"), "quit")
        self.assertEqual(suggest("Wo"), "who")
        self.assertIsNone(suggest("usr/bin/python3"))


class ParseTests(SynchronousTestCase):
    """A line is a message, a command, or nothing."""

    def test_blank(self) -> None:
        """Empty and blank lines ask for nothing."""
        for line in ("", "   ", "\t"):
            self.assertIsNone(parse(line))

    def test_the_bare_word_leaves(self) -> None:
        """`sair` leaves in any case with spaces around it; as part of a sentence it is said."""
        for line in ("sair", "SAIR", "  Sair \t"):
            self.assertEqual(parse(line), Run(QUIT))
        self.assertEqual(parse("vou sair"), Said("vou sair"))

    def test_commands(self) -> None:
        """A `/`, a word and what follows it make a command and its argument."""
        self.assertEqual(parse("/sair"), Run(QUIT))
        self.assertEqual(parse("/QUEM  "), Run(WHO))
        self.assertEqual(parse("/help  who "), Run(HELP, "who"))

    def test_unknown(self) -> None:
        """What looks like a command and is none is never a message."""
        self.assertEqual(parse("/qit now"), UnknownCommand("qit", "quit"))
        self.assertEqual(parse("/"), UnknownCommand("", None))

    def test_a_message_may_start_with_a_slash(self) -> None:
        """`//` says what follows the first `/`."""
        self.assertEqual(parse("//etc/hosts"), Said("/etc/hosts"))
        self.assertEqual(parse("//"), Said("/"))

    def test_blanks_before(self) -> None:
        """What is seen at the beginning counts, not blanks and line breaks before it, nor what is invisible."""
        for before in (
            " ",
            "\t",
            "\n",
            "\u00a0",
            "\u3000",
            "\u2003 ",
            "\u200b",
            "\ufeff",
            "\u2068",
            "\u2800",
            "\u3164",
            "\r\n  ",
        ):
            self.assertEqual(parse(f"{before}/msg Bia oi"), Run(MSG, "Bia oi"), repr(before))
            self.assertEqual(parse(f"{before}/* oi"), UnknownCommand("*", None), repr(before))
            self.assertEqual(parse(f"{before}//oi"), Said(f"{before}/oi"), repr(before))
            self.assertEqual(parse(f"{before}sair"), Run(QUIT), repr(before))

    def test_blanks_after(self) -> None:
        """Any blank ends the word; line breaks and blanks within the argument stay."""
        for after in (" ", "\t", "\n", "\u00a0", "\u3000"):
            self.assertEqual(parse(f"/msg{after}Bia a\n  b{after}"), Run(MSG, "Bia a\n  b"), repr(after))
        self.assertEqual(parse("/ msg Bia oi"), UnknownCommand("", None))

    def test_pasted(self) -> None:
        """Pasted text that begins with an indented comment, say, is no command, and none of it is said."""
        self.assertEqual(parse("    /* a */\n    int b;"), UnknownCommand("*", None))
        self.assertEqual(parse("int b;\n    /msg Bia oi"), Said("int b;\n    /msg Bia oi"))

    def test_keyboards(self) -> None:
        """What a keyboard for Chinese or Japanese makes of a `/` is one, and an accent may stand by itself."""
        self.assertEqual(parse("／msg　Bia oi"), Run(MSG, "Bia oi"))
        self.assertEqual(parse("／／oi"), Said("／oi"))
        self.assertIs(lookup("histo\u0301rico"), HISTORY)

    @given(st.text(WRITTEN, min_size=1))
    def test_everything_else_is_said_as_typed(self, line: str) -> None:
        """Nothing is added to a message or taken from it, spaces included."""
        typed = parse(line)
        if line.strip() and "sair" not in line.casefold() and not {"/", "／"} & set(line):
            self.assertEqual(typed, Said(line))
