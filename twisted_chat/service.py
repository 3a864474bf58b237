"""What twistd runs: a peer with its store, its log and its console. The one place where they are put together."""

from __future__ import annotations

import atexit
import os
import sys
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from functools import partial
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, inlineCallbacks, maybeDeferred, succeed
from twisted.internet.error import CannotListenError
from twisted.logger import ILogObserver, Logger, LogPublisher
from twisted.python.components import Componentized
from twisted.python.failure import Failure

from twisted_chat import chatlog, debugging
from twisted_chat.chatlog import ChatLog
from twisted_chat.cli.joining import guarded
from twisted_chat.cli.options import Options
from twisted_chat.cli.settings import Settings, dialed
from twisted_chat.cli.standard import say
from twisted_chat.core.errors import ChatError
from twisted_chat.core.events import Event, Exposed, Leaving, NameKept, NameUnkept, Unread
from twisted_chat.core.group import Group
from twisted_chat.core.replication.store import Store
from twisted_chat.frontends.console import attach
from twisted_chat.net.discovery import Discovery
from twisted_chat.net.own import ways
from twisted_chat.peer import Address, Peer
from twisted_chat.reactors import leave_at_signals, settle_memory, steady_reactor
from twisted_chat.retries import Retries
from twisted_chat.speech.i18n import _
from twisted_chat.speech.refusals import unusable
from twisted_chat.storage.errors import StorageError
from twisted_chat.storage.folders import DataDirectory, IdentityFolder
from twisted_chat.storage.memory import MemoryStore
from twisted_chat.storage.resumption import Resumption
from twisted_chat.storage.sqlite import SQLiteStore

__all__ = ["ChatService", "Options", "makeService"]

_log = Logger()


class ChatService(Service):
    """One peer from start to end. What can't be used at the start ends the process with a sentence on stderr."""

    def __init__(self, reactor: Any, settings: Settings) -> None:
        self._reactor = reactor
        self._settings = settings
        self._folder: IdentityFolder | None = None
        self._console: attach.Console | None = None
        self._guard: Callable[[Event], None] | None = None
        self._names = Retries(reactor, self._remember, self._name_unkept, self._name_kept)
        self._chatlog = ChatLog(str(settings.log))
        self._debug = debugging.wanted()
        if not settings.ephemeral:
            self._folder = DataDirectory(settings.data).identity(settings.name)

    def setServiceParent(self, parent: Any) -> None:
        """Let the application log to the chat's log, and to the one for debugging: twistd's messages aren't for people."""
        super().setServiceParent(parent)
        if isinstance(parent, Componentized):
            parent.setComponent(ILogObserver, LogPublisher(self._chatlog, *self._debug))

    def startService(self) -> None:
        """Lock the identity, listen, and start the console. The conversation follows once the store is loaded."""
        super().startService()
        settings = self._settings
        try:
            self._peer = self._make_peer()
            self._peer.listen()
        except ChatError as error:
            _fail(error, _told(error))
        except CannotListenError as error:
            reason = os.strerror(error.socketError.errno or 0)
            _fail(error, _("port {port} can't be listened at: {reason}").format(port=settings.port, reason=reason))
        except Exception:  # noqa: BLE001 - a mistake of ours, said in the same way
            _log.failure("at the start:")
            _say(_("it can't start, by a mistake of its own; {log} has it").format(log=self._chatlog.path))
            raise SystemExit(1) from None
        conversation = self._peer.conversation
        if self._guard is not None:
            conversation.watch(self._guard)
        if settings.console != "none":
            recall = self._folder.typed if self._folder is not None else None
            self._console = attach.start(
                self._reactor,
                conversation,
                settings.port,
                self._chatlog.path,
                attach.Wish(settings.console, recall, settings.notify),
            )
            self._chatlog.trouble = self._console.log_failing
        conversation.watch(chatlog.record)  # last: what is shown waits for no file
        if settings.exposed:
            conversation.emit(Exposed())
        if self._folder is not None:
            former = self._folder.former(settings.group, settings.passphrase is not None)
            if former.exists():
                conversation.emit(Unread(str(former)))
        self._peer.start().addCallbacks(lambda _: settle_memory(), self._broken)

    def stopService(self) -> Deferred[None]:
        """Say goodbye, and end everything that was started; fires within 10 s."""
        super().stopService()
        return self._stop()

    @inlineCallbacks
    def _stop(self) -> Generator[Deferred[Any], Any, None]:
        loss = yield self._peer.stop().addCallbacks(lambda _: "", self._lost)
        yield self._names.stop()
        for name in self._names.waiting[-1:]:
            _log.error("the name {name} is not kept", name=name)
            _say(
                _("your name {name} could not be kept: start as {old} to be the same member").format(
                    name=name, old=self._settings.name
                )
            )
        yield maybeDeferred(self._take_leave).addErrback(lambda reason: _log.failure("while leaving:", reason))
        if self._folder is not None:
            self._folder.unlock()
        self._chatlog.close()
        for log in self._debug:
            log.close()
        if loss:
            _say(loss)  # below what the console showed last

    def _take_leave(self) -> Deferred[None]:
        self._peer.conversation.emit(Leaving(self._peer.conversation.name, self._chatlog.path))
        return succeed(None) if self._console is None else self._console.stop()

    def _make_peer(self) -> Peer:
        settings = self._settings
        identity = None
        store: Store = MemoryStore()
        resumption = None
        group = Group(settings.group, settings.passphrase is not None)
        if self._folder is not None:
            self._folder.lock(f"{settings.name}, port {settings.port}, process {os.getpid()}")
            identity = self._folder.identity
            database = self._folder.database(group.name, group.closed)
            if settings.passphrase is not None:
                self._guard = guarded(self._reactor, database, settings.passphrase)
            store = SQLiteStore(database, self._reactor.callFromThread)
            resumption = Resumption(database)
        addresses = dialed(settings.listen, settings.ports, settings.peers)
        address = Address(settings.listen, settings.port, addresses, settings.links)
        return Peer(
            self._reactor,
            time.time,
            identity,
            settings.name,
            group,
            address,
            store,
            self._leave,
            keep=settings.keep,
            renamed=self._renamed,
            data=self._folder.path if self._folder is not None else None,
            passphrase=settings.passphrase,
            quota=settings.quota,
            discovery=partial(Discovery, self._reactor, settings.listen, settings.port) if settings.discover else None,
            routes=ways,
            resumption=resumption,
        )

    def _renamed(self, name: str) -> None:
        if self._folder is not None:
            self._names.add(name)

    def _remember(self, name: str) -> None:
        assert self._folder is not None
        self._folder.remember(name)

    def _name_unkept(self, name: str, error: StorageError) -> None:
        self._peer.conversation.emit(NameUnkept(name, error.detail or str(error)))

    def _name_kept(self, name: str) -> None:
        self._peer.conversation.emit(NameKept(name))

    def _leave(self) -> None:
        if self._reactor.running:
            self._reactor.stop()

    def _broken(self, reason: Failure) -> None:
        """The stored conversation can't be read: say so, and don't pretend to be a peer."""
        _say(self._lost(reason))
        self._leave()

    def _lost(self, reason: Failure) -> str:
        """Log what could not be read or kept, and have the process end accordingly; return it in words for the screen."""
        _log.failure("", reason)
        _end_failing()
        return _told(reason.value)


def _say(words: str) -> None:
    say(f"tcpchat: {words}", sys.__stderr__)  # sys.stderr leads to the log once twistd runs


def _end_failing() -> None:
    """Have this process, if no signal ends it, end with status 1: whoever runs a service, twistd has no way to say so."""

    def end() -> None:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):  # closed, or nobody reads it
                stream.flush()
        os._exit(1)

    atexit.register(end)


def _told(error: BaseException | None) -> str:
    """Return what people are told of an error: the log has it in words that are the same in every language."""
    return unusable(error) if isinstance(error, StorageError) else str(error)


def _fail(error: Exception, words: str) -> None:
    _log.error("{error}", error=error)
    _say(words)
    raise SystemExit(1)


def makeService(options: Options) -> ChatService:
    """Return the service for a command line; called by twistd. Ends the process in words if a file can't be used."""
    try:
        service = ChatService(reactor := steady_reactor(), options.settings)
    except ChatError as error:
        raise SystemExit(f"tcpchat: {_told(error)}") from None
    leave_at_signals(reactor)
    return service
