"""From a question to ranked passages: three rankings, fused by reciprocal rank.

Passage vectors find what a passage is about, sentence vectors what one of its sentences says, BM25
the names and numbers that vectors blur.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from math import log

import numpy as np

from qa.database import corrupt
from qa.documents import Document
from qa.identifiers import identified, identifiers
from qa.models.encoder import Encoder, Vectors
from qa.passages import header_of
from qa.schema import PassageRecord
from qa.sections import NO_SECTION, Section
from qa.store import Store
from qa.terms import content_words, holds_name, names, share_of_terms, stem, stem_set
from qa.text import Span
from qa.vectors import VectorIndex

__all__ = [
    "FusionSettings",
    "Retrieval",
    "RetrievedPassage",
    "RetrievedSentence",
    "fuse",
    "matched_share",
    "retrieve",
    "term_weights",
]


#: The question goes through the encoder while its words are looked up.
_BESIDE = ThreadPoolExecutor(thread_name_prefix="question")


@dataclass(frozen=True, slots=True)
class FusionSettings:
    """How the rankings are weighed against each other."""

    rank_constant: float = 10.0
    """The k of reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009)."""
    passage_weight: float = 1.0
    sentence_weight: float = 1.0
    lexical_weight: float = 1.5
    """Times the share of the question's idf that the passage holds, so that BM25 is silent where it
    matched nothing but a common word."""
    furniture_factor: float = 0.5
    """What is left of the fused score of menus and lists of headlines."""
    depth: int = 60
    """How many of each ranking take part."""


@dataclass(frozen=True, slots=True)
class RetrievedSentence:
    """A sentence of a retrieved passage."""

    span: Span
    similarity: float | None
    """Cosine similarity to the question; ``None`` where the index holds no vector for it."""


@dataclass(frozen=True, slots=True)
class RetrievedPassage:
    """A passage as one question found it. All scores: higher is better."""

    id: int
    document: int
    span: Span
    text: str
    header: str
    """Title and date of its document and what belongs over it: what tells it from others. Never quoted."""
    prose: bool
    sentences: tuple[RetrievedSentence, ...]
    """Spans count in the document, not in the passage."""
    dense: float
    """Cosine similarity of passage and question."""
    lexical: float
    """Share of the question's idf that the passage holds, from 0 to 1."""
    fused: float
    """Reciprocal rank score; comparable within one question only."""
    date: date | None = None
    """Of its document."""
    named: float = 1.0
    """The share of the names in the question that its document holds, from 0 to 1; 1 where there is none."""
    section: Section = NO_SECTION
    """What stands above it and belongs to it; the header ends with it."""
    identified: bool | None = None
    """Of a question about "unit 9": true if its document names it, false if it names others instead."""

    def slice(self, span: Span) -> str:
        """The characters of ``span``, which counts in the document and lies in this passage."""
        return self.text[span.start - self.span.start : span.end - self.span.start]


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What one question found."""

    question: str
    term_weights: Mapping[str, float]
    """Stem to idf of the question's content words."""
    passages: tuple[RetrievedPassage, ...]
    """Best first."""
    missing: tuple[str, ...] = ()
    """The question's content words that no document of the index holds in any form."""


def retrieve(
    question: str,
    *,
    store: Store,
    vectors: VectorIndex,
    encoder: Encoder,
    limit: int,
    fusion: FusionSettings | None = None,
    among: Collection[int] | None = None,
) -> Retrieval:
    """The ``limit`` passages most likely to answer ``question``, best first.

    ``among`` keeps to the documents of these ids; all of their vectors are compared then.
    """
    fusion = fusion if fusion is not None else FusionSettings()
    embedding = _BESIDE.submit(encoder.embed_query, question)
    frequencies = _frequencies(question, store)
    weights = _weights(frequencies, store.passage_count())
    lexical = store.search_words(content_words(question), fusion.depth, among)
    # Of a passage that only vectors found, no share takes part in the ranking.
    searched = store.searched_texts([id_ for id_, _ in lexical])
    shares = {id_: matched_share(text, weights) for id_, text in searched.items()}

    query = embedding.result()
    if among is None:
        dense = dict(vectors.nearest_passages(query, fusion.depth))
        nearest = vectors.nearest_sentences(query, fusion.depth)
    else:
        dense, nearest = _nearest_among(query, store, among, fusion.depth)
    by_sentence = _by_best_sentence(nearest, store)
    candidates = {*dense, *by_sentence, *(id_ for id_, _ in lexical)}

    fused = fuse(
        [
            ([id_ for id_, _ in _descending(dense)], dict.fromkeys(dense, fusion.passage_weight)),
            (
                [id_ for id_, _ in _descending(by_sentence)],
                dict.fromkeys(by_sentence, fusion.sentence_weight),
            ),
            (
                [id_ for id_, _ in lexical],
                {id_: fusion.lexical_weight * shares[id_] for id_, _ in lexical},
            ),
        ],
        fusion.rank_constant,
    )
    for id_ in store.furniture_among(candidates):
        fused[id_] *= fusion.furniture_factor
    best = [id_ for id_, _ in _descending(fused)[:limit]]
    missing = [id_ for id_ in best if id_ not in dense]
    dense.update(_similarities(query, store.passage_vectors(missing)))
    records = store.passages(best)
    texts = _Texts(store, records.values(), question)
    sentence_ids = sorted({s.id for record in records.values() for s in record.sentences})
    similarity = dict(_similarities(query, store.sentence_vectors(sentence_ids)))
    passages = tuple(
        RetrievedPassage(
            id=id_,
            document=record.document,
            span=record.span,
            text=texts.of(record),
            header=texts.header_of(record),
            prose=record.prose,
            sentences=tuple(
                RetrievedSentence(sentence.span, similarity.get(sentence.id))
                for sentence in record.sentences
            ),
            dense=dense[id_],
            lexical=shares[id_] if id_ in shares else matched_share(texts.of(record), weights),
            fused=fused[id_],
            date=texts.date_of(record),
            named=texts.named(record),
            section=record.section,
            identified=texts.identified(record),
        )
        for id_, record in records.items()
    )
    nowhere = tuple(word for word, frequency in frequencies.items() if not frequency)
    return Retrieval(question, weights, passages, nowhere)


class _Texts:
    """The documents of some passages, and what each of them holds of the names in the question."""

    def __init__(self, store: Store, passages: Collection[PassageRecord], question: str) -> None:
        self._path = store.path
        self._documents = store.documents_of({passage.document for passage in passages})
        asked, called = names(question), identifiers(question)
        self._named = {
            id_: _share_of_names(document, asked) for id_, document in self._documents.items()
        }
        self._identified = {
            id_: identified(called, document.with_its_names)
            for id_, document in (self._documents.items() if called else ())
        }

    def of(self, passage: PassageRecord) -> str:
        """The text of a passage."""
        text = self._documents[passage.document].text
        if passage.span.end > len(text):
            raise corrupt(self._path, f"passage {passage.id} lies outside of its document")
        return passage.span.of(text)

    def header_of(self, passage: PassageRecord) -> str:
        """Title and date of its document, and the lines that belong over it."""
        document = self._documents[passage.document]
        return header_of(document.title, document.date, passage.section)

    def date_of(self, passage: PassageRecord) -> date | None:
        """The date of its document."""
        return self._documents[passage.document].date

    def named(self, passage: PassageRecord) -> float:
        """The share of the names in the question that its document holds; 1 where there is none."""
        return self._named[passage.document]

    def identified(self, passage: PassageRecord) -> bool | None:
        """As :attr:`RetrievedPassage.identified`."""
        return self._identified.get(passage.document)


def _share_of_names(document: Document, asked: Sequence[str]) -> float:
    held = [any(holds_name(t, name) for t in (document.title, document.text)) for name in asked]
    return sum(held) / len(held) if held else 1.0


def fuse(
    rankings: Sequence[tuple[Sequence[int], Mapping[int, float]]], rank_constant: float
) -> dict[int, float]:
    """Weighted reciprocal rank fusion.

    Each ranking is its ids, best first, and a weight for each; the fused score of an id is the sum of
    ``weight / (rank_constant + rank)``, rank from 1, over the rankings that hold it.
    """
    fused: dict[int, float] = {}
    for ids, weights in rankings:
        for rank, id_ in enumerate(ids, start=1):
            fused[id_] = fused.get(id_, 0.0) + weights[id_] / (rank_constant + rank)
    return fused


def term_weights(question: str, store: Store) -> dict[str, float]:
    """Stem to idf of the question's content words, idf as in BM25 with one added so as to stay positive."""
    return _weights(_frequencies(question, store), store.passage_count())


def _frequencies(question: str, store: Store) -> dict[str, int]:
    """In how many passages each content word of the question stands, in any of its forms."""
    return {word: store.passage_frequency(word) for word in content_words(question)}


def _weights(frequencies: Mapping[str, int], count: int) -> dict[str, float]:
    return {
        stem(word): log(1.0 + (count - frequency + 0.5) / (frequency + 0.5))
        for word, frequency in frequencies.items()
    }


def matched_share(text: str, weights: Mapping[str, float]) -> float:
    """The share of the question's idf that ``text`` holds, from 0 to 1."""
    return share_of_terms(stem_set(text), weights)


def _nearest_among(
    query: Vectors, store: Store, documents: Collection[int], depth: int
) -> tuple[dict[int, float], list[tuple[int, float]]]:
    """The nearest passages and the nearest sentences of some documents."""
    passages = store.passages_of(documents)
    dense = dict(_similarities(query, store.passage_vectors(passages)))
    inside = {s.id for id_ in passages for s in store.passage(id_).sentences}
    sentences = dict(_similarities(query, store.sentence_vectors(sorted(inside))))
    return dict(_descending(dense)[:depth]), _descending(sentences)[:depth]


def _by_best_sentence(nearest: Sequence[tuple[int, float]], store: Store) -> dict[int, float]:
    """Passages scored by their best sentence."""
    similarities = dict(nearest)
    best: dict[int, float] = {}
    for sentence, passage in store.passages_with_sentences(similarities):
        similarity = similarities[sentence]
        best[passage] = max(best.get(passage, similarity), similarity)
    return best


def _similarities(query: Vectors, found: tuple[Sequence[int], Vectors]) -> list[tuple[int, float]]:
    ids, vectors = found
    if not ids:
        return []
    return [(id_, float(value)) for id_, value in zip(ids, np.dot(vectors, query), strict=True)]


def _descending(scores: Mapping[int, float]) -> list[tuple[int, float]]:
    """Best first; equal scores in the order of their ids, so that two runs agree."""
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))
