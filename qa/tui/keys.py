"""The keys of the chat: the footer shows their descriptions, the help screen their tooltips."""

from __future__ import annotations

from textual.binding import Binding, BindingType

__all__ = ["CHAT_KEYS"]

_STEP = Binding.Group("next, previous", compact=True)
_COPY = Binding.Group("copy, as Markdown", compact=True)

#: Letters, digits and marks are shortcuts only while no box has the focus, for a box takes them as text.
CHAT_KEYS: list[BindingType] = [
    Binding(
        "1", "choose(1)", "citation", key_display="1-9", tooltip="Show the citation of that number"
    ),
    *(Binding(str(n), f"choose({n})", show=False) for n in range(2, 10)),
    Binding(
        "n", "step(1)", "next", group=_STEP, tooltip="Next citation; while searching, next match"
    ),
    Binding(
        "p",
        "step(-1)",
        "previous",
        group=_STEP,
        tooltip="Previous citation; while searching, previous match",
    ),
    Binding("y", "copy", "copy", group=_COPY, tooltip="Copy the quote with its citation"),
    Binding(
        "Y", "copy_markdown", "Markdown", group=_COPY, tooltip="Copy the whole reply as Markdown"
    ),
    Binding("o", "open_editor", "open", tooltip="Open the source in $EDITOR, at the line"),
    Binding(
        "slash",
        "search",
        "find",
        key_display="/",
        tooltip="Find in the document; enter, n and p go on",
    ),
    Binding(
        "percent_sign",
        "toggle_numbers",
        "number",
        key_display="%",
        show=False,
        tooltip="Show or hide the confidence as a number",
    ),
    Binding("question_mark", "help", "help", key_display="?", tooltip="This help"),
    Binding("tab", "next_pane(1)", "pane", key_display="tab", tooltip="Next pane"),
    Binding("shift+tab", "next_pane(-1)", "previous pane", show=False, tooltip="Previous pane"),
    Binding(
        "ctrl+n",
        "citation(1)",
        "next citation",
        show=False,
        tooltip="Next citation, in the question box too",
    ),
    Binding(
        "ctrl+b",
        "citation(-1)",
        "previous citation",
        show=False,
        tooltip="Previous citation, in the question box too",
    ),
    Binding(
        "shift+up", "turn(-1)", "earlier answer", show=False, tooltip="The answer before this one"
    ),
    Binding(
        "shift+down", "turn(1)", "later answer", show=False, tooltip="The answer after this one"
    ),
    Binding("ctrl+s", "switch_pane", "source", show=False, tooltip="To the source and back"),
    Binding("f1", "help", "help", show=False, tooltip="This help"),
    Binding(
        "f2",
        "sources",
        "sources",
        tooltip="List the documents, and restrict questions to some of them",
    ),
    Binding("f3", "why", "why", tooltip="Why this answer: ranking, scores, runner-up"),
    Binding(
        "f5",
        "app.update_index",
        "re-index",
        show=False,
        tooltip="Bring the index up to date with the folder",
    ),
    Binding(
        "f6", "app.cancel_indexing", "cancel", tooltip="Cancel indexing; the index stays as it was"
    ),
    Binding("escape", "back", "ask", tooltip="End a search; back to the question box"),
    Binding("ctrl+q", "app.quit", "quit", tooltip="Quit"),
]
