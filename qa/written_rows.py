"""Rows of tables written out as sentences, so that they can be read one by one.

Of "20 | Tomas Novak | 120 | £48" a model that learned from running text makes nothing. "Tomas Novak –
Plot: 20; Size: 120; Rent: £48." it reads as it reads a sentence, and finds the cell that answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from qa.table_rows import Table, TableRow, caption_of
from qa.text import Span

__all__ = ["WrittenRow", "written_rows"]

#: What a row is about stands in the first column of words that are different in so many of the rows.
SHARE_OF_DIFFERENT = 0.8
_WORDED = re.compile(r"\W*(?:[^\W\d_]-)?[^\W\d_]{2,}(?![\w-]*\d)")


@dataclass(frozen=True, slots=True)
class WrittenRow:
    """A row of a table in the text of a passage, as it is read."""

    line: Span
    text: str
    cells: tuple[tuple[Span, Span], ...]
    """Where each cell stands in :attr:`text`, and where in the passage; first the subject."""


def written_rows(text: str, tables: Iterable[Table]) -> Iterator[WrittenRow]:
    """The rows of these tables of a text."""
    for table in tables:
        subject = _subject(text, table.rows)
        over = caption_of(text, table)
        caption = f"{over.of(text)}\n" if over is not None else ""
        for row in table.rows:
            if any(row.cells):
                yield _written(text, row, table.names, subject, caption)


def _written(
    text: str, row: TableRow, names: Sequence[str], subject: int, caption: str
) -> WrittenRow:
    pieces, cells = [caption], []
    length = len(caption)
    order = [subject, *(n for n in range(len(row.cells)) if n != subject)]
    for place, number in enumerate(n for n in order if row.cells[n]):
        cell = row.cells[number]
        name = f"{names[number]}: " if names and names[number] and place else ""
        between = ("", " – ")[place] if place < 2 else "; "
        length += len(between) + len(name)
        cells.append((Span(length, length + len(cell)), cell))
        length += len(cell)
        pieces.append(f"{between}{name}{cell.of(text)}")
    written = "".join(pieces)
    return WrittenRow(row.line, written if written.endswith(".") else f"{written}.", tuple(cells))


def _subject(text: str, rows: Sequence[TableRow]) -> int:
    """The column that says what a row is about: the first of words that differ from row to row."""
    for column in range(len(rows[0].cells)):
        values = [row.cells[column].of(text) for row in rows]
        worded = [value.casefold() for value in values if _WORDED.match(value)]
        if len(set(worded)) >= SHARE_OF_DIFFERENT * len(values):
            return column
    return 0
