"""TCP as it is on a bad day: a reactor for each node, all on one `task.Clock`, all chances drawn from one seed.

Connections deliver in order, in chunks of any size, after delays that differ from link to link; a reader that pauses fills the
writer's buffer; a partition holds bytes back until it heals; a crash is a reset for whoever is connected and can hear of it;
a connection can die for one of its ends alone.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from twisted.internet import error
from twisted.internet.address import IPv4Address
from twisted.internet.base import BaseConnector
from twisted.python.failure import Failure

from tests.simulation.clock import ManyCallsClock

BUFFER = 8 * 1024
"""Bytes a transport holds before it asks its producer to pause: an eighth of what is usual, so that this happens often."""


class Network:
    """The wires between nodes. `random` decides everything that chance decides."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.clock = ManyCallsClock()
        self.listeners: dict[tuple[str, int], tuple[Node, Any]] = {}
        self.delays = (0.0001, 0.02)
        """The shortest and the longest delay of a link, in seconds."""
        self.tap: Callable[[Transport, bytes], None] = lambda transport, data: None
        """Called with everything that is written."""
        self._islands: dict[Node, int] = {}
        self._ports = 40000

    def node(self) -> Node:
        """Return a new node."""
        return Node(self)

    def partition(self, islands: list[list[Node]]) -> None:
        """Let nodes reach each other within an island only; those in no list are together on another."""
        self._islands = {node: number for number, island in enumerate(islands, 1) for node in island}

    def heal(self) -> None:
        """Let everybody reach everybody."""
        self._islands = {}

    def reachable(self, one: Node, other: Node) -> bool:
        """Whether bytes pass between the two now."""
        return one.everywhere or other.everywhere or self._islands.get(one, 0) == self._islands.get(other, 0)

    def ephemeral_port(self) -> int:
        """Return a port for the dialing end of a connection."""
        self._ports += 1
        return self._ports

    def run(self, seconds: float, step: float = 0.01) -> None:
        """Let time pass."""
        for _ in range(round(seconds / step)):
            self.clock.advance(step)

    def run_until(self, condition: Callable[[], bool], seconds: float, step: float = 0.01) -> bool:
        """Let time pass until `condition` holds, for at most `seconds`; return whether it does."""
        for _ in range(round(seconds / step)):
            if condition():
                return True
            self.clock.advance(step)
        return condition()


class Node:
    """A host with one process on it: what that process sees as its reactor."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.alive = True
        self.suspended = False
        self.everywhere = False
        """Whether this host has a way to all others, whatever the network has come to."""
        self.transports: list[Transport] = []
        self.host = "127.0.0.1"
        """From where it calls: where it listens, if it does."""
        self._held: list[Callable[[], None]] = []
        self._calling: list[Callable[[], None]] | None = None
        """Connections that wait until they are accepted; None while they are at once."""

    def seconds(self) -> float:
        """Return monotonic time."""
        return self.network.clock.seconds()

    def callLater(self, delay: float, call: Callable[..., object], *arguments: Any, **named: Any) -> Any:
        """Call later, if the process still lives then; after it is resumed, if it is suspended then."""
        assert delay >= 0, f"{delay} s: a reactor calls nothing in the past"

        return NodeCall(self, delay, lambda: call(*arguments, **named))

    def when_running(self, call: Callable[[], object]) -> None:
        """Call now; or when the process is resumed; or never, if it is dead."""
        if self.suspended:
            self._held.append(lambda: self.when_running(call))
        elif self.alive:
            call()

    def when_accepting(self, accept: Callable[[], None]) -> None:
        """Call when this process, running, takes connections."""
        if self._calling is None:
            self.when_running(accept)
        else:
            self._calling.append(accept)

    def accept(self, open: bool) -> None:
        """Take connections from now on, or let them wait."""
        waiting, self._calling = self._calling or [], None if open else []
        for each in waiting:
            self.when_accepting(each)

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> ListeningPort:
        """Listen."""
        if (interface, port) in self.network.listeners:
            raise error.CannotListenError(interface, port, OSError("address in use"))
        factory.doStart()
        self.host = interface
        self.network.listeners[interface, port] = (self, factory)
        return ListeningPort(self, (interface, port))

    def connectTCP(self, host: str, port: int, factory: Any, timeout: float = 30, bindAddress: Any = None) -> Connector:
        """Dial."""
        connector = Connector(self, host, port, factory, timeout)
        connector.connect()
        return connector

    def crash(self) -> None:
        """Kill the process: it does and hears nothing any more; those it was connected with see a reset, if they can."""
        self.alive = False
        for address in [address for address, (node, _) in self.network.listeners.items() if node is self]:
            del self.network.listeners[address]
        for transport in list(self.transports):
            transport.reset()

    def suspend(self) -> None:
        """Stop the process as SIGSTOP does: its connections stay, connections to it are made, and nothing happens."""
        self.suspended = True

    def resume(self) -> None:
        """Let it go on, with all that has come due meanwhile."""
        self.suspended = False
        held, self._held = self._held, []
        for call in held:
            call()


class NodeCall:
    """What `callLater` returns: an `IDelayedCall` that can be cancelled as long as its process is suspended, due or not."""

    def __init__(self, node: Node, delay: float, call: Callable[[], object]) -> None:
        self._node = node
        self._call = call
        self._held = False
        self._inner = node.network.clock.callLater(delay, self._due)

    def _due(self) -> None:
        self._held = True
        self._node.when_running(self._make)

    def _make(self) -> None:
        if self._held:
            self._held = False
            self._call()

    def active(self) -> bool:
        """See `IDelayedCall`."""
        return self._held or self._inner.active()

    def cancel(self) -> None:
        """See `IDelayedCall`."""
        if self._held:
            self._held = False
        else:
            self._inner.cancel()

    def getTime(self) -> float:
        """See `IDelayedCall`."""
        return self._inner.getTime()


class ListeningPort:
    """What `listenTCP` returns."""

    def __init__(self, node: Node, address: tuple[str, int]) -> None:
        self._node = node
        self._address = address

    def stopReading(self) -> None:
        """Let connections wait."""
        self._node.accept(False)

    def startReading(self) -> None:
        """Accept."""
        self._node.accept(True)

    def stopListening(self) -> None:
        """Listen no more."""
        self._node.network.listeners.pop(self._address, None)


class Connector(BaseConnector):
    """What `connectTCP` returns: Twisted's own connector over a simulated connection."""

    def __init__(self, node: Node, host: str, port: int, factory: Any, timeout: float) -> None:
        self.node = node
        self.address = (host, port)
        BaseConnector.__init__(self, factory, timeout, node)

    def getDestination(self) -> IPv4Address:
        """Return where this leads."""
        return IPv4Address("TCP", *self.address)

    def _makeTransport(self) -> Attempt:
        return Attempt(self)


class Attempt:
    """A connection being made."""

    def __init__(self, connector: Connector) -> None:
        self._connector: Connector | None = connector
        network = connector.node.network
        delay = network.random.uniform(*network.delays)
        connector.node.callLater(delay, self._arrive)

    def failIfNotConnected(self, reason: Any) -> None:
        """Give up."""
        connector, self._connector = self._connector, None
        if connector is not None:
            connector.connectionFailed(Failure(reason))

    def _arrive(self) -> None:
        connector = self._connector
        if connector is None:
            return
        network = connector.node.network
        found = network.listeners.get(connector.address)
        if found is None:
            self.failIfNotConnected(error.ConnectionRefusedError())
        elif network.reachable(connector.node, found[0]):  # else nothing answers, and the time-out ends it
            self._connector = None
            _connect(connector, *found)


def _connect(connector: Connector, node: Node, factory: Any) -> None:
    protocol = connector.buildProtocol(connector.getDestination())
    if protocol is None:
        connector.connectionFailed(Failure(error.ConnectionAborted()))
        return
    port = node.network.ephemeral_port()
    dialer = IPv4Address("TCP", connector.node.host, port)
    near = Transport(connector.node, dialer, connector.getDestination(), connector)
    far = Transport(node, connector.getDestination(), dialer)
    near.other, far.other = far, near
    connector.transport = near
    near.start(protocol)

    def accept() -> None:
        accepted = factory.buildProtocol(dialer)
        if accepted is None:
            far.abortConnection()
        else:
            far.start(accepted)

    node.when_accepting(accept)


class Transport:
    """One end of a connection."""

    disconnecting = False

    def __init__(self, node: Node, host: IPv4Address, peer: IPv4Address, connector: Connector | None = None) -> None:
        network = node.network
        self.node = node
        self.other: Transport
        self.protocol: Any = None
        self.connected = True
        self.secured = False
        """Whether this end has turned to TLS."""
        self.dead = False
        """Whether this end's network is gone without either end having been told."""
        self._host = host
        self._peer = peer
        self._connector = connector
        self._delay = network.random.uniform(*network.delays)
        self._out = bytearray()
        self._early = bytearray()
        self._reading = True
        self._ended = False
        self._moving = False
        self._producer: Any = None
        self._paused = False
        node.transports.append(self)

    def start(self, protocol: Any) -> None:
        """Give the connection to its protocol."""
        self.protocol = protocol
        protocol.makeConnection(self)
        self.other.move()

    # What a protocol calls.

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Accept; there is nothing to delay."""

    def getHandle(self) -> Transport:
        """Return what plays the socket."""
        return self

    def setsockopt(self, level: int, option: int, value: int) -> None:
        """Accept; buffers are as long as they are."""

    def startTLS(self, context: Any) -> None:
        """Do as if the connection were encrypted from now on; the listener, who hears of it later, is through first."""
        self.secured = True
        if self.other.secured:
            self.node.callLater(0, self.protocol.handshakeCompleted)
            self.other.node.callLater(self._delay, self.other.protocol.handshakeCompleted)

    def export_keying_material(self, label: bytes, length: int, context: bytes) -> bytes:
        """Return what both ends of this connection have in common."""
        return f"{max(self._host.port, self._peer.port)}".encode().rjust(length, b"0")

    def get_peer_certificate(self) -> None:
        """Return none: nothing is encrypted in earnest."""

    def getPeer(self) -> IPv4Address:
        """Return the other end's address."""
        return self._peer

    def getHost(self) -> IPv4Address:
        """Return this end's address."""
        return self._host

    @property
    def buffered(self) -> int:
        """Bytes written and not yet read at the other end."""
        return len(self._out)

    def write(self, data: bytes) -> None:
        """Send."""
        if self.connected and not self.disconnecting:
            self.node.network.tap(self, data)
            self._out += data
            if self._producer is not None and not self._paused and len(self._out) > BUFFER:
                self._paused = True
                self._producer.pauseProducing()
            self.move()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Ask `producer` to pause while the buffer is full."""
        self._producer = producer

    def unregisterProducer(self) -> None:
        """Ask nobody."""
        self._producer = None

    def pauseProducing(self) -> None:
        """Read no more for now."""
        self._reading = False

    def resumeProducing(self) -> None:
        """Read again."""
        self._reading = True
        self.other.move()

    def loseConnection(self) -> None:
        """Close once all is sent."""
        self.disconnecting = True
        self._reading = False
        self.move()

    def abortConnection(self) -> None:
        """Close now."""
        if self.connected:
            self.reset()
            self.lost(error.ConnectionAborted())

    # What the network does.

    def move(self) -> None:
        """See to it that what is buffered goes on its way."""
        if self.connected and not self._moving and (self._out or self.disconnecting):
            self._moving = True
            jitter = self.node.network.random.uniform(0.5, 1.5)
            self.node.network.clock.callLater(self._delay * jitter, self._arrive)

    def reset(self) -> None:
        """Vanish; the other end hears of it if it can be reached."""
        self.connected = False
        if self in self.node.transports:
            self.node.transports.remove(self)
        other = self.other
        self.node.network.clock.callLater(self._delay, other.hear_reset, self)

    def hear_reset(self, sender: Transport) -> None:
        """The other end is gone."""
        network = self.node.network
        if self.connected and not self.dead and not sender.dead:
            if network.reachable(self.node, sender.node):
                self.node.when_running(lambda: self.lost(error.ConnectionLost()))
            else:
                network.clock.callLater(1.0, self.hear_reset, sender)

    def lost(self, reason: Exception) -> None:
        """This end is closed."""
        if not self._ended:
            self._ended = True
            self.connected = False
            if self in self.node.transports:
                self.node.transports.remove(self)
            if self.protocol is not None:
                self.protocol.connectionLost(Failure(reason))
            if self._connector is not None:
                self._connector.connectionLost(Failure(reason))

    def _arrive(self) -> None:
        self._moving = False
        network, other = self.node.network, self.other
        if self.dead or other.dead or not self.connected:
            return
        if not network.reachable(self.node, other.node):
            self._moving = True
            network.clock.callLater(0.2, self._arrive)  # as a retransmission does
            return
        if not other.connected:
            self._out.clear()
        elif self._out:
            if other.protocol is None or not other._reading or other.node.suspended:
                if other.node.suspended:
                    other.node.when_running(self.move)
                return
            chunk = bytes(self._out[: network.random.randint(1, 2 * BUFFER)])
            del self._out[: len(chunk)]
            other.protocol.dataReceived(chunk)
        if self.connected and not self._out:
            self._drained()
        self.move()

    def _drained(self) -> None:
        if self.disconnecting:
            self.node.when_running(lambda: self.lost(error.ConnectionDone()))
            other = self.other
            other.node.when_running(lambda: other.lost(error.ConnectionDone()))
        elif self._producer is not None and self._paused:
            self._paused = False
            self.node.when_running(self._producer.resumeProducing)
