"""The source of a citation: the whole document, scrolled to the span, which is highlighted."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import work
from textual.events import MouseDown, MouseMove
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.worker import get_current_worker

from qa.text import Span
from qa.tui.rows import Layout, lay_out, offset_at_cell

if TYPE_CHECKING:
    from qa.answer import Citation
    from qa.documents import Document

__all__ = ["SourceText"]


class SourceText(ScrollView, can_focus=True):
    """A document's text with line numbers and a citation's passage, sentence and span in three strengths.

    A thread breaks the text into rows, and only the rows on the screen are drawn, so that the length of
    a document costs nothing here.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "source--line-number",
        "source--passage",
        "source--sentence",
        "source--span",
        "source--match",
        "source--current-match",
        "source--selection",
    }

    @dataclass
    class LaidOut(Message, bubble=False):
        """The rows are there."""

        document: Document
        layout: Layout

    @dataclass
    class Dragged(Message):
        """The mouse has gone, pressed, from one character to another, which may be the same."""

        start: int
        end: int

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._document: Document | None = None
        self._citation: Citation | None = None
        self._rows: Layout | None = None
        self._matches: Sequence[Span] = ()
        self._match: Span | None = None
        self._selection: Span | None = None
        self._pressed: int | None = None

    def show(self, document: Document, citation: Citation) -> None:
        """Show ``document`` with ``citation`` highlighted and in view."""
        self._citation = citation
        if not _same(document, self._document):
            self._document, self._rows = document, None
            self._selection = None
            self.mark_matches((), None)
            self._lay_out()
        self.bring_into_view(citation.span)

    def clear(self) -> None:
        """Show nothing."""
        self._document = self._citation = self._rows = self._selection = None
        self.virtual_size = Size(0, 0)
        self.refresh()

    @property
    def text(self) -> str:
        """The text as it is drawn, character for character; empty until it has been laid out."""
        return self._rows.text if self._rows is not None else ""

    @property
    def shown_text(self) -> str:
        """What the highlighted rows read, for those who cannot see colours."""
        return "" if self._citation is None else self._citation.span.of(self.text)

    def mark_matches(self, matches: Sequence[Span], current: Span | None) -> None:
        """Highlight what a search has found, ``current`` most of all; ``matches`` are in order."""
        self._matches, self._match = matches, current
        self.refresh()

    @property
    def selection(self) -> Span | None:
        """What a person has selected, where there is something to select for."""
        return self._selection

    def select(self, span: Span | None) -> None:
        """Highlight ``span`` most of all, and scroll to it if it is not to be seen."""
        self._selection = span
        if span is not None and self._rows is not None:
            first, last = self._rows.row_of(span.start), self._rows.row_of(span.end)
            top = self.scroll_offset.y
            if first < top or last >= top + self.size.height:
                self.bring_into_view(span)
        self.refresh()

    def offset_at(self, x: int, y: int) -> int | None:
        """The offset of the character at a place of the widget; ``None`` where there is no row."""
        at = y + self.scroll_offset.y
        if self._rows is None or not 0 <= at < len(self._rows.rows):
            return None
        row = self._rows.rows[at].span
        return row.start + offset_at_cell(row.of(self._rows.text), x - self._rows.gutter)

    def on_mouse_down(self, event: MouseDown) -> None:
        self._pressed = self.offset_at(event.x, event.y)
        self._drag(event)

    def on_mouse_move(self, event: MouseMove) -> None:
        self._drag(event)

    def on_mouse_up(self) -> None:
        self._pressed = None

    def _drag(self, event: MouseDown | MouseMove) -> None:
        to = self.offset_at(event.x, event.y)
        if self._pressed is not None and to is not None and event.button == 1:
            self.post_message(self.Dragged(self._pressed, to))

    def bring_into_view(self, span: Span) -> None:
        """Scroll so that ``span`` begins in the upper third."""
        if self._rows is not None:
            row = self._rows.row_of(span.start)
            self.scroll_to(y=max(0, row - self.size.height // 3), animate=False)
        self.refresh()

    def on_resize(self) -> None:
        self._lay_out()

    def _lay_out(self) -> None:
        width = self.scrollable_content_region.width
        if self._document is None or width == 0:
            return  # hidden; being shown is a resize too
        if self._rows is None or self._rows.width != width:
            self._break_into_rows(self._document, width)

    @work(thread=True, exclusive=True, group="layout")
    def _break_into_rows(self, document: Document, width: int) -> None:
        layout = lay_out(document.text, width)
        if not get_current_worker().is_cancelled:
            self.post_message(self.LaidOut(document, layout))

    def on_source_text_laid_out(self, message: LaidOut) -> None:
        if message.document is not self._document or self._citation is None:
            return
        before = self._rows
        self._rows = message.layout
        self.virtual_size = Size(message.layout.width, len(message.layout.rows))
        if before is None or not before.rows:
            self.bring_into_view(self._citation.span)
        else:  # another width: the row at the top stays there
            top = before.rows[min(self.scroll_offset.y, len(before.rows) - 1)]
            self.scroll_to(y=message.layout.row_of(top.span.start), animate=False)
            self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        position = y + self.scroll_offset.y
        if self._rows is None or position >= len(self._rows.rows):
            return Strip.blank(width, self.rich_style)
        row = self._rows.rows[position]
        number = "" if row.line is None else str(row.line)
        gutter = Segment(
            f"{number:>{self._rows.gutter - 2}}  ",
            self.get_component_rich_style("source--line-number"),
        )
        strip = Strip([gutter, *self._segments(row.span, self._rows.text)])
        return strip.extend_cell_length(width, self.rich_style).crop(0, width)

    def _segments(self, row: Span, text: str) -> Iterator[Segment]:
        layers = [
            (span, self.get_component_rich_style(name)) for span, name in self._highlights(row)
        ]
        edges = {row.start, row.end}
        for span, _ in layers:
            edges.update(edge for edge in (span.start, span.end) if row.start < edge < row.end)
        if not row:
            return
        for start, end in pairwise(sorted(edges)):
            piece = Span(start, end)
            style: Style = next((s for span, s in layers if span.covers(piece)), self.rich_style)
            yield Segment(piece.of(text), style)

    def _highlights(self, row: Span) -> Iterator[tuple[Span, str]]:
        """What is highlighted in a row, the strongest first."""
        if self._selection is not None:
            yield self._selection, "source--selection"
        if self._match is not None:
            yield self._match, "source--current-match"
        first = max(bisect_right(self._matches, row.start, key=lambda span: span.start) - 1, 0)
        last = bisect_left(self._matches, row.end, key=lambda span: span.start)
        for match in self._matches[first:last]:
            yield match, "source--match"
        if self._citation is not None:
            yield self._citation.span, "source--span"
            yield self._citation.sentence, "source--sentence"
            yield self._citation.passage, "source--passage"


def _same(one: Document, other: Document | None) -> bool:
    return other is not None and (one.file, one.sha256) == (other.file, other.sha256)
