"""What somebody hostile may say to a whole peer: any frame, with any values that the grammar allows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from random import Random

import msgspec
from msgspec import Raw

from tests.kit.mischief import Mischief
from twisted_chat.core.clock import COUNTED, LEAD, SPARE
from twisted_chat.core.errors import REASONS, Refusal
from twisted_chat.core.feeds.batches import Batch, FeedId, parse_batch
from twisted_chat.core.feeds.private import PrivateBox
from twisted_chat.core.feeds.records import Edit, Say
from twisted_chat.core.keys import Identity
from twisted_chat.core.wire.frames import (
    MAX_INT,
    MAX_NUMBER,
    Address,
    BatchFrame,
    Bye,
    Frame,
    Greet,
    Have,
    Linked,
    Peers,
    Ping,
    Pong,
    TypingFrame,
    encode,
)

EDGES = [0, 1, COUNTED - 1, COUNTED, COUNTED + 2**26, COUNTED + LEAD, COUNTED + LEAD + 1, MAX_INT - 9, MAX_INT]
"""Times at which something begins or ends."""
NAMES = [
    "P0",
    "P1",
    "Ｐ0",
    "P\u200b1",
    "Mal",
    "🔒 P0",
    "\U00013439",
    "M\u2028",
    "a:b",
    "(You) 💬",
    "e\u0301" * 16,
    "",
    "x" * 33,
]
"""Names to be taken under, some of which nobody can have."""


class Plotter(Mischief):
    """Draws frames for a whole peer: everything a member may say, under any name, to any room, at any time."""

    def __init__(self, random: Random, keys: Sequence[Identity], members: Sequence[bytes]) -> None:
        """`members` are the ids of those who are honest."""
        super().__init__(random, keys)
        self.members = members
        self.texts: dict[tuple[FeedId, int], set[str]] = defaultdict(set)
        """All messages that were signed, by feed and number."""
        self.still_until = 0.0
        """When whoever is hostile does something again: else what is withheld would come to light by accident."""
        self.secrets: set[str] = set()
        """All that were sealed."""

    def line(self) -> bytes:
        """Return any line, that of a frame or of none that anybody knows."""
        if self.random.random() < 0.02:
            return b'{"t":"later","what":[1,{"x":null}]}\n'
        if self.random.random() < 0.15:
            return encode(self.chat())
        return encode(self.frame())

    def chat(self) -> Frame:
        """Return a frame that is not about feeds."""
        random = self.random
        ids = [
            random.choice([*self.members, self.keys[0].id, random.randbytes(32)]) for _ in range(random.randint(0, 9))
        ]
        hosts = ["127.0.0.1", "127.0.0.1", "10.0.0.1", "::1", "fe80::1", "example.org", "", "x" * 64]
        addresses = [Address(id, random.choice(hosts), random.choice([5000, 5001, 5002, 5099, 65535])) for id in ids]
        frames: list[Frame] = [
            Linked(ids), Linked(ids), Peers(addresses), Peers(addresses), Ping(random.randint(0, MAX_INT)),
            Pong(random.randint(0, 9)), TypingFrame(random.choice(["#chat", "#tea"])),
        ]  # fmt: skip
        if random.random() < 0.1:
            frames = [Bye(random.choice([*sorted(REASONS), "anything", ""])), Greet(1, False)]
        return random.choice(frames)

    def batch(self) -> BatchFrame:
        """Return a signed batch: perhaps one that goes on with what was signed before, perhaps none that anybody can take."""
        random, key = self.random, self.random.choice(self.keys)
        epoch = random.choice([1, 1, 1, 2, 3, MAX_INT, random.getrandbits(53)])
        before = [batch for batch in self._signed if batch.feed == (key.id, epoch)]
        last = random.choice(before[-3:]) if before and random.random() < 0.8 else None
        first, prev, lc = (
            (last.last + 1, last.hash, last.last_lc + 1) if last else (1, b"", random.choice(self._times()))
        )
        if random.random() < 0.2:
            first = random.choice(
                [first + random.choice([1, 2, 5]), random.choice([1, 2, 9, MAX_NUMBER - 1, MAX_NUMBER])]
            )
        if random.random() < 0.15:
            prev = random.choice([b"", random.randbytes(32)])
        if random.random() < 0.4:
            lc = random.choice([*self._times(), lc - 1, lc + 5, lc + LEAD, lc + LEAD + 1, lc + 2 * LEAD, lc + SPARE])
        records = [self._record(key) for _ in range(random.choice([1, 1, 2, 3]))]
        name = random.choice(NAMES) if random.random() < 0.2 else "Mal"
        author = key.id if random.random() < 0.95 else random.choice(self.members)
        body = msgspec.json.encode({
            "author": author, "epoch": epoch, "first": first, "prev": prev, "at": random.choice([0, 1_763_800_000_000]),
            "lc": max(0, lc), "name": name, "records": records,
        })  # fmt: skip
        genuine = author == key.id and random.random() < 0.95
        sig = self._group.sign(key, sha256(body).digest()) if genuine else random.randbytes(64)
        with suppress(Refusal):
            batch = parse_batch(sig, body)
            self._signed.append(batch)
            if genuine:
                self._note(batch)
        return BatchFrame(sig, Raw(body))

    def _times(self) -> list[int]:
        now = self.seen[-1].lc if self.seen else 1_763_800_000_000_000
        return [now, now, now, now + 10**9, now + 10**15, *EDGES]

    def _record(self, key: Identity) -> dict[str, object]:
        random, text = self.random, f"{self.random.random()}"
        if random.random() < 0.05:
            private = PrivateBox(key, self._group).seal(random.choice(self.members), text)
            self.secrets.add(text)
            return {"k": "private", "to": private.to, "sealed": private.sealed, "copy": private.copy}
        kinds: list[dict[str, object]] = [
            {"k": "say", "text": text}, {"k": "say", "text": text}, {"k": "say", "text": text * 100},
            {"k": "say", "text": text, "room": random.choice(["#tea", f"#{text}", "#Ａ", "# "])},
            {"k": "topic", "room": "#tea", "text": text},
            {"k": "nick", "name": random.choice(NAMES)}, {"k": "away", "text": text}, {"k": "away"}, {"k": "later", "x": [1]},
            {"k": "private", "to": random.choice(self.members), "sealed": random.randbytes(40), "copy": b""},
            {"k": random.choice(["react", "edit", "retract", "close"]), "to": self._somewhere(), "text": text},
            {"k": "say", "text": text, "re": self._somewhere()},
        ]  # fmt: skip
        return random.choice(kinds[:2] if random.random() < 0.7 else kinds)

    def _somewhere(self) -> tuple[bytes, int, int]:
        """Return the id of something that was said, is to be said, or never will be."""
        seen = self.random.choice(self.seen) if self.seen else None
        feed = seen.feed if seen else (self.random.choice(self.members), 1)
        return (*feed, self.random.choice([1, 2, seen.last if seen else 3, MAX_NUMBER]))

    def _sign(self, key: Identity, epoch: int, first: int, prev: bytes, lc: int) -> Batch:
        batch = super()._sign(key, epoch, first, prev, lc)
        self._note(batch)
        return batch

    def break_feed(self) -> list[Batch]:
        """Sign a feed that perhaps breaks somewhere, or comes to the end of the numbers."""
        self.plot()
        return self._plots.pop()

    def holding(self, feed: Sequence[Batch]) -> Have:
        """Return that these are held."""
        return self._holding(feed[0], feed[-1].last)

    def versions(self) -> tuple[list[Batch], list[Batch]]:
        """Sign two versions of a new feed, which are the same at first; the other one goes on for longer."""
        key, epoch = self.random.choice(self.keys), self.random.getrandbits(53)
        common = self._sign(key, epoch, 1, b"", 1_763_800_000_000_000)
        ends: list[list[Batch]] = []
        for length in (1, 3):
            feed = [common]
            for _ in range(length):
                feed.append(self._sign(key, epoch, feed[-1].last + 1, feed[-1].hash, feed[-1].last_lc + 1))
            ends.append(feed)
        return ends[0], ends[1]

    def _note(self, batch: Batch) -> None:
        for index, record in enumerate(batch.records):
            if isinstance(record, Say):
                self.texts[batch.feed, batch.first + index].add(record.text)
            elif isinstance(record, Edit) and record.to.author == batch.feed.author:
                self.texts[FeedId(record.to.author, record.to.epoch), record.to.number].add(record.text)
