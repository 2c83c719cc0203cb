"""What a reader reads at once: a passage, or a row of one of its tables written out."""

from __future__ import annotations

from dataclasses import dataclass

from qa.retrieval import RetrievedPassage
from qa.text import Span
from qa.written_rows import WrittenRow

__all__ = ["Sentence", "Unit"]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence before it is read."""

    span: Span
    similarity: float
    known: tuple[float, ...]
    """Its features but those that reading gives (:data:`qa.reading.SPAN_FEATURES`)."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A passage with those of its sentences that no other unit holds, or a row of a table in it."""

    passage: RetrievedPassage
    sentences: tuple[Sentence, ...]
    row: WrittenRow | None = None

    @property
    def key(self) -> tuple[int, str]:
        """Tells it from the other units of a question."""
        return self.passage.id, self.row.text if self.row is not None else ""

    @property
    def header(self) -> str:
        """What is read before the passage or the row."""
        columns = self.passage.section.columns
        without = self.row is not None and columns
        return self.passage.header.removesuffix(f"{columns}\n") if without else self.passage.header

    @property
    def context(self) -> str:
        """What is read."""
        return self.header + (self.row.text if self.row is not None else self.passage.text)
