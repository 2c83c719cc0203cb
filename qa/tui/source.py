"""The source of a citation: the whole document, scrolled to the span, which is highlighted."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widgets import Static

from qa.answer import Citation
from qa.documents import Document
from qa.text import Span, displayable

__all__ = ["SourcePane", "SourceText", "wrapped_rows"]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the screen: a piece of one line of the text."""

    span: Span
    line: int | None
    """The line's number on its first row."""


def wrapped_rows(text: str, width: int) -> list[Row]:
    """Break ``text`` into rows of at most ``width`` cells, at white space where there is some.

    The spans of the rows follow each other and leave out only line breaks, so that a row can be found
    from any offset. A character of two cells counts two.
    """
    rows: list[Row] = []
    start = 0
    for number, line in enumerate(text.split("\n"), start=1):
        at, first = 0, True
        while first or at < len(line):
            length = _fitting_length(line, at, max(width, 2))
            span = Span(start + at, start + at + length)
            rows.append(Row(span, number if first else None))
            at += length
            first = False
        start += len(line) + 1
    return rows


def _fitting_length(line: str, at: int, width: int) -> int:
    piece = line[at : at + width]
    # Wide characters; the cells of joined ones do not add up, so they are measured together.
    while cell_len(piece) > width and len(piece) > 1:
        piece = piece[:-1]
    if at + len(piece) == len(line):
        return len(piece)
    blank = piece.rfind(" ")
    return blank + 1 if blank > 0 else len(piece)


class SourceText(ScrollView, can_focus=True):
    """A document's text with line numbers and a citation's passage, sentence and span in three strengths.

    Only the rows on the screen are drawn, so the length of a document costs nothing.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "source--line-number",
        "source--passage",
        "source--sentence",
        "source--span",
    }
    GUTTER = 6

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._document: Document | None = None
        self._citation: Citation | None = None
        self._text = ""
        self._rows: list[Row] = []
        self._wrapped_at = 0

    def show(self, document: Document, citation: Citation) -> None:
        """Show ``document`` with ``citation`` highlighted and in view."""
        if document is not self._document:
            self._document = document
            # Every replacement keeps the length, so that offsets still count. A tab would be one
            # character and several cells.
            text = document.text.replace("\r\n", " \n").replace("\r", "\n").replace("\t", " ")
            self._text = displayable(text)
            self._wrapped_at = 0
        self._citation = citation
        self._wrap()
        self._bring_into_view(citation)

    @property
    def shown_text(self) -> str:
        """What the highlighted rows read, for those who cannot see colours."""
        return "" if self._citation is None else self._citation.span.of(self._text)

    def on_resize(self) -> None:
        self._wrap()
        if self._citation is not None:
            self._bring_into_view(self._citation)

    def _wrap(self) -> None:
        width = max(self.scrollable_content_region.width - self.GUTTER - 1, 10)
        if width != self._wrapped_at:
            self._rows = wrapped_rows(self._text, width) if self._document is not None else []
            self._wrapped_at = width
        self.virtual_size = Size(width + self.GUTTER, len(self._rows))
        self.refresh()

    def _bring_into_view(self, citation: Citation) -> None:
        starts = [row.span.start for row in self._rows]
        row = bisect_right(starts, citation.span.start) - 1
        self.scroll_to(y=max(0, row - self.size.height // 3), animate=False)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        position = y + self.scroll_offset.y
        if position >= len(self._rows):
            return Strip.blank(width, self.rich_style)
        row = self._rows[position]
        number = "" if row.line is None else str(row.line)
        gutter = Segment(
            f"{number:>{self.GUTTER - 2}}  ", self.get_component_rich_style("source--line-number")
        )
        strip = Strip([gutter, *self._segments(row.span)])
        return strip.extend_cell_length(width, self.rich_style).crop(0, width)

    def _segments(self, row: Span) -> list[Segment]:
        if self._citation is None:
            return [Segment(row.of(self._text), self.rich_style)]
        layers = (
            (self._citation.span, self.get_component_rich_style("source--span")),
            (self._citation.sentence, self.get_component_rich_style("source--sentence")),
            (self._citation.passage, self.get_component_rich_style("source--passage")),
        )
        edges = {row.start, row.end}
        for span, _ in layers:
            edges.update(edge for edge in (span.start, span.end) if row.start < edge < row.end)
        ordered = sorted(edges)
        segments = []
        for start, end in pairwise(ordered):
            piece = Span(start, end)
            style: Style = next((s for span, s in layers if span.covers(piece)), self.rich_style)
            segments.append(Segment(piece.of(self._text), style))
        return segments


class SourcePane(Vertical):
    """The source text under a line that says which document it is."""

    def compose(self) -> ComposeResult:
        yield Static("Source", id="source-title", markup=False)
        yield SourceText(id="source-text")

    def show(self, document: Document, citation: Citation) -> None:
        """Show the document of ``citation``, scrolled to it."""
        day = f" · {document.date.isoformat()}" if document.date is not None else ""
        title = f"[{citation.n}] {document.title}{day}\n{document.file}:{citation.line}"
        self.query_one("#source-title", Static).update(displayable(title))
        self.query_one(SourceText).show(document, citation)
