"""A peer as twistd starts it: what its settings come to."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import current_thread, main_thread
from typing import Any

from twisted.internet.defer import Deferred, execute, fail, succeed
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from tests.net.test_discovery import Threads
from twisted_chat import chatlog, children, service
from twisted_chat.assembly import guarded
from twisted_chat.cli.settings import Settings
from twisted_chat.core.events import (
    Event,
    Exposed,
    Fault,
    Joined,
    Leaving,
    Left,
    LogFailing,
    NameKept,
    NameUnkept,
    Unread,
)
from twisted_chat.core.feeds.batches import FeedId
from twisted_chat.core.feeds.records import Say
from twisted_chat.core.messages import Messages
from twisted_chat.core.people.roster import Roster
from twisted_chat.frontends.contract import Door, Given
from twisted_chat.peer import NetworkSettings, Parts, PeerSettings
from twisted_chat.retries import RETRY_SECONDS
from twisted_chat.service import ChatService
from twisted_chat.storage import folders
from twisted_chat.storage.errors import UNKEPT, StorageError
from twisted_chat.storage.folders import DataDirectory
from twisted_chat.storage.passphrases import PassphraseNote


class Reactor(Threads):
    """A clock whose threads are this one."""

    running = False

    def callFromThread(self, call: Callable[..., Any], *args: Any) -> None:
        """Call at once; never what a store's own thread reports: nothing here waits for one."""
        if current_thread() is main_thread():
            call(*args)


class StillPeer:
    """A peer that does nothing, and remembers what happens in its conversation."""

    def __init__(self) -> None:
        self.conversation = self
        self.voice = self
        self.id = b"a" * 32
        self.name = "Ana"
        self.roster = Roster(self.id, self.name)
        self.watchers: list[Any] = []
        self.seen: list[Event] = []

    def listen(self) -> None:
        """Do nothing."""

    def start(self) -> Deferred[None]:
        """Do nothing."""
        return succeed(None)

    def stop(self) -> Deferred[None]:
        """Do nothing."""
        return succeed(None)

    def watch(self, watcher: Any) -> Callable[[], None]:
        """Remember who watches."""
        self.watchers.append(watcher)
        return lambda: self.watchers.remove(watcher)

    def emit(self, event: Event) -> None:
        """Tell them."""
        self.seen.append(event)
        for watcher in self.watchers:
            watcher(event)


class ServiceCase(SynchronousTestCase):
    """Settings for a peer that can be made and never runs."""

    def setUp(self) -> None:
        home = Path(self.mktemp()).absolute()
        home.mkdir(parents=True)
        self.settings = Settings(
            name="Ana", port=5000, ports=(5000,), links=1, listen="127.0.0.1", peers=(), group="chat",
            log=home / "log", data=home / "data", ephemeral=False,
            flags={"console": "none", "no-notify": False, "no-style": False, "no-typing": False},
        )  # fmt: skip
        self.told: list[str] = []
        self.patch(service, "_say", self.told.append)

    def make(self, **changed: Any) -> ChatService:
        """The service for these settings but for what is changed."""
        made = ChatService(Reactor(), replace(self.settings, **changed))
        self.addCleanup(made._chatlog.close)
        if made._folder is not None:
            self.addCleanup(made._folder.unlock)
        return made

    def started(self, **changed: Any) -> StillPeer:
        """The peer that does nothing, once the service has started it."""
        peer = StillPeer()
        self.patch(children, "assemble", lambda *given, **more: peer)
        made = self.make(**changed)
        made.startService()
        if made._folder is not None:
            made._folder.unlock()
        return peer


class PeerTests(ServiceCase):
    """What the peer is given."""

    def given(self, **changed: Any) -> tuple[PeerSettings, Parts]:
        """What the peer is put together from."""
        given: list[Any] = []

        def peer(*positional: Any, **named: Any) -> StillPeer:
            given.extend(positional)
            return StillPeer()

        self.patch(children, "assemble", peer)
        self.make(ephemeral=True, data=None, **changed).startService()
        return given[1], given[2]

    def test_settings(self) -> None:
        """Every setting that is for the peer reaches it."""
        given, _ = self.given(keep=3600.0, passphrase="xyzzy plugh", quota=5000)
        self.assertEqual((given.name, given.keep, given.passphrase, given.quota), ("Ana", 3600.0, "xyzzy plugh", 5000))
        self.assertEqual(
            (given.group.closed, given.address), (True, NetworkSettings("127.0.0.1", 5000, (("127.0.0.1", 5000),), 1))
        )

    def test_discovery(self) -> None:
        """What finds others on the network announces where this peer listens; it is there only if it was asked for."""
        self.assertIsNone(self.given()[1].discovery)
        self.patch(children, "Discovery", lambda *arguments: arguments)
        discovery: Any = self.given(listen="0.0.0.0", open=True, discover=True)[1].discovery
        self.assertEqual(discovery("found", "lost")[1:], (("0.0.0.0", 5000), "found", "lost"))


class MistakeTests(ServiceCase):
    """A mistake in this program itself."""

    def test_told(self) -> None:
        """It ends the process in words that say where the details are."""
        made = self.make()
        self.patch(children, "assemble", lambda *given, **more: 1 / 0)
        self.assertRaises(SystemExit, made.startService)
        self.assertEqual(self.told, [f"could not start because of a bug; details are in {made._chatlog.path}"])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)


class LossTests(ServiceCase):
    """What could not be kept."""

    def test_told_at_the_end(self) -> None:
        """Who leaves with messages that the disk did not take is told after the goodbye, and the process fails."""
        made, peer = self.make(), StillPeer()
        failing: list[None] = []
        self.patch(service, "_end_failing", lambda: failing.append(None))
        self.patch(children, "assemble", lambda *given, **more: peer)
        loss = StorageError(UNKEPT, Path("chat.db"), 3)
        peer.name, peer.stop = "Ana", lambda: fail(loss)  # type: ignore[attr-defined]
        made.startService()
        self.successResultOf(made.stopService())
        self.assertEqual(self.told, [str(loss)])
        self.assertEqual(failing, [None])
        self.assertIn("Messages that could not be kept in chat.db: 3.", self.told[0])
        self.assertEqual([type(event) for event in peer.seen], [Leaving])
        self.flushLoggedErrors(StorageError)


class NameTests(ServiceCase):
    """Another name, and a disk that is full."""

    def setUp(self) -> None:
        super().setUp()
        self.made, self.peer = self.make(), StillPeer()
        self.patch(children, "assemble", lambda *given, **more: self.peer)
        self.made.startService()
        self.room = folders.write_whole
        self.patch(folders, "write_whole", self.full)

    def full(self, path: Path, content: bytes) -> None:
        """Refuse to write."""
        raise OSError(errno.ENOSPC, "No space left on device")

    def test_told(self) -> None:
        """That the name is not kept is told, and that it is when there is room again."""
        self.made._peer._renamed("Bea")
        self.assertEqual(self.peer.seen, [NameUnkept("Bea", "No space left on device")])
        self.patch(folders, "write_whole", self.room)
        self.made._reactor.advance(RETRY_SECONDS)
        self.assertEqual(self.peer.seen[1:], [NameKept("Bea")])
        data = DataDirectory(self.settings.data)
        self.assertEqual(data.identity("Bea").path, data.identity("Ana").path)
        self.successResultOf(self.made.stopService())
        self.assertEqual(self.told, [])

    def test_never_kept(self) -> None:
        """Who leaves before there is room is told under which name to start again."""
        self.made._peer._renamed("Bea")
        self.successResultOf(self.made.stopService())
        self.assertEqual(self.told, ["your name Bea could not be kept: start as Ana to be the same member"])
        self.assertIsInstance(self.peer.seen[-1], Leaving)
        self.assertEqual(self.made._reactor.getDelayedCalls(), [])


class Witness:
    """A front end that notes what it sees, and does not end well."""

    def __init__(self, given: Given) -> None:
        self.given = given
        self.seen: list[Event | str] = []

    def start(self) -> None:
        """Watch."""
        self.given.seat.watch(self.seen.append)

    def stop(self) -> Deferred[None]:
        """Fail, by a mistake."""
        self.seen.append("stopped")
        return execute(lambda: 1 / 0)


class OrderTests(ServiceCase):
    """Who starts and who ends when."""

    def setUp(self) -> None:
        super().setUp()
        self.witnesses: list[Witness] = []
        self.patch(service, "DOORS", [self.door(self.witness), self.door(lambda given: 1 / 0), self.door(self.witness)])

    def door(self, make: Any) -> Door:
        """Return a front end that is always there."""
        return Door("odd", ("console",), lambda flags: flags == {"console": "none"}, make)

    def witness(self, given: Given) -> Witness:
        """Make one."""
        self.witnesses.append(Witness(given))
        return self.witnesses[-1]

    def run_peer(self, peer: Any) -> ChatService:
        """Return the service once it runs with this peer, logging."""
        self.patch(children, "assemble", lambda *given, **more: peer)
        made = self.make()
        globalLogPublisher.addObserver(made._chatlog)
        self.addCleanup(globalLogPublisher.removeObserver, made._chatlog)
        made.startService()
        return made

    def test_last_words(self) -> None:
        """What is said while the peer leaves is shown by every front end that could start, and logged; so is the goodbye, before
        the front ends end. The log ends last: it has even what went wrong with them. The identity is free then."""
        peer = StillPeer()
        said = Messages(FeedId(b"a" * 32, 1), 1, 1, "Ana", True, 0, [Say("last words")])
        peer.stop = lambda: succeed(peer.emit(said))  # type: ignore[method-assign]
        made = self.run_peer(peer)
        self.successResultOf(made.stopService())
        end = [said, Leaving("Ana", made._chatlog.path), "stopped"]
        self.assertEqual([witness.seen for witness in self.witnesses], [[Fault(), *end], end])
        lines = self.settings.log.read_text(encoding="utf-8").splitlines()
        self.assertEqual(["MSG ENVIADA" in lines[-4], "INF SAIDA" in lines[-3]], [True, True])
        self.assertIn("ZeroDivisionError", lines[-1])
        self.assertTrue(made._chatlog._file.closed)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 3)
        again = self.make()
        assert again._folder is not None
        again._folder.lock("Ana again")

    def test_listening_first(self) -> None:
        """The peer listens before anybody is greeted, and loads what it holds once all watch, the log too."""
        peer = StillPeer()
        order: list[str] = []
        peer.listen = lambda: order.append("listen")  # type: ignore[method-assign]
        watch, start = peer.watch, peer.start

        def watched(watcher: Any) -> Callable[[], None]:
            order.append("log" if watcher is chatlog.record else "watch")
            return watch(watcher)

        def started() -> Deferred[None]:
            order.append("start")
            return start()

        peer.watch, peer.start = watched, started  # type: ignore[method-assign]
        self.run_peer(peer)
        self.assertEqual((order[0], order[-2:]), ("listen", ["log", "start"]))
        self.flushLoggedErrors(ZeroDivisionError)

    def test_log_failing(self) -> None:
        """That the log can't be written is told to every front end."""
        made = self.run_peer(StillPeer())
        self.flushLoggedErrors(ZeroDivisionError)
        made._chatlog.trouble("No space left on device")
        for witness in self.witnesses:
            self.assertEqual(witness.seen[-1], LogFailing(made._chatlog.path, "No space left on device"))


class ExposedTests(ServiceCase):
    """The warning of an open group."""

    def test_warned(self) -> None:
        """Who listens or calls beyond this machine in an open group is told at the start."""
        for far in ({"listen": "0.0.0.0"}, {"peers": (("ana.local", None),)}):
            self.assertEqual(self.started(open=True, **far).seen, [Exposed()])

    def test_not_warned(self) -> None:
        """A closed group is none, and neither is one of this machine alone, however it is named."""
        for near in ({"listen": "0.0.0.0", "passphrase": "xyzzy plugh"}, {"listen": "::1", "open": True}):
            self.assertEqual(self.started(**near).seen, [])


class FormerTests(ServiceCase):
    """A conversation that an earlier version kept in a form that can't be read any more."""

    def test_told(self) -> None:
        """That it can't be read is told at each start until it is deleted."""
        former = DataDirectory(self.settings.data).identity("Ana").former("chat", False)
        former.touch()
        self.assertEqual(self.started().seen, [Unread(str(former))])
        former.unlink()
        self.settings = replace(self.settings, port=5001)
        self.assertEqual(self.started(group="math").seen, [])


class ClosedTests(ServiceCase):
    """A passphrase makes another group."""

    def test_another_conversation(self) -> None:
        """An open and a closed group of one name have a database each, and what is signed for one is not for the other."""
        names = set()
        for passphrase in (None, "xyzzy plugh"):
            made = self.make(passphrase=passphrase)
            peer = made._peer._assemble()
            self.addCleanup(peer._store.close)
            group = peer._introduction.group
            self.assertEqual((group.name, group.closed), ("chat", passphrase is not None))
            names.add(group.context)
            made._folder.unlock()  # type: ignore[union-attr]
        self.assertEqual(len(names), 2)

    def test_another_passphrase(self) -> None:
        """A conversation that was held under another passphrase is not opened; what is told names it and what to do."""
        database = DataDirectory(self.settings.data).identity("Ana").database("chat", True)
        PassphraseNote(database, "xyzzy plugh").write()
        self.assertRaises(SystemExit, self.make(passphrase="open sesame").startService)
        self.assertIn(f"not the one that this group had before: {database} is its", self.told[0])
        self.assertIn("--group", self.told[0])
        self.assertFalse(database.exists())
        self.flushLoggedErrors()


class GuardTests(ServiceCase):
    """`guarded`."""

    def test_noted_once_shared(self) -> None:
        """The passphrase is noted when somebody who knows it too has come, not before: it may have been a slip."""
        database = self.settings.log.with_name("chat.db")
        slip = guarded(Reactor(), database, "xyzzy plugH")
        slip(Left("Bia"))
        right = guarded(Reactor(), database, "xyzzy plugh")
        right(Joined("Bia", "127.0.0.1", 5001, True))
        right(Joined("Caio", "127.0.0.1", 5002, True))
        guarded(Reactor(), database, "xyzzy plugh")
        self.assertRaises(StorageError, guarded, Reactor(), database, "xyzzy plugH")
