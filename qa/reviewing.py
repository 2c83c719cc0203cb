"""A person's judgement of saved answers, kept as labelled questions from the first one on.

The file of decisions is the labelled file: a row for each question that has been decided, written anew and
whole with every decision. A row whose ``answers`` are ``null`` says that nobody knows what is right;
:func:`qa.labelled.read_labelled` passes it over.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from qa.answer import Answer, Citation, Reply
from qa.errors import InputFileError, StoreError
from qa.files import replace_file
from qa.receipts.records import BadLine, SavedAnswer, read_answers
from qa.restoring import reply_of
from qa.text import Span

__all__ = [
    "Decision",
    "Decisions",
    "Key",
    "ReviewItem",
    "Row",
    "accepted",
    "corrected",
    "left_out",
    "rejected",
    "review_queue",
]

#: A question, told by its id and by what was asked.
Key = tuple[str, str]
Row = dict[str, Any]


class Decision(StrEnum):
    """What became of a saved answer."""

    ACCEPTED = "accepted"
    """It is right; a refusal was."""
    CORRECTED = "corrected"
    """Another span is."""
    REJECTED = "rejected"
    """It is wrong, since the corpus does not say."""
    LEFT_OUT = "left_out"
    """It is wrong, and what is right is not known: no question to measure by."""


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """A saved answer that waits to be judged."""

    id: str
    asked: str
    """The question as it was typed."""
    line: int
    """Of the answers file, from 1."""
    reply: Reply

    @property
    def key(self) -> Key:
        return self.id, self.asked

    @property
    def question(self) -> str:
        """What was answered: a follow-up stands in the labelled file as it was understood."""
        return self.reply.understood_as or self.asked

    @property
    def citations(self) -> tuple[Citation, ...]:
        """What can be looked at: of a refusal the nearest passage, if there is one."""
        if isinstance(self.reply, Answer):
            return self.reply.citations
        return (self.reply.rejected,) if self.reply.rejected is not None else ()


def review_queue(path: Path) -> tuple[list[ReviewItem], list[BadLine]]:
    """The answers that ``qa batch`` wrote, the least confident first; and the lines that are none.

    Raises:
        InputFileError: the file cannot be read, or no line of it is an answer.
    """
    items: list[ReviewItem] = []
    bad: list[BadLine] = []
    seen: dict[Key, int] = {}
    for read in read_answers(path):
        item = read if isinstance(read, BadLine) else _item(read)
        if isinstance(item, ReviewItem):
            if item.key in seen:
                said = f"its id and question stand on line {seen[item.key]} too"
                item = BadLine(item.line, said)
            else:
                seen[item.key] = item.line
        (bad if isinstance(item, BadLine) else items).append(item)  # type: ignore[arg-type]
    if not items:
        first = f" (line {bad[0].line}: {bad[0].reason})" if bad else ""
        raise InputFileError(
            f"{path} holds no answer to review{first}; give the .jsonl that qa batch has written."
        )
    return sorted(items, key=lambda item: (item.reply.confidence, item.line)), bad


def _item(saved: SavedAnswer) -> ReviewItem | BadLine:
    try:
        json.dumps(saved.record, ensure_ascii=False).encode()
        reply = reply_of(saved.record)
    except UnicodeEncodeError:
        return BadLine(saved.line, "it holds characters that are no text")
    except (StoreError, AttributeError) as error:
        cause = error.__cause__ if isinstance(error, StoreError) else error
        said = f"it lacks {cause}" if isinstance(cause, KeyError) else str(cause)
        return BadLine(saved.line, f"not an answer of qa batch ({said})")
    if not saved.question.strip() or not (saved.answer is None or saved.answer.strip()):
        return BadLine(saved.line, "its question or its answer is empty")
    return ReviewItem(saved.id, saved.question, saved.line, reply)


# What a decision makes of an answer


def accepted(item: ReviewItem) -> Row:
    """The answer is right, or the refusal."""
    if isinstance(item.reply, Answer):
        return _row(item, Decision.ACCEPTED, _cited(item.reply.citations[0]))
    return _row(item, Decision.ACCEPTED, {"answers": []})


def corrected(item: ReviewItem, file: str, sha256: str, text: str, span: Span) -> Row:
    """The answer is ``span`` of ``text``, the text of ``file``."""
    quote = span.of(text)
    if not quote.strip():
        raise ValueError("a correction must hold a word")
    place = {"answers": [quote], "file": file, "sha256": sha256}
    return _row(item, Decision.CORRECTED, {**place, "start": span.start, "end": span.end})


def rejected(item: ReviewItem) -> Row:
    """The answer is wrong: the corpus does not say."""
    return _row(item, Decision.REJECTED, {"answers": []})


def left_out(item: ReviewItem) -> Row:
    """The reply is wrong, and what is right is not known."""
    return _row(item, Decision.LEFT_OUT, {"answers": None})


def _cited(citation: Citation) -> Row:
    return {
        "answers": [citation.quote],
        "file": citation.file,
        "sha256": citation.sha256,
        "start": citation.span.start,
        "end": citation.span.end,
    }


def _row(item: ReviewItem, decision: Decision, right: Row) -> Row:
    follow_up = {"asked": item.asked} if item.question != item.asked else {}
    return {
        "id": item.id,
        "question": item.question,
        **follow_up,
        **right,
        "decision": str(decision),
        "confidence": round(item.reply.confidence, 4),
    }


class Decisions:
    """The decisions so far, on the disk before any method returns.

    Rows of questions that are not in the queue stay as they are. The last decided stands last.
    """

    def __init__(
        self, path: Path, queue: Sequence[ReviewItem], rows: dict[Key, Row], written: bytes | None
    ) -> None:
        self.path = path
        self._rows = rows
        self._written = written
        asked = {item.key for item in queue}
        # A decision can be taken back after a new start too; what it superseded is no longer known then.
        self._history: list[tuple[Key, Row | None]] = [(key, None) for key in rows if key in asked]

    @classmethod
    def load(cls, path: Path, queue: Sequence[ReviewItem]) -> Decisions:
        """The decisions in ``path``, to go on with those on ``queue``; none if there is no such file.

        Raises:
            InputFileError: it cannot be read, or holds something else.
        """
        written = _bytes_of(path)
        rows: dict[Key, Row] = {}
        for number, line in enumerate((written or b"").split(b"\n"), start=1):
            if line.strip():
                key, row = _read_row(line, path, number)
                rows.pop(key, None)
                rows[key] = row
        return cls(path, queue, rows, written)

    def of(self, item: ReviewItem) -> Row | None:
        """What was decided of ``item``."""
        return self._rows.get(item.key)

    def decide(self, item: ReviewItem, row: Row) -> None:
        """Take a decision, in place of an earlier one.

        Raises:
            InputFileError: it cannot be saved; the decisions are as they were.
        """
        rows = {key: old for key, old in self._rows.items() if key != item.key}
        self._save({**rows, item.key: row})
        self._history.append((item.key, self._rows.get(item.key)))
        self._rows = {**rows, item.key: row}

    def undo(self) -> Key | None:
        """Take the last decision back, and say of what it was; ``None`` if there is none.

        Raises:
            InputFileError: as :meth:`decide`.
        """
        if not self._history:
            return None
        key, before = self._history[-1]
        rows = {other: row for other, row in self._rows.items() if other != key}
        if before is not None:
            rows[key] = before
        self._save(rows)
        self._history.pop()
        self._rows = rows
        return key

    def _save(self, rows: dict[Key, Row]) -> None:
        if _bytes_of(self.path) != self._written:
            raise InputFileError(
                f"{self.path} has been changed by something else meanwhile; leave, and start "
                "qa review again to go on from what it holds now."
            )
        data = b"".join(
            json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows.values()
        )
        try:
            replace_file(self.path, data)
        except OSError as error:
            raise InputFileError(
                f"The decision could not be saved to {self.path} ({error.strerror}); "
                "nothing was lost. Mend that and decide again."
            ) from error
        self._written = data


def _bytes_of(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputFileError(
            f"The decisions {path} cannot be read ({error.strerror}); name another file with -o."
        ) from error


def _read_row(line: bytes, path: Path, number: int) -> tuple[Key, Row]:
    try:
        row = json.loads(line)
        Decision(row["decision"])
        key = row["id"], row.get("asked", row["question"])
        if not all(isinstance(part, str) for part in key) or "answers" not in row:
            raise ValueError("its id, question or answers are missing")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputFileError(
            f"{path}:{number}: not a decision of qa review ({error}); mend or remove the line, "
            "or name another file with -o."
        ) from error
    return key, row
