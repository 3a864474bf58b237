"""What somebody may send who keeps to the grammar of the protocol and to nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import sha256
from random import Random

import msgspec
from msgspec import Raw

from tests.kit.feeding import START
from twisted_chat.core.errors import Refusal
from twisted_chat.core.feeds.batches import Batch, FeedId, parse_batch, sign_batch
from twisted_chat.core.feeds.records import Say
from twisted_chat.core.group import Group
from twisted_chat.core.keys import Identity
from twisted_chat.core.wire.frames import (
    MAX_INT,
    MAX_NUMBER,
    BatchFrame,
    Digest,
    ForkFrame,
    Frame,
    Have,
    Range,
    SignedBody,
    Stop,
    Want,
)

NUMBERS = [1, 1, 1, 2, 3, 4, 5, 6, 9, 20, MAX_NUMBER - 1, MAX_NUMBER, MAX_NUMBER + 1, MAX_INT]
"""Where a record may be said to be: often somewhere near, sometimes at an end."""


def carry(batch: Batch) -> BatchFrame:
    """Return the frame that carries a batch."""
    return BatchFrame(batch.sig, batch.signed().body)


class Mischief:
    """Draws frames. `keys` are the identities it has; `seen` are honest batches that it may pass on, hold back and reorder."""

    def __init__(self, random: Random, keys: Sequence[Identity], group: Group | None = None) -> None:
        self.random = random
        self.keys = keys
        self.seen: list[Batch] = []
        self._group = group or Group()
        self._signed: list[Batch] = []
        self._plots: list[list[Batch]] = []

    def frame(self) -> Frame:
        """Return any frame."""
        kinds: list[Callable[[], Frame]] = [
            self.batch, self.batch, self.passed_on, self.passed_on, self.have, self.truth, self.plot, self.plot, self.reveal,
            self.reveal, self.fork, self.want, self.stop, self.digest,
        ]  # fmt: skip
        return self.random.choice(kinds)()

    def answers(self, wants: Sequence[Want]) -> list[Frame]:
        """Return some of what was wanted, not always in order."""
        found = []
        for want in wants:
            wanted = [batch for batch in [*self.seen, *self._signed] if batch.feed == FeedId(*want.feed)]
            found += [carry(batch) for batch in wanted if batch.last >= want.start and self.random.random() < 0.9]
        if self.random.random() < 0.2:
            self.random.shuffle(found)
        return found[:50]

    def _number(self, highest: int) -> int:
        return min(self.random.choice(NUMBERS), highest)

    def _feed(self) -> FeedId:
        """Return one of an honest author, of its own, or of nobody."""
        author = self.random.choice([*self.keys, *self.seen, None])
        if isinstance(author, Batch):
            return author.feed
        return FeedId(author.id if author else self.random.randbytes(32), self.random.choice([1, 2, 3, MAX_INT]))

    def batch(self) -> BatchFrame:
        """Return a signed batch: perhaps one that goes on with what it signed before, perhaps none that anybody can take."""
        random, key = self.random, self.random.choice(self.keys)
        epoch = random.choice([1, 1, 1, 2, MAX_INT])
        before = [batch for batch in self._signed if batch.feed == (key.id, epoch)]
        last = random.choice(before[-3:]) if before and random.random() < 0.8 else None
        first, prev, lc = (last.last + 1, last.hash, last.last_lc + 1) if last else (1, b"", START)
        if random.random() < 0.3:
            first = random.choice([first + random.choice([1, 2, 5]), random.choice(NUMBERS)])
        if random.random() < 0.2:
            prev = random.choice([b"", random.randbytes(32)])
        if random.random() < 0.3:
            lc = random.choice([0, START, lc - 1, lc + 5, lc + 100, MAX_INT - 1, MAX_INT])
        records = [{"k": "say", "text": f"{random.random()}"} for _ in range(random.choice([1, 1, 2, 3]))]
        name = "Mal" if random.random() < 0.95 else random.choice(["M\u2028", "a:b", "e\u0301", "\U00013439"])
        body = msgspec.json.encode({
            "author": key.id, "epoch": epoch, "first": first, "prev": prev, "at": random.choice([0, START // 1000]),
            "lc": lc, "name": name, "records": records,
        })  # fmt: skip
        sig = self._group.sign(key, sha256(body).digest()) if random.random() < 0.97 else random.randbytes(64)
        with suppress(Refusal):
            self._signed.append(parse_batch(sig, body))
        return BatchFrame(sig, Raw(body))

    def passed_on(self) -> Frame:
        """Return an honest batch, whether it is its turn or not."""
        return carry(self.random.choice(self.seen)) if self.seen else self.have()

    def have(self) -> Have:
        """Return what it may say that it holds: some of it even does."""
        feeds: dict[bytes, list[Range]] = {}
        for _ in range(self.random.choice([1, 1, 3, 10])):
            feed = self._feed()
            low, high = self._number(MAX_NUMBER + 1), self._number(MAX_NUMBER)
            tip = self.random.choice([b"", self.random.randbytes(16), self.random.randbytes(3)])
            feeds.setdefault(feed.author, []).append(Range(feed.epoch, low, high, tip))
        return Have(feeds, self.random.random() < 0.2)

    def truth(self) -> Have:
        """Return that it holds some batch, its own or another's, and what comes up to it or goes on from there."""
        batches = [*self.seen, *self._signed]
        if not batches:
            return self.have()
        batch = self.random.choice(batches)
        low, high = self.random.choice([(batch.first, batch.last), (1, batch.last), (batch.first, MAX_NUMBER)])
        return Have({batch.feed.author: [Range(batch.feed.epoch, low, high)]})

    def plot(self) -> Have:
        """Sign a feed that breaks somewhere; return that it holds the end of it, which has to be jumped to."""
        key, epoch = self.random.choice(self.keys), self.random.choice([*range(10, 40), MAX_INT])
        start = self.random.choice([1, 2, 4, MAX_NUMBER - 5, MAX_NUMBER - 4])
        feed = [self._sign(key, epoch, 1, b"", START)] if start < 9 else []
        while len(feed) < 5:
            first, prev, lc = (feed[-1].last + 1, feed[-1].hash, feed[-1].last_lc + 1) if feed else (start, b"", START)
            fault = self.random.choice(["", "", "", "chain", "time", "gap"])
            if fault == "chain":
                prev = self.random.randbytes(32)
            elif fault == "time":
                lc -= 3
            first += fault == "gap"
            feed.append(self._sign(key, epoch, first, prev, max(0, lc)))
        last = MAX_NUMBER if start > 9 else feed[-1].last
        self._plots.append(feed)
        return self._holding(feed[self.random.choice([0, 2, 4])], last)

    def reveal(self) -> Have:
        """Return that it holds the beginning of a feed, too, or the middle."""
        if not self._plots:
            return self.plot()
        feed = self.random.choice(self._plots[-3:])
        return self._holding(self.random.choice(feed), feed[-1].last)

    def _holding(self, first: Batch, last: int) -> Have:
        return Have({first.feed.author: [Range(first.feed.epoch, first.first, min(last, MAX_NUMBER))]})

    def _sign(self, key: Identity, epoch: int, first: int, prev: bytes, lc: int) -> Batch:
        """Sign a batch; one that nobody reads is kept as if it were one."""
        records = [Say(f"{self.random.random()}") for _ in range(self.random.choice([1, 2]))]
        batch = sign_batch(key, self._group, epoch, first, prev, lc // 1000, lc, "Mal", list(records))
        self._signed.append(batch)
        return batch

    def fork(self) -> Frame:
        """Return two batches as if they contradicted each other; sometimes they do."""
        batches = [*self._signed[-8:], *self.seen[-4:]]
        if len(batches) < 2:
            return self.batch()
        one, other = self.random.sample(batches, 2)
        pairs = [(one, other) for one in batches for other in batches if one.contradicts(other)]
        if pairs and self.random.random() < 0.7:
            one, other = self.random.choice(pairs)
        return ForkFrame(SignedBody(one.sig, Raw(one.body)), SignedBody(other.sig, Raw(other.body)))

    def want(self) -> Want:
        """Return a wish."""
        return Want(self._feed(), self._number(MAX_NUMBER + 1))

    def stop(self) -> Stop:
        """Return the end of one."""
        return Stop(self._feed())

    def digest(self) -> Digest:
        """Return a digest of anything."""
        return Digest({self._feed().author: self.random.randbytes(16) for _ in range(3)})
