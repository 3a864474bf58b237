"""One peer, put together from its parts; `service` does that for twistd, the tests for themselves."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Generator, Hashable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, inlineCallbacks, succeed
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.failure import Failure

from twisted_chat.core.clock import HybridClock
from twisted_chat.core.conversation import Conversation
from twisted_chat.core.events import (
    ClockOff,
    Crowded,
    Damaged,
    Forked,
    Mended,
    QuotaReached,
    StoreFailing,
    StoreRecovered,
    Trimmed,
    Undiscoverable,
    Unheard,
)
from twisted_chat.core.feeds.batches import Batch, FeedId
from twisted_chat.core.feeds.private import Seals
from twisted_chat.core.group import Group
from twisted_chat.core.keys import SEED_BYTES, Identity
from twisted_chat.core.people.belief import Belief
from twisted_chat.core.people.remembering import Remembering
from twisted_chat.core.people.roster import Roster
from twisted_chat.core.people.skew import Skews
from twisted_chat.core.replication.crowding import Crowd
from twisted_chat.core.replication.replica import Replica
from twisted_chat.core.replication.store import Store
from twisted_chat.core.status import Diagnosis, Status, compare
from twisted_chat.core.wire.acquaintance import Acquaintances
from twisted_chat.core.wire.frames import MAX_INT
from twisted_chat.core.wire.opening import Introduction
from twisted_chat.net.dialing import ANNOUNCED
from twisted_chat.net.discovery import Discovery, Report
from twisted_chat.net.mesh import Mesh
from twisted_chat.storage.resumption import Resumption

DELIVERY_SECONDS = 5.0
"""How long a peer that leaves waits for what it said to go out."""
DELIVERY_LOOK = 0.02
NOTABLE = 2_000
"""Batches that tell of rooms and topics, looked through at the start."""
DAY = 24 * 3600.0
DISK_SECONDS = 2.0
"""How long a disk may take to say how much room it has."""
MAX_DEAF = 64
"""Members that are told of as taking nothing more."""

_log = Logger()


@dataclass(frozen=True)
class Address:
    """Where this peer listens, and where it looks for others."""

    host: str
    port: int
    dialed: tuple[tuple[str, int], ...]
    max_links: int = 64


def random_whole() -> int:
    """Return a random number that any JSON library and SQLite hold exactly."""
    return secrets.randbelow(MAX_INT + 1)


class Peer:
    """A conversation, the replica under it, and the mesh that connects it to others."""

    def __init__(
        self,
        reactor: Any,
        wall: Callable[[], float],
        identity: Identity | None,
        name: str,
        group: Group,
        address: Address,
        store: Store,
        leave: Callable[[], object],
        new_epoch: Callable[[], int] = random_whole,
        keep: float | None = None,
        renamed: Callable[[str], object] = lambda name: None,
        data: Path | None = None,
        passphrase: str | None = None,
        quota: int | None = None,
        discovery: Callable[[Report, Report, Callable[[str], None]], Discovery] | None = None,
        routes: Callable[[Iterable[str]], Mapping[str, Hashable]] | None = None,
        resumption: Resumption | None = None,
    ) -> None:
        """`reactor` makes connections and keeps monotonic time, `wall` is seconds since 1970; without an `identity` a
        new one is made. `leave` is what a front end calls that wants to leave: it is to lead to `stop`. What was received
        over `keep` seconds ago is given up, if that is not None, by a clock that others agree with. `renamed` hears of another
        name this peer takes. `data` is the directory where `store` keeps what it has, if it does. A closed `group` needs its
        `passphrase`.
        Of each author `quota` bytes are kept, any number if it is None.
        `discovery` makes what finds others on the network, of what it is to call for an address found, one that is gone, and a
        trouble. `routes` says how hosts are reached from here, so that a network that changes is noticed. `resumption` is for
        going on with the epoch of the last process that kept its messages in `store`.
        """
        identity = identity or Identity(secrets.token_bytes(SEED_BYTES))
        self._reactor = reactor
        self._address = address
        self._store = store
        self._starting: Deferred[None] | None = None
        self._leaving: Deferred[None] | None = None
        self._wall = wall
        self._keep = keep
        self._data = data
        self._resumption = resumption
        self._trimming: Any = None
        self._skews = Skews(reactor.seconds)
        self._belief = Belief()
        self._trim_due = False
        self._store_trouble = ""
        self._deaf: set[bytes] = set()
        """Who was told of as taking nothing more."""
        self._live = False
        self._started = False
        store.trouble = self._trouble
        store.damaged = lambda feed: self.replica.losses.check(feed)
        hybrid = HybridClock(wall)
        self.replica = Replica(identity, group, name, store, self, reactor, hybrid, new_epoch, quota)
        roster, seals = Roster(identity.id, name), Seals(identity, group)
        self._remembering = Remembering(roster, store, self.replica.insisting)
        self.conversation = Conversation(
            roster, self.replica, leave, reactor, hybrid, store, self.status, seals, self._rename, self.diagnose
        )
        self._renamed = renamed
        introduction = self._introduction = Introduction(
            identity, group, name, address.port, random_whole(), store.durable, passphrase or ""
        )
        introduction.acquaintances = Acquaintances(identity, group, self._acquainted)
        self._discovery = discovery and discovery(self._found, self._vanished, self._undiscoverable)
        self.mesh = Mesh(reactor, wall, introduction, self.replica, self.conversation, address.max_links, routes)

    def listen(self) -> None:
        """Take hold of the port; calls wait until `start`. Raises `CannotListenError` if it is taken."""
        self.mesh.listen(self._address.host)

    def start(self) -> Deferred[None]:
        """Load what is held, take calls, and dial. Fails with what the store says if it can't be read."""
        self._starting = self._start()
        return self._starting

    @inlineCallbacks
    def _start(self) -> Generator[Deferred[Any], Any, None]:
        loaded = yield self._store.load()
        yield self._remembering.begin(loaded)
        self.replica.load(loaded)
        me = self.conversation.roster.own.id
        own = yield self._store.notable(NOTABLE, me)  # however much others spoke in rooms since
        notable = yield self._store.notable(NOTABLE)
        yield self.conversation.begin([*own, *notable])
        self.replica.start(self._resumption.take() if self._resumption is not None else None)
        self._started = True
        if self._leaving is None:
            self.mesh.start(self._address.dialed)
            if self._discovery is not None:
                self._discovery.start()
            self._trim()

    def status(self) -> Status:
        """Return who holds what, and how the links are."""
        records = sum(holding.kept_high - holding.kept_low + 1 for holding in self.replica.holdings.values())
        neighbours = self.replica.neighbours.values()
        copies = compare(self.replica.holdings, neighbours, self.conversation.roster)
        full = [self.conversation.roster.shown(author) for author in self.replica.quotas.full]
        return Status(
            records, self.replica.saving.unsaved, copies, self.mesh.status(), full, self.mesh.outcomes.refused
        )

    def diagnose(self) -> Deferred[Diagnosis]:
        """Return what may keep this peer from others, or from keeping what they say; within `DISK_SECONDS`."""

        def diagnosis(free: int | None) -> Diagnosis:
            return Diagnosis(
                (self._address.host, self._address.port) if self._address.port else None,
                self.mesh.survey(),
                {self.conversation.roster.shown(member): ahead for member, ahead in self._skews.notable().items()},
                self._skews.ours(),
                None if self._data is None else str(self._data),
                free,
                self.replica.saving.unsaved,
                self._store_trouble,
                [self._named(crowd) for crowd in self.replica.crowding.near()],
                {
                    self.conversation.roster.shown(author): lost
                    for author, lost in self.replica.losses.by_author().items()
                },
            )

        return self._free().addCallback(diagnosis)

    def _free(self) -> Deferred[int | None]:
        """Return the bytes free where messages are kept. Asked in a thread: a disk may be far away."""
        if self._data is None:
            return succeed(None)

        def untold(reason: Failure) -> None:
            reason.trap(OSError, TimeoutError)

        asked = deferToThreadPool(self._reactor, self._reactor.getThreadPool(), shutil.disk_usage, self._data)
        return asked.addTimeout(DISK_SECONDS, self._reactor).addCallbacks(lambda usage: usage.free, untold)

    def _acquainted(self) -> list[bytes]:
        """Return the members that may know this peer, and the passphrase: who was verified first, then who was here last."""
        others = self.conversation.roster.others()
        others.sort(key=lambda member: (member.verified, max(member.seen, member.heard)), reverse=True)
        return [member.id for member in others if not self.mesh.outcomes.mistrusts(member.id)]

    def _rename(self, name: str) -> None:
        self.replica.rename(name)
        self._introduction.name = name
        self._renamed(name)

    def _trim(self) -> None:
        """Give up, now and daily, what is older than is to be kept: once somebody else's clock agrees with ours, for by one
        that is a year ahead everything is."""
        if self._keep is None or self._leaving is not None:
            return
        self._trimming = self._reactor.callLater(DAY, self._trim)
        self._trim_due = True
        self._trim_if_believed(self._keep)

    def _trim_if_believed(self, keep: float) -> None:
        wall = self._wall()
        if not self._belief.holds(wall, self._reactor.seconds()):
            return
        self._trim_due = False
        before = wall - keep

        def trimmed(lows: dict[FeedId, int]) -> None:
            self.replica.trimmed(lows)
            if lows:
                self.conversation.emit(Trimmed(before))

        trimming = self._store.trim(int(before * 1000)).addCallback(trimmed)
        trimming.addErrback(lambda reason: _log.failure("what is old can't be given up:", reason))

    def stop(self) -> Deferred[None]:
        """Get out what was said, within 5 s, say goodbye, and close the store; fires when all is done."""
        done: Deferred[None] = Deferred()
        if self._leaving is None:
            self._leaving = self._stop()
        self._leaving.addCallbacks(done.callback, done.errback)
        return done

    @inlineCallbacks
    def _stop(self) -> Generator[Deferred[Any], Any, None]:
        if self._trimming is not None:
            self._trimming.cancel()
        if self._starting is not None:
            yield _end_of(self._starting)  # what was said meanwhile is kept, even if nobody hears it now
        self.replica.flush()
        deadline = self._reactor.seconds() + DELIVERY_SECONDS
        while not self.replica.receipts.sent() and self._reactor.seconds() < deadline:
            look: Deferred[None] = Deferred()
            self._reactor.callLater(DELIVERY_LOOK, look.callback, None)
            yield look
        try:
            undiscovered = succeed(None) if self._discovery is None else self._discovery.stop()
            yield self.mesh.stop()
            yield undiscovered
        finally:  # whatever was the matter with the network, what was said is kept
            self.replica.insisting.stop()
            self._remembering.end()
            try:
                yield self._store.close()
                if self._started and self._resumption is not None and (ending := self.replica.ending) is not None:
                    self._resumption.leave(ending)
            finally:
                self.replica.stop()

    # What the discovery, the replica and the store report.

    def _found(self, host: str, port: int) -> None:
        self.mesh.calls.seek(host, port, ANNOUNCED)

    def _vanished(self, host: str, port: int) -> None:
        self.mesh.calls.drop(host, port, ANNOUNCED)

    def _undiscoverable(self, detail: str) -> None:
        self.conversation.emit(Undiscoverable(detail))

    def accepted(self, batch: Batch, missed: bool) -> None:
        """A batch became part of the conversation."""
        author = self.conversation.roster.get(batch.feed.author)
        if self._live and not missed and author is not None and author.linked:
            self._skews.note(author.id, batch.at / 1000, self._wall())
            if (alarm := self._skews.alarm()) is not None:
                whose, ahead = alarm
                name = "" if whose is None else self.conversation.roster.shown(whose)
                self.conversation.emit(ClockOff(ahead, name))
            self._belief.note(author.id, batch.at / 1000, self._reactor.seconds())
            if self._trim_due and self._keep is not None and self._leaving is None:
                self._trim_if_believed(self._keep)
        self.conversation.accepted(batch, missed)

    def quota_reached(self, author: bytes) -> None:
        """No more of an author is taken."""
        self.conversation.emit(QuotaReached(self.conversation.roster.shown(author), self.replica.quotas.limit or 0))

    def forked(self, author: bytes) -> None:
        """An author contradicted itself."""
        self.conversation.emit(Forked(self.conversation.roster.shown(author)))

    def damaged(self, author: bytes) -> None:
        """Something of an author can't be read any more."""
        self.conversation.emit(Damaged(self.conversation.roster.shown(author)))

    def mended(self, author: bytes) -> None:
        """What could not be read of an author has come again."""
        self.conversation.emit(Mended(self.conversation.roster.shown(author)))

    def caught_up(self, caught_up: bool) -> None:
        """All that anybody here holds is held here, or not."""
        self._live = caught_up
        self.conversation.caught_up(caught_up)

    def receiving(self, received: int, total: int) -> None:
        """Catching up has come so far."""
        self.conversation.receiving(received, total)

    def delivered(self, feed: FeedId, kept: int, held: Mapping[bytes, tuple[int, int]]) -> None:
        """Own messages are on these disks."""
        self.conversation.delivered(feed, kept, held, self._store.durable)

    def knows(self, author: bytes) -> bool:
        """Whether the person here has verified an author."""
        member = self.conversation.roster.get(author)
        return member is not None and member.verified

    def unheard(self, member: bytes) -> None:
        """A member takes no more of what is said here."""
        if member not in self._deaf and len(self._deaf) < MAX_DEAF:
            self._deaf.add(member)
            self.conversation.emit(Unheard(self.conversation.roster.shown(member)))

    def crowded(self, crowd: Crowd) -> None:
        """A limit is near."""
        self.conversation.emit(self._named(crowd))

    def _named(self, crowd: Crowd) -> Crowded:
        name = self.conversation.roster.shown(crowd.author) if crowd.author else ""
        return Crowded(crowd.limit, crowd.count, crowd.most, name)

    def relieved(self) -> None:
        """Own messages are taken again."""
        self.conversation.relieved()

    def flow(self, open: bool) -> None:
        """Links are to be read, or not."""
        self.mesh.flow(open)

    def _trouble(self, detail: str | None) -> None:
        self._store_trouble = detail or ""
        self.conversation.emit(StoreRecovered() if detail is None else StoreFailing(detail))


def _end_of(deferred: Deferred[None]) -> Deferred[None]:
    """Return a Deferred that fires when another has, however that went, and leaves its result to others."""
    ended: Deferred[None] = Deferred()

    def end(result: Any) -> Any:
        ended.callback(None)
        return result

    deferred.addBoth(end)
    return ended
