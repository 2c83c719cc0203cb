"""Candidate answers: spans of the passages that were retrieved, each with the score that it is ranked by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import inf
from typing import Protocol

import numpy as np
import numpy.typing as npt

from qa.retrieval import Retrieval, RetrievedPassage, RetrievedSentence
from qa.terms import words
from qa.text import Span
from qa.written_rows import WrittenRow

__all__ = ["Candidate", "Reader", "Row", "ranked", "said", "same_place", "similarity_of"]

#: How many candidates are worth carrying on.
KEPT = 20


@dataclass(frozen=True, slots=True)
class Candidate:
    """A span that may answer the question; spans count in its document's text."""

    passage: RetrievedPassage
    span: Span
    sentence: Span
    score: float
    """Log-odds, comparable across passages; higher is better."""
    margin: float = 0.0
    """Of a span reader: the span's logits above the null score of its passage."""
    similarity: float = 0.0
    """Of its sentence to the question; that of its passage where sentences have no vectors."""
    ahead: float = inf
    """Of a span reader: the span's logits above those of the next best span in its sentence."""
    row: WrittenRow | None = None
    """The row of a table that it was found in, where that was read instead of the passage."""
    verified: float | None = None
    """Of the best one: how far its sentence lies above the null score when read beside its rivals; ``None``
    where it was not."""


#: An unscored candidate with its features.
Row = tuple[Candidate, tuple[float, ...]]


class Reader(Protocol):
    """Reads passages for a question."""

    def read(self, retrieval: Retrieval) -> list[Candidate]:
        """Candidate answers, best first; empty if no sentence is worth considering."""


def same_place(one: Candidate, other: Candidate) -> bool:
    """True if both stand in one sentence: passages overlap, so a span can come twice."""
    return one.passage.document == other.passage.document and one.sentence == other.sentence


def said(candidate: Candidate) -> str:
    """The words of its span, letter case and punctuation aside."""
    return " ".join(words(candidate.passage.slice(candidate.span)))


def ranked(rows: Iterable[Row], weights: npt.ArrayLike) -> list[Candidate]:
    """The best candidates, best first, their score being the weighed sum of their features."""
    scored = [
        replace(candidate, score=float(np.dot(weights, features))) for candidate, features in rows
    ]
    return sorted(scored, key=lambda c: (-c.score, c.passage.id, c.span))[:KEPT]


def similarity_of(sentence: RetrievedSentence, passage: RetrievedPassage) -> float:
    """Of a sentence to the question; that of its passage where sentences have no vectors."""
    return sentence.similarity if sentence.similarity is not None else passage.dense
