"""A file of questions becomes a file of answers, each written as it is made."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from qa.answer import Reply
from qa.errors import InputFileError, QuestionError, UsageError
from qa.render import CSV_COLUMNS, as_csv_row, as_data, as_json, as_markdown, csv_cell, csv_line

__all__ = ["FORMATS", "Ask", "BatchReport", "Malformed", "Question", "answer_all", "read_questions"]

FORMATS = ("jsonl", "csv", "md")
#: Answers a question after the replies of its dialogue so far.
Ask = Callable[[str, Sequence[Reply]], Reply]
#: How an answer begins, in each format; a CSV cell may begin with anything.
_BEGINNINGS = {"jsonl": b'{"id": ', "csv": b"", "md": b"## "}
_MARKDOWN_END = re.compile(rb"<!-- answered (\{.*\}) -->\n\n")


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


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What a run did."""

    answered: int
    abstained: int
    already_done: int
    malformed: int


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


def answer_all(
    items: Iterable[Question | Malformed],
    ask: Ask,
    *,
    out: Path | None,
    stream: IO[str],
    format_: str,
    resume: bool,
    on_malformed: Callable[[Malformed], None],
    on_done: Callable[[int], None],
) -> BatchReport:
    """Ask every question and write every reply at once to ``out``, or to ``stream`` without one.

    With ``resume`` the replies that ``out`` holds whole are kept and their questions not asked again; a
    line that a kill cut short is dropped and answered anew. ``on_done`` gets the count so far. A turn of
    a dialogue is asked with the replies to the turns before it, which must stand next to each other.

    Raises:
        UsageError: ``resume`` without ``out``.
        InputFileError: ``out`` cannot be written, or holds something else than such replies.
    """
    if resume and out is None:
        raise UsageError("--resume continues a file; name it with -o FILE.")
    done: set[tuple[str, str]] = set()
    counts = {"answered": 0, "no_answer": 0}
    kept = malformed = 0
    dialogue = _Dialogue(ask)
    try:
        with _output(out, stream, format_, resume, done) as sink:
            for position, item in enumerate(items, start=1):
                if isinstance(item, Malformed):
                    malformed += 1
                    on_malformed(item)
                elif _key(item, format_) in done:
                    kept += 1
                    dialogue.skip(item)
                else:
                    started = time.perf_counter()
                    try:
                        reply = dialogue.ask(item)
                    except QuestionError as error:
                        malformed += 1
                        on_malformed(Malformed(item.line, str(error)))
                        continue
                    elapsed = round((time.perf_counter() - started) * 1000)
                    data = as_data(reply, id_=item.id, elapsed_ms=elapsed)
                    # The question as it was written, so that a resumed run knows it again.
                    data["question"] = item.text
                    sink.write(_formatted(data, format_))
                    sink.flush()
                    counts[data["status"]] += 1
                on_done(position)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise InputFileError(
            f"The answers file {out or '(standard output)'} cannot be written ({error.strerror}); "
            "what was written is whole. Mend that, then go on with --resume."
        ) from error
    return BatchReport(counts["answered"], counts["no_answer"], kept, malformed)


class _Dialogue:
    """The replies of the dialogue that is being asked, turn by turn."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._name: str | None = None
        self._replies: list[Reply] = []
        self._skipped: list[Question] = []

    def skip(self, question: Question) -> None:
        """Its answer is there already; asked only if a later turn has to be asked after it."""
        self._enter(question)
        self._skipped.append(question)

    def ask(self, question: Question) -> Reply:
        """The reply to a question, after the turns before it if it is one of a dialogue."""
        self._enter(question)
        for skipped in self._skipped:
            self._replies.append(self._ask(skipped.text, tuple(self._replies)))
        self._skipped.clear()
        reply = self._ask(question.text, tuple(self._replies))
        self._replies.append(reply)
        return reply

    def _enter(self, question: Question) -> None:
        if question.dialogue is None or question.dialogue != self._name:
            self._name = question.dialogue
            self._replies.clear()
            self._skipped.clear()


def _from_text(text: str, _: Path) -> Iterator[Question | Malformed]:
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), start=1):
        if line.strip():
            yield _question(number, None, line)


def _from_jsonl(text: str, _: Path) -> Iterator[Question | Malformed]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            yield Malformed(number, "not JSON")
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
    return Question(str(line) if id_ is None or id_ == "" else str(id_), text.strip(), line)


def _without_repeated_ids(items: Iterable[Question | Malformed]) -> Iterator[Question | Malformed]:
    seen: set[str] = set()
    for item in items:
        if isinstance(item, Question):
            if item.id in seen:
                yield Malformed(item.line, f"the id {item.id!r} stands on an earlier line too")
                continue
            seen.add(item.id)
        yield item


def _key(question: Question, format_: str) -> tuple[str, str]:
    """A question as the answers of this format name it."""
    if format_ == "csv":
        return csv_cell(question.id), csv_cell(question.text)
    return question.id, question.text


def _header(format_: str) -> str:
    return {"jsonl": "", "csv": csv_line(CSV_COLUMNS), "md": "<!-- answers of qa batch -->\n\n"}[
        format_
    ]


def _formatted(data: dict[str, Any], format_: str) -> str:
    if format_ == "jsonl":
        return as_json(data) + "\n"
    if format_ == "csv":
        return csv_line(as_csv_row(data))
    # The comment lets a resumed run tell a whole section from one that a kill cut short.
    key = json.dumps({"id": data["id"], "question": data["question"]}).replace(">", "\\u003e")
    return f"{as_markdown(data)}\n<!-- answered {key} -->\n\n"


class _output:  # noqa: N801 - a context manager, used like a function
    """Opens where answers go; on resuming, after the last whole one."""

    def __init__(
        self,
        out: Path | None,
        stream: IO[str],
        format_: str,
        resume: bool,
        done: set[tuple[str, str]],
    ) -> None:
        self._out, self._stream, self._format = out, stream, format_
        self._resume, self._done = resume, done

    def __enter__(self) -> IO[str]:
        header = _header(self._format)
        if self._out is None:
            self._stream.write(header)
            return self._stream
        whole = 0
        if self._out.is_dir():
            raise InputFileError(f"{self._out} is a folder; name a file with -o.")
        if self._resume and self._out.exists():
            content = self._out.read_bytes()
            answers, whole = _whole_answers(content, self._format, self._out)
            self._done.update(answers)
            with self._out.open("r+b") as existing:
                existing.truncate(whole)
        elif self._out.exists() and self._out.stat().st_size:
            os.replace(self._out, self._out.with_name(self._out.name + ".bak"))
        self._stream = self._out.open("a", encoding="utf-8", newline="")
        if not whole:
            self._stream.write(header)
        return self._stream

    def __exit__(self, *_: object) -> None:
        if self._out is not None:
            self._stream.close()


def _whole_answers(content: bytes, format_: str, path: Path) -> tuple[set[tuple[str, str]], int]:
    """Ids and questions of the whole answers in a file, and the length of these in bytes."""
    records = {"jsonl": _jsonl_records, "csv": _csv_records, "md": _markdown_records}[format_]
    # Whatever a kill has left, a file of ours begins like this.
    beginning = _header(format_).encode() or _BEGINNINGS[format_]
    done: set[tuple[str, str]] = set()
    whole = 0
    try:
        if content[: len(beginning)] != beginning[: len(content)]:
            raise ValueError("it begins otherwise")
        for end, key in records(content):
            whole = end
            if key is not None:
                done.add(key)
        # What is dropped must be the beginning of an answer, not something a person has added.
        rest, next_one = content[whole:], _BEGINNINGS[format_]
        if rest[: len(next_one)] != next_one[: len(rest)] and whole:
            raise ValueError("its end is no answer")
    except (ValueError, KeyError, TypeError, RecursionError, csv.Error) as error:
        raise InputFileError(
            f"{path} does not hold answers in the format {format_}, so it cannot be resumed; "
            "name another file with -o, or the right --format."
        ) from error
    return done, whole


_Records = Iterator[tuple[int, tuple[str, str] | None]]


def _jsonl_records(content: bytes) -> _Records:
    end = 0
    for line in content.splitlines(keepends=True):
        end += len(line)
        if not line.endswith(b"\n"):
            return
        record = json.loads(line)
        if record["status"] not in ("answered", "no_answer"):
            raise ValueError("it is no answer")
        yield end, (record["id"], record["question"])


def _csv_records(content: bytes) -> _Records:
    # A line break inside quotation marks does not end a record: there the marks so far are odd.
    start = at = 0
    while (at := content.find(b"\n", at)) != -1:
        at += 1
        record = content[start:at]
        if record.count(b'"') % 2:
            continue
        cells = next(csv.reader(io.StringIO(record.decode("utf-8"), newline="")))
        if len(cells) != len(CSV_COLUMNS):
            raise ValueError("another number of columns")
        yield at, None if start == 0 else (cells[0], cells[1])
        start = at


def _markdown_records(content: bytes) -> _Records:
    if content.startswith(_header("md").encode()):
        yield len(_header("md").encode()), None
    for match in _MARKDOWN_END.finditer(content):
        record = json.loads(match[1])
        yield match.end(), (record["id"], record["question"])
