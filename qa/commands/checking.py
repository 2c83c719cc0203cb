"""``qa check``: saved answers against the files themselves."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qa.commands.listing import JsonListing
from qa.commands.outputs import output_file, say_what_is_kept
from qa.errors import ExitCode, UsageError
from qa.files import worth_keeping
from qa.roots import corpus_words
from qa.settings import Settings
from qa.terminal import say
from qa.text import counted, one_line

if TYPE_CHECKING:
    from qa.receipts.check import CheckedAnswer, Finding, Status, Tally
    from qa.receipts.records import BadLine, Receipt

__all__ = ["check"]


def check(parsed: argparse.Namespace, settings: Settings) -> ExitCode:
    from qa.formats.extracted import Limits
    from qa.receipts.check import CheckedAnswer, Tally, check_answers
    from qa.receipts.fix import fixing
    from qa.receipts.records import require_answers
    from qa.receipts.sources import Sources

    answers: Path = parsed.answers
    require_answers(answers)
    out = _fixed_file(parsed)
    earlier = out is not None and worth_keeping(out)
    # A missing folder is one error, not one for each citation.
    sources = Sources(settings.corpus, settings.max_file_bytes, limits=Limits.of(settings))
    tally = Tally()
    items = check_answers(answers, sources)
    report = _JsonReport() if parsed.json else _TextReport()
    with fixing(answers, out) if out is not None else nullcontext() as fixer:
        for item in items:
            tally.add(item)
            if isinstance(item, CheckedAnswer):
                report.answer(item)
                if fixer is not None:
                    fixer.take(item)
            else:
                report.bad_line(item)
                say(f"{answers}:{item.line}: {item.reason}")
    passed = tally.passes(strict=parsed.strict)
    report.end(tally, passed)
    _say_what_to_do(tally, answers, settings)
    if out is not None and fixer is not None:
        found = sum(count for status, count in tally.by_status.items() if status.found)
        lost = tally.citations - found
        left = (
            f"; {counted(lost, 'citation')} could not be found and "
            f"{'stays as it was' if lost == 1 else 'stay as they were'}"
            if lost
            else ""
        )
        if earlier:
            say_what_is_kept(out)
        say(f"{counted(fixer.citations, 'citation')} brought up to date in {out}{left}")
    return ExitCode.OK if passed else ExitCode.FAILURE


def _fixed_file(parsed: argparse.Namespace) -> Path | None:
    """Where the fixed answers go; never over the ones they are made from."""
    if not parsed.fix:
        if parsed.out is not None:
            raise UsageError("-o names the file for --fix; give both or neither.")
        return None
    answers: Path = parsed.answers
    if not answers.is_file() or answers.suffix.lower() != ".jsonl":
        raise UsageError(f"--fix mends files that end in .jsonl; {answers} is none.")
    out: Path = parsed.out if parsed.out is not None else answers.with_suffix(".fixed.jsonl")
    return output_file(out, answers, "answers")


def _say_what_to_do(tally: Tally, answers: Path, settings: Settings) -> None:
    from qa.receipts.check import Status

    if tally.by_status[Status.GONE] == tally.citations > 0:
        say(
            f"None of the cited files is in {corpus_words(settings.corpus)}; "
            "name their folder with --corpus DIR."
        )
    if tally.bad_lines:
        say(f"{counted(tally.bad_lines, 'line')} of {answers} could not be checked")


def _each(item: CheckedAnswer) -> Iterator[tuple[int, Receipt, Finding]]:
    for (n, receipt), finding in zip(item.answer.receipts, item.findings, strict=True):
        yield n, receipt, finding


class _TextReport:
    """A line for each citation; then the files with anything but ``ok``; then the sum."""

    def answer(self, item: CheckedAnswer) -> None:
        for n, receipt, finding in _each(item):
            detail = f"  {finding.detail}" if finding.detail else ""
            what = f"{item.answer.id} [{n}]  {receipt.file}{detail}"
            print(one_line(f"{finding.status:<8} {what}"))

    def bad_line(self, item: BadLine) -> None:
        """Talk, no data: it goes to stderr alone."""

    def end(self, tally: Tally, _passed: bool) -> None:
        from qa.receipts.check import Status

        for file, counts in sorted(tally.by_file.items()):
            if set(counts) - {Status.OK}:
                print(one_line(f"{file}: {_in_words(counts, ())}"))
        always = (Status.OK, Status.MOVED, Status.CHANGED, Status.GONE)
        print(f"{counted(tally.citations, 'citation')}: {_in_words(tally.by_status, always)}")


class _JsonReport:
    """One object: ``results``, one for each citation and each bad line, then ``summary``."""

    def __init__(self) -> None:
        self._listing = JsonListing("results")

    def answer(self, item: CheckedAnswer) -> None:
        for n, receipt, finding in _each(item):
            result = {
                "line": item.answer.line,
                "id": item.answer.id,
                "n": n,
                "file": receipt.file,
                "status": finding.status,
                "detail": finding.detail,
                "start": receipt.span.start,
                "end": receipt.span.end,
                "now": _now(finding.now),
            }
            self._listing.add(result)

    def bad_line(self, item: BadLine) -> None:
        self._listing.add({"line": item.line, "status": "malformed", "detail": item.reason})

    def end(self, tally: Tally, passed: bool) -> None:
        from qa.receipts.check import Status

        summary = {
            "citations": tally.citations,
            "by_status": {status: tally.by_status[status] for status in Status},
            "by_file": {file: dict(counts) for file, counts in tally.by_file.items()},
            "malformed": tally.bad_lines,
            "passed": passed,
        }
        self._listing.end({"summary": summary})


def _now(receipt: Receipt | None) -> dict[str, Any] | None:
    """Where the quote stands today, and in which words."""
    if receipt is None or receipt.position is None:
        return None
    return {
        "file": receipt.file,
        "start": receipt.span.start,
        "end": receipt.span.end,
        "line": receipt.position[0],
        "column": receipt.position[1],
        "quote": receipt.quote,
    }


def _in_words(counts: Counter[Status], always: tuple[Status, ...]) -> str:
    """``3 ok, 0 moved``: those of ``always``, then whatever else there is."""
    from qa.receipts.check import Status

    named = [*always, *(status for status in Status if status not in always and counts[status])]
    return ", ".join(f"{counts[status]} {status}" for status in named)
