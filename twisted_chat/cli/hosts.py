"""The checks of values that are addresses: where to listen, and where others are; see `checks`."""

from __future__ import annotations

import re

from twisted.python.usage import UsageError

from twisted_chat.cli.checks import MAX_PORT, parse_number
from twisted_chat.cli.settings import HOME, PeerAddress
from twisted_chat.net.addresses import needs_scope, numeric, scoped
from twisted_chat.net.own import link_local_addresses
from twisted_chat.speech.i18n import _

_HOST_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*\.?")


def parse_listen(where: str, value: str) -> str:
    """Return `value` as an address to listen at, in its usual form. Whether this machine has it is not looked at."""
    address = numeric(HOME if value.lower() == "localhost" else _unbracketed(value))
    if address is None or address.is_multicast:
        raise UsageError(
            _(
                "{where} {value!r} is not an address of this machine: give one such as 192.168.0.7, or 0.0.0.0 for all of them; "
                "127.0.0.1 is for this machine alone"
            ).format(where=where, value=value)
        )
    return _leading(where, value, scoped(str(address)))


def parse_peer(where: str, value: str) -> PeerAddress:
    """Return the host and port of `HOST`, `HOST:PORT` or, for IPv6, `[HOST]:PORT`; a host may be a name."""
    host, colon, port = value, "", ""
    if value.startswith("["):
        host, bracket, after = value[1:].partition("]")
        if not bracket or after[:1] not in ("", ":"):
            raise UsageError(
                _("{where} {value!r} is not HOST or HOST:PORT: write [::1]:5000").format(where=where, value=value)
            )
        colon, port = after[:1], after[1:]
    elif value.count(":") == 1:
        host, colon, port = value.partition(":")
    found = _host(host)
    if found is None:
        raise UsageError(
            _(
                "{where} {value!r} names no host: write a name or an address, such as ana.local or 192.168.0.7:5000"
            ).format(where=where, value=value)
        )
    host = _leading(where, value, found)
    return host, parse_number(_("{where} port").format(where=where), port, 1, MAX_PORT) if colon else None


def _unbracketed(value: str) -> str:
    """Return an address as it stands in brackets, where those are for addresses with ports."""
    return value[1:-1] if value.startswith("[") and value.endswith("]") and ":" in value else value


def _leading(where: str, value: str, host: str) -> str:
    """Return `host`, unless it is a link-local address that does not say which interface leads to it."""
    if needs_scope(host):
        scopes = [own.partition("%")[2] for own in link_local_addresses()]
        raise UsageError(
            _("{where} {value!r} needs the interface that leads there, such as {host}%{scope}; here: {scopes}").format(
                where=where, value=value, host=host, scope=[*scopes, "eth0"][0], scopes=", ".join(scopes) or "–"
            )
        )
    return host


def _host(text: str) -> str | None:
    """Return an address in its usual form, or a name in the form that is looked up; None for what can be neither."""
    if address := numeric(text):
        return None if address.is_unspecified or address.is_multicast else scoped(str(address))
    try:
        name = text.encode("idna").decode().lower()
    except UnicodeError:
        return None
    if name == "localhost":
        return HOME
    last = name.rstrip(".").rpartition(".")[2]
    return name if _HOST_NAME.fullmatch(name) and not last.isdigit() else None  # 10.0.0.300 is a slip, not a name
