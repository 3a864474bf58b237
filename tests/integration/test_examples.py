"""The examples, each as a process, beside real peers."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any

from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SkipTest, SynchronousTestCase, TestCase

from tests.integration.processes import HOST, ROOT
from tests.integration.programs import Stage, connected, request

if os.name != "posix":
    raise SkipTest("neither pipes nor sockets of programs are there on Windows")

EXAMPLES = ROOT / "examples"
PATIENCE = 60.0
"""Seconds after which what was waited for is taken not to come."""


class Person:
    """Somebody who talks through a JSON pipe. What is told waits in a queue."""

    def __init__(self, stage: Stage) -> None:
        self._peer = stage.start(0, "--console", "json")
        self._lines: Queue[dict[str, Any]] = Queue()
        Thread(target=self._read, daemon=True).start()
        self.ask("subscribe")

    def _read(self) -> None:
        assert self._peer.stdout is not None
        for line in self._peer.stdout:
            self._lines.put(json.loads(line))

    def ask(self, method: str, **params: Any) -> None:
        """Ask for something."""
        assert self._peer.stdin is not None
        self._peer.stdin.write(request(method, **params))
        self._peer.stdin.flush()

    def told(self, method: str, seconds: float = PATIENCE, room: str = "") -> dict[str, Any]:
        """Return what is told next of one kind, but one's own messages. Raises `Empty` after so many seconds."""
        deadline = time.monotonic() + seconds
        while True:
            told = self._lines.get(timeout=max(0.01, deadline - time.monotonic()))
            params = told.get("params", {})
            if told.get("method") == method and not params.get("own") and room in ("", params.get("room")):
                return dict(params)

    def until_answered(self, text: str, room: str = "#chat") -> dict[str, Any]:
        """Say something until it is answered: an example may not have connected yet."""
        for _ in range(int(PATIENCE)):
            self.ask("say", text=text, room=room)
            with contextlib.suppress(Empty):
                return self.told("message", 1.0, room)
        raise AssertionError(f"nobody answers {text}")


class ExampleTests(TestCase):
    """A person's peer, and another peer with a socket, as whose owner an example speaks."""

    timeout = 100

    def staged(self, play: Callable[[Stage], None]) -> Any:
        """Run `play` in a thread."""

        def run() -> None:
            with tempfile.TemporaryDirectory(prefix="tcp") as directory:
                stage = Stage(Path(directory))
                try:
                    play(stage)
                finally:
                    stage.end()

        return deferToThread(run)

    def example(self, stage: Stage, *arguments: str) -> subprocess.Popen[bytes]:
        """Start an example."""
        process = subprocess.Popen(
            [sys.executable, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        stage.running.append(process)
        return process

    def meet(self, stage: Stage) -> tuple[Person, str]:
        """Start both peers; return the person, once they have met, and the path of the other's socket."""
        path = stage.directory / "rpc"
        stage.start(1, "--console", "none", "--rpc", str(path))
        person = Person(stage)
        self.assertEqual(person.told("joined")["name"], "p1")
        with connected(path):
            return person, str(path)

    def test_echo(self) -> Any:
        """The echo answers, as a machine."""

        def play(stage: Stage) -> None:
            person, path = self.meet(stage)
            self.example(stage, str(EXAMPLES / "echo.py"), path)
            told = person.until_answered("hello")
            self.assertEqual((told["text"], told["auto"]), ("hello", True))

        return self.staged(play)

    def test_bridge(self) -> Any:
        """What a device says is said in its room, and what is said there goes to it."""

        def play(stage: Stage) -> None:
            person, path = self.meet(stage)
            reads, writes = stage.directory / "from", stage.directory / "to"
            os.mkfifo(reads)
            os.mkfifo(writes)
            device = os.open(reads, os.O_RDWR), os.open(writes, os.O_RDWR)
            try:
                self.example(stage, str(EXAMPLES / "bridge.py"), str(reads), str(writes), path)
                os.write(device[0], b"21.5 C\n")
                told = person.told("message")
                self.assertEqual((told["text"], told["room"], told["auto"]), ("21.5 C", "#device", True))
                person.ask("say", text="heat on", room="#device")
                self.assertEqual(os.read(device[1], 100), b"heat on\n")
            finally:
                for each in device:
                    os.close(each)

        return self.staged(play)

    def test_quiz(self) -> Any:
        """A question, the answer, the points."""
        sys.path.insert(0, str(EXAMPLES))
        self.addCleanup(sys.path.remove, str(EXAMPLES))
        from quiz import QUESTIONS  # type: ignore[import-not-found]

        def play(stage: Stage) -> None:
            person, path = self.meet(stage)
            self.example(stage, str(EXAMPLES / "quiz.py"), "--socket", path)
            self.assertEqual(person.until_answered("!points", "#lobby")["text"], "nobody has any yet")

            def answer(text: str) -> str:
                person.ask("say", text=text, room="#game")
                return str(person.told("message", room="#game")["text"])

            question = answer("!quiz")
            self.assertEqual(answer(QUESTIONS[question]), "p0 has it, and 1 in all")
            self.assertEqual(answer("!points"), "p0: 1")

        return self.staged(play)

    def test_missed(self) -> Any:
        """What was said since one's own last message, by a rule."""

        def play(stage: Stage) -> None:
            person, path = self.meet(stage)
            with connected(Path(path)) as wire:
                wire.sendall(request("say", text="see you"))
                wire.makefile("rb").readline()
            person.told("message")
            for text in ("hm", "is p1 here", "why?"):
                person.ask("say", text=text)
            with connected(Path(path)) as wire:
                lines = wire.makefile("rb")
                wire.sendall(request("subscribe", after=""))
                while b'"why?"' not in lines.readline():
                    pass
            output = self.example(stage, str(EXAMPLES / "missed.py"), path, "p1").communicate(timeout=60)[0]
            self.assertEqual(
                output.decode().splitlines(),
                ["3 messages: p0 3", "to you, by p0: is p1 here", "a question by p0: why?"],
            )

        return self.staged(play)

    def test_notice(self) -> Any:
        """A job says that it failed, in bash and jq, and ends once that is on another's disk."""
        if shutil.which("jq") is None or shutil.which("bash") is None:
            raise SkipTest("bash and jq are needed")

        def play(stage: Stage) -> None:
            person = Person(stage)
            ports = ",".join(map(str, stage.ports))
            flags = ["--name", "ci", "--port", str(stage.ports[2]), "--ports", ports, "--listen", HOST]
            flags += ["--data", str(stage.directory / "ci"), "--log", str(stage.directory / "ci.log")]
            environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
            notice = [str(EXAMPLES / "notice.sh"), "build 17: failed", *flags]
            done = subprocess.run(notice, env=environment, cwd=ROOT, capture_output=True, timeout=120, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(json.loads(done.stdout)["held"], 1)
            self.assertEqual(person.told("message")["text"], "build 17: failed")

        return self.staged(play)


class LengthTests(SynchronousTestCase):
    """They are as short as they are said to be."""

    def test_short(self) -> None:
        """The echo has ten lines at most, the notice five."""
        for name, most in (("echo.py", 10), ("notice.sh", 5)):
            lines = (EXAMPLES / name).read_text(encoding="utf-8").splitlines()
            self.assertLessEqual(sum(bool(line) for line in lines), most, name)
