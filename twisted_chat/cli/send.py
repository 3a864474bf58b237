"""`tcpchat send`: a peer that says one thing, sees that another has it, and is gone."""

from __future__ import annotations

import os
import sys
import time
from typing import Any, BinaryIO

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.logger import Logger, globalLogBeginner
from twisted.python.failure import Failure
from twisted.python.usage import UsageError

from twisted_chat import chatlog, debugging
from twisted_chat.assembly import assemble, lasting
from twisted_chat.chatlog import ChatLog
from twisted_chat.cli.checks import check_writable
from twisted_chat.cli.commandline import Subcommand, complain
from twisted_chat.cli.flags import SEND
from twisted_chat.cli.joining import Joining
from twisted_chat.cli.prompts import find_terminal
from twisted_chat.cli.settings import HOME, dialed
from twisted_chat.cli.standard import say
from twisted_chat.core.errors import BadText
from twisted_chat.core.events import Event, Joined, Leaving
from twisted_chat.core.group import Group
from twisted_chat.core.marks import N_
from twisted_chat.core.messages import Delivered
from twisted_chat.core.writing.text import MAX_TEXT, check_text
from twisted_chat.debugging import DebugLog
from twisted_chat.frontends.receipt import LastSaid
from twisted_chat.peer import NetworkSettings, Peer, PeerSettings
from twisted_chat.reactors import install_reactor, leave_at_signals, steady_reactor
from twisted_chat.speech.advice import at_address
from twisted_chat.speech.i18n import _, ngettext
from twisted_chat.speech.refusals import unusable, wrong
from twisted_chat.storage.errors import InUse, StorageError
from twisted_chat.storage.folders import UNKNOWN_HOLDER, DataDirectory, IdentityFolder

HOLDER = "tcpchat send"
"""Who holds an identity meanwhile."""
LOOK_SECONDS = 0.02
"""Seconds between two looks whether others have everything."""
MAX_READ = 4 * MAX_TEXT
"""Bytes of standard input that are looked at: more can't be a message."""

_log = Logger()


def read_text(file: BinaryIO) -> str:
    """Return all that `file` holds as one message, without the line breaks at its end.

    Raises `BadText` if that is over `MAX_READ` bytes, or is not UTF-8.
    """
    data = file.read(MAX_READ + 1)
    if len(data) > MAX_READ:
        raise BadText("text-long")
    try:
        return data.decode().replace("\r\n", "\n").rstrip("\n")
    except UnicodeDecodeError:
        raise BadText("text-encoding") from None


class Delivery:
    """One message on its way. `met` has the names of those that were reached."""

    def __init__(self, reactor: Any, peer: Peer) -> None:
        """`peer` has not been started."""
        self.met: list[str] = []
        self._holders: set[bytes] = set()
        self._said = LastSaid()
        self._reactor = reactor
        self._peer = peer
        peer.conversation.watch(self._heard)

    @property
    def holders(self) -> int:
        """The number of others that have had it on disk, whether they are still linked or not."""
        return len(self._holders)

    async def run(self, text: str, timeout: float, auto: bool = False) -> None:
        """Start the peer, say `text`, and wait until another has it, and all that this identity said before, on disk.

        After `timeout` seconds it is left at what has been achieved. Fails with what the store says if it can't be read.
        """
        deadline = self._reactor.seconds() + timeout
        await self._peer.start()
        self._peer.conversation.say(text, auto=auto)
        while self._reactor.seconds() < deadline and not (self.holders and self._peer.replica.receipts.handed_over()):
            await deferLater(self._reactor, LOOK_SECONDS)

    def _heard(self, event: Event) -> None:
        if isinstance(event, Joined):
            self.met.append(event.name)
        self._said.heard(event)
        if isinstance(event, Delivered) and (receipt := self._said.receipt) is not None:
            self._holders |= receipt.holders


class Send(Joining, Subcommand):
    """`tcpchat send`: say one thing, listening nowhere."""

    summary = staticmethod(lambda: _("say one thing, for scripts: done once another peer has it on disk"))
    synopsis = N_("Usage: tcpchat send --name NAME [options] TEXT")
    longdesc = N_(
        "TEXT is one message, in quotes and after the options; - takes all of standard input. Exit status: 0 another peer has it "
        "on disk, 1 nobody has yet, 2 wrong usage. What nobody has yet is kept, and goes out with what is sent next under "
        "this name."
    )
    flags = SEND

    def parseArgs(self, *texts: str) -> None:
        """Take the one text."""
        if len(texts) != 1:
            raise UsageError(_("one TEXT is needed, in quotes and after the options, or - for standard input"))
        self["text"] = texts[0]

    def postOptions(self) -> None:
        """Check the text, and what it needs."""
        super().postOptions()
        if self["name"] is None:
            raise UsageError(_("--name is missing: say who sends, such as --name bot"))
        if self["log"] is not None:
            check_writable(self.where("log"), self["log"])
        try:
            text = read_text(sys.stdin.buffer) if self["text"] == "-" else self["text"]
            self["text"] = check_text(text)
        except BadText as error:
            raise UsageError(wrong(error)) from None
        except OSError as error:
            raise UsageError(f"{_('standard input')}: {error.strerror}") from None
        self.settle_passphrase(find_terminal())

    def run(self) -> int:
        """Be a peer until the message is delivered, time is up or a signal comes; return the exit status."""
        install_reactor(daemon=False)
        reactor = steady_reactor()
        folder = DataDirectory(self["data"]).identity(self["name"])
        deadline = reactor.seconds() + self["timeout"]
        _lock(folder, reactor, deadline)
        try:
            peer = self._peer(reactor, folder)
            delivery = Delivery(reactor, peer)
            log, debug = self._start_logs(peer)
            loss = _run(reactor, peer, delivery.run(self["text"], deadline - reactor.seconds(), self["auto"]))
            if log is not None:
                if loss is not None:
                    _log.error("{error}", error=loss)
                peer.conversation.emit(Leaving(self["name"], log.path))
                log.close()
            for each in debug:
                each.close()
        finally:
            folder.unlock()
        return self._outcome(peer, delivery, loss)

    def _peer(self, reactor: Any, folder: IdentityFolder) -> Peer:
        group = Group(self["group"], self.passphrase is not None)
        address = NetworkSettings(HOME, 0, dialed(HOME, self["ports"], self["peer"]))
        settings = PeerSettings(self["name"], group, address, passphrase=self.passphrase)
        return assemble(reactor, settings, lasting(reactor, settings, folder), leave=reactor.stop)

    def _start_logs(self, peer: Peer) -> tuple[ChatLog | None, list[DebugLog]]:
        log = None if self["log"] is None else ChatLog(str(self["log"]))
        debug = debugging.wanted()
        if log is not None:
            peer.conversation.watch(chatlog.record)
        if logs := [*([] if log is None else [log]), *debug]:
            globalLogBeginner.beginLoggingTo(logs, redirectStandardIO=False)
        return log, debug

    def _outcome(self, peer: Peer, delivery: Delivery, loss: StorageError | None) -> int:
        """Say what became of the message, if that is asked for or is not as it should be; return the exit status.

        `loss` is what could not be kept here.
        """
        n, name = delivery.holders, self["name"]
        if n:
            if loss is not None:
                complain("send", unusable(loss))
            words = ngettext(
                "delivered: {n} other peer has it on disk", "delivered: {n} other peers have it on disk", n
            )
            if self["verbose"]:
                say(words.format(n=n))
            return 0
        if delivery.met:
            words = _("reached {names}, but nobody has it on disk yet").format(names=", ".join(delivery.met))
        else:
            words = _("nobody was reached")
        kept = _("it is kept, and goes out with what {name} sends next").format(name=name)
        complain("send", f"{words}; {kept}" if loss is None else f"{words}. {unusable(loss)}")
        if self["verbose"]:
            for status in peer.mesh.survey():
                say(at_address(status))
        return 1


def _lock(folder: IdentityFolder, reactor: Any, deadline: float) -> None:
    """Take hold of an identity, after others that send under its name just now. Raises `InUse`."""
    while True:
        try:
            folder.lock(f"{HOLDER}, process {os.getpid()}")
            return
        except InUse as error:
            if not error.detail.startswith((HOLDER, UNKNOWN_HOLDER)) or reactor.seconds() >= deadline:
                raise
        time.sleep(LOOK_SECONDS)  # no reactor runs yet


def _run(reactor: Any, peer: Peer, errand: Any) -> StorageError | None:
    """Run the reactor until the coroutine `errand` is done or a signal comes, and until `peer` has stopped after that.

    Returns the `StorageError` with which it stopped, if it did; raises what else the errand or stopping failed with.
    """
    failures: list[Failure] = []
    losses: list[StorageError] = []

    def lost(failure: Failure) -> None:
        if isinstance(failure.value, StorageError):
            losses.append(failure.value)
        else:
            failures.append(failure)

    def begin() -> None:
        Deferred.fromCoroutine(errand).addErrback(failures.append).addCallback(lambda _: reactor.stop())

    reactor.callWhenRunning(begin)
    reactor.addSystemEventTrigger("before", "shutdown", lambda: peer.stop().addErrback(lost))
    leave_at_signals(reactor)
    reactor.run()
    for failure in failures[:1]:
        failure.raiseException()
    return losses[0] if losses else None
