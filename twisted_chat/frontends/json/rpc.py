"""The door that `--rpc PATH` opens: a socket, or what stands in for one."""

from __future__ import annotations

from twisted.python.runtime import platform

from twisted_chat.frontends.contract import Door
from twisted_chat.frontends.json.loopback import Loopback
from twisted_chat.frontends.json.sockets import Sockets

RPC = Door("rpc", ("rpc",), lambda flags: flags["rpc"] is not None, Loopback if platform.isWindows() else Sockets)
