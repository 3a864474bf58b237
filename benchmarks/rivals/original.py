"""The way of the program this one replaces: a thread a connection, one `send` a peer, the log opened for each message.

It is given what it lacked so that its messages can be counted at all: a line end after each, and one connection a pair.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from datetime import datetime

from benchmarks.rivals.client import PATIENCE, Client

LOG = "logs_chat.txt"


def _log(words: str) -> None:
    with open(LOG, "a", encoding="utf-8") as log:
        log.write(f"[{datetime.now().strftime('%d/%m/%Y %H:%M:%S')}] : {words}\n")


class OriginalClient(Client):
    """Blocking sockets and threads; what is received is passed on within the receiving thread."""

    async def open(self) -> None:
        """Listen, call the members before this one, and wait for the others' calls."""
        self._peers: list[socket.socket] = []
        self._lock = threading.Lock()
        server = socket.create_server(("127.0.0.1", self.place.ports[self.place.me]))
        threading.Thread(target=self._accept, args=(server,), daemon=True).start()
        for other in range(self.place.me):
            self._add(self._dial(self.place.ports[other]))
        deadline = time.monotonic() + PATIENCE
        while len(self._peers) < self.place.members - 1 and time.monotonic() < deadline:
            await asyncio.sleep(0.01)

    async def write(self, texts: list[str]) -> None:
        """Send each message to each of the others, in a thread as the original's prompt was."""
        await asyncio.get_running_loop().run_in_executor(None, self._send, texts)

    def _send(self, texts: list[str]) -> None:
        name = f"m{self.place.me}"
        for text in texts:
            for peer in self._peers:
                peer.sendall(f"{name}: {text}\n".encode())
            _log(f"[MSG ENVIADA] {name}: {text}")

    def _dial(self, port: int) -> socket.socket:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port))
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def _accept(self, server: socket.socket) -> None:
        while True:
            self._add(server.accept()[0])

    def _add(self, peer: socket.socket) -> None:
        with self._lock:
            self._peers.append(peer)
        threading.Thread(target=self._read, args=(peer,), daemon=True).start()

    def _read(self, peer: socket.socket) -> None:
        rest = b""
        while data := peer.recv(1024):
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                words = line.decode()
                _log(f"[MSG RECEBIDA] {words}")
                with self._lock:
                    self.receive([words.partition(": ")[2]])
