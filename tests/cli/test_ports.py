"""Who holds a port: real sockets on loopback, in threads, since what is tested blocks."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from itertools import count

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.cli import ports
from twisted_chat.core.group import Group
from twisted_chat.core.keys import Identity
from twisted_chat.core.wire.frames import MAX_LINE, Bye, Frame, Greet, Hello, Ping, decode, encode
from twisted_chat.core.wire.opening import Introduction, Opening, Role

HOST = "127.0.0.1"
PATIENCE = 10.0
"""Seconds after which a test that hangs fails."""


def introduction(name: str, group: str = "chat", instance: int = 1) -> Introduction:
    """A peer's introduction; every name has its key."""
    return Introduction(Identity(name.encode().ljust(32)), Group(group), name, 5000, instance, True)


ME = introduction("Bia")


class Listener:
    """A service on a free port of this machine that treats its one caller to `behaviour`, then hangs up."""

    def __init__(self, behaviour: Callable[[socket.socket], None]) -> None:
        self._behaviour = behaviour
        self._socket = socket.create_server((HOST, 0))
        self._socket.settimeout(PATIENCE)
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._socket.accept()
        with connection:
            connection.settimeout(PATIENCE)
            with contextlib.suppress(OSError):  # the caller hangs up, which some behaviours wait for
                self._behaviour(connection)

    def finish(self) -> None:
        """Wait for the behaviour to end."""
        self._thread.join(PATIENCE)
        self._socket.close()


def everything(connection: socket.socket) -> bytes:
    """What the other side says until it hangs up."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


def frames(said: bytes) -> list[Frame | None]:
    """The frames on the lines of `said`."""
    return [decode(line) for line in said.splitlines()]


class IsFreeTests(SynchronousTestCase):
    """`is_free`."""

    def test_listened_at(self) -> None:
        """A port is not free while somebody listens there, and free again once nobody does."""
        with socket.create_server((HOST, 0)) as server:
            port = server.getsockname()[1]
            self.assertFalse(ports.is_free(HOST, port))
        self.assertTrue(ports.is_free(HOST, port))

    def test_ended_connection(self) -> None:
        """A port whose last connection ended a moment ago is free: the reactor could listen there."""
        with socket.create_server((HOST, 0)) as server:
            port = server.getsockname()[1]
            with socket.create_connection((HOST, port)) as client:
                server.accept()[0].close()  # this side closes first, so that its end keeps the port for a while
                client.recv(1)
        self.assertTrue(ports.is_free(HOST, port))

    def test_other_fault(self) -> None:
        """An address that this machine does not have is an error, not a port in use."""
        self.assertRaises(OSError, ports.is_free, "192.0.2.1", 5000)


class HolderTests(SynchronousTestCase):
    """`holder`."""

    def ask(self, behaviour: Callable[[socket.socket], None], clock: Callable[[], float] | None = None) -> str | None:
        """Ask who holds the port of a service that behaves like this."""
        listener = Listener(behaviour)
        self.addCleanup(listener.finish)
        if clock is None:
            return ports.holder(HOST, listener.port, ME)
        return ports.holder(HOST, listener.port, ME, clock)

    def test_peer(self) -> None:
        """A peer of the group is asked for its name; it hears hello and bye, and no proof of who asks."""
        heard = bytearray()

        def peer(connection: socket.socket) -> None:
            opening = Opening(introduction("Ana"), Role.LISTENER)
            connection.sendall(opening.begin())
            line = connection.recv(MAX_LINE)
            heard.extend(line)
            connection.sendall(opening.receive(line.rstrip(b"\n")))
            heard.extend(everything(connection))

        listener = Listener(peer)
        self.assertEqual(ports.holder(HOST, listener.port, ME), "Ana")
        listener.finish()
        self.assertEqual([type(frame) for frame in frames(bytes(heard))], [Hello, Bye])

    def test_later_frames(self) -> None:
        """Frames of a later version in between do not hide a peer."""

        def peer(connection: socket.socket) -> None:
            opening = Opening(introduction("Ana"), Role.LISTENER)
            connection.sendall(b'{"t":"later"}\n' + opening.begin())
            connection.sendall(b'{"t":"later"}\n' + opening.receive(connection.recv(MAX_LINE).rstrip(b"\n")))

        self.assertEqual(self.ask(peer), "Ana")

    def test_other_group(self) -> None:
        """A peer of another group is nobody this group knows."""

        def peer(connection: socket.socket) -> None:
            connection.sendall(encode(Greet(1, False)))
            connection.recv(MAX_LINE)
            connection.sendall(encode(Bye("group")))

        self.assertIsNone(self.ask(peer))

    def test_nobody(self) -> None:
        """A port where nobody listens is held by nobody."""
        with socket.create_server((HOST, 0)) as server:
            port = server.getsockname()[1]
        self.assertIsNone(ports.holder(HOST, port, ME))

    def test_foreign_services_get_no_byte(self) -> None:
        """A service that greets in its own way, or as another version would, is sent nothing."""
        greetings = (
            b"220 mail ESMTP\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\n", b"\xff\xfe\n", b"[" * 1000 + b"\n",
            encode(Ping(1)), encode(Greet(2, False)), encode(Bye("full")),
        )  # fmt: skip
        for greeting in greetings:
            heard = bytearray()

            def service(connection: socket.socket, greeting: bytes = greeting, heard: bytearray = heard) -> None:
                connection.sendall(greeting)
                heard.extend(everything(connection))

            listener = Listener(service)
            self.assertIsNone(ports.holder(HOST, listener.port, ME))
            listener.finish()
            self.assertEqual(heard, b"", greeting)

    def test_silent_service_gets_no_byte(self) -> None:
        """A service that waits for its caller to begin is sent nothing, and given up after the time for silence."""
        self.patch(ports, "SILENCE_SECONDS", 0.05)
        heard = bytearray(b"nothing yet")

        def service(connection: socket.socket) -> None:
            heard[:] = everything(connection)

        listener = Listener(service)
        self.assertIsNone(ports.holder(HOST, listener.port, ME))
        listener.finish()
        self.assertEqual(heard, b"")

    def test_dribble_ends_in_time(self) -> None:
        """A service that never ends its line, a byte at a time, is left when the time is up."""

        def dribble(connection: socket.socket) -> None:
            while True:
                connection.sendall(b"{")

        looks = count()

        def clock() -> float:
            return next(looks) * ports.TOTAL_SECONDS / 4

        self.assertIsNone(self.ask(dribble, clock))
        self.assertLessEqual(next(looks), 6)

    def test_flood_ends_in_bytes(self) -> None:
        """A service that floods is left after about a line's worth of bytes, even if no time passes."""
        lines = iter(lambda: b'{"t":"later"}\n' * 1000, None)
        read: list[int] = []

        def flood(connection: socket.socket) -> None:
            for line in lines:
                connection.sendall(line)

        receive = socket.socket.recv

        class Counting(socket.socket):
            def recv(self, size: int, flags: int = 0, /) -> bytes:
                chunk = receive(self, size, flags)
                read.append(len(chunk))
                return chunk

        def connect(address: tuple[str, int], timeout: float) -> socket.socket:
            connection = Counting()
            connection.settimeout(timeout)
            connection.connect(address)
            return connection

        self.patch(ports.socket, "create_connection", connect)
        self.assertIsNone(self.ask(flood, lambda: 0.0))
        self.assertGreaterEqual(sum(read), MAX_LINE)
        self.assertLess(sum(read), 2 * MAX_LINE)

    def test_name_is_checked(self) -> None:
        """A peer whose name could not be one gives none."""

        def liar(connection: socket.socket) -> None:
            connection.sendall(encode(Greet(1, False)))
            connection.recv(MAX_LINE)
            connection.sendall(encode(Hello("chat", bytes(32), "A\nna", 5000, 2, bytes(32), True)))

        self.assertIsNone(self.ask(liar))
