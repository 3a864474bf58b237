"""Programs as real processes: pipes and sockets, kills, and public packages that know nothing of this one."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path
from typing import Any

from aiorpcx import JSONRPCConnection, JSONRPCv2, NewlineFramer, Notification, RPCError, RPCSession, connect_us
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SkipTest, TestCase

from tests.integration import programs

if os.name != "posix":
    raise SkipTest("neither pipes nor sockets of programs are there on Windows")


class KillTests(TestCase):
    """The short form of `python -m tests.integration.programs`."""

    timeout = 240

    def test_each_once(self) -> Any:
        """Slow readers at a pipe and at a socket, killed with and without their peers, get every message once and in order."""
        return deferToThread(programs.run, 1_000, 3).addCallback(self.assertEqual, [])


class Session(RPCSession):
    """A client of aiorpcX, which notes what it is told."""

    def __init__(self, transport: Any) -> None:
        super().__init__(transport, connection=JSONRPCConnection(JSONRPCv2))
        self.told: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()

    def default_framer(self) -> NewlineFramer:
        """Return what cuts lines."""
        return NewlineFramer()

    async def handle_request(self, request: Any) -> None:
        """Note a notification."""
        if isinstance(request, Notification):
            self.told.put_nowait((request.method, request.args))


class PublicClientTests(TestCase):
    """A package that knows JSON-RPC and nothing else."""

    timeout = 120

    def test_unchanged(self) -> Any:
        """aiorpcX, from PyPI, asks, is refused, and is told, at the socket of a peer."""

        async def converse(path: Path) -> None:
            async with connect_us(os.fspath(path), session_factory=Session) as session:
                began = await session.send_request("subscribe", {"events": []})
                self.assertEqual(set(began), {"place"})
                said = await session.send_request("say", {"text": "olá"})
                method, told = await session.told.get()
                self.assertEqual((method, told["id"], told["text"]), ("message", said["id"], "olá"))
                self.assertEqual((await session.send_request("status"))["name"], "p1")
                for asked, code in (("dance", -32601), ("say", -32602)):
                    try:
                        await session.send_request(asked, {"loud": True})
                    except RPCError as error:
                        self.assertEqual(error.code, code)
                    else:
                        self.fail("taken")
                await session.send_notification("leave")

        def run() -> None:
            with tempfile.TemporaryDirectory(prefix="tcp") as directory:
                stage = programs.Stage(Path(directory))
                try:
                    stage.start(1, "--console", "none", "--rpc", f"{directory}/rpc")
                    with programs.connected(Path(directory, "rpc")):
                        asyncio.run(converse(Path(directory, "rpc")))
                finally:
                    stage.end()

        return deferToThread(run)
