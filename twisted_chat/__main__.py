"""The `tcpchat` command, and `python -m twisted_chat`: the same as `twistd --nodaemon tcpchat`."""

from __future__ import annotations

import sys

from twisted.application.service import ServiceMaker
from twisted.scripts.twistd import ServerOptions, runApp  # type: ignore[attr-defined]

from twisted_chat.cli import standard
from twisted_chat.cli.options import Options
from twisted_chat.speech.i18n import _


class Twistd(ServerOptions):
    """twistd's command line as it stands for `tcpchat`: this plugin is the only one, and is called without `twistd`.

    It works without the plugin being installed, and without the time it takes to look for plugins.
    """

    subCommands = [("tcpchat", None, Options, "")]
    loadedPlugins = {"tcpchat": ServiceMaker("tcpchat", "twisted_chat.service", "", "tcpchat")}

    def getSynopsis(self) -> str:
        """Return what stands before the name of the program."""
        return _("Usage:")


def main() -> None:
    """Run a peer until it is told to leave, or the subcommand that the first argument names."""
    standard.secure()
    if sys.argv[1:2] and not sys.argv[1].startswith("-"):
        from twisted_chat.cli import subcommands  # a peer does without

        if sys.argv[1] in subcommands.SUBCOMMANDS:
            sys.exit(subcommands.main(sys.argv[1:]))
    config = Twistd()  # type: ignore[no-untyped-call]
    config.parseOptions(["--nodaemon", "tcpchat", *sys.argv[1:]])  # type: ignore[no-untyped-call]
    runApp(config)


if __name__ == "__main__":
    main()
