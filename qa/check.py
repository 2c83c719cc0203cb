"""Checks saved answers against the files themselves: no index, no model, no trust.

Each citation is a receipt: a file, the SHA-256 of its bytes, two offsets and a quote.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from qa.corpus import resolved_inside
from qa.documents import decoded, read_bytes
from qa.errors import DocumentError, InputFileError
from qa.text import LineIndex, Span

__all__ = ["Checked", "Status", "check_answers", "check_citation"]


class Status(StrEnum):
    """How a citation stands today."""

    OK = "ok"
    """The file is byte for byte the same and the slice is the quote."""
    MOVED = "moved"
    """The file has changed; the quote stands in it still."""
    CHANGED = "changed"
    """The quote is no longer in the file."""
    GONE = "gone"
    """There is no such file in the corpus."""


@dataclass(frozen=True, slots=True)
class Checked:
    """The result for one citation."""

    line: int
    """Of the answers file, from 1."""
    id: str
    n: int
    file: str
    status: Status
    detail: str


def check_answers(answers: Path, corpus: Path, max_bytes: int) -> Iterator[Checked | str]:
    """Every citation of a ``.jsonl`` of answers, checked; a string for a line that is no answer.

    Raises:
        InputFileError: the answers file cannot be read.
    """
    if answers.exists() and answers.suffix.lower() != ".jsonl":
        raise InputFileError(
            f"{answers} is no .jsonl; give the answers that qa batch wrote as one."
        )
    try:
        with answers.open("rb") as stream:
            for number, raw in enumerate(stream, start=1):
                if not raw.strip():
                    continue
                try:
                    record, citations = _citations(raw)
                except (ValueError, TypeError, KeyError, RecursionError) as error:
                    yield f"{answers}:{number}: not an answer of qa batch ({_reason(error)})"
                    continue
                for n, receipt in citations:
                    status, detail = check_citation(receipt, corpus, max_bytes)
                    yield Checked(number, str(record), n, receipt.file, status, detail)
    except OSError as error:
        raise InputFileError(
            f"The answers file {answers} cannot be read ({error.strerror}); "
            "give the .jsonl that qa batch has written."
        ) from error


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a citation claims."""

    file: str
    sha256: str
    span: Span
    quote: str
    sentence: Span
    sentence_text: str


def check_citation(receipt: Receipt, corpus: Path, max_bytes: int) -> tuple[Status, str]:
    """How a receipt stands against the files of ``corpus``, and a few words on it."""
    path = resolved_inside(corpus, receipt.file)
    if path is None:
        return Status.GONE, "the path leads out of the corpus; it was not opened"
    if not os.path.lexists(path):
        return Status.GONE, f"no such file in {corpus}"
    try:
        data = read_bytes(path, max_bytes)
        text = decoded(data)
    except DocumentError as error:
        return Status.CHANGED, str(error)
    same_file = hashlib.sha256(data).hexdigest() == receipt.sha256
    in_place = receipt.span.of(text) == receipt.quote
    sentence_in_place = receipt.sentence.of(text) == receipt.sentence_text
    if same_file and in_place and sentence_in_place:
        return Status.OK, ""
    if same_file and in_place:
        return Status.CHANGED, "the sentence around the quote is not the one in the file"
    if in_place and sentence_in_place:
        return Status.MOVED, "the file has changed, the quote stands where it stood"
    found = _find(text, receipt)
    if found is None:
        return Status.CHANGED, "the quote is not in the file any more"
    if found == receipt.span.start:
        return Status.MOVED, "the text around it has changed, the quote stands where it stood"
    line, column = LineIndex(text).position(found)
    return Status.MOVED, (
        f"now at line {line}, column {column} "
        f"(characters {found}-{found + len(receipt.quote)}, was {receipt.span.start}-{receipt.span.end})"
    )


def _find(text: str, receipt: Receipt) -> int | None:
    """Where the quote stands now: in its own sentence if that is left, else nearest to its old place."""

    def nearest(needle: str, old: int) -> int | None:
        places = []
        at = text.find(needle)
        while at != -1:
            places.append(at)
            at = text.find(needle, at + 1)
        return min(places, key=lambda place: abs(place - old), default=None)

    sentence = nearest(receipt.sentence_text, receipt.sentence.start)
    if sentence is not None:
        return sentence + receipt.span.start - receipt.sentence.start
    return nearest(receipt.quote, receipt.span.start)


def _citations(raw: bytes) -> tuple[Any, list[tuple[int, Receipt]]]:
    record = json.loads(raw)
    if not isinstance(record, dict) or not isinstance(record.get("citations"), list):
        raise ValueError("it has no citations")
    receipts = [(_offset(citation["n"]), _receipt(citation)) for citation in record["citations"]]
    if receipts and record.get("answer") != receipts[0][1].quote:
        raise ValueError("its answer is not the quote of its first citation")
    return record.get("id", ""), receipts


def _receipt(citation: dict[str, Any]) -> Receipt:
    quote, sentence = citation["quote"], citation["sentence"]
    start, end = _offset(citation["start"]), _offset(citation["end"])
    sentence_start = _offset(sentence["start"])
    texts = (citation["file"], citation["sha256"], quote, sentence["text"])
    if not all(isinstance(value, str) for value in texts) or not quote:
        raise ValueError("a citation lacks its file, sha256, quote or sentence")
    inner = sentence["text"][max(start - sentence_start, 0) :]
    if start < sentence_start or not inner.startswith(quote) or end - start != len(quote):
        raise ValueError("a citation's quote, offsets and sentence contradict each other")
    return Receipt(
        citation["file"],
        citation["sha256"],
        Span(start, end),
        quote,
        Span(sentence_start, sentence_start + len(sentence["text"])),
        sentence["text"],
    )


def _offset(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError("a citation's n, start and end must be whole numbers")
    return value


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError | RecursionError):
        return "not JSON, or cut off"
    return f"it lacks {error}" if isinstance(error, KeyError) else str(error)
