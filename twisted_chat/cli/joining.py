"""What is common to those who take part in a group: where they look for others, how they come by its passphrase, and that they
keep to it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from twisted.logger import Logger
from twisted.python.usage import UsageError

from twisted_chat.cli.commandline import Parameter
from twisted_chat.cli.prompts import Terminal, ask_passphrase
from twisted_chat.cli.settings import parse_label, parse_passphrase_file, parse_peer, parse_ports
from twisted_chat.core.errors import BadText
from twisted_chat.core.events import Event, Joined
from twisted_chat.core.marks import N_
from twisted_chat.core.passphrase import MAX_PASSPHRASE, check_passphrase
from twisted_chat.i18n import _
from twisted_chat.net.addresses import is_loopback
from twisted_chat.retries import Retries
from twisted_chat.standard import say
from twisted_chat.storage.errors import StorageError
from twisted_chat.storage.passphrases import PassphraseNote
from twisted_chat.words import wrong

ENVIRONMENT = "TCPCHAT_PASSPHRASE"

GROUP: Parameter = (
    "group",
    None,
    "chat",
    N_("peers of the same group find each other"),
    partial(parse_label, "--group"),
)
PORTS: Parameter = ("ports", None, "5000-5004", N_("the known ports, where others are looked for"), parse_ports)
PASSPHRASE_FILE: Parameter = (
    "passphrase-file",
    None,
    None,
    N_(
        "the file whose first line is the passphrase of a closed group; the environment's TCPCHAT_PASSPHRASE is another way"
    ),
    parse_passphrase_file,
)
ASK_PASSPHRASE = ["ask-passphrase", None, N_("ask for the passphrase of a closed group, if it is not given otherwise")]
OPEN = ["open", None, N_("let anyone on the network read along and take part")]

_log = Logger()


class Joining(dict[str, Any]):
    """What a `CommandLine` that has the flags above inherits besides: `--peer`, and the finding of the passphrase."""

    passphrase: str | None = None
    """The passphrase, once `settle_passphrase` has returned; None in an open group."""

    def __init__(self) -> None:
        super().__init__()
        self["peer"] = []

    def opt_peer(self, value: str) -> None:
        """HOST[:PORT], where the others are looked for as well; can be given several times"""
        self["peer"].append(parse_peer(value))

    def settle_passphrase(self, terminal: Terminal | None) -> None:
        """Find the passphrase: in the file, else in the environment, else asking for it if that is wished or needed.

        It is needed where links leave this machine, unless the group is to be open. Raises `UsageError`.
        """
        given = self._given()
        if self["open"] and (given is not None or self["ask-passphrase"]):
            raise UsageError(
                _(
                    "--open and a passphrase exclude each other: leave out --open, or else --passphrase-file, --ask-passphrase "
                    "and {variable}"
                ).format(variable=ENVIRONMENT)
            )
        far = None if self["open"] else self._far()
        if given is None and (far or self["ask-passphrase"]):
            if terminal is None:
                raise UsageError(_needed(far))
            if far:
                terminal.tell(
                    _(
                        "🔑 {flag} reaches other machines: this group needs a passphrase, the same for all. ('tcpchat invite' "
                        "makes one; --open does without.)"
                    ).format(flag=far)
                )
            given = ask_passphrase(terminal, self["group"])
        self.passphrase = given

    def _given(self) -> str | None:
        variable = os.environ.pop(ENVIRONMENT, None)  # no business of the programs this one starts
        if self["passphrase-file"] is not None:
            return read_passphrase(self["passphrase-file"])
        return None if variable is None else _checked(ENVIRONMENT, variable)

    def _far(self) -> str | None:
        """Return the flag, with its value, that leads away from this machine, if one does."""
        if not is_loopback(self.get("listen", "localhost")):
            return f"--listen {self['listen']}"
        return next((f"--peer {host}" for host, _port in self["peer"] if not is_loopback(host)), None)


def guarded(reactor: Any, database: Path, passphrase: str) -> Callable[[Event], None]:
    """Return what is to watch a closed group's conversation, after making sure that it was never held under another passphrase.

    It notes the passphrase once somebody has joined, who must know it too: until then it may be a slip. If the disk refuses that
    it is logged, and tried again. Raises `StorageError(OTHER_PASSPHRASE)`.
    """
    note = PassphraseNote(database, passphrase)
    note.check()

    def refused(_item: str, error: StorageError) -> None:
        _log.warn("the passphrase can't be noted now, which is tried again: {error}", error=error)

    notes = Retries(reactor, lambda _item: note.write(), refused)

    def watch(event: Event) -> None:
        if isinstance(event, Joined):
            notes.add(str(database))

    return watch


def read_passphrase(path: Path) -> str:
    """Return the passphrase that is the first line of a file, and warn if others can read it.

    Raises `UsageError`.
    """
    flag = f"--passphrase-file {path}"
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            line = file.readline(4 * MAX_PASSPHRASE + 1)
    except OSError as error:
        raise UsageError(f"{flag}: {error.strerror}") from None
    if os.name == "posix" and stat.S_ISREG(status.st_mode) and status.st_mode & 0o077:
        say(_("⚠️ {flag}: others can read that file; 'chmod 600' makes it yours alone").format(flag=flag))
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(_("{flag}: its first line is not text in UTF-8").format(flag=flag)) from None
    return _checked(flag, text)


def _checked(source: str, text: str) -> str:
    try:
        return check_passphrase(text)
    except BadText as error:
        raise UsageError(f"{source}: {wrong(error)}") from None


def _needed(far: str | None) -> str:
    if far is None:
        return _("--ask-passphrase: there is no terminal to ask at; use --passphrase-file or {variable}").format(
            variable=ENVIRONMENT
        )
    return _(
        "{flag} reaches other machines: give the group a passphrase, with --passphrase-file FILE or {variable} ('tcpchat invite' "
        "makes one), or let anyone on the network take part with --open"
    ).format(flag=far, variable=ENVIRONMENT)
