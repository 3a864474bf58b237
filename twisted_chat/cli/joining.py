"""The part that commands share which join a group: where to look for others, and how to get its passphrase."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from twisted.python.usage import UsageError

from twisted_chat.cli.commandline import CommandLine
from twisted_chat.cli.prompts import Prompter, ask_passphrase
from twisted_chat.cli.standard import say
from twisted_chat.core.errors import BadText
from twisted_chat.core.wire.passphrase import MAX_PASSPHRASE, check_passphrase
from twisted_chat.net.addresses import is_loopback
from twisted_chat.speech.i18n import _
from twisted_chat.speech.refusals import wrong

ENVIRONMENT = "TCPCHAT_PASSPHRASE"


class Joining(CommandLine):
    """The command line of whoever takes part in a group: it finds the passphrase."""

    passphrase: str | None = None
    """The passphrase, once `settle_passphrase` has returned; None in an open group."""

    def settle_passphrase(self, terminal: Prompter | None) -> None:
        """Find the passphrase: in the file, else in the environment, else asking for it if that is wished or needed.

        It is needed where links leave this machine, unless the group is to be open. Raises `UsageError`.
        """
        given = self._given()
        if self["open"] and (given is not None or self["ask-passphrase"]):
            raise UsageError(
                _("{open} and a passphrase exclude each other: leave out {open}, or else {others}").format(
                    open=self.where("open"),
                    others=", ".join([self.where("passphrase-file"), self.where("ask-passphrase"), ENVIRONMENT]),
                )
            )
        far = None if self["open"] else self._far()
        if given is None and (far or self["ask-passphrase"]):
            if terminal is None:
                raise UsageError(self._needed(far))
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
            return read_passphrase(self.where("passphrase-file"), self["passphrase-file"])
        return None if variable is None else _checked(ENVIRONMENT, variable)

    def _far(self) -> str | None:
        """Return the flag, with its value, that leads away from this machine, if one does."""
        if not is_loopback(self.get("listen", "localhost")):
            return f"{self.where('listen')} {self['listen']}"
        return next((f"{self.where('peer')} {host}" for host, _port in self["peer"] if not is_loopback(host)), None)

    def _needed(self, far: str | None) -> str:
        if far is None:
            return _("{flag}: there is no terminal to ask at; use --passphrase-file or {variable}").format(
                flag=self.where("ask-passphrase"), variable=ENVIRONMENT
            )
        return _(
            "{flag} reaches other machines: give the group a passphrase, with --passphrase-file FILE or {variable} "
            "('tcpchat invite' makes one), or let anyone on the network take part with --open"
        ).format(flag=far, variable=ENVIRONMENT)


def read_passphrase(where: str, path: Path) -> str:
    """Return the passphrase that is the first line of a file that was named `where`, and warn if others can read it.

    Raises `UsageError`.
    """
    flag = f"{where} {path}"
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
