"""Columns of a table in plain text, by the place in the line at which each begins.

Where gaps alone divide a line, an empty cell takes its column with it, and a wide one joins its neighbour.
A rule of dashes under the names says where each column begins, as in the simple tables of reStructuredText
(https://docutils.sourceforge.io/docs/ref/rst/restructuredtext.html#simple-tables); so do the names alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from qa.text import Span, start_with_blanks, trimmed

__all__ = ["GAP", "begun_at", "divided_at", "underlined_columns"]

#: What divides two cells where no sign does.
GAP = re.compile(r" {2,}|\t+")
_UNDERLINES = re.compile(r"(?:--+|==+)(?: +(?:--+|==+))+")
_UNDERLINE = re.compile(r"[-=]+")


def underlined_columns(text: str, line: Span) -> tuple[int, ...]:
    """Where in the line each of its underlines begins, in characters; nothing if it has one or is none."""
    words = line.of(text)
    if not _UNDERLINES.fullmatch(words):
        return ()
    indented = line.start - start_with_blanks(text, line.start)
    return tuple(indented + match.start() for match in _UNDERLINE.finditer(words))


def begun_at(text: str, line: Span, cells: Sequence[Span]) -> tuple[int, ...]:
    """Where in the line each of its cells begins, in characters."""
    start = start_with_blanks(text, line.start)
    return tuple(cell.start - start for cell in cells)


def divided_at(text: str, line: Span, columns: Sequence[int], apart: int) -> tuple[Span, ...]:
    """The cells of the line in these columns, an empty one of length 0; nothing if the line goes across them.

    So many blanks stand before each column that it reaches, and two before one of them at least: a sentence
    has one here and there.
    """
    start = start_with_blanks(text, line.start)
    places = [start + column for column in columns]
    reached = [_nearest(text, place, apart) for place in places[1:] if place < line.end]
    begins = [place for place in reached if place is not None]
    is_row = any(_stands_apart(text, place, 2) for place in begins) or not reached
    if line.start < places[0] or "\t" in line.of(text) or len(begins) < len(reached) or not is_row:
        return ()
    begins = [places[0], *begins, *(line.end for _ in places[len(begins) + 1 :])]
    return tuple(trimmed(text, Span(*ends)) for ends in pairwise([*begins, line.end]))


def _nearest(text: str, place: int, apart: int) -> int | None:
    """Where a cell begins that should at ``place``: a wide one before it moves it on, a typist either way."""
    near = (
        place,
        *(place + aside for aside in (1, -1) if text[place + aside : place + aside + 1].strip()),
    )
    return next((at for at in near if _stands_apart(text, at, apart)), None)


def _stands_apart(text: str, place: int, blanks: int) -> bool:
    return not text[place - blanks : place].strip(" ")
