"""The command line of `tcpchat`: what goes together, and the asking for what is missing."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from importlib.util import find_spec

from twisted.python.runtime import platformType
from twisted.python.usage import UsageError

from twisted_chat.cli.checks import check_writable, compact, parse_port
from twisted_chat.cli.flags import CHAT
from twisted_chat.cli.joining import Joining
from twisted_chat.cli.ports import holder, is_free
from twisted_chat.cli.prompts import ask_name, ask_port, find_terminal
from twisted_chat.cli.settings import Settings
from twisted_chat.cli.standard import OutputFailed, say, secure
from twisted_chat.core.group import Group
from twisted_chat.core.keys import SEED_BYTES, Identity
from twisted_chat.core.marks import N_
from twisted_chat.core.wire.frames import MAX_INT
from twisted_chat.core.wire.opening import Introduction
from twisted_chat.core.writing.text import clean, shown_name
from twisted_chat.net.addresses import is_loopback
from twisted_chat.net.own import link_local_addresses, own_addresses
from twisted_chat.reactors import install_reactor
from twisted_chat.speech.i18n import _
from twisted_chat.speech.refusals import unusable
from twisted_chat.storage.errors import StorageError
from twisted_chat.storage.folders import usual_root


def taken(listen: str, port: int, name: str, group: Group) -> str | None:
    """Return in a few words who holds `port` ("held by Ana"), None if it is free. Blocks for at most 2 s.

    Only in an open group is the holder asked: whoever it is would hear the group's name and ours.
    """
    try:
        if is_free(listen, port):
            return None
    except OSError as error:
        return _("not available ({why})").format(why=error.strerror)
    if not group.closed:
        stranger = Identity(secrets.token_bytes(SEED_BYTES))
        introduction = Introduction(stranger, group, name, 0, secrets.randbelow(MAX_INT), False)
        who = holder(listen, port, introduction)
        if who is not None:
            return _("held by {name}").format(name=shown_name(who))
        if is_loopback(listen):
            return _("in use by another program")
    return _("in use by another program or peer")  # which tells strangers nothing


class Options(Joining):
    """The command line of a peer. `settings` is there once `parseOptions` has returned."""

    longdesc = N_(
        "On a terminal, a name and a port that are not given are asked for, and a passphrase where one is needed."
    )
    flags = CHAT

    settings: Settings

    def getUsage(self, width: int | None = None) -> str:
        """Return what `--help` says after the synopsis."""
        from twisted_chat.cli.subcommands import overview  # a peer does without

        return super().getUsage(width) + "\n" + overview(width)

    def parseArgs(self, *surplus: str) -> None:
        """Refuse words that belong to no flag."""
        if surplus:
            raise UsageError(_("{word!r} belongs to no option; did you mean --name?").format(word=surplus[0]))

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """Check the command line, ask for what is missing, and install the asyncio reactor if none is installed yet.

        Raises `SystemExit` with one line of words if something is wrong, and silently if the person asked leaves.
        """
        try:
            if self.parent is not None:  # twistd, whichever way it was started
                secure()
            super().parseOptions(options)
        except OutputFailed as error:
            raise SystemExit(f"tcpchat: {error}") from None
        except BrokenPipeError:
            raise SystemExit(1) from None
        except UsageError as error:
            hint = _("Try 'tcpchat --help'.")
            raise SystemExit(f"tcpchat: {clean(str(error))}\n{hint}") from None
        except StorageError as error:
            raise SystemExit(f"tcpchat: {unusable(error)}") from None
        except (EOFError, KeyboardInterrupt) as left:
            say("")  # the question asked last has left its line open
            raise SystemExit(130 if isinstance(left, KeyboardInterrupt) else 0) from None

    def postOptions(self) -> None:
        """Check what depends on more than one flag, and make `settings`."""
        super().postOptions()
        daemon = self._is_daemon()
        check_writable(self.where("log"), self["log"])
        if not self["ephemeral"] and self["data"] is None:
            usual_root()  # there is one, or nobody is asked anything
        if self["ephemeral"] and self["data"] is not None:
            raise UsageError(
                _("{data} and {ephemeral} exclude each other: an ephemeral peer keeps nothing there").format(
                    data=self.where("data"), ephemeral=self.where("ephemeral")
                )
            )
        if self["port"] is not None:
            self["port"] = parse_port(self.where("port"), self["port"], self["ports"])
        self._check_listen()
        if self["discover"]:
            self._check_discover()
        self._complete(daemon)
        self.settings = Settings(
            name=self["name"],
            port=self["port"],
            ports=self["ports"],
            links=self["links"],
            listen=self["listen"],
            peers=tuple(self["peer"]),
            group=self["group"],
            log=self["log"],
            data=self["data"],
            ephemeral=self["ephemeral"],
            flags={**self, "console": "none"} if daemon else dict(self),
            keep=self["keep"],
            passphrase=self.passphrase,
            open=self["open"],
            discover=self["discover"],
            quota=self["quota"],
        )
        if not daemon:
            self._drop_pidfile()
        install_reactor(daemon)

    def _complete(self, daemon: bool) -> None:
        """Make sure of a passphrase if need be, a name and a free port, asking for them if somebody is there to be asked."""
        terminal = None if daemon else find_terminal()
        if self["name"] is None and terminal is None:
            raise UsageError(_("--name is missing, and there is no terminal to ask at: give one, such as --name Ana"))
        self.settle_passphrase(terminal)
        if self["name"] is None and terminal is not None:
            self["name"] = ask_name(terminal)
        if self["port"] is not None:
            self._check_free()
        elif terminal is not None:
            self["port"] = ask_port(terminal, self["ports"], self._taken)
        else:
            raise UsageError(
                _("--port is missing, and there is no terminal to ask at: give one of {ports}").format(
                    ports=compact(self["ports"])
                )
            )

    def _taken(self, port: int) -> str | None:
        return taken(self["listen"], port, self["name"], Group(self["group"], self.passphrase is not None))

    def _check_listen(self) -> None:
        """Refuse an address that this machine doesn't have, whichever port it is."""
        listen = self["listen"]
        try:
            is_free(listen, 0)
        except OSError as error:
            own = ["127.0.0.1", *own_addresses(), *(link_local_addresses() if "%" in listen else [])]
            raise UsageError(
                _("{where} {address}: {why}; this machine's are {addresses}, and 0.0.0.0 for all of them").format(
                    where=self.where("listen"), address=listen, why=error.strerror, addresses=", ".join(own)
                )
            ) from None

    def _check_discover(self) -> None:
        if is_loopback(self["listen"]):
            raise UsageError(
                _(
                    "{discover} with {listen} {address}: who finds us could not reach us there; add --listen 0.0.0.0, or an "
                    "address of this machine in that network"
                ).format(discover=self.where("discover"), listen=self.where("listen"), address=self["listen"])
            )
        if find_spec("zeroconf") is None:
            raise UsageError(
                _(
                    "{discover} needs another package: pip install 'twisted-chat[lan]'; or name others with --peer"
                ).format(discover=self.where("discover"))
            )

    def _check_free(self) -> None:
        fault = self._taken(self["port"])
        if fault is None:
            return
        free = [port for port in self["ports"] if self._can_listen(port)]
        others = _("free are {ports}").format(ports=compact(free)) if free else _("none of --ports is free")
        raise UsageError(
            _("{where} {port} is {fault}; {others}").format(
                where=self.where("port"), port=self["port"], fault=fault, others=others
            )
        )

    def _can_listen(self, port: int) -> bool:
        try:
            return is_free(self["listen"], port)
        except OSError:
            return False

    def _is_daemon(self) -> bool:
        """Whether twistd is going to detach this process from its terminal."""
        twistd = self.parent
        return platformType == "posix" and twistd is not None and not (twistd["nodaemon"] or twistd["debug"])

    def _drop_pidfile(self) -> None:
        """Have several peers run side by side in one directory: twistd refuses to start where its `twistd.pid` is."""
        twistd = self.parent
        if twistd is not None and "pidfile" in twistd and twistd["pidfile"] == twistd.defaults["pidfile"]:
            twistd["pidfile"] = ""
