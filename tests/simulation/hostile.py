"""Stories in which two of those who take part are hostile, and clocks are broken; what must hold for the others all the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import combinations, pairwise
from typing import Any
from unittest import mock

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher

from tests.kit.wires import Party, Recorder
from tests.simulation.network import Transport
from tests.simulation.plotter import Plotter
from tests.simulation.story import MOST_BUFFERED, RELINKED_WITHIN, Story
from tests.simulation.villains import Villain
from tests.simulation.world import START, Actor, World
from twisted_chat.core import errors
from twisted_chat.core.errors import Refusal
from twisted_chat.core.feeds.batches import Batch, FeedId, Position
from twisted_chat.core.keys import Identity
from twisted_chat.core.messages import Messages, Past
from twisted_chat.core.people.roster import MAX_MEMBERS
from twisted_chat.core.replication import forks, inventory, neighbour
from twisted_chat.core.replication.behind import MAX_ASKED
from twisted_chat.core.replication.holes import MAX_HOLES
from twisted_chat.core.replication.listings import MAX_HAVE
from twisted_chat.core.replication.replica import Replica
from twisted_chat.core.timeline.showing import BEYOND
from twisted_chat.core.wire.frames import MAX_LINE, Digest, Have, decode, encode
from twisted_chat.net.link import MAX_UNTAKEN, Link
from twisted_chat.net.pending import MAX_OPENING
from twisted_chat.peer import Peer

EQUAL_WITHIN = 30.0
"""Seconds after the last trouble within which honest ones must hold the same of what honest ones said: who says falsely that it
holds something is believed for a while."""
EVERYDAY = {errors.DUPLICATE, errors.LEFT, errors.SELF, errors.TIMEOUT}
"""Why a link between honest ones may end."""
YEAR = 365 * 24 * 3600.0
CLOCKS = [0.0, 1.0, -90.0, 3 * YEAR, -5 * YEAR, 80 * YEAR, 900 * YEAR, -START]
"""How far somebody's clock may be off: by nothing much, by years, or since the battery is empty."""
SHORT = 500
"""Bytes of entries in a `have`, in such stories."""
LAST_WORDS = 100
"""What everybody says in the end."""
ALL = 10**6
"""More messages than there are in a story."""
TASTED = 400
"""Lines of each peer that others are given to take, at the end of a story."""


FULL_HAVE = len(encode(Have({}, True))) + SHORT


@contextmanager
def small() -> Iterator[None]:
    """Let limits be low, so that they are reached in a story."""
    with (
        mock.patch.object(forks, "MAX_FORKS", 2),
        mock.patch.object(forks, "MAX_PROOFS", 4),
        mock.patch.object(inventory, "MAX_STRANGERS", 7),
        mock.patch.object(neighbour, "MAX_PASSED_OVER", 5),
        mock.patch.object(inventory, "_ROOM", SHORT),
    ):
        yield


class Watched(Actor):
    """An honest person, whose links tell `ended` how they end."""

    ended: Callable[[Actor, Link, Refusal | None], None]

    def start(self) -> None:
        """See `Actor`."""
        self.kept = {(batch.feed, number) for batch in self.disk.batches for number in numbers(batch)}
        """What was on the disk when this life began."""
        super().start()
        mesh = self.mesh
        closed = mesh.link_closed

        def link_closed(link: Link, refusal: Refusal | None) -> None:
            self.ended(self, link, refusal)
            closed(link, refusal)

        setattr(mesh, "link_closed", link_closed)  # noqa: B010  # mypy would have it a method


class HostileWorld(World):
    """A world of such people."""

    def cast(self, number: int, neighbours: list[int]) -> Actor:
        """See `World`."""
        return Watched(self, number, neighbours)


class HostileStory(Story):
    """Honest ones talk, leave, come back, and are cut off; two hostile ones do what they like. Ends with `settle`."""

    def __init__(self, seed: int, count: int, misled: bool = False) -> None:
        """`misled`: again and again one is cut off, and what it says comes through the hostile alone; little else happens."""
        super().__init__(seed, count, HostileWorld(seed, count))
        self._misled = misled
        self.honest = {actor.identity.id: actor for actor in self.world.actors}
        keys = [Identity(bytes([number]) * 32) for number in (91, 92, 93, 94)]
        random = self.world.network.random
        self.plotter = Plotter(random, keys, list(self.honest))
        self.villains = [Villain(self.world, self.plotter, keys[-relay], bool(relay)) for relay in (0, 1)]
        self._trouble: list[str] = []
        self._farthest: dict[int, Position] = {}
        self._seen: dict[int, set[tuple[FeedId, int, str]]] = defaultdict(set)
        self._emitted: dict[Actor, dict[bytes, None]] = defaultdict(dict)
        self.world.network.tap = self._emit
        for actor in self.world.actors:
            assert isinstance(actor, Watched)
            actor.ended = self._link_ended
            if self.random.random() < 0.3:
                self._set_clock(actor)
            actor.start()

    def tell(self, steps: int) -> None:
        """Tell all of it. Nothing may be logged as a failure meanwhile."""
        globalLogPublisher.addObserver(self._look)
        try:
            for _ in range(steps):
                self.step()
            self.settle()
        finally:
            globalLogPublisher.removeObserver(self._look)

    def _look(self, event: Mapping[str, Any]) -> None:
        if event.get("isError") or "log_failure" in event:
            self._trouble.append(f"logged: {event.get('log_failure') or event}")

    # What happens.

    def happenings(self) -> list[Callable[[], None]]:
        """See `Story`."""
        if self._misled:
            return [self.mislead, self.mislead, self.heal]
        return [*super().happenings(), self.say, self.turn_clock, self.mislead, self.mislead]

    def say(self) -> None:
        """Somebody says something, or a lot."""
        actor = self._one(self._awake())
        if actor is not None:
            actor.say(self.random.choice([1, 1, 1, 3, 3, 40]))

    def turn_clock(self) -> None:
        """Somebody's clock jumps, or runs fast."""
        self._set_clock(self.random.choice(self.world.actors))

    def _set_clock(self, actor: Actor) -> None:
        actor.skew = self.random.choice(CLOCKS)
        actor.pace = self.random.choice([1.0, 1.0, 10.0])

    def mislead(self) -> None:
        """One is cut off and speaks, and all that gets through is what the hostile pass on."""
        author = self._one(self._awake())
        if author is not None and author.node is not None:
            self.world.network.partition([[author.node]])
            for _ in range(self.random.randint(4, 6)):
                author.say()
                self.world.network.run(0.3)
            self.villains[1].lure(author.identity.id)
            self.world.network.run(self.random.choice([0.3, 13.0]))

    def _others_hold(self, actor: Actor) -> bool:
        others = [other.disk.places for other in self.world.actors if other is not actor]
        mine = [place for place in actor.disk.places if place[0].author in self.honest]
        return all(any(place in places for places in others) for place in mine)

    def _link_ended(self, actor: Actor, link: Link, refusal: Refusal | None) -> None:
        if link.ready and link.member in self.honest:
            reason = refusal.reason if refusal else link.ended_by
            if reason and reason not in EVERYDAY:
                self._trouble.append(f"{actor.name}'s link with {link.hello.name} ended: {refusal or reason}")

    def _emit(self, transport: Transport, data: bytes) -> None:
        actor = next((actor for actor in self.world.actors if actor.node is transport.node), None)
        if actor is not None:
            for line in data.splitlines(keepends=True):
                limit = FULL_HAVE if line.startswith(b'{"t":"have"') else MAX_LINE + 1
                if not line.endswith(b"\n") or len(line) > limit:
                    self._trouble.append(f"{actor.name} wrote {len(line)} bytes, {line[:80]!r}…")
            lines = self._emitted[actor]
            if len(lines) < TASTED:
                lines[data] = None

    # What must hold at every moment.

    def check(self) -> None:
        """See `Story`."""
        super().check()
        for actor in self.world.living():
            assert actor.peer is not None
            self._check_bounds(actor, actor.peer)
        if self._trouble:
            self.fail(self._trouble[0])

    def _check_buffers(self, actor: Actor) -> None:
        assert actor.node is not None
        for transport in actor.node.transports:
            among_honest = any(transport.other.node is other.node for other in self.world.actors)
            if transport.buffered > (MOST_BUFFERED if among_honest else MAX_UNTAKEN + MOST_BUFFERED):
                self.fail(f"{actor.name} has {transport.buffered} bytes buffered for one link")

    def _check_shown(self, actor: Actor) -> None:
        """What is shown was signed by its author, nothing is shown twice in a life, what one says sorts behind what one saw."""
        life = actor.lives[-1]
        for event in life[self._checked[id(life)] :]:
            past = event.messages if isinstance(event, Past) else [event] if isinstance(event, Messages) else []
            for messages in past:
                self._check_signed(actor, messages)
                self._check_place(actor, messages)
            if isinstance(event, Messages):
                self._check_once(actor, event)
        self._checked[id(life)] = len(life)

    def _check_signed(self, actor: Actor, messages: Messages) -> None:
        author = self.honest.get(messages.feed.author)
        for number, record in enumerate(messages.records, messages.first):
            if author is not None:
                signed = record.text in author.said
            elif messages.private:
                signed = record.text in self.plotter.secrets
            else:
                signed = record.text in self.plotter.texts[messages.feed, number]
            signed |= messages.retracted and not record.text
            if not signed:
                self.fail(f"{actor.name} was shown {record.text!r}, which {messages.name} never said")

    def _check_place(self, actor: Actor, messages: Messages) -> None:
        life = id(actor.lives[-1])
        first = messages.position
        before = self._farthest.get(life)
        said_now = messages.own and messages.feed.epoch in actor.epochs
        if said_now and before is not None and first < before:
            self.fail(
                f"{actor.name} says {messages.records[0].text!r} at {first.lc}, having been shown what is at {before.lc}"
            )
        last = Position(messages.lc + len(messages.records) - 1, messages.feed, messages.last)
        self._farthest[life] = max(last, before or last)

    def _check_once(self, actor: Actor, messages: Messages) -> None:
        assert isinstance(actor, Watched)
        seen = self._seen[id(actor.lives[-1])]
        honest = messages.feed.author in self.honest
        for number, record in enumerate(messages.records, messages.first):
            place = (messages.feed, number, "" if honest else record.text)
            if place in seen or (honest and place[:2] in actor.kept):
                self.fail(f"{actor.name} was shown {messages.name}'s record {number} twice")
            seen.add(place)

    def _check_bounds(self, actor: Actor, peer: Peer) -> None:
        """What others can fill is no larger than is said."""
        replica, mesh = peer.replica, peer.mesh
        wanted = sum(len(neighbour.asked) for neighbour in replica.neighbours.values())
        empty = [holding for holding in replica.holdings.values() if holding.empty and holding.feed != replica.own]
        proofs: dict[bytes, int] = defaultdict(int)
        for holding in replica.holdings.values():
            proofs[holding.feed.author] += holding.fork is not None
            if holding.feed.author in self.honest and holding.fork is not None:
                self.fail(f"{actor.name} takes an honest feed for forked")
            if len(holding.holes) > MAX_HOLES:
                self.fail(f"{actor.name} remembers {len(holding.holes)} holes of one feed")
        sizes = {
            "empty feeds": (len(empty), wanted),
            "proofs of one author": (max(proofs.values(), default=0), forks.MAX_FORKS),
            "proofs": (sum(proofs.values()), forks.MAX_PROOFS),
            "members": (len(peer.conversation.roster), MAX_MEMBERS),
            "batches not shown": (len(peer.conversation._showing.beyond), BEYOND),
            "connections": (len(mesh.links) + len(mesh._opening), 64 + MAX_OPENING + len(self.world.actors)),
        }
        for each in replica.neighbours.values():
            sizes["feeds that a neighbour lists"] = (len(each.have), MAX_HAVE)
            sizes["feeds passed over"] = (len(each.passed_over), neighbour.MAX_PASSED_OVER)
            sizes["feeds asked for"] = (len(each.asked), MAX_ASKED)
            sizes["feeds followed"] = (len(each._cursors), len(replica.holdings))
            sizes["feeds that failed"] = (len(each.failed.keys() - each.have.keys() - replica.holdings.keys()), 0)
            for what, (size, most) in sizes.items():
                if size > most:
                    self.fail(f"{actor.name} has {size} {what}, {most} being the most")

    # What must hold at the end.

    def settle(self) -> None:
        """See `Story`: the hostile go, or stay and are silent; honest ones hold and show the same of what honest ones said."""
        network = self.world.network
        for villain in self.villains:
            villain.leave() if self.random.random() < 0.5 else villain.rest()
        network.heal()
        for actor in self.world.actors:
            if actor.peer is None:
                actor.start()
            elif actor.node is not None and actor.node.suspended:
                actor.node.resume()
        if not self._lasting(self.linked, RELINKED_WITHIN, 0.05):
            self.fail(f"links after {RELINKED_WITHIN} s: {[actor.linked_with() for actor in self.world.actors]}")
        if not network.run_until(self.alike, EQUAL_WITHIN, 0.05):
            held = [sorted(self._held(actor).values()) for actor in self.world.actors]
            self.fail(f"{EQUAL_WITHIN} s after the network healed, peers hold different things: {held}")
        self._talk()
        self.check()
        self._check_nothing_lost()
        self._check_histories()
        self._check_alike()
        for actor in self.world.actors:
            self._check_chains(actor)
            self._check_taken(actor)

    def _talk(self) -> None:
        """Let honest ones say something more, which leads those on who were not led as far as others."""
        for actor in self.world.actors:
            actor.say(LAST_WORDS)
        self.world.network.run_until(lambda: False, 1.0, 0.05)
        if not self.world.network.run_until(self.alike, EQUAL_WITHIN, 0.05):
            self.fail("the last words of some did not reach others")

    def linked(self) -> bool:
        """Whether every honest peer has exactly one link with every other."""
        for actor in self.world.actors:
            linked = sorted(link.member for link in actor.mesh.links if link.member in self.honest)
            if linked != sorted(self.honest.keys() - {actor.identity.id}):
                return False
        return True

    def _held(self, actor: Actor) -> dict[FeedId, tuple[int, int]]:
        return {feed: held for feed, held in actor.held().items() if feed.author in self.honest}

    def alike(self) -> bool:
        """Whether all hold the same of what honest ones said, from the beginning on."""
        held = [self._held(actor) for actor in self.world.actors]
        return all(each == held[0] for each in held) and all(low == 1 for low, _ in held[0].values())

    def _check_nothing_lost(self) -> None:
        written = {place for place in self.world.written if place[0].author in self.honest}
        for actor in self.world.actors:
            missing = written - actor.disk.places
            if missing:
                self.fail(f"{actor.name} lacks {len(missing)} batches that were on a disk")

    def _check_histories(self) -> None:
        """Everything honest is shown to everybody, and what two are shown, both are shown in one order."""
        histories = [self._history(actor) for actor in self.world.actors]
        written = {(place[0], place[1]) for place in self.world.written if place[0].author in self.honest}
        written -= {(FeedId(id.author, id.epoch), id.number) for id in self.world.silent()}
        for actor, history in zip(self.world.actors, histories, strict=True):
            hidden = written - {place[:2] for place in history}
            if hidden:
                self.fail(f"{actor.name} is not shown {len(hidden)} batches by honest ones")
        for one, other in combinations(histories, 2):
            common = set(one) & set(other)
            if [place for place in one if place in common] != [place for place in other if place in common]:
                self.fail("two peers show one conversation in different orders")

    def _check_alike(self) -> None:
        """What became of what honest ones said, by what honest ones said, is the same for all."""
        honest = set(self.honest)
        reads = [
            [
                (
                    id,
                    records,
                    retracted,
                    closed,
                    sorted((text, who) for text, each in tally for who in set(each) & honest),
                )
                for id, records, retracted, closed, tally in actor.reads()
                if id.author in honest
            ]
            for actor in self.world.actors
        ]
        if any(other != reads[0] for other in reads):
            self.fail("peers that hold the same of honest ones show different things")

    def _history(self, actor: Actor) -> list[tuple[FeedId, int, str]]:
        assert actor.peer is not None
        found: Sequence[Messages] = fired(actor.peer.conversation.history(ALL))
        return [(messages.feed, messages.first, messages.records[0].text) for messages in found]

    def _check_chains(self, actor: Actor) -> None:
        """All that is held of a feed is one chain, but for what is missing."""
        batches = sorted(actor.disk.batches, key=lambda batch: (batch.feed, batch.first))
        for one, other in pairwise(batches):
            if one.contradicts(other):
                self.fail(f"{actor.name} holds what contradicts itself at {one.first} and {other.first}")

    def _check_taken(self, actor: Actor) -> None:
        """Whatever this peer sent to anybody, another takes over a fresh link."""
        party = Party(Clock(), 77)
        for data in self._emitted[actor]:
            for line in data.splitlines():
                frame = decode(line)
                wire = Recorder(actor.identity.id)
                party.replica.attach(wire)
                try:
                    if isinstance(frame, Replica.handles):
                        party.hears(wire, *([] if isinstance(frame, Digest) else [Digest({})]), frame)
                except Refusal as refusal:
                    self.fail(f"{actor.name} wrote what nobody takes: {refusal}: {line[:200]!r}")
                party.replica.detach(wire)


def numbers(batch: Batch) -> Iterable[int]:
    """Return the numbers of a batch's records."""
    return range(batch.first, batch.last + 1)


def fired(deferred: Deferred[Any]) -> Any:
    """Return what has fired already."""
    found: list[Any] = []
    deferred.addCallback(found.append)
    return found[0]
