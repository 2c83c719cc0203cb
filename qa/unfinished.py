"""Vectors that are embedded but not yet in the store: what an interrupted update need not embed again.

A file of its own beside the store, written chunk by chunk while the store's one transaction is open, and
deleted after it. It holds no text, only digests of texts and the vectors made of them.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from qa.database import connect, sqlite_errors
from qa.errors import StoreError
from qa.models.encoder import Vectors

__all__ = ["UNFINISHED_FILE", "UnfinishedVectors", "discard_unfinished"]

UNFINISHED_FILE = "unfinished.db"
#: SQLite takes so many values in one question, whatever its version.
_ASKED_AT_ONCE = 500


class UnfinishedVectors:
    """The vectors that one encoder has given in this update and in an interrupted one before it.

    Use as a context manager, by one process at a time: the one that is writing the store.
    """

    def __init__(self, folder: Path, encoder_digest: str, dimension: int) -> None:
        """Open or create the file in ``folder``; one of another encoder, or damaged, begins anew."""
        self._path = folder / UNFINISHED_FILE
        self._bytes = 4 * dimension
        try:
            self._connection = self._opened(encoder_digest)
        except (StoreError, sqlite3.DatabaseError):
            discard_unfinished(folder)  # it is worth nothing but time
            with sqlite_errors(self._path):
                self._connection = self._opened(encoder_digest)

    def __enter__(self) -> UnfinishedVectors:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def find(self, keys: Iterable[str]) -> dict[str, Vectors]:
        """What was kept under those keys, each of shape (vectors, dimension)."""
        by_digest = {_digest(key): key for key in keys}
        digests = list(by_digest)
        found: dict[str, Vectors] = {}
        with sqlite_errors(self._path):
            for start in range(0, len(digests), _ASKED_AT_ONCE):
                asked = digests[start : start + _ASKED_AT_ONCE]
                rows = self._connection.execute(
                    f"SELECT digest, vector FROM vectors WHERE digest IN ({','.join('?' * len(asked))})",
                    asked,
                )
                for digest, vector in rows:
                    if vector and len(vector) % self._bytes == 0:
                        vectors = np.frombuffer(vector, dtype="<f4")
                        found[by_digest[digest]] = vectors.reshape(-1, self._bytes // 4)
        return found

    def keep(self, keys: Sequence[str], vectors: Sequence[Vectors]) -> None:
        """Keep all of these, whatever becomes of the process.

        Raises:
            StoreError: the disk is full.
        """
        rows = [
            (_digest(key), np.ascontiguousarray(some, dtype="<f4").tobytes())
            for key, some in zip(keys, vectors, strict=True)
        ]
        with sqlite_errors(self._path):
            self._connection.execute("BEGIN")
            try:
                self._connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _opened(self, encoder_digest: str) -> sqlite3.Connection:
        connection = connect(self._path, "mode=rwc")
        try:
            # A kill loses nothing; a power cut may lose the last chunks, which are embedded again then.
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("CREATE TABLE IF NOT EXISTS encoder (digest TEXT NOT NULL)")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS vectors (digest BLOB UNIQUE NOT NULL, vector BLOB NOT NULL)"
            )
            held = connection.execute("SELECT digest FROM encoder").fetchone()
            if held is not None and held[0] != encoder_digest:
                raise sqlite3.DatabaseError("the vectors are of another encoder")
            if held is None:
                connection.execute("DELETE FROM vectors")
                connection.execute("INSERT INTO encoder VALUES (?)", (encoder_digest,))
        except BaseException:
            connection.close()
            raise
        return connection


def discard_unfinished(folder: Path) -> None:
    """Delete what an update has kept in ``folder``, if there is anything."""
    for ending in ("", "-wal", "-shm", "-journal"):
        with suppress(OSError):
            (folder / f"{UNFINISHED_FILE}{ending}").unlink(missing_ok=True)


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
