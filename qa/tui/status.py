"""The line over the question box: what the program is doing, with a bar while that takes long."""

from __future__ import annotations

import time

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import ProgressBar, Static

from qa.pace import Pace
from qa.text import displayable

__all__ = ["StatusBar"]


class StatusBar(Horizontal):
    """One sentence and a progress bar."""

    def __init__(self) -> None:
        super().__init__()
        self._pace = Pace()
        # At hand also while the program ends and its widgets are being taken away.
        self._state = Static("Starting…", id="state", markup=False)
        self._progress = ProgressBar(id="progress", show_eta=False)

    def compose(self) -> ComposeResult:
        yield self._state
        yield self._progress

    def say(self, text: str, *, failed: bool = False) -> None:
        """Say how things stand, with nothing going on."""
        self.set_class(failed, "failed")
        self.remove_class("busy")
        self._update(text)

    def progress(self, text: str, done: int = 0, total: int = 0) -> None:
        """Say what is going on; ``total`` 0 means that nobody knows how far it is."""
        self.remove_class("failed")
        self.add_class("busy")
        self.set_class(total > 0, "counting")
        self._progress.update(total=total or None, progress=done)
        self._update(text)

    def count(self, text: str, done: int, total: int, ending: str) -> None:
        """As :meth:`progress`, with the numbers, and how fast it goes once that can be told."""
        share = f" {done}/{total}" if total else ""
        pace = self._pace.told(text, done, total, time.monotonic())
        self.progress(f"{text}{share}{', ' if pace else ''}{pace}{ending}", done, total)

    def _update(self, text: str) -> None:
        self._state.update(Content(displayable(text)))
