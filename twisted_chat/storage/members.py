"""The facts that a database has about members, besides their messages."""

from __future__ import annotations

import sqlite3

from twisted_chat.core.replication.store import Known

_KEEP = """
INSERT INTO members (id, name, verified, ignored) VALUES (:id, :name, :verified, :ignored)
ON CONFLICT (id) DO UPDATE SET name = :name, verified = :verified, ignored = :ignored
"""


def read_members(connection: sqlite3.Connection) -> list[Known]:
    """Return the kept facts about each member, in the order in which the members became known."""
    names: dict[bytes, list[str]] = {}
    for owner, name in connection.execute("SELECT owner, name FROM names ORDER BY number"):
        names.setdefault(owner, []).append(name)
    rows = connection.execute("SELECT id, name, verified, ignored FROM members ORDER BY number")
    return [
        Known(id, name, tuple(names.get(id, ())), bool(verified), bool(ignored)) for id, name, verified, ignored in rows
    ]


def read_names(connection: sqlite3.Connection) -> dict[bytes, str]:
    """Return the last name of each member that is kept."""
    return dict(connection.execute("SELECT id, name FROM members"))


def keep_member(connection: sqlite3.Connection, known: Known) -> None:
    """Replace the kept facts about a member. Within a transaction."""
    connection.execute("DELETE FROM names WHERE owner = ?", (known.id,))
    if known.nothing:
        connection.execute("DELETE FROM members WHERE id = ?", (known.id,))
        return
    row = {"id": known.id, "name": known.name, "verified": known.verified, "ignored": known.ignored}
    connection.execute(_KEEP, row)
    connection.executemany("INSERT INTO names (name, owner) VALUES (?, ?)", [(name, known.id) for name in known.names])
