"""The subcommands of `tcpchat`, besides being a peer: `tcpchat invite`, `send`, `export`, `verify`, `repair` and `forget`.

Exit status: 0 all is well; 1 it could not be done (yet), or what `verify` looked at is not as it should be; 2 the command line is
wrong, or what `verify` was given can't be read as an archive. What goes wrong is one line on stderr.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from errno import EBADF
from pathlib import Path
from textwrap import fill
from typing import BinaryIO, Literal, TextIO

from twisted.python.usage import UsageError

from twisted_chat.archive import checking, writing
from twisted_chat.archive.lines import NotAnArchive
from twisted_chat.cli.commandline import Subcommand, columns, complain
from twisted_chat.cli.flags import EXPORT, FORGET
from twisted_chat.cli.invite import Invite
from twisted_chat.cli.kept import Inventory, OfConversation, named
from twisted_chat.cli.prompts import find_terminal
from twisted_chat.cli.schema import Schema
from twisted_chat.cli.send import Send
from twisted_chat.cli.standard import say, show
from twisted_chat.core.errors import ChatError
from twisted_chat.core.marks import N_
from twisted_chat.core.writing.text import clean
from twisted_chat.speech.i18n import _
from twisted_chat.speech.refusals import unusable
from twisted_chat.speech.verdict import counted, kind, verdict
from twisted_chat.storage.errors import DAMAGED, StorageError
from twisted_chat.storage.files import whole
from twisted_chat.storage.folders import IdentityFolder
from twisted_chat.storage.reading import reading
from twisted_chat.storage.repair import repair, salvaged
from twisted_chat.storage.tables import Tables


class Export(OfConversation):
    """`tcpchat export`: write an archive, also while the peer runs."""

    summary = staticmethod(lambda: _("write a conversation, with its signatures, to a file"))
    synopsis = N_("Usage: tcpchat export --name NAME [options]")
    longdesc = N_(
        "One JSON object a line, oldest first. The peer may go on running. 'tcpchat verify' checks such a file."
    )
    flags = EXPORT

    def run(self) -> int:
        """Write the archive; whatever can't be read from the disk is left out and told."""
        group, identity, now = self.group, self.folder.identity, int(time.time() * 1000)
        inventory = Inventory()
        try:
            with (
                _written(self["output"]) as file,  # first: it is not replaced by what was not read to the end
                self._readable() as tables,
                closing(tables.by_time()) as batches,
                closing(tables.forks()) as forks,
            ):
                inventory.expect(tables)
                messages = writing.write(file, group, identity, self["name"], now, map(inventory.note, batches), forks)
        except BrokenPipeError:
            raise
        except OSError as error:
            output = _("standard output") if self["output"] == "-" else self["output"]
            return complain(output, error.strerror or str(error))
        lost = inventory.lost()
        for name, which in lost:
            words = _("left out, for it can't be read: {name} {numbers}").format(name=name, numbers=which)
            complain(self.database, words)
        if self._salvaged:
            complain(
                self.database, _("it is damaged, and only what can be read of it was written; see 'tcpchat repair'")
            )
        if self["output"] != "-":
            say(_("{count} written to {file}").format(count=counted(messages), file=self["output"]))
        return 1 if lost or self._salvaged else 0

    _salvaged = False

    @contextmanager
    def _readable(self) -> Iterator[Tables]:
        """Give the tables as they are; of a damaged database, what can be read."""
        try:
            with reading(self.database) as tables:
                for _batch in tables.by_time():  # sorts all there are
                    break
        except StorageError as error:
            if error.code != DAMAGED:
                raise
            self._salvaged = True
        with salvaged(self.database) if self._salvaged else reading(self.database) as tables:
            yield tables


class Repair(OfConversation):
    """`tcpchat repair`: mend what is kept here of a conversation, if its disk has lied."""

    summary = staticmethod(lambda: _("mend a damaged conversation, so that what is lost of it is fetched again"))
    synopsis = N_("Usage: tcpchat repair --name NAME [options]")
    longdesc = N_(
        "Looks at all that is kept, and drops what can't be read: it is fetched from others when the peer runs next, if they "
        "have it. If the database itself is damaged, what can be read goes into a new one, and the damaged one stays beside it. "
        "The peer must not be running."
    )

    def run(self) -> int:
        """Keep peers out, look at everything, say what was done."""
        with self.locked():
            repaired = repair(self.database)
        for name, which in named(repaired.lost, repaired.names):
            say(_("dropped, for it can't be read: {name} {numbers}").format(name=name, numbers=which))
        if repaired.damaged is not None:
            words = _(
                "It was damaged: what could be read of it is in a new database now, and what was there is in {file}."
            )
            say(words.format(file=repaired.damaged))
        elif not repaired.lost:
            say(_("Nothing was wrong with it."))
        if repaired.lost or repaired.damaged is not None:
            say(_("What is missing comes back when the peer runs, if others have it."))
        return 0


class Verify(Subcommand):
    """`tcpchat verify`: check an archive."""

    summary = staticmethod(lambda: _("check such a file: who said what, what is missing, what is forged"))
    synopsis = N_("Usage: tcpchat verify FILE")
    longdesc = N_(
        "FILE is what 'tcpchat export' wrote; - reads standard input. Needs no network and no keys. Exit status: 0 all is well, "
        "1 something is missing, forged or contradictory, 2 it can't be read as such a file."
    )

    def parseArgs(self, *files: str) -> None:
        """Take the one file."""
        if len(files) != 1 or not files[0]:
            raise UsageError(_("one FILE is needed, or - for standard input"))
        self["file"] = files[0]

    def run(self) -> int:
        """Print what there is and what is wrong with it."""
        path = self["file"]
        about = _("standard input") if path == "-" else path
        try:
            with _opened(path, "rb", sys.stdin) as file:
                report = checking.check(file)
        except OSError as error:
            return complain(about, error.strerror or str(error), 2)
        except NotAnArchive as error:
            words = (
                _("it was written by a newer tcpchat; update this one to check it")
                if error.newer
                else _("it is not what 'tcpchat export' writes")
            )
            return complain(about, words, 2)
        show("\n".join(verdict(report)))
        return 1 if report.faults else 0


class Forget(OfConversation):
    """`tcpchat forget`: delete what is kept here of a conversation."""

    summary = staticmethod(lambda: _("delete what is kept here of a group's conversation"))
    synopsis = N_("Usage: tcpchat forget --name NAME [options]")
    longdesc = N_(
        "Asks before it deletes. Others keep the conversation: it comes back if you join the group again while one of them is "
        "there. The key stays, so you remain who you are to them; so do logs and exported files. The lines you typed at a "
        "terminal are kept for all groups together: they go with the last one."
    )
    flags = FORGET

    def run(self) -> int:
        """Keep peers out, ask, delete."""
        with self.locked():
            if not (self["yes"] or self._agreed()):
                say(_("Nothing was deleted."))
                return 1
            self.folder.erase(self.group.name, self.group.closed)
        say(
            _(
                "Deleted. Others still have the conversation, and it comes back if you join them again. Your key, logs and "
                "exported files stay."
            )
        )
        if self.folder.typed.exists():
            say(
                _(
                    "What you typed at a terminal stays too, in {file}: it is of all your groups, and goes with the last."
                ).format(file=self.folder.typed)
            )
        return 0

    def _has(self, folder: IdentityFolder, closed: bool) -> bool:
        return super()._has(folder, closed) or folder.former(self["group"], closed).exists()

    def _agreed(self) -> bool:
        terminal = find_terminal()
        if terminal is None:
            raise UsageError(_("there is no terminal to ask at: give --yes to delete without being asked"))
        question = _("Delete what {name} has of group {group} ({kind}): {count}? Type {yes} to do it: ")
        try:
            with reading(self.database) as tables:
                count = counted(tables.count())
        except StorageError as error:
            count = unusable(error)
        yes = _("yes")
        asked = question.format(
            name=self["name"], group=self.group.name, kind=kind(self.group.closed), count=count, yes=yes
        )
        answer = terminal.question(clean(asked))
        return answer.strip().lower() == yes


SUBCOMMANDS: dict[str, type[Subcommand]] = {
    "invite": Invite,
    "send": Send,
    "export": Export,
    "verify": Verify,
    "repair": Repair,
    "forget": Forget,
    "schema": Schema,
}
"""Every subcommand, in the order in which `tcpchat --help` lists them."""


def overview(width: int | None = None) -> str:
    """Return what each subcommand does, for a terminal of that width, for `tcpchat --help`."""
    longest = max(map(len, SUBCOMMANDS))
    lines = [
        fill(
            command.summary(),
            columns(width),
            initial_indent=f"  tcpchat {name:<{longest}}  ",
            subsequent_indent=" " * (longest + 12),
        )
        for name, command in SUBCOMMANDS.items()
    ]
    return "\n".join([fill(_("Other commands, each with its own --help:"), columns(width)), *lines]) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Run the subcommand that `arguments` begin with, a key of `SUBCOMMANDS`; return the exit status."""
    name, *rest = arguments
    command = SUBCOMMANDS[name]()
    try:
        command.parseOptions(rest)
        status = command.run()
    except UsageError as error:
        return complain(name, _("{fault} (see tcpchat {name} --help)").format(fault=error, name=name), 2)
    except StorageError as error:
        return complain(name, unusable(error))
    except ChatError as error:
        return complain(name, str(error))
    except BrokenPipeError:
        return 1
    except OSError as error:
        return complain(name, error.strerror or str(error))
    except (EOFError, KeyboardInterrupt) as left:
        say("")
        return 130 if isinstance(left, KeyboardInterrupt) else 1
    return status


@contextmanager
def _written(output: str) -> Iterator[BinaryIO]:
    """Give the file to write to: whole or not at all, unless it is a pipe or a device, which can't be replaced."""
    path = Path(os.path.realpath(output))
    if output == "-" or (path.exists() and not path.is_file()):
        with _opened(output, "wb", sys.stdout) as file:
            yield file
    else:
        with whole(path) as file:
            yield file


def _opened(path: str, mode: Literal["rb", "wb"], standard: TextIO | None) -> BinaryIO:
    """Open `path`, or for `-` what is under the `standard` stream: through a buffer, which that one may be without."""
    if path != "-":
        return open(path, mode)
    if standard is None:  # so was this process started
        raise OSError(EBADF, os.strerror(EBADF))
    return open(standard.fileno(), mode, closefd=False)
