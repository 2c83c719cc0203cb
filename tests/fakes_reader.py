"""Stand-ins for the reader, its model and the calibrator, which say what they are told to say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np

from qa.agreement import Agreement
from qa.answer import Answer, Citation, Scores
from qa.candidates import Candidate
from qa.documents import Document, document_from
from qa.evidence import Evidence
from qa.indexing import update_index
from qa.models.reader import TokenScores
from qa.retrieval import Retrieval, RetrievedPassage, RetrievedSentence
from qa.sentences import sentences
from qa.session import Session
from qa.settings import Settings
from qa.store import Store
from qa.terms import stems
from qa.text import Span, surroundings
from qa.vectors import open_vectors
from tests.fakes import FakeEncoder

__all__ = [
    "FakeReader",
    "FixedCalibrator",
    "WordScores",
    "answer_from",
    "document",
    "open_session",
    "passage_of",
    "retrieval_of",
]


@dataclass(frozen=True)
class FakeReader:
    """Finds the quotes it was given, each with its log-odds, in every passage that holds them."""

    quotes: Mapping[str, float]

    def read(self, retrieval: Retrieval) -> list[Candidate]:
        found = []
        for passage in retrieval.passages:
            for quote, score in self.quotes.items():
                at = passage.text.find(quote)
                if at == -1:
                    continue
                start = passage.span.start + at
                span = Span(start, start + len(quote))
                sentence = next(s.span for s in passage.sentences if s.span.covers(span))
                found.append(Candidate(passage, span, sentence, score))
        return sorted(found, key=lambda candidate: -candidate.score)


@dataclass
class FixedCalibrator:
    """The same confidence whatever the evidence, which it keeps."""

    value: float = 0.9
    threshold: float = 0.5
    seen: list[Evidence] = field(default_factory=list)

    def confidence(self, evidence: Evidence) -> float:
        self.seen.append(evidence)
        return self.value


class WordScores:
    """A span model that likes the words it is told of; every other word scores 0."""

    def __init__(self, liked: dict[str, float], null: float = 0.0) -> None:
        self._liked = liked
        self._null = null
        self.contexts: list[str] = []

    def score(
        self,
        question: str,  # noqa: ARG002 - it likes the same words whatever is asked
        contexts: Sequence[str],
    ) -> list[list[TokenScores]]:
        self.contexts.extend(contexts)
        return [[self._window(context)] for context in contexts]

    def _window(self, context: str) -> TokenScores:
        words = context.replace("\n", " ").split(" ")
        starts = np.cumsum([0, *(len(word) + 1 for word in words[:-1])])
        offsets = np.array(
            [(s, s + len(w.rstrip("."))) for s, w in zip(starts, words, strict=True) if w]
        )
        liking = [self._liked.get(context[s:e], 0.0) for s, e in offsets]
        logits = np.array(liking, dtype=np.float32)
        return TokenScores(offsets, logits, logits, self._null)


def document(file: str, text: str) -> Document:
    """A document as if ``text`` had been read from ``file``."""
    return replace(document_from("a.txt", text.encode()), file=file)


def passage_of(
    text: str, *, id_: int = 1, document_id: int = 0, span: Span | None = None
) -> RetrievedPassage:
    """The sentences of a document's ``text`` that lie in ``span`` (all of it), as retrieved."""
    span = span if span is not None else Span(0, len(text))
    return RetrievedPassage(
        id=id_,
        document=document_id,
        span=span,
        text=span.of(text),
        header="",
        prose=True,
        sentences=tuple(RetrievedSentence(s, 0.4) for s in sentences(text) if span.covers(s)),
        dense=0.5,
        lexical=0.25,
        fused=0.1,
    )


def retrieval_of(documents: Sequence[Document], question: str = "When was it?") -> Retrieval:
    """Every document as one passage; a document's id is its place."""
    passages = (
        passage_of(item.text, id_=place + 1, document_id=place)
        for place, item in enumerate(documents)
    )
    return Retrieval(question, dict.fromkeys(stems(question), 1.0), tuple(passages))


def answer_from(
    text: str,
    quote: str,
    *,
    question: str = "When was it?",
    file: str = "a.txt",
    title: str = "A title",
    day: date | None = date(2024, 3, 6),
    confidence: float = 0.875,
) -> Answer:
    """An answer with one citation: the first ``quote`` in ``text``, which is one document."""
    source = document(file, text)
    start = text.index(quote)
    span = Span(start, start + len(quote))
    sentence = next(s for s in sentences(text) if s.covers(span))
    line, column = source.lines.position(start)
    prefix, suffix = surroundings(text, sentence)
    citation = Citation(
        n=1,
        file=file,
        sha256=source.sha256,
        title=title,
        date=day,
        span=span,
        quote=quote,
        line=line,
        column=column,
        sentence=sentence,
        sentence_text=sentence.of(text),
        passage=Span(0, len(text)),
        scores=Scores(dense=0.5, lexical=0.25, reader=1.5),
        agrees=True,
        agreement=Agreement.AGREES,
        prefix=prefix,
        suffix=suffix,
    )
    return Answer(question, quote, confidence, (citation,))


@contextmanager
def open_session(
    settings: Settings, quotes: Mapping[str, float], calibrator: FixedCalibrator | None = None
) -> Iterator[Session]:
    """A session over a fresh index of ``settings.corpus`` whose reader finds ``quotes``."""
    update_index(settings, FakeEncoder())
    store = Store.open(settings.vectors)
    description = store.description()
    assert description is not None
    vectors = open_vectors(settings.vectors, store, description.generation)
    calibrator = calibrator if calibrator is not None else FixedCalibrator()
    with Session(
        settings, store, vectors, FakeEncoder(), FakeReader(quotes), calibrator
    ) as session:
        yield session
