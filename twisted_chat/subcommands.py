"""What `tcpchat` does besides being a peer: `tcpchat invite`, `send`, `export`, `verify` and `forget`.

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

from twisted_chat import archive
from twisted_chat.archive import NotAnArchive
from twisted_chat.cli.commandline import Subcommand, columns, complain
from twisted_chat.cli.flags import CONVERSATION, EXPORT, FORGET
from twisted_chat.cli.prompts import find_terminal
from twisted_chat.core.errors import ChatError
from twisted_chat.core.feeds import Group
from twisted_chat.core.marks import N_
from twisted_chat.core.text import clean
from twisted_chat.i18n import _
from twisted_chat.invite import Invite
from twisted_chat.send import Send
from twisted_chat.standard import say, show
from twisted_chat.storage.errors import StorageError
from twisted_chat.storage.files import whole
from twisted_chat.storage.folders import DataDirectory, IdentityFolder
from twisted_chat.storage.reading import reading
from twisted_chat.verdict import counted, kind, verdict
from twisted_chat.words import unusable


class _OfConversation(Subcommand):
    """A subcommand for one group's conversation as one identity has it."""

    flags = CONVERSATION

    folder: IdentityFolder
    group: Group
    database: Path

    def postOptions(self) -> None:
        """Find the identity and the conversation."""
        super().postOptions()
        directory = DataDirectory(self["data"])
        names = _listed(directory.names(), _("none is known in {root}").format(root=directory.root))
        if self["name"] is None:
            raise UsageError(_("--name is missing; {names}").format(names=names))
        folder = directory.find(self["name"])
        if folder is None:
            raise UsageError(
                _("--name {name!r}: nobody of that name has been here; {names}").format(name=self["name"], names=names)
            )
        found = self._kept(folder)
        self.folder, self.group, self.database = folder, found, folder.database(found.name, found.closed)

    def _kept(self, folder: IdentityFolder) -> Group:
        """Return the one group of the name given that is kept, and of the kind given, if that is."""
        kinds = [closed for closed in (False, True) if self["closed" if closed else "open"]] or [False, True]
        kept = [closed for closed in kinds if folder.database(self["group"], closed).exists()]
        if len(kept) == 1:
            return Group(self["group"], kept[0])
        if kept:
            words = _("--group {group!r}: {name} has an open and a closed group of that name; add --open or --closed")
        else:
            words = _("--group {group!r}: {name} has no conversation of that group; {kept}")
        known = _listed(folder.conversations(), _("none is known here"))
        raise UsageError(words.format(group=self["group"], name=self["name"], kept=known))


class Export(_OfConversation):
    """`tcpchat export`: write an archive, also while the peer runs."""

    summary = staticmethod(lambda: _("write a conversation, with its signatures, to a file"))
    synopsis = N_("Usage: tcpchat export --name NAME [options]")
    longdesc = N_(
        "One JSON object a line, oldest first. The peer may go on running. 'tcpchat verify' checks such a file."
    )
    flags = EXPORT

    def run(self) -> int:
        """Write the archive; whatever can't be read from the disk is left out and told."""
        damaged: list[str] = []
        group, identity, now = self.group, self.folder.identity, int(time.time() * 1000)
        try:
            with (
                _written(self["output"]) as file,  # first: it is not replaced by what was not read to the end
                reading(self.database, damaged.append) as tables,
                closing(tables.by_time()) as batches,
                closing(tables.forks()) as forks,
            ):
                messages = archive.write(file, group, identity, self["name"], now, batches, forks)
        except BrokenPipeError:
            raise
        except OSError as error:
            output = _("standard output") if self["output"] == "-" else self["output"]
            return complain(output, error.strerror or str(error))
        for words in damaged:
            complain(self.database, _("left out: {words}").format(words=words))
        if self["output"] != "-":
            say(_("{count} written to {file}").format(count=counted(messages), file=self["output"]))
        return 1 if damaged else 0


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
                report = archive.check(file)
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


class Forget(_OfConversation):
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
        self.folder.lock(f"tcpchat forget, process {os.getpid()}")
        try:
            if not (self["yes"] or self._agreed()):
                say(_("Nothing was deleted."))
                return 1
            self.folder.erase(self.group.name, self.group.closed)
        finally:
            self.folder.unlock()
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

    def _agreed(self) -> bool:
        terminal = find_terminal()
        if terminal is None:
            raise UsageError(_("there is no terminal to ask at: give --yes to delete without being asked"))
        question = _("Delete what {name} has of group {group} ({kind}): {count}? Type {yes} to do it: ")
        try:
            with reading(self.database, lambda words: None) as tables:
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
    "forget": Forget,
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


def _listed(names: Sequence[str], none: str) -> str:
    return _("known here: {names}").format(names=", ".join(names)) if names else none


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
