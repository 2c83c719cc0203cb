"""``qa index`` and ``qa sources``: a folder of documents and what the index holds of it."""

from __future__ import annotations

import argparse

from qa.commands.opening import build, build_if_missing
from qa.errors import ExitCode
from qa.settings import Settings
from qa.terminal import human_size
from qa.text import counted, displayable

__all__ = ["index", "sources"]


def index(parsed: argparse.Namespace, settings: Settings) -> ExitCode:
    build(settings, rebuild=parsed.rebuild)
    return ExitCode.OK


def sources(_: argparse.Namespace, settings: Settings) -> ExitCode:
    from qa.session import list_sources

    build_if_missing(settings)
    records = list_sources(settings)
    for record in records:
        day = record.date.isoformat() if record.date is not None else "no date"
        print(displayable(record.title))
        print(
            displayable(
                f"    {record.file}  {day}  {counted(record.passages, 'passage')}  "
                f"{human_size(record.size)}"
            )
        )
    print(f"{counted(len(records), 'document')} in {settings.corpus}")
    return ExitCode.OK
