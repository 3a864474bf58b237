"""What stands in for a socket on Windows: a port of loopback and a file, tried on this system."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import tempfile
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.trial.unittest import SynchronousTestCase, TestCase

from tests.simulation.world import World
from twisted_chat.api import Chat
from twisted_chat.core.errors import ChatError
from twisted_chat.core.seat import Seat
from twisted_chat.frontends.contract import Given
from twisted_chat.frontends.json import pass_file
from twisted_chat.frontends.json.loopback import KNOCK_SECONDS, MAX_KNOCKING, Knocking, Loopback
from twisted_chat.frontends.json.pass_file import MAX_BYTES

STATUS = b'{"jsonrpc":"2.0","id":1,"method":"status"}\n'


class PassFileTests(SynchronousTestCase):
    """The file at the path."""

    def setUp(self) -> None:
        self.path = Path(tempfile.mkdtemp(), "rpc")
        self.addCleanup(shutil.rmtree, self.path.parent)

    def test_read(self) -> None:
        """What is read is what was written; nobody else may read it, and each has another secret."""
        first = pass_file.write(self.path, 5999)
        self.assertEqual(pass_file.read(self.path), first)
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o600)
        pass_file.remove(self.path, first)
        self.assertNotEqual(pass_file.write(self.path, 5999).secret, first.secret)

    def test_left(self) -> None:
        """What a killed peer left is replaced, and then is not its to remove."""
        free = socket.create_server((pass_file.HOST, 0))
        old = pass_file.write(self.path, free.getsockname()[1])
        free.close()
        new = pass_file.write(self.path, 5999)
        pass_file.remove(self.path, old)
        self.assertEqual(pass_file.read(self.path), new)

    def test_taken(self) -> None:
        """Where another peer listens nothing is changed; nor is anything that is another kind of file."""
        with socket.create_server((pass_file.HOST, 0)) as other:
            old = pass_file.write(self.path, other.getsockname()[1])
            with self.assertRaisesRegex(ChatError, "another program listens there"):
                pass_file.write(self.path, 5999)
        self.assertEqual(pass_file.read(self.path), old)
        for content in (b"", b"dear diary\n", b"tcpchat-rpc 1 " + b"0" * 32, b"x" * 10_000_000):
            self.path.write_bytes(content)
            with self.assertRaisesRegex(ChatError, "there is another file already"):
                pass_file.write(self.path, 5999)
            self.assertEqual(self.path.read_bytes(), content)
        target = self.path.with_name("target")
        self.path.unlink()
        self.path.symlink_to(target)
        with self.assertRaisesRegex(ChatError, "there is another file already"):
            pass_file.write(self.path, 5999)
        self.assertFalse(target.exists())


class KnockingTests(SynchronousTestCase):
    """Connections that have to send the secret."""

    def setUp(self) -> None:
        self.path = Path(tempfile.mkdtemp(), "rpc")
        self.addCleanup(shutil.rmtree, self.path.parent)
        self.world = World(1, 2)
        for actor in self.world.actors:
            actor.start()
        peer = self.world.actors[0].peer
        assert peer is not None
        self.clock = MemoryReactorClock()
        self.patch(self.clock, "listenTCP", lambda *arguments, **named: _Port())
        self.loopback = Loopback(Given(Seat(peer.conversation), self.clock, 5000, "log", {"rpc": self.path}))
        self.loopback.start()

    def knock(self) -> tuple[Knocking, StringTransport]:
        one, transport = Knocking(self.loopback), StringTransport()
        one.makeConnection(transport)
        return one, transport

    def test_secret(self) -> None:
        """After the secret, in however many pieces, what is asked is answered; before it nothing is."""
        one, transport = self.knock()
        for byte in self.loopback.own.line:
            self.assertEqual(transport.value(), b"")
            one.dataReceived(bytes([byte]))
        one.dataReceived(STATUS)
        self.assertIn(b'"result"', transport.value())
        other, transport = self.knock()
        other.dataReceived(self.loopback.own.line + STATUS)
        self.assertIn(b'"result"', transport.value())
        self.clock.advance(KNOCK_SECONDS + 1)
        self.assertFalse(transport.disconnected)

    def test_wrong(self) -> None:
        """A wrong secret, one without an end, and none in time end the connection without a word."""
        for sent in (STATUS, b"\n", b"0" * 32 + b"\n", b"x" * (MAX_BYTES + 1), self.loopback.own.line[1:]):
            one, transport = self.knock()
            one.dataReceived(sent)
            self.assertTrue(transport.disconnected, sent)
            self.assertEqual(transport.value(), b"")
        silent, transport = self.knock()
        silent.dataReceived(self.loopback.own.line[:-1])
        self.clock.advance(KNOCK_SECONDS - 1)
        self.assertFalse(transport.disconnected)
        self.clock.advance(2)
        self.assertTrue(transport.disconnected)
        ended, transport = self.knock()
        ended.readConnectionLost()
        self.assertTrue(transport.disconnected)

    def test_crowd(self) -> None:
        """However many are silent, a few wait, and who has the secret gets in."""
        inside, transport = self.knock()
        inside.dataReceived(self.loopback.own.line)
        crowd = [self.knock() for _ in range(3 * MAX_KNOCKING)]
        for one, wire in crowd:
            if wire.disconnected:
                one.connectionLost()
        self.assertEqual(sum(not wire.disconnected for _, wire in crowd), MAX_KNOCKING)
        late, wire = self.knock()
        late.dataReceived(self.loopback.own.line + STATUS)
        self.assertIn(b'"result"', wire.value())
        self.assertFalse(transport.disconnected)


class _Port:
    def getHost(self) -> Any:
        return self

    port = 5999


class ChatTests(TestCase):
    """A program in Python that is given the path of the file."""

    @inlineCallbacks
    def test_through(self) -> Any:
        """It speaks as the owner, as through a socket; when the peer has ended the file is gone."""
        path = Path(tempfile.mkdtemp(), "rpc")
        self.addCleanup(shutil.rmtree, path.parent)
        world = World(1, 2)
        for actor in world.actors:
            actor.start()
        world.network.run(3)
        peer = world.actors[0].peer
        assert peer is not None
        loopback = Loopback(Given(Seat(peer.conversation), reactor, 5000, "log", {"rpc": path}))
        loopback.start()

        async def members() -> Any:
            async with Chat(through=path) as chat:
                return await chat.members()

        found = yield Deferred.fromCoroutine(members())
        self.assertEqual([member["name"] for member in found], ["P1"])
        yield loopback.stop()
        self.assertFalse(path.exists())
