"""The conversation as a front end sees it: say, watch, who, leave.

Everything above this module (console, log, gateways) talks to a `Conversation` and hears `events`; nothing above it
knows about links, feeds or stores.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

from twisted.internet.defer import Deferred, inlineCallbacks, succeed
from twisted.internet.interfaces import IReactorTime

from twisted_chat.core.clock import HybridClock
from twisted_chat.core.errors import BadText, ChatError
from twisted_chat.core.events import (
    Alone,
    Copied,
    Delivered,
    Earlier,
    Event,
    Messages,
    Receiving,
)
from twisted_chat.core.feeds.batches import Batch, FeedId, Position
from twisted_chat.core.feeds.records import Away, KnownRecord, Nick, Private, Say, Topic
from twisted_chat.core.people.naming import Naming
from twisted_chat.core.people.presence import Presence
from twisted_chat.core.people.roster import Member, Roster
from twisted_chat.core.replication.store import Hit, Unsealer, Which
from twisted_chat.core.status import Diagnosis, Status
from twisted_chat.core.timeline.lateness import Lateness
from twisted_chat.core.timeline.missed import Missed
from twisted_chat.core.timeline.reader import Reader
from twisted_chat.core.watching import Watcher, Watchers
from twisted_chat.core.writing.text import DEFAULT_ROOM, check_name

EARLIER = 20
"""Messages of former times shown at the start."""
PAGE = 64
"""Messages asked of the store at a time, at least."""
BEYOND = 64
"""Batches that are not shown for the time they bear, and yet may be once more is known. The oldest is dropped."""
WORTH_TELLING = 1_000
"""Messages to catch up on from which progress is told."""


class Congested(ChatError):
    """So much of one's own waits to be kept that more is refused; `Conversation.when_relieved` tells when it may go on."""


class Outlet(Protocol):
    """Where one's own records go: the replica."""

    @property
    def congested(self) -> bool:
        """Whether more is to be refused for now."""
        ...

    def append(self, record: KnownRecord) -> None:
        """Put one record, checked before, into this peer's feed."""
        ...


class Seals(Protocol):
    """What makes messages private, and opens them."""

    def seal(self, to: bytes, text: str) -> Private:
        """See `private.seal_private`."""
        ...

    def unseal(self, author: bytes, record: Private) -> str | None:
        """See `private.open_private`."""
        ...


class Archive(Protocol):
    """Where old messages are found: the store."""

    def page(self, which: Which, limit: int, before: Position | None = None) -> Deferred[Sequence[Hit]]:
        """See `Store.page`."""
        ...

    def search(self, words: str, which: Which, limit: int, unseal: Unsealer) -> Deferred[Sequence[Hit]]:
        """See `Store.search`."""
        ...


class Conversation:
    """One peer's view of its group's conversation."""

    def __init__(
        self,
        roster: Roster,
        outlet: Outlet,
        leave: Callable[[], object],
        clock: IReactorTime,
        hybrid: HybridClock,
        archive: Archive | None = None,
        status: Callable[[], Status] = lambda: Status(0, 0, []),
        seals: Seals | None = None,
        renamed: Callable[[str], object] = lambda name: None,
        diagnose: Callable[[], Deferred[Diagnosis]] = lambda: succeed(Diagnosis()),
    ) -> None:
        """`leave` says goodbye to all and ends the peer. `clock` runs steadily; `hybrid` is the replica's clock, from which the
        order comes. `archive` has the old messages, `status` says how things stand, and
        `diagnose` what may be wrong; `renamed` lets the rest of the peer go by another name from now on."""
        self._watchers = Watchers()
        self.roster = roster
        self.presence = Presence(roster, self.emit, clock)
        self.naming = Naming(roster, self.presence.comings.tell)
        self.leave = leave
        self.status = status
        self.diagnose = diagnose
        self._outlet = outlet
        self._archive = archive
        self._seals = seals
        self._renamed = renamed
        self._unseal: Unsealer = seals.unseal if seals else lambda author, record: None
        self._hybrid = hybrid
        self._reader = Reader(roster, self._unseal)
        self._beyond: deque[tuple[Batch, bool]] = deque(maxlen=BEYOND)
        """What bears a time to which nobody can have come, as far as is known here, and so is not shown."""
        self._missed = Missed(clock, self.emit)
        hybrid.allowed = self._show_what_is_near
        self._lateness = Lateness(clock.seconds)
        self._own_feeds: set[FeedId] = set()
        self._began_ms = hybrid.wall_ms()
        self._told_copied = False
        self._waiting: list[Callable[[], object]] = []
        self._told_alone = False

    @property
    def name(self) -> str:
        """This peer's own name."""
        return self.roster.own.name

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Call `watcher` with every event from now on, in order, within the reactor turn that brought it; return what ends
        that. See `Watchers` for what happens if it raises."""
        return self._watchers.add(watcher)

    def emit(self, event: Event) -> None:
        """Tell every watcher."""
        self._watchers.tell(event)

    def say(self, text: str, room: str = DEFAULT_ROOM, me: bool = False) -> None:
        """Say `text` in a room, or tell what one does. It comes back as a `Messages` event at the end of this reactor turn.

        Raises `BadText` if it can't be a message, `Congested` if too much of what was said is not yet kept; so do the others
        that put something into the conversation.
        """
        self._put(Say(text, room, me))

    def whisper(self, member: bytes, text: str) -> None:
        """Say `text` to one member alone, here or away."""
        if self._seals is None:
            raise BadText("private-key")
        self._put(self._seals.seal(member, text))

    def set_topic(self, room: str, text: str) -> None:
        """Say what a room is about."""
        self._put(Topic(room, text))

    def away(self, text: str = "") -> None:
        """Say that one is not at the keyboard, and why; without a reason, that one is back."""
        self._put(Away(text))

    def rename(self, name: str) -> str:
        """Go by another name; return it as it is written from now on."""
        name = check_name(name)
        if self._outlet.congested:
            raise Congested
        self._renamed(name)
        self._put(Nick(name))
        self.naming.rename(name)
        return name

    def _put(self, record: KnownRecord) -> None:
        if self._outlet.congested:
            raise Congested
        record.check()
        self._outlet.append(record)
        if self.presence.alone and not self._told_alone:
            self._told_alone = True
            self.emit(Alone())

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

    @property
    def congested(self) -> bool:
        """Whether `say` would raise `Congested`."""
        return self._outlet.congested

    def when_relieved(self, resume: Callable[[], object]) -> None:
        """Call `resume` once, when `say` will be taken again; at once if it would be now."""
        if self._outlet.congested:
            self._waiting.append(resume)
        else:
            resume()

    def here(self) -> list[Member]:
        """Return the other members that are here now, linked or reachable through others, by name."""
        return self.presence.here()

    def history(self, count: int, room: str | None = None, member: bytes | None = None) -> Deferred[Sequence[Messages]]:
        """Return the newest `count` messages, one an event, in the order that is the same for everybody: those said in `room`, if
        it is given, or those by `member` and the private ones between it and this peer; none of ignored members. Fails with
        what the store says."""
        return self._messages(partial(Which, room=room, member=member), count)

    def search(self, words: str, limit: int) -> Deferred[Sequence[Messages]]:
        """Return the newest `limit` messages with `words` (see `Store.search`), private ones included, one an event, in order;
        none of ignored members. Fails with what the store says."""
        if self._archive is None:
            return succeed([])
        found = self._archive.search(words, self._which(), limit, self._unseal)
        return found.addCallback(self._readable)

    def _which(self, of: Callable[..., Which] = Which) -> Which:
        return of(self.roster.own.id, without=frozenset(self.roster.ignored))

    @inlineCallbacks
    def _messages(
        self, of: Callable[..., Which], count: int
    ) -> Generator[Deferred[Sequence[Hit]], Sequence[Hit], Sequence[Messages]]:
        """Return a page of messages: as many as were asked for, if there are, though some that are stored can't be read."""
        messages: list[Messages] = []
        before = Position(self._hybrid.reach + 1, FeedId(b"", 0), 0)
        while self._archive is not None and len(messages) < count:
            asked = max(count - len(messages), PAGE)
            hits = yield self._archive.page(self._which(of), asked, before)
            for hit in hits:
                self._hybrid.observe(hit.position.lc)  # an answer sorts after what is shown
            messages = [*self._readable(hits), *messages]
            if len(hits) < asked:
                break
            before = hits[0].position
        return messages[-count:]

    def _readable(self, hits: Iterable[Hit]) -> list[Messages]:
        messages = (self._reader.message(hit.batch, hit.number) for hit in hits)
        return [message for message in messages if message is not None]

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
            self._lateness.settle(messages[-1].position)
            self.emit(Earlier(messages))

    def stop(self) -> None:
        """Tell nothing more of what takes a while."""
        self.presence.stop()
        self._missed.stop()

    # What the replica reports.

    def accepted(self, batch: Batch, missed: bool = False) -> None:
        """A batch, own or another's, became part of the conversation; `missed` if it was said while this peer was not there."""
        if batch.feed.author == self.roster.own.id and batch.feed not in self._own_feeds and batch.at > self._began_ms:
            self._copied()
        member = self.naming.note(batch.feed.author, batch.name, min(batch.lc, self._hybrid.newest))
        if not member.heard:
            self.presence.met(member)
        member.heard = max(member.heard, batch.last_lc)
        self._beyond.append((batch, missed))
        self._show_what_is_near()

    def _show_what_is_near(self) -> None:
        """Show what is within reach, and so may bring more within it: the same in the end, in whatever order it comes."""
        while near := [each for each in self._beyond if each[0].last_lc <= self._hybrid.reach_of(len(each[0].records))]:
            each = min(near, key=lambda each: each[0].last_lc)
            self._beyond.remove(each)
            self._hybrid.observe(each[0].last_lc, len(each[0].records))  # an answer sorts after what is shown
            self._show(*each)

    def _copied(self) -> None:
        """Another process has this one's key, and is at work now."""
        if not self._told_copied:
            self._told_copied = True
            self.emit(Copied(self.name))

    def _show(self, batch: Batch, missed: bool) -> None:
        ignored = self.roster.ignores(batch.feed.author)
        for event in self._reader.read(batch):
            self.emit(self._placed(event, missed, ignored) if isinstance(event, Messages) else event)

    def _placed(self, messages: Messages, missed: bool, ignored: bool) -> Messages:
        """Return messages with what their place among the others makes of them."""
        if missed:
            if not ignored:
                self._missed.note(messages)
            return replace(messages, missed=True)
        first = messages.position
        late = self._lateness.show(first, first._replace(lc=first.lc + len(messages.records) - 1))
        return replace(messages, late=True) if late else messages

    def caught_up(self, caught_up: bool) -> None:
        """Whether we hold all that anybody here holds; if so, sum up what was missed."""
        if caught_up:
            self._missed.sum_up()

    def receiving(self, received: int, total: int) -> None:
        """Catching up has come so far."""
        if total >= WORTH_TELLING:
            self.emit(Receiving(received, total))

    def delivered(self, feed: FeedId, kept: int, held: Mapping[bytes, tuple[int, int]], durable: bool) -> None:
        """Own records are kept here and held by members as `Delivered` says."""
        self._own_feeds.add(feed)
        self.emit(Delivered(feed, kept, held, {member: self.roster.shown(member) for member in held}, durable))

    def relieved(self) -> None:
        """The outlet is no longer congested."""
        waiting, self._waiting = self._waiting, []
        for resume in waiting:
            self._watchers.call(resume)

    # What the mesh reports.

    def linked(
        self, member: bytes, name: str, host: str, port: int, dialed: bool, now: int = 0, durable: bool = True
    ) -> None:
        """One more link leads to `member`, which goes by `name` and listens at `host`, `port`; `durable` if its key outlives its
        process. `now` is in microseconds since 1970, for display."""
        known = self.naming.note(member, name, self._hybrid.newest, durable)
        known.host, known.port, known.seen = host, port, now
        self._told_alone = False
        if known is self.roster.own:
            self._copied()
        self.presence.linked(known, dialed)

    def unlinked(self, member: bytes, left: bool, now: int = 0) -> None:
        """One link to `member` less; `left` if it said goodbye. `now` is as for `linked`."""
        known = self.roster.get(member)
        if known is not None and known.linked:
            known.seen = now
            self.presence.unlinked(known, left)
