"""The conversation as a front end sees it: say, watch, who, leave.

Everything above this module (seats, front ends, log) talks to a `Conversation` and hears `events`; nothing above it
knows about links, feeds or stores. The replica tells it what happens: it is its `Audience`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, Protocol

from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.interfaces import IReactorTime

from twisted_chat.core import events
from twisted_chat.core.clock import HybridClock
from twisted_chat.core.feeds.batches import Batch, FeedId
from twisted_chat.core.messages import Delivered, Earlier, Messages, Receiving
from twisted_chat.core.people.clocks import Clocks
from twisted_chat.core.people.naming import Naming
from twisted_chat.core.people.oneself import Oneself
from twisted_chat.core.people.presence import Presence
from twisted_chat.core.people.roster import Member, Roster
from twisted_chat.core.people.typing import Typing
from twisted_chat.core.replication.crowding import Crowd
from twisted_chat.core.replication.store import OpenPrivate
from twisted_chat.core.status import Diagnosis, Status
from twisted_chat.core.timeline.pages import Archive, Pages
from twisted_chat.core.timeline.reader import Reader
from twisted_chat.core.timeline.showing import Showing
from twisted_chat.core.voice import Box, Congested, HasOutlet, Voice
from twisted_chat.core.watching import Watcher, Watchers
from twisted_chat.core.writing.text import check_name

EARLIER = 20
"""Messages of former times shown at the start."""
WORTH_TELLING = 1_000
"""Messages to catch up on from which progress is told."""
MAX_DEAF = 64
"""Members that are told of as taking nothing more."""


class Host(HasOutlet, Protocol):
    """The part of a peer that its conversation needs."""

    def leave(self) -> object:
        """Say goodbye to all and end the peer."""
        ...

    def rename(self, name: str) -> None:
        """Let the rest of the peer go by another name from now on."""
        ...

    def status(self) -> Status:
        """Return how things stand."""
        ...

    def diagnose(self) -> Deferred[Diagnosis]:
        """Return what may be wrong."""
        ...


class Conversation:
    """One peer's view of its group's conversation."""

    def __init__(
        self,
        roster: Roster,
        host: Host,
        clock: IReactorTime,
        hybrid: HybridClock,
        archive: Archive | None = None,
        box: Box | None = None,
    ) -> None:
        """`clock` runs steadily; `hybrid` is the replica's clock, from which the order comes. `archive` has the old messages."""
        self._watchers = Watchers()
        self.roster = roster
        self.presence = Presence(roster, self.emit, clock)
        self.naming = Naming(roster, self.presence.comings.tell)
        self.typing = Typing(roster, clock)
        self.leave = host.leave
        self.status = host.status
        self.diagnose = host.diagnose
        self.clocks = Clocks(clock.seconds, lambda: hybrid.wall_ms() / 1000, roster, self.emit)
        self.voice = voice = Voice(roster.own.id, host, box)
        """The owner's, in which what follows is said."""
        self.say, self.whisper, self.set_topic, self.away = voice.say, voice.whisper, voice.set_topic, voice.away
        self._rename = host.rename
        open_private: OpenPrivate = box.open if box else lambda author, record: None
        self._reader = Reader(roster, open_private)
        pages = Pages(archive, roster, self._reader, hybrid, open_private)
        self.history, self.search = pages.history, pages.search
        self.arrived, self.find = pages.arrived, pages.find
        self._showing = Showing(roster, self._reader, hybrid, pages.resolver, clock, self.emit)
        self._hybrid = hybrid
        self._oneself = Oneself(lambda: self.name, self.presence, hybrid.wall_ms(), self.emit)
        self._deaf: set[bytes] = set()
        """Members that were told of as taking nothing more."""
        self._live = False
        self._waiting: list[Callable[[], object]] = []

    @property
    def name(self) -> str:
        """This peer's own name."""
        return self.roster.own.name

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Call `watcher` with every event from now on, in order, within the reactor turn that brought it; return what ends
        that. See `Watchers` for what happens if it raises."""
        return self._watchers.add(watcher)

    def emit(self, event: events.Event) -> None:
        """Tell every watcher."""
        self._watchers.tell(event)
        if isinstance(event, events.StoreRecovered):
            self._showing.recovered()

    def rename(self, name: str) -> str:
        """Go by another name; return it as it is written from now on."""
        name = check_name(name)
        if self.congested:
            raise Congested
        self._rename(name)
        self.voice.rename(name)
        self.naming.rename(name)
        return name

    @property
    def congested(self) -> bool:
        """Whether `say` would raise `Congested`."""
        return self.voice.congested

    def when_relieved(self, resume: Callable[[], object]) -> None:
        """Call `resume` once, when `say` will be taken again; at once if it would be now."""
        if self.congested:
            self._waiting.append(resume)
        else:
            resume()

    # Rooms, members, and what was said.

    @property
    def topics(self) -> dict[str, str]:
        """The rooms that are known, and what each is about."""
        return {room.name: room.topic for room in self._reader.rooms}

    def room(self, name: str) -> str:
        """Return a room as it is known here, if it is, in whatever spelling; else `name`."""
        room = self._reader.rooms.get(name)
        return room.name if room else name

    def enter(self, name: str) -> str:
        """Note that the person here went to a room; return what it is about."""
        return self._reader.rooms.keep(name).topic

    @property
    def rooms_kept(self) -> Sequence[str]:
        """The rooms where the person here spoke, or went."""
        return self._reader.rooms.kept

    def here(self) -> list[Member]:
        """Return the other members that are here now, linked or reachable through others, by name."""
        return self.presence.here()

    # What the peer reports.

    @inlineCallbacks
    def begin(self, notable: Sequence[Batch] = ()) -> Generator[Deferred[Any], Any, None]:
        """The peer starts: show the newest messages of former times; `notable` are batches that told of rooms and the like.

        Fires when that is done. Fails with what the store says."""
        for batch in notable:
            if batch.last_lc <= self._hybrid.reach:
                self.roster.claim(batch.feed.author, batch.name, batch.lc)
                self._reader.note(batch)
        messages: Sequence[Messages] = yield self.history(EARLIER)
        if messages:
            self._showing.begin(messages[-1].position)
            self._reader.know(messages)
            self.emit(Earlier(messages))

    def stop(self) -> None:
        """Cancel all events that are still to come."""
        self.presence.stop()
        self.typing.stop()
        self._showing.stop()

    # What the replica reports: see `Audience`.

    def accepted(self, batch: Batch, missed: bool = False) -> None:
        """A batch, own or another's, became part of the conversation; `missed` if it was said while this peer was not there."""
        id = batch.feed.author
        self.typing.done(id)
        known = self.roster.get(id)
        if self._live and not missed and known is not None and known.linked:
            self.clocks.note(id, batch.at / 1000)
        if id == self.roster.own.id:
            self._oneself.said(batch)
        member = self.naming.note(id, batch.name, min(batch.lc, self._hybrid.newest))
        if not member.heard:
            self.presence.met(member)
        member.heard = max(member.heard, batch.last_lc)
        self._showing.accepted(batch, missed)

    def caught_up(self, caught_up: bool) -> None:
        """Whether we hold all that anybody here holds; if so, sum up what was missed."""
        self._live = caught_up
        if caught_up:
            self._showing.sum_up()

    def receiving(self, received: int, total: int) -> None:
        """Catching up has come to `received` of `total` records."""
        if total >= WORTH_TELLING:
            self.emit(Receiving(received, total))

    def delivered(self, feed: FeedId, kept: int, held: Mapping[bytes, tuple[int, int]], durable: bool) -> None:
        """Own records are kept here and held by members as `Delivered` says."""
        self._oneself.writes(feed)
        self.emit(Delivered(feed, kept, held, {member: self.roster.shown(member) for member in held}, durable))

    def relieved(self) -> None:
        """The outlet is no longer congested."""
        waiting, self._waiting = self._waiting, []
        for resume in waiting:
            self._watchers.call(resume)

    def forked(self, author: bytes) -> None:
        """An author contradicted itself."""
        self.emit(events.Forked(self.roster.shown(author)))

    def damaged(self, author: bytes) -> None:
        """Something of an author can't be read any more."""
        self.emit(events.Damaged(self.roster.shown(author)))

    def mended(self, author: bytes) -> None:
        """An author's records that could not be read have come again."""
        self.emit(events.Mended(self.roster.shown(author)))

    def knows(self, author: bytes) -> bool:
        """Whether the person here has verified an author."""
        member = self.roster.get(author)
        return member is not None and member.verified

    def unheard(self, member: bytes) -> None:
        """A member keeps no more of this peer's messages."""
        if member not in self._deaf and len(self._deaf) < MAX_DEAF:
            self._deaf.add(member)
            self.emit(events.Unheard(self.roster.shown(member)))

    def quota_reached(self, author: bytes, limit: int) -> None:
        """An author's storage quota is full."""
        self.emit(events.QuotaReached(self.roster.shown(author), limit))

    def crowded(self, crowd: Crowd) -> None:
        """A limit is near."""
        self.emit(self.named(crowd))

    def named(self, crowd: Crowd) -> events.Crowded:
        """Return what people are told of a limit that is near."""
        return events.Crowded(
            crowd.limit, crowd.count, crowd.most, self.roster.shown(crowd.author) if crowd.author else ""
        )

    # What the mesh reports.

    def linked(
        self, member: bytes, name: str, host: str, port: int, dialed: bool, now: int = 0, durable: bool = True
    ) -> None:
        """One more link leads to `member`, which goes by `name` and listens at `host`, `port`; `durable` if its key outlives its
        process. `now` is in microseconds since 1970, for display."""
        known = self.naming.note(member, name, self._hybrid.newest, durable)
        known.host, known.port, known.seen = host, port, now
        self._oneself.met()
        if known is self.roster.own:
            self._oneself.copied()
        self.presence.linked(known, dialed)

    def unlinked(self, member: bytes, left: bool, now: int = 0) -> None:
        """A link to `member` has ended; `left` if the member said goodbye. `now` is as for `linked`."""
        known = self.roster.get(member)
        if known is not None and known.linked:
            known.seen = now
            self.presence.unlinked(known, left)
