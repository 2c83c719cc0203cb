"""``qa report``: saved answers, checked, as a page to read and to print."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from qa.commands.outputs import output_file, say_what_is_kept
from qa.errors import ExitCode, InputFileError
from qa.files import worth_keeping
from qa.settings import Settings
from qa.terminal import say
from qa.text import counted

if TYPE_CHECKING:
    from qa.receipts.records import BadLine

__all__ = ["report"]


def report(parsed: argparse.Namespace, settings: Settings) -> ExitCode:
    from qa.formats.extracted import Limits
    from qa.receipts.report import write_report
    from qa.receipts.sources import Sources

    answers: Path = parsed.answers
    out = _page(parsed)
    earlier = worth_keeping(out)

    def on_bad_line(item: BadLine) -> None:
        say(f"{answers}:{item.line}: {item.reason}")

    reported = write_report(
        answers,
        Sources(settings.corpus, settings.max_file_bytes, limits=Limits.of(settings)),
        out,
        max_bytes=settings.max_file_bytes,
        checked=datetime.now(UTC),
        on_bad_line=on_bad_line,
    )
    if earlier:
        say_what_is_kept(out)
    if reported.tally.bad_lines:
        say(f"{counted(reported.tally.bad_lines, 'line')} of {answers} could not be checked")
    say(f"{counted(reported.questions, 'question')} reported in {out}")
    return ExitCode.OK if reported.tally.passes(strict=parsed.strict) else ExitCode.FAILURE


def _page(parsed: argparse.Namespace) -> Path:
    """Where the page goes; never over the answers that it is made from."""
    from qa.receipts.records import require_answers

    answers: Path = parsed.answers
    require_answers(answers)
    if not answers.is_file():
        raise InputFileError(f"{answers} is no file; give the .jsonl that qa batch has written.")
    out: Path = parsed.out if parsed.out is not None else answers.with_suffix(".html")
    return output_file(out, answers, "answers")
