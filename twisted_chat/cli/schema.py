"""`tcpchat schema`: what programs can ask and are told."""

from __future__ import annotations

import msgspec

from twisted_chat.cli.commandline import Subcommand
from twisted_chat.cli.standard import show
from twisted_chat.core.marks import N_
from twisted_chat.frontends.json.reference import schema
from twisted_chat.speech.i18n import _


class Schema(Subcommand):
    """`tcpchat schema`: print the JSON Schema of the lines that `--console json` and `--rpc` speak."""

    summary = staticmethod(lambda: _("print the JSON Schema of what programs can ask and are told"))
    synopsis = N_("Usage: tcpchat schema [options]")
    longdesc = N_("What it describes is a line of --console json, or of a connection to --rpc, in either direction.")

    def run(self) -> int:
        """Print it."""
        show(msgspec.json.format(msgspec.json.encode(schema()), indent=2).decode())
        return 0
