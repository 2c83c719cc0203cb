"""BM25 over postings of our own, for an index so large that SQLite's takes too long.

FTS5 scores every passage that holds any of the words, some microseconds for each, and reads all positions
to count a word. Here a word has its passages in blocks of fixed rows, scored by numpy at some nanoseconds
each, and its count is the blocks' length. The formula and its constants are FTS5's (Robertson and Zaragoza,
2009, k1 = 1.2 and b = 0.75; the header counts half), words and stems those of :mod:`qa.terms`.

Postings are rows of the store and change in its transactions.
"""

from __future__ import annotations

import sqlite3
import unicodedata
from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from math import log

import numpy as np
import numpy.typing as npt

from qa.database import has_table, typed
from qa.schema import POSTINGS_TABLES
from qa.terms import stem, words

__all__ = [
    "PassageWords",
    "add_postings",
    "drop_postings",
    "has_postings",
    "make_postings",
    "posted_frequency",
    "posted_passages",
    "rank_postings",
    "remove_postings",
]

#: A passage's id, its header and its text.
PassageWords = tuple[int, str, str]
#: One of a word's passages: from the highest bit, its id (32), how many words it has (16), and how
#: often the word stands in its header (8) and in its text (8). Sorted by id as numbers are.
_Rows = npt.NDArray[np.uint64]
_LARGEST_ID = 2**32 - 1

_K1, _B = 1.2, 0.75
_HEADER_WEIGHT = 0.5
#: FTS5 gives a word that stands in more than half of the passages this idf.
_LEAST_IDF = 1e-6

#: Rows of a block: what is written anew when a passage goes.
_BLOCK = 8_192
#: Passages whose words are counted in memory before they are written.
_AT_ONCE = 100_000


def has_postings(connection: sqlite3.Connection) -> bool:
    """Whether the store holds postings; then they are of all its passages."""
    return has_table(connection, "posting_totals")


def posted_passages(connection: sqlite3.Connection) -> int:
    """How many passages there are."""
    return _totals(connection)[0]


def posted_frequency(connection: sqlite3.Connection, word: str) -> int:
    """How many passages hold ``word`` or another form of it."""
    row = connection.execute(
        "SELECT coalesce(sum(length(rows)), 0) FROM postings WHERE term = ?", (_stem(word),)
    ).fetchone()
    return int(typed(row, int)[0]) // 8


def rank_postings(
    connection: sqlite3.Connection,
    sought: Sequence[str],
    limit: int,
    within: Collection[int] | None = None,
) -> list[tuple[int, float]]:
    """The ``limit`` passages with the highest BM25, best first, of those ``within`` if that is given.

    Raises:
        ValueError: the rows are damaged.
    """
    passages, in_all = _totals(connection)
    largest = typed(connection.execute("SELECT max(id) FROM passages").fetchone(), int)[0]
    scores = np.zeros(largest + 1)
    matching = [np.empty(0, dtype=np.int64)]
    for word in sought:
        rows = _rows_of(connection, _stem(word))
        ids = (rows >> np.uint64(32)).astype(np.int64)
        if len(ids) and int(ids.max()) > largest:
            raise ValueError("a word stands in a passage that there is not")
        idf = max(log((passages - len(rows) + 0.5) / (len(rows) + 0.5)), _LEAST_IDF)
        scores[ids] += idf * _saturated(rows, in_all / passages)
        matching.append(ids)
    found = np.concatenate(matching)
    if within is not None:
        found = found[np.isin(found, list(within))]
    # A passage stands in it once for each of the words that it holds.
    enough = limit * len(sought)
    if len(found) > enough:
        reached = scores[found]
        found = found[reached >= np.partition(reached, len(found) - enough)[len(found) - enough]]
    found = np.unique(found)
    best = found[np.lexsort((found, -scores[found]))][:limit]
    return list(zip(best.tolist(), scores[best].tolist(), strict=True))


def make_postings(connection: sqlite3.Connection, passages: Iterable[PassageWords]) -> None:
    """Lay the tables and fill them; ``passages`` are all of the store, by id."""
    for statement in POSTINGS_TABLES:
        connection.execute(statement)
    connection.execute("INSERT INTO posting_totals VALUES (0, 0)")
    add_postings(connection, passages)


def drop_postings(connection: sqlite3.Connection) -> None:
    """Remove the tables: the store has become small."""
    connection.execute("DROP TABLE postings")
    connection.execute("DROP TABLE posting_totals")


def add_postings(connection: sqlite3.Connection, passages: Iterable[PassageWords]) -> None:
    """Add passages, by id; their ids are larger than all that are there."""
    remaining = iter(passages)
    while chunk := list(islice(remaining, _AT_ONCE)):
        counted, in_all = _counted(chunk)
        connection.executemany(
            "INSERT INTO postings (term, first, rows) VALUES (?, ?, ?)",
            (
                (term, int(block[0] >> np.uint64(32)), block.tobytes())
                for term in sorted(counted)
                for block in _blocks(_after_the_last_block(connection, term, counted[term]))
            ),
        )
        _count(connection, len(chunk), in_all)


def remove_postings(connection: sqlite3.Connection, passages: Sequence[PassageWords]) -> bool:
    """Take passages out; false, with some perhaps left, if their words are not where they should be.

    That can be when the stems of another version of the stemmer were written.
    """
    counted, in_all = _counted(passages)
    for term in sorted(counted):
        if not _take_out(connection, term, counted[term] >> np.uint64(32)):
            return False
    _count(connection, -len(passages), -in_all)
    return True


def _totals(connection: sqlite3.Connection) -> tuple[int, int]:
    """Passages, and the words of all; neither is ever zero."""
    row = connection.execute("SELECT passages, words FROM posting_totals").fetchone()
    passages, words = typed(row or (), int, int)
    if passages < 1 or words < 1:
        raise ValueError("its postings are of no passages")
    return passages, words


def _count(connection: sqlite3.Connection, passages: int, words: int) -> None:
    connection.execute(
        "UPDATE posting_totals SET passages = passages + ?, words = words + ?", (passages, words)
    )


def _counted(passages: Sequence[PassageWords]) -> tuple[dict[str, _Rows], int]:
    """The rows of each stem, and how many words there are in all."""
    ids = np.array([id_ for id_, _, _ in passages], dtype=np.uint64)
    if len(ids) and int(ids.max()) > _LARGEST_ID:
        raise ValueError(f"{ids.max()} is no id of a passage")
    stems = _StemNumbers()
    in_headers, header_keys, header_counts = _occurrences((p[1] for p in passages), stems)
    in_bodies, body_keys, body_counts = _occurrences((p[2] for p in passages), stems)
    lengths = np.minimum(in_headers + in_bodies, 0xFFFF)
    keys = np.union1d(header_keys, body_keys)
    counts = np.zeros(len(keys), dtype=np.uint64)
    counts[np.searchsorted(keys, body_keys)] = np.minimum(body_counts, 0xFF)
    counts[np.searchsorted(keys, header_keys)] |= np.minimum(header_counts, 0xFF) << 8
    places = keys & np.uint64(0xFFFFFFFF)
    rows = ids[places] << np.uint64(32) | lengths[places] << np.uint64(16) | counts
    # Every number stands somewhere, so they are 0, 1, 2 and so on.
    of_number = np.split(rows, np.flatnonzero(np.diff(keys >> np.uint64(32))) + 1)
    counted = dict(zip(stems.of, of_number, strict=True)) if stems.of else {}
    return counted, int(lengths.sum())


def _occurrences(texts: Iterable[str], stems: _StemNumbers) -> tuple[_Rows, _Rows, _Rows]:
    """How many words each text has; each stem of each text, the stem's number in the upper half and the
    text's place in the lower, in order; and how often it stands there."""
    numbers = array("I")
    lengths = []
    for text in texts:
        before = len(numbers)
        numbers.extend(map(stems.__getitem__, words(_without_diacritics(text))))
        lengths.append(len(numbers) - before)
    in_each = np.array(lengths, dtype=np.uint64)
    places = np.repeat(np.arange(len(lengths), dtype=np.uint64), lengths)
    keys = np.array(numbers, dtype=np.uint64) << np.uint64(32) | places
    keys, counts = np.unique(keys, return_counts=True)
    return in_each, keys, counts.astype(np.uint64)


class _StemNumbers(dict[str, int]):
    """Words to the numbers of their stems, which are numbered as they come."""

    def __init__(self) -> None:
        super().__init__()
        self.of: dict[str, int] = {}

    def __missing__(self, word: str) -> int:
        number = self.of.setdefault(stem(word), len(self.of))
        self[word] = number
        return number


def _stem(word: str) -> str:
    return stem(_without_diacritics(word))


def _without_diacritics(text: str) -> str:
    """As FTS5 does it: "cafe" finds a "café"."""
    if text.isascii():
        return text
    parts = unicodedata.normalize("NFKD", text)
    return "".join(part for part in parts if not unicodedata.combining(part))


def _saturated(rows: _Rows, average: float) -> npt.NDArray[np.float64]:
    """BM25's part of each row that is not the word's idf."""
    numbers = rows.view("<u2").reshape(-1, 4)  # little-endian: counts, words, id
    counts, length = numbers[:, 0], numbers[:, 1]
    frequency = _HEADER_WEIGHT * (counts >> 8) + (counts & 0xFF)
    saturated: npt.NDArray[np.float64] = (
        frequency * (_K1 + 1.0) / (frequency + _K1 * (1.0 - _B + _B / average * length))
    )
    return saturated


def _rows_of(connection: sqlite3.Connection, term: str) -> _Rows:
    blocks = connection.execute("SELECT rows FROM postings WHERE term = ? ORDER BY first", (term,))
    return _unpacked(b"".join(typed(row, bytes)[0] for row in blocks))


def _unpacked(rows: bytes) -> _Rows:
    unpacked: _Rows = np.frombuffer(rows, dtype="<u8")
    return unpacked


def _after_the_last_block(connection: sqlite3.Connection, term: str, rows: _Rows) -> _Rows:
    """Fill up a term's last block; the rows that are left for new ones."""
    last = connection.execute(
        "SELECT id, rows FROM postings WHERE term = ? ORDER BY first DESC LIMIT 1", (term,)
    ).fetchone()
    if last is None:
        return rows
    id_, there = typed(last, int, bytes)
    room = max(_BLOCK - len(there) // 8, 0)
    if room:
        grown = there + rows[:room].tobytes()
        connection.execute("UPDATE postings SET rows = ? WHERE id = ?", (grown, id_))
    return rows[room:]


def _blocks(rows: _Rows) -> Iterator[_Rows]:
    for start in range(0, len(rows), _BLOCK):
        yield rows[start : start + _BLOCK]


def _take_out(connection: sqlite3.Connection, term: str, ids: npt.NDArray[np.uint64]) -> bool:
    """Take the passages ``ids``, sorted, out of the blocks of a term; false if one is not there."""
    blocks = connection.execute(
        "SELECT id, first FROM postings WHERE term = ? ORDER BY first", (term,)
    ).fetchall()
    firsts = np.array([first for _, first in blocks], dtype=np.uint64)
    places = np.searchsorted(firsts, ids, side="right") - 1
    if not len(blocks) or places[0] < 0:
        return False
    for place in np.unique(places).tolist():
        block = blocks[place][0]
        there = connection.execute("SELECT rows FROM postings WHERE id = ?", (block,)).fetchone()
        rows = _unpacked(typed(there, bytes)[0])
        gone = ids[places == place]
        kept = rows[~np.isin(rows >> np.uint64(32), gone)]
        if len(kept) != len(rows) - len(gone):
            return False
        if len(kept):
            connection.execute("UPDATE postings SET rows = ? WHERE id = ?", (kept.tobytes(), block))
        else:
            connection.execute("DELETE FROM postings WHERE id = ?", (block,))
    return True
