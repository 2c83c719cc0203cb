"""The sentence reader, which needs no model: the likeliest sentence, and in it what was asked for.

A linear model with weights learned from questions about other texts (``scripts/fit_readers.py``) picks the
sentence; where the question asks for a number, a date or a name, the answer is narrowed to that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import log

from qa.candidates import Candidate, Row, ranked, similarity_of
from qa.expectations import asks_who_says, expected_type, says, typed_spans
from qa.retrieval import Retrieval, RetrievedPassage
from qa.terms import share_of_terms, stem, stems
from qa.text import Span

__all__ = ["FEATURES", "SentenceReader", "sentence_rows"]

#: What the sentence reader knows of a sentence, each a number of about -1 to 1.
FEATURES = (
    "similarity",
    "similarity_to_best",
    "neighbour_similarity",
    "passage_similarity",
    "passage_fused",
    "share",
    "neighbour_share",
    "passage_share",
    "typed",
    "untyped",
    "length",
    "new_words",
    "furniture",
    "says_who",
    "asks",
    "echo",
)


class SentenceReader:
    """Picks the sentence by a linear model over :data:`FEATURES`, and the span in it by its type."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._weights = [weights[name] for name in FEATURES]

    def read(self, retrieval: Retrieval) -> list[Candidate]:
        return ranked(sentence_rows(retrieval), self._weights)


def sentence_rows(retrieval: Retrieval) -> list[Row]:
    """Every sentence of the retrieved passages that says something, each once, with its features."""
    question, weights = retrieval.question, retrieval.term_weights
    kind, who_says = expected_type(question), asks_who_says(question)
    top_fused = max((passage.fused for passage in retrieval.passages), default=1.0)
    top_similarity = max(
        (
            sentence.similarity
            for passage in retrieval.passages
            for sentence in passage.sentences
            if sentence.similarity is not None
        ),
        default=0.0,
    )
    seen: set[tuple[int, Span]] = set()
    rows: list[Row] = []
    for passage in retrieval.passages:
        texts = [passage.slice(s.span) for s in passage.sentences]
        similarities = [similarity_of(sentence, passage) for sentence in passage.sentences]
        held = [stems(text) for text in texts]
        shares = [share_of_terms(terms, weights) for terms in held]
        for place, sentence in enumerate(passage.sentences):
            text = texts[place]
            key = (passage.document, sentence.span)
            if key in seen or not any(character.isalnum() for character in text):
                continue
            seen.add(key)
            around = [p for p in (place - 1, place + 1) if 0 <= p < len(texts)]
            new = sum(term not in weights for term in held[place])
            found = kind is not None and bool(typed_spans(text, kind, question))
            rows.append(
                (
                    Candidate(
                        passage,
                        _answer_span(question, passage, sentence.span),
                        sentence.span,
                        score=0.0,
                        similarity=similarities[place],
                    ),
                    (
                        similarities[place],
                        similarities[place] - top_similarity,
                        max((similarities[p] for p in around), default=0.0),
                        passage.dense,
                        passage.fused / top_fused,
                        shares[place],
                        max((shares[p] for p in around), default=0.0),
                        passage.lexical,
                        float(kind is not None and found),
                        float(kind is not None and not found),
                        log(1 + len(held[place])) / 4,
                        min(new, 12) / 12,
                        float(not passage.prose),
                        float(who_says and says(text)),
                        float(text.rstrip("\"'”’»)").endswith("?")),
                        float(new <= 1),
                    ),
                )
            )
    return rows


def _answer_span(question: str, passage: RetrievedPassage, sentence: Span) -> Span:
    """The part of a sentence that answers: the thing asked for, else the sentence without its quotes."""
    text = passage.slice(sentence)
    kind = expected_type(question)
    spans = typed_spans(text, kind, question) if kind is not None else []
    if spans:
        span = min(spans, key=lambda span: _distance(text, span, question))
        return Span(sentence.start + span.start, sentence.start + span.end)
    start, end = sentence.start, sentence.end
    while end - start > 1 and not text[start - sentence.start].isalnum():
        start += 1
    while end - start > 1 and text[end - 1 - sentence.start] in _CLOSING:
        end -= 1
    return Span(start, end)


_CLOSING = "\"'“”‘’«».,;: \t"


def _distance(text: str, span: Span, question: str) -> tuple[float, int]:
    """How far a span stands from the question's words in a sentence, in characters; near is likely."""
    asked = set(stems(question))
    places = [
        match.start()
        for match in re.finditer(r"[^\W_]+", text)
        if stem(match.group().casefold()) in asked
    ]
    middle = (span.start + span.end) / 2
    distances = sorted(abs(place - middle) for place in places)[:3]
    return (sum(distances) / len(distances) if distances else 0.0, span.start)
