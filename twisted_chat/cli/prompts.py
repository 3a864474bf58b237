"""The questions to a newcomer at a terminal before the chat starts: a name, one of the known ports, perhaps a passphrase."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from getpass import getpass

from twisted.python.usage import UsageError

from twisted_chat.core.errors import BadText
from twisted_chat.core.wire.passphrase import check_passphrase
from twisted_chat.core.writing.text import check_name
from twisted_chat.speech.i18n import _
from twisted_chat.speech.refusals import refused


@dataclass(frozen=True)
class Prompter:
    """Where a person is asked. `ask` shows a question and returns the line typed, or raises `EOFError` at Ctrl-D; `ask_hidden`
    does so without showing what is typed."""

    ask: Callable[[str], str] = input
    tell: Callable[[str], object] = print
    ask_hidden: Callable[[str], str] = getpass

    def question(self, words: str) -> str:
        """Return the answer to a question, asked again after what is not text. Raises `EOFError` at Ctrl-D."""
        return self._text(self.ask, words)

    def hidden_question(self, words: str) -> str:
        """Return the answer to a question, which is not shown as it is typed; asked again after what is not text."""
        return self._text(self.ask_hidden, words, "\n")  # Enter is not shown either

    def _text(self, ask: Callable[[str], str], words: str, before: str = "") -> str:
        while True:
            try:
                return ask(words)
            except UnicodeDecodeError as error:
                fault = _("⚠️ That is not {encoding} text. Type it again.").format(encoding=error.encoding.upper())
                self.tell(before + fault)


def find_terminal() -> Prompter | None:
    """Return this process's terminal, None if what it reads or what it writes is not one."""
    both = (sys.stdin, sys.stdout)
    return Prompter() if all(stream is not None and stream.isatty() for stream in both) else None


def ask_name(terminal: Prompter) -> str:
    """Ask for a name until it is one, and return it."""
    while True:
        try:
            return check_name(terminal.question(_("Your name: ")))
        except BadText as error:
            terminal.tell(refused(error))


def ask_passphrase(terminal: Prompter, group: str) -> str:
    """Ask for a group's passphrase until it can be one, and return it in its checked form."""
    while True:
        try:
            return check_passphrase(
                terminal.hidden_question(_("Passphrase of group {group} (not shown as you type): ").format(group=group))
            )
        except BadText as error:
            terminal.tell(refused(error))


def ask_port(terminal: Prompter, ports: Sequence[int], taken: Callable[[int], str | None]) -> int:
    """Show which of `ports` are free, ask for one until it is known and free, and return it; Enter takes the first free.

    `taken` says of a port who holds it ("held by Ana"), None if nobody does; it may block, and is called from threads so
    that several slow ports cost the time of one. Raises `UsageError` if no port is free.
    """
    while True:
        port = _choose(terminal, ports, _show(terminal, ports, taken))
        fault = taken(port)
        if fault is None:
            return port
        terminal.tell(_("❌ Port {port} is {fault}. Try again.").format(port=port, fault=fault))


def _show(terminal: Prompter, ports: Sequence[int], taken: Callable[[int], str | None]) -> int:
    """List the ports; return the first that is free."""
    from concurrent.futures import ThreadPoolExecutor  # only who is asked needs it

    with ThreadPoolExecutor(len(ports)) as threads:
        faults = list(threads.map(taken, ports))
    terminal.tell(_("Ports of this chat:"))
    for port, fault in zip(ports, faults, strict=True):
        terminal.tell(f"  {port}  {_('free') if fault is None else fault}")
    if None not in faults:
        raise UsageError(_("none of these ports is free; close a program that holds one, or name others with --ports"))
    return ports[faults.index(None)]


def _choose(terminal: Prompter, ports: Sequence[int], preset: int) -> int:
    """Ask until the answer is one of `ports`, or empty for `preset`."""
    while True:
        answer = terminal.question(_("Your port [{preset}]: ").format(preset=preset)).strip()
        if not answer:
            return preset
        if not answer.isdecimal():
            terminal.tell(_("⚠️ Please enter a valid number."))
        elif (port := int(answer[:9])) not in ports:
            terminal.tell(_("❌ Invalid port. Try again."))
        else:
            return port
