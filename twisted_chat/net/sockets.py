"""Options of the sockets of links. Not every system has all of them."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any

from twisted_chat.net.addresses import is_loopback

MOST = 1220
"""Bytes in a TCP segment: what the smallest packet that every network with IPv6 must carry has room for."""
UNSENT = 16 * 1024
"""Bytes that the system is to hold for a connection without having sent them."""
UNREAD = 128 * 1024
"""Bytes that the system is to hold of what has come and has not been read: what is said now waits behind them."""


def keep_short(holder: Any, host: str) -> None:
    """Have the TCP segments of connections with, or at, `host` be short, both ways; on this machine they may be long.

    Some VPNs drop large packets without a word. `holder` has the socket, which listens, or is not yet connected.
    """
    if not is_loopback(host):
        with suppress(AttributeError, OSError):
            holder.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, MOST)


def hold_little(connected: Any) -> None:
    """Have the system hold at most `UNSENT` and `UNREAD` bytes for a connected socket.

    Otherwise it holds megabytes, which nothing new overtakes.
    """
    with suppress(AttributeError, OSError):
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT)
    with suppress(OSError):
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UNREAD)
