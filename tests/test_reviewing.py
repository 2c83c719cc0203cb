"""Judging saved answers: the queue, what each decision leaves in the labelled file, and going on later."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qa.answer import NoAnswer
from qa.errors import InputFileError
from qa.labelled import read_labelled
from qa.receipts.records import BadLine
from qa.render import as_data
from qa.reviewing import (
    Decisions,
    ReviewItem,
    accepted,
    corrected,
    left_out,
    rejected,
    review_queue,
)
from qa.text import Span
from tests.commands import environment, no_file_larger_than
from tests.fakes_reader import answer_from
from tests.saved import FERRY, MILL, Record, mill, saved, write_answers


def refused(*, id_: str = "9", nearest: bool = True, confidence: float = 0.1) -> Record:
    """The record that qa batch writes for a refusal, with or without a nearest passage."""
    citation = answer_from(FERRY, "sank in 1812", file="ferry.txt").citations[0]
    reply = NoAnswer(
        "Who paid?",
        "No one says.",
        confidence,
        replace(citation, agrees=False) if nearest else None,
    )
    return dict(json.loads(json.dumps(as_data(reply, id_=id_, elapsed_ms=1))))


def queue_of(tmp_path: Path, *records: Record | bytes) -> list[ReviewItem]:
    return review_queue(write_answers(tmp_path / "answers.jsonl", *records))[0]


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_the_least_confident_come_first_and_equals_in_their_order(tmp_path: Path) -> None:
    queue = queue_of(
        tmp_path,
        saved("1812", id_="sure", confidence=0.9),
        saved("1812", id_="unsure", confidence=0.3),
        refused(id_="refused", confidence=0.1),
        saved("1812", id_="as unsure", confidence=0.3),
    )
    assert [item.id for item in queue] == ["refused", "unsure", "as unsure", "sure"]


def test_bad_lines_are_named_and_the_others_reviewed(tmp_path: Path) -> None:
    forged, older = mill(id_="2"), mill(id_="3")
    forged["citations"][0]["sentence"]["text"] = "It says something else altogether."
    del older["agreement"]
    path = write_answers(
        tmp_path / "answers.jsonl",
        mill(),
        b"hello\n",
        forged,
        older,
        mill(),
        mill(id_="6", question=" "),
        mill(id_="7", question="When \ud800?"),
        json.dumps({**mill(id_="8"), "citations": [1]}).encode() + b"\n",
        json.dumps(mill(id_="9")).encode()[:300],
    )
    queue, bad = review_queue(path)
    assert [item.id for item in queue] == ["1"]
    assert [line.line for line in bad] == [2, 3, 4, 5, 6, 7, 8, 9]
    assert BadLine(5, "its id and question stand on line 1 too") in bad
    assert BadLine(4, "not an answer of qa batch (it lacks 'agreement')") in bad


def test_a_file_without_any_answer_is_refused(tmp_path: Path) -> None:
    path = write_answers(tmp_path / "answers.jsonl", b"hello\n")
    with pytest.raises(InputFileError, match=r"holds no answer to review \(line 1"):
        review_queue(path)


def test_every_decision_is_a_row_that_the_measuring_commands_read(tmp_path: Path) -> None:
    right, wrong, moved, unknown, refusal, missed = queue = queue_of(
        tmp_path,
        mill(id_="right"),
        mill(id_="wrong"),
        mill(id_="moved"),
        mill(id_="unknown"),
        refused(id_="refusal", confidence=0.9),
        refused(id_="missed", nearest=False, confidence=0.95),
    )
    path = tmp_path / "labelled.jsonl"
    decisions = Decisions.load(path, queue)
    span = Span(MILL.index("Nobody"), MILL.index(" knew"))
    source = right.citations[0]
    decisions.decide(right, accepted(right))
    decisions.decide(wrong, rejected(wrong))
    decisions.decide(moved, corrected(moved, source.file, source.sha256, MILL, span))
    decisions.decide(unknown, left_out(unknown))
    decisions.decide(refusal, accepted(refusal))
    decisions.decide(missed, left_out(missed))
    labelled = {q.id: (q.answers, q.file) for q in read_labelled(path).questions}
    assert labelled == {
        "right": (("1812",), "mill.txt"),
        "wrong": ((), None),
        "moved": (("Nobody – é😀 –",), "mill.txt"),
        "refusal": ((), None),
    }
    for row in rows(path):
        if row["answers"]:
            assert MILL[row["start"] : row["end"]] == row["answers"][0]
            assert row["sha256"] == source.sha256


def test_a_follow_up_is_labelled_as_it_was_understood(tmp_path: Path) -> None:
    record = {**mill(question="Why?"), "understood_as": "Why did the mill burn?"}
    (item,) = queue = queue_of(tmp_path, record)
    path = tmp_path / "labelled.jsonl"
    Decisions.load(path, queue).decide(item, accepted(item))
    assert read_labelled(path).questions[0].question == "Why did the mill burn?"
    assert Decisions.load(path, queue).of(item) is not None


def test_a_later_decision_replaces_the_earlier_one(tmp_path: Path) -> None:
    (item,) = queue = queue_of(tmp_path, mill())
    path = tmp_path / "labelled.jsonl"
    decisions = Decisions.load(path, queue)
    decisions.decide(item, accepted(item))
    decisions.decide(item, rejected(item))
    assert [row["decision"] for row in rows(path)] == ["rejected"]
    assert decisions.undo() == item.key
    assert [row["decision"] for row in rows(path)] == ["accepted"]
    assert decisions.undo() == item.key
    assert rows(path) == []
    assert decisions.undo() is None


def test_a_new_start_goes_on_and_can_take_back(tmp_path: Path) -> None:
    first, second, third = queue = queue_of(
        tmp_path, mill(), mill(id_="2", question="[b]\x1b[2J\u202e?"), mill(id_="3")
    )
    path = tmp_path / "labelled.jsonl"
    decisions = Decisions.load(path, queue)
    decisions.decide(second, accepted(second))
    decisions.decide(first, rejected(first))
    again = Decisions.load(path, queue)
    assert [again.of(item) is not None for item in queue] == [True, True, False]
    assert again.undo() == first.key
    again.decide(third, accepted(third))
    assert [row["id"] for row in rows(path)] == ["2", "3"]


def test_decisions_about_other_answers_stay(tmp_path: Path) -> None:
    (old,) = queue = queue_of(tmp_path, mill(id_="old"))
    path = tmp_path / "labelled.jsonl"
    Decisions.load(path, queue).decide(old, accepted(old))
    (new,) = queue = queue_of(tmp_path, mill(id_="new"))
    decisions = Decisions.load(path, queue)
    assert decisions.undo() is None
    decisions.decide(new, accepted(new))
    assert [row["id"] for row in rows(path)] == ["old", "new"]


@pytest.mark.parametrize(
    "line", ["hello", "[]", '{"id": "1"}', '{"id": 1, "question": "?", "decision": "accepted"}']
)
def test_a_file_of_something_else_is_left_alone(tmp_path: Path, line: str) -> None:
    path = tmp_path / "labelled.jsonl"
    path.write_text(f"\n{line}\n", encoding="utf-8")
    with pytest.raises(InputFileError, match=r"labelled\.jsonl:2: not a decision of qa review"):
        Decisions.load(path, [])


def test_what_another_review_saved_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    first, second = queue = queue_of(tmp_path, mill(), mill(id_="2"))
    path = tmp_path / "labelled.jsonl"
    one, other = Decisions.load(path, queue), Decisions.load(path, queue)
    one.decide(first, accepted(first))
    with pytest.raises(InputFileError, match="changed by something else"):
        other.decide(second, accepted(second))
    assert other.of(second) is None
    assert [row["id"] for row in rows(path)] == ["1"]


def test_a_full_disk_leaves_the_decisions_as_they_were(tmp_path: Path) -> None:
    first, second = queue = queue_of(tmp_path, mill(), mill(id_="2"))
    path = tmp_path / "labelled.jsonl"
    decisions = Decisions.load(path, queue)
    decisions.decide(first, accepted(first))
    before = path.read_bytes()
    with no_file_larger_than(len(before)), pytest.raises(InputFileError, match="not be saved"):
        decisions.decide(second, accepted(second))
    assert (path.read_bytes(), decisions.of(second)) == (before, None)
    decisions.decide(second, accepted(second))
    assert len(rows(path)) == 2


DECIDES_FOR_EVER = """
import itertools, sys
from pathlib import Path
from qa.reviewing import Decisions, accepted, rejected, review_queue
queue, _ = review_queue(Path("answers.jsonl"))
decisions = Decisions.load(Path("labelled.jsonl"), queue)
for turn in itertools.count():
    for item in queue:
        decisions.decide(item, (accepted, rejected)[turn % 2](item))
        print(item.id, flush=True)
"""


def test_a_kill_loses_no_decision(tmp_path: Path) -> None:
    queue = queue_of(tmp_path, *(mill(id_=str(number)) for number in range(30)))
    process = subprocess.Popen(
        [sys.executable, "-c", DECIDES_FOR_EVER],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    said = [process.stdout.readline().strip() for _ in range(20)]
    os.kill(process.pid, signal.SIGKILL)
    said += process.stdout.read().split()
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL
    decisions = Decisions.load(tmp_path / "labelled.jsonl", queue)
    decided = {item.id for item in queue if decisions.of(item) is not None}
    assert set(said) <= decided
    assert len(read_labelled(tmp_path / "labelled.jsonl").questions) == len(decided)
