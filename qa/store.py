"""The store: one SQLite file that is the single source of truth about a corpus.

Documents, passages, sentences, their embeddings and the full-text table change in one transaction,
so that a process killed at any instant leaves the old or the new index, never a mixture.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from qa.corpus import STORE_FILE
from qa.database import (
    BUSY_SECONDS,
    Stamp,
    connect,
    connect_to_read,
    is_sound,
    require_own_file,
    require_plain_tables,
    stamp_of_store,
)
from qa.errors import IndexStateError, StoreError
from qa.locking import WriterLock
from qa.querying import Querying
from qa.schema import (
    FORMAT_VERSION,
)

__all__ = ["STORE_FILE", "Store"]


class Store(Querying):
    """An open store. Use as a context manager, or call :meth:`close`."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path,
        lock: WriterLock | None = None,
        taken_as: Stamp | None = None,
    ) -> None:
        """``taken_as`` is the file as it was, if SQLite takes it never to change."""
        super().__init__(connection, path)
        self._lock = lock
        self._taken_as = taken_as

    @classmethod
    def exists(cls, folder: Path) -> bool:
        """True unless there is no store, or a first build was cut off before it wrote anything."""
        path = folder / STORE_FILE
        if not path.is_file():
            return False
        try:
            with cls(connect(path, "mode=rw"), path) as store:
                return store.description() is not None
        except StoreError:
            return True

    @classmethod
    def open(cls, folder: Path) -> Store:
        """Open the index in ``folder`` for reading; writing to it is refused by SQLite.

        Raises:
            IndexStateError: there is none, or it has an older format.
            StoreError: it is corrupt.
        """
        path = folder / STORE_FILE
        if not path.is_file():
            raise IndexStateError(f"There is no index in {folder}; build it with: qa index")
        connection, taken_as = connect_to_read(path)
        store = cls(connection, path, taken_as=taken_as)
        try:
            require_plain_tables(store._connection, path)
            store._check_format()
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def open_for_writing(
        cls, folder: Path, *, rebuild: bool = False, patience: float = BUSY_SECONDS
    ) -> Store:
        """Open or create the index in ``folder`` for writing; no other process can until it is closed.

        Waits up to ``patience`` seconds for one that writes. With ``rebuild`` a store of any format is
        taken, to be cleared, and a corrupt one deleted.

        Raises:
            StoreError: it is corrupt, another process is writing it, or the folder cannot be written.
            IndexStateError: it has another format.
        """
        path = folder / STORE_FILE
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"The folder {folder} cannot be made ({error.strerror}); name another with --vectors DIR."
            ) from error
        lock = WriterLock.acquire(folder, patience)
        try:
            return cls._opened_for_writing(path, lock, rebuild=rebuild)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def _opened_for_writing(cls, path: Path, lock: WriterLock, *, rebuild: bool) -> Store:
        require_own_file(path)
        if rebuild and not is_sound(path):
            for leftover in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
                leftover.unlink(missing_ok=True)
        store = cls(connect(path, "mode=rwc"), path, lock)
        try:
            require_plain_tables(store._connection, path)
            with store._translated():
                store._connection.execute("PRAGMA journal_mode = WAL")
                store._connection.execute("PRAGMA foreign_keys = ON")
                # What is deleted shall be gone from the file too, and not only from every search.
                store._connection.execute("PRAGMA secure_delete = ON")
                tables = store._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if tables[0] and not rebuild:
                store._check_format()
        except BaseException:
            store.close()
            raise
        return store

    def close(self) -> None:
        """Close the file; closing twice is harmless."""
        self._connection.close()
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Everything read inside sees one generation, whatever another process commits meanwhile.

        Raises:
            StoreError: the folder may not be written, and another process has written the store meanwhile.
        """
        self._follow_rewritten()
        try:
            with self._in_transaction():
                yield
        except StoreError as error:
            if self._is_rewritten():
                raise self._rewritten() from error
            raise
        # What was read before and after is of two generations.
        if self._is_rewritten():
            raise self._rewritten()

    def _rewritten(self) -> StoreError:
        return StoreError(
            f"The index in {self.path.parent} was written by another process meanwhile; ask again."
        )

    def _is_rewritten(self) -> bool:
        return self._taken_as is not None and stamp_of_store(self.path) != self._taken_as

    def _follow_rewritten(self) -> None:
        if self._is_rewritten():
            connection, self._taken_as = connect_to_read(self.path)
            self._connection.close()
            self._connection = connection

    @contextmanager
    def _in_transaction(self) -> Iterator[None]:
        with self._translated():
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                self._connection.rollback()

    def _check_format(self) -> None:
        description = self.description()
        if description is None:
            raise IndexStateError(
                f"The index in {self.path.parent} is empty; build it with: qa index"
            )
        if description.format_version != FORMAT_VERSION:
            raise IndexStateError(
                f"The index in {self.path.parent} has format {description.format_version} and this "
                f"version reads {FORMAT_VERSION}; build it anew with: qa index --rebuild"
            )
