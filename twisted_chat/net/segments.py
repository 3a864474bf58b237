"""Segments so short that they get through whatever lies on the way: some VPNs drop large packets without a word."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any

from twisted_chat.net.addresses import is_loopback

MOST = 1220
"""Bytes in a TCP segment: what the smallest packet that every network with IPv6 must carry has room for."""


def keep_short(holder: Any, host: str) -> None:
    """Have the TCP segments of connections with, or at, `host` be short, both ways; on this machine they may be long.

    `holder` has the socket, which listens, or is not yet connected. Not every system can be told so.
    """
    if not is_loopback(host):
        with suppress(AttributeError, OSError):
            holder.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, MOST)
