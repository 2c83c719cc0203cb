"""The application of ``qa review``; it loads no model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from qa.reviewing import Decisions, ReviewItem
from qa.settings import Settings
from qa.tui.review_screen import ReviewScreen

__all__ = ["ReviewApp"]


class ReviewApp(App[None]):
    """One screen: the queue."""

    TITLE = "qa review"
    CSS_PATH = "app.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", "quit", show=False, priority=True)
    ]

    def __init__(
        self, settings: Settings, queue: Sequence[ReviewItem], decisions: Decisions
    ) -> None:
        super().__init__()
        self.review = ReviewScreen(settings, queue, decisions)

    def get_default_screen(self) -> Screen[None]:
        return self.review

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        if screen is self.review:
            yield SystemCommand("Help", "Show all keys", self.review.action_help)
        yield SystemCommand("Theme", "Choose other colours", self.action_change_theme)
        yield SystemCommand("Quit", "Every decision is saved already", self.action_quit)
