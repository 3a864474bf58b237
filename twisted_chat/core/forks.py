"""What becomes of authors who contradict themselves: the proof is kept, passed on, and ends the feed for everyone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from twisted_chat.core import errors
from twisted_chat.core.errors import Refusal
from twisted_chat.core.feeds import Batch, Fork, Group, unseal
from twisted_chat.core.frames import ForkFrame, Want
from twisted_chat.core.holding import Holding
from twisted_chat.core.inventory import Inventory
from twisted_chat.core.neighbour import Neighbour
from twisted_chat.core.store import Held, Store

MAX_FORKS = 16
"""Forked feeds of one author of which the proof is kept; in others of that author, what came first stays."""


class Forks:
    """Finds forks, and freezes the feeds they are in."""

    def __init__(self, inventory: Inventory, group: Group, store: Store, frozen: Callable[[Fork, bool], None]) -> None:
        """`frozen(fork, first)` is called once a feed has been cut; `first` unless it had been cut before, higher up."""
        self._inventory = inventory
        self._group = group
        self._store = store
        self._frozen = frozen
        self._proofs: Counter[bytes] = Counter()
        """How many forked feeds of each author are known."""

    def load(self, forks: Iterable[Fork]) -> None:
        """Take over the forks a store knows of."""
        for fork in forks:
            holding = self._inventory.hold(fork.feed, own=True)
            self._proofs[fork.feed.author] += holding.fork is None
            if holding.fork is None or fork.place < holding.fork.place:
                holding.fork = fork

    def doubt(self, neighbour: Neighbour, holding: Holding, batch: Batch) -> None:
        """A validly signed batch names another one before it than we hold: ask one batch back, which will tell.

        Raises `Refusal(FORGED)` if that was asked before, and nothing came of it.
        """
        if holding.doubted == batch.hash:
            raise Refusal(errors.FORGED, "a batch that names another before it than its sender holds")
        holding.doubted = batch.hash
        neighbour.wire.send(Want(holding.feed, holding.tip_first))

    def suspect(self, neighbour: Neighbour, holding: Holding, tip: bytes) -> None:
        """A neighbour says it holds another batch in the place of our newest: ask for it, once."""
        if holding.doubted != tip:
            holding.doubted = tip
            neighbour.wire.send(Want(holding.feed, holding.tip_first))

    def conflict(self, holding: Holding, batch: Batch) -> None:
        """A validly signed batch contradicts the newest we hold."""
        if self._notorious(batch.feed.author):
            return

        def contradicted(ours: Iterable[Batch]) -> None:
            for mine in ours:
                if mine.overlaps(batch) and mine.hash != batch.hash:
                    self._freeze(Fork(mine, batch))
                    return

        self._store.read(holding.feed, holding.tip_first).addCallback(contradicted)

    def receive(self, frame: ForkFrame) -> None:
        """Take a proof from a neighbour. Raises `Refusal` if it proves nothing."""
        fork = Fork(*(unseal(half.sig, bytes(half.body)) for half in (frame.one, frame.other)))
        known = self._inventory.get(fork.feed)
        before = known.fork if known is not None else None
        if before is None and self._notorious(fork.feed.author):
            return
        if before is None or fork.place < before.place:
            fork.prove(self._group)
            self._freeze(fork)

    def _notorious(self, author: bytes) -> bool:
        return self._proofs[author] >= MAX_FORKS

    def _freeze(self, fork: Fork) -> None:
        holding = self._inventory.hold(fork.feed)
        if holding.fork is not None and holding.fork.place <= fork.place:
            return
        first = holding.fork is None
        self._proofs[fork.feed.author] += first
        holding.fork = fork
        holding.cutting += 1

        def cut(held: Held | None) -> None:
            holding.cutting -= 1
            holding.load(held)
            self._frozen(fork, first)

        self._store.freeze(fork).addCallback(cut)


def fork_frame(fork: Fork) -> ForkFrame:
    """Return the frame that passes on a proof."""
    return ForkFrame(fork.one.signed(), fork.other.signed())
