"""A batch answers each question of whatever kind or says why not, with no more memory for more of them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from hostile_questions import hostile_questions, write_questions

from tests.commands import make_corpus
from tests.faults.program import Program, Run

QUESTIONS = 200


@pytest.fixture(scope="module")
def folder(program: Program, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with documents and their index."""
    folder = tmp_path_factory.mktemp("hostile")
    make_corpus(folder / "seeds")
    assert program.run("qa", "index", folder=folder).code == 0
    return folder


def batch(program: Program, folder: Path, *arguments: str) -> Run:
    run = program.run("qa", "batch", *arguments, folder=folder)
    assert "Traceback" not in run.err
    assert run.code in (0, 1), run.err
    return run


@pytest.mark.parametrize("format_", ["jsonl", "csv", "md"])
def test_every_question_is_answered_or_named(program: Program, folder: Path, format_: str) -> None:
    write_questions(folder / "questions.jsonl", hostile_questions(QUESTIONS))
    run = batch(program, folder, "questions.jsonl", "--format", format_)
    named = run.err.count(": skipped: ")
    assert 0 < named < QUESTIONS
    if format_ == "jsonl":
        answers = len([json.loads(line) for line in run.out.splitlines()])
    elif format_ == "csv":
        rows = list(csv.reader(io.StringIO(run.out, newline="")))
        assert not any(cell.startswith(tuple("=+-@\t\r＝＋－＠")) for row in rows for cell in row)
        answers = len(rows) - 1
    else:
        answers = run.out.count("<!-- answered {")
    assert answers + named == QUESTIONS
    assert not any(character in run.err for character in "\x1b\x07\u202e\x00")


def test_text_and_csv_files_are_read_to_their_ends(program: Program, folder: Path) -> None:
    texts = [
        text.replace("\ud800", "?").encode("utf-8", "replace").decode().replace("\n", " ")
        for text in hostile_questions(100)
    ]
    (folder / "questions.txt").write_bytes("\n".join(texts).encode())
    with (folder / "questions.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([["question"], *([text] for text in texts)])
    for name in ("questions.txt", "questions.csv"):
        run = batch(program, folder, name)
        answers = len(run.out.splitlines())
        assert answers + run.err.count(": skipped: ") >= sum(bool(t.strip()) for t in texts)
        assert "rest of the file is not read" not in run.err


def test_memory_does_not_grow_with_the_number_of_questions(program: Program, folder: Path) -> None:
    peaks = []
    for count in (60, QUESTIONS):
        write_questions(folder / "questions.jsonl", hostile_questions(count))
        peaks.append(batch(program, folder, "questions.jsonl").peak_kib)
    assert peaks[1] - peaks[0] < 40_000
