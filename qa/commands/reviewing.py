"""``qa review``: a person judges saved answers, and has a labelled file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from qa.commands.outputs import output_file
from qa.errors import ExitCode, UsageError
from qa.settings import Settings
from qa.terminal import say
from qa.text import counted

__all__ = ["review"]


def review(parsed: argparse.Namespace, settings: Settings) -> ExitCode:
    answers: Path = parsed.answers
    out = _labelled_file(parsed)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("qa review needs a terminal, for a person to judge in.")
    from qa.reviewing import Decisions, review_queue
    from qa.tui.review_app import ReviewApp

    queue, bad = review_queue(answers)
    decisions = Decisions.load(out, queue)
    for line in bad:
        say(f"{answers}:{line.line}: {line.reason}")
    if bad:
        say(f"{counted(len(bad), 'line')} of {answers} cannot be reviewed")
    app = ReviewApp(settings, queue, decisions)
    app.run()
    decided = app.review.decided
    if decided:
        say(f"{decided} of {len(queue)} decided in {out}; measure with: qa eval {out}")
    else:
        say("Nothing is decided yet.")
    return ExitCode.OK


def _labelled_file(parsed: argparse.Namespace) -> Path:
    """Where the decisions go; never over the answers, and by a name that ``qa eval`` takes."""
    answers: Path = parsed.answers
    out: Path = parsed.out if parsed.out is not None else answers.with_suffix(".reviewed.jsonl")
    if out.suffix != ".jsonl":
        raise UsageError(f"{out} must end in .jsonl, so that qa eval can read it.")
    if not out.parent.is_dir():
        raise UsageError(f"There is no folder {out.parent} for {out.name}; make it first.")
    return output_file(out, answers, "answers")
