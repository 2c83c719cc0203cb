"""What the confidence of an answer rests on, and what turns it into a confidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from qa.candidates import Candidate, said, same_place
from qa.expectations import expected_type, typed_spans
from qa.retrieval import Retrieval
from qa.terms import names, stem, stem_set

__all__ = ["Calibrator", "Evidence", "evidence_of"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the confidence of an answer rests on."""

    score: float
    """The best candidate's log-odds."""
    lead: float
    """By how much it leads over the best candidate that says something else."""
    margin: float
    """How far its logits lie above the null score of its passage; 0 without a span model."""
    dense: float
    best_dense: float
    """The highest passage similarity of this question."""
    lexical: float
    best_similarity: float
    """The highest sentence similarity of this question; 0 without sentence vectors."""
    agreement: int
    """Further documents whose candidates say the same."""
    similarity: float = 0.0
    """Of the best candidate's sentence."""
    named: float = 1.0
    """The share of the question's names that the best candidate's sentence holds; 1 where there is none."""
    typed: int = 0
    """1 if its span has something of the kind that is asked for, -1 if not; 0 where the wording is open."""
    verified: float | None = None
    """How far its sentence's logits lie above the null score when it is read beside its rivals; ``None``
    where it was not."""
    row: int = 0
    """1 if it was found in a row of a table."""


class Calibrator(Protocol):
    """Turns evidence into the probability that the answer is right."""

    @property
    def threshold(self) -> float:
        """Least confidence at which an answer is given."""

    def confidence(self, evidence: Evidence) -> float:
        """From 0 to 1."""


def evidence_of(retrieval: Retrieval, candidates: Sequence[Candidate]) -> Evidence | None:
    """What there is to judge the best candidate by; ``None`` without candidates."""
    if not candidates:
        return None
    best = candidates[0]
    others = [candidate for candidate in candidates[1:] if not same_place(candidate, best)]
    words = said(best)
    agreeing = {
        other.passage.document
        for other in others
        if other.passage.document != best.passage.document and said(other) == words
    }
    rivals = [other.score for other in others if said(other) != words]
    similarities = [
        sentence.similarity
        for passage in retrieval.passages
        for sentence in passage.sentences
        if sentence.similarity is not None
    ]
    return Evidence(
        score=best.score,
        lead=best.score - max(rivals) if rivals else 0.0,
        margin=best.margin,
        dense=best.passage.dense,
        best_dense=max(passage.dense for passage in retrieval.passages),
        lexical=best.passage.lexical,
        best_similarity=max(similarities, default=0.0),
        agreement=len(agreeing),
        similarity=best.similarity,
        named=_named(retrieval.question, best),
        typed=_typed(retrieval.question, best),
        verified=best.verified,
        row=int(best.row is not None),
    )


def _named(question: str, candidate: Candidate) -> float:
    asked = [stem(name.casefold()) for name in names(question)]
    held = stem_set(candidate.passage.slice(candidate.sentence))
    return sum(name in held for name in asked) / len(asked) if asked else 1.0


def _typed(question: str, candidate: Candidate) -> int:
    kind = expected_type(question)
    if kind is None:
        return 0
    span = candidate.span.counted_from(candidate.sentence.start)
    found = typed_spans(candidate.passage.slice(candidate.sentence), kind, question)
    return 1 if any(map(span.overlaps, found)) else -1
