"""Opens SQLite files, and turns SQLite's errors into sentences a person can act on."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa.errors import StoreError

__all__ = [
    "BUSY_SECONDS",
    "STORE",
    "Kind",
    "Stamp",
    "connect",
    "connect_to_read",
    "corrupt",
    "has_table",
    "is_sound",
    "require_own_file",
    "require_plain_tables",
    "sqlite_errors",
    "stamp_of_store",
    "typed",
]

#: How long a command waits for another process that is writing.
BUSY_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Kind:
    """How sentences speak of one kind of file."""

    name: str
    content: str
    untouched: str
    """What a person may rely on after a write that failed."""
    remedy: str
    """What to do about a damaged one; ``{path}`` stands for the file."""


STORE = Kind("store", "index", "the index is as it was", "Build it anew with: qa index --rebuild")


@contextmanager
def sqlite_errors(path: Path, kind: Kind = STORE) -> Iterator[None]:
    """Turns SQLite's errors into ours, so that the code that raises them stays plain."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorname", "")
        if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            raise StoreError(
                f"Another process is writing the {kind.content} in {path.parent}; "
                "wait for it to end, then run the command again."
            ) from error
        if code.startswith("SQLITE_FULL"):
            raise StoreError(
                f"The disk that holds {path.parent} is full; {kind.untouched}. "
                "Free some space and run the command again."
            ) from error
        if code.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_IOERR")):
            raise StoreError(
                f"The {kind.name} {path} cannot be used ({error}); check its permissions, and that the "
                "disk is not full, or name another folder with --vectors DIR."
            ) from error
        raise corrupt(path, str(error), kind) from error
    except UnicodeDecodeError as error:  # of a message that quotes a damaged schema
        raise corrupt(path, "its schema is no text", kind) from error


def corrupt(path: Path, reason: str, kind: Kind = STORE) -> StoreError:
    return StoreError(
        f"The {kind.name} {path} is corrupt ({reason}); nothing was changed. "
        f"{kind.remedy.format(path=path)}"
    )


#: What tells a file from the one that was there before: its inode, size and time.
Stamp = tuple[int, int, int]


def stamp_of_store(path: Path) -> Stamp | None:
    """``None`` if there is no file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def connect_to_read(path: Path) -> tuple[sqlite3.Connection, Stamp | None]:
    """A connection that may only read, and the stamp of the file if SQLite takes it never to change.

    A folder that may not be written cannot hold the files that WAL needs beside the store. Without a log it
    needs none, but then SQLite does not see what others write; where a killed process has left a log, the
    store is nothing without it.

    Raises:
        StoreError: it cannot be opened.
    """
    mode, stamp = "mode=rw", None
    if not os.access(path.parent, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        mode = "mode=ro"
        log = stamp_of_store(Path(f"{path}-wal"))
        if log is None or not log[1]:
            mode, stamp = "mode=ro&immutable=1", stamp_of_store(path)
    connection = connect(path, mode)
    with sqlite_errors(path):
        connection.execute("PRAGMA query_only = ON")
    return connection, stamp


def connect(path: Path, mode: str, kind: Kind = STORE) -> sqlite3.Connection:
    with sqlite_errors(path, kind):
        connection = sqlite3.connect(
            f"{path.resolve().as_uri()}?{mode}",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        # The file may come from elsewhere: what its schema calls must be harmless, and a page is looked
        # at before it is believed.
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        return connection


def require_own_file(path: Path, kind: Kind = STORE) -> None:
    """Raise unless what is written to ``path`` goes there and not to where a link leads.

    Raises:
        StoreError: it is a link.
    """
    if path.is_symlink():
        raise StoreError(
            f"The {kind.name} {path} is a link to another place and is not written; remove it, "
            "or name another folder with --vectors DIR."
        )


def require_plain_tables(connection: sqlite3.Connection, path: Path, kind: Kind = STORE) -> None:
    """Raise if the file would do something by itself when it is read or written.

    Raises:
        StoreError: it has a view or a trigger, as only a tampered file does.
    """
    with sqlite_errors(path, kind):
        found = connection.execute(
            "SELECT count(*) FROM sqlite_master WHERE type NOT IN ('table', 'index')"
        ).fetchone()
    if found[0]:
        raise corrupt(path, "it holds a view or a trigger, and qa makes none", kind)


def typed(row: Sequence[object], *types: type | tuple[type, ...]) -> tuple[Any, ...]:
    """``row``, whose values are of these types, as the columns of a damaged file may not be.

    Raises:
        ValueError: one is not.
    """
    if len(row) != len(types):
        raise ValueError(f"there are {len(row)} values and not {len(types)}")
    if not all(map(isinstance, row, types)):
        wrong = next(
            v for v, expected in zip(row, types, strict=True) if not isinstance(v, expected)
        )
        raise ValueError(f"a value is {type(wrong).__name__}")
    return tuple(row)


def has_table(connection: sqlite3.Connection, name: str) -> bool:
    """Whether the file has a table of that name."""
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)).fetchone()
    return found is not None


def is_sound(path: Path) -> bool:
    """True if there is no store yet, or SQLite finds nothing wrong with it."""
    if not path.exists():
        return True
    try:
        connection = connect(path, "mode=ro")
        with sqlite_errors(path):
            try:
                require_plain_tables(connection, path)
                for (name,) in connection.execute(
                    "SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL%'"
                ).fetchall():
                    # One that cannot be opened cannot be dropped either.
                    quoted = str(name).replace('"', '""')
                    connection.execute(f'SELECT 1 FROM "{quoted}" LIMIT 1')
                return bool(connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
            finally:
                connection.close()
    except StoreError:
        return False
