"""Reads a file of saved answers line by line, each citation as the receipt that it is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from qa.errors import InputFileError
from qa.text import Span

__all__ = [
    "BadLine",
    "Receipt",
    "SavedAnswer",
    "read_answers",
    "read_saved",
    "receipt_of",
    "require_answers",
    "saved_answer",
]

#: A line is some kilobytes; one longer than this many bytes is none of ours, and is never held whole.
LONGEST_LINE = 16_000_000


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a citation claims."""

    file: str
    sha256: str
    span: Span
    quote: str
    sentence: Span
    sentence_text: str
    prefix: str | None = None
    """The characters right before the sentence; ``None`` in receipts of before these were kept."""
    suffix: str | None = None
    """The characters right after it."""
    position: tuple[int, int] | None = None
    """Line and column of the quote, from 1, where the citation names them."""
    location: str | None = None
    """On which place of the original the quote stands, where the citation names one."""


@dataclass(frozen=True, slots=True)
class SavedAnswer:
    """One line of an answers file, found to be consistent in itself."""

    line: int
    """Of the answers file, from 1."""
    at: Span
    """Where the line stands in the answers file, in bytes, its line break included."""
    id: str
    record: dict[str, Any]
    """The line as it was read."""
    receipts: tuple[tuple[int, Receipt], ...]
    """The number of each citation, and what it claims; empty where the answer is none."""

    @property
    def question(self) -> str:
        """As it was asked; empty in a line without one."""
        return str(self.record.get("question", ""))

    @property
    def answer(self) -> str | None:
        """The quote of the first citation."""
        return self.receipts[0][1].quote if self.receipts else None

    @property
    def confidence(self) -> float | None:
        """From 0 to 1; ``None`` in a line without one."""
        return probability(self.record, "confidence")


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no saved answer, or contradicts itself, and why."""

    line: int
    reason: str


def require_answers(path: Path) -> None:
    """To be called before anything else is looked at.

    Raises:
        InputFileError: there is none.
    """
    if not path.exists():
        raise InputFileError(
            f"There is no answers file {path}; give the .jsonl that qa batch has written."
        )


def read_answers(path: Path) -> Iterator[SavedAnswer | BadLine]:
    """The answers of a ``.jsonl`` that ``qa batch`` wrote, in order; blank lines are passed over.

    One line is held at a time, however long the file is.

    Raises:
        InputFileError: the file is not there, cannot be read, or is no ``.jsonl``.
    """
    require_answers(path)
    if path.suffix.lower() != ".jsonl":
        raise InputFileError(f"{path} is no .jsonl; give the answers that qa batch wrote as one.")
    try:
        with path.open("rb") as stream:
            for line, at, raw in _lines(stream):
                if raw is None:
                    yield BadLine(line, f"it is longer than {LONGEST_LINE:,} bytes")
                elif raw.strip():
                    yield saved_answer(raw, line, at)
    except OSError as error:
        raise InputFileError(
            f"The answers file {path} cannot be read ({error.strerror}); "
            "give the .jsonl that qa batch has written."
        ) from error


def probability(values: Mapping[str, Any], key: str) -> float | None:
    """A number from 0 to 1 under a key; ``None`` where there is something else or nothing."""
    value = values.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        return None
    return float(value)


def read_saved(path: Path) -> Iterator[SavedAnswer | BadLine]:
    """As :func:`read_answers`; or the replies of a ``.json``, one conversation saved from the chat.

    There ``line`` is the number of the turn, from 1.

    Raises:
        InputFileError: the file cannot be read, or is neither.
    """
    if path.suffix.lower() != ".json":
        yield from read_answers(path)
        return
    for number, turn in enumerate(_turns(path), start=1):
        if not isinstance(turn, dict):
            yield BadLine(number, "not a turn of a conversation")
        else:
            yield _saved_answer(turn, number, Span(0, 0))


def _turns(path: Path) -> list[Any]:
    require_answers(path)
    try:
        with path.open("rb") as stream:
            raw = stream.read(LONGEST_LINE + 1)
        conversation = json.loads(raw) if len(raw) <= LONGEST_LINE else None
    except OSError as error:
        raise InputFileError(
            f"The conversation {path} cannot be read ({error.strerror})."
        ) from error
    except (ValueError, RecursionError):
        conversation = None
    turns = conversation.get("turns") if isinstance(conversation, dict) else None
    if not isinstance(turns, list):
        raise InputFileError(
            f"{path} is no conversation saved as JSON, or longer than {LONGEST_LINE:,} bytes; "
            "give one, or the .jsonl that qa batch has written."
        )
    return turns


def saved_answer(raw: bytes, line: int, at: Span) -> SavedAnswer | BadLine:
    """The answer in one line of an answers file."""
    try:
        record = json.loads(raw)
    except (ValueError, RecursionError):
        return BadLine(line, "not an answer of qa batch (not JSON, or cut off)")
    return _saved_answer(record, line, at)


def _saved_answer(record: Any, line: int, at: Span) -> SavedAnswer | BadLine:
    try:
        receipts = _receipts(record)
    except (ValueError, TypeError) as error:
        return BadLine(line, f"not an answer of qa batch ({error})")
    except KeyError as error:
        return BadLine(line, f"not an answer of qa batch (it lacks {error})")
    return SavedAnswer(line, at, str(record.get("id", "")), record, receipts)


def _lines(stream: IO[bytes]) -> Iterator[tuple[int, Span, bytes | None]]:
    """Number, place and bytes of each line; ``None`` for one that is too long to be held."""
    line = end = 0
    while raw := stream.readline(LONGEST_LINE + 1):
        line, start, end = line + 1, end, end + len(raw)
        whole = len(raw) <= LONGEST_LINE or raw.endswith(b"\n")
        piece = raw
        while not whole and piece and not piece.endswith(b"\n"):
            piece = stream.readline(1 << 20)
            end += len(piece)
        yield line, Span(start, end), raw if whole else None


def _receipts(record: Any) -> tuple[tuple[int, Receipt], ...]:
    if not isinstance(record, dict) or not isinstance(record.get("citations"), list):
        raise ValueError("it has no citations")
    receipts = tuple((_whole(item["n"]), receipt_of(item)) for item in record["citations"])
    answer = record.get("answer")
    if receipts and answer != receipts[0][1].quote:
        raise ValueError("its answer is not the quote of its first citation")
    if not receipts and answer is not None:
        raise ValueError("its answer has no citation")
    return receipts


def receipt_of(citation: dict[str, Any]) -> Receipt:
    """What a citation, as it was saved, claims.

    Raises:
        ValueError, TypeError, KeyError: it is none, or contradicts itself.
    """
    quote, sentence = citation["quote"], citation["sentence"]
    start, end = _whole(citation["start"]), _whole(citation["end"])
    sentence_start = _whole(sentence["start"])
    texts = (citation["file"], citation["sha256"], quote, sentence["text"])
    around = (sentence.get("prefix"), sentence.get("suffix"))
    if not all(isinstance(value, str) for value in texts) or not quote:
        raise ValueError("a citation lacks its file, sha256, quote or sentence")
    if not all(isinstance(value, str | None) for value in around):
        raise ValueError("a sentence's prefix and suffix must be text")
    sentence_end = sentence_start + len(sentence["text"])
    inner = sentence["text"][max(start - sentence_start, 0) :]
    if (
        start < sentence_start
        or not inner.startswith(quote)
        or end - start != len(quote)
        or sentence.get("end", sentence_end) != sentence_end
    ):
        raise ValueError("a citation's quote, offsets and sentence contradict each other")
    position = None
    if "line" in citation and "column" in citation:
        position = (_whole(citation["line"]), _whole(citation["column"]))
    location = citation.get("location")
    if not isinstance(location, str | None):
        raise ValueError("a citation's location must be text")
    return Receipt(
        file=citation["file"],
        sha256=citation["sha256"],
        span=Span(start, end),
        quote=quote,
        sentence=Span(sentence_start, sentence_end),
        sentence_text=sentence["text"],
        prefix=around[0],
        suffix=around[1],
        position=position,
        location=location,
    )


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError("a citation's n, start, end, line and column must be whole numbers")
    return value
