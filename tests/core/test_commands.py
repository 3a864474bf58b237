"""What a typed line means."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.core.commands import (
    COMMANDS,
    HELP,
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

    @given(st.text(min_size=1))
    def test_everything_else_is_said_as_typed(self, line: str) -> None:
        """Nothing is added to a message or taken from it, spaces included."""
        typed = parse(line)
        if line.strip() and line.strip().casefold() != "sair" and not line.startswith("/"):
            self.assertEqual(typed, Said(line))
