"""One peer, as a whole; `assembly` puts it together."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Generator, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec import Struct
from twisted.internet.defer import Deferred, inlineCallbacks, succeed
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure

from twisted_chat.core.clock import HybridClock
from twisted_chat.core.conversation import Conversation
from twisted_chat.core.events import StoreFailing, StoreRecovered, Trimmed, Undiscoverable
from twisted_chat.core.feeds.batches import FeedId
from twisted_chat.core.feeds.private import PrivateBox
from twisted_chat.core.group import Group
from twisted_chat.core.keys import Identity
from twisted_chat.core.people.remembering import Remembering
from twisted_chat.core.people.roster import Roster
from twisted_chat.core.replication.ownfeed import Signer
from twisted_chat.core.replication.replica import Replica
from twisted_chat.core.replication.store import Store
from twisted_chat.core.status import Diagnosis, Status, compare
from twisted_chat.core.watching import Watcher
from twisted_chat.core.wire.acquaintance import Acquaintances
from twisted_chat.core.wire.frames import MAX_INT
from twisted_chat.core.wire.opening import Introduction
from twisted_chat.net.dialing import ANNOUNCED
from twisted_chat.net.discovery import Discovery, Report
from twisted_chat.net.mesh import Mesh
from twisted_chat.retention import Retention
from twisted_chat.storage.resumption import Resumption

DELIVERY_SECONDS = 5.0
"""Seconds that a peer which leaves waits for its messages to go out."""
DELIVERY_LOOK = 0.02
NOTABLE = 2_000
"""Batches that tell of rooms and topics, looked through at the start."""
DISK_SECONDS = 2.0
"""Seconds that a disk may take to say how much room it has."""


def random_whole() -> int:
    """Return a random number that any JSON library and SQLite hold exactly."""
    return secrets.randbelow(MAX_INT + 1)


class NetworkSettings(Struct, frozen=True):
    """Where this peer listens, and where it looks for others."""

    host: str
    port: int
    dialed: tuple[tuple[str, int], ...]
    max_links: int = 64


@dataclass(frozen=True)
class PeerSettings:
    """The settings of a peer: its name at first, and its group, which needs a `passphrase` if it is closed.

    Messages are deleted `keep` seconds after receipt, never if it is None; of each author `quota` bytes are kept, any number if
    it is None.
    """

    name: str
    group: Group
    address: NetworkSettings
    keep: float | None = None
    passphrase: str | None = field(default=None, repr=False)
    quota: int | None = None


class Parts(Struct, frozen=True):
    """The parts that a peer is put together from; see `assembly`.

    `data` is the directory where `store` keeps what it has, if it does, and `resumption` is for going on with the epoch of the
    last process that did. `guard` watches the conversation from the start. `discovery` makes what finds others on the network,
    of what it is to call for an address found, one that is gone, and a trouble. `routes` says how hosts are reached from here,
    so that a network that changes is noticed. `new_epoch` returns random numbers below 2^53.
    """

    identity: Identity
    store: Store
    data: Path | None = None
    resumption: Resumption | None = None
    guard: Watcher | None = None
    discovery: Callable[[Report, Report, Callable[[str], None]], Discovery] | None = None
    routes: Callable[[Iterable[str]], Mapping[str, Hashable]] | None = None
    new_epoch: Callable[[], int] = random_whole


class Peer:
    """A conversation, the replica under it, and the mesh that connects it to others."""

    def __init__(
        self,
        reactor: Any,
        wall: Callable[[], float],
        settings: PeerSettings,
        parts: Parts,
        leave: Callable[[], object],
        renamed: Callable[[str], object],
    ) -> None:
        """`reactor` makes connections and keeps monotonic time, `wall` is seconds since 1970. Front ends call
        `leave` to end the peer; it has to lead to `stop`. `renamed` is called with this peer's new name."""
        identity, group, store = parts.identity, settings.group, parts.store
        self._reactor = reactor
        self._address = address = settings.address
        self._parts = parts
        self._store = store
        self.leave = leave
        self._renamed = renamed
        self._starting: Deferred[None] | None = None
        self._leaving: Deferred[None] | None = None
        self._store_trouble = ""
        self._started = False
        store.trouble = self._trouble
        store.damaged = lambda feed: self.replica.losses.check(feed)
        hybrid, roster = HybridClock(wall), Roster(identity.id, settings.name)
        self.conversation = Conversation(roster, self, reactor, hybrid, store, PrivateBox(identity, group))
        if parts.guard is not None:
            self.conversation.watch(parts.guard)
        signer = Signer(identity, group, settings.name)
        self.replica: Replica = Replica(
            signer, store, self.conversation, reactor, hybrid, parts.new_epoch, settings.quota
        )
        self.outlet = self.replica
        self._remembering = Remembering(roster, store, self.replica.insisting)
        self._retention = Retention(reactor, wall, store, self.conversation.clocks, settings.keep, self._trimmed)
        introduction = self._introduction = Introduction(
            identity, group, settings.name, address.port, random_whole(), store.durable, settings.passphrase or ""
        )
        introduction.acquaintances = Acquaintances(identity, group, self._acquainted)
        self._discovery = parts.discovery and parts.discovery(self._found, self._vanished, self._undiscoverable)
        self.mesh = Mesh(reactor, wall, introduction, self.replica, self.conversation, address.max_links, parts.routes)
        self.replica.flow = self.mesh.flow

    def listen(self) -> None:
        """Take hold of the port; calls wait until `start`. Raises `CannotListenError` if it is taken."""
        self.mesh.listen(self._address.host)

    def start(self) -> Deferred[None]:
        """Load what is held, take calls, and dial. Fails with the store's error if it can't be read."""
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
        resumption = self._parts.resumption
        self.replica.start(resumption.take() if resumption is not None else None)
        self._started = True
        if self._leaving is None:
            self.mesh.start(self._address.dialed)
            if self._discovery is not None:
                self._discovery.start()
            self._retention.start()

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
                self.conversation.clocks.notable(),
                self.conversation.clocks.ours(),
                None if self._parts.data is None else str(self._parts.data),
                free,
                self.replica.saving.unsaved,
                self._store_trouble,
                [self.conversation.named(crowd) for crowd in self.replica.crowding.near()],
                {
                    self.conversation.roster.shown(author): lost
                    for author, lost in self.replica.losses.by_author().items()
                },
            )

        return self._free().addCallback(diagnosis)

    def _free(self) -> Deferred[int | None]:
        """Return the bytes free where messages are kept. Asked in a thread: a disk may be far away."""
        if self._parts.data is None:
            return succeed(None)

        def untold(reason: Failure) -> None:
            reason.trap(OSError, TimeoutError)

        asked = deferToThreadPool(self._reactor, self._reactor.getThreadPool(), shutil.disk_usage, self._parts.data)
        return asked.addTimeout(DISK_SECONDS, self._reactor).addCallbacks(lambda usage: usage.free, untold)

    def _acquainted(self) -> list[bytes]:
        """Return the members that may know this peer, and the passphrase: who was verified first, then who was here last."""
        others = self.conversation.roster.others()
        others.sort(key=lambda member: (member.verified, max(member.seen, member.heard)), reverse=True)
        return [member.id for member in others if not self.mesh.outcomes.mistrusts(member.id)]

    def rename(self, name: str) -> None:
        """Go by another name in all that is said and introduced from now on."""
        self.replica.rename(name)
        self._introduction.name = name
        self._renamed(name)

    def _trimmed(self, lows: dict[FeedId, int], before: float) -> None:
        self.replica.keeping.trimmed(lows)
        if lows:
            self.conversation.emit(Trimmed(before))

    def stop(self) -> Deferred[None]:
        """Deliver the last messages within 5 s, say goodbye, and close the store; fires when all is done."""
        done: Deferred[None] = Deferred()
        if self._leaving is None:
            self._leaving = self._stop()
        self._leaving.addCallbacks(done.callback, done.errback)
        return done

    @inlineCallbacks
    def _stop(self) -> Generator[Deferred[Any], Any, None]:
        self._retention.stop()
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
                resumption = self._parts.resumption
                if self._started and resumption is not None and (ending := self.replica.ending) is not None:
                    resumption.leave(ending)
            finally:
                self.replica.stop()

    # What the discovery and the store report.

    def _found(self, host: str, port: int) -> None:
        self.mesh.calls.seek(host, port, ANNOUNCED)

    def _vanished(self, host: str, port: int) -> None:
        self.mesh.calls.drop(host, port, ANNOUNCED)

    def _undiscoverable(self, detail: str) -> None:
        self.conversation.emit(Undiscoverable(detail))

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
