"""What every command line of `tcpchat` has: `--lang`, `--version`, and its help and refusals in that language."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Callable, Sequence
from getopt import GetoptError
from inspect import cleandoc
from itertools import pairwise, takewhile
from textwrap import fill
from typing import Any

from twisted.python.usage import Options as BaseOptions
from twisted.python.usage import UsageError

from twisted_chat import __version__
from twisted_chat.cli.settings import choices, parse_lang
from twisted_chat.core.marks import N_
from twisted_chat.i18n import AUTO, _, choose, known
from twisted_chat.standard import say, show

MIN_COLUMNS = 40

Parameter = tuple[str, None, str | None, str, Callable[[str], Any]]
"""A flag with a value: its name, no short name, its default, its words, the check of its value."""


class CommandLine(BaseOptions):
    """A command line. The words of its flags, `synopsis` and `longdesc` are marked with `N_`, and translated when shown;
    in those of a flag `{all}` stands for its choices."""

    synopsis = N_("[options]")
    longdesc = ""
    optParameters: list[Parameter] = [("lang", None, AUTO, N_("the language you are spoken to: {all}"), parse_lang)]

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        for name, _short, default, _words, check in self.optParameters:
            if default is not None:
                self[name] = check(default)

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """Read and check the command line, in the language that it asks for wherever it does.

        Raises `UsageError`.
        """
        arguments = sys.argv[1:] if options is None else options
        choose(_wish(arguments))
        _refuse_passphrase(arguments)
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")  # as stderr is: no terminal is too poor for what is told
        try:
            super().parseOptions(arguments)  # type: ignore[no-untyped-call]
        except UsageError as error:
            if isinstance(error.__context__, GetoptError):
                raise UsageError(self._misused(error.__context__.opt)) from None
            raise

    def parseArgs(self, *surplus: str) -> None:
        """Refuse words that belong to no flag."""
        if surplus:
            raise UsageError(_("{word!r} belongs to no option").format(word=surplus[0]))

    def opt_help(self) -> None:
        """Display this help and exit."""
        show(str(self))
        raise SystemExit(0)

    def opt_version(self) -> None:
        """Display the version and exit."""
        show(f"tcpchat {__version__}")
        raise SystemExit(0)

    def getSynopsis(self) -> str:
        """Return how to call it."""
        own = _(self.synopsis)
        return own if self.parent is None else f"{self.parent.getSynopsis()} {self.parent.subCommand} {own}"

    def getUsage(self, width: int | None = None) -> str:
        """Return what `--help` says after the synopsis."""
        width = max(MIN_COLUMNS, width or shutil.get_terminal_size().columns)
        column = max(map(len, self.longOpt))
        usage = [_("Options:")]
        for flag in self.longOpt:
            words = self._words(flag.rstrip("="))
            usage.append(
                fill(words, width, initial_indent=f"  --{flag:<{column}}  ", subsequent_indent=" " * (column + 6))
            )
        if self.longdesc:
            usage += ["", fill(_(self.longdesc), width)]
        return "\n".join(usage) + "\n"

    def _words(self, flag: str) -> str:
        """Return what a flag is for, and its default."""
        words = _(cleandoc(self.docs[flag])).format(all=", ".join(choices(flag)))
        default = self.defaults.get(flag) or None  # flags without a value have 0
        return words if default is None else words + " " + _("[default: {value}]").format(value=default)

    def _misused(self, flag: str) -> str:
        """Return what is wrong with a flag that getopt takes offence at."""
        if f"{flag}=" in self.longOpt:
            return _("--{flag} needs a value").format(flag=flag)
        if flag in self.longOpt:
            return _("--{flag} takes no value").format(flag=flag)
        if meant := [f"--{each.rstrip('=')}" for each in self.longOpt if each.startswith(flag)]:
            return _("--{flag} may be any of {flags}").format(flag=flag, flags=", ".join(meant))
        return _("there is no option {flag}").format(flag=f"-{flag}" if len(flag) == 1 else f"--{flag}")


class Subcommand(CommandLine):
    """A command line that `main` parses, and then runs."""

    summary: Callable[[], str]
    """What it does, in a line."""

    def run(self) -> int:
        """Do it and return the exit status."""
        raise NotImplementedError


def complain(about: object, words: str, status: int = 1) -> int:
    """Say what is wrong, and return the exit status."""
    say(f"tcpchat: {about}: {words}")
    return status


def _wish(arguments: Sequence[str]) -> str:
    """Return what stands behind `--lang`: looked for before anything is checked, for that may have to be refused in words."""
    wish = AUTO
    for argument, following in pairwise([*arguments, ""]):
        flag, equals, value = argument.partition("=")
        value = value if equals else following
        if len(flag) > 2 and "--lang".startswith(flag) and (value == AUTO or known(value)):
            wish = value
    return wish


def _refuse_passphrase(arguments: Sequence[str]) -> None:
    """Refuse a passphrase on the command line, and don't repeat it: getopt would take `--passphrase x` for the name of a file."""
    for argument in takewhile(lambda each: each != "--", arguments):
        flag = argument.partition("=")[0]
        if flag.startswith("--pa") and "--passphrase".startswith(flag):
            raise UsageError(
                _(
                    "a passphrase is not given on the command line, where other users of this machine can see it: use "
                    "--ask-passphrase, --passphrase-file FILE or the environment's TCPCHAT_PASSPHRASE"
                )
            )
