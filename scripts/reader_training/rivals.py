"""What the verifier learns from: the best candidates for questions, side by side as they are verified."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from qa.candidates import Candidate
from qa.labelled import LabelledQuestion
from qa.reading import SpanReader
from qa.retrieval import Retrieval, RetrievedPassage, RetrievedSentence
from qa.session import Session
from qa.text import Span
from qa.verifying import best_of_running_text, context_of, excerpts_of
from reader_training.data import Answer, Example

#: Candidates that are kept of a question: more than are verified, so that some can be left out.
KEPT = 6
#: How many of them an example puts side by side.
TOGETHER = (2, 3, 3, 3, 4)


@dataclass(frozen=True, slots=True)
class Rival:
    """A candidate as far as the verifier sees it; spans count in the document."""

    document: int
    passage: int
    header: str
    text: str
    """Of the passage."""
    start: int
    """Of the passage in its document."""
    sentences: tuple[tuple[int, int], ...]
    """Of the passage."""
    sentence: tuple[int, int]
    """That of the candidate."""
    answer: tuple[int, str] | None
    """Where in the sentence a gold answer stands, and the answer; ``None`` if none does."""

    @property
    def candidate(self) -> Candidate:
        passage = RetrievedPassage(
            id=self.passage,
            document=self.document,
            span=Span(self.start, self.start + len(self.text)),
            text=self.text,
            header=self.header,
            prose=True,
            sentences=tuple(RetrievedSentence(Span(*each), None) for each in self.sentences),
            dense=0.0,
            lexical=0.0,
            fused=0.0,
        )
        sentence = Span(*self.sentence)
        return Candidate(passage, sentence, sentence, 0.0)


@dataclass(frozen=True, slots=True)
class Contest:
    """A question with its best candidates, best first."""

    question: str
    rivals: tuple[Rival, ...]


class RivalReader:
    """Reads as the reader within it, and keeps the best candidates of the last question; answers nothing."""

    def __init__(self, reader: SpanReader) -> None:
        self._reader = reader
        self.best: list[Candidate] = []

    def read(self, retrieval: Retrieval) -> list[Candidate]:
        self.best = best_of_running_text(self._reader.candidates(retrieval), KEPT)
        return []


def collect(
    session: Session, reader: RivalReader, questions: Iterable[LabelledQuestion], path: Path
) -> None:
    """Append the contest of each question to ``path``, a line each; ``reader`` is the one of ``session``."""
    file_of = {record.id: record.file for record in session.documents()}
    with path.open("a", encoding="utf-8") as file:
        for question in questions:
            session.inquire(question.question)
            rivals = [_rival(c, question, file_of[c.passage.document]) for c in reader.best]
            contest = Contest(question.question, tuple(rivals))
            print(json.dumps(asdict(contest), ensure_ascii=False), file=file, flush=True)


def count_contests(path: Path) -> int:
    """How many :func:`collect` has written."""
    return path.read_bytes().count(b"\n") if path.exists() else 0


def read_contests(path: Path) -> Iterator[Contest]:
    """What :func:`collect` wrote."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            values: dict[str, Any] = json.loads(line)
            rivals = (
                Rival(
                    **{
                        **rival,
                        "sentences": tuple(map(tuple, rival["sentences"])),
                        "sentence": tuple(rival["sentence"]),
                        "answer": tuple(rival["answer"]) if rival["answer"] else None,
                    }
                )
                for rival in values["rivals"]
            )
            yield Contest(values["question"], tuple(rivals))


def examples(
    contests: Iterable[Contest], rng: random.Random, copies: int = 2, left_out: float = 0.15
) -> Iterator[Example]:
    """``copies`` of each contest as contexts to read, each with other rivals in another order.

    In a share ``left_out`` of them the candidates that are right are left out, so that none answers.
    """
    for contest in contests:
        for _ in range(copies):
            together = list(contest.rivals)
            count = rng.choice(TOGETHER)
            if rng.random() < left_out:
                together = [rival for rival in together if rival.answer is None]
            if together:
                yield _example(contest.question, together[:count], rng)


def _example(question: str, together: Sequence[Rival], rng: random.Random) -> Example:
    excerpts = excerpts_of([rival.candidate for rival in together])
    rng.shuffle(excerpts)
    context, places = context_of(excerpts)
    for number, rival in enumerate(together):
        if rival.answer is not None:
            at, text = rival.answer
            return Example(question, context, (Answer(text, places[number].start + at),))
    return Example(question, context, ())


def _rival(candidate: Candidate, question: LabelledQuestion, file: str) -> Rival:
    passage = candidate.passage
    sentence = passage.slice(candidate.sentence)
    found = (
        (sentence.casefold().find(answer.casefold()), len(answer)) for answer in question.answers
    )
    standing = [(at, sentence[at : at + length]) for at, length in found if at >= 0]
    return Rival(
        passage.document,
        passage.id,
        passage.header,
        passage.text,
        passage.span.start,
        tuple((held.span.start, held.span.end) for held in passage.sentences),
        (candidate.sentence.start, candidate.sentence.end),
        standing[0] if standing and file == question.file else None,
    )
