"""Documents, their sentences and passages as rows of the store; what it remembers of files that were read."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from pathlib import PurePosixPath
from types import NoneType

import numpy as np

from qa.database import typed
from qa.documents import Document
from qa.formats.extracted import Extracted, Mark
from qa.formats.extractor import Refusal
from qa.metadata import Metadata
from qa.models.encoder import Vectors
from qa.passages import Passage
from qa.text import Span

__all__ = [
    "day_of",
    "insert_document",
    "insert_passages",
    "insert_sentences",
    "recalled",
    "refusals",
    "replace_refusals",
    "stored_documents",
    "vector_bytes",
]


def insert_document(
    connection: sqlite3.Connection, document: Document, stamp: str, generation: int
) -> int:
    """Write a document's row, and return its id."""
    id_ = connection.execute(
        "INSERT INTO documents (file, sha256, size, title, date, stamp, generation,"
        " declared_title, declared_date, text_sha256, marks, text)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            document.file,
            document.sha256,
            document.size,
            document.title,
            _stored_day(document.date),
            stamp,
            generation,
            document.declared.title,
            _stored_day(document.declared.date),
            _digest(document.text),
            json.dumps([[mark.start, mark.label] for mark in document.marks], ensure_ascii=False),
            document.text,
        ),
    ).lastrowid
    assert id_ is not None
    return id_


def insert_sentences(
    connection: sqlite3.Connection,
    document: int,
    spans: Sequence[Span],
    vectors: Iterable[Vectors | None],
) -> dict[Span, int]:
    """Write the sentences of a document, ``None`` for one without a vector; the id of each by its span."""
    ids: dict[Span, int] = {}
    for span, vector in zip(spans, vectors, strict=True):
        row = connection.execute(
            "INSERT INTO sentences (document, start, end, embedding) VALUES (?, ?, ?, ?)",
            (document, span.start, span.end, None if vector is None else vector_bytes(vector)),
        ).lastrowid
        assert row is not None
        ids[span] = row
    return ids


def insert_passages(
    connection: sqlite3.Connection,
    id_: int,
    document: Document,
    passages: Sequence[Passage],
    vectors: Vectors,
    sentences: Mapping[Span, int],
) -> None:
    """Write the passages of the document of that id, and their words for the full-text search."""
    for passage, vector in zip(passages, vectors, strict=True):
        span = passage.span
        row = connection.execute(
            "INSERT INTO passages (document, start, end, prose, section, columns,"
            " first_sentence, last_sentence, embedding) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                id_,
                span.start,
                span.end,
                int(passage.prose),
                passage.section.path,
                passage.section.columns,
                sentences[passage.sentences[0]],
                sentences[passage.sentences[-1]],
                vector_bytes(vector),
            ),
        ).lastrowid
        connection.execute(
            "INSERT INTO passage_words (rowid, header, body) VALUES (?, ?, ?)",
            (row, f"{document.title}\n{passage.section.lines}".rstrip(), span.of(document.text)),
        )


def stored_documents(connection: sqlite3.Connection, ids: Collection[int]) -> dict[int, Document]:
    """The documents of these ids, by their ids; those that are not there are left out.

    Raises:
        ValueError: a row is damaged.
    """
    rows = connection.execute(
        "SELECT id, file, text, sha256, title, date, size, text_sha256, marks, declared_title,"
        f" declared_date FROM documents WHERE id IN ({','.join('?' * len(ids))})",
        [*ids],
    )
    return dict(map(_stored_document, rows))


def _stored_document(row: Sequence[object]) -> tuple[int, Document]:
    optional = (str, NoneType)
    id_, file, text, sha256, title, day, size, text_sha256, marks, declared, declared_day = typed(
        row, int, str, str, str, str, optional, int, str, str, optional, optional
    )
    if _digest(text) != text_sha256:
        raise ValueError(f"the text of {file} is not the one that was written")
    return id_, Document(
        file,
        text,
        sha256,
        title,
        day_of(day),
        size,
        _marks(marks),
        Metadata(declared, day_of(declared_day)),
    )


def recalled(
    connection: sqlite3.Connection, sha256: str, ending: str, limits: str
) -> Extracted | str | None:
    """What was extracted from a file with these bytes and that ending, or why nothing was.

    A refusal counts only under the limits under which it was one.

    Raises:
        ValueError: the row is damaged.
    """
    rows = connection.execute(
        "SELECT file, text, marks, declared_title, declared_date FROM documents WHERE sha256 = ?",
        (sha256,),
    )
    for row in rows:
        optional = (str, NoneType)
        file, text, marks, title, day = typed(row, str, str, str, optional, optional)
        if PurePosixPath(file).suffix.lower() == ending:
            return Extracted(text, _marks(marks), title, day_of(day))
    row = connection.execute(
        "SELECT reason FROM refused WHERE (sha256, ending, limits) = (?, ?, ?)",
        (sha256, ending, limits),
    ).fetchone()
    return None if row is None else str(row[0])


def refusals(connection: sqlite3.Connection) -> set[Refusal]:
    """The files that could not be read when the index was last brought up to date."""
    rows = connection.execute("SELECT sha256, ending, limits, reason FROM refused")
    return {Refusal(*row) for row in rows}


def replace_refusals(connection: sqlite3.Connection, refused: Iterable[Refusal]) -> None:
    """Remember these files as the ones that cannot be read, and no others."""
    connection.execute("DELETE FROM refused")
    connection.executemany(
        "INSERT OR REPLACE INTO refused VALUES (?, ?, ?, ?)",
        [(item.sha256, item.ending, item.limits, item.reason) for item in refused],
    )


def vector_bytes(vector: Vectors) -> bytes:
    """A vector as the store keeps it: little-endian float32."""
    return np.ascontiguousarray(vector, dtype="<f4").tobytes()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _marks(stored: str) -> tuple[Mark, ...]:
    return tuple(Mark(int(start), str(label)) for start, label in json.loads(stored))


def _stored_day(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None


def day_of(stored: str | None) -> date | None:
    """A document's date as the store keeps it.

    Raises:
        ValueError: it is damaged.
    """
    return None if stored is None else date.fromisoformat(stored)
