"""The service that twistd runs: a peer with its front ends and its log."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Generator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from twisted.application.service import MultiService, Service
from twisted.internet.defer import Deferred, DeferredList, inlineCallbacks
from twisted.internet.error import CannotListenError
from twisted.logger import ILogObserver, Logger, LogPublisher
from twisted.python.components import Componentized
from twisted.python.failure import Failure

from twisted_chat import debugging
from twisted_chat.chatlog import ChatLog
from twisted_chat.children import FrontEndService, LogService, PeerService
from twisted_chat.cli.options import Options
from twisted_chat.cli.settings import Settings
from twisted_chat.cli.standard import say
from twisted_chat.core.errors import ChatError
from twisted_chat.core.events import Leaving
from twisted_chat.core.seat import Seat
from twisted_chat.frontends.console.attach import CONSOLE
from twisted_chat.frontends.contract import Given
from twisted_chat.frontends.json.pipe import PIPE
from twisted_chat.frontends.json.rpc import RPC
from twisted_chat.reactors import leave_at_signals, settle_memory, steady_reactor
from twisted_chat.speech.i18n import _
from twisted_chat.speech.refusals import explained
from twisted_chat.storage.folders import DataDirectory, IdentityFolder

__all__ = ["ChatService", "Options", "makeService"]

DOORS = (CONSOLE, PIPE, RPC)
"""The front ends that can be had."""

_log = Logger()


class ChatService(MultiService):
    """A peer with its front ends and its log, from start to end. If a file or port can't be used at
    the start, the process ends with a sentence on stderr.

    Its children start and stop in one order: the peer, which listens before anybody is greeted, and at the end gets out what was
    said; the front ends, who see that; and the log, which has it all.
    """

    def __init__(self, reactor: Any, settings: Settings) -> None:
        super().__init__()
        self._reactor = reactor
        self._settings = settings
        self._folder: IdentityFolder | None = None
        self._chatlog = ChatLog(str(settings.log))
        self._debug = debugging.wanted()
        if not settings.ephemeral:
            self._folder = DataDirectory(settings.data).identity(settings.name)
        self._peer = PeerService(reactor, settings, self._folder, self._leave, _say)
        self._front_ends = [
            FrontEndService(reactor, door, partial(self._give, flags), _say)
            for door in DOORS
            if door.is_asked_for(flags := {name: settings.flags.get(name) for name in door.flags})
        ]
        self._log = LogService(self._chatlog, self._debug, lambda: self._peer.peer.conversation)
        for child in (self._peer, *self._front_ends, self._log):
            child.setServiceParent(self)

    def setServiceParent(self, parent: Any) -> None:
        """Let the application log to the chat's log, and to the one for debugging: twistd's messages aren't for people."""
        super().setServiceParent(parent)
        if isinstance(parent, Componentized):
            parent.setComponent(ILogObserver, LogPublisher(self._chatlog, *self._debug))

    def startService(self) -> None:
        """Lock the identity, listen, and start the front ends. The conversation follows once the store is loaded."""
        try:
            super().startService()
        except ChatError as error:
            _fail(error, explained(error))
        except CannotListenError as error:
            reason = os.strerror(error.socketError.errno or 0)
            port = self._settings.port
            _fail(error, _("port {port} can't be listened at: {reason}").format(port=port, reason=reason))
        except Exception:  # noqa: BLE001 - a mistake of ours, said in the same way
            _log.failure("at the start:")
            _say(_("could not start because of a bug; details are in {log}").format(log=self._chatlog.path))
            raise SystemExit(1) from None
        self._peer.begin().addCallbacks(lambda _: settle_memory(), self._broken)

    def stopService(self) -> Deferred[None]:
        """Say goodbye, and end everything that was started; fires within 10 s."""
        Service.stopService(self)  # MultiService would stop all at once
        return self._stop()

    @inlineCallbacks
    def _stop(self) -> Generator[Deferred[Any], Any, None]:
        loss = yield self._peer.stopService().addCallbacks(lambda _: "", self._lost)
        conversation = self._peer.peer.conversation
        conversation.emit(Leaving(conversation.name, self._chatlog.path))
        yield DeferredList([front_end.stopService() for front_end in self._front_ends])
        if self._folder is not None:
            self._folder.unlock()
        self._log.stopService()
        if loss:
            _say(loss)  # below what a console showed last

    def _give(self, flags: Mapping[str, Any]) -> Given:
        seat = Seat(self._peer.peer.conversation)
        typed = None if self._folder is None else self._folder.typed
        return Given(seat, self._reactor, self._settings.port, self._chatlog.path, flags, typed)

    def _leave(self) -> None:
        if self._reactor.running:
            self._reactor.stop()

    def _broken(self, reason: Failure) -> None:
        """The stored conversation can't be read: say so, and don't pretend to be a peer."""
        _say(self._lost(reason))
        self._leave()

    def _lost(self, reason: Failure) -> str:
        """Log the failure and have the process end with status 1; return the failure in words for the screen."""
        _log.failure("", reason)
        _end_failing()
        return _told(reason.value)


def _say(words: str) -> None:
    say(f"tcpchat: {words}", sys.__stderr__)  # sys.stderr leads to the log once twistd runs


def _end_failing() -> None:
    """Have this process end with status 1, unless a signal ends it. twistd has no way to do so."""

    def end() -> None:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):  # closed, or nobody reads it
                stream.flush()
        os._exit(1)

    atexit.register(end)


def _told(error: BaseException | None) -> str:
    """Return what people are told of an error: the log has it in words that are the same in every language."""
    return explained(error) if isinstance(error, ChatError) else str(error)


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
