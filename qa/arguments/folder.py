"""Flags of the commands that read the folder: ``index`` and ``sources``."""

from __future__ import annotations

from qa.arguments.commands import Commands
from qa.arguments.kinds import path

__all__ = ["add_index", "add_sources"]


def add_index(commands: Commands) -> None:
    index = commands.add(
        "index",
        "build the index, or bring it up to date with the folder",
        "qa index ~/reports ~/letters --vectors ~/.cache/reports-index",
        commands.models,
    )
    index.add_argument(
        "paths", type=path, nargs="*", metavar="DIR", help="folders of documents, as with --corpus"
    )
    for flag, what in (
        ("--rebuild", "forget the old index, build it anew"),
        ("--verify", "read every file, also those whose size and times are as they were"),
        ("--watch", "then follow the folder, until Ctrl-C ends it"),
        ("--verbose", "name every file that is skipped"),
        ("--json", "print what was done as a JSON object; with --watch one a line"),
    ):
        index.add_argument(flag, action="store_true", help=what)


def add_sources(commands: Commands) -> None:
    commands.add(
        "sources",
        "list the documents of the index: title, date, passages, size",
        "qa sources",
    )
