"""Documents as rows of the store, and what the store remembers of files that were read."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable
from datetime import date
from pathlib import PurePosixPath

from qa.documents import Document
from qa.formats.extracted import Extracted, Mark
from qa.formats.extractor import Refusal
from qa.metadata import Metadata

__all__ = ["insert_document", "recalled", "refusals", "replace_refusals", "stored_document"]


def insert_document(connection: sqlite3.Connection, document: Document) -> int:
    """Write a document's row, and return its id."""
    id_ = connection.execute(
        "INSERT INTO documents (file, sha256, size, title, date, text, text_sha256, marks,"
        " declared_title, declared_date) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            document.file,
            document.sha256,
            document.size,
            document.title,
            _stored_day(document.date),
            document.text,
            _digest(document.text),
            json.dumps([[mark.start, mark.label] for mark in document.marks], ensure_ascii=False),
            document.declared.title,
            _stored_day(document.declared.date),
        ),
    ).lastrowid
    assert id_ is not None
    return id_


def stored_document(connection: sqlite3.Connection, id_: int) -> Document | None:
    """The document of that id; ``None`` if there is none.

    Raises:
        ValueError: its row is damaged.
    """
    row = connection.execute(
        "SELECT file, text, sha256, title, date, size, text_sha256, marks, declared_title,"
        " declared_date FROM documents WHERE id = ?",
        (id_,),
    ).fetchone()
    if row is None:
        return None
    file, text, sha256, title, day, size, text_sha256, marks, declared, declared_day = row
    if _digest(text) != text_sha256:
        raise ValueError(f"the text of {file} is not the one that was written")
    return Document(
        file,
        text,
        sha256,
        title,
        _day(day),
        size,
        _marks(marks),
        Metadata(declared, _day(declared_day)),
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
    for file, text, marks, title, day in rows:
        if PurePosixPath(file).suffix.lower() == ending:
            return Extracted(text, _marks(marks), title, _day(day))
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


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _marks(stored: str) -> tuple[Mark, ...]:
    return tuple(Mark(int(start), str(label)) for start, label in json.loads(stored))


def _stored_day(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None


def _day(stored: str | None) -> date | None:
    return None if stored is None else date.fromisoformat(stored)
