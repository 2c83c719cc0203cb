"""``qa eval`` and ``qa calibrate``: answers held against labelled questions."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import floor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qa.commands.opening import open_session
from qa.errors import ExitCode, InputFileError, UsageError
from qa.settings import SENTENCE_READER, Settings
from qa.terminal import progress_bar, say
from qa.text import counted, one_line

if TYPE_CHECKING:
    from qa.answer import Reply
    from qa.evaluate import Judged
    from qa.evidence import Evidence
    from qa.fitting import Bin, Threshold
    from qa.labelled import Labelled, LabelledQuestion
    from qa.session import Inquiry, Session

__all__ = ["calibrate", "evaluate"]

#: Fewer questions than this say too little about confidence.
FEWEST_QUESTIONS = 20


Measures = dict[str, Any]


def evaluate(parsed: argparse.Namespace, settings: Settings) -> ExitCode:
    wrong: list[_Wrong] = []
    if parsed.reader_only:
        if parsed.wrong:
            raise UsageError("--wrong prints replies, and with --reader-only there are none.")
        named, pooled = _measure_reading(parsed.labelled, settings)
    else:
        named, pooled, wrong = _measure_answers(parsed.labelled, settings, in_a_row=parsed.in_a_row)
    if parsed.json:
        measured = {"sets": named, "pooled": pooled} if len(named) > 1 else pooled
        listed = {"wrong": [each.as_data() for each in wrong]} if parsed.wrong else {}
        print(json.dumps(measured | listed, indent=2, ensure_ascii=False))
        return ExitCode.OK
    if len(named) == 1:
        print(_table(pooled))
    else:
        for name, measures in {**named, "all of them pooled": pooled}.items():
            print(f"{name}\n{_table(measures)}\n")
    if parsed.wrong:
        print(f"\nnot right: {len(wrong)} of {pooled['n']}")
        for each in wrong:
            print(f"\n{each.in_words()}")
    return ExitCode.OK


@dataclass(frozen=True, slots=True)
class _Wrong:
    """A reply that is not right, beside its label."""

    question: LabelledQuestion
    reply: Reply

    def as_data(self) -> dict[str, Any]:
        """The reply as the documented JSON object, with what was expected; nothing is timed."""
        from qa.render import as_data

        question = self.question
        reply = as_data(self.reply, id_=question.id, elapsed_ms=0)
        del reply["elapsed_ms"]
        expected = {"answers": list(question.answers), "file": question.file}
        return {**reply, "kind": question.kind, "expected": expected}

    def in_words(self) -> str:
        """Question, what was expected and what came, a line each."""
        from qa.answer import Answer
        from qa.render import place_in_words

        question, reply = self.question, self.reply
        best = reply.citations[0] if isinstance(reply, Answer) else reply.rejected
        came = "nothing"
        if best is not None:
            place = place_in_words(best.file, best.line, best.location)
            came = f"{best.quote}  ({reply.confidence:.2f}, {place})"
        given = "answered" if isinstance(reply, Answer) else "refused, nearest"
        expected = " / ".join(question.answers) if question.answers else "no answer"
        where = f"  ({question.file})" if question.file else ""
        lines = (
            f"{question.id}  {question.question}",
            f"  expected: {expected}{where}",
            f"  {given}: {came}",
        )
        return "\n".join(one_line(line) for line in lines)


def _measure_answers(
    paths: Sequence[Path], settings: Settings, *, in_a_row: bool
) -> tuple[dict[str, Measures], Measures, list[_Wrong]]:
    """The measures of each file by its name, those of all questions together, and what is not right."""
    from qa.evaluate import judge, measure
    from qa.labelled import read_labelled

    sets = {str(path): read_labelled(path) for path in paths}  # all are read before any is asked
    if in_a_row:
        sets = {name: labelled.in_a_row() for name, labelled in sets.items()}
    judged: dict[str, list[Judged]] = {}
    wrong: list[_Wrong] = []
    for name, labelled in sets.items():
        with _corpus_of(labelled, settings) as own, open_session(own) as session:
            unknown = _about_unknown_files(labelled, session)
            if unknown:
                say(
                    f"{name}: {counted(len(unknown), 'question')} of {len(labelled.questions)} cannot be "
                    f"answered rightly, {unknown[0].id} to begin with: the index does not hold "
                    f"{unknown[0].file}. Name the right folder with --corpus and --vectors."
                )
            judged[name] = []
            for question, inquiry in zip(
                labelled.questions, _inquiries(session, labelled), strict=True
            ):
                row = judge(question, inquiry, inquiry.files.__getitem__)
                judged[name].append(row)
                if not row.right:
                    wrong.append(_Wrong(question, inquiry.reply))
    pooled = [row for rows in judged.values() for row in rows]
    return {name: measure(rows) for name, rows in judged.items()}, measure(pooled), wrong


def _measure_reading(
    paths: Sequence[Path], settings: Settings
) -> tuple[dict[str, Measures], Measures]:
    """As :func:`_measure_answers`, of the reader alone: each question with its paragraph."""
    from qa.evaluate import Read, measure_reading, read_alone
    from qa.labelled import read_labelled
    from qa.loading import load_model

    if settings.reader == SENTENCE_READER:
        raise UsageError("--reader-only measures a span reader; leave out --reader sentences.")
    sets = {str(path): read_labelled(path) for path in paths}
    model = load_model(settings.reader)
    read: dict[str, list[Read]] = {}
    for name, labelled in sets.items():
        read[name] = []
        with progress_bar() as report:
            for row in read_alone(labelled, model):
                read[name].append(row)
                report("reading", len(read[name]), len(labelled.questions))
    pooled = [row for rows in read.values() for row in rows]
    return {name: measure_reading(rows) for name, rows in read.items()}, measure_reading(pooled)


@contextmanager
def _corpus_of(labelled: Labelled, settings: Settings) -> Iterator[Settings]:
    """Settings for the corpus that the questions are about: their own paragraphs if they bring any."""
    from tempfile import TemporaryDirectory

    from qa.labelled import write_paragraphs

    if not labelled.paragraphs:
        yield settings
        return
    with TemporaryDirectory(prefix="qa-eval-") as temporary:
        corpus = Path(temporary) / "corpus"
        corpus.mkdir()
        write_paragraphs(labelled.paragraphs, corpus)
        yield replace(settings, corpus=corpus, vectors=Path(temporary) / "vectors")


def _about_unknown_files(labelled: Labelled, session: Session) -> list[LabelledQuestion]:
    """The questions that no answer can be right for, since the index does not hold their file."""
    files = {record.file for record in session.documents()}
    return [
        question for question in labelled.questions if question.file and question.file not in files
    ]


def _inquiries(session: Session, labelled: Labelled) -> Iterator[Inquiry]:
    earlier: dict[str, list[Reply]] = {}
    with progress_bar() as report:
        for done, question in enumerate(labelled.questions, start=1):
            before = earlier.setdefault(question.dialogue, []) if question.dialogue else []
            inquiry = session.inquire(question.question, earlier=before)
            before.append(inquiry.reply)
            yield inquiry
            report("answering", done, len(labelled.questions))


def calibrate(parsed: argparse.Namespace, settings: Settings) -> ExitCode:
    from qa.calibration import OwnCalibration, forget_calibration, save_calibration
    from qa.fitting import calibrated
    from qa.loading import shipped_fit

    if parsed.forget:
        if parsed.labelled is not None:
            raise UsageError("--forget takes no file; give one or the other.")
        dropped = forget_calibration(settings.vectors)
        say(
            "Confidences are as shipped again."
            if dropped
            else "There was no calibration to forget."
        )
        return ExitCode.OK
    if parsed.labelled is None:
        raise UsageError("Name a file of labelled questions, or give --forget.")
    if not 0.0 < parsed.precision <= 1.0:
        raise UsageError("--precision must be above 0 and at most 1.")
    labelled = _own_questions(parsed.labelled)  # a bad file is named before any model loads
    shipped = shipped_fit(settings.reader)
    with open_session(settings, as_shipped=True) as session:
        evidence, right = _evidence(labelled, parsed.labelled, session)
        outcome = calibrated(shipped.calibrator, evidence, right, parsed.precision)
        print(_reliability_table(outcome.reliability))
        if outcome.threshold is None:
            raise InputFileError(
                f"On these questions no threshold makes {parsed.precision:.0%} of the answers right; "
                f"the best makes {outcome.best_precision:.0%}. Nothing was stored; ask for less with "
                "--precision."
            )
        own = OwnCalibration(outcome.calibrator, session.made_for, len(evidence))
        save_calibration(settings.vectors, own)
    print(_in_words(outcome.threshold, len(evidence)))
    return ExitCode.OK


def _own_questions(path: Path) -> Labelled:
    """Enough labelled questions about a person's own corpus."""
    from qa.labelled import read_labelled

    labelled = read_labelled(path)
    if labelled.paragraphs:
        raise UsageError(
            f"{path} brings its own paragraphs; calibrate with questions about this corpus (.jsonl)."
        )
    if len(labelled.questions) < FEWEST_QUESTIONS:
        raise InputFileError(
            f"{path} has {counted(len(labelled.questions), 'question')}; "
            f"at least {FEWEST_QUESTIONS} are needed, better some dozens."
        )
    return labelled


def _evidence(
    labelled: Labelled, path: Path, session: Session
) -> tuple[list[Evidence | None], list[bool]]:
    """For each labelled question what the answer rests on, and whether the answer is right."""
    from qa.evaluate import judge

    unknown = _about_unknown_files(labelled, session)
    if unknown:
        raise InputFileError(
            f"{path}: question {unknown[0].id} is about {unknown[0].file}, which the index does not "
            "hold; name the right folder with --corpus and --vectors."
        )
    evidence: list[Evidence | None] = []
    right: list[bool] = []
    for question, inquiry in zip(labelled.questions, _inquiries(session, labelled), strict=True):
        evidence.append(inquiry.evidence)
        right.append(judge(question, inquiry, inquiry.files.__getitem__).best_right)
    return evidence, right


def _reliability_table(bins: Sequence[Bin]) -> str:
    rows = ["confidence   questions   said   were right"]
    rows += [
        f"{b.low:.1f} to {b.high:.1f}   {b.count:>9}   {b.said:>4.0%}   {b.right:>10.0%}"
        for b in bins
    ]
    return "\n".join(rows)


def _in_words(threshold: Threshold, questions: int) -> str:
    return (
        f"At this threshold ({threshold.confidence:.2f}) {floor(10 * threshold.precision)} of 10 answers "
        f"are right and {threshold.answered:.0%} of questions get one "
        f"({counted(questions, 'question')}, each judged by a fit to the others)."
    )


def _table(measures: Mapping[str, Any]) -> str:
    kinds = measures.get("kinds", {})
    columns = {"all": measures, **kinds}
    names = [name for name in measures if name != "kinds"]
    widths = [max(len(column), 6) for column in columns]
    rows = [" " * 15 + "  ".join(c.rjust(w) for c, w in zip(columns, widths, strict=True))]
    for name in names:
        cells = [
            ("-" if column[name] is None else str(column[name])).rjust(width)
            for column, width in zip(columns.values(), widths, strict=True)
        ]
        rows.append(name.ljust(15) + "  ".join(cells))
    return "\n".join(rows)
