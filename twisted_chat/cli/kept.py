"""One group's conversation as it is kept here: a subcommand finds which one is meant, and which records of it are missing."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from twisted.python.usage import UsageError

from twisted_chat.cli.commandline import Subcommand
from twisted_chat.cli.flags import CONVERSATION
from twisted_chat.core.feeds.batches import Batch, FeedId
from twisted_chat.core.group import Group
from twisted_chat.core.replication.holes import Runs, missing
from twisted_chat.core.writing.text import clean
from twisted_chat.speech.advice import numbers
from twisted_chat.speech.i18n import _
from twisted_chat.storage.folders import DataDirectory, IdentityFolder
from twisted_chat.storage.tables import Tables


class OfConversation(Subcommand):
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

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep peers, and other subcommands that change something, out meanwhile. Raises `StorageError` if one is in."""
        self.folder.lock(f"tcpchat {type(self).__name__.lower()}, process {os.getpid()}")
        try:
            yield
        finally:
            self.folder.unlock()

    def _has(self, folder: IdentityFolder, closed: bool) -> bool:
        """Whether there is something of the group in the folder."""
        return folder.database(self["group"], closed).exists()

    def _kept(self, folder: IdentityFolder) -> Group:
        """Return the one group of the name given that is kept, and of the kind given, if that is."""
        kinds = [closed for closed in (False, True) if self["closed" if closed else "open"]] or [False, True]
        kept = [closed for closed in kinds if self._has(folder, closed)]
        if len(kept) == 1:
            return Group(self["group"], kept[0])
        if kept:
            words = _("--group {group!r}: {name} has an open and a closed group of that name; add --open or --closed")
        else:
            words = _("--group {group!r}: {name} has no conversation of that group; {kept}")
        known = _listed(folder.conversations(), _("none is known here"))
        raise UsageError(words.format(group=self["group"], name=self["name"], kept=known))


def _listed(names: Sequence[str], none: str) -> str:
    return _("known here: {names}").format(names=", ".join(names)) if names else none


class Inventory:
    """Which records should be in an archive, and which were."""

    def __init__(self) -> None:
        self._names: dict[bytes, str] = {}
        self._expected: Mapping[FeedId, Runs] = {}
        self._noted: dict[FeedId, list[tuple[int, int]]] = {}

    def expect(self, tables: Tables) -> None:
        """Expect all that tables say is held."""
        self._expected = tables.runs()
        self._names.update(tables.names())

    def note(self, batch: Batch) -> Batch:
        """Note a batch, and return it; each feed in order."""
        self._names[batch.feed.author] = batch.name
        noted = self._noted.setdefault(batch.feed, [])
        if noted and noted[-1][1] + 1 == batch.first:
            noted[-1] = noted[-1][0], batch.last
        else:
            noted.append((batch.first, batch.last))
        return batch

    def lost(self) -> list[tuple[str, str]]:
        """Return whose records are missing, and which."""
        return named(
            {feed: missing(runs, self._noted.get(feed, ())) for feed, runs in self._expected.items()}, self._names
        )


def named(lost: Mapping[FeedId, Runs], names: Mapping[bytes, str]) -> list[tuple[str, str]]:
    """Return the name of each author of whom something is lost, and the numbers of the records, safe to show."""
    by_author: dict[bytes, list[tuple[int, int]]] = {}
    for feed, runs in lost.items():
        if runs:
            by_author.setdefault(feed.author, []).extend(runs)
    return [(clean(names.get(author, author[:4].hex())), numbers(runs)) for author, runs in by_author.items()]
