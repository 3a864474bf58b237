"""The settings that a peer starts with, and the addresses where it looks for others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from twisted_chat.net.addresses import is_loopback, numeric

HOME = "127.0.0.1"
"""Where peers of this machine are looked for, wherever else others are."""

Console = Literal["auto", "rich", "plain", "json", "none"]
CONSOLES: tuple[Console, ...] = get_args(Console)
PeerAddress = tuple[str, int | None]
"""A host, and one port of it or None for all known ports."""


@dataclass(frozen=True)
class Settings:
    """The settings that a peer starts with, checked.

    `listen` is an address, the hosts of `peers` are addresses or names, `log` and `data` absolute paths; `data` is None for the
    user's data directory. `links` is the maximum number of links. Messages are deleted `keep` seconds after receipt, never if
    it is None. `quota` is the storage limit per member in bytes, None for no limit. The
    group is closed if there is a `passphrase`, in its checked form; without one, `open` says that it may cross a network all
    the same. `discover` is whether others are found on the network. `flags` has the values of all flags by name: front ends are
    given those that they bring.
    """

    name: str
    port: int
    ports: tuple[int, ...]
    links: int
    listen: str
    peers: tuple[PeerAddress, ...]
    group: str
    log: Path
    data: Path | None
    ephemeral: bool
    flags: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    keep: float | None = None
    passphrase: str | None = field(default=None, repr=False)
    open: bool = False
    discover: bool = False
    quota: int | None = None

    @property
    def exposed(self) -> bool:
        """Whether others than this machine's users can read along and take part, unasked."""
        return self.passphrase is None and not all(
            map(is_loopback, (self.listen, *(host for host, _port in self.peers)))
        )


def dialed(listen: str, ports: Sequence[int], peers: Sequence[PeerAddress]) -> tuple[tuple[str, int], ...]:
    """Return the addresses where others are looked for: the known ports of this machine, as itself and as the address it
    listens at, and `peers`."""
    hosts: list[tuple[str, Sequence[int]]] = [(HOME, ports)]
    address = numeric(listen)
    if address is None or not address.is_unspecified:
        hosts.append((listen, ports))
    hosts += [(other, [port] if port else ports) for other, port in peers]
    return tuple(dict.fromkeys((each, port) for each, known in hosts for port in known))
