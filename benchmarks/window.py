"""How far a sender may run ahead of its receivers where a server would cut off those that are slow."""

from __future__ import annotations

import asyncio
import mmap
from pathlib import Path

POLL_SECONDS = 0.0005


class Window:
    """Counts in memory shared by all members: how many messages each has received of each."""

    def __init__(self, path: Path, members: int, me: int, size: int) -> None:
        """`path` is a file of 8 bytes a pair; `size` is how many messages a sender may be ahead, 0 for any number."""
        self._members = members
        self._me = me
        self._size = size
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), members * members * 8)
        self._counts = memoryview(self._map).cast("Q")

    @staticmethod
    def make(path: Path, members: int) -> None:
        """Make the file."""
        path.write_bytes(bytes(members * members * 8))

    def note(self, sender: int, count: int) -> None:
        """So many have come of `sender`."""
        self._counts[self._me * self._members + sender] = count

    async def room(self, sent: int) -> None:
        """Wait until the slowest receiver is near enough."""
        while self._size and sent - self._lowest() > self._size:
            await asyncio.sleep(POLL_SECONDS)

    def _lowest(self) -> int:
        column = (self._counts[row * self._members + self._me] for row in range(self._members) if row != self._me)
        return min(column)
