"""Reads what a store holds: documents, passages, sentences, their vectors and words."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import NoneType

import numpy as np

from qa.cluster_rows import stored_clusters
from qa.database import corrupt, has_table, typed
from qa.document_rows import day_of, recalled, refusals, stored_documents
from qa.documents import Document
from qa.errors import StoreError
from qa.formats.extracted import Extracted
from qa.formats.extractor import Refusal
from qa.full_text import matching_passages, rank_full_text, texts_of_passages
from qa.models.encoder import Vectors
from qa.postings import has_postings, posted_frequency, posted_passages, rank_postings
from qa.recording import Recording
from qa.schema import Clusters, DocumentRecord, IndexDescription, PassageRecord, SentenceRecord
from qa.sections import Section
from qa.text import Span

__all__ = ["Querying"]


class Querying(Recording):
    """Beside writing, every question that is put to an open store."""

    def description(self) -> IndexDescription | None:
        """What the index was built with, or ``None`` before anything was written."""
        with self._translated():
            if not has_table(self._connection, "description"):
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

    def documents(self) -> list[DocumentRecord]:
        """All documents, by file name."""
        with self._translated():
            rows = self._connection.execute(
                "SELECT d.id, d.file, d.sha256, d.title, d.date, d.size, count(p.id), d.stamp"
                " FROM documents d LEFT JOIN passages p ON p.document = d.id"
                " GROUP BY d.id ORDER BY d.file"
            ).fetchall()
        with self._checked():
            records = [
                typed(row, int, str, str, str, (str, NoneType), int, int, str) for row in rows
            ]
            return [
                DocumentRecord(id_, file, sha256, title, day_of(day), size, count, stamp)
                for id_, file, sha256, title, day, size, count, stamp in records
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
        return self.documents_of([id_])[id_]

    def documents_of(self, ids: Collection[int]) -> dict[int, Document]:
        """Some documents with their texts, by their ids.

        Raises:
            StoreError: there is none of one of these ids.
        """
        with self._checked(), self._translated():
            documents = stored_documents(self._connection, ids)
        for id_ in ids:
            if id_ not in documents:
                raise self._corrupt(f"document {id_} is missing")
        return documents

    def recalled(self, sha256: str, ending: str, limits: str) -> Extracted | str | None:
        """As :class:`qa.formats.extractor.Memory` has it."""
        with self._checked(), self._translated():
            return recalled(self._connection, sha256, ending, limits)

    def refusals(self) -> set[Refusal]:
        """The files that could not be read when the index was last brought up to date."""
        with self._checked(), self._translated():
            return refusals(self._connection)

    def passage(self, id_: int) -> PassageRecord:
        """One passage with its sentences.

        Raises:
            StoreError: there is none of that id.
        """
        return self.passages([id_])[id_]

    def passages(self, ids: Collection[int]) -> dict[int, PassageRecord]:
        """Some passages with their sentences, by their ids, in the order of ``ids``.

        Raises:
            StoreError: there is none of one of these ids.
        """
        marks = ",".join("?" * len(ids))
        with self._checked(), self._translated():
            spans = self._connection.execute(
                "SELECT id, document, start, end, prose, section, columns FROM passages"
                f" WHERE id IN ({marks})",
                [*ids],
            ).fetchall()
            rows = self._connection.execute(
                "SELECT p.id, s.id, s.start, s.end FROM passages p JOIN sentences s"
                " ON s.id BETWEEN p.first_sentence AND p.last_sentence AND s.document = p.document"
                f" WHERE p.id IN ({marks}) ORDER BY s.id",
                [*ids],
            ).fetchall()
            places = {row[0]: typed(row, int, int, int, int, object, str, str) for row in spans}
            sentences: dict[int, list[SentenceRecord]] = {id_: [] for id_ in ids}
            for passage, id_, start, end in (typed(row, int, int, int, int) for row in rows):
                sentences[passage].append(SentenceRecord(id_, Span(start, end)))
            found: dict[int, PassageRecord] = {}
            for id_, held in sentences.items():
                if id_ not in places:
                    raise self._corrupt(f"passage {id_} is missing")
                _, document, start, end, prose, path, columns = places[id_]
                span = Span(start, end)
                if not held or not all(span.covers(sentence.span) for sentence in held):
                    raise ValueError(f"the sentences of passage {id_} are not its own")
                found[id_] = PassageRecord(
                    id_, document, span, bool(prose), tuple(held), Section(path, columns)
                )
        return found

    def furniture_among(self, ids: Collection[int]) -> list[int]:
        """Which of these passages are menus or lists of headlines."""
        with self._translated():
            rows = self._connection.execute(
                f"SELECT id FROM passages WHERE id IN ({','.join('?' * len(ids))}) AND NOT prose",
                [*ids],
            ).fetchall()
        return self._ids(rows)

    def searched_texts(self, ids: Collection[int]) -> dict[int, str]:
        """The texts of passages as words are searched in them, sooner than from their documents."""
        with self._checked(), self._translated():
            rows = texts_of_passages(self._connection, ids)
            return dict(typed(row, int, str) for row in rows)

    def passages_with_sentences(self, sentences: Collection[int]) -> list[tuple[int, int]]:
        """``(sentence id, passage id)``: where each sentence is; in two passages where these overlap."""
        with self._checked(), self._translated():
            rows = self._connection.execute(
                f"WITH asked(sentence) AS (VALUES {','.join(['(?)'] * len(sentences)) or '(NULL)'})"
                " SELECT sentence, p.id FROM asked JOIN passages p ON p.id IN ("
                # Firsts differ, so no other two are looked at, however many passages there are.
                " SELECT id FROM passages WHERE first_sentence <= sentence"
                " ORDER BY first_sentence DESC LIMIT 2) WHERE p.last_sentence >= sentence",
                [*sentences],
            ).fetchall()
            return [(sentence, id_) for sentence, id_ in (typed(row, int, int) for row in rows)]

    def passage_vectors(self, ids: Sequence[int] | None = None) -> tuple[list[int], Vectors]:
        """Ids and vectors of all passages, or of those among ``ids``; shape (n, dimension)."""
        return self._vectors("passages", ids)

    def sentence_vectors(self, ids: Sequence[int] | None = None) -> tuple[list[int], Vectors]:
        """Ids and vectors of all sentences that have one, or of those among ``ids``."""
        return self._vectors("sentences", ids)

    def vectors_of(self, table: str, ids: Sequence[int]) -> tuple[list[int], Vectors]:
        """Ids and vectors of the "passages" or "sentences" among ``ids`` that have one."""
        return self._vectors(table, ids)

    def vector_count(self, table: str) -> int:
        """How many "passages" or "sentences" there are that may have a vector."""
        description = self.description()
        if table == "sentences" and (description is None or not description.sentence_vectors):
            return 0
        with self._translated():
            return int(self._connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    def vectors_since(self, table: str, generation: int) -> int:
        """How many of these came after that generation."""
        with self._translated():
            row = self._connection.execute(
                f"SELECT count(*) FROM documents d JOIN {table} t ON t.document = d.id"
                " WHERE d.generation > ?",
                (generation,),
            ).fetchone()
        return int(row[0])

    def clusters(self, table: str) -> Clusters | None:
        """What the vectors of "passages" or "sentences" are grouped by, if there are so many."""
        description = self.description()
        if description is None:
            return None
        with self._checked(), self._translated():
            return stored_clusters(self._connection, table, description.dimension)

    def vectors_from(self, table: str, first: int, limit: int) -> tuple[list[int], Vectors]:
        """Ids and vectors of the "passages" or "sentences" that have one, from id ``first`` on."""
        return self._vectors(table, None, first, limit)

    def ids(self, table: str) -> list[int]:
        """Ids of all "passages" or "sentences", those without a vector too, in order."""
        with self._translated():
            rows = self._connection.execute(f"SELECT id FROM {table} ORDER BY id").fetchall()
        return self._ids(rows)

    def documents_since(self, generation: int) -> list[int]:
        """Ids of the documents that came after that generation, in order."""
        with self._translated():
            rows = self._connection.execute(
                "SELECT id FROM documents WHERE generation > ? ORDER BY id", (generation,)
            ).fetchall()
        return self._ids(rows)

    def spans_with_vectors(self, table: str, document: int) -> list[tuple[int, Span]]:
        """Ids and spans of the "passages" or "sentences" of a document that have a vector, in order."""
        with self._translated():
            rows = self._connection.execute(
                f"SELECT id, start, end FROM {table}"
                " WHERE document = ? AND embedding IS NOT NULL ORDER BY id",
                (document,),
            ).fetchall()
        with self._checked():
            records = [typed(row, int, int, int) for row in rows]
            return [(id_, Span(start, end)) for id_, start, end in records]

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
        with self._checked(), self._translated():
            if has_postings(self._connection):
                within = None if documents is None else self.passages_of(documents)
                return rank_postings(self._connection, words, limit, within)
            rows = rank_full_text(self._connection, words, limit, documents)
        return list(zip(self._ids(rows), (score for _, score in rows), strict=True))

    def passage_frequency(self, word: str) -> int:
        """How many passages hold ``word`` or another form of it."""
        with self._checked(), self._translated():
            if has_postings(self._connection):
                return posted_frequency(self._connection, word)
            return matching_passages(self._connection, word)

    def passage_count(self) -> int:
        """How many passages there are."""
        with self._checked(), self._translated():
            if has_postings(self._connection):
                return posted_passages(self._connection)
            return int(self._connection.execute("SELECT count(*) FROM passages").fetchone()[0])

    def size(self) -> int:
        """Of the store on the disk with its log, in bytes."""
        files = (self.path, Path(f"{self.path}-wal"))
        return sum(path.stat().st_size for path in files if path.exists())

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
        ids = [row[0] for row in rows]
        with self._checked():
            return list(typed(ids, *(int,) * len(ids)))

    @contextmanager
    def _checked(self) -> Iterator[None]:
        """Values that are not what is written here come from a damaged file, or a tampered one."""
        try:
            yield
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise self._corrupt(str(error)) from error

    def _corrupt(self, reason: str) -> StoreError:
        return corrupt(self.path, reason)
