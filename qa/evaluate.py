"""Measures answers against labelled questions."""

from __future__ import annotations

import gzip
import json
import re
import string
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qa.answer import Answer
from qa.errors import InputFileError
from qa.metadata import SIDECAR_SUFFIX
from qa.session import Inquiry

__all__ = [
    "Judged",
    "Labelled",
    "LabelledQuestion",
    "area_under_roc",
    "exact_match",
    "expected_calibration_error",
    "judge",
    "measure",
    "read_labelled",
    "token_f1",
    "write_paragraphs",
]


@dataclass(frozen=True, slots=True)
class LabelledQuestion:
    """A question with what counts as right; without answers, the corpus does not hold one."""

    id: str
    question: str
    answers: tuple[str, ...]
    file: str | None
    """Where the answer stands; ``None`` for a question without one."""
    kind: str | None
    paragraph: str | None = None
    """Of a SQuAD file: the paragraph that the question was written about, answer or not."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of a SQuAD file, to be a document of its own."""

    file: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Labelled:
    """The questions of a file, and the paragraphs they are about if it brings its own."""

    questions: tuple[LabelledQuestion, ...]
    paragraphs: tuple[Paragraph, ...]


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
    best_file_right: bool
    """As ``file_right``, of the best span whether or not it was given as the answer."""
    best_sentence_right: bool
    exact: float
    f1: float


def read_labelled(path: Path) -> Labelled:
    """Labelled questions from ``.jsonl`` rows or from SQuAD 1.1 / 2.0 JSON, also gzipped.

    Raises:
        InputFileError: the file cannot be read or holds something else; a bad row is named by number.
    """
    try:
        data = path.read_bytes()
        if path.suffix == ".gz":
            data = gzip.decompress(data)
        text = data.decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise InputFileError(f"The labelled file {path} cannot be read ({error}).") from error
    rows = ".jsonl" in path.suffixes
    if not rows and ".json" not in path.suffixes:
        raise InputFileError(f"{path} is no labelled file; give a .jsonl, .json or .json.gz.")
    labelled = _from_rows(text, path) if rows else _from_squad(text, path)
    if not labelled.questions:
        raise InputFileError(f"The labelled file {path} holds no question.")
    return labelled


def write_paragraphs(paragraphs: Iterable[Paragraph], folder: Path) -> None:
    """Lay the paragraphs out as a corpus, each a file with its title in a sidecar."""
    for paragraph in paragraphs:
        (folder / paragraph.file).write_bytes(paragraph.text.encode())
        sidecar = folder / (paragraph.file + SIDECAR_SUFFIX)
        # A JSON string is a TOML string, but for the one control character that JSON leaves as it is.
        title = json.dumps(paragraph.title, ensure_ascii=False).replace("\x7f", "\\u007f")
        sidecar.write_text(f"title = {title}\n", encoding="utf-8")


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
        best_file_right=file_right,
        best_sentence_right=sentence_right,
        exact=max((exact_match(prediction, a) for a in question.answers), default=0.0),
        f1=max((token_f1(prediction, a) for a in question.answers), default=0.0),
    )


def measure(judged: Sequence[Judged]) -> dict[str, Any]:
    """All measures over ``judged``, and the same per kind where rows have one.

    Rates and scores are percentages, rounded to 0.1; MRR, auroc and ece lie between 0 and 1. A
    measure that nothing bears on (refusals without unanswerable questions) is ``None``.
    """
    measures = _measures(judged)
    kinds = sorted({row.kind for row in judged if row.kind is not None})
    if kinds:
        measures["kinds"] = {
            kind: _measures([row for row in judged if row.kind == kind]) for kind in kinds
        }
    return measures


def _measures(judged: Sequence[Judged]) -> dict[str, Any]:
    answerable = [row for row in judged if row.answerable]
    unanswerable = [row for row in judged if not row.answerable]
    given = [row for row in judged if row.answered]
    ranks = [row.rank for row in answerable]
    # An answer to an unanswerable question is wrong; the confidence of a rejected span counts too,
    # so that the measure does not depend on the threshold.
    right = [row.answerable and row.best_sentence_right for row in judged]
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
        "auroc": area_under_roc(confidences, right),
        "ece": expected_calibration_error(confidences, right),
    }


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
    scores, truth = np.asarray(confidences), np.asarray(right, dtype=float)
    place = np.minimum((scores * bins).astype(int), bins - 1)
    gaps = [
        abs(scores[place == b].mean() - truth[place == b].mean()) * (place == b).mean()
        for b in range(bins)
        if (place == b).any()
    ]
    return round(float(sum(gaps)), 3)


def _from_rows(text: str, path: Path) -> Labelled:
    questions = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            answers = _answers(row["answers"])
            if answers and not isinstance(row.get("file"), str):
                raise ValueError('a question with answers needs its "file"')
            questions.append(
                LabelledQuestion(
                    str(row.get("id", number)),
                    _text(row["question"]),
                    answers,
                    row.get("file"),
                    None if row.get("kind") is None else _text(row["kind"]),
                )
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise InputFileError(
                f"{path}:{number}: not a labelled question ({error}); "
                'a line is {"id", "question", "answers": [...], "file"}.'
            ) from error
    return Labelled(tuple(questions), ())


def _from_squad(text: str, path: Path) -> Labelled:
    try:
        questions: list[LabelledQuestion] = []
        paragraphs: list[Paragraph] = []
        for title, paragraph in _squad_paragraphs(json.loads(text)):
            file = f"{len(paragraphs):06d}.txt"
            paragraphs.append(Paragraph(file, title, _text(paragraph["context"])))
            for row in paragraph["qas"]:
                impossible = row.get("is_impossible", False)
                answers = () if impossible else _answers([a["text"] for a in row["answers"]])
                questions.append(
                    LabelledQuestion(
                        str(row["id"]),
                        _text(row["question"]),
                        answers,
                        file if answers else None,
                        row.get("kind"),
                        file,
                    )
                )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputFileError(f"{path} is not SQuAD JSON ({error}).") from error
    return Labelled(tuple(questions), tuple(paragraphs))


def _squad_paragraphs(data: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for article in data["data"]:
        for paragraph in article["paragraphs"]:
            yield str(article["title"]).replace("_", " "), paragraph


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{value!r} is no text")
    return value


def _answers(values: object) -> tuple[str, ...]:
    if not isinstance(values, list):
        raise ValueError("its answers are no list")
    return tuple(dict.fromkeys(_text(value) for value in values))


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _normalised(text: str) -> str:
    text = "".join(c for c in text.lower() if c not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def _percent(values: Sequence[float]) -> float | None:
    return round(100.0 * sum(values) / len(values), 1) if values else None


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 3) if values else None
