"""Processes of `python -m twisted_chat` that cost next to nothing to start: forked, each from one that has imported the program.

They are processes like others: with an id, descriptors, an environment, a working directory and an end of their own. Only the
start of Python and the imports were made before, which take most of the time of a test. Whoever tests a start itself executes.

There is one server for each process of tests; it ends with it. Linux only: elsewhere `forks` is false.
"""

from __future__ import annotations

import atexit
import ctypes
import fcntl
import gc
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from select import select
from tempfile import TemporaryFile
from typing import Any

PROGRAM = "twisted_chat"
AHEAD = (
    "twisted.scripts.twistd",
    f"{PROGRAM}.cli.subcommands",
    f"{PROGRAM}.service",
    "twisted.internet.asyncioreactor",
    "twisted.internet.epollreactor",
    "twisted.scripts._twistd_unix",
)
"""What is imported before the forks, none of which makes a reactor."""
forks = sys.platform == "linux"
_ASK = 256 * 1024
"""Bytes that tell what is to be started, at most."""
_HIGH = 64
"""Above the descriptors that any process is given by number."""
_SET_CHILD_SUBREAPER = 36
_CLONE_NEWNET = 0x40000000


class ForkServer:
    """The tests' end of a server."""

    def __init__(self, *before: str) -> None:
        """`before` is what stands before its command: what that takes from it, all that it forks are without, too."""
        root = str(Path(__file__).resolve().parents[2])
        self._socket, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with far:
            self._process = subprocess.Popen(
                # from its file: the package of the tests would import more
                (*before, sys.executable, __file__, root, str(far.fileno())),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "LC_ALL": "C.UTF-8", "LANGUAGE": "en"},
                pass_fds=[far.fileno()],
            )
        for size in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            self._socket.setsockopt(socket.SOL_SOCKET, size, 2 * _ASK)
        atexit.register(self.end)

    def fork(
        self,
        path: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        fdmap: Mapping[int, int],
        terminal: bool = False,
    ) -> int:
        """Start a process; return its id. It is a child of this process, which is to wait for it. `fdmap` says which of
        this process's descriptors it has as which of its own; if it is on a `terminal`, that is the first of them."""
        network = command[3] if command[0] == "ip" else None
        arguments = command[7 if network else 3 :]
        ask = json.dumps([path, arguments, dict(environment), list(fdmap), terminal, network]).encode()
        _adopt(True)
        try:
            socket.send_fds(self._socket, [ask], list(fdmap.values()))
            return int(self._socket.recv(64))
        finally:
            _adopt(False)

    def end(self) -> None:
        """End the server, and wait until it has."""
        self._socket.close()
        self._process.communicate()


_running: list[ForkServer] = []


def server() -> ForkServer:
    """Return the server, which is started when it is first asked for."""
    if not _running:
        _running.append(ForkServer())
    return _running[0]


def process(*given: Any, terminal: bool = False) -> Any:
    """Return what `reactor.spawnProcess` would, of a process that runs the program: `given` is what `Process` is made with.

    Its command is `python -m` and the program, after `ip netns exec` and a network namespace, or alone.
    """
    from twisted.internet.process import Process, PTYProcess

    class Forked(Process):  # type: ignore[misc]
        def _fork(
            self, path: str, uid: None, gid: None, executable: str, args: Any, environment: Any, **more: Any
        ) -> None:
            self.pid = server().fork(path, args, environment, more["fdmap"])
            self.status = -1

    class OnTerminal(PTYProcess):  # type: ignore[misc]
        def _fork(
            self, path: str, uid: None, gid: None, executable: str, args: Any, environment: Any, **more: Any
        ) -> None:
            self.pid = server().fork(path, args, environment, dict.fromkeys(range(3), more["slavefd"]), True)
            self.status = -1

    return OnTerminal(*given, True) if terminal else Forked(*given)


def run(
    path: str,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    seconds: float = 60,
    by: ForkServer | None = None,
) -> subprocess.CompletedProcess[str]:
    """Have the program run with nothing to read; return what came of it. Raises `TimeoutError` if it takes longer."""
    command = (sys.executable, "-m", PROGRAM, *arguments)
    if not forks:
        return subprocess.run(
            command,
            cwd=path,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
        )
    with open(os.devnull) as nothing, TemporaryFile() as out, TemporaryFile() as errors:
        pid = (by or server()).fork(
            path, command, environment, {0: nothing.fileno(), 1: out.fileno(), 2: errors.fileno()}
        )
        ended = os.pidfd_open(pid)
        in_time = select([ended], [], [], seconds)[0]
        os.close(ended)
        if not in_time:
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        if not in_time:
            raise TimeoutError(f"{command} takes over {seconds:g} s")
        told = []
        for file in (out, errors):
            file.seek(0)
            told.append(file.read().decode())
    return subprocess.CompletedProcess(command, os.waitstatus_to_exitcode(status), *told)


def _adopt(those: bool) -> None:
    """Be the parent of those whose own ends, or not."""
    if ctypes.CDLL(None, use_errno=True).prctl(_SET_CHILD_SUBREAPER, int(those), 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def serve() -> None:
    """Fork whenever asked to, until nobody can ask any more."""
    sys.path[0] = sys.argv[1]
    asked = socket.socket(fileno=int(sys.argv[2]))
    for module in AHEAD:
        import_module(module)
    assert "twisted.internet.reactor" not in sys.modules
    gc.collect()
    gc.freeze()
    while True:
        ask, given, _, _ = socket.recv_fds(asked, _ASK, 16)
        if not ask:
            return
        reader, writer = os.pipe()
        between = os.fork()
        if not between:
            break
        os.waitpid(between, 0)  # now the child is adopted by who asked
        asked.send(os.read(reader, 64))
        for descriptor in (reader, writer, *given):
            os.close(descriptor)
    child = os.fork()
    if child:
        os.write(writer, str(child).encode())
        os._exit(0)
    _become(*json.loads(ask), given)


def _become(
    path: str,
    arguments: list[str],
    environment: dict[str, str],
    wanted: list[int],
    terminal: bool,
    network: str | None,
    given: list[int],
) -> None:
    """Be the process that was asked for."""
    aside = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, _HIGH) for descriptor in given]
    for descriptor, number in zip(aside, wanted, strict=True):
        os.dup2(descriptor, number)
    for low, high in pairwise([-1, *sorted(wanted), os.sysconf("SC_OPEN_MAX")]):
        if low + 1 < high:  # an empty range would be all there are
            os.closerange(low + 1, high)
    if terminal:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY)
        sys.stdout.reconfigure(line_buffering=True)
    if network:
        with open(f"/run/netns/{network}") as namespace:
            if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
    os.chdir(path)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[:] = [PROGRAM, *arguments]
    sys.path.insert(0, path)
    runpy.run_module(PROGRAM, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    serve()
