"""Labelled questions: what was asked, what counts as right, and where it stands."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qa.errors import InputFileError
from qa.metadata import SIDECAR_SUFFIX

__all__ = ["Labelled", "LabelledQuestion", "Paragraph", "read_labelled", "write_paragraphs"]


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
    dialogue: str | None = None
    """The dialogue it is a turn of: it is asked after that one's earlier turns."""


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

    def in_a_row(self) -> Labelled:
        """The same questions as the turns of one dialogue."""
        questions = tuple(replace(question, dialogue="all") for question in self.questions)
        return replace(self, questions=questions)


def read_labelled(path: Path) -> Labelled:
    """Labelled questions from ``.jsonl`` rows or from SQuAD 1.1 / 2.0 JSON, also gzipped.

    Raises:
        InputFileError: the file cannot be read or holds something else; a bad row is named by number.
    """
    if not path.exists():
        raise InputFileError(
            f"There is no labelled file {path}; qa review makes one of answers that you judge."
        )
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


def _from_rows(text: str, path: Path) -> Labelled:
    questions: list[LabelledQuestion] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        row: Any = None
        try:
            row = json.loads(line)
            id_ = str(row.get("id", number))
            if row.get("decision") == "left_out" and row.get("answers", ()) is None:
                continue  # of qa review: nobody knows what is right
            if "turns" in row:
                questions += _turns(id_, row["turns"])
            else:
                kind = None if row.get("kind") is None else _text(row["kind"])
                questions.append(_labelled_question(id_, row, kind))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            if isinstance(row, dict) and "citations" in row:
                raise InputFileError(
                    f"{path} holds answers, and nobody has judged them yet; do that with: qa review {path}"
                ) from error
            raise InputFileError(
                f"{path}:{number}: not a labelled question ({error}); "
                'a line is {"id", "question", "answers": [...], "file"}, '
                'or a dialogue {"id", "turns": [such lines]}.'
            ) from error
    return Labelled(tuple(questions), ())


def _turns(dialogue: str, rows: object) -> Iterator[LabelledQuestion]:
    """The turns of a dialogue; one that says how it reads in full is asked so too, standing alone."""
    if not isinstance(rows, list) or not rows:
        raise ValueError("a dialogue needs its turns")
    for number, row in enumerate(rows, start=1):
        id_ = f"{dialogue}.{number}"
        kind = "opening" if number == 1 else "follow_up"
        yield replace(_labelled_question(id_, row, kind), dialogue=dialogue)
        if number > 1 and row.get("full") is not None:
            yield _labelled_question(f"{id_}.full", {**row, "question": row["full"]}, "written_out")


def _labelled_question(id_: str, row: Mapping[str, Any], kind: str | None) -> LabelledQuestion:
    answers = _answers(row["answers"])
    if answers and not isinstance(row.get("file"), str):
        raise ValueError('a question with answers needs its "file"')
    return LabelledQuestion(id_, _text(row["question"]), answers, row.get("file"), kind)


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
