"""A group chat without a server, as a Twisted plugin. Start reading at `docs/architecture.md`."""

__version__ = "0.1.0"
