"""The facts about members that last from one start of this peer to the next."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from functools import partial
from operator import attrgetter
from typing import Any

from twisted.internet.defer import Deferred, inlineCallbacks

from twisted_chat.core.feeds.batches import Batch
from twisted_chat.core.people.roster import Roster
from twisted_chat.core.replication.insisting import Insisting, log_failure
from twisted_chat.core.replication.store import Held, Known, Loaded, Store


class Remembering:
    """Fills a roster from a store, and keeps the changes there.

    It makes one call of the store at a time. While the disk refuses, changes wait here, one for each member. A failed call is
    made again before later changes.
    """

    def __init__(self, roster: Roster, store: Store, insisting: Insisting) -> None:
        self._roster = roster
        self._store = store
        self._insisting = insisting
        self._waiting: dict[bytes, Known] = {}
        self._writing = False

    @inlineCallbacks
    def begin(self, loaded: Loaded) -> Generator[Deferred[Any], Any, None]:
        """Begin with the members that the store holds; fires when every author in it has its name. Fails with the store's
        failure.

        If the store has no members, as after a former version, a name belongs to its first author. Otherwise a member that is
        missing there has a key that is not durable, or goes by another's name.
        """
        roster, first = self._roster, not loaded.members
        feeds: dict[bytes, list[Held]] = {}
        for held in sorted(loaded.held, key=attrgetter("tip_lc")):
            feeds.setdefault(held.feed.author, []).append(held)
        heard = {author: of_author[-1].tip_lc for author, of_author in feeds.items()}
        roster.load(loaded.members, heard)
        said: list[Batch] = []
        for author, of_author in feeds.items():
            if roster.get(author) is None:
                for feed, record in ((of_author[0].feed, of_author[0].low), (of_author[-1].feed, of_author[-1].high)):
                    page: Sequence[Batch] = yield self._store.read(feed, record, 1)
                    said += page
        for batch in sorted(said, key=attrgetter("lc")):
            author = batch.feed.author
            roster.claim(author, batch.name, batch.lc, durable=first).heard = heard[author]
        roster.keep = self._keep
        for member in roster.everybody() if first else [roster.own]:
            self._keep(member.known)

    def end(self) -> None:
        """Give the store all that waits, and nothing after that. The store can be closed then."""
        self._roster.keep = lambda known: None
        waiting, self._waiting = self._waiting, {}
        if waiting:
            self._store.know(list(waiting.values())).addErrback(log_failure)

    def _keep(self, known: Known) -> None:
        self._waiting[known.id] = known
        self._write()

    def _write(self, result: None = None) -> None:
        if self._waiting and not self._writing:
            waiting, self._waiting = self._waiting, {}
            self._writing = True
            self._insisting.ask(partial(self._store.know, list(waiting.values())), self._written)

    def _written(self, result: None) -> None:
        self._writing = False
        self._write()
