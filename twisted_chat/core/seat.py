"""One person's place in the conversation: what a front end is given for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from msgspec.structs import replace

from twisted_chat.core.conversation import Conversation
from twisted_chat.core.events import Changed, Event, OfMember
from twisted_chat.core.feeds.ids import MessageId, Ticket
from twisted_chat.core.messages import Messages
from twisted_chat.core.timeline.rooms import MAX_ROOMS
from twisted_chat.core.voice import Voice
from twisted_chat.core.watching import Watcher
from twisted_chat.core.writing.skeleton import room_key
from twisted_chat.core.writing.text import DEFAULT_ROOM, check_room


class Seat:
    """Where one person sits: whom they speak as, what they hear, where they are, and what they have not read.

    A conversation has any number of seats, and none knows of another. Who takes one leaves it in the end.
    """

    def __init__(self, conversation: Conversation, voice: Voice | None = None) -> None:
        """Without a `voice` it is the owner's."""
        self.conversation = conversation
        self.voice = voice or conversation.voice
        self.unread: Counter[str] = Counter()
        """The number of messages that wait in each room where this person is not."""
        self.last_private: tuple[bytes, str] | None = None
        """The last member that wrote privately, and the name it was shown by then."""
        self.everywhere = False
        """Whether this person hears all rooms, so that nothing is unread."""
        self._rooms = {room_key(DEFAULT_ROOM): DEFAULT_ROOM}
        self._watched: list[Callable[[], None]] = []
        self.watch(self._note)

    # Hearing.

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Call `watcher` with every event from now on until this seat is left; return what ends that before. What a person is to
        be shown of an event `for_person` tells. See `Watchers` for what happens if it raises."""
        leave = self.conversation.watch(watcher)
        self._watched.append(leave)

        def unwatch() -> None:
            leave()
            if leave in self._watched:
                self._watched.remove(leave)

        return unwatch

    def leave(self) -> None:
        """Hear no more. The peer and the other seats go on: `Conversation.leave` ends them all."""
        watched, self._watched = self._watched, []
        for leave in watched:
            leave()

    def for_person(self, event: Event) -> Event | None:
        """Return what this person is to be shown of an event; None if nothing: what is said in other rooms counts as unread, what
        ignored members say not even that, nor are their comings and goings shown."""
        if isinstance(event, OfMember):
            elsewhere = isinstance(event, Changed) and not self._is_in(event.message.records[0].room)
            return None if elsewhere or self.ignores(event.member) else event
        if not isinstance(event, Messages):
            return event
        if self.ignores(event.feed.author):
            return None
        if event.private:
            return event
        here = [record for record in event.records if self._is_in(record.room)]
        if len(here) == len(event.records):
            return event
        return replace(event, records=here) if here else None

    def ignores(self, member: bytes) -> bool:
        """Whether this person does not want to hear of a member. All seats of one voice ignore the same members."""
        return self.conversation.roster.ignores(member)

    def _note(self, event: Event) -> None:
        if not isinstance(event, Messages) or self.ignores(event.feed.author):
            return
        if event.private:
            self.last_private = self.last_private if event.own else (event.feed.author, event.name)
        elif event.feed.author != self.voice.id:  # what one said at another seat is no news
            self._count(record.room for record in event.records if not self._is_in(record.room))

    def _count(self, rooms: Iterable[str]) -> None:
        """Count what is unread in rooms. Of those that are forgotten by now, as many are counted as there can be rooms."""
        self.unread.update(map(self.conversation.room, rooms))
        if len(self.unread) > 2 * MAX_ROOMS:
            known = self.conversation.topics
            self.unread = Counter({room: count for room, count in self.unread.items() if room in known})

    # Rooms.

    @property
    def room(self) -> str:
        """Where this person speaks: the room that was entered last."""
        return self.rooms[-1]

    @property
    def rooms(self) -> list[str]:
        """The rooms where this person is, the one where it speaks last."""
        return list(map(self.conversation.room, self._rooms.values()))

    def enter(self, room: str, beside: bool = False) -> str:
        """Go to a room, out of the others or `beside` them; return what it is about. Raises `BadText` if it can't be a room. Who
        is in `MAX_ROOMS` goes out of the one entered first."""
        room = check_room(room)
        topic = self.conversation.enter(room)
        stay = {key: other for key, other in self._rooms.items() if beside and key != room_key(room)}
        self._rooms = {**stay, room_key(room): room}
        if len(self._rooms) > MAX_ROOMS:
            del self._rooms[next(iter(self._rooms))]
        self.unread.pop(self.room, None)
        return topic

    def part(self, room: str) -> None:
        """Go out of a room; out of the last one, to where everybody is at first."""
        self._rooms.pop(room_key(room), None)
        if not self._rooms:
            self._rooms = {room_key(DEFAULT_ROOM): DEFAULT_ROOM}

    def waiting(self) -> Iterator[tuple[str, int]]:
        """Yield the rooms where something is unread, and how much; first those where this person spoke, or went."""
        for room in dict.fromkeys([*self.conversation.rooms_kept, *self.unread]):
            if self.unread[room]:
                yield room, self.unread[room]

    def _is_in(self, room: str) -> bool:
        return self.everywhere or room_key(room) in self._rooms

    # Speaking.

    def say(
        self, text: str, room: str | None = None, me: bool = False, auto: bool = False, re: MessageId | None = None
    ) -> Ticket:
        """Say `text`, or tell what one does, in a room: in the one where this person speaks, if none is named. See `Voice`."""
        return self.voice.say(text, self.room if room is None else room, me, auto, re)

    def whisper(self, member: bytes, text: str, auto: bool = False) -> Ticket:
        """Say `text` to one member alone. See `Voice`."""
        return self.voice.whisper(member, text, auto)
