"""Fits a reader's feature weights and its calibrator; writes qa/artefacts/NAME.json.

    scripts/written_corpus.py scripts/reader_training/written_dev written/
    python scripts/fit_readers.py span_reader --questions 2000 \\
        --weights written/questions.jsonl --calibration written/questions.jsonl \\
        --rows scripts/reader_training/written_tables_dev/questions.jsonl

Each SQuAD file becomes a corpus of its own, as in ``qa eval``; a .jsonl has its corpus in the folder
``corpus`` beside it. The questions are asked of the whole corpus, so that a reader is fitted among the
passages that the retriever really brings. Encoder and span reader must not have been trained on them,
since both are surer of what they have seen. A question set that results are reported on must be given
to neither option.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from qa.calibration import LogisticCalibrator
from qa.candidates import Candidate, Row, ranked
from qa.evidence import Evidence, evidence_of
from qa.fitting import fit_calibrator
from qa.labelled import LabelledQuestion, read_labelled, write_paragraphs
from qa.models.encoder import Encoder, load_encoder
from qa.models.reader import SpanModel, load_embedded_readers
from qa.reading import READ_FEATURES, SPAN_FEATURES, span_rows
from qa.retrieval import Retrieval, retrieve
from qa.sentence_reading import FEATURES, sentence_rows
from qa.session import build_index
from qa.settings import EMBEDDED_MODEL, Settings
from qa.store import Store
from qa.vectors import open_vectors
from qa.verifying import verified

#: Log-odds by which logits may exceed all that were seen here before a passage is left unread wrongly. On
#: people's questions, which no weight is fitted to, they exceeded them by 0.8.
BEYOND = 2.0
ARTEFACTS = Path(__file__).parent.parent / "qa" / "artefacts"
Array = npt.NDArray[np.float64]
RowsOf = Callable[[Retrieval], list[Row]]


@dataclass(frozen=True)
class Example:
    """A question with its candidates, one for each sentence, and which of them are right."""

    retrieval: Retrieval
    rows: list[Row]
    right: Array
    answerable: bool


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("reader", choices=("sentence_reader", "span_reader"))
    parser.add_argument("--weights", nargs="+", type=Path, required=True, metavar="LABELLED")
    parser.add_argument("--calibration", nargs="+", type=Path, required=True, metavar="LABELLED")
    parser.add_argument(
        "--rows",
        nargs="*",
        type=Path,
        default=[],
        metavar="LABELLED",
        help="about documents with tables: fits what judges answers in their rows",
    )
    parser.add_argument("--paragraphs", type=int, default=300, help="at most, of each file")
    parser.add_argument("--questions", type=int, default=700, help="at most, of each file")
    parser.add_argument(
        "--coverage",
        type=float,
        default=0.95,
        help="share of the answerable questions for the calibration that get an answer; "
        "it sets the threshold (default: 0.95)",
    )
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()

    encoder = load_encoder(EMBEDDED_MODEL)
    rows_of = _rows_of(arguments.reader)
    names = FEATURES if arguments.reader == "sentence_reader" else SPAN_FEATURES

    def collected(paths: Sequence[Path]) -> list[Example]:
        random_source = random.Random(arguments.seed)
        return [
            example
            for path in paths
            for example in collect(
                path, encoder, rows_of, arguments.paragraphs, arguments.questions, random_source
            )
        ]

    for_weights = collected(arguments.weights)
    weights = fit_weights(for_weights, len(names))
    same = arguments.calibration == arguments.weights  # then asked once: it takes minutes
    for_calibration = for_weights if same else collected(arguments.calibration)
    verifier = load_embedded_readers().verifier if arguments.reader == "span_reader" else None
    calibrator = fit_calibration(for_calibration, weights, arguments.coverage, verifier)
    if arguments.rows:
        calibrator = replace(calibrator, rows=fit_rows(collected(arguments.rows), weights))
    artefact: dict[str, Any] = {
        "features": {name: round(float(w), 4) for name, w in zip(names, weights, strict=True)}
    }
    if arguments.reader == "span_reader":
        artefact["most"] = round(highest_logits(for_weights, weights) + BEYOND, 1)
    artefact |= {
        "calibration": _rounded(calibrator),
    }
    path = ARTEFACTS / f"{arguments.reader}.json"
    path.write_text(json.dumps(artefact, indent=2) + "\n", encoding="utf-8")
    for name, part in (("weights", for_weights), ("calibration", for_calibration)):
        print(f"right sentence first, questions for the {name}: {accuracy(part, weights):.1%}")
    print(f"written: {path}")


def _rounded(calibrator: LogisticCalibrator) -> dict[str, Any]:
    values: dict[str, Any] = {
        "bias": round(calibrator.bias, 4),
        "weights": {name: round(value, 4) for name, value in calibrator.weights.items()},
        "threshold": round(calibrator.threshold, 3),
    }
    for name in ("unverified", "rows"):
        instead = getattr(calibrator, name)
        if instead is not None:
            values[name] = _rounded(instead)
    return values


def collect(
    path: Path,
    encoder: Encoder,
    rows_of: RowsOf,
    paragraphs: int,
    questions: int,
    random_source: random.Random,
) -> Iterator[Example]:
    """Ask the questions of one file of a corpus of its own first paragraphs."""
    labelled = read_labelled(path)
    asked = list(labelled.questions)
    with tempfile.TemporaryDirectory() as temporary:
        corpus = path.parent / "corpus"
        if labelled.paragraphs:
            kept = labelled.paragraphs[:paragraphs]
            files = {paragraph.file for paragraph in kept}
            asked = [question for question in asked if question.paragraph in files]
            corpus = Path(temporary) / "corpus"
            corpus.mkdir()
            write_paragraphs(kept, corpus)
        asked = random_source.sample(asked, min(questions, len(asked)))
        settings = replace(Settings(), corpus=corpus, vectors=Path(temporary) / "vectors")
        build_index(settings, load=lambda _: encoder)
        with Store.open(settings.vectors) as store:
            file_of = {record.id: record.file for record in store.documents()}
            vectors = open_vectors(settings.vectors, store, 1)
            for number, question in enumerate(asked, start=1):
                retrieval = retrieve(
                    question.question,
                    store=store,
                    vectors=vectors,
                    encoder=encoder,
                    limit=settings.passages_read,
                )
                rows = rows_of(retrieval)
                right = np.array(
                    [_is_right(row, question, file_of) for row, _ in rows], dtype=float
                )
                yield Example(retrieval, rows, right, bool(question.answers))
                if number % 50 == 0:
                    print(f"{path.name}: {number}/{len(asked)}", flush=True)


def fit_weights(examples: Sequence[Example], count: int) -> Array:
    """Conditional logit: raise the right sentences' share of the softmax over a question's sentences.

    Features are scaled to unit deviation, the weights kept small by an L2 penalty, and both undone in
    the result. Minimised by Adam (Kingma and Ba, 2015) on all examples at once.
    """
    tables = [
        (np.array([features for _, features in example.rows]), example.right)
        for example in examples
        if example.right.any()
    ]
    deviation = np.concatenate([features for features, _ in tables]).std(axis=0) + 1e-9
    weights = np.zeros(count)
    mean, square = np.zeros(count), np.zeros(count)
    for step in range(1, 801):
        gradient = 1e-2 * weights
        for features, right in tables:
            scaled = features / deviation
            share = _softmax(scaled @ weights)
            wanted = share * right
            gradient -= (wanted / max(wanted.sum(), 1e-12) - share) @ scaled / len(tables)
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        corrected = mean / (1 - 0.9**step), square / (1 - 0.999**step)
        weights -= 0.05 * corrected[0] / (np.sqrt(corrected[1]) + 1e-8)
    result: Array = weights / deviation
    return result


def highest_logits(examples: Sequence[Example], weights: Array) -> float:
    """The most that a span's logits and its margin added to a score."""
    return max(
        float(np.dot(weights[:READ_FEATURES], features[:READ_FEATURES]))
        for example in examples
        for _, features in example.rows
    )


def fit_calibration(
    examples: Sequence[Example], weights: Array, coverage: float, verifier: SpanModel | None
) -> LogisticCalibrator:
    """Logistic regression of "the first candidate is right" on the evidence.

    The threshold is where ``coverage`` of the answerable questions still get an answer.
    """
    judged = _judged(examples, weights, verifier)
    calibrator = _fitted(judged)
    confidences = [calibrator.confidence(each.evidence) for each in judged if each.answerable]
    return replace(calibrator, threshold=float(np.quantile(confidences, 1 - coverage)))


def fit_rows(examples: Sequence[Example], weights: Array) -> LogisticCalibrator:
    """As :func:`fit_calibration`, of questions about tables, whose rows are not verified."""
    return _fitted(_judged(examples, weights, None))


@dataclass(frozen=True)
class _Judged:
    """What the confidence of a first candidate rests on, and whether it is right."""

    evidence: Evidence
    right: bool
    answerable: bool


def _judged(
    examples: Sequence[Example], weights: Array, verifier: SpanModel | None
) -> list[_Judged]:
    judged = []
    for example in examples:
        candidates = ranked(example.rows, weights)
        if candidates and verifier is not None:
            question = example.retrieval.question
            candidates = [verified(question, candidates, verifier), *candidates[1:]]
        found = evidence_of(example.retrieval, candidates)
        if found is not None:
            right = example.answerable and _first_is_right(example, candidates)
            judged.append(_Judged(found, right, example.answerable))
    return judged


def _fitted(judged: Sequence[_Judged]) -> LogisticCalibrator:
    return fit_calibrator([each.evidence for each in judged], [each.right for each in judged])


def accuracy(examples: Sequence[Example], weights: Array) -> float:
    """Share of answerable questions whose first candidate's sentence is right."""
    answerable = [example for example in examples if example.answerable]
    right = [_first_is_right(example, ranked(example.rows, weights)) for example in answerable]
    return sum(right) / len(right)


def _rows_of(reader: str) -> RowsOf:
    if reader == "sentence_reader":
        return sentence_rows
    models = load_embedded_readers()
    model = models.draft if models.draft is not None else models.exact
    return lambda retrieval: span_rows(retrieval, model)


def _first_is_right(example: Example, candidates: Sequence[Candidate]) -> bool:
    if not candidates:
        return False
    first = candidates[0]
    return any(
        right and row.sentence == first.sentence and row.passage.document == first.passage.document
        for (row, _), right in zip(example.rows, example.right, strict=True)
    )


def _is_right(row: Candidate, question: LabelledQuestion, file_of: dict[int, str]) -> bool:
    text = row.passage.slice(row.sentence)
    return file_of[row.passage.document] == question.file and any(
        answer in text for answer in question.answers
    )


def _softmax(scores: Array) -> Array:
    exponents = np.exp(scores - scores.max())
    result: Array = exponents / exponents.sum()
    return result


if __name__ == "__main__":
    main()
