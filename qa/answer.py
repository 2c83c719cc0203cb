"""From candidate spans to a reply: an answer with its citations, or an abstention with its reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from qa.documents import Document
from qa.reading import Candidate
from qa.retrieval import Retrieval
from qa.terms import words
from qa.text import Span, surroundings

__all__ = [
    "Answer",
    "Calibrator",
    "Citation",
    "Evidence",
    "NoAnswer",
    "Reply",
    "Scores",
    "evidence_of",
    "make_reply",
    "rivals_of",
]

#: A further citation is worth showing if its log-odds are no further behind the answer's than this.
CITATION_MARGIN = 2.5
#: A rival is worth weighing against the answer if its log-odds are no further behind than this; one that is
#: further behind speaks of something else more often than it contradicts.
RIVAL_MARGIN = 1.5


@dataclass(frozen=True, slots=True)
class Scores:
    """What each part thought of a citation; higher is better."""

    dense: float
    """Cosine similarity of question and passage."""
    lexical: float
    """Share of the question's idf that the passage holds, from 0 to 1."""
    reader: float
    """The reader's log-odds for the span."""


@dataclass(frozen=True, slots=True)
class Citation:
    """A span of a document, with all that is needed to find and to verify it."""

    n: int
    file: str
    sha256: str
    title: str
    date: date | None
    span: Span
    quote: str
    line: int
    column: int
    sentence: Span
    sentence_text: str
    passage: Span
    scores: Scores
    agrees: bool
    """Says the same as the answer, letter case and punctuation aside; a rival says something else."""
    prefix: str = ""
    """What stands right before the sentence: tells it from its equals if the file changes."""
    suffix: str = ""
    """What stands right after the sentence."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The corpus says so, there: ``citations[0]`` is where the answer stands."""

    question: str
    text: str
    confidence: float
    citations: tuple[Citation, ...]
    understood_as: str | None = None
    """What the question was taken for after what went before; ``None`` where it was taken as typed."""


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The corpus does not say, as far as can be told."""

    question: str
    reason: str
    confidence: float
    """Of the rejected span, 0 where there is none."""
    rejected: Citation | None
    """The best span that was not good enough."""
    understood_as: str | None = None
    """As :attr:`Answer.understood_as`."""


Reply = Answer | NoAnswer


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


class Calibrator(Protocol):
    """Turns evidence into the probability that the answer is right."""

    @property
    def threshold(self) -> float:
        """Least confidence at which an answer is given."""

    def confidence(self, evidence: Evidence) -> float:
        """From 0 to 1."""


def make_reply(
    retrieval: Retrieval,
    candidates: Sequence[Candidate],
    *,
    document: Callable[[int], Document],
    calibrator: Calibrator,
    threshold: float | None,
    limit: int,
) -> Reply:
    """The reply to a question from its candidates, best first, with at most ``limit`` citations.

    ``document`` gives the document of an id. ``threshold`` overrides the calibrator's own.
    """
    question = retrieval.question
    if not retrieval.passages:
        return NoAnswer(question, "Nothing in the corpus resembles the question.", 0.0, None)
    evidence = evidence_of(retrieval, candidates)
    if evidence is None:
        return NoAnswer(question, "No passage found holds a sentence that could answer.", 0.0, None)
    best = candidates[0]
    confidence = calibrator.confidence(evidence)
    least = threshold if threshold is not None else calibrator.threshold
    if confidence < least:
        return NoAnswer(
            question,
            f"The best passage found is unlikely to answer it "
            f"(confidence {confidence:.2f}, {least:.2f} is needed).",
            confidence,
            _citation(1, best, document(best.passage.document), agrees=True),
        )
    said = _normalised(best)
    citations = tuple(
        _citation(
            n,
            candidate,
            document(candidate.passage.document),
            agrees=_normalised(candidate) == said,
        )
        for n, candidate in enumerate(_worth_citing(candidates, limit), start=1)
    )
    return Answer(question, citations[0].quote, confidence, citations)


def rivals_of(answer: Answer) -> tuple[Citation, ...]:
    """Close citations from other documents than the answer's that say something else, each thing once.

    "17 percent" and "more than 17 percent" do not contradict each other, nor does one document itself.
    """
    first = answer.citations[0]
    said = [f" {' '.join(words(first.quote))} "]
    found = []
    for citation in answer.citations[1:]:
        says = f" {' '.join(words(citation.quote))} "
        alike = any(says in other or other in says for other in said)
        near = citation.scores.reader >= first.scores.reader - RIVAL_MARGIN
        if citation.file != first.file and not citation.agrees and near and not alike:
            said.append(says)
            found.append(citation)
    return tuple(found)


def _worth_citing(candidates: Sequence[Candidate], limit: int) -> list[Candidate]:
    """The answer, what says the same in other places, and its closest rivals; best first."""
    best = candidates[0]
    said = _normalised(best)
    cited = [best]
    for candidate in candidates[1:]:
        if len(cited) == limit:
            break
        near = candidate.score >= best.score - CITATION_MARGIN
        new = not any(_same_place(candidate, earlier) for earlier in cited)
        if new and (near or _normalised(candidate) == said):
            cited.append(candidate)
    return cited


def evidence_of(retrieval: Retrieval, candidates: Sequence[Candidate]) -> Evidence | None:
    """What there is to judge the best candidate by; ``None`` without candidates."""
    if not candidates:
        return None
    best = candidates[0]
    others = [candidate for candidate in candidates[1:] if not _same_place(candidate, best)]
    said = _normalised(best)
    agreeing = {
        other.passage.document
        for other in others
        if other.passage.document != best.passage.document and _normalised(other) == said
    }
    rivals = [other.score for other in others if _normalised(other) != said]
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
    )


def _same_place(one: Candidate, other: Candidate) -> bool:
    """True if both stand in one sentence: passages overlap, so a span can come twice."""
    return one.passage.document == other.passage.document and one.sentence == other.sentence


def _normalised(candidate: Candidate) -> str:
    return " ".join(words(candidate.passage.slice(candidate.span)))


def _citation(n: int, candidate: Candidate, document: Document, *, agrees: bool) -> Citation:
    line, column = document.lines.position(candidate.span.start)
    prefix, suffix = surroundings(document.text, candidate.sentence)
    return Citation(
        n=n,
        file=document.file,
        sha256=document.sha256,
        title=document.title,
        date=document.date,
        span=candidate.span,
        quote=candidate.span.of(document.text),
        line=line,
        column=column,
        sentence=candidate.sentence,
        sentence_text=candidate.sentence.of(document.text),
        passage=candidate.passage.span,
        scores=Scores(candidate.passage.dense, candidate.passage.lexical, candidate.score),
        agrees=agrees,
        prefix=prefix,
        suffix=suffix,
    )
