"""A question box and two panes: which has the focus, and which is seen where there is room for one."""

from __future__ import annotations

from textual.events import Key, Resize
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from qa.tui.dialogue import Dialogue
from qa.tui.question import QuestionBox
from qa.tui.source import SourceText
from qa.tui.source_pane import SourcePane

__all__ = ["PanedScreen"]

#: Below this many columns the two panes take turns.
NARROW = 100
#: Below this many the keys in the footer need two rows.
WHOLE_FOOTER = 128


class PanedScreen(Screen[None]):
    """Moves between the question box, the dialogue and the source that a screen is composed of."""

    def on_resize(self, event: Resize) -> None:
        narrow = event.size.width < NARROW
        self.set_class(narrow, "narrow")
        self.set_class(event.size.width < WHOLE_FOOTER, "two-rows-of-keys")
        self.query_one(QuestionBox).compact = narrow
        self._show_page()

    def action_next_pane(self, step: int) -> None:
        """From the question box to the dialogue to the source and round."""
        panes: list[Widget] = [
            self.query_one(QuestionBox),
            self.query_one(Dialogue),
            self.query_one(SourceText),
        ]
        source = self.query_one(SourcePane)
        at = (
            2
            if source.has_focus_within
            else next((place for place, pane in enumerate(panes) if pane.has_focus), 0)
        )
        self.to_pane(panes[(at + step) % len(panes)])

    def action_switch_pane(self) -> None:
        """To the source, and from there to the dialogue."""
        source = self.query_one(SourceText)
        self.to_pane(self.query_one(Dialogue) if source.has_focus else source)

    def to_pane(self, pane: Widget) -> None:
        """Move the focus there, and on a narrow terminal the page."""
        self.set_class(isinstance(pane, SourceText), "source-first")
        self._show_page()
        self.set_focus(pane)  # at once; focus() would wait for the next message

    def _show_page(self) -> None:
        """On a narrow terminal the dialogue and the source are two pages."""
        narrow, source_first = self.has_class("narrow"), self.has_class("source-first")
        self.query_one(Dialogue).display = not (narrow and source_first)
        self.query_one(SourcePane).display = not narrow or source_first

    def action_back(self) -> None:
        """End the search; or go back to the question box."""
        source = self.query_one(SourcePane)
        if source.searching:
            source.end_search()
            self.to_pane(self.query_one(SourceText))
        else:
            self.to_pane(self.query_one(QuestionBox))

    def on_key(self, event: Key) -> None:
        """A letter that is no shortcut is the beginning of a question, wherever the focus is."""
        question = self.query_one(QuestionBox)
        typing = isinstance(self.focused, Input)
        if typing or not event.is_printable or event.character is None:
            return
        if event.key not in self.active_bindings:
            self.to_pane(question)
            question.insert_text_at_cursor(event.character)
