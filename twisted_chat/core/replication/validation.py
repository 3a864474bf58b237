"""The checks that a neighbour's batch passes before anything is done with it."""

from __future__ import annotations

from twisted_chat.core.errors import LIMIT, Refusal
from twisted_chat.core.feeds.batches import Batch, check_signature, feed_named, parse_batch
from twisted_chat.core.group import Group
from twisted_chat.core.replication.admission import Admission
from twisted_chat.core.replication.forks import Forks
from twisted_chat.core.replication.holding import Place
from twisted_chat.core.replication.inventory import Inventory
from twisted_chat.core.replication.neighbour import Neighbour
from twisted_chat.core.replication.ownfeed import OwnFeed
from twisted_chat.core.replication.quotas import Quotas
from twisted_chat.core.replication.sources import Sources
from twisted_chat.core.wire.frames import BatchFrame


class Validation:
    """Accepts a batch if it is signed, has a place in its feed, is admitted and contradicts nothing."""

    def __init__(
        self,
        group: Group,
        inventory: Inventory,
        own: OwnFeed,
        quotas: Quotas,
        admission: Admission,
        sources: Sources,
        forks: Forks,
    ) -> None:
        self._group = group
        self._inventory = inventory
        self._own = own
        self._quotas = quotas
        self._admission = admission
        self._sources = sources
        self._forks = forks

    def judge(self, neighbour: Neighbour, frame: BatchFrame) -> tuple[Batch, Place] | None:
        """Return the batch in a frame and its place, `NEXT` or `FILLS`; None if it is not accepted.

        The cheapest checks come first, the signature last. Raises `Refusal` if the link is to be closed for it.
        """
        batch = self._parsed(neighbour, frame)
        if batch is None:
            return None
        feed = batch.feed
        neighbour.passed(batch)
        holding = self._inventory.known(feed)
        place = holding.place(batch)
        if place is Place.GAP and self._sources.jumps_to(batch):
            place = Place.NEXT
        if place in (Place.KNOWN, Place.FROZEN, Place.GAP) or feed == self._own.feed or feed in neighbour.passed_over:
            return None
        if not self._quotas.admits(feed.author):
            self._sources.refuse(neighbour, feed)
            return None
        if not self._admission.has_room(feed):
            self._sources.pass_over(neighbour, feed, LIMIT)
            return None
        check_signature(self._group, batch)
        contradicted = holding.contradicted(batch)
        if contradicted:
            self._forks.conflict(holding, batch, contradicted, lambda: self._sources.pass_over(neighbour, feed))
            return None
        return batch, place

    def _parsed(self, neighbour: Neighbour, frame: BatchFrame) -> Batch | None:
        """Return the batch in a frame. If it is malformed and names another author, return None, and accept no more of that feed
        over that link.

        Raises `Refusal` if it is malformed and names the other side itself, or nobody.
        """
        try:
            return parse_batch(frame.sig, bytes(frame.body))
        except Refusal:
            feed = feed_named(bytes(frame.body))
            if feed is None or feed.author == neighbour.wire.member:
                raise
        self._sources.pass_over(neighbour, feed)
        return None
