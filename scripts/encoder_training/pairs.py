"""Questions with the sentence that answers them, and with sentences that only look like it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from reader_training.data import Example

from qa.passages import header_of
from qa.sentences import sentences
from qa.text import Span

Vectors = NDArray[np.float32]
Embed = Callable[[Sequence[str]], Vectors]


@dataclass(frozen=True, slots=True)
class Place:
    """A sentence of a paragraph, as it is embedded: with the one before it, and perhaps a header."""

    header: str
    before: str
    sentence: str
    paragraph: str

    def text(self, headed: bool) -> str:
        """What is embedded for the sentence; see :func:`qa.indexing`."""
        before = f"{self.before} " if self.before else ""
        return f"{self.header if headed else ''}{before}{self.sentence}"


@dataclass(frozen=True, slots=True)
class Pair:
    """A question, its sentence, and its likeliest wrong sentences."""

    question: str
    right: Place
    wrong: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Triple:
    """What a step of training sees of a pair."""

    question: str
    right: str
    wrong: str | None


def places(example: Example) -> tuple[list[Place], list[Span]]:
    """All sentences of the example's paragraph, with their spans."""
    spans = list(sentences(example.context))
    texts = [span.of(example.context) for span in spans]
    header = header_of(example.title, example.day) if example.title else ""
    return [
        Place(header, texts[i - 1] if i else "", text, example.context)
        for i, text in enumerate(texts)
    ], spans


def mined_pairs(examples: Sequence[Example], embed: Embed, among: int = 6) -> list[Pair]:
    """Each answerable question with the ``among`` sentences nearest to it that do not hold its answer.

    The sentences come from all paragraphs of the examples, and the encoder that is to be trained
    finds them itself (Xiong et al. 2021, https://arxiv.org/abs/2007.00808).
    """
    every: list[Place] = []
    first: dict[str, int] = {}
    spans: dict[str, list[Span]] = {}
    for example in examples:
        if example.context not in first:
            found, at = places(example)
            first[example.context], spans[example.context] = len(every), at
            every += found
    folded = [place.sentence.casefold() for place in every]
    asked = [(e, i) for e in examples if (i := _answering(e, spans[e.context])) is not None]
    documents = embed([place.text(headed=True) for place in every])
    questions = embed([example.question for example, _ in asked])
    pairs = []
    for start in range(0, len(asked), 512):
        similarity = questions[start : start + 512] @ documents.T
        nearest = np.argsort(-similarity, axis=1)[:, : among * 3]
        for (example, inside), order in zip(asked[start : start + 512], nearest, strict=True):
            right = first[example.context] + inside
            answers = [answer.text.casefold() for answer in example.answers]
            wrong = [i for i in order if i != right and not any(a in folded[i] for a in answers)]
            pairs.append(
                Pair(example.question, every[right], tuple(every[i] for i in wrong[:among]))
            )
    return pairs


def _answering(example: Example, spans: Sequence[Span]) -> int | None:
    """Which sentence of the paragraph the answer begins in."""
    target = example.target
    if target is None:
        return None
    return next((i for i, s in enumerate(spans) if s.start <= target.start < s.end), None)


def drawn(pair: Pair, rng: random.Random, headers: float, passages: float) -> Triple:
    """One of the pair's wrong sentences; a header, or the whole paragraph, now and then."""
    headed = rng.random() < headers
    right = pair.right.text(headed)
    if rng.random() < passages:
        right = f"{pair.right.header if headed else ''}{pair.right.paragraph}"
    wrong = rng.choice(pair.wrong).text(headed) if pair.wrong else None
    return Triple(pair.question, right, wrong)
