"""Questions and paragraphs: reading SQuAD files, keeping held-out text out, adding negatives."""

from __future__ import annotations

import gzip
import json
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore[import-untyped]


@dataclass(frozen=True, slots=True)
class Answer:
    """A gold answer: `context[start : start + len(text)] == text`."""

    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Example:
    """A question on a paragraph, with every annotator's answer; none if it cannot be answered."""

    question: str
    context: str
    answers: tuple[Answer, ...]
    kind: str = ""

    @property
    def target(self) -> Answer | None:
        """The answer to train on: the most frequent one, the shortest where several tie."""
        counts = Counter(self.answers)
        return min(counts, key=lambda a: (-counts[a], len(a.text), a.start), default=None)


def read_squad(path: Path) -> list[Example]:
    """Read a SQuAD 1.1 or 2.0 file (Rajpurkar et al. 2016, 2018), gzipped or plain."""
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    articles: list[dict[str, Any]] = json.loads(content)["data"]
    return [
        Example(
            question=question["question"].strip(),
            context=paragraph["context"],
            answers=tuple(Answer(a["text"], a["answer_start"]) for a in question["answers"]),
            kind=question.get("kind", ""),
        )
        for article in articles
        for paragraph in article["paragraphs"]
        for question in paragraph["qas"]
    ]


def _normalised(context: str) -> str:
    return " ".join(context.split()).casefold()


class HeldOut:
    """The paragraphs that development and test questions are about: never to be trained on."""

    def __init__(self, contexts: Iterable[str]) -> None:
        self._contexts = {_normalised(context) for context in contexts}
        self._joined = "\n".join(sorted(self._contexts))

    def without(self, examples: Sequence[Example]) -> list[Example]:
        """The examples whose paragraph neither equals, contains nor is part of a held-out one."""
        contexts = {example.context: _normalised(example.context) for example in examples}
        everything = "\n".join(contexts.values())
        # Looking once in the joined text spares comparing every pair of paragraphs.
        contained = [held for held in self._contexts if held in everything]
        clean = {
            context
            for context, normalised in contexts.items()
            if normalised not in self._joined and not any(c in normalised for c in contained)
        }
        return [example for example in examples if example.context in clean]


def nearest_paragraphs(
    questions: Sequence[str], contexts: Sequence[str], count: int
) -> NDArray[np.int64]:
    """Indices (questions, count) of the paragraphs most like each question by TF-IDF cosine."""
    vectorizer = TfidfVectorizer(sublinear_tf=True)
    paragraphs = vectorizer.fit_transform(contexts).T.tocsr()
    count = min(count, len(contexts))
    found = np.empty((len(questions), count), dtype=np.int64)
    for first in range(0, len(questions), 1024):
        chunk = vectorizer.transform(questions[first : first + 1024])
        similarity = (chunk @ paragraphs).toarray()
        found[first : first + 1024] = np.argsort(-similarity, axis=1, kind="stable")[:, :count]
    return found


def hard_negatives(
    examples: Sequence[Example], share: float, rng: random.Random, among: int = 8
) -> list[Example]:
    """Put a share of the answerable questions to a paragraph that does not answer them.

    The paragraph is drawn from the `among` nearest to the question that do not contain any of its
    answers, so the reader learns to stay silent on what a retriever brings by mistake.
    """
    answerable = [example for example in examples if example.answers]
    chosen = rng.sample(answerable, round(share * len(answerable)))
    if not chosen:
        return []
    contexts = sorted({example.context for example in examples})
    lowered = [context.casefold() for context in contexts]
    nearest = nearest_paragraphs([e.question for e in chosen], contexts, among + 1)
    negatives = []
    for example, indices in zip(chosen, nearest, strict=True):
        answers = [answer.text.casefold() for answer in example.answers]
        silent = [
            index
            for index in indices
            if contexts[index] != example.context
            and not any(answer in lowered[index] for answer in answers)
        ]
        if silent:
            negatives.append(replace(example, context=contexts[rng.choice(silent)], answers=()))
    return negatives


def with_typing_noise(
    examples: Sequence[Example], share: float, rng: random.Random
) -> list[Example]:
    """The examples, a share of them with the question as typed in a hurry."""
    return [
        replace(example, question=_mistyped(example.question, rng))
        if rng.random() < share
        else example
        for example in examples
    ]


def _mistyped(question: str, rng: random.Random) -> str:
    """Without its question mark, without apostrophes, or with two letters swapped.

    Letter case is left alone: the model is uncased.
    """
    kind = rng.choice(("question mark", "apostrophes", "swap"))
    if kind == "question mark":
        return question.rstrip(" ?")
    if kind == "apostrophes":
        return question.replace("'", "").replace("\u2019", "")
    places = [i for i in range(1, len(question) - 2) if question[i : i + 2].isalpha()]
    if not places:
        return question
    i = rng.choice(places)
    return question[:i] + question[i + 1] + question[i] + question[i + 2 :]


def sample_share(examples: Sequence[Example], share: float, rng: random.Random) -> list[Example]:
    """A share of the examples, drawn without replacement; all of them for a share of 1."""
    return rng.sample(list(examples), round(share * len(examples)))
