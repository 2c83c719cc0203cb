"""Questions and paragraphs: reading SQuAD files, keeping held-out text out, adding negatives."""

from __future__ import annotations

import gzip
import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore[import-untyped]

from qa.passages import header_of


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
    title: str = ""
    """Of the paragraph's article."""
    day: date | None = None
    """Of the article."""

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
            title=article.get("title", "").replace("_", " "),
            day=date.fromisoformat(article["date"]) if article.get("date") else None,
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


Neighbours = Callable[[Sequence[str], Sequence[str], int], NDArray[np.int64]]
"""Questions, paragraphs and a count to the indices (questions, count) of the likeliest paragraphs."""


def nearest_by_both(embed: Callable[[Sequence[str]], NDArray[np.float32]]) -> Neighbours:
    """By TF-IDF and by the retriever's vectors in turn: what a hybrid retriever brings."""

    def nearest(questions: Sequence[str], contexts: Sequence[str], count: int) -> NDArray[np.int64]:
        by_words = nearest_paragraphs(questions, contexts, count)
        paragraphs = embed(contexts)
        asked = embed(questions)
        both = np.empty((len(questions), by_words.shape[1]), dtype=np.int64)
        for row, words in enumerate(by_words):
            by_vectors = np.argsort(-(paragraphs @ asked[row]))[:count]
            merged = dict.fromkeys(np.stack([by_vectors, words], axis=1).flatten().tolist())
            both[row] = list(merged)[: both.shape[1]]
        return both

    return nearest


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


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it is trained on: first its own paragraph, then wrong ones without an answer."""

    readings: tuple[Example, ...]


def with_negatives(
    examples: Sequence[Example],
    each: float,
    rng: random.Random,
    among: int = 8,
    neighbours: Neighbours = nearest_paragraphs,
) -> list[Asked]:
    """Put the questions to paragraphs that do not answer them as well.

    `each` is the mean number of such paragraphs for a question: 0.25 gives a quarter of the
    questions one, 2.0 gives every question two. They are drawn from the `among` nearest to the
    question that do not contain any of its answers, so the reader learns to stay silent on what a
    retriever brings by mistake. A question without an answer is put to its nearest paragraphs too:
    silence has to hold on all that a retriever brings for it.
    """
    if not each or not examples:
        return [Asked((example,)) for example in examples]
    counts = [_rounded(each, rng) for _ in examples]
    chosen = [example for example, count in zip(examples, counts, strict=True) if count]
    articles = {example.context: example for example in examples}
    contexts = sorted(articles)
    lowered = [context.casefold() for context in contexts]
    rows = iter(neighbours([e.question for e in chosen], contexts, among + 1))
    asked = []
    for example, count in zip(examples, counts, strict=True):
        negatives: list[Example] = []
        if count:
            answers = [answer.text.casefold() for answer in example.answers]
            silent = [
                contexts[index]
                for index in next(rows)
                if contexts[index] != example.context
                and not any(answer in lowered[index] for answer in answers)
            ]
            negatives = [
                replace(articles[context], question=example.question, answers=(), kind="")
                for context in rng.sample(silent, min(count, len(silent)))
            ]
        asked.append(Asked((example, *negatives)))
    return asked


def _rounded(number: float, rng: random.Random) -> int:
    """`number` rounded up or down by chance, so that the mean over many is `number`."""
    return int(number) + (rng.random() < number - int(number))


def with_headers(asked: Sequence[Asked], share: float, rng: random.Random) -> list[Asked]:
    """A share of the questions with the header that a passage has when it is read: title and date."""
    return [
        Asked(tuple(map(_headed, each.readings))) if rng.random() < share else each
        for each in asked
    ]


def _headed(example: Example) -> Example:
    header = header_of(example.title, example.day) if example.title else ""
    answers = tuple(replace(answer, start=answer.start + len(header)) for answer in example.answers)
    return replace(example, context=header + example.context, answers=answers)


def with_typing_noise(asked: Sequence[Asked], share: float, rng: random.Random) -> list[Asked]:
    """The questions, a share of them as typed in a hurry."""
    return [_retyped(each, rng) if rng.random() < share else each for each in asked]


def _retyped(asked: Asked, rng: random.Random) -> Asked:
    question = _mistyped(asked.readings[0].question, rng)
    return Asked(tuple(replace(reading, question=question) for reading in asked.readings))


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
