"""The right-hand pane: which document it is, its text, and the search in it."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static
from textual.worker import get_current_worker

from qa.text import Span, displayable
from qa.tui.question import TextBox
from qa.tui.reply import sentence_content
from qa.tui.source import SourceText

if TYPE_CHECKING:
    from qa.answer import Citation
    from qa.corpus import FileState
    from qa.documents import Document

__all__ = ["NOTHING_YET", "SourcePane", "matches_of"]

#: So many matches are enough for anybody; a search for "e" in a large file would find millions.
MOST_MATCHES = 10_000
NOTHING_YET = "The source of an answer opens here."
LOST = (
    "The text around this quote is gone: the file is not what it was, and the index holds no older "
    "one. The sentence as it was quoted:"
)


def matches_of(words: str, text: str) -> list[Span]:
    """Where ``words`` stand in ``text``, letter case aside, in order."""
    if not words:
        return []
    found = re.finditer(re.escape(words), text, re.IGNORECASE)
    return [Span(match.start(), match.end()) for match in islice(found, MOST_MATCHES)]


class SourcePane(Vertical):
    """The source text under its title, date, path and state, and over the search."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "next_match", "Next match", show=False),
    ]

    @dataclass
    class Found(Message, bubble=False):
        """A search has ended."""

        words: str
        matches: Sequence[Span]

    def __init__(self) -> None:
        super().__init__()
        self._citation: Citation | None = None
        self._title = ""
        self._matches: Sequence[Span] = ()
        self._at = 0

    def compose(self) -> ComposeResult:
        yield Static(Content(NOTHING_YET), id="source-title")
        yield Static(id="remains")
        yield SourceText(id="source-text")
        with Horizontal(id="search-bar"):
            yield TextBox(placeholder="Find in this document", id="search", compact=True)
            yield Static("", id="matches", markup=False)

    def show(self, document: Document, citation: Citation) -> None:
        """Show the document of ``citation``, scrolled to it."""
        self._head(citation)
        self.query_one(SourceText).show(document, citation)

    def show_remains(self, citation: Citation) -> None:
        """Show what was kept of a document that has another text by now, in the folder and in the index."""
        self._head(citation)
        self.query_one(SourceText).clear()
        self.add_class("lost")
        self.query_one("#remains", Static).update(
            Content.assemble((f"{LOST}\n\n", "$text-muted"), sentence_content(citation))
        )

    def _head(self, citation: Citation) -> None:
        self.end_search()
        self.remove_class("lost")
        self._citation = citation
        from qa.render import place_in_words

        day = citation.date.isoformat() if citation.date is not None else "no date"
        place = place_in_words(citation.file, citation.line, citation.location)
        self._title = displayable(f"[{citation.n}] {citation.title} · {day}\n{place}")
        self.query_one("#source-title", Static).update(Content(self._title))

    def clear(self, said: str = "This reply has no source.") -> None:
        """Show nothing but a sentence: a reply without any passage has no source."""
        self.end_search()
        self.remove_class("lost")
        self._citation = None
        self.query_one("#source-title", Static).update(Content(said))
        self.query_one(SourceText).clear()

    def show_state(self, citation: Citation, state: FileState) -> None:
        """Say how the file of ``citation`` stands, if that is still the one on show."""
        if citation is self._citation:
            style = "$text-success" if state is state.UNCHANGED else "bold $text-error"
            title = Content.assemble(self._title, " · ", (state.value, style))
            self.query_one("#source-title", Static).update(title)

    # The search

    @property
    def searching(self) -> bool:
        """True while the matches of a search are on show."""
        return self.has_class("searching")

    def start_search(self) -> None:
        """Open the search box."""
        self.add_class("searching")
        box = self.query_one("#search", Input)
        box.clear()
        self.screen.set_focus(box)

    def end_search(self) -> None:
        """Close the search box and forget the matches."""
        self.remove_class("searching")
        self._show_matches(())

    def step_match(self, step: int) -> None:
        """On to the next match, or back, round and round."""
        if self._matches:
            self._at = (self._at + step) % len(self._matches)
            self._mark()

    def action_next_match(self) -> None:
        """The next match, while searching."""
        if self.searching:
            self.step_match(1)

    @on(Input.Changed, "#search")
    def _search(self, event: Input.Changed) -> None:
        event.stop()
        self._find(event.value, self.query_one(SourceText).text)

    @on(Input.Submitted, "#search")
    def _leave_box(self, event: Input.Submitted) -> None:
        event.stop()
        self.screen.set_focus(self.query_one(SourceText))

    @work(thread=True, exclusive=True, group="search")
    def _find(self, words: str, text: str) -> None:
        matches = matches_of(words, text)
        if not get_current_worker().is_cancelled:
            self.post_message(self.Found(words, matches))

    def on_source_pane_found(self, message: Found) -> None:
        if self.searching and self.query_one("#search", Input).value == message.words:
            self._show_matches(message.matches)

    def _show_matches(self, matches: Sequence[Span]) -> None:
        """Begin at the first match from the citation on."""
        self._matches = matches
        start = self._citation.passage.start if self._citation is not None else 0
        at = bisect_left(matches, start, key=lambda span: span.start)
        self._at = at if at < len(matches) else 0
        self._mark()

    def _mark(self) -> None:
        text, count = self.query_one(SourceText), len(self._matches)
        current = self._matches[self._at] if count else None
        text.mark_matches(self._matches, current)
        if current is not None:
            text.bring_into_view(current)
        more = "+" if count == MOST_MATCHES else ""
        said = f"{self._at + 1} of {count:,}{more}" if count else "no match"
        self.query_one("#matches", Static).update(
            said if self.query_one("#search", Input).value else ""
        )
