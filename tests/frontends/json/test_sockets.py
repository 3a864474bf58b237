"""Programs at a socket: real connections to a simulated peer."""

from __future__ import annotations

import json
import os
import shutil
import socket
import tempfile
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SkipTest, TestCase

from tests.simulation.world import World
from twisted_chat.core.errors import ChatError
from twisted_chat.core.events import Leaving
from twisted_chat.core.seat import Seat
from twisted_chat.frontends.contract import Given
from twisted_chat.frontends.json import sockets
from twisted_chat.frontends.json.sockets import MAX_CLIENTS, Sockets

if os.name != "posix":
    raise SkipTest("sockets with a path are POSIX's")

PATIENCE = 30.0


class Program:
    """A program that blocks, in another thread."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(os.fspath(path))
        self._file = self.socket.makefile("rb")

    def ask(self, method: str, **params: Any) -> Deferred[Any]:
        """Ask, and return the next line."""
        line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        self.socket.sendall(line.encode() + b"\n")
        return self.line()

    def line(self) -> Deferred[Any]:
        """Return the next line; None at the end."""
        return deferToThread(lambda: json.loads(self._file.readline() or "null"))

    def close(self) -> None:
        self._file.close()
        self.socket.close()


class SocketTests(TestCase):
    """A peer that programs of its owner connect to."""

    def setUp(self) -> None:
        directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, directory)
        self.path = Path(directory, "rpc")
        self.world = World(1, 2)
        for actor in self.world.actors:
            actor.start()
        self.world.network.run(3)
        peer = self.world.actors[0].peer
        assert peer is not None
        self.conversation = peer.conversation
        self.sockets = Sockets(self.given())
        self.sockets.start()
        self.addCleanup(self.stop)
        self.stopped = False

    def given(self) -> Given:
        return Given(Seat(self.conversation), reactor, 5000, "log", {"rpc": self.path})

    def stop(self) -> Any:
        if not self.stopped:
            self.stopped = True
            return self.sockets.stop()
        return None

    def program(self) -> Program:
        program = Program(self.path)
        self.addCleanup(program.close)
        return program

    @inlineCallbacks
    def test_several(self) -> Any:
        """Several programs are answered each its own, with rooms of their own; one that goes is not the others' matter."""
        one, other = self.program(), self.program()
        yield one.ask("join", room="#tea")
        answer = yield other.ask("rooms")
        self.assertEqual(answer["result"]["joined"], ["#chat"])
        one.close()
        answer = yield other.ask("status")
        self.assertEqual(answer["result"]["name"], "P0")
        answer = yield other.ask("leave")
        self.assertEqual(answer["result"], {})
        self.assertIsNone((yield other.line()))

    @inlineCallbacks
    def test_too_many(self) -> Any:
        """One program more than may be is told so, and let go; when another has gone there is room again."""
        programs = [self.program() for _ in range(MAX_CLIENTS)]
        for program in programs:
            yield program.ask("status")
        refused = self.program()
        line = yield refused.line()
        self.assertEqual((line["error"]["code"], line["error"]["data"]), (-32005, {"error": "full"}))
        self.assertIsNone((yield refused.line()))
        yield programs[0].ask("leave")
        self.assertIsNone((yield programs[0].line()))
        answer = yield self.program().ask("status")
        self.assertIn("result", answer)

    @inlineCallbacks
    def test_end_of_input(self) -> Any:
        """Who asks and ends its output is answered, and let go."""
        program = self.program()
        program.socket.sendall(b'{"jsonrpc":"2.0","id":1,"method":"status"}')
        program.socket.shutdown(socket.SHUT_WR)
        line = yield program.line()
        self.assertIn("result", line)
        self.assertIsNone((yield program.line()))

    @inlineCallbacks
    def test_listens_on(self) -> Any:
        """Who has subscribed and ends its output is told all the same; once it is gone that is noticed."""
        self.patch(sockets, "LOOK_SECONDS", 0.01)
        program = self.program()
        yield program.ask("subscribe")
        program.socket.shutdown(socket.SHUT_WR)
        while not any(each._looking.running for each in self.sockets.connections):
            yield deferToThread(lambda: None)
        self.conversation.emit(Leaving("P0", "log"))
        line = yield program.line()
        self.assertEqual(line["method"], "leaving")
        program = self.program()
        yield program.ask("subscribe")
        program.close()
        while self.sockets.connections:
            yield deferToThread(lambda: None)

    @inlineCallbacks
    def test_stops(self) -> Any:
        """At the end the programs are let go, and the socket is gone; one that does not read holds nobody up."""
        self.patch(sockets, "FLUSH_SECONDS", 0.05)
        program, stalled = self.program(), self.program()
        yield program.ask("status")
        yield stalled.ask("status")
        connections = list(self.sockets.connections)
        for connection in connections:
            if connection.transport is not None and connection._client is not None:
                connection.transport.write(b"\n" * 8_000_000)
        program.close()
        self.stopped = True
        yield self.sockets.stop()
        self.assertEqual((self.sockets.connections, self.path.exists()), (set(), False))

    def test_taken(self) -> None:
        """A second peer does not take the socket over: it says in words why."""
        error = self.assertRaises(ChatError, Sockets(self.given()).start)
        self.assertIn(str(self.path), str(error))
