"""Writing an archive."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import BinaryIO

from twisted_chat.archive.lines import CONTEXT, VERSION, End, Header
from twisted_chat.core.feeds.batches import Batch
from twisted_chat.core.feeds.fork import Fork
from twisted_chat.core.group import Group
from twisted_chat.core.keys import Identity
from twisted_chat.core.replication.forks import fork_frame
from twisted_chat.core.wire.frames import encode


def write(
    file: BinaryIO,
    group: Group,
    identity: Identity,
    name: str,
    at: int,
    batches: Iterable[Batch],
    forks: Iterable[Fork],
) -> int:
    """Write an archive of `group` to `file`; return the number of messages.

    `identity`, which calls itself `name`, exports it `at` a wall clock in milliseconds. The batches are to come in the order
    of their feeds; none is kept in memory. Raises what `file` raises.
    """
    digest = sha256()
    messages = 0

    def put(line: bytes) -> None:
        digest.update(line)
        file.write(line)

    put(encode(Header(VERSION, group.name, group.closed, identity.id, name, at)))
    for batch in batches:
        put(batch.line)
        messages += batch.messages
    for fork in forks:
        put(encode(fork_frame(fork)))
    file.write(encode(End(identity.sign(CONTEXT + digest.digest()))))
    return messages
