"""``qa uses`` and ``qa diff``: what rests on a file, and what changed between two runs."""

from __future__ import annotations

import argparse
import textwrap
from collections import Counter
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qa.commands.listing import JsonListing
from qa.errors import ExitCode, UsageError
from qa.roots import corpus_words
from qa.settings import Settings
from qa.terminal import say, width
from qa.text import counted, one_line

if TYPE_CHECKING:
    from qa.receipts.drift import Drift
    from qa.receipts.records import BadLine, SavedAnswer
    from qa.receipts.uses import Use

__all__ = ["diff", "show_drift", "uses"]


def uses(parsed: argparse.Namespace, settings: Settings) -> ExitCode:
    from qa.formats.extracted import Limits
    from qa.receipts.records import BadLine
    from qa.receipts.sources import Refusal, Refused, Sources
    from qa.receipts.uses import Reliance, Use, file_in_corpus, uses_of

    sources = Sources(settings.corpus, settings.max_file_bytes, limits=Limits.of(settings))
    file = file_in_corpus(parsed.file, settings.corpus)
    opened = sources.open(file)
    if isinstance(opened, Refused):
        if opened.why is Refusal.OUTSIDE:
            raise UsageError(
                f"{file} is not in {corpus_words(settings.corpus)}; name a file of that folder."
            )
        say(f"{file}: {opened.detail}. Answers that name it are listed all the same.")
    counts: Counter[Reliance] = Counter()
    answers = bad_lines = 0
    listing = JsonListing("answers") if parsed.json else None
    files = parsed.answers if parsed.answers is not None else _answers_here()
    for path in files:
        for item in uses_of(file, path, sources):
            if isinstance(item, BadLine):
                bad_lines += 1
                say(f"{path}:{item.line}: {item.reason}")
                continue
            answer = item.answer if isinstance(item, Use) else item
            answers += bool(answer.receipts)  # an abstention rests on nothing
            if not isinstance(item, Use):
                continue
            counts[item.reliance] += 1
            if listing is not None:
                listing.add(_use_as_data(path, item))
            else:
                print(_use_as_text(path, item))
    if listing is not None:
        by_reliance = {str(reliance): counts[reliance] for reliance in Reliance}
        summary = {**by_reliance, "answers": answers, "malformed": bad_lines}
        listing.end({"file": file, "summary": summary})
    else:
        print(one_line(_uses_in_words(file, counts, answers, len(files))))
    return ExitCode.FAILURE if bad_lines else ExitCode.OK


def _answers_here() -> list[Path]:
    """The files of answers in the working folder."""
    from qa.receipts.records import BadLine, read_answers

    found = []
    for path in sorted(Path().glob("*.jsonl")):
        first = next(iter(read_answers(path)), None)
        if first is None or isinstance(first, BadLine):
            say(f"{path}: passed over, it does not begin with an answer of qa batch")
        else:
            found.append(path)
    if not found:
        raise UsageError("There are no saved answers in this folder; name some with --answers.")
    return found


def _use_as_data(path: Path, use: Use) -> dict[str, Any]:
    return {
        "answers": str(path),
        "line": use.answer.line,
        "id": use.answer.id,
        "question": use.answer.question,
        "answer": use.answer.answer,
        "reliance": use.reliance,
        "citations": list(use.citations),
    }


def _use_as_text(path: Path, use: Use) -> str:
    numbers = ", ".join(map(str, use.citations))
    place = f"{path}:{use.answer.line}  {use.answer.id} [{numbers}]"
    return one_line(f"{use.reliance:<6}  {place}  {use.answer.question}")


def _uses_in_words(file: str, counts: Counter[Any], answers: int, files: int) -> str:
    from qa.receipts.uses import Reliance

    resting = counts[Reliance.ALONE] + counts[Reliance.SHARED]
    verb = "rests" if resting == 1 else "rest"
    cited = counts[Reliance.CITED]
    others = f"; {cited} more only cite it" if cited else ""
    return (
        f"{counted(resting, 'answer')} of {answers:,} in {counted(files, 'file')} {verb} on {file}, "
        f"{counts[Reliance.ALONE]:,} on it alone{others}"
    )


def diff(parsed: argparse.Namespace, _: Settings) -> ExitCode:
    if not 0.0 <= parsed.margin <= 1.0:
        raise UsageError("--margin must lie between 0 and 1.")
    same = show_drift(parsed.old, parsed.new, margin=parsed.margin, as_json=parsed.json)
    return ExitCode.OK if same else ExitCode.FAILURE


def show_drift(old: Path, new: Path, *, margin: float, as_json: bool = False) -> bool:
    """Print what changed between two files of answers; True if nothing did and each line was read."""
    from qa.receipts.drift import compare
    from qa.receipts.records import require_answers

    for path in (old, new):
        require_answers(path)
    bad_lines = 0

    def on_bad_line(path: Path, item: BadLine) -> None:
        nonlocal bad_lines
        bad_lines += 1
        say(f"{path}:{item.line}: {item.reason}")

    counts: Counter[str] = Counter()
    questions = changed = 0
    listing = JsonListing("changes") if as_json else None
    for drift in compare(old, new, on_bad_line, margin):
        questions += 1
        if not drift.changes:
            continue
        changed += 1
        counts.update(drift.changes)
        if listing is not None:
            listing.add(_drift_as_data(drift))
        else:
            print(_drift_as_text(drift, width()), end="\n\n")
    if listing is not None:
        summary = {"questions": questions, "changed": changed, "by_change": dict(counts)}
        listing.end({"summary": {**summary, "malformed": bad_lines}})
    else:
        kinds = ", ".join(f"{count} {kind}" for kind, count in counts.items())
        print(
            f"{changed} of {counted(questions, 'question')} changed" + (f": {kinds}" * bool(kinds))
        )
    return not changed and not bad_lines


def _drift_as_data(drift: Drift) -> dict[str, Any]:
    return {
        "question": drift.question,
        "changes": list(drift.changes),
        "old": _side_as_data(drift.old),
        "new": _side_as_data(drift.new),
    }


def _side_as_data(answer: SavedAnswer | None) -> dict[str, Any] | None:
    if answer is None:
        return None
    sources = [
        {"file": receipt.file, "start": receipt.span.start, "sentence": receipt.sentence_text}
        for _, receipt in answer.receipts
    ]
    return {
        "line": answer.line,
        "id": answer.id,
        "answer": answer.answer,
        "confidence": answer.confidence,
        "sources": sources,
    }


def _drift_as_text(drift: Drift, columns: int) -> str:
    """The question, and below it both sides, what changed marked with ``*``."""
    from qa.receipts.drift import Change

    each = max((columns - 18) // 2, 20)
    lines = textwrap.wrap(one_line(drift.question), max(columns, 20)) or ["(no question)"]
    if drift.changes == (Change.MISSING,):
        lines.append(f"* only in the {'old' if drift.new is None else 'new'} file")
    for change, show in (
        (Change.ANSWER, _shown_answer),
        (Change.SOURCE, _shown_sources),
        (Change.CONFIDENCE, _shown_confidence),
    ):
        sides = [
            [row for text in show(side) for row in textwrap.wrap(one_line(text), each)]
            for side in (drift.old, drift.new)
        ]
        name = f"{'*' if change in drift.changes else ' '} {change}"
        for old, new in zip_longest(*sides, fillvalue=""):
            lines.append(f"{name:<14}{old:<{each}}  {new}".rstrip())
            name = ""
    return "\n".join(lines)


def _shown_answer(answer: SavedAnswer | None) -> list[str]:
    if answer is None:
        return ["-"]
    return [answer.answer if answer.answer is not None else "(no answer)"]


def _shown_sources(answer: SavedAnswer | None) -> list[str]:
    if answer is None or not answer.receipts:
        return ["-"]
    shown = []
    for n, receipt in answer.receipts:
        line = f":{receipt.position[0]}" if receipt.position is not None else ""
        shown += [f"[{n}] {receipt.file}{line}", receipt.sentence_text]
    return shown


def _shown_confidence(answer: SavedAnswer | None) -> list[str]:
    if answer is None or answer.confidence is None:
        return ["-"]
    return [f"{answer.confidence:.4f}"]
