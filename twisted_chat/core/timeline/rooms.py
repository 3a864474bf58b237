"""The rooms that are known here, and their topics. Their number is bounded, however many others speak of."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from msgspec import Struct

from twisted_chat.core.feeds.batches import Position
from twisted_chat.core.writing.skeleton import room_key
from twisted_chat.core.writing.text import DEFAULT_ROOM

MAX_ROOMS = 1_000
"""Rooms known at a time. With one more, the room is forgotten that nobody has spoken of for longest; rooms where the person
here spoke, or went, are forgotten last. Their messages stay in the store."""
MAX_ROOMS_BY_ONE = 100
"""Rooms known that one member brought in. With one more, the one of its own is forgotten that nobody has spoken of for
longest."""


class Room(Struct):
    """A room: its `name` as it was first written here, its topic, the time of that, and the member that first spoke of it,
    `by`."""

    name: str
    by: bytes = b""
    topic: str = ""
    told_at: Position | None = None


class Rooms:
    """Rooms, by the form in which they are compared. `DEFAULT_ROOM` is always known."""

    def __init__(self) -> None:
        self._kept = OrderedDict({room_key(DEFAULT_ROOM): Room(DEFAULT_ROOM)})
        self._others: OrderedDict[str, Room] = OrderedDict()
        self._by: dict[bytes, OrderedDict[str, None]] = {}
        """The other rooms, by the member that brought them in."""

    def __len__(self) -> int:
        return len(self._kept) + len(self._others)

    def __iter__(self) -> Iterator[Room]:
        yield from self._kept.values()
        yield from self._others.values()

    @property
    def kept(self) -> list[str]:
        """The names of the rooms where the person here spoke, or went."""
        return [room.name for room in self._kept.values()]

    def get(self, name: str) -> Room | None:
        """Return the room of that name, in whatever spelling, if it is known."""
        key = room_key(name)
        return self._kept.get(key) or self._others.get(key)

    def note(self, name: str, author: bytes) -> Room:
        """Note that `author` spoke of a room now; return it."""
        key = room_key(name)
        if room := self._kept.get(key):
            self._kept.move_to_end(key)
        elif room := self._others.get(key):
            self._others.move_to_end(key)
            self._by[room.by].move_to_end(key)
        else:
            if len(self._by.get(author, ())) >= MAX_ROOMS_BY_ONE:
                self._take(next(iter(self._by[author])))
            self._make_room()
            room = self._others[key] = Room(name, author)
            self._by.setdefault(author, OrderedDict())[key] = None
        return room

    def keep(self, name: str) -> Room:
        """Note that the person here spoke in a room, or went there; return it."""
        key = room_key(name)
        room = self._kept.get(key)
        if room is None:
            room = self._take(key) if key in self._others else Room(name)
            self._make_room()
            self._kept[key] = room
        self._kept.move_to_end(key)
        return room

    def _make_room(self) -> None:
        if len(self) < MAX_ROOMS:
            return
        if self._others:
            self._take(next(iter(self._others)))
        else:
            del self._kept[next(key for key, room in self._kept.items() if room.name != DEFAULT_ROOM)]

    def _take(self, key: str) -> Room:
        """Remove and return a room that is not kept."""
        room = self._others.pop(key)
        of_one = self._by[room.by]
        del of_one[key]
        if not of_one:
            del self._by[room.by]
        return room
