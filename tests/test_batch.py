"""Writing answers one by one, and going on after a kill."""

from __future__ import annotations

import csv
import io
import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from qa.answer import NoAnswer, Reply
from qa.batch import Ask, BatchReport, answer_all
from qa.errors import InputFileError, StoreError, UsageError
from qa.questions import Malformed, Question, read_questions
from qa.session import require_question
from tests.fakes_reader import answer_from

QUESTIONS = (
    Question("a", 'Who said "no, never", on two\nlines?', 1),
    Question("b", "=SUM(1) — was it é😀?", 2),
    Question("c", "<!-- answered? --> | *when*?", 3),
)


@dataclass
class Asked:
    """An ``ask`` that answers at once, keeps the questions, and looks at the output as it goes."""

    out: Path | None = None
    questions: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    """Bytes in ``out`` whenever a question comes."""
    earlier: list[list[str]] = field(default_factory=list)
    """The questions that went before each, in its dialogue."""

    def __call__(self, question: str, earlier: Sequence[Reply]) -> Reply:
        question = require_question(question, 100)
        self.questions.append(question)
        self.earlier.append([reply.question for reply in earlier])
        if self.out is not None:
            self.sizes.append(self.out.stat().st_size)
        if "sum" in question.lower():
            return NoAnswer(question, "Nothing says so, or =does= it?", 0.1, None)
        return answer_from('He said: "In 1812, or\tso", é.', "1812", question=question)


def run(
    out: Path | None,
    items: Sequence[Question | Malformed] = QUESTIONS,
    *,
    ask: Ask | None = None,
    format_: str = "jsonl",
    resume: bool = False,
    stream: io.StringIO | None = None,
    malformed: list[Malformed] | None = None,
    on_done: Callable[[int], None] = lambda _: None,
    at_once: int = 1,
) -> BatchReport:
    """A batch run with little said."""
    return answer_all(
        items,
        ask if ask is not None else Asked(),
        out=out,
        stream=stream if stream is not None else io.StringIO(),
        format_=format_,
        resume=resume,
        on_malformed=(malformed if malformed is not None else []).append,
        on_done=on_done,
        at_once=at_once,
    )


def without_time(content: bytes, format_: str) -> object:
    """The answers in a file, elapsed times apart."""
    text = content.decode()
    if format_ == "jsonl":
        return [{**json.loads(line), "elapsed_ms": 0} for line in text.splitlines()]
    if format_ == "csv":
        return [row[:-1] for row in csv.reader(io.StringIO(text, newline=""))]
    return text


EACH_FORMAT = pytest.mark.parametrize("format_", ["jsonl", "csv", "md"])


@EACH_FORMAT
def test_every_answer_is_in_the_file_before_the_next_question(tmp_path: Path, format_: str) -> None:
    out = tmp_path / "out"
    ask = Asked(out)
    report = run(out, ask=ask, format_=format_)
    assert report == BatchReport(answered=2, abstained=1, already_done=0, malformed=0)
    ends = [*ask.sizes, out.stat().st_size]
    assert ends == sorted(set(ends))
    for count, end in enumerate(ends):
        part = tmp_path / "part"
        part.write_bytes(out.read_bytes()[:end])
        assert run(part, format_=format_, resume=True).already_done == count


@EACH_FORMAT
def test_a_kill_at_any_byte_is_mended_by_resuming(tmp_path: Path, format_: str) -> None:
    out, ask = tmp_path / "out", Asked(tmp_path / "out")
    run(out, ask=ask, format_=format_)
    content = out.read_bytes()
    ends = [*ask.sizes[1:], len(content)]
    for cut in range(len(content) + 1):
        out.write_bytes(content[:cut])
        again = Asked()
        run(out, ask=again, format_=format_, resume=True)
        assert without_time(out.read_bytes(), format_) == without_time(content, format_)
        assert len(again.questions) == sum(end > cut for end in ends)


@EACH_FORMAT
@pytest.mark.parametrize("text", ["'Tis the season?", "'=1?", "a\rb?", "-1 or 'no'?", "\\u0041?"])
def test_a_resumed_run_knows_every_question_again(tmp_path: Path, format_: str, text: str) -> None:
    items = (Question("'1", text, 1), Question("2", "Who?", 2))
    run(tmp_path / "out", items, format_=format_)
    report = run(tmp_path / "out", items, format_=format_, resume=True)
    assert report.already_done == 2


def test_a_question_that_has_changed_is_asked_again(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    run(out)
    changed = (QUESTIONS[0], Question("b", "Something else?", 2))
    assert run(out, changed, resume=True) == BatchReport(1, 0, 1, 0)


@EACH_FORMAT
def test_without_resume_the_earlier_answers_are_kept_beside(tmp_path: Path, format_: str) -> None:
    out = tmp_path / "answers.out"
    out.write_text("earlier work", encoding="utf-8")
    run(out, format_=format_)
    first = out.read_text("utf-8")
    assert "earlier" not in first
    run(out, format_=format_)
    assert (tmp_path / "answers.out.bak").read_text("utf-8") == "earlier work"
    assert (tmp_path / "answers.out.bak.2").read_text("utf-8") == first


@EACH_FORMAT
@pytest.mark.parametrize(
    "content",
    [
        "My notes,\nwhich are precious.\n",
        "One precious line without an end",
        '{"id": "a", "question": "Who?"}\n',
        "id,question\na,Who?\n",
        "# A report\n\nof something else\n",
    ],
    ids=["notes", "unfinished line", "questions", "csv of questions", "markdown"],
)
def test_resuming_over_another_file_is_refused_and_leaves_it(
    tmp_path: Path, format_: str, content: str
) -> None:
    out = tmp_path / "notes"
    out.write_text(content, encoding="utf-8")
    with pytest.raises(InputFileError, match="cannot be resumed"):
        run(out, format_=format_, resume=True)
    assert out.read_text("utf-8") == content


@EACH_FORMAT
@pytest.mark.parametrize("other", ["jsonl", "csv", "md"])
def test_answers_of_another_format_are_not_resumed_over(
    tmp_path: Path, format_: str, other: str
) -> None:
    out = tmp_path / "out"
    run(out, format_=other)
    before = out.read_bytes()
    if format_ == other:
        assert run(out, format_=format_, resume=True).already_done == 3
    else:
        with pytest.raises(InputFileError, match="cannot be resumed"):
            run(out, format_=format_, resume=True)
    assert out.read_bytes() == before


@EACH_FORMAT
def test_a_byte_order_mark_that_an_editor_has_put_there_is_no_reason_not_to_resume(
    tmp_path: Path, format_: str
) -> None:
    out = tmp_path / "answers.out"
    run(out, format_=format_)
    whole = b"\xef\xbb\xbf" + out.read_bytes()
    out.write_bytes(whole)
    assert run(out, format_=format_, resume=True).already_done == 3
    assert out.read_bytes() == whole


def test_resuming_needs_a_file() -> None:
    with pytest.raises(UsageError, match="-o FILE"):
        run(None, resume=True)


def test_resuming_a_file_that_is_not_there_yet_begins_it(tmp_path: Path) -> None:
    assert run(tmp_path / "new.jsonl", resume=True) == BatchReport(2, 1, 0, 0)


def test_without_a_file_answers_go_to_the_stream() -> None:
    stream = io.StringIO()
    run(None, stream=stream)
    assert [json.loads(line)["id"] for line in stream.getvalue().splitlines()] == ["a", "b", "c"]


def test_what_is_no_question_is_named_and_the_rest_is_answered(tmp_path: Path) -> None:
    items: list[Question | Malformed] = [
        Question("1", "?!", 1),
        Malformed(2, "not JSON, expecting value at character 1"),
        Question("3", "x" * 101, 3),
        Question("4", "Who?", 4),
    ]
    named: list[Malformed] = []
    report = run(tmp_path / "out.jsonl", items, malformed=named)
    assert report == BatchReport(answered=1, abstained=0, already_done=0, malformed=3)
    assert [item.line for item in named] == [1, 2, 3]


def test_a_question_that_is_no_unicode_is_named_and_the_rest_is_answered(tmp_path: Path) -> None:
    questions = '{"question": "When was \\ud800?"}\n{"question": "Who?"}\n'
    path = tmp_path / "q.jsonl"
    path.write_text(questions, encoding="utf-8")
    named: list[Malformed] = []
    report = run(tmp_path / "o.jsonl", read_questions(path), malformed=named)
    assert (report.answered, report.malformed) == (1, 1)
    assert [item.line for item in named] == [1]


def test_the_line_holds_the_question_as_it_was_written(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    run(out)
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [line["question"] for line in lines] == [question.text for question in QUESTIONS]


def test_an_output_that_cannot_be_written_is_an_error_of_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="cannot be written"):
        run(tmp_path / "no" / "such" / "folder" / "out.jsonl")


def test_a_folder_is_not_moved_away_to_write_a_file_there(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(InputFileError):
        run(folder)
    assert folder.is_dir()


def test_a_full_disk_is_an_error_that_names_the_file() -> None:
    with pytest.raises(InputFileError, match="/dev/full"):
        run(Path("/dev/full"))


def test_an_error_of_the_session_stops_the_run_with_what_is_done_kept(tmp_path: Path) -> None:
    def failing(question: str, earlier: Sequence[Reply]) -> Reply:
        if "=SUM" in question:
            raise InputFileError("The store has gone.")
        return Asked()(question, earlier)

    out = tmp_path / "out.jsonl"
    with pytest.raises(InputFileError, match="gone"):
        run(out, ask=failing)
    assert run(out, resume=True).already_done == 1


TALK = (
    Question("d.1", "Who kept it?", 1, "d"),
    Question("d.2", "Since when?", 1, "d"),
    Question("d.3", "Why?", 1, "d"),
    Question("e.1", "Where is it?", 2, "e"),
    Question("3", "When?", 3),
)


def test_the_turns_of_a_dialogue_are_asked_after_each_other(tmp_path: Path) -> None:
    asked = Asked()
    run(tmp_path / "a.jsonl", TALK, ask=asked)
    assert asked.earlier == [[], ["Who kept it?"], ["Who kept it?", "Since when?"], [], []]


def test_a_dialogue_that_was_cut_off_is_resumed_with_what_went_before(tmp_path: Path) -> None:
    out, whole = tmp_path / "a.jsonl", tmp_path / "whole.jsonl"
    run(whole, TALK)
    run(out, TALK[:2])
    asked = Asked()
    report = run(out, TALK, ask=asked, resume=True)
    assert without_time(out.read_bytes(), "jsonl") == without_time(whole.read_bytes(), "jsonl")
    assert (report.already_done, report.answered) == (2, 3)
    assert asked.earlier[2] == ["Who kept it?", "Since when?"]
    again = Asked()
    run(out, TALK, ask=again, resume=True)
    assert again.questions == []  # all is there, so that nothing is asked


class TestSeveralAtOnce:
    """Questions that need no other one's reply are asked by several threads, and written in order."""

    def test_replies_are_written_in_the_order_of_the_questions(self, tmp_path: Path) -> None:
        later = threading.Event()

        def ask(question: str, _: Sequence[Reply]) -> Reply:
            if question == "First?":
                assert later.wait(30)
            later.set()
            return NoAnswer(question, "Nothing says so.", 0.1, None)

        items = [
            Question(str(n), text, n) for n, text in enumerate(("First?", "Second?", "Third?"))
        ]
        out = tmp_path / "out.jsonl"
        assert run(out, items, ask=ask, at_once=2).abstained == 3
        lines = out.read_text("utf-8").splitlines()
        assert [json.loads(line)["question"] for line in lines] == ["First?", "Second?", "Third?"]

    def test_the_answers_are_those_of_one_at_a_time(self, tmp_path: Path) -> None:
        items = (
            *QUESTIONS,
            Malformed(4, "no question"),
            Question("d", "Who?", 5, dialogue="one"),
            Question("e", "x" * 101, 6),
            Question("f", "And when?", 7, dialogue="one"),
            Question("g", "Where?", 8),
        )
        reports, asked = [], []
        for at_once in (1, 3):
            malformed: list[Malformed] = []
            ask = Asked()
            out = tmp_path / f"{at_once}.jsonl"
            reports.append(
                (run(out, items, ask=ask, malformed=malformed, at_once=at_once), malformed)
            )
            asked.append((sorted(ask.questions), sorted(ask.earlier)))
        assert reports[0] == reports[1]
        assert asked[0] == asked[1]
        one, three = (without_time((tmp_path / f"{n}.jsonl").read_bytes(), "jsonl") for n in (1, 3))
        assert one == three

    def test_after_an_interruption_nothing_more_is_asked_and_what_is_written_is_whole(
        self, tmp_path: Path
    ) -> None:
        items = [Question(str(n), f"Question {n}?", n) for n in range(50)]
        ask, out = Asked(), tmp_path / "out.jsonl"
        interrupted = Interrupting(after=3)
        with pytest.raises(KeyboardInterrupt):
            run(out, items, ask=ask, on_done=interrupted, at_once=2)
        assert len(ask.questions) <= 3 + 2 * 2
        assert run(out, items, resume=True, at_once=2) == BatchReport(47, 0, 3, 0)

    def test_a_failure_is_not_taken_for_an_answer(self) -> None:
        def ask(*_: object) -> Reply:
            raise StoreError("The index is damaged.")

        with pytest.raises(StoreError, match="damaged"):
            run(None, ask=ask, at_once=2)


@dataclass
class Interrupting:
    """Somebody presses Ctrl-C after so many replies."""

    after: int

    def __call__(self, done: int) -> None:
        if done == self.after:
            raise KeyboardInterrupt
