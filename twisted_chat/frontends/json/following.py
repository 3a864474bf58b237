"""A program follows what arrives: a cursor in what is kept, not a queue. A slow reader costs one page."""

from __future__ import annotations

from collections.abc import Callable, Collection

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from twisted_chat.core.conversation import Conversation
from twisted_chat.core.errors import StoreError
from twisted_chat.core.feeds.ids import Place
from twisted_chat.core.messages import Arrived, Messages
from twisted_chat.core.writing.skeleton import room_key

LOOK_SECONDS = 5.0
"""How often it is looked what has arrived that nothing announced, such as what the disk took at a second try."""
MAX_MISSED = 1_000
"""Feeds of which it is remembered up to where they were missed."""

Tell = Callable[[Messages, bool, Place], object]
"""Is given a message, whether it was missed, and the place behind it."""

_log = Logger()


class Following:
    """Gives every message from a place on, each once, in the order in which it came to be kept here, once it is."""

    def __init__(
        self,
        conversation: Conversation,
        clock: IReactorTime,
        place: Place,
        begun: Place,
        rooms: Collection[str] | None,
        tell: Tell,
    ) -> None:
        """`begun` is behind what had arrived when the program came: that was missed. `rooms` are those of which public messages
        are given, None for all."""
        self._conversation = conversation
        self._place = place
        self._begun = begun
        self._rooms = None if rooms is None else {room_key(room) for room in rooms}
        self._tell = tell
        self._missed: dict[bytes, tuple[int, int]] = {}
        """The last record that was missed, by author and with its epoch."""
        self._asking = False
        self._again = False
        self._paused = False
        self._stopped = False
        self._looking = LoopingCall(self.look)
        self._looking.clock = clock
        self._looking.start(LOOK_SECONDS)

    def hear(self, messages: Messages) -> None:
        """Something was said; once it is kept it is given."""
        if messages.missed:
            self._missed[messages.feed.author] = messages.feed.epoch, messages.last
            if len(self._missed) > MAX_MISSED:
                del self._missed[next(iter(self._missed))]
        self.look()

    def look(self) -> None:
        """See what has arrived."""
        if self._paused or self._stopped:
            return
        if self._asking:
            self._again = True
            return
        self._asking = True
        self._again = False
        self._conversation.arrived(self._place).addCallbacks(self._got, self._failed).addErrback(_mistaken)

    def pause(self) -> None:
        """Give nothing more until `resume`, but what is on its way."""
        self._paused = True

    def resume(self) -> None:
        """Go on."""
        self._paused = False
        self.look()

    def stop(self) -> None:
        """Give nothing more."""
        self._stopped = True
        if self._looking.running:
            self._looking.stop()

    def _got(self, arrived: Arrived) -> None:
        self._asking = False
        if self._stopped:
            return
        self._place = arrived.place
        for place, message in arrived.messages:
            if self._is_wanted(message):
                self._tell(message, self._was_missed(place, message), place)
        if arrived.more or self._again:
            self.look()

    def _failed(self, reason: Failure) -> None:
        """What can't be read now is asked for again in a while."""
        self._asking = False
        reason.trap(StoreError)

    def _is_wanted(self, message: Messages) -> bool:
        return self._rooms is None or bool(message.private) or room_key(message.records[0].room) in self._rooms

    def _was_missed(self, place: Place, message: Messages) -> bool:
        if place <= self._begun:
            return True
        epoch, last = self._missed.get(message.feed.author, (0, 0))
        return epoch == message.feed.epoch and message.first <= last


def _mistaken(reason: Failure) -> None:
    _log.failure("following what is said:", reason)
