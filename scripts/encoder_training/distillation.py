"""What the encoder for late chunking learns from: passages, and the vectors that a teacher makes of them."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from reader_training.data import Example
from torch.nn.functional import cross_entropy, kl_div, log_softmax

from encoder_training.model import TrainedEncoder
from encoder_training.pairs import Embed, Vectors
from qa.models.passage_texts import PassageText, separate_texts
from qa.passages import header_of
from qa.sentences import sentences
from qa.text import Span

TEMPERATURE = 0.05
#: Weights of the parts of the loss, see :func:`distillation_loss`.
SENTENCE, PASSAGE, QUESTION, PASSAGE_RANKING, RIGHT = 5.0, 2.0, 2.0, 0.5, 0.3
#: Of the passages most like it, among how many one is drawn that shares a step with a passage.
NEIGHBOURS = 8
_NOBODY = -100
_NOWHERE = -1e4


@dataclass(frozen=True, slots=True)
class Lesson:
    """A passage with questions, and the teacher's unit vectors of all of them."""

    passage: PassageText
    questions: tuple[str, ...]
    answered_by: tuple[int, ...]
    """The place of the sentence that answers each question, negative where there is none."""
    of_passage: Vectors
    of_sentences: Vectors
    of_questions: Vectors


def lessons(
    examples: Sequence[Example], headed: float, teacher: Embed, rng: random.Random
) -> list[Lesson]:
    """Each paragraph of the examples once, with its header as often as ``headed`` says."""
    by_context: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        by_context[example.context].append(example)
    passages = [_passage(held[0], rng.random() < headed) for held in by_context.values()]
    separate = separate_texts(passages)
    texts = dict.fromkeys(text for of_passage in separate for text in of_passage)
    texts |= dict.fromkeys(example.question for example in examples)
    vectors = dict(zip(texts, teacher(list(texts)), strict=True))
    return [
        _lesson(passage, own, held, vectors)
        for passage, own, held in zip(passages, separate, by_context.values(), strict=True)
    ]


def _passage(example: Example, headed: bool) -> PassageText:
    header = header_of(example.title, example.day) if example.title and headed else ""
    at = len(header)
    spans = tuple(Span(at + s.start, at + s.end) for s in sentences(example.context))
    return PassageText(header + example.context, at, spans, tuple(range(len(spans))))


def _lesson(
    passage: PassageText,
    texts: Sequence[str],
    examples: Sequence[Example],
    vectors: Mapping[str, Vectors],
) -> Lesson:
    questions = tuple(example.question for example in examples)
    return Lesson(
        passage,
        questions,
        tuple(_answering(example, passage) for example in examples),
        vectors[texts[0]],
        np.stack([vectors[text] for text in texts[1:]]),
        np.stack([vectors[question] for question in questions]),
    )


def _answering(example: Example, passage: PassageText) -> int:
    if example.target is None:
        return _NOBODY
    start = passage.header + example.target.start
    spans = enumerate(passage.sentences)
    return next((i for i, s in spans if s.start <= start < s.end), _NOBODY)


def epoch(known: Sequence[Lesson], size: int, rng: random.Random) -> list[list[Lesson]]:
    """All lessons once, but for a few at the end, ``size`` of them a step, like ones together in twos."""
    vectors = np.stack([lesson.of_passage for lesson in known])
    near = [np.argsort(-(vectors @ vector))[1 : NEIGHBOURS + 1] for vector in vectors]
    left = set(range(len(known)))
    order = list(left)
    rng.shuffle(order)
    groups: list[list[int]] = []
    for place in order:
        if place in left:
            left.discard(place)
            like = [int(other) for other in near[place] if other in left]
            group = [place, *rng.sample(like, min(1, len(like)))]
            left.difference_update(group)
            groups.append(group)
    rng.shuffle(groups)
    flat = [known[place] for group in groups for place in group]
    return [flat[at : at + size] for at in range(0, len(flat) - size + 1, size)]


def distillation_loss(
    encoder: TrainedEncoder, taught: Sequence[Lesson], questions: int, rng: random.Random
) -> tuple[torch.Tensor, float]:
    """How far the encoder is from its teacher, and the mean cosine of their sentences' vectors.

    One less the cosine, of sentences, passages and questions (at most so many of each passage); the
    divergence of the rankings that questions give all sentences and all passages of the step from those of
    the teacher (Hinton, Vinyals and Dean 2015, https://arxiv.org/abs/1503.02531); and the cross-entropy of
    the right sentence.
    """
    made = encoder.passages([lesson.passage for lesson in taught])
    sentences_made = torch.cat([vectors[1:] for vectors in made])
    passages_made = torch.stack([vectors[0] for vectors in made])
    # A sentence that was cut off, if only in part, teaches nothing.
    there = sentences_made.norm(dim=1) > 0.5
    chosen = [
        (number, place)
        for number, lesson in enumerate(taught)
        for place in rng.sample(range(len(lesson.questions)), min(questions, len(lesson.questions)))
    ]
    asked = encoder.vectors([taught[number].questions[place] for number, place in chosen])

    def known(vectors: Sequence[Vectors]) -> torch.Tensor:
        return torch.from_numpy(np.stack(vectors).astype(np.float32))

    sentences_known = known([row for lesson in taught for row in lesson.of_sentences])
    passages_known = known([lesson.of_passage for lesson in taught])
    asked_known = known([taught[number].of_questions[place] for number, place in chosen])

    def apart(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        return (1 - (one * other).sum(dim=1)).mean()

    hidden = torch.where(there, 0.0, _NOWHERE)
    scores = asked @ sentences_made.T / TEMPERATURE + hidden
    scores_known = asked_known @ sentences_known.T / TEMPERATURE + hidden
    first = np.cumsum([0, *(len(lesson.of_sentences) for lesson in taught)])
    right = torch.tensor(
        [
            first[number] + taught[number].answered_by[place]
            if taught[number].answered_by[place] >= 0
            and there[first[number] + taught[number].answered_by[place]]
            else _NOBODY
            for number, place in chosen
        ]
    )
    of_sentences = apart(sentences_made[there], sentences_known[there])
    loss = (
        SENTENCE * of_sentences
        + PASSAGE * apart(passages_made, passages_known)
        + QUESTION * apart(asked, asked_known)
        + _divergence(scores, scores_known)
        + PASSAGE_RANKING
        * _divergence(
            asked @ passages_made.T / TEMPERATURE, asked_known @ passages_known.T / TEMPERATURE
        )
    )
    if (right >= 0).any():
        loss = loss + RIGHT * cross_entropy(scores, right, ignore_index=_NOBODY)
    return loss, 1 - of_sentences.item()


def _divergence(scores: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
    return kl_div(
        log_softmax(scores, dim=1),
        log_softmax(known, dim=1),
        reduction="batchmean",
        log_target=True,
    )
