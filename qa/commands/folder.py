"""``qa index`` and ``qa sources``: a folder of documents and what the index holds of it."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from qa.commands.opening import build_if_missing, build_with_progress, described
from qa.errors import ExitCode, UsageError
from qa.roots import corpus_words, sole_or_several
from qa.settings import Settings
from qa.terminal import human_size, say
from qa.text import counted, one_line

if TYPE_CHECKING:
    from qa.indexing import IndexReport

__all__ = ["index", "sources"]


def index(parsed: argparse.Namespace, settings: Settings) -> ExitCode:
    if parsed.paths:
        if getattr(parsed, "corpus", None) is not None:
            raise UsageError("Name the folders either with --corpus or without, not both.")
        settings = replace(settings, corpus=sole_or_several(parsed.paths))

    def show(report: IndexReport) -> None:
        if parsed.json:
            from qa.render import as_json

            print(as_json(report.as_data()), flush=True)
        say(described(report, settings, verbose=parsed.verbose))

    report, encoder = build_with_progress(settings, rebuild=parsed.rebuild, verify=parsed.verify)
    show(report)
    if parsed.watch:
        from qa.commands.watching import watch

        watch(settings, encoder, show)
    return ExitCode.OK


def sources(_: argparse.Namespace, settings: Settings) -> ExitCode:
    from qa.session import list_sources

    build_if_missing(settings)
    records = list_sources(settings)
    for record in records:
        day = record.date.isoformat() if record.date is not None else "no date"
        print(one_line(record.title))
        print(
            one_line(
                f"    {record.file}  {day}  {counted(record.passages, 'passage')}  "
                f"{human_size(record.size)}"
            )
        )
    print(f"{counted(len(records), 'document')} in {corpus_words(settings.corpus)}")
    return ExitCode.OK
