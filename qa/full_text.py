"""BM25 by SQLite's full-text search, FTS5."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence

__all__ = ["matching_passages", "rank_full_text", "texts_of_passages", "words_of_passages"]


def rank_full_text(
    connection: sqlite3.Connection,
    words: Sequence[str],
    limit: int,
    documents: Collection[int] | None = None,
) -> list[tuple[object, float]]:
    """``(passage id, BM25)`` of the ``limit`` best that hold any of ``words``, of some documents or all.

    k1 = 1.2 and b = 0.75, with the sign turned so that higher is better; the header counts half.
    """
    within, ids = "", []
    if documents is not None:
        ids = [*documents]
        within = (
            " AND rowid IN (SELECT id FROM passages"
            f" WHERE document IN ({','.join('?' * len(ids))}))"
        )
    rows = connection.execute(
        "SELECT rowid, -bm25(passage_words, 0.5, 1.0) AS score FROM passage_words"
        f" WHERE passage_words MATCH ?{within} ORDER BY score DESC, rowid LIMIT ?",
        (" OR ".join(_quoted(word) for word in words), *ids, limit),
    )
    return [(id_, float(score)) for id_, score in rows]


def matching_passages(connection: sqlite3.Connection, word: str) -> int:
    """How many passages hold ``word`` or another form of it."""
    row = connection.execute(
        "SELECT count(*) FROM passage_words WHERE passage_words MATCH ?", (_quoted(word),)
    ).fetchone()
    return int(row[0])


def words_of_passages(
    connection: sqlite3.Connection, condition: str = "", values: Sequence[object] = ()
) -> sqlite3.Cursor:
    """``(id, header, text)`` of the passages whose documents meet a condition, by id."""
    within = (
        f"WHERE rowid IN (SELECT p.id FROM passages p JOIN documents d ON d.id = p.document {condition})"
        if condition
        else ""
    )
    return connection.execute(
        f"SELECT rowid, header, body FROM passage_words {within} ORDER BY rowid", tuple(values)
    )


def texts_of_passages(
    connection: sqlite3.Connection, ids: Collection[int]
) -> list[tuple[object, object]]:
    """``(id, text)`` of some passages, as the full-text index holds it."""
    return connection.execute(
        f"SELECT rowid, body FROM passage_words WHERE rowid IN ({','.join('?' * len(ids))})", [*ids]
    ).fetchall()


def _quoted(word: str) -> str:
    """``word`` as an FTS5 string, in which no operator means anything."""
    return '"' + word.replace('"', '""') + '"'
