"""``qa uses``, ``qa diff`` and ``qa batch --against`` as a person runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qa.settings import SENTENCE_READER
from tests.commands import Outcome, qa
from tests.saved import FERRY, MILL, Record, answers, ferry, mill, saved, write


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a corpus of two files where ``qa`` looks by itself."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QA_READER", SENTENCE_READER)
    write("mill.txt", MILL)
    write("ferry.txt", FERRY)
    return tmp_path


# qa uses


def both() -> Record:
    """An answer from the mill that the ferry's file supports."""
    record = mill(id_="3", question="And both?")
    record["citations"].append({**ferry()["citations"][0], "n": 2, "agrees": True})
    return record


def rival() -> Record:
    """An answer from the mill that the ferry's file contradicts."""
    record = mill(id_="4", question="And else?")
    other = {"n": 2, "agrees": False, "agreement": "conflicts"}
    record["citations"].append({**ferry()["citations"][0], **other})
    return record


def test_uses_lists_what_rests_on_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    abstained: Record = {"id": "5", "status": "no_answer", "answer": None, "citations": []}
    first, second = (
        answers(mill(), ferry(id_="2"), abstained),
        answers(both(), rival(), name="b.jsonl"),
    )
    done = qa(capsys, "uses", "ferry.txt", "--answers", first, second)
    assert done == Outcome(
        0,
        "alone   answers.jsonl:2  2 [1]  When was it?\n"
        "shared  b.jsonl:1  3 [2]  And both?\n"
        "cited   b.jsonl:2  4 [2]  And else?\n"
        "2 answers of 4 in 2 files rest on ferry.txt, 1 on it alone; 1 more only cite it\n",
        "",
    )
    done = qa(capsys, "uses", "seeds/mill.txt", "--answers", first, second)
    assert [line.split()[0] for line in done.out.splitlines()[:-1]] == ["alone", "shared", "alone"]


def test_uses_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    done = qa(capsys, "uses", "ferry.txt", "--json", "--answers", answers(both(), mill()))
    assert json.loads(done.out) == {
        "answers": [
            {
                "answers": "answers.jsonl",
                "line": 1,
                "id": "3",
                "question": "And both?",
                "answer": "1812",
                "reliance": "shared",
                "citations": [2],
            }
        ],
        "file": "ferry.txt",
        "summary": {"alone": 0, "shared": 1, "cited": 0, "answers": 2, "malformed": 0},
    }


def test_uses_looks_at_the_answers_in_this_folder(capsys: pytest.CaptureFixture[str]) -> None:
    done = qa(capsys, "uses", "mill.txt")
    assert (done.code, done.out) == (2, "")
    assert "--answers" in done.err
    answers(mill())
    Path("questions.jsonl").write_text('{"question": "Who?"}\n')
    done = qa(capsys, "uses", "mill.txt")
    assert done.out.splitlines()[-1].startswith("1 answer of 1 in 1 file rests on mill.txt")
    assert "questions.jsonl: passed over" in done.err


def test_uses_knows_a_renamed_file_and_a_deleted_one(capsys: pytest.CaptureFixture[str]) -> None:
    path = answers(mill(), ferry())
    Path("seeds/mill.txt").rename("seeds/works.txt")
    assert qa(capsys, "uses", "works.txt").out.startswith("alone   answers.jsonl:1")
    Path("seeds/ferry.txt").unlink()
    done = qa(capsys, "uses", "ferry.txt", "--answers", path)
    assert done.out.startswith("alone   answers.jsonl:2")
    assert "no such file in seeds" in done.err


def test_uses_with_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    done = qa(capsys, "uses", "../../etc/passwd", "--answers", answers(mill()))
    assert (done.code, done.out) == (2, "")
    assert "is not in seeds" in done.err
    done = qa(capsys, "uses", "mill.txt", "--answers", answers(mill(), b"x\n"))
    assert done.code == 1
    assert "answers.jsonl:2: not an answer" in done.err
    done = qa(capsys, "uses", "mill.txt", "--answers", "none.jsonl")
    assert (done.code, "no answers file none.jsonl" in done.err) == (1, True)


# qa diff


def test_equal_answers_do_not_differ(capsys: pytest.CaptureFixture[str]) -> None:
    old, new = (
        answers(mill(), ferry(question="Who?")),
        answers(
            {**mill(), "elapsed_ms": 9, "confidence": 0.87},
            ferry(question="Who?"),
            name="new.jsonl",
        ),
    )
    assert qa(capsys, "diff", old, new) == Outcome(0, "0 of 2 questions changed\n", "")
    assert qa(capsys, "diff", old, new, "--margin", "0").code == 1


def test_changes_stand_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    none: Record = {
        "id": "1",
        "question": "Who?",
        "status": "no_answer",
        "answer": None,
        "confidence": 0.05,
        "citations": [],
    }
    old = answers(mill(), none, ferry(question="Gone?"))
    new = answers(
        {**ferry(), "confidence": 0.5},
        {**mill(question="Who?"), "confidence": 0.05},
        name="n.jsonl",
    )
    done = qa(capsys, "diff", old, new)
    assert (done.code, done.err) == (1, "")
    assert done.out == (
        "When was it?\n"
        "* answer      1812                             sank in 1812\n"
        "* source      [1] mill.txt:2                   [1] ferry.txt:1\n"
        "              The mill burned in 1812.         The ferry sank in 1812.\n"
        "* confidence  0.8750                           0.5000\n"
        "\n"
        "Who?\n"
        "* answer      (no answer)                      1812\n"
        "* source      -                                [1] mill.txt:2\n"
        "                                               The mill burned in 1812.\n"
        "  confidence  0.0500                           0.0500\n"
        "\n"
        "Gone?\n"
        "* only in the old file\n"
        "  answer      sank in 1812                     -\n"
        "  source      [1] ferry.txt:1                  -\n"
        "              The ferry sank in 1812.\n"
        "  confidence  0.8750                           -\n"
        "\n"
        "3 of 3 questions changed: 2 answer, 2 source, 1 confidence, 1 missing\n"
    )
    changes = json.loads(qa(capsys, "diff", old, new, "--json").out)
    assert changes["summary"]["by_change"] == {
        "answer": 2,
        "source": 2,
        "confidence": 1,
        "missing": 1,
    }
    assert changes["changes"][1]["old"]["answer"] is None
    assert changes["changes"][2]["new"] is None


def test_the_order_of_the_questions_is_no_change(capsys: pytest.CaptureFixture[str]) -> None:
    asked = [mill(question=f"When {number}?", id_=str(number)) for number in range(20)]
    twice = [ferry(question="Twice?"), mill(question="Twice?")]
    old = answers(*asked, *twice)
    new = answers(*twice, *reversed(asked), name="n.jsonl")
    assert qa(capsys, "diff", old, new).out == "0 of 22 questions changed\n"


def test_a_source_further_down_or_rewrapped_is_no_change(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = "New.\n" + MILL.replace("mill burned", "mill  burned")
    new = answers(saved("1812", text), name="n.jsonl")
    assert qa(capsys, "diff", answers(mill()), new).code == 0


def test_diff_with_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    path = answers(mill(), b"hello\n")
    done = qa(capsys, "diff", path, answers(mill(), name="n.jsonl"))
    assert (done.code, done.out) == (1, "0 of 1 question changed\n")
    assert "answers.jsonl:2: not an answer" in done.err
    for arguments in (["none.jsonl", path], [path, "none.jsonl"]):
        done = qa(capsys, "diff", *arguments)
        assert (done.code, done.out, "none.jsonl" in done.err) == (1, "", True)
    assert qa(capsys, "diff", path, path, "--margin", "2").code == 2


# qa batch --against


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--against", "old.jsonl"], "-o NEW.jsonl"),
        (["--against", "old.jsonl", "-o", "new.md"], "-o NEW.jsonl"),
        (["--against", "old.jsonl", "-o", "old.jsonl"], "name another with -o"),
        (["--against", "none.jsonl", "-o", "new.jsonl"], "no answers file none.jsonl"),
    ],
)
def test_a_batch_that_cannot_be_compared_asks_nothing(
    capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    answers(mill(), name="old.jsonl")
    Path("q.txt").write_text("When was it?\n")
    done = qa(capsys, "batch", "q.txt", *arguments)
    assert done.code in (1, 2)
    assert done.out == ""
    assert says in done.err
    assert not Path("vectors").exists()
    assert not Path("new.jsonl").exists()
