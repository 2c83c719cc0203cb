"""The boxes that take text: one for the question, which remembers those that were asked, one for a search."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input

__all__ = ["QuestionBox", "TextBox"]


class TextBox(Input):
    """An input that takes every printable key, so that the footer offers none of them as a shortcut."""

    def check_consume_key(self, key: str, character: str | None) -> bool:
        # Textual knows no character of the key that it calls "slash".
        return key == "slash" or super().check_consume_key(key, character)


class QuestionBox(TextBox):
    """An input in which the arrow up brings back earlier questions."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "ask", tooltip="Ask the question"),
        Binding("up", "earlier(-1)", "earlier", tooltip="An earlier question, to ask it again"),
        Binding(
            "down", "earlier(1)", "later", show=False, tooltip="A later question, or what you began"
        ),
    ]

    def __init__(self) -> None:
        super().__init__(
            placeholder="Ask the documents, then press Enter",
            id="question",
            select_on_focus=False,
        )
        self._asked: list[str] = []
        self._place = 0
        self._begun = ""

    def take(self) -> str:
        """The question, remembered and taken out of the box."""
        question = self.value.strip()
        if question and (not self._asked or self._asked[-1] != question):
            self._asked.append(question)
        self._place = len(self._asked)
        self._begun = ""
        self.clear()
        return question

    def remember(self, questions: Iterable[str]) -> None:
        """Take up questions that were asked before, the oldest first."""
        self._asked.extend(questions)
        self._place = len(self._asked)

    def action_earlier(self, step: int) -> None:
        """Go through the earlier questions; what was begun stands behind the last."""
        if self._place == len(self._asked):
            self._begun = self.value
        self._place = min(max(self._place + step, 0), len(self._asked))
        self.value = [*self._asked, self._begun][self._place]
        self.cursor_position = len(self.value)
