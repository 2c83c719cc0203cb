"""What changed between two files of saved answers to the same questions."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import zip_longest
from pathlib import Path
from typing import IO

from qa.errors import InputFileError
from qa.receipts.locate import same_words
from qa.receipts.records import BadLine, Receipt, SavedAnswer, read_answers, saved_answer
from qa.text import Span

__all__ = ["CONFIDENCE_MARGIN", "Change", "Drift", "Side", "compare", "differences"]

#: Confidences closer than this are shown as the same per cent, or nearly.
CONFIDENCE_MARGIN = 0.01


class Side(StrEnum):
    """One of the two files."""

    OLD = "old"
    NEW = "new"

    @property
    def other(self) -> Side:
        return Side.NEW if self is Side.OLD else Side.OLD


class Change(StrEnum):
    """In what two answers to one question differ."""

    ANSWER = "answer"
    """Other words, or an answer where there was none."""
    SOURCE = "source"
    """Another file, or another sentence, is cited; the same one further down is no change."""
    CONFIDENCE = "confidence"
    MISSING = "missing"
    """Only one of the files has the question."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One question in both files."""

    old: SavedAnswer | None
    new: SavedAnswer | None
    changes: tuple[Change, ...]
    """Empty where nothing changed."""

    @property
    def question(self) -> str:
        either = self.new if self.new is not None else self.old
        assert either is not None
        return either.question


def compare(
    old: Path,
    new: Path,
    on_bad_line: Callable[[Path, BadLine], None],
    margin: float = CONFIDENCE_MARGIN,
) -> Iterator[Drift]:
    """Every question of the two files with what changed; those that only one has come last.

    Questions are paired by their text, the first with the first where one is asked twice. Both files are read
    once, side by side; of a question whose pair has not come yet only its place is held.

    Raises:
        InputFileError: a file cannot be read.
    """
    with ExitStack() as stack:
        waiting = {Side.OLD: _Waiting(old, stack), Side.NEW: _Waiting(new, stack)}
        for side, item in _side_by_side(old, new):
            if isinstance(item, BadLine):
                on_bad_line(old if side is Side.OLD else new, item)
                continue
            other = waiting[side.other].taken(_key(item))
            if other is None:
                waiting[side].add(item)
                continue
            before, after = (item, other) if side is Side.OLD else (other, item)
            yield Drift(before, after, differences(before, after, margin))
        for answer in waiting[Side.OLD].rest():
            yield Drift(answer, None, (Change.MISSING,))
        for answer in waiting[Side.NEW].rest():
            yield Drift(None, answer, (Change.MISSING,))


def _side_by_side(old: Path, new: Path) -> Iterator[tuple[Side, SavedAnswer | BadLine]]:
    """A line of one file, a line of the other, and so on."""
    for before, after in zip_longest(read_answers(old), read_answers(new)):
        if before is not None:
            yield Side.OLD, before
        if after is not None:
            yield Side.NEW, after


def differences(old: SavedAnswer, new: SavedAnswer, margin: float) -> tuple[Change, ...]:
    """In what two answers to one question differ."""
    changes = []
    if old.answer != new.answer:
        changes.append(Change.ANSWER)
    pairs = zip_longest(old.receipts, new.receipts)
    if not all(a and b and _same_source(a[1], b[1]) for a, b in pairs):
        changes.append(Change.SOURCE)
    if not _same_confidence(old.confidence, new.confidence, margin):
        changes.append(Change.CONFIDENCE)
    return tuple(changes)


def _same_confidence(one: float | None, other: float | None, margin: float) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= margin + 1e-9  # 0.85 - 0.84 is a little more than 0.01


def _same_source(one: Receipt, other: Receipt) -> bool:
    return one.file == other.file and (
        one.sentence_text == other.sentence_text
        or same_words(one.sentence_text, other.sentence_text)
    )


def _key(answer: SavedAnswer) -> bytes:
    text = answer.question.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=16).digest()


@dataclass
class _Waiting:
    """Answers of one file whose pair has not come yet: the last one itself, the rest as places."""

    path: Path
    stack: ExitStack
    _places: dict[bytes, deque[tuple[int, Span]]] = field(default_factory=dict)
    _last: SavedAnswer | None = None
    _stream: IO[bytes] | None = None

    def add(self, answer: SavedAnswer) -> None:
        self._places.setdefault(_key(answer), deque()).append((answer.line, answer.at))
        self._last = answer

    def taken(self, key: bytes) -> SavedAnswer | None:
        """The first that waits under ``key``, which waits no longer."""
        places = self._places.get(key)
        if places is None:
            return None
        line, at = places.popleft()
        if not places:
            del self._places[key]
        if self._last is not None and self._last.line == line:  # both files in the same order
            return self._last
        return self._read(line, at)

    def rest(self) -> Iterator[SavedAnswer]:
        """All that still wait, in the order of the file."""
        for line, at in sorted(place for places in self._places.values() for place in places):
            yield self._read(line, at)

    def _read(self, line: int, at: Span) -> SavedAnswer:
        try:
            if self._stream is None:
                self._stream = self.stack.enter_context(self.path.open("rb"))
            self._stream.seek(at.start)
            answer = saved_answer(self._stream.read(len(at)), line, at)
        except OSError as error:
            raise InputFileError(
                f"The answers file {self.path} cannot be read ({error.strerror})."
            ) from error
        if isinstance(answer, BadLine):
            raise InputFileError(f"{self.path} changed while it was read; compare it again.")
        return answer
