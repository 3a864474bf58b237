"""What reaches a terminal, through a real one."""

from __future__ import annotations

import os
from unittest import skipIf

from twisted.trial.unittest import SynchronousTestCase

from tests.kit.characters import CHARACTERS
from tests.kit.saying import said
from twisted_chat.speech.events import sentences

try:
    import pty
    import tty

    from twisted_chat.frontends.console.terminal import Terminal
except ImportError:  # Windows
    pty = tty = None  # type: ignore[assignment]

CHUNK = 128


@skipIf(pty is None, "there are no pseudo-terminals here")
class TerminalTests(SynchronousTestCase):
    """Whatever others write, a terminal gets text."""

    def setUp(self) -> None:
        self.ours, self.terminals = pty.openpty()
        self.addCleanup(os.close, self.ours)
        self.addCleanup(os.close, self.terminals)
        tty.setraw(self.terminals)

    def through(self, data: bytes) -> bytes:
        """What a terminal that `data` is written to gets."""
        os.write(self.terminals, data)
        got = b""
        while len(got) < len(data):
            got += os.read(self.ours, 65536)
        return got

    def test_gone(self) -> None:
        """A terminal that is hung up while one is suspended: to take it back does no harm."""
        ours, theirs = pty.openpty()
        terminal = Terminal(theirs)
        for descriptor in (terminal.input, terminal.output, theirs):
            os.close(descriptor)
        os.close(ours)
        terminal.make_raw()
        terminal.restore()

    def test_every_character(self) -> None:
        """No control byte arrives but the line break at the end of each line, whatever stands in names and messages."""
        for start in range(0, len(CHARACTERS), CHUNK):
            text = CHARACTERS[start : start + CHUNK]
            for name, message in ((text, "x"), ("Ana", text)):
                (line,) = sentences(said(message, name=name))
                got = self.through(f"{line}\n".encode()).decode(errors="replace")
                self.assertEqual(
                    [c for c in got.removesuffix("\n") if ord(c) < 32 or 127 <= ord(c) < 160], [], ascii(text[0])
                )
