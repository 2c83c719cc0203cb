"""What stands above a place of a document and belongs to it: headings, and the names of a table's columns.

A passage that is cut out of a section says neither of which version it tells nor what its columns are.
With these in front it is found and read as it was written.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter

from qa.formats.extracted import PATH_SEPARATOR, Mark, in_one_line
from qa.table_rows import caption_of, tables
from qa.text import Span

__all__ = ["NO_SECTION", "Section", "Sections"]

#: A longer row of names is left out, in characters.
LONGEST_NAMES = 200
#: In so many characters from its mark on a heading stands, or its beginning.
LONGEST_LINE = 1_000
#: Places that are no headings, and what stands before these in a notebook.
_NO_HEADING = re.compile(r"(?:page|part|row|cell) \d+")
_CELL = re.compile(r"cell \d+, ")


@dataclass(frozen=True, slots=True)
class Section:
    """What stands above a place and belongs to it; each empty where there is none."""

    path: str = ""
    """The headings, outermost first."""
    columns: str = ""
    """The row of names of the table in which the place is, with the blanks before it."""

    @property
    def lines(self) -> str:
        """Both as lines, each with its end."""
        return "".join(f"{line}\n" for line in (self.path, self.columns) if line)


NO_SECTION = Section()


class Sections:
    """The headings and the tables of one document."""

    def __init__(self, text: str, marks: Sequence[Mark], title: str) -> None:
        """``marks`` that name pages or rows are passed over; so is the title where a path begins with it."""
        self._paths = [(mark.start, _headings(text, mark, title)) for mark in marks]
        found = list(tables(text))
        self._tables = [
            (Span(table.header.end, table.rows[-1].line.end), table.header.of(text))
            for table in found
            if table.header is not None
        ]
        starts = [start for start, headings in self._paths if headings]
        sections = [Span(start, end) for start, end in pairwise([*starts, len(text)])]
        with_captions = [
            Span((caption_of(text, table) or table).start, table.rows[-1].line.end)
            for table in found
        ]
        self.together = sorted([*sections, *with_captions], key=attrgetter("start"))
        """The sections and the tables, which are best read whole, by their starts."""

    def above(self, offset: int) -> Section:
        """What stands above the character at ``offset`` and belongs to it."""
        return Section(self._path(offset), self._columns(offset))

    def _path(self, offset: int) -> str:
        at = bisect_right(self._paths, offset, key=lambda path: path[0]) - 1
        if at < 0:
            return ""
        start, headings = self._paths[at]
        # The innermost heading is in the passage itself where that begins with it.
        return PATH_SEPARATOR.join(headings[:-1] if start == offset else headings)

    def _columns(self, offset: int) -> str:
        at = bisect_right(self._tables, offset, key=lambda table: table[0].start) - 1
        if at < 0:
            return ""
        rows, names = self._tables[at]
        return names if rows.start <= offset < rows.end and len(names) <= LONGEST_NAMES else ""


def _headings(text: str, mark: Mark, title: str) -> list[str]:
    """The headings over a mark, without the title of the text; none over a page or a row."""
    label = _CELL.sub("", mark.label, count=1)
    path = label.split(PATH_SEPARATOR)
    if label == mark.label:
        line = text[mark.start : mark.start + LONGEST_LINE].partition("\n")[0]
        # Of what else is marked, the place of a heading begins with it.
        is_there = path[-1] and path[-1].removesuffix("…") in in_one_line(line)
        if not is_there or _NO_HEADING.fullmatch(label):
            return []
    outermost = path[0].removesuffix("…").casefold()
    return path[1:] if title.casefold().startswith(outermost) else path
