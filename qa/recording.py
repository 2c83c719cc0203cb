"""The half of a store that changes it; all but the transactions themselves only inside one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import fields
from pathlib import Path

from qa.cluster_rows import replace_clusters
from qa.database import sqlite_errors
from qa.document_rows import (
    insert_document,
    insert_passages,
    insert_sentences,
    replace_refusals,
    vector_bytes,
)
from qa.documents import Document
from qa.formats.extractor import Refusal
from qa.full_text import words_of_passages
from qa.models.encoder import Vectors
from qa.passages import Passage
from qa.postings import (
    add_postings,
    drop_postings,
    has_postings,
    make_postings,
    remove_postings,
)
from qa.schema import TABLE_NAMES, TABLES, Clusters, IndexDescription
from qa.text import Span

__all__ = ["Recording"]


class Recording:
    """Writes documents, and what is made of them, to an open store."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self.path = path

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
        """Remove everything and lay the tables anew."""
        names = self._connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table'"
        ).fetchall()
        for name in TABLE_NAMES:
            if (name,) in names:
                self._connection.execute(f"DROP TABLE {name}")
        for statement in TABLES.split(";\n"):
            if statement.strip():
                self._connection.execute(statement)

    def describe(self, description: IndexDescription) -> None:
        """Record what the index is built with."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO description VALUES (?, ?)",
            [
                (field.name, _stored(getattr(description, field.name)))
                for field in fields(description)
            ],
        )

    def remove(self, file: str) -> None:
        """Forget a document and all that was made of it."""
        if has_postings(self._connection):
            words = words_of_passages(self._connection, "WHERE d.file = ?", (file,)).fetchall()
            if not remove_postings(self._connection, words):
                drop_postings(self._connection)
        self._connection.execute(
            "DELETE FROM passage_words WHERE rowid IN (SELECT p.id FROM passages p"
            " JOIN documents d ON d.id = p.document WHERE d.file = ?)",
            (file,),
        )
        self._connection.execute("DELETE FROM documents WHERE file = ?", (file,))

    def follow_postings(self, generation: int, most: int) -> None:
        """Make the postings hold the documents that came with ``generation`` too.

        There are none of a store of up to ``most`` passages; to spare one that is about so large from
        coming and going, they stay until it is half of that.
        """
        count = self._connection.execute("SELECT count(*) FROM passages").fetchone()[0]
        if has_postings(self._connection):
            if count > most // 2:
                new = words_of_passages(self._connection, "WHERE d.generation = ?", (generation,))
                add_postings(self._connection, new)
            else:
                drop_postings(self._connection)
        elif count > most:
            make_postings(self._connection, words_of_passages(self._connection))

    def purge_words(self) -> None:
        """Take the words of removed documents out of the full-text index's file; it only marks them."""
        self._connection.execute("INSERT INTO passage_words (passage_words) VALUES ('optimize')")

    def flush_log(self) -> None:
        """Empty the write-ahead log, in which removed text may stand; after a transaction, not inside.

        A process that is reading keeps it; then the last one to close the store empties it.
        """
        with self._translated():
            self._connection.execute("PRAGMA busy_timeout = 0")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def rename(self, old: str, new: str, stamp: str) -> None:
        """Call a document by another file's name, with all that was made of it."""
        self._connection.execute(
            "UPDATE documents SET file = ?, stamp = ? WHERE file = ?", (new, stamp, old)
        )

    def restamp(self, file: str, stamp: str) -> None:
        """Record how a file looks that was read again and found to be the same."""
        self._connection.execute("UPDATE documents SET stamp = ? WHERE file = ?", (stamp, file))

    def add(
        self,
        document: Document,
        passages: Sequence[Passage],
        passage_vectors: Vectors,
        sentence_spans: Sequence[Span],
        sentence_vectors: Iterable[Vectors | None],
        *,
        stamp: str = "",
        generation: int = 1,
    ) -> None:
        """Record a document, its passages and its sentences.

        ``sentence_spans`` are all sentences of the passages, each once, in order; the vectors run
        parallel to them, ``None`` where a sentence has none. ``generation`` is the one that it comes with.
        """
        id_ = insert_document(self._connection, document, stamp, generation)
        ids = insert_sentences(self._connection, id_, sentence_spans, sentence_vectors)
        insert_passages(self._connection, id_, document, passages, passage_vectors, ids)

    def refuse(self, refused: Iterable[Refusal]) -> None:
        """Remember the files that cannot be read, and no others."""
        replace_refusals(self._connection, refused)

    def set_vectors(self, table: str, vectors: Iterable[tuple[int, Vectors]]) -> None:
        """Put vectors, by id, in the place of those that "passages" or "sentences" have."""
        self._connection.executemany(
            f"UPDATE {table} SET embedding = ? WHERE id = ?",
            ((vector_bytes(vector), id_) for id_, vector in vectors),
        )

    def set_clusters(self, table: str, clusters: Clusters | None) -> None:
        """Group the vectors of "passages" or "sentences" by these, or no more."""
        replace_clusters(self._connection, table, clusters)

    def _translated(self) -> AbstractContextManager[None]:
        return sqlite_errors(self.path)


def _stored(value: object) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)
