"""The store: one SQLite file that is the single source of truth about a corpus.

Documents, passages, sentences, their embeddings and the full-text table change in one transaction,
so that a process killed at any instant leaves the old or the new index, never a mixture.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import fields
from datetime import date
from pathlib import Path
from types import NoneType

import numpy as np

from qa.database import (
    BUSY_SECONDS,
    connect,
    corrupt,
    is_sound,
    require_own_file,
    require_plain_tables,
    sqlite_errors,
    typed,
)
from qa.documents import Document
from qa.errors import IndexStateError, StoreError
from qa.locking import WriterLock
from qa.models.encoder import Vectors
from qa.passages import Passage
from qa.schema import (
    FORMAT_VERSION,
    TABLES,
    DocumentRecord,
    IndexDescription,
    PassageRecord,
    SentenceRecord,
)
from qa.text import Span

__all__ = ["STORE_FILE", "Store"]

STORE_FILE = "store.sqlite"


class Store:
    """An open store. Use as a context manager, or call :meth:`close`."""

    def __init__(
        self, connection: sqlite3.Connection, path: Path, lock: WriterLock | None = None
    ) -> None:
        self._connection = connection
        self._lock = lock
        self.path = path

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
        store = cls(connect(path, _reading_mode(path)), path)
        try:
            with store._translated():
                store._connection.execute("PRAGMA query_only = ON")
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

    # Reading

    def description(self) -> IndexDescription | None:
        """What the index was built with, or ``None`` before anything was written."""
        with self._translated():
            tables = self._connection.execute(
                "SELECT count(*) FROM sqlite_master WHERE name = 'description'"
            ).fetchone()
            if not tables[0]:
                return None
            pairs = self._connection.execute("SELECT key, value FROM description").fetchall()
        with self._checked():
            rows = dict(typed(pair, str, str) for pair in pairs)
            return IndexDescription(
                format_version=int(rows["format_version"]),
                generation=int(rows["generation"]),
                corpus=rows["corpus"],
                encoder_name=rows["encoder_name"],
                encoder_digest=rows["encoder_digest"],
                dimension=int(rows["dimension"]),
                passage_words=int(rows["passage_words"]),
                sentence_vectors=rows["sentence_vectors"] == "1",
            )

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Everything read inside sees one generation, whatever another process commits meanwhile."""
        with self._translated():
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                self._connection.rollback()

    def documents(self) -> list[DocumentRecord]:
        """All documents, by file name."""
        with self._translated():
            rows = self._connection.execute(
                "SELECT d.id, d.file, d.sha256, d.title, d.date, d.size, count(p.id)"
                " FROM documents d LEFT JOIN passages p ON p.document = d.id"
                " GROUP BY d.id ORDER BY d.file"
            ).fetchall()
        with self._checked():
            records = [typed(row, int, str, str, str, (str, NoneType), int, int) for row in rows]
            return [
                DocumentRecord(id_, file, sha256, title, _date(day), size, count)
                for id_, file, sha256, title, day, size, count in records
            ]

    def files_of(self, ids: Collection[int]) -> dict[int, str]:
        """The files of some documents, by their ids."""
        marks = ",".join("?" * len(ids))
        with self._translated():
            rows = self._connection.execute(
                f"SELECT id, file FROM documents WHERE id IN ({marks})", [*ids]
            ).fetchall()
        with self._checked():
            return dict(typed(row, int, str) for row in rows)

    def document(self, id_: int) -> Document:
        """One document with its text.

        Raises:
            StoreError: there is none of that id, as only a damaged store can make happen.
        """
        with self._translated():
            row = self._connection.execute(
                "SELECT file, text, sha256, title, date, size FROM documents WHERE id = ?", (id_,)
            ).fetchone()
        if row is None:
            raise self._corrupt(f"document {id_} is missing")
        with self._checked():
            file, text, sha256, title, day, size = typed(
                row, str, str, str, str, (str, NoneType), int
            )
            return Document(file, text, sha256, title, _date(day), size)

    def passage(self, id_: int) -> PassageRecord:
        """One passage with its sentences.

        Raises:
            StoreError: there is none of that id.
        """
        with self._translated():
            row = self._connection.execute(
                "SELECT document, start, end, prose, first_sentence, last_sentence"
                " FROM passages WHERE id = ?",
                (id_,),
            ).fetchone()
            if row is None:
                raise self._corrupt(f"passage {id_} is missing")
            document, start, end, prose, first, last = row
            sentences = self._connection.execute(
                "SELECT id, start, end FROM sentences WHERE id BETWEEN ? AND ? AND document = ?"
                " ORDER BY id",
                (first, last, document),
            ).fetchall()
        with self._checked():
            document, start, end = typed((document, start, end), int, int, int)
            span = Span(start, end)
            records = tuple(
                SentenceRecord(id_, Span(start, end))
                for id_, start, end in (typed(row, int, int, int) for row in sentences)
            )
            if not records or not all(span.covers(sentence.span) for sentence in records):
                raise ValueError(f"the sentences of passage {id_} are not its own")
            return PassageRecord(id_, document, span, bool(prose), records)

    def passages_with_sentence(self, sentence: int) -> list[int]:
        """Ids of the passages that hold a sentence: one, or two where they overlap."""
        with self._translated():
            rows = self._connection.execute(
                "SELECT id FROM passages WHERE first_sentence <= ? AND last_sentence >= ?"
                " ORDER BY first_sentence DESC LIMIT 2",
                (sentence, sentence),
            ).fetchall()
        return self._ids(rows)

    def passage_vectors(self, ids: Sequence[int] | None = None) -> tuple[list[int], Vectors]:
        """Ids and vectors of all passages, or of those among ``ids``; shape (n, dimension)."""
        return self._vectors("passages", ids)

    def sentence_vectors(self, ids: Sequence[int] | None = None) -> tuple[list[int], Vectors]:
        """Ids and vectors of all sentences that have one, or of those among ``ids``."""
        return self._vectors("sentences", ids)

    def passages_of(self, documents: Collection[int]) -> list[int]:
        """Ids of all passages of some documents."""
        marks = ",".join("?" * len(documents))
        with self._translated():
            rows = self._connection.execute(
                f"SELECT id FROM passages WHERE document IN ({marks}) ORDER BY id", [*documents]
            ).fetchall()
        return self._ids(rows)

    def search_words(
        self, words: Sequence[str], limit: int, documents: Collection[int] | None = None
    ) -> list[tuple[int, float]]:
        """Passages that hold any of ``words``, best first, as ``(id, BM25)``, higher is better.

        BM25 is SQLite's (k1 = 1.2, b = 0.75) with the sign turned; the header counts half.
        ``documents`` keeps the search to some of them.
        """
        if not words:
            return []
        within, ids = "", []
        if documents is not None:
            ids = [*documents]
            within = (
                " AND rowid IN (SELECT id FROM passages"
                f" WHERE document IN ({','.join('?' * len(ids))}))"
            )
        with self._translated():
            rows = self._connection.execute(
                "SELECT rowid, -bm25(passage_words, 0.5, 1.0) AS score FROM passage_words"
                f" WHERE passage_words MATCH ?{within} ORDER BY score DESC, rowid LIMIT ?",
                (" OR ".join(_quoted(word) for word in words), *ids, limit),
            ).fetchall()
        return list(zip(self._ids(rows), (float(row[1]) for row in rows), strict=True))

    def passage_frequency(self, word: str) -> int:
        """How many passages hold ``word`` or another form of it."""
        with self._translated():
            row = self._connection.execute(
                "SELECT count(*) FROM passage_words WHERE passage_words MATCH ?", (_quoted(word),)
            ).fetchone()
        return int(row[0])

    def passage_count(self) -> int:
        """How many passages there are."""
        with self._translated():
            return int(self._connection.execute("SELECT count(*) FROM passages").fetchone()[0])

    def size(self) -> int:
        """Of the store on the disk with its log, in bytes."""
        files = (self.path, Path(f"{self.path}-wal"))
        return sum(path.stat().st_size for path in files if path.exists())

    # Writing

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside is kept together, or none of it.

        Raises:
            StoreError: another process is writing, or the disk is full or read-only.
        """
        with self._translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                # A full disk may have rolled back already.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def clear(self) -> None:
        """Remove everything and lay the tables anew; only inside a transaction."""
        names = self._connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table'"
            " AND name IN ('passage_words', 'passages', 'sentences', 'documents', 'description')"
        ).fetchall()
        for name in ("passage_words", "passages", "sentences", "documents", "description"):
            if (name,) in names:
                self._connection.execute(f"DROP TABLE {name}")
        for statement in TABLES.split(";\n"):
            if statement.strip():
                self._connection.execute(statement)

    def describe(self, description: IndexDescription) -> None:
        """Record what the index is built with; only inside a transaction."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO description VALUES (?, ?)",
            [
                (field.name, _stored(getattr(description, field.name)))
                for field in fields(description)
            ],
        )

    def remove(self, file: str) -> None:
        """Forget a document and all that was made of it; only inside a transaction."""
        self._connection.execute(
            "DELETE FROM passage_words WHERE rowid IN (SELECT p.id FROM passages p"
            " JOIN documents d ON d.id = p.document WHERE d.file = ?)",
            (file,),
        )
        self._connection.execute("DELETE FROM documents WHERE file = ?", (file,))

    def add(
        self,
        document: Document,
        passages: Sequence[Passage],
        passage_vectors: Vectors,
        sentence_spans: Sequence[Span],
        sentence_vectors: Iterable[Vectors | None],
    ) -> None:
        """Record a document, its passages and its sentences; only inside a transaction.

        ``sentence_spans`` are all sentences of the passages, each once, in order; the vectors run
        parallel to them, ``None`` where a sentence has none.
        """
        execute = self._connection.execute
        day = document.date.isoformat() if document.date is not None else None
        id_ = execute(
            "INSERT INTO documents (file, sha256, size, title, date, text) VALUES (?, ?, ?, ?, ?, ?)",
            (document.file, document.sha256, document.size, document.title, day, document.text),
        ).lastrowid
        ids: dict[Span, int] = {}
        for span, vector in zip(sentence_spans, sentence_vectors, strict=True):
            row = execute(
                "INSERT INTO sentences (document, start, end, embedding) VALUES (?, ?, ?, ?)",
                (id_, span.start, span.end, None if vector is None else _blob(vector)),
            ).lastrowid
            assert row is not None
            ids[span] = row
        for passage, vector in zip(passages, passage_vectors, strict=True):
            span = passage.span
            row = execute(
                "INSERT INTO passages (document, start, end, prose, first_sentence, last_sentence,"
                " embedding) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    id_,
                    span.start,
                    span.end,
                    int(passage.prose),
                    ids[passage.sentences[0]],
                    ids[passage.sentences[-1]],
                    _blob(vector),
                ),
            ).lastrowid
            execute(
                "INSERT INTO passage_words (rowid, header, body) VALUES (?, ?, ?)",
                (row, document.title, span.of(document.text)),
            )

    # Errors

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

    def _vectors(self, table: str, ids: Sequence[int] | None) -> tuple[list[int], Vectors]:
        query = f"SELECT id, embedding FROM {table} WHERE embedding IS NOT NULL"
        if ids is not None:
            query += f" AND id IN ({','.join('?' * len(ids))})"
        with self._translated():
            rows = self._connection.execute(f"{query} ORDER BY id", ids or ()).fetchall()
        if not rows:
            return [], np.empty((0, 0), dtype=np.float32)
        with self._checked():
            vectors = np.frombuffer(b"".join(row[1] for row in rows), dtype="<f4")
            shaped: Vectors = vectors.reshape(len(rows), -1)
            description = self.description()
            if description is not None and shaped.shape[1] != description.dimension:
                raise ValueError("its vectors are of another length")
            if not np.isfinite(shaped).all():
                raise ValueError("its vectors are no numbers")
        return self._ids(rows), shaped

    def _ids(self, rows: Sequence[Sequence[object]]) -> list[int]:
        """The first column, which is a number in every row but of a damaged file."""
        with self._checked():
            return [typed(row[:1], int)[0] for row in rows]

    @contextmanager
    def _checked(self) -> Iterator[None]:
        """Values that are not what is written here come from a damaged file, or a tampered one."""
        try:
            yield
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise self._corrupt(str(error)) from error

    def _corrupt(self, reason: str) -> StoreError:
        return corrupt(self.path, reason)

    def _translated(self) -> AbstractContextManager[None]:
        return sqlite_errors(self.path)


def _reading_mode(path: Path) -> str:
    """How SQLite opens the store to read it."""
    if os.access(path.parent, os.W_OK):
        return "mode=rw"
    # A folder that may not be written cannot hold the files WAL needs beside the store. Without a log it
    # needs none; where a killed process has left one, the store is nothing without it.
    log = Path(f"{path}-wal")
    return "mode=ro" if log.exists() and log.stat().st_size else "mode=ro&immutable=1"


def _quoted(word: str) -> str:
    """``word`` as an FTS5 string, in which no operator means anything."""
    return '"' + word.replace('"', '""') + '"'


def _blob(vector: Vectors) -> bytes:
    return np.ascontiguousarray(vector, dtype="<f4").tobytes()


def _stored(value: object) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def _date(stored: str | None) -> date | None:
    return None if stored is None else date.fromisoformat(stored)
