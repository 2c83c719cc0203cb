"""Reads the documents and questions written for training, kept as text that people can edit.

=== Title of the document | 2031-05-12
A whole paragraph on one line.
> paraphrase | Question? | answer, word for word
> short | question | answer @@ a longer piece of the paragraph, where the answer stands twice
> none | Question that the document does not answer? |
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from reader_training.data import Answer, Example

KINDS = ("paraphrase", "short", "why_how", "who_said", "list", "which", "none")


class RowError(ValueError):
    """A line that is no row; its text names the file and the line."""


def read_written(path: Path) -> list[Example]:
    """All questions of one file.

    Raises:
        RowError: a line cannot be understood, or an answer does not stand once in its paragraph.
    """
    examples: list[Example] = []
    title, day, paragraph = "", None, ""
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
        line = line.strip()
        try:
            if line.startswith("==="):
                title, day = _heading(line)
                paragraph = ""
            elif line.startswith(">"):
                examples.append(_row(line, paragraph, title, day))
            elif line:
                paragraph = line
        except ValueError as error:
            raise RowError(f"{path}:{number}: {error}") from error
    return examples


def _heading(line: str) -> tuple[str, date | None]:
    title, _, day = (piece.strip() for piece in line.strip("= ").partition("|"))
    return title, date.fromisoformat(day) if day else None


def _row(line: str, paragraph: str, title: str, day: date | None) -> Example:
    kind, question, answer = [*(piece.strip() for piece in line[1:].split("|")), "", ""][:3]
    if kind not in KINDS or not question or not paragraph:
        raise ValueError("not a question: > KIND | question | answer")
    if (kind == "none") == bool(answer):
        raise ValueError(f"a question of kind {kind} {'has no' if answer else 'needs an'} answer")
    answers = (_located(answer, paragraph),) if answer else ()
    return Example(question, paragraph, answers, kind, title, day)


def _located(answer: str, paragraph: str) -> Answer:
    text, _, around = (piece.strip() for piece in answer.partition("@@"))
    around = around or text
    if not text or paragraph.count(around) != 1 or text not in around:
        raise ValueError(f"{around!r} must stand once in the paragraph and hold the answer")
    return Answer(text, paragraph.index(around) + around.index(text))


def read_all_written(written: Path) -> Iterator[Example]:
    """The questions of a file, or of every `.txt` file of a folder in the order of their names."""
    for path in sorted(written.glob("*.txt")) if written.is_dir() else [written]:
        yield from read_written(path)
