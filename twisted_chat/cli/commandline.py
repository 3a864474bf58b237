"""The parts of every command line: flags out of the table, `--lang`, `--version`, help and refusals in that language."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from getopt import GetoptError
from itertools import pairwise, takewhile
from textwrap import fill
from typing import Any

from twisted.python.usage import Options as BaseOptions
from twisted.python.usage import UsageError

from twisted_chat import __version__
from twisted_chat.cli import configuration
from twisted_chat.cli.flags import COMMON, CONFIG, LANG, Flag, Form, Section
from twisted_chat.cli.standard import say, show
from twisted_chat.core.marks import N_
from twisted_chat.speech.i18n import AUTO, _, choose, known

MIN_COLUMNS, MAX_COLUMNS = 40, 80
"""Help is not made for narrower terminals, and is not wider on others."""
MIN_WORDS = 30
"""Columns that the words of a flag need to stand beside it, and not below."""
_UNBROKEN = "\xa0"
"""A space at which no line is broken, until that has been done."""


def _taking(flag: Flag) -> Callable[..., None]:
    """Return the method by which `BaseOptions` takes a flag. What stands behind it is checked later, by `postOptions`."""

    def switch(self: CommandLine) -> None:
        self.given[flag.name] = []

    def take(self: CommandLine, value: str) -> None:
        self.given.setdefault(flag.name, []).append(value)

    method = switch if flag.form is Form.SWITCH else take
    method.__doc__ = flag.words  # for what completes command lines
    return method


class CommandLine(BaseOptions):
    """A command line that has `flags` besides those that all have. Its `synopsis` and `longdesc` are marked for translation.

    Once `postOptions` has returned, the value of every flag is there under its name: that of the command line, else that of
    the configuration file, else the default.
    """

    flags: Sequence[Flag] = ()
    synopsis = N_("[options]")
    longdesc = ""
    opt_lang = _taking(LANG)

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for flag in cls.flags:
            setattr(cls, f"opt_{flag.name.replace('-', '_')}", _taking(flag))

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.given: dict[str, list[str]] = {}
        """The values on the command line, by flag."""
        self._configured: dict[str, Any] = {}

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

    def postOptions(self) -> None:
        """Check what is given on the command line and in the configuration file, and settle the value of each flag.

        Call it before anything else is checked. Raises `UsageError`.
        """
        path, keys = "", {}
        if files := self.given.get(CONFIG.name):
            path = CONFIG.parse(f"--{CONFIG.name}", files)
            keys = configuration.load(path)
        if LANG.name not in self.given and isinstance(lang := keys.get(LANG.name), str):
            choose(lang)
        given = {
            flag.name: flag.parse(f"--{flag.name}", self.given[flag.name])
            for flag in (*self.flags, LANG)
            if flag.name in self.given
        }
        self._configured = configuration.check(path, keys)
        for flag in (*self.flags, LANG):
            values = [source[flag.name] for source in (given, self._configured) if flag.name in source]
            self[flag.name] = values[0] if values else flag.preset()

    def where(self, flag: str) -> str:
        """Return how people are told that a flag was given: `--port`, or `class.toml: port`."""
        if flag in self._configured and flag not in self.given:
            return configuration.source(self[CONFIG.name], flag)
        return f"--{flag}"

    def opt_help(self) -> None:
        """Show the help and exit."""
        show(str(self))
        raise SystemExit(0)

    def opt_version(self) -> None:
        """Show the version and exit."""
        show(f"tcpchat {__version__}")
        raise SystemExit(0)

    def getSynopsis(self) -> str:
        """Return how to call it."""
        own = _(self.synopsis)
        return own if self.parent is None else f"{self.parent.getSynopsis()} {self.parent.subCommand} {own}"

    def getUsage(self, width: int | None = None) -> str:
        """Return what `--help` says after the synopsis: the flags, section by section, and `longdesc`."""
        return "\n".join(self._usage(columns(width))) + "\n"

    def _usage(self, width: int) -> Iterator[str]:
        flags = (*self.flags, *COMMON)
        column = max(len(_shape(flag)) for flag in flags) + 4
        for section in Section:
            if within := [flag for flag in flags if flag.section is section]:
                yield ""
                yield _(section.value)
                for flag in within:
                    yield from _described(flag, width, column)
        if self.longdesc:
            yield from ("", fill(_(self.longdesc), width))

    def _misused(self, flag: str) -> str:
        """Return what is wrong with a flag that getopt takes offence at."""
        if f"{flag}=" in self.longOpt:
            return _("--{flag} needs a value").format(flag=flag)
        if flag in self.longOpt:
            return _("--{flag} takes no value").format(flag=flag)
        if meant := [f"--{each.rstrip('=')}" for each in self.longOpt if each.startswith(flag)]:
            return _("--{flag} may be any of {flags}").format(flag=flag, flags=", ".join(sorted(meant)))
        return _("there is no option {flag}").format(flag=f"-{flag}" if len(flag) == 1 else f"--{flag}")


class Subcommand(CommandLine):
    """A command line that `main` parses, and then runs."""

    summary: Callable[[], str]
    """Its purpose, in a line."""

    def run(self) -> int:
        """Do it and return the exit status."""
        raise NotImplementedError


def complain(about: object, words: str, status: int = 1) -> int:
    """Say what is wrong, and return the exit status."""
    say(f"tcpchat: {about}: {words}")
    return status


def columns(width: int | None = None) -> int:
    """Return how wide help is made for a terminal `width` columns wide, or for the one that there is."""
    return max(MIN_COLUMNS, min(MAX_COLUMNS, width or shutil.get_terminal_size().columns))


def _shape(flag: Flag) -> str:
    """Return how a flag is written, such as `--port PORT`."""
    return f"--{flag.name} {_(flag.value)}".rstrip()


def _described(flag: Flag, width: int, column: int) -> Iterator[str]:
    """Yield the lines of `--help` about a flag: its words from `column` on, or, if there is no room for them, below it."""
    words = _(flag.words).format(all=", ".join(flag.choices()))
    if flag.default is not None:
        words += " " + _("[default: {value}]").format(value=flag.default).replace(" ", _UNBROKEN)
    shape = f"  {_shape(flag)}"
    if width - column >= MIN_WORDS:
        filled = fill(words, width, initial_indent=f"{shape:<{column}}", subsequent_indent=" " * column)
    else:
        yield shape
        filled = fill(words, width, initial_indent=" " * 6, subsequent_indent=" " * 6)
    yield filled.replace(_UNBROKEN, " ")


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
