"""The store: one SQLite file that is the single source of truth about a corpus.

Documents, passages, sentences, their embeddings and the full-text table change in one transaction,
so that a process killed at any instant leaves the old or the new index, never a mixture.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import numpy as np

from qa.corpus import STORE_FILE
from qa.database import connect, corrupt, is_sound
from qa.documents import Document
from qa.errors import IndexStateError, StoreError
from qa.models.encoder import Vectors
from qa.recording import Recording
from qa.schema import (
    FORMAT_VERSION,
    DocumentRecord,
    IndexDescription,
    PassageRecord,
    SentenceRecord,
)
from qa.text import Span

__all__ = ["STORE_FILE", "Store"]


class Store(Recording):
    """An open store. Use as a context manager, or call :meth:`close`."""

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
        # A folder that may not be written cannot hold the files WAL needs beside the store.
        mode = "mode=rw" if os.access(folder, os.W_OK) else "mode=ro&immutable=1"
        store = cls(connect(path, mode), path)
        store._connection.execute("PRAGMA query_only = ON")
        try:
            store._check_format()
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def open_for_writing(cls, folder: Path, *, rebuild: bool = False) -> Store:
        """Open or create the index in ``folder`` for writing.

        With ``rebuild`` a store of any format is taken, to be cleared, and a corrupt one deleted.

        Raises:
            StoreError: it is corrupt, or the folder cannot be written.
            IndexStateError: it has another format.
        """
        path = folder / STORE_FILE
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"The folder {folder} cannot be made ({error.strerror}); name another with --vectors DIR."
            ) from error
        if rebuild and not is_sound(path):
            for leftover in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
                leftover.unlink(missing_ok=True)
        store = cls(connect(path, "mode=rwc"), path)
        try:
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
            rows = dict(self._connection.execute("SELECT key, value FROM description"))
        try:
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
        except (KeyError, ValueError) as error:
            raise self._corrupt("its description is incomplete") from error

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
                "SELECT d.id, d.file, d.sha256, d.title, d.date, d.size, count(p.id), d.stamp"
                " FROM documents d LEFT JOIN passages p ON p.document = d.id"
                " GROUP BY d.id ORDER BY d.file"
            ).fetchall()
        return [
            DocumentRecord(id_, file, sha256, title, _date(day), size, count, stamp)
            for id_, file, sha256, title, day, size, count, stamp in rows
        ]

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
        file, text, sha256, title, day, size = row
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
                "SELECT id, start, end FROM sentences WHERE id BETWEEN ? AND ? ORDER BY id",
                (first, last),
            ).fetchall()
        return PassageRecord(
            id_,
            document,
            Span(start, end),
            bool(prose),
            tuple(SentenceRecord(row[0], Span(row[1], row[2])) for row in sentences),
        )

    def passages_with_sentence(self, sentence: int) -> list[int]:
        """Ids of the passages that hold a sentence: one, or two where they overlap."""
        with self._translated():
            rows = self._connection.execute(
                "SELECT id FROM passages WHERE first_sentence <= ? AND last_sentence >= ?"
                " ORDER BY first_sentence DESC LIMIT 2",
                (sentence, sentence),
            ).fetchall()
        return [row[0] for row in rows]

    def passage_vectors(self, ids: Sequence[int] | None = None) -> tuple[list[int], Vectors]:
        """Ids and vectors of all passages, or of those among ``ids``; shape (n, dimension)."""
        return self._vectors("passages", ids)

    def sentence_vectors(self, ids: Sequence[int] | None = None) -> tuple[list[int], Vectors]:
        """Ids and vectors of all sentences that have one, or of those among ``ids``."""
        return self._vectors("sentences", ids)

    def vectors_from(self, table: str, first: int, limit: int = -1) -> tuple[list[int], Vectors]:
        """Ids and vectors of the "passages" or "sentences" that have one, from id ``first`` on."""
        return self._vectors(table, None, first, limit)

    def ids(self, table: str) -> list[int]:
        """Ids of all "passages" or "sentences", those without a vector too, in order."""
        with self._translated():
            rows = self._connection.execute(f"SELECT id FROM {table} ORDER BY id").fetchall()
        return [row[0] for row in rows]

    def documents_since(self, generation: int) -> list[int]:
        """Ids of the documents that came after that generation, in order."""
        with self._translated():
            rows = self._connection.execute(
                "SELECT id FROM documents WHERE generation > ? ORDER BY id", (generation,)
            ).fetchall()
        return [row[0] for row in rows]

    def spans_with_vectors(self, table: str, document: int) -> list[tuple[int, Span]]:
        """Ids and spans of the "passages" or "sentences" of a document that have a vector, in order."""
        with self._translated():
            rows = self._connection.execute(
                f"SELECT id, start, end FROM {table}"
                " WHERE document = ? AND embedding IS NOT NULL ORDER BY id",
                (document,),
            ).fetchall()
        return [(id_, Span(start, end)) for id_, start, end in rows]

    def passages_of(self, documents: Collection[int]) -> list[int]:
        """Ids of all passages of some documents."""
        marks = ",".join("?" * len(documents))
        with self._translated():
            rows = self._connection.execute(
                f"SELECT id FROM passages WHERE document IN ({marks}) ORDER BY id", [*documents]
            ).fetchall()
        return [row[0] for row in rows]

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
        return [(row[0], float(row[1])) for row in rows]

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

    def _vectors(
        self, table: str, ids: Sequence[int] | None, first: int = 0, limit: int = -1
    ) -> tuple[list[int], Vectors]:
        query = f"SELECT id, embedding FROM {table} WHERE id >= {first:d} AND embedding IS NOT NULL"
        if ids is not None:
            query += f" AND id IN ({','.join('?' * len(ids))})"
        with self._translated():
            rows = self._connection.execute(
                f"{query} ORDER BY id LIMIT {limit:d}", ids or ()
            ).fetchall()
        if not rows:
            return [], np.empty((0, 0), dtype=np.float32)
        try:
            vectors = np.frombuffer(b"".join(row[1] for row in rows), dtype="<f4")
            shaped: Vectors = vectors.reshape(len(rows), -1)
        except (TypeError, ValueError) as error:
            raise self._corrupt("its vectors are of different lengths") from error
        return [row[0] for row in rows], shaped

    def _corrupt(self, reason: str) -> StoreError:
        return corrupt(self.path, reason)


def _quoted(word: str) -> str:
    """``word`` as an FTS5 string, in which no operator means anything."""
    return '"' + word.replace('"', '""') + '"'


def _date(stored: str | None) -> date | None:
    return None if stored is None else date.fromisoformat(stored)
