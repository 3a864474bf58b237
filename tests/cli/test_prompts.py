"""What a newcomer is asked, told as the conversation it is."""

from __future__ import annotations

import io
import sys

from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.cli.prompts import Prompter, ask_name, ask_passphrase, ask_port, find_terminal

PORTS = (5000, 5001, 5002)


class Newcomer:
    """A person who gives these answers, bytes as a terminal sends them, and then Ctrl-D; `seen` is all that was shown to them."""

    def __init__(self, *answers: str | bytes) -> None:
        self._answers = list(answers)
        self.seen: list[str] = []
        self.terminal = Prompter(self._ask, self.seen.append)

    def _ask(self, question: str) -> str:
        self.seen.append(question)
        if not self._answers:
            raise EOFError
        answer = self._answers.pop(0)
        return answer.decode() if isinstance(answer, bytes) else answer


def nobody(port: int) -> str | None:
    """All ports are free."""
    return None


class AskNameTests(SynchronousTestCase):
    """`ask_name`."""

    def test_good(self) -> None:
        """A good name is taken at once, without the spaces around it."""
        newcomer = Newcomer("  Ana ")
        self.assertEqual(ask_name(newcomer.terminal), "Ana")
        self.assertEqual(newcomer.seen, ["Your name: "])

    def test_bad(self) -> None:
        """A name that can't be one is asked for again, with words that say why."""
        newcomer = Newcomer("", "x" * 33, "Ana")
        self.assertEqual(ask_name(newcomer.terminal), "Ana")
        self.assertEqual(
            newcomer.seen[1::2], ["❌ a name needs at least one character", "❌ a name has at most 32 characters"]
        )

    def test_leaves(self) -> None:
        """Ctrl-D is the caller's to deal with."""
        self.assertRaises(EOFError, ask_name, Newcomer().terminal)


class EncodingTests(SynchronousTestCase):
    """Bytes that are no text, as from a terminal that is set to another encoding."""

    def test_asked_again(self) -> None:
        """Each question is asked again, in words that say why."""
        no_text = b"Jo\xe3o"
        for answer, ask in (
            ("João", ask_name),
            ("5001", lambda terminal: str(ask_port(terminal, PORTS, nobody))),
            ("yes", lambda terminal: terminal.question("Sure? ")),
        ):
            newcomer = Newcomer(no_text, no_text, answer)
            self.assertEqual(ask(newcomer.terminal), answer)
            self.assertEqual(newcomer.seen[-4:-1:2], ["⚠️ That is not UTF-8 text. Type it again."] * 2)
            self.assertEqual(newcomer.seen[-5:-4], newcomer.seen[-1:])

    def test_hidden(self) -> None:
        """A passphrase, too."""
        newcomer = Newcomer(b"\xff" * 20, "xyzzy plugh")
        hidden = Prompter(self.fail, newcomer.terminal.tell, newcomer.terminal.ask)
        self.assertEqual(ask_passphrase(hidden, "math"), "xyzzy plugh")
        self.assertEqual(newcomer.seen[1], "\n⚠️ That is not UTF-8 text. Type it again.")

    def test_carried_through(self) -> None:
        """Where Python carries such bytes through (in the C locale) they are refused like any other bad name."""
        newcomer = Newcomer(b"Jo\xe3o".decode(errors="surrogateescape"), "Joao")
        self.assertEqual(ask_name(newcomer.terminal), "Joao")
        self.assertIn("no control or invisible characters", newcomer.seen[1])


class AskPassphraseTests(SynchronousTestCase):
    """`ask_passphrase`."""

    def test_hidden(self) -> None:
        """It is asked for where what is typed is not shown, again if it can't be one, and without repeating what was typed."""
        newcomer = Newcomer("xyzzy", "xyzzy\tplugh", "  xyzzy plugh ")
        hidden = Prompter(self.fail, newcomer.terminal.tell, newcomer.terminal.ask)
        self.assertEqual(ask_passphrase(hidden, "math"), "xyzzy plugh")
        self.assertEqual(newcomer.seen[0], "Passphrase of group math (not shown as you type): ")
        self.assertEqual(
            newcomer.seen[1::2],
            ["❌ a passphrase has at least 8 characters", "❌ a passphrase has no control characters"],
        )


class AskPortTests(SynchronousTestCase):
    """`ask_port`."""

    def test_list(self) -> None:
        """Each known port is shown with who holds it."""
        newcomer = Newcomer("5002")
        holders = {5000: "held by Ana", 5001: "in use by another program"}
        self.assertEqual(ask_port(newcomer.terminal, PORTS, holders.get), 5002)
        self.assertEqual(
            newcomer.seen[1:4], ["  5000  held by Ana", "  5001  in use by another program", "  5002  free"]
        )

    def test_enter(self) -> None:
        """Enter alone takes the first port that is free, which the question names."""
        newcomer = Newcomer("")
        self.assertEqual(ask_port(newcomer.terminal, PORTS, {5000: "held by Ana"}.get), 5001)
        self.assertEqual(newcomer.seen[-1], "Your port [5001]: ")

    def test_no_number(self) -> None:
        """What is no number is asked for again, in the original's words."""
        newcomer = Newcomer("five", "-5000", "50 00", "5001")
        self.assertEqual(ask_port(newcomer.terminal, PORTS, nobody), 5001)
        self.assertEqual(newcomer.seen.count("⚠️ Please enter a valid number."), 3)

    def test_not_known(self) -> None:
        """A number that is no known port is asked for again, in the original's words, however long it is."""
        newcomer = Newcomer("80", "9" * 5000, " 5001 ")
        self.assertEqual(ask_port(newcomer.terminal, PORTS, nobody), 5001)
        self.assertEqual(newcomer.seen.count("❌ Invalid port. Try again."), 2)

    def test_taken(self) -> None:
        """A port that somebody holds is refused with the holder's name, and the list shown anew."""
        newcomer = Newcomer("5000", "5001")
        self.assertEqual(ask_port(newcomer.terminal, PORTS, {5000: "held by Ana"}.get), 5001)
        self.assertIn("❌ Port 5000 is held by Ana. Try again.", newcomer.seen)
        self.assertEqual(newcomer.seen.count("  5002  free"), 2)

    def test_taken_meanwhile(self) -> None:
        """A port taken between list and answer is refused, and Enter then means the next one."""
        newcomer = Newcomer("", "")
        holders: dict[int, str] = {}

        def taken(port: int) -> str | None:
            if len(newcomer.seen) == 5:  # the question has been put
                holders[5000] = "held by Ana"
            return holders.get(port)

        self.assertEqual(ask_port(newcomer.terminal, PORTS, taken), 5001)

    def test_none_free(self) -> None:
        """With no port free there is nothing to ask: the words say what can be done."""
        newcomer = Newcomer()
        error = self.assertRaises(UsageError, ask_port, newcomer.terminal, PORTS, lambda port: "held by Ana")
        self.assertIn("--ports", str(error))
        self.assertNotIn("Your port", "".join(newcomer.seen))

    def test_leaves(self) -> None:
        """Ctrl-D is the caller's to deal with."""
        self.assertRaises(EOFError, ask_port, Newcomer("80").terminal, PORTS, nobody)


class Screen(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


class FindTerminalTests(SynchronousTestCase):
    """`find_terminal`."""

    def test_both_ends(self) -> None:
        """Only who can both read and type is asked: a pipe or a closed stream at either end means nobody is there."""
        streams = (Screen(), io.StringIO(), None)
        for stdin in streams:
            for stdout in streams:
                self.patch(sys, "stdin", stdin)
                self.patch(sys, "stdout", stdout)
                both = isinstance(stdin, Screen) and isinstance(stdout, Screen)
                self.assertEqual(find_terminal() is not None, both, (stdin, stdout))
