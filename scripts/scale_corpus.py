"""A made-up corpus of any size, written through the store: clustered vectors and text, and questions.

Nothing is embedded. A passage is about one topic: its vector is the topic's with noise, its content words
come from the topic's own and from a vocabulary with the frequencies of a language (Zipf's law as corrected by
Mandelbrot, 1953: the r-th word is as frequent as 1 / (r + 20)), so that the most common one stands in one
passage of six; half of all words are function words. A question is some content words of one passage, one of
them replaced, and its vector is the passage's with noise up to a cosine of about 0.7, as of real questions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qa.documents import Document
from qa.metadata import Metadata
from qa.models.encoder import Progress, Vectors, embed_separately
from qa.models.passage_texts import PassageText
from qa.passages import Passage
from qa.schema import FORMAT_VERSION, IndexDescription
from qa.store import Store
from qa.terms import FUNCTION_WORDS
from qa.text import Span

__all__ = ["DIMENSION", "MadeUpEncoder", "Question", "write_store"]

DIMENSION = 384
PASSAGES_OF_DOCUMENT = 10
SENTENCES_OF_PASSAGE = 3
WORDS_OF_SENTENCE = 28
VOCABULARY = 200_000
WORDS_OF_TOPIC = 150
PASSAGES_OF_TOPIC = 250
_SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "ar", "en", "ol")]
#: Real embeddings spread over few directions more than over the others.
_SPREAD = (np.arange(DIMENSION) + 10.0) ** -0.5


@dataclass(frozen=True)
class Question:
    """A question, its vector, and the passage it was drawn from."""

    text: str
    vector: Vectors
    passage: int


class MadeUpEncoder:
    """Gives the questions of a made-up corpus their vectors."""

    name, digest, dimension, max_tokens = "made-up", "made-up", DIMENSION, 254

    def __init__(self, questions: Sequence[Question]) -> None:
        self._vectors = {question.text: question.vector for question in questions}

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def embed_query(self, question: str) -> Vectors:
        return self._vectors[question]

    def embed_documents(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        raise NotImplementedError("the vectors of passages are made up, not computed")

    def embed_passages(
        self, passages: Sequence[PassageText], progress: Progress | None = None
    ) -> list[Vectors]:
        return embed_separately(self, passages, progress)


class MadeUpCorpus:
    """Documents of ten passages each, the same for the same size."""

    def __init__(self, passages: int) -> None:
        self.passages = passages
        self._topics = max(passages // PASSAGES_OF_TOPIC, 8)
        self._rng = np.random.default_rng(passages)
        wide = self._directions(max(self._topics // 30, 4))
        parents = wide[self._rng.integers(len(wide), size=self._topics)]
        self._centres = _unit(0.8 * parents + 0.8 * self._directions(self._topics))

    @cached_property
    def vocabulary(self) -> list[str]:
        """Distinct words, the most common first."""
        words, size = [], len(_SYLLABLES)
        for number in range(VOCABULARY):
            word, rest = "", number * 7919 % 1_404_928 + size  # two to four syllables
            while rest:
                word, rest = word + _SYLLABLES[rest % size], rest // size
            words.append(word)
        return words

    def documents(
        self, asked: set[int], questions: list[Question]
    ) -> Iterator[tuple[str, list[list[Span]], Vectors]]:
        """Text, the sentences of each passage and the passages' vectors, document by document.

        Of the passages numbered in ``asked`` a question is added to ``questions``.
        """
        function_words = sorted(FUNCTION_WORDS)
        per_passage = SENTENCES_OF_PASSAGE * WORDS_OF_SENTENCE
        rng, vocabulary = self._rng, self.vocabulary
        for first in range(0, self.passages, PASSAGES_OF_DOCUMENT):
            count = min(PASSAGES_OF_DOCUMENT, self.passages - first)
            # A document keeps to three topics.
            topics = rng.integers(self._topics, size=3)[rng.integers(3, size=count)]
            vectors = _unit(self._centres[topics] + self._directions(count))
            shape = (count, per_passage)
            numbers = _common_words(rng, shape)
            of_topic = rng.random(shape) < 0.35
            places = (rng.random(shape) ** 2 * WORDS_OF_TOPIC).astype(np.int64)
            of_its_topic = (topics[:, np.newaxis] * 65_537 + places * 104_729) % VOCABULARY
            numbers = np.where(of_topic, of_its_topic, numbers)
            function = rng.random(shape) < 0.5
            glue = rng.integers(len(function_words), size=shape)
            parts: list[str] = []
            spans: list[list[Span]] = []
            length = 0
            for row in range(count):
                words = [
                    function_words[g] if f else vocabulary[n]
                    for n, f, g in zip(
                        numbers[row].tolist(),
                        function[row].tolist(),
                        glue[row].tolist(),
                        strict=True,
                    )
                ]
                sentences = []
                for start in range(0, per_passage, WORDS_OF_SENTENCE):
                    sentence = " ".join(words[start : start + WORDS_OF_SENTENCE]).capitalize() + "."
                    sentences.append(Span(length, length + len(sentence)))
                    parts.append(sentence)
                    length += len(sentence) + 1
                spans.append(sentences)
                if first + row in asked:
                    content = [vocabulary[n] for n in numbers[row][~function[row]].tolist()]
                    questions.append(self._question(content, vectors[row], first + row))
            yield " ".join(parts), spans, vectors

    def _question(self, content: Sequence[str], vector: Vectors, passage: int) -> Question:
        chance = np.random.default_rng(passage)
        several = dict.fromkeys(content[i] for i in chance.integers(len(content), size=7))
        chosen = list(several)[: int(chance.integers(3, 7))]
        chosen[-1] = self.vocabulary[int(_common_words(chance, (1,))[0])]
        noise = chance.standard_normal(DIMENSION) * _SPREAD
        asked = _unit(vector + noise / np.linalg.norm(noise))
        return Question(f"What did the {' '.join(chosen)}?", asked, passage + 1)

    def _directions(self, count: int) -> Vectors:
        return _unit(self._rng.standard_normal((count, DIMENSION)) * _SPREAD)


def write_store(store: Store, passages: int, count: int) -> list[Question]:
    """Write a corpus of ``passages`` in one transaction; ``count`` questions to it."""
    corpus = MadeUpCorpus(passages)
    asked = set(np.random.default_rng(1).choice(passages, size=count, replace=False).tolist())
    questions: list[Question] = []
    with store.transaction():
        store.clear()
        for number, (text, spans, vectors) in enumerate(corpus.documents(asked, questions)):
            data = text.encode()
            title = " ".join(text.split(maxsplit=4)[:4])
            digest = hashlib.sha256(data).hexdigest()
            name = f"made-up-{number:06}.txt"
            document = Document(name, text, digest, title, None, len(data), (), Metadata())
            cut = [Passage(Span(s[0].start, s[-1].end), tuple(s), True) for s in spans]
            sentences = [sentence for passage in spans for sentence in passage]
            store.add(document, cut, vectors, sentences, [None] * len(sentences))
        store.describe(
            IndexDescription(
                format_version=FORMAT_VERSION,
                generation=1,
                corpus="made-up",
                encoder_name=MadeUpEncoder.name,
                encoder_digest=MadeUpEncoder.digest,
                dimension=DIMENSION,
                passage_words=180,
                sentence_vectors=False,
            )
        )
    return questions


def _common_words(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Ranks with the frequencies of Zipf and Mandelbrot, by the inverse of their distribution."""
    low, high = 20.0, 20.0 + VOCABULARY
    drawn = low * (high / low) ** rng.random(shape) - low
    return np.minimum(drawn.astype(np.int64), VOCABULARY - 1)


def _unit(vectors: np.ndarray) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: Vectors = (vectors / lengths).astype(np.float32)
    return unit
