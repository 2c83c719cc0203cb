"""The keys of the review: the footer shows their descriptions, the help screen their tooltips."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from qa.tui.keys import KeyFooter

__all__ = ["CORRECTING_ACTIONS", "JUDGING_ACTIONS", "REVIEW_KEYS", "ReviewFooter"]

#: What works only while an answer is being corrected, and only while none is.
CORRECTING_ACTIONS = frozenset({"select_sentence", "select_word", "extend", "take", "cancel"})
JUDGING_ACTIONS = frozenset({"accept", "reject", "correct", "undo", "skip", "undecided", "step"})


def _key(key: str, action: str, description: str, tooltip: str, display: str = "") -> Binding:
    return Binding(key, action, description, tooltip=tooltip, key_display=display or None)


def _selecting(key: str, action: str, description: str, tooltip: str, display: str = "") -> Binding:
    """A key of correcting: before the source's own, which would scroll."""
    return Binding(
        key, action, description, tooltip=tooltip, key_display=display or None, priority=True
    )


REVIEW_KEYS: list[BindingType] = [
    _key("a", "accept", "accept", "Right: accept the answer; of a refusal, it was right"),
    _key("r", "reject", "reject", "Wrong: then say whether the corpus holds no answer"),
    _key("c", "correct", "correct", "Wrong: select what is right in the source on show"),
    _selecting(
        "down", "select_sentence(1)", "sentence", "Correcting: the next or previous sentence", "↑↓"
    ),
    Binding("up", "select_sentence(-1)", show=False, priority=True),
    _selecting("space", "select_sentence(0)", "whole", "Correcting: the whole sentence", "space"),
    _selecting("right", "select_word(1)", "word", "Correcting: the next or previous word", "←→"),
    Binding("left", "select_word(-1)", show=False, priority=True),
    _selecting(
        "shift+right",
        "extend(1)",
        "extend",
        "Correcting: longer or shorter by a word; or drag the mouse",
        "shift+←→",
    ),
    Binding("shift+left", "extend(-1)", show=False, priority=True),
    _selecting("enter", "take", "take", "Correcting: what is selected is the answer", "enter"),
    _selecting("escape", "cancel", "leave", "Correcting: leave the answer as it is", "esc"),
    _key("1", "choose(1)", "cite", "Show the source of that citation, also to correct in", "1-9"),
    *(Binding(str(n), f"choose({n})", show=False) for n in range(2, 10)),
    _key("u", "undo", "undo", "Take the last decision back"),
    _key("s", "skip", "skip", "On to the next that is undecided, without a decision"),
    _key("n", "step(1)", "next", "The next question"),
    _key("p", "step(-1)", "previous", "The question before"),
    _key("v", "undecided", "undecided", "Show only what is undecided, or everything again"),
    _key("tab", "switch_pane", "pane", "To the source and back", "tab"),
    _key("question_mark", "help", "help", "This help", "?"),
    _key("q", "app.quit", "quit", "Quit; every decision is saved already"),
    Binding("f1", "help", show=False),
]


class ReviewFooter(KeyFooter):
    """The keys of correcting are fewer and longer."""

    def compose(self) -> ComposeResult:
        yield from super().compose()
        if self.screen.has_class("correcting"):
            self.styles.grid_size_columns = 5
