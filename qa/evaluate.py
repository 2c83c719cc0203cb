"""Measures answers against labelled questions."""

from __future__ import annotations

import math
import re
import string
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from qa.answer import Answer
from qa.errors import UsageError
from qa.fitting import reliability, threshold_for_precision
from qa.labelled import Labelled, LabelledQuestion
from qa.models.reader import SpanModel
from qa.reordering import over_orders
from qa.sentences import sentences
from qa.session import Inquiry
from qa.spans import best_of_context, whole_words
from qa.text import Span

__all__ = [
    "Judged",
    "Read",
    "area_under_roc",
    "exact_match",
    "expected_calibration_error",
    "judge",
    "measure",
    "measure_reading",
    "read_alone",
    "token_f1",
]


@dataclass(frozen=True, slots=True)
class Judged:
    """One question with how its reply did."""

    kind: str | None
    answerable: bool
    answered: bool
    confidence: float
    rank: int | None
    """Of the first retrieved passage that holds a gold answer in the gold file, from 1."""
    file_right: bool
    sentence_right: bool
    best_sentence_right: bool
    """As ``sentence_right``, of the best span whether or not it was given as the answer."""
    exact: float
    f1: float

    @property
    def right(self) -> bool:
        """Silence where the corpus holds no answer; else words of the answer, in its sentence."""
        return self.sentence_right and self.f1 > 0.0 if self.answerable else not self.answered

    @property
    def best_right(self) -> bool:
        """The best span is a right answer, given or not; never so where the corpus holds none."""
        return self.answerable and self.best_sentence_right


@dataclass(frozen=True, slots=True)
class Read:
    """How the reader did on one question with the paragraph given that it was written about."""

    kind: str | None
    answerable: bool
    margin: float
    """Of its best span over the null score, in logits."""
    exact: float
    f1: float


_Row = TypeVar("_Row", Judged, Read)


def judge(question: LabelledQuestion, inquiry: Inquiry, file_of: Callable[[int], str]) -> Judged:
    """Hold a reply against the label. ``file_of`` gives the file of a document's id."""
    reply = inquiry.reply
    gold = [_folded(answer) for answer in question.answers]

    def holds(text: str) -> bool:
        return any(answer in _folded(text) for answer in gold)

    rank = next(
        (
            place
            for place, passage in enumerate(inquiry.retrieval.passages, start=1)
            if file_of(passage.document) == question.file and holds(passage.text)
        ),
        None,
    )
    best = reply.citations[0] if isinstance(reply, Answer) else reply.rejected
    file_right = best is not None and best.file == question.file
    sentence_right = best is not None and file_right and holds(best.sentence_text)
    answered = isinstance(reply, Answer)
    prediction = reply.text if isinstance(reply, Answer) else ""
    return Judged(
        kind=question.kind,
        answerable=bool(gold),
        answered=answered,
        confidence=reply.confidence,
        rank=rank,
        file_right=answered and file_right,
        sentence_right=answered and sentence_right,
        best_sentence_right=sentence_right,
        exact=max((exact_match(prediction, a) for a in question.answers), default=0.0),
        f1=max((token_f1(prediction, a) for a in question.answers), default=0.0),
    )


def measure(judged: Sequence[Judged]) -> dict[str, Any]:
    """All measures over ``judged``, and the same per kind where rows have one.

    Rates and scores are percentages, rounded to 0.1; MRR, auroc and ece lie between 0 and 1. A
    measure that nothing bears on (refusals without unanswerable questions) is ``None``.
    """
    return _by_kind(judged, _measures)


def _measures(judged: Sequence[Judged]) -> dict[str, Any]:
    answerable = [row for row in judged if row.answerable]
    unanswerable = [row for row in judged if not row.answerable]
    given = [row for row in judged if row.answered]
    ranks = [row.rank for row in answerable]
    # An answer to an unanswerable question is wrong; the confidence of a rejected span counts too,
    # so that the measure does not depend on the threshold.
    right = [row.best_right for row in judged]
    confidences = [row.confidence for row in judged]
    return {
        "n": len(judged),
        "hit@1": _percent([rank is not None and rank <= 1 for rank in ranks]),
        "hit@5": _percent([rank is not None and rank <= 5 for rank in ranks]),
        "hit@10": _percent([rank is not None and rank <= 10 for rank in ranks]),
        "MRR": _mean([1.0 / rank if rank is not None and rank <= 10 else 0.0 for rank in ranks]),
        "file@1": _percent([row.file_right for row in answerable]),
        "sentence@1": _percent([row.sentence_right for row in answerable]),
        "em": _percent([row.exact for row in answerable]),
        "f1": _percent([row.f1 for row in answerable]),
        "refusal_recall": _percent([not row.answered for row in unanswerable]),
        "coverage": _percent([row.answered for row in answerable]),
        "precision": _percent([row.sentence_right for row in given]),
        "refusal@85": _refusal_at(judged, 0.85),
        "refusal@88": _refusal_at(judged, 0.88),
        "answered@90": _answered_at(confidences, right, 0.90),
        "auroc": area_under_roc(confidences, right),
        "ece": expected_calibration_error(confidences, right),
    }


def _refusal_at(judged: Sequence[Judged], coverage: float) -> float | None:
    """Unanswerable questions refused at the highest threshold that answers ``coverage`` of the others."""
    answerable = sorted((row.confidence for row in judged if row.answerable), reverse=True)
    unanswerable = [row.confidence for row in judged if not row.answerable]
    if not answerable:
        return None
    threshold = answerable[math.ceil(coverage * len(answerable)) - 1]
    return _percent([confidence < threshold for confidence in unanswerable])


def _answered_at(
    confidences: Sequence[float], right: Sequence[bool], precision: float
) -> float | None:
    """The largest share of all questions that one threshold answers with such precision."""
    if not confidences:
        return None
    found = threshold_for_precision(confidences, right, precision)
    return round(100.0 * found.answered, 1) if found is not None else 0.0


def read_alone(labelled: Labelled, model: SpanModel) -> Iterator[Read]:
    """Give the reader the paragraph that each question was written about, and nothing to choose from.

    Raises:
        UsageError: the questions bring no paragraphs.
    """
    texts = {paragraph.file: paragraph.text for paragraph in labelled.paragraphs}
    if not texts:
        raise UsageError(
            "--reader-only needs a SQuAD file, whose questions bring their paragraphs."
        )
    for question in labelled.questions:
        text = texts[question.paragraph or ""]
        plain = model.score(question.question, [text])[0]
        read = over_orders(plain, model, question.question, "", text, sentences(text))
        found = best_of_context(read)
        whole = Span(0, len(text))
        prediction = whole_words(text, found[1], whole).of(text) if found is not None else ""
        yield Read(
            kind=question.kind,
            answerable=bool(question.answers),
            margin=found[0] if found is not None else -math.inf,
            exact=max((exact_match(prediction, a) for a in question.answers), default=0.0),
            f1=max((token_f1(prediction, a) for a in question.answers), default=0.0),
        )


def measure_reading(read: Sequence[Read]) -> dict[str, Any]:
    """EM and F1 over answerable questions in percent, and the same per kind.

    ``auroc`` is the chance that an answerable question has a larger margin than an unanswerable one.
    """
    return _by_kind(read, _measures_of_reading)


def _measures_of_reading(read: Sequence[Read]) -> dict[str, Any]:
    answerable = [row for row in read if row.answerable]
    return {
        "n": len(read),
        "em": _percent([row.exact for row in answerable]),
        "f1": _percent([row.f1 for row in answerable]),
        "auroc": area_under_roc([row.margin for row in read], [row.answerable for row in read]),
    }


def _by_kind(
    rows: Sequence[_Row], measures_of: Callable[[Sequence[_Row]], dict[str, Any]]
) -> dict[str, Any]:
    """The measures of all rows and, under ``kinds``, of each kind that there is."""
    measures = measures_of(rows)
    kinds = sorted({row.kind for row in rows if row.kind is not None})
    if kinds:
        measures["kinds"] = {
            kind: measures_of([row for row in rows if row.kind == kind]) for kind in kinds
        }
    return measures


def exact_match(prediction: str, gold: str) -> float:
    """1 if both are equal after SQuAD's normalisation, else 0 (Rajpurkar et al. 2016)."""
    return float(_normalised(prediction) == _normalised(gold))


def token_f1(prediction: str, gold: str) -> float:
    """Harmonic mean of precision and recall over normalised words (Rajpurkar et al. 2016), 0 to 1."""
    ours, theirs = _normalised(prediction).split(), _normalised(gold).split()
    if not ours or not theirs:
        return float(ours == theirs)
    shared = sum((Counter(ours) & Counter(theirs)).values())
    return 2.0 * shared / (len(ours) + len(theirs))


def area_under_roc(confidences: Sequence[float], right: Sequence[bool]) -> float | None:
    """Chance that a right answer has more confidence than a wrong one, ties counting half."""
    scores, truth = np.asarray(confidences), np.asarray(right, dtype=bool)
    positive, negative = scores[truth], scores[~truth]
    if not len(positive) or not len(negative):
        return None
    wins = (positive[:, np.newaxis] > negative).mean()
    ties = (positive[:, np.newaxis] == negative).mean()
    return round(float(wins + ties / 2), 3)


def expected_calibration_error(
    confidences: Sequence[float], right: Sequence[bool], bins: int = 10
) -> float | None:
    """Mean gap of confidence and accuracy over equal-width bins, weighed by their size.

    Naeini, Cooper and Hauskrecht, "Obtaining Well Calibrated Probabilities Using Bayesian
    Binning", AAAI 2015.
    """
    if not confidences:
        return None
    table = reliability(confidences, right, bins)
    return round(sum(abs(b.said - b.right) * b.count for b in table) / len(confidences), 3)


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _normalised(text: str) -> str:
    text = "".join(c for c in text.lower() if c not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def _percent(values: Sequence[float]) -> float | None:
    return round(100.0 * sum(values) / len(values), 1) if values else None


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 3) if values else None
