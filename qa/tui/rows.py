"""A document's text broken into rows of the screen, so that every offset leads to its row."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

from rich.cells import cell_len

from qa.text import Span, displayable

__all__ = ["Layout", "Row", "lay_out", "offset_at_cell", "wrapped_rows"]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the screen: a piece of one line of the text."""

    span: Span
    line: int | None
    """The line's number on its first row."""


@dataclass(frozen=True)
class Layout:
    """A text as it stands in a pane of one width."""

    width: int
    """Of the pane, in cells: the gutter and the rows."""
    gutter: int
    """Cells for the line number and the two blanks behind it."""
    text: str
    """The text made displayable, character for character."""
    rows: tuple[Row, ...]

    @cached_property
    def _starts(self) -> list[int]:
        return [row.span.start for row in self.rows]

    def row_of(self, offset: int) -> int:
        """The number of the row in which the character at ``offset`` stands."""
        return max(bisect_right(self._starts, offset) - 1, 0)


def lay_out(text: str, width: int) -> Layout:
    """``text`` in rows for a pane ``width`` cells wide; takes seconds for tens of megabytes."""
    # Every replacement keeps the length, so that offsets still count. A tab would be one character
    # and several cells.
    shown = displayable(text.replace("\r\n", " \n").replace("\r", "\n").replace("\t", " "))
    gutter = max(len(str(shown.count("\n") + 1)), 3) + 2
    rows = wrapped_rows(shown, max(width - gutter, 10))
    return Layout(width, gutter, shown, tuple(rows))


def wrapped_rows(text: str, width: int) -> list[Row]:
    """Break ``text`` into rows of at most ``width`` cells, at white space where there is some.

    The spans of the rows follow each other and leave out only line breaks, so that a row can be found
    from any offset. A character of two cells counts two.
    """
    rows: list[Row] = []
    start = 0
    for number, line in enumerate(text.split("\n"), start=1):
        at, first, narrow = 0, True, line.isascii()
        while first or at < len(line):
            length = _fitting_length(line, at, max(width, 2), narrow=narrow)
            span = Span(start + at, start + at + length)
            rows.append(Row(span, number if first else None))
            at += length
            first = False
        start += len(line) + 1
    return rows


def offset_at_cell(row: str, cell: int) -> int:
    """Which character of a row stands at ``cell``; the first or the last one beside it."""
    for at in range(len(row)):
        if cell_len(row[: at + 1]) > cell:
            return at
    return max(len(row) - 1, 0)


def _fitting_length(line: str, at: int, width: int, *, narrow: bool) -> int:
    piece = line[at : at + width]
    # Wide characters; the cells of joined ones do not add up, so they are measured together.
    while not narrow and cell_len(piece) > width and len(piece) > 1:
        piece = piece[:-1]
    if at + len(piece) == len(line):
        return len(piece)
    blank = piece.rfind(" ")
    return blank + 1 if blank > 0 else len(piece)
