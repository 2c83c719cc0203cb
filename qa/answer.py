"""From candidate spans to a reply: an answer with its citations, or an abstention with its reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from qa.agreement import Agreement, agreements
from qa.candidates import Candidate, said, same_place
from qa.corpus import FileState
from qa.documents import Document
from qa.evidence import Calibrator, evidence_of
from qa.identifiers import identifiers
from qa.retrieval import Retrieval
from qa.terms import content_words
from qa.text import Span, surroundings
from qa.values import Comparison, Values, compared, values_of

__all__ = [
    "Answer",
    "Citation",
    "NoAnswer",
    "Reply",
    "Scores",
    "Stage",
    "make_reply",
    "rivals_of",
    "with_file_states",
]

#: A further citation is worth showing if its log-odds are no further behind the answer's than this.
CITATION_MARGIN = 2.5
#: A reason names at most this many words of the question that no document holds.
MOST_MISSING = 5


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
    """Says the answer's very words, letter case and punctuation aside."""
    agreement: Agreement = Agreement.OTHER
    """How what it says stands to the answer, compared as values."""
    prefix: str = ""
    """What stands right before the sentence: tells it from its equals if the file changes."""
    suffix: str = ""
    """What stands right after the sentence."""
    file_state: FileState = FileState.UNCHANGED
    """How the file stood to the indexed text when the question was asked."""
    location: str | None = None
    """On which place of the original it stands: "page 3", "Trade › Exports"; ``None`` where none is named."""

    @property
    def stale(self) -> bool:
        """True if the file does not hold the text that is quoted here, as far as can be told."""
        return self.file_state is not FileState.UNCHANGED


@dataclass(frozen=True, slots=True)
class Answer:
    """The corpus says so, there: ``citations[0]`` is where the answer stands."""

    question: str
    text: str
    confidence: float
    citations: tuple[Citation, ...]
    agreeing: tuple[str, ...] = ()
    """Files of the other documents that say the same, cited or not; best first."""
    conflicting: tuple[str, ...] = ()
    """Files of the documents that give another value; best first."""
    understood_as: str | None = None
    """What the question was taken for after what went before; ``None`` where it was taken as typed."""

    @property
    def single_source(self) -> bool:
        """True if no other document says the same."""
        return not self.agreeing


#: How sure an answer can be from a document that names "unit 4" and "unit 7" where unit 9 is asked about: of
#: 11 such in ``tests/data/everyday_1`` and ``everyday_2`` none was right.
ABOUT_SOMETHING_ELSE = 0.1


class Stage(StrEnum):
    """What refused to answer: the first of these that had nothing good."""

    RETRIEVAL = "retrieval"
    """No passage was found, or none of the question's content words stands in any document."""
    READER = "reader"
    """No sentence could answer, or in every passage "no answer" scored above the best span."""
    THRESHOLD = "threshold"
    """The reader preferred a span somewhere, but the confidence is too low."""


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The corpus does not say, as far as can be told."""

    question: str
    reason: str
    """In one sentence."""
    confidence: float
    """Of the rejected span, 0 where there is none."""
    rejected: Citation | None
    """The best span that was not good enough."""
    stage: Stage = Stage.THRESHOLD
    needed: float | None = None
    """The least confidence that would have made it an answer; ``None`` where that was not asked."""
    missing: tuple[str, ...] = ()
    """The question's content words that no document holds."""
    understood_as: str | None = None
    """As :attr:`Answer.understood_as`."""


Reply = Answer | NoAnswer


def with_file_states(reply: Reply, state_of: Callable[[Citation], FileState]) -> Reply:
    """The reply with what ``state_of`` says of each cited file."""

    states: dict[str, FileState] = {}

    def seen(citation: Citation) -> Citation:
        if citation.file not in states:
            states[citation.file] = state_of(citation)  # it reads the file
        return replace(citation, file_state=states[citation.file])

    if isinstance(reply, Answer):
        return replace(reply, citations=tuple(map(seen, reply.citations)))
    return replace(reply, rejected=seen(reply.rejected)) if reply.rejected is not None else reply


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
    evidence = evidence_of(retrieval, candidates)
    confidence = calibrator.confidence(evidence) if evidence is not None else 0.0
    source = document(candidates[0].passage.document) if candidates else None
    other = _passed_over(question, source) if source is not None else None
    if other is not None:
        confidence = min(confidence, ABOUT_SOMETHING_ELSE)
    least = threshold if threshold is not None else calibrator.threshold
    if evidence is None or confidence < least:
        rejected = None
        if source is not None:
            rejected = _citation(1, candidates[0], source, True, Agreement.AGREES)
        stage = _refusing_stage(retrieval, candidates)
        reason = _reason(stage, retrieval, rejected, confidence, least, other)
        return NoAnswer(question, reason, confidence, rejected, stage, least, retrieval.missing)
    words = said(candidates[0])
    stands = agreements(retrieval, candidates)
    citations = tuple(
        _citation(
            n,
            candidates[place],
            document(candidates[place].passage.document),
            said(candidates[place]) == words,
            stands[place],
        )
        for n, place in enumerate(_worth_citing(candidates, stands, limit), start=1)
    )
    agreeing, conflicting = (
        tuple(document(id_).file for id_ in _documents(candidates, stands, agreement))
        for agreement in (Agreement.AGREES, Agreement.CONFLICTS)
    )
    return Answer(question, citations[0].quote, confidence, citations, agreeing, conflicting)


def _passed_over(question: str, document: Document) -> str | None:
    """What the question calls a thing by, if the document names others of the kind, but not that one."""
    called = identifiers(question)
    whole = document.with_its_names if called else ""
    return next((i.text for i in called if i.is_passed_over_in(whole)), None)


def _refusing_stage(retrieval: Retrieval, candidates: Sequence[Candidate]) -> Stage:
    missing = set(retrieval.missing)
    if not retrieval.passages or (missing and missing >= set(content_words(retrieval.question))):
        return Stage.RETRIEVAL
    if not candidates or max(candidate.margin for candidate in candidates) < 0.0:
        return Stage.READER
    return Stage.THRESHOLD


def _reason(
    stage: Stage,
    retrieval: Retrieval,
    rejected: Citation | None,
    confidence: float,
    least: float,
    passed_over: str | None,
) -> str:
    """Why there is no answer and what it would have taken, in one sentence."""
    if not retrieval.passages:
        reason = "Nothing in the corpus resembles the question"
    elif rejected is None:
        reason = "No passage found holds a sentence that could answer"
    else:
        reason = {
            Stage.RETRIEVAL: "The passages found have no word in common with the question",
            Stage.READER: "The reader sees no answer in the passages found",
            Stage.THRESHOLD: "The best passage found is unlikely to answer it",
        }[stage] + f" (confidence {confidence:.2f}, {least:.2f} is needed)"
    if rejected is not None and passed_over is not None:
        reason += f", and {rejected.file} names others, but no “{passed_over}”"
    elif retrieval.missing:
        shown = [f"“{word}”" for word in retrieval.missing[:MOST_MISSING]]
        listed = " or ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))
        reason += f", and no document holds {listed}"
    return f"{reason}."


def rivals_of(answer: Answer) -> tuple[Citation, ...]:
    """The citations that contradict the answer, each value once."""
    found: list[Citation] = []
    said: list[Values] = []
    for citation in answer.citations[1:]:
        says = _values(citation)
        new = all(compared(says, other) is not Comparison.AGREE for other in said)
        if citation.agreement is Agreement.CONFLICTS and new:
            said.append(says)
            found.append(citation)
    return tuple(found)


def _values(citation: Citation) -> Values:
    quote = citation.span.counted_from(citation.sentence.start)
    return values_of(citation.sentence_text, quote)


def _worth_citing(
    candidates: Sequence[Candidate], stands: Sequence[Agreement], limit: int
) -> list[int]:
    """Places of the answer, of what agrees or conflicts with it, and of what is close to it; best first.

    Where there are more than ``limit``, a document that agrees or conflicts comes before the others.
    """
    best = candidates[0]
    words = said(best)
    cited: list[int] = []
    for place, candidate in enumerate(candidates):
        near = candidate.score >= best.score - CITATION_MARGIN
        tells = stands[place] is not Agreement.OTHER or said(candidate) == words
        if (near or tells) and not any(same_place(candidate, candidates[at]) for at in cited):
            cited.append(place)
    heard = {best.passage.document}
    first: list[int] = cited[:1]
    for place in cited[1:]:
        document = candidates[place].passage.document
        if stands[place] is not Agreement.OTHER and document not in heard:
            heard.add(document)
            first.append(place)
    rest = [place for place in cited if place not in first]
    return sorted([*first, *rest][:limit])


def _documents(
    candidates: Sequence[Candidate], stands: Sequence[Agreement], agreement: Agreement
) -> list[int]:
    """Documents other than the answer's with a candidate that stands so to it, each once."""
    own = candidates[0].passage.document
    ids = [
        candidate.passage.document
        for candidate, stand in zip(candidates, stands, strict=True)
        if stand is agreement and candidate.passage.document != own
    ]
    return list(dict.fromkeys(ids))


def _citation(
    n: int, candidate: Candidate, document: Document, agrees: bool, agreement: Agreement
) -> Citation:
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
        agreement=agreement,
        prefix=prefix,
        suffix=suffix,
        location=document.location(candidate.span.start),
    )
