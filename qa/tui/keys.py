"""The keys of the chat: the footer shows their descriptions, the help screen their tooltips."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Footer

__all__ = ["CHAT_KEYS", "KeyFooter"]


def _key(key: str, action: str, description: str, tooltip: str, display: str = "") -> Binding:
    """A key of the footer."""
    return Binding(
        key,
        action,
        description,
        tooltip=tooltip,
        key_display=display or None,
        # At once, so that a key typed right after goes to where the focus has moved.
        priority=key in ("tab", "escape"),
    )


def _hidden(key: str, action: str, tooltip: str) -> Binding:
    """A key of the help screen alone."""
    return Binding(key, action, show=False, tooltip=tooltip)


#: Letters, digits and marks are shortcuts only while no box has the focus, for a box takes them as text.
#: The footer shows the first key of an action that works where the focus is.
CHAT_KEYS: list[BindingType] = [
    _key("1", "choose(1)", "cite", "Show the citation of that number", "1-9"),
    *(Binding(str(n), f"choose({n})", show=False) for n in range(2, 10)),
    _key("n", "step(1)", "next", "Next citation; while searching, next match"),
    _key("p", "step(-1)", "previous", "Previous citation; while searching, previous match"),
    _key("ctrl+n", "step(1)", "next", "As n, in the question box too"),
    _key("ctrl+b", "step(-1)", "previous", "As p, in the question box too"),
    _key("y", "copy", "copy", "Copy the quote with its citation"),
    _key("Y", "copy_markdown", "Markdown", "Copy the whole reply as Markdown"),
    _key(
        "o",
        "open_editor",
        "open",
        "Open the source in $EDITOR, at the line; in a browser, in a tab",
    ),
    _key("slash", "search", "find", "Find in the document; enter, n and p go on", "/"),
    _key("tab", "next_pane(1)", "pane", "Next pane", "tab"),
    _key("question_mark", "help", "help", "This help", "?"),
    _key("f1", "help", "help", "This help"),
    _key("f2", "sources", "sources", "List the documents; restrict questions to some, or to dates"),
    _key("f3", "why", "why", "Why this answer: ranking, scores, runner-up"),
    _hidden("u", "as_typed", "Ask the question as typed, where it was understood otherwise"),
    _key("f6", "app.cancel_indexing", "cancel", "Cancel indexing; the index stays as it was"),
    _key("escape", "back", "ask", "End a search; back to the question box"),
    _hidden(
        "ctrl+p",
        "app.command_palette",
        "All commands: dates, settings, another folder, export, theme",
    ),
    _key("ctrl+q", "app.quit", "quit", "Quit"),
    _hidden("shift+tab", "next_pane(-1)", "Previous pane"),
    _hidden("ctrl+s", "switch_pane", "To the source and back"),
    _hidden("shift+up", "turn(-1)", "The answer before this one"),
    _hidden("shift+down", "turn(1)", "The answer after this one"),
    _hidden("percent_sign", "toggle_numbers", "Show or hide the confidence as a number"),
    _hidden("f4", "app.conversations", "Conversations that are kept: open or delete one"),
    _hidden("f5", "app.update_index", "Bring the index up to date with the folder"),
]


class KeyFooter(Footer):
    """A footer that stands in two rows where the style sheet lays it out as a grid."""

    COLUMNS = 7

    def compose(self) -> ComposeResult:
        yield from super().compose()
        self.styles.grid_size_columns = self.COLUMNS
