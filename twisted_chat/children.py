"""The children of `ChatService`: the peer, each front end, and the log, each a service of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import Any

from msgspec.structs import replace
from twisted.application.service import Service
from twisted.internet.defer import Deferred, inlineCallbacks, maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from twisted_chat import chatlog
from twisted_chat.assembly import assemble, fleeting, lasting
from twisted_chat.chatlog import ChatLog
from twisted_chat.cli.settings import Settings, dialed
from twisted_chat.core.conversation import Conversation
from twisted_chat.core.errors import ChatError
from twisted_chat.core.events import Exposed, Fault, LogFailing, NameKept, NameUnkept, Unread
from twisted_chat.core.group import Group
from twisted_chat.core.seat import Seat
from twisted_chat.debugging import DebugLog
from twisted_chat.frontends.contract import STOP_SECONDS, Door, FrontEnd, Given
from twisted_chat.net.discovery import Discovery
from twisted_chat.net.own import ways
from twisted_chat.peer import NetworkSettings, Parts, Peer, PeerSettings
from twisted_chat.retries import Retries
from twisted_chat.speech.i18n import _
from twisted_chat.speech.refusals import explained
from twisted_chat.storage.errors import StorageError
from twisted_chat.storage.folders import IdentityFolder

Say = Callable[[str], None]
"""Tells the person a sentence below whatever is on the screen."""

_log = Logger()


class PeerService(Service):
    """The peer: it holds its identity and its port once it is started, and its conversation once it has begun."""

    peer: Peer

    def __init__(
        self, reactor: Any, settings: Settings, folder: IdentityFolder | None, leave: Callable[[], object], say: Say
    ) -> None:
        """`leave` ends the process; `folder` is the identity's, None if nothing is kept."""
        self._reactor = reactor
        self._settings = settings
        self._folder = folder
        self._leave = leave
        self._say = say
        self._names = Retries(reactor, self._remember, self._name_unkept, self._name_kept)

    def startService(self) -> None:
        """Lock the identity and listen. Raises if either can't be had."""
        super().startService()
        if self._folder is not None:
            self._folder.lock(f"{self._settings.name}, port {self._settings.port}, process {os.getpid()}")
        self.peer = self._assemble()
        self.peer.listen()

    def begin(self) -> Deferred[None]:
        """Load what is held, and take part. Fails with the store's error if it can't be read."""
        settings, conversation = self._settings, self.peer.conversation
        if settings.exposed:
            conversation.emit(Exposed())
        if self._folder is not None:
            former = self._folder.former(settings.group, settings.passphrase is not None)
            if former.exists():
                conversation.emit(Unread(str(former)))
        return self.peer.start()

    def stopService(self) -> Deferred[None]:
        """Deliver the last messages, say goodbye, and keep all that is to be kept. Fails if something could not be kept."""
        super().stopService()
        return self._stop()

    @inlineCallbacks
    def _stop(self) -> Generator[Deferred[Any], Any, None]:
        try:
            yield self.peer.stop()
        finally:
            yield self._names.stop()
            for name in self._names.waiting[-1:]:
                _log.error("the name {name} is not kept", name=name)
                self._say(
                    _("your name {name} could not be kept: start as {old} to be the same member").format(
                        name=name, old=self._settings.name
                    )
                )

    def _assemble(self) -> Peer:
        settings = self._settings
        addresses = dialed(settings.listen, settings.ports, settings.peers)
        asked = PeerSettings(
            settings.name,
            Group(settings.group, settings.passphrase is not None),
            NetworkSettings(settings.listen, settings.port, addresses, settings.links),
            settings.keep,
            settings.passphrase,
            settings.quota,
        )
        parts = fleeting() if self._folder is None else lasting(self._reactor, asked, self._folder)
        return assemble(self._reactor, asked, self._networked(parts), leave=self._leave, renamed=self._renamed)

    def _networked(self, parts: Parts) -> Parts:
        settings = self._settings
        find = partial(Discovery, self._reactor, (settings.listen, settings.port)) if settings.discover else None
        return replace(parts, discovery=find, routes=ways)

    # Another name, which is to be kept in the index of names.

    def _renamed(self, name: str) -> None:
        if self._folder is not None:
            self._names.add(name)

    def _remember(self, name: str) -> None:
        assert self._folder is not None
        self._folder.remember(name)

    def _name_unkept(self, name: str, error: StorageError) -> None:
        self.peer.conversation.emit(NameUnkept(name, error.detail or str(error)))

    def _name_kept(self, name: str) -> None:
        self.peer.conversation.emit(NameKept(name))


class FrontEndService(Service):
    """A front end. Its faults are logged and told. Starting and stopping it never fail, so that no other child is affected."""

    def __init__(self, reactor: Any, door: Door, give: Callable[[], Given], say: Say) -> None:
        """`give` returns what the front end is given, with a seat of its own; `say` tells why it could not start."""
        self._reactor = reactor
        self._door = door
        self._give = give
        self._say = say
        self._seat: Seat | None = None
        self._front_end: FrontEnd | None = None

    def startService(self) -> None:
        """Give the front end a seat, and start it."""
        super().startService()
        given = self._give()
        self._seat = given.seat
        self._start(given).addErrback(self._broken)

    @inlineCallbacks
    def _start(self, given: Given) -> Generator[Deferred[Any], Any, None]:
        front_end = self._door.make(given)
        self._front_end = front_end
        try:
            yield maybeDeferred(front_end.start)
        except BaseException:
            self._front_end = None
            raise

    def _broken(self, reason: Failure) -> None:
        if self._seat is None:
            return  # it has been stopped meanwhile
        seat = self._seat
        self._leave()
        if isinstance(reason.value, ChatError):
            _log.error("{name} can't start: {error}", name=self._door.name, error=reason.value)
            self._say(explained(reason.value))
        else:
            _log.failure("{name} can't start:", reason, name=self._door.name)
            seat.conversation.emit(Fault())

    def stopService(self) -> Deferred[None]:
        """Stop the front end and leave its seat, within `STOP_SECONDS`."""
        super().stopService()
        return self._stop()

    @inlineCallbacks
    def _stop(self) -> Generator[Deferred[Any], Any, None]:
        front_end, self._front_end = self._front_end, None
        try:
            if front_end is not None:
                yield maybeDeferred(front_end.stop).addTimeout(STOP_SECONDS, self._reactor)
        except Exception:  # noqa: BLE001 - whatever it is, the rest is to end
            _log.failure("{name}, while leaving:", name=self._door.name)
        finally:
            self._leave()

    def _leave(self) -> None:
        seat, self._seat = self._seat, None
        if seat is not None:
            seat.leave()


class LogService(Service):
    """The chat's log, and the one for debugging: what closes last."""

    def __init__(self, chatlog: ChatLog, debug: Sequence[DebugLog], conversation: Callable[[], Conversation]) -> None:
        """Both are open. `conversation` returns the one that is logged, once this is started."""
        self._chatlog = chatlog
        self._debug = debug
        self._conversation = conversation

    def startService(self) -> None:
        """Log what happens from now on."""
        super().startService()
        conversation = self._conversation()
        self._chatlog.trouble = lambda detail: conversation.emit(LogFailing(self._chatlog.path, detail))
        conversation.watch(chatlog.record)

    def stopService(self) -> None:
        """Close the logs."""
        super().stopService()
        self._chatlog.close()
        for log in self._debug:
            log.close()
