"""Members that have proven who they are, and then misbehave."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from msgspec import Raw

from tests.integration.case import PeersTestCase
from tests.integration.guest import Guest, visit
from tests.kit.signing import sign_any
from twisted_chat.core.feeds.batches import Batch, FeedId
from twisted_chat.core.feeds.records import Say
from twisted_chat.core.group import Group
from twisted_chat.core.keys import SEED_BYTES, Identity
from twisted_chat.core.replication.listings import MAX_HAVE
from twisted_chat.core.wire.frames import BatchFrame, Have, Ping, Pong, Range, Want

EPOCH = 7
NOW = 1_700_000_000_000


def sealed(identity: Identity, records: Sequence[object], group: Group | None = None, name: str = "Zoe") -> Batch:
    """Return the first batch of a feed."""
    return sign_any(identity, group or Group(), FeedId(identity.id, EPOCH), 1, b"", NOW * 1000, name, records)


def saying(text: str) -> list[Say]:
    """Return one record."""
    return [Say(text)]


class TestHostileMember(PeersTestCase):
    async def start(self) -> None:
        """Have Ana, whose guest is the hostile one, and Bia, with whom she chats."""
        self.ana, self.bia = self.peers.start("Ana"), self.peers.start("Bia")
        await self.peers.linked()

    async def visit(self, name: str = "Zoe") -> Guest:
        """Return a guest of Ana's."""
        return await visit(self.reactor, self.ana.port, Guest(name))

    async def answers(self, guest: Guest) -> None:
        """Wait until Ana has taken all the guest has sent and says so."""
        number = secrets.randbelow(2**53)
        guest.send(Ping(number))
        await guest.until(self.reactor, lambda: Pong(number) in guest.frames, "a pong")

    async def goes_on(self, *unseen: str) -> None:
        """Assert that Ana and Bia chat, in bounded memory, and have not seen certain things."""
        self.bia.say("still there?")
        await self.ana.wait_for("Bia: still there?")
        self.ana.say("still here")
        await self.bia.wait_for("Ana: still here")
        for peer in (self.ana, self.bia):
            for text in unseen:
                self.assertFalse([line for line in (*peer.lines, *peer.log_lines()) if text in line])
        self.assert_healthy()

    async def test_forgeries(self) -> None:
        """A batch with a changed signature, one signed for another group and one signed by another key end the link
        with `bye forged`, one line in the log and nothing shown; so does what is no batch, with `bye protocol`."""
        await self.start()
        me = Identity(secrets.token_bytes(SEED_BYTES))
        good = sealed(me, saying("unseen"))
        other_group = sealed(me, saying("unseen"), Group("other"))
        other_key = BatchFrame(sealed(Identity(secrets.token_bytes(SEED_BYTES)), saying("unseen")).sig, Raw(good.body))
        changed = BatchFrame(good.sig[:9] + bytes([good.sig[9] ^ 1]) + good.sig[10:], Raw(good.body))
        no_batch = BatchFrame(good.sig, Raw(b'{"author":1}'))
        refused = (
            ("a changed signature", changed, "forged"),
            ("a batch of another group", BatchFrame(other_group.sig, Raw(other_group.body)), "forged"),
            ("another's signature", other_key, "forged"),
            ("no batch", no_batch, "protocol"),
        )
        for number, (what, frame, reason) in enumerate(refused, 1):
            guest = await self.visit()
            guest.send(frame)
            self.assertEqual(await guest.closed, reason, what)

            def logged(reason: str = reason, number: int = number) -> bool:
                lines = [line for line in self.ana.log_lines() if "recusada" in line]
                return len(lines) == number and f"({reason})" in lines[-1]

            await self.ana.eventually(logged, f"one line about {what} in the log")
        await self.goes_on("unseen")

    async def test_what_a_later_version_may_say(self) -> None:
        """Frames with an unknown name are ignored; records of an unknown kind are kept and relayed, byte for byte, and
        not shown, while those beside them are."""
        await self.start()
        guest = await self.visit()
        unknown = Raw(b'{"k":"dance","steps":[1,2,{"text":"unseen"}]}')
        batch = sealed(guest.identity, [unknown, *saying("seen")])
        guest.send_line(b'{"t":"zz","x":[{"t":"ping","n":1}]}\n')
        guest.send(BatchFrame(batch.sig, Raw(batch.body)))
        await self.answers(guest)
        for peer in (self.ana, self.bia):
            await peer.wait_for("Zoe: seen")
        other = await visit(self.reactor, self.bia.port, Guest("Yara"))
        await other.until(self.reactor, lambda: other.held.get(batch.feed) == 2, "Bia to hold it")
        other.send(Want(batch.feed, 1))
        await other.until(self.reactor, lambda: other.of(BatchFrame), "Bia to send it")
        (relayed,) = other.of(BatchFrame)
        self.assertEqual((relayed.sig, bytes(relayed.body)), (batch.sig, batch.body))
        await self.goes_on("unseen", "dance")

    async def test_replay(self) -> None:
        """What comes twice, or from a place beyond a gap, is passed over in silence."""
        await self.start()
        guest = await self.visit()
        batch = sealed(guest.identity, saying("once"))
        beyond = sign_any(guest.identity, Group(), batch.feed, 9, batch.hash, NOW * 1000 + 9, "Zoe", saying("beyond"))
        for _ in range(3):
            guest.send(BatchFrame(batch.sig, Raw(batch.body)), BatchFrame(beyond.sig, Raw(beyond.body)))
        await self.answers(guest)
        await self.bia.wait_for("Zoe: once")
        await self.goes_on("beyond")
        self.assertEqual(
            [len([line for line in peer.lines if "once" in line]) for peer in (self.ana, self.bia)], [1, 1]
        )

    async def test_huge_have(self) -> None:
        """A guest that claims to hold more feeds than anybody may list is not believed beyond that, in bounded memory."""
        await self.start()
        guest = await self.visit()
        base = self.ana.rss()
        for first in range(0, MAX_HAVE + 1200, 1200):
            author = secrets.token_bytes(32)
            guest.send(Have({author: [Range(2**52 + first + n, 1, 2**39 + n) for n in range(1200)]}))
        await self.goes_on()
        self.measured("growth by a huge have", self.ana.peak() - base, "MiB")
