"""Files of questions: ``.txt``, ``.jsonl`` and ``.csv``, dialogues among them."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qa.errors import InputFileError

__all__ = ["Malformed", "Question", "read_questions"]


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a file."""

    id: str
    text: str
    line: int
    """Of the file, from 1."""
    dialogue: str | None = None
    """The dialogue it is a turn of: it is asked after that one's earlier turns."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """A line that is no question, and why."""

    line: int
    reason: str


def read_questions(path: Path) -> list[Question | Malformed]:
    """The questions of a ``.txt`` (one a line), ``.jsonl`` or ``.csv`` file, in order.

    A question without an id of its own is known by its line number. A row of ``.jsonl`` may be a whole
    dialogue, ``{"id", "turns": [{"question"}, ...]}``; its turns are known by its id and their number.

    Raises:
        InputFileError: no such file, not UTF-8 text, of another ending, or without a question.
    """
    if not path.exists():
        raise InputFileError(f"There is no questions file {path}.")
    readers = {".txt": _from_text, ".jsonl": _from_jsonl, ".csv": _from_csv}
    read = readers.get(path.suffix.lower())
    if read is None:
        raise InputFileError(
            f"{path} is no file of questions; its name must end in {', '.join(readers)}."
        )
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputFileError(
            f"The questions file {path} cannot be read ({error.strerror})."
        ) from error
    except UnicodeDecodeError as error:
        raise InputFileError(
            f"The questions file {path} is not UTF-8 text (byte {error.start}); save it as UTF-8."
        ) from error
    items = list(_without_repeated_ids(read(text, path)))
    if not items:
        raise InputFileError(f"The questions file {path} is empty; write one question a line.")
    return items


def _from_text(text: str, _: Path) -> Iterator[Question | Malformed]:
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), start=1):
        if line.strip():
            yield _question(number, None, line)


def _place_of(error: Exception) -> str:
    if not isinstance(error, json.JSONDecodeError):
        return ""
    return f", {error.msg[:1].lower()}{error.msg[1:]} at character {error.pos + 1}"


def _from_jsonl(text: str, _: Path) -> Iterator[Question | Malformed]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield Malformed(number, f"not JSON{_place_of(error)}")
            continue
        if isinstance(row, dict) and isinstance(row.get("turns"), list):
            yield from _turns(number, row.get("id"), row["turns"])
        elif not isinstance(row, dict) or not isinstance(row.get("question"), str):
            yield Malformed(
                number, 'not an object with a "question", or with "turns" that have one'
            )
        else:
            yield _question(number, row.get("id"), row["question"])


def _turns(line: int, id_: Any, turns: list[Any]) -> Iterator[Question | Malformed]:
    """The questions of a dialogue, known by its id and their number; the line number without one."""
    dialogue = str(line) if id_ is None or id_ == "" else str(id_)
    for number, turn in enumerate(turns, start=1):
        if not isinstance(turn, dict) or not isinstance(turn.get("question"), str):
            yield Malformed(line, f'turn {number} is not an object with a "question"')
            continue
        question = _question(line, f"{dialogue}.{number}", turn["question"])
        if isinstance(question, Question):
            question = replace(question, dialogue=dialogue)
        yield question


def _from_csv(text: str, path: Path) -> Iterator[Question | Malformed]:
    # However long a cell is, it is read: whether it is a question is told when it is asked.
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    columns: list[str] | None = None
    line = 1
    try:
        for cells in rows:
            if columns is None:
                columns = cells
                if "question" not in columns:
                    raise InputFileError(
                        f'{path} has no column "question"; its first line must name the columns.'
                    )
            elif cells:
                row = dict(zip(columns, cells, strict=False))
                if "question" in row:
                    yield _question(line, row.get("id"), row["question"])
                else:
                    yield Malformed(line, "too few columns")
            line = rows.line_num + 1
    except csv.Error as error:
        yield Malformed(line, f"not CSV ({error}); the rest of the file is not read")


def _question(line: int, id_: Any, text: str) -> Question | Malformed:
    if not text.strip():
        return Malformed(line, "the question is empty")
    name = str(line) if id_ is None or id_ == "" else str(id_)
    if any("\ud800" <= character <= "\udfff" for character in name):
        return Malformed(line, "its id is not UTF-8 text")
    return Question(name, text.strip(), line)


def _without_repeated_ids(items: Iterable[Question | Malformed]) -> Iterator[Question | Malformed]:
    seen: set[str] = set()
    for item in items:
        if isinstance(item, Question):
            if item.id in seen:
                yield Malformed(item.line, f"the id {item.id!r} stands on an earlier line too")
                continue
            seen.add(item.id)
        yield item
