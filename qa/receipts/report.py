"""Checked answers as one page that holds all it needs: what is wrong first, then every answer."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from qa.answer import Stage
from qa.corpus import Skipped, read_corpus
from qa.documents import Document
from qa.errors import InputFileError
from qa.files import replacing
from qa.markup import artefact, as_html, minute, style
from qa.receipts.check import CheckedAnswer, Status, Tally, check_answers
from qa.receipts.coverage import Coverage, DocumentUse
from qa.receipts.records import BadLine
from qa.receipts.sections import (
    agreement_of,
    anchor,
    confidence_in_words,
    section,
    shown_status,
    stage_of,
    text_of,
)
from qa.receipts.sources import Sources
from qa.roots import Corpus, corpus_words
from qa.text import counted

__all__ = ["Reported", "write_report"]

#: So many documents that no answer cites are named; what comes after is counted.
MOST_UNCITED = 1_000
#: A part of the page: text, or what was written to a file until its turn comes.
_Pieces = Sequence[str | IO[str]]


@dataclass
class Reported:
    """What a report counts, beside the findings and the documents."""

    tally: Tally = field(default_factory=Tally)
    coverage: Coverage = field(default_factory=Coverage)
    answered: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    """By stage; one that is none of ours, or not named, is under ``""``."""
    contradicted: int = 0
    single: int = 0
    sure: float = 0.0
    """The sum of the confidences."""
    with_confidence: int = 0

    @property
    def questions(self) -> int:
        return self.answered + self.refused.total()

    def add(self, item: CheckedAnswer | BadLine) -> None:
        self.tally.add(item)
        if isinstance(item, BadLine):
            return
        self.coverage.add(item)
        record = item.answer.record
        if item.answer.answer is None:
            stage = stage_of(record) or ""
            self.refused[stage if stage in list(Stage) else ""] += 1
            return
        self.answered += 1
        confidence = item.answer.confidence
        if confidence is not None:
            self.sure += confidence
            self.with_confidence += 1
        if agreement_of(record):
            self.contradicted += bool(record["agreement"]["conflicting"])
            self.single += not record["agreement"]["agreeing"]


def write_report(
    answers: Path,
    sources: Sources,
    out: Path,
    *,
    max_bytes: int,
    checked: datetime,
    on_bad_line: Callable[[BadLine], None],
) -> Reported:
    """Check ``answers`` and write the page ``out``, whole.

    An earlier ``out`` is kept beside it, with ``.bak`` after its name. The answers are read once and one
    block of them is held at a time; what was made of them waits in files without a name beside ``out``.

    Raises:
        InputFileError: ``answers`` cannot be read or ``out`` cannot be written.
        CorpusError: the folder of documents has gone.
    """
    reported = Reported()
    try:
        with ExitStack() as stack:
            target = stack.enter_context(replacing(out, keep_earlier=True))
            parts = _Parts.in_folder(out.absolute().parent, stack)
            for item in check_answers(answers, sources):
                reported.add(item)
                if isinstance(item, BadLine):
                    on_bad_line(item)
                    parts.add_bad_line(item)
                else:
                    parts.add(item, sources)
            corpus = read_corpus(sources.corpus, max_bytes, extractor=sources.extractor)
            values: dict[str, _Pieces] = {
                "style": [style()],
                "name": [as_html(answers.name)],
                "held": [_held(answers, sources.corpus, checked, reported)],
                "verdict": [_verdict(reported.tally)],
                "summary": list(_summary(reported)),
                "problems": parts.problems(),
                "uncited": list(_uncited(reported.coverage.uncited(corpus))),
                "coverage": [_row(use) for use in reported.coverage.cited()],
                "index": [parts.index],
                "answers": [parts.answers],
            }
            for piece in _filled(artefact("report.html"), values):
                target.write(piece.encode())
    except BrokenPipeError:
        raise
    except OSError as error:
        raise InputFileError(
            f"The report {out} cannot be written ({error.strerror}); name another file with -o."
        ) from error
    return reported


def _filled(template: str, values: Mapping[str, _Pieces]) -> Iterator[str]:
    """The template with each ``$name`` replaced."""
    for number, literal in enumerate(re.split(r"\$([a-z]+)", template)):
        for piece in values[literal] if number % 2 else [literal]:
            if isinstance(piece, str):
                yield piece
                continue
            piece.seek(0)
            while block := piece.read(1 << 20):
                yield block


@dataclass(frozen=True, slots=True)
class _Parts:
    """What is written while the answers come, each part of the page for itself."""

    lost: IO[str]
    found: IO[str]
    contradicted: IO[str]
    index: IO[str]
    answers: IO[str]

    @classmethod
    def in_folder(cls, folder: Path, stack: ExitStack) -> _Parts:
        def part() -> IO[str]:
            return stack.enter_context(
                TemporaryFile("w+", encoding="utf-8", newline="\n", dir=folder)
            )

        return cls(part(), part(), part(), part(), part())

    def add_bad_line(self, item: BadLine) -> None:
        self.lost.write(
            f'<li><b class="bad">✗ malformed</b> line {item.line:,} of the answers: '
            f"{as_html(item.reason)}</li>\n"
        )

    def add(self, checked: CheckedAnswer, sources: Sources) -> None:
        answer = checked.answer
        question = as_html(text_of(answer.record, "question") or "(no question)")
        for place, finding in enumerate(checked.findings):
            if finding.status is Status.OK:
                continue
            n, receipt = answer.receipts[place]
            (self.found if finding.status.found else self.lost).write(
                f"<li>{shown_status(finding.status)} <code>{as_html(receipt.file)}</code>: "
                f"{as_html(finding.detail)}<br>\n"
                f'<a href="#{anchor(answer, place)}"><bdi>{question}</bdi> [{n}]</a></li>\n'
            )
        sentences = agreement_of(answer.record)
        if sentences and answer.record["agreement"]["conflicting"]:
            self.contradicted.write(
                f'<li><a href="#{anchor(answer)}"><bdi>{question}</bdi></a><br>\n'
                f"<bdi>“{as_html(answer.answer or '')}”</bdi>. {as_html(' '.join(sentences[1:]))}</li>\n"
            )
        self.index.write(
            f'<li><a href="#{anchor(answer)}"><bdi>{question}</bdi></a> {_mark(checked)}</li>\n'
        )
        for line in section(checked, sources):
            self.answers.write(f"{line}\n")

    def problems(self) -> _Pieces:
        """The lists of what to look at, those that are empty left out."""
        pieces: list[str | IO[str]] = []
        for heading, part in (
            ("Not found or not readable", self.lost),
            ("Found, but not as it was cited", self.found),
            ("Contradicted by another document", self.contradicted),
        ):
            if part.tell():
                pieces += [f"<h3>{heading}</h3>\n<ul>\n", part, "</ul>\n"]
        return pieces or [
            "<p>Nothing: every line could be read, every quote stands as it was cited, and no "
            "document contradicts an answer.</p>\n"
        ]


def _mark(checked: CheckedAnswer) -> str:
    """What a list of questions says of an answer."""
    if checked.answer.answer is None:
        return '<span class="quiet">no answer</span>'
    seen = {finding.status for finding in checked.findings}
    wrong = [shown_status(status) for status in Status if status in seen - {Status.OK}]
    return " ".join(wrong) or shown_status(Status.OK)


def _held(answers: Path, corpus: Corpus, checked: datetime, reported: Reported) -> str:
    """What the page is about, with the digest of the answers; hashing reads them once more."""
    with answers.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    return (
        f"{counted(reported.questions, 'question')} of <code>{as_html(str(answers))}</code>, checked "
        f"on {minute(checked)} against the files in <code>{as_html(corpus_words(corpus))}</code></p>\n"
        f'<p class="receipt">SHA-256 of the answers {sha256}'
    )


def _verdict(tally: Tally) -> str:
    found = sum(count for status, count in tally.by_status.items() if status.found)
    lost, elsewhere = tally.citations - found, found - tally.by_status[Status.OK]
    if lost or tally.bad_lines:
        of = counted(tally.citations, "citation")
        wrong = [f"{lost:,} of {of} cannot be found"] if lost else []
        if tally.bad_lines:
            wrong.append(f"{counted(tally.bad_lines, 'line')} could not be read")
        return f'<p class="verdict bad">✗ {" and ".join(wrong)}.</p>'
    if not tally.citations:
        return '<p class="verdict">There is no citation to check.</p>'
    if elsewhere:
        return f'<p class="verdict found">≈ Every quote was found, {elsewhere:,} not as cited.</p>'
    return '<p class="verdict ok">✓ Every quote stands as it was cited.</p>'


def _summary(reported: Reported) -> Iterator[str]:
    stages = [
        f"{reported.refused[stage]:,} at " + (f"the {stage} stage" if stage else "no named stage")
        for stage in (*Stage, "")
        if reported.refused[stage]
    ]
    statuses = _statuses(reported.tally.by_status)
    refused = reported.refused.total()
    rows = [
        ("Answers", f"{reported.answered:,} of {counted(reported.questions, 'question')}"),
        ("Refusals", f"{refused:,}" + (f": {', '.join(stages)}" if stages else "")),
        ("Citations", f"{reported.tally.citations:,}" + (f": {statuses}" if statuses else "")),
        ("Contradicted", counted(reported.contradicted, "answer")),
        ("Single source", counted(reported.single, "answer")),
        ("Lines not read", f"{reported.tally.bad_lines:,}"),
    ]
    if reported.with_confidence:
        mean = confidence_in_words(reported.sure / reported.with_confidence)
        rows.insert(1, ("Mean confidence", mean))
    for name, value in rows:
        yield f'<tr><th scope="row">{name}</th><td>{value}</td></tr>\n'


def _row(use: DocumentUse) -> str:
    day = f"<time>{as_html(use.date)}</time>" if use.date is not None else "–"
    return (
        f'<tr><th scope="row"><bdi>{as_html(use.title)}</bdi><br><code>{as_html(use.file)}</code></th>'
        f"<td>{day}</td><td>{use.citations:,}</td><td>{use.answers:,}</td><td>{use.alone:,}</td>"
        f"<td>{_statuses(use.by_status)}</td></tr>\n"
    )


def _statuses(counts: Counter[Status]) -> str:
    """``3 ok · 1 moved`` as HTML."""
    return " · ".join(
        f'<span class="count">{counts[status]:,} {shown_status(status)}</span>'
        for status in Status
        if counts[status]
    )


def _uncited(items: Iterable[Document | Skipped]) -> Iterator[str]:
    """The documents of the folder that no answer cites, as HTML."""
    total = 0
    for total, item in enumerate(items, start=1):
        if total == 1:
            yield "<p>No answer cites these files of the folder:</p>\n<ul>\n"
        if total > MOST_UNCITED:
            continue
        if isinstance(item, Skipped):
            what = f"not read: {as_html(item.reason)}"
        else:
            what = f"<bdi>{as_html(item.title)}</bdi>"
            if item.date is not None:
                what += f", <time>{item.date.isoformat()}</time>"
        yield f"<li>{what}, <code>{as_html(item.file)}</code></li>\n"
    if total > MOST_UNCITED:
        yield f"<li>and {total - MOST_UNCITED:,} more</li>\n"
    yield "</ul>\n" if total else "<p>Every file of the folder is cited.</p>\n"
