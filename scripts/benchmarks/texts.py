"""What is embedded, indexed and asked: paragraphs and questions of question sets in SQuAD's form."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.places import SEEDS_QUESTIONS
from qa.labelled import LabelledQuestion, Paragraph, read_labelled, write_paragraphs

__all__ = ["Texts", "read_texts", "seeds_questions", "write_passages", "write_questions"]

#: The sets that passages are drawn from, those of the paragraphs first.
_PARAGRAPHS = ("new_wiki.dev", "new_wiki.train")
_FURTHER = (
    "squad2_half.train",
    "people.train",
    "policyqa.train",
    "reddit.train",
    "amazon_reviews.train",
)
#: A paragraph of so many words is one passage for every engine, and no encoder cuts it.
_PASSAGE_WORDS = range(40, 161)


@dataclass(frozen=True, slots=True)
class Texts:
    """Read once for a run."""

    paragraphs: tuple[Paragraph, ...]
    """What questions are asked of, each a document of its own."""
    questions: tuple[LabelledQuestion, ...]
    """About the paragraphs of the development set among them, in an order drawn once."""
    passages: tuple[str, ...]
    """Texts of one passage each, all different, in an order drawn once."""


def read_texts(folder: Path, *, paragraphs: int, passages: int) -> Texts:
    """At most so many of each, from the sets in ``folder``.

    Raises:
        qa.errors.InputFileError: a set is missing or damaged.
    """
    among: list[Paragraph] = []
    questions: list[LabelledQuestion] = []
    for name in _PARAGRAPHS:
        labelled = read_labelled(folder / f"{name}.json.gz")
        prefix = name.partition(".")[2]
        among += [replace(p, file=f"{prefix}-{p.file}") for p in labelled.paragraphs]
        if prefix == "dev":
            questions = [replace(q, file=f"{prefix}-{q.file}") for q in labelled.questions]
    among = among[:paragraphs]
    asked_of = {paragraph.file for paragraph in among}
    questions = [question for question in questions if question.file in asked_of]
    random.Random(0).shuffle(questions)
    cut = tuple(_passages(folder, among, passages))
    return Texts(tuple(among), tuple(questions), cut)


def _passages(folder: Path, paragraphs: Sequence[Paragraph], count: int) -> Iterator[str]:
    pool = dict.fromkeys(paragraph.text for paragraph in paragraphs)
    for name in _FURTHER:
        pool |= dict.fromkeys(p.text for p in read_labelled(folder / f"{name}.json.gz").paragraphs)
    fitting = [text for text in pool if len(text.split()) in _PASSAGE_WORDS]
    random.Random(0).shuffle(fitting)
    yield from fitting[:count]


def write_passages(texts: Sequence[str], folder: Path) -> None:
    """A corpus of one file for each text."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, text in enumerate(texts):
        (folder / f"{number:05d}.txt").write_text(text, encoding="utf-8")


def write_corpus(paragraphs: Sequence[Paragraph], folder: Path) -> None:
    """A corpus of one file for each paragraph, its title beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    write_paragraphs(paragraphs, folder)


def write_questions(questions: Sequence[str], path: Path) -> None:
    """A file of questions for ``qa batch``."""
    rows = (json.dumps({"question": question}, ensure_ascii=False) for question in questions)
    path.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")


def seeds_questions() -> list[str]:
    """The development questions over the five documents that come with the project."""
    return [question.question for question in read_labelled(SEEDS_QUESTIONS).questions]
