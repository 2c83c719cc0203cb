"""The commands of the palette; the application adds those that are its own alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from textual.app import SystemCommand

from qa.tui.chat_screen import ChatScreen

__all__ = ["chat_commands", "export_commands"]


def chat_commands(chat: ChatScreen) -> Iterator[SystemCommand]:
    """What can be done with the answer, its source and the documents."""
    yield SystemCommand("Help", "Show all keys", chat.action_help)
    yield SystemCommand("Copy the answer", "The quote with its citation", chat.action_copy)
    yield SystemCommand(
        "Copy as Markdown", "The whole reply with its citations", chat.action_copy_markdown
    )
    yield SystemCommand(
        "Open the source",
        "In $EDITOR, at the line; in a browser, in a tab",
        chat.action_open_editor,
    )
    yield SystemCommand("Find in the source", "Search the document", chat.action_search)
    yield SystemCommand("Why this answer", "Ranking, scores and runner-up", chat.action_why)
    yield SystemCommand(
        "As typed", "Ask the question again without what went before", chat.action_as_typed
    )
    yield SystemCommand("Sources", "List the documents; ask only some of them", chat.action_sources)
    yield SystemCommand(
        "Restrict to dates", "Ask only the documents of some time", chat.action_dates
    )
    yield SystemCommand("Confidence as a number", "Show or hide it", chat.action_toggle_numbers)


def export_commands(export: Callable[[str], None]) -> Iterator[SystemCommand]:
    """One for each format that a conversation can be written in."""
    for name, format_ in (("Markdown", "md"), ("JSON", "json"), ("HTML", "html")):
        yield SystemCommand(
            f"Export as {name}",
            "This conversation with its citations, to a new file",
            partial(export, format_),
        )
