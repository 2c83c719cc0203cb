"""A file of questions becomes a file of answers, each written as it is made."""

from __future__ import annotations

import codecs
import csv
import io
import json
import os
import re
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from qa.answer import Reply
from qa.errors import InputFileError, QuestionError, UsageError
from qa.files import next_backup, worth_keeping
from qa.questions import Malformed, Question
from qa.render import CSV_COLUMNS, as_csv_row, as_data, as_json, as_markdown, csv_cell, csv_line

__all__ = ["FORMATS", "Ask", "BatchReport", "answer_all"]

FORMATS = ("jsonl", "csv", "md")
#: Answers a question after the replies of its dialogue so far.
Ask = Callable[[str, Sequence[Reply]], Reply]
#: How an answer begins, in each format; a CSV cell may begin with anything.
_BEGINNINGS = {"jsonl": b'{"id": ', "csv": b"", "md": b"## "}
_MARKDOWN_END = re.compile(rb"<!-- answered (\{.*\}) -->\n\n")


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What a run did."""

    answered: int
    abstained: int
    already_done: int
    malformed: int


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
    at_once: int = 1,
) -> BatchReport:
    """Ask every question and write every reply at once to ``out``, or to ``stream`` without one.

    With ``resume`` the replies that ``out`` holds whole are kept and their questions not asked again; a
    line that a kill cut short is dropped and answered anew. ``on_done`` gets the count so far. A turn of
    a dialogue is asked with the replies to the turns before it, which must stand next to each other.
    With ``at_once`` above 1 so many threads ask; replies are written in the order of the questions.

    Raises:
        UsageError: ``resume`` without ``out``.
        InputFileError: ``out`` cannot be written, or holds something else than such replies.
    """
    if resume and out is None:
        raise UsageError("--resume continues a file; name it with -o FILE.")
    items = list(items)
    done: set[tuple[str, str]] = set()
    counts = {"answered": 0, "no_answer": 0}
    kept = malformed = 0
    try:
        with (
            _output(out, stream, format_, resume, done) as sink,
            _asking(ask, _left(items, done, format_), at_once) as answer,
        ):
            dialogue = _Dialogue(answer)
            for position, item in enumerate(items, start=1):
                if isinstance(item, Malformed):
                    malformed += 1
                    on_malformed(item)
                elif _key(item, format_) in done:
                    kept += 1
                    dialogue.skip(item)
                else:
                    try:
                        reply, seconds = dialogue.ask(item)
                    except QuestionError as error:
                        malformed += 1
                        on_malformed(Malformed(item.line, str(error)))
                        continue
                    data = as_data(reply, id_=item.id, elapsed_ms=round(seconds * 1000))
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


#: A reply and the seconds it took.
_Timed = tuple[Reply, float]
#: Gives the reply to a question after those of its dialogue; the questions come in the order of the file.
_Answer = Callable[[Question, Sequence[Reply]], _Timed]


def _left(
    items: Sequence[Question | Malformed], done: Collection[tuple[str, str]], format_: str
) -> list[Question]:
    """The questions that are to be asked and need no reply to another one."""
    return [
        item
        for item in items
        if isinstance(item, Question) and item.dialogue is None and _key(item, format_) not in done
    ]


@contextmanager
def _asking(ask: Ask, alone: Sequence[Question], at_once: int) -> Iterator[_Answer]:
    """Asks in the thread that wants the reply, or those ``alone`` in others, some of them ahead."""

    def timed(question: Question, earlier: Sequence[Reply]) -> _Timed:
        started = time.perf_counter()
        reply = ask(question.text, earlier)
        return reply, time.perf_counter() - started

    if at_once == 1:
        yield timed
        return
    waiting = iter(alone)
    ahead: deque[Future[_Timed]] = deque()
    with ThreadPoolExecutor(at_once) as threads:

        def answer(question: Question, earlier: Sequence[Reply]) -> _Timed:
            if question.dialogue is not None:
                return timed(question, earlier)
            while len(ahead) < 2 * at_once and (following := next(waiting, None)) is not None:
                ahead.append(threads.submit(timed, following, ()))
            return ahead.popleft().result()

        try:
            yield answer
        finally:
            for future in ahead:
                future.cancel()


class _Dialogue:
    """The replies of the dialogue that is being asked, turn by turn."""

    def __init__(self, answer: _Answer) -> None:
        self._answer = answer
        self._name: str | None = None
        self._replies: list[Reply] = []
        self._skipped: list[Question] = []

    def skip(self, question: Question) -> None:
        """Its answer is there already; asked only if a later turn has to be asked after it."""
        self._enter(question)
        self._skipped.append(question)

    def ask(self, question: Question) -> _Timed:
        """The reply to a question, after the turns before it if it is one of a dialogue."""
        self._enter(question)
        for skipped in self._skipped:
            self._replies.append(self._answer(skipped, tuple(self._replies))[0])
        self._skipped.clear()
        reply, seconds = self._answer(question, tuple(self._replies))
        self._replies.append(reply)
        return reply, seconds

    def _enter(self, question: Question) -> None:
        if question.dialogue is None or question.dialogue != self._name:
            self._name = question.dialogue
            self._replies.clear()
            self._skipped.clear()


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
        if not self._out.parent.is_dir():
            raise InputFileError(
                f"The answers file {self._out} cannot be written: there is no folder "
                f"{self._out.parent}; make it first."
            )
        if self._out.is_dir():
            raise InputFileError(f"{self._out} is a folder; name a file with -o.")
        if self._resume and self._out.exists():
            content = self._out.read_bytes()
            answers, whole = _whole_answers(content, self._format, self._out)
            self._done.update(answers)
            with self._out.open("r+b") as existing:
                existing.truncate(whole)
        elif worth_keeping(self._out):
            os.replace(self._out, next_backup(self._out))
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
    if content.startswith(codecs.BOM_UTF8):  # an editor has put it there
        answers, length = _whole_answers(content.removeprefix(codecs.BOM_UTF8), format_, path)
        return answers, length + len(codecs.BOM_UTF8)
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
