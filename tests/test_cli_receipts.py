"""``qa check`` and its ``--fix`` as a person runs them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from qa.settings import SENTENCE_READER
from tests.commands import Outcome, no_file_larger_than, qa, qa_process
from tests.saved import FERRY, MILL, Record, answers, ferry, mill, saved, write


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a corpus of two files where ``qa`` looks by itself."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QA_READER", SENTENCE_READER)
    write("mill.txt", MILL)
    write("ferry.txt", FERRY)
    return tmp_path


def lines(path: str) -> list[Record]:
    return [json.loads(line) for line in Path(path).read_text("utf-8").splitlines()]


# qa check


def test_untouched_files_are_ok(capsys: pytest.CaptureFixture[str]) -> None:
    done = qa(capsys, "check", answers(mill(), ferry(id_="2")), "--strict")
    assert done == Outcome(
        0,
        "ok       1 [1]  mill.txt\n"
        "ok       2 [1]  ferry.txt\n"
        "2 citations: 2 ok, 0 moved, 0 changed, 0 gone\n",
        "",
    )


def test_what_moved_passes_unless_strict(capsys: pytest.CaptureFixture[str]) -> None:
    write("mill.txt", "New.\n" + MILL)
    path = answers(mill(), ferry(id_="2"))
    done = qa(capsys, "check", path)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "moved    1 [1]  mill.txt  now at line 3, column 20 (characters 37-41, was 32-36)",
        "ok       2 [1]  ferry.txt",
        "mill.txt: 1 moved",
        "2 citations: 1 ok, 1 moved, 0 changed, 0 gone",
    ]
    assert qa(capsys, "check", path, "--strict") == Outcome(1, done.out, "")


def test_each_status_is_counted_by_name_and_file(capsys: pytest.CaptureFixture[str]) -> None:
    write("mill.txt", MILL.replace("mill burned", "mill\nburned"))
    Path("seeds/ferry.txt").rename("seeds/boat.txt")
    forged = saved("1812", "It was in 1812.", "none.txt", id_="3")
    done = qa(capsys, "check", answers(mill(), ferry(id_="2"), forged), "--json")
    assert done.code == 1
    found = json.loads(done.out)
    assert [(r["id"], r["status"]) for r in found["results"]] == [
        ("1", "reflowed"),
        ("2", "renamed"),
        ("3", "gone"),
    ]
    assert found["results"][1]["now"] == {
        "file": "boat.txt",
        "start": 10,
        "end": 22,
        "line": 1,
        "column": 11,
        "quote": "sank in 1812",
    }
    assert found["results"][2]["now"] is None
    summary = found["summary"]
    assert (summary["citations"], summary["malformed"], summary["passed"]) == (3, 0, False)
    assert {k: v for k, v in summary["by_status"].items() if v} == {
        "reflowed": 1,
        "renamed": 1,
        "gone": 1,
    }
    assert summary["by_file"]["ferry.txt"] == {"renamed": 1}


def test_bad_lines_are_named_and_fail_the_check(capsys: pytest.CaptureFixture[str]) -> None:
    path = answers(b"\n", b"hello\n", mill(), json.dumps(mill()).encode()[:200])
    done = qa(capsys, "check", path)
    assert done.code == 1
    assert "1 citation: 1 ok" in done.out
    assert "answers.jsonl:2: not an answer of qa batch" in done.err
    assert "answers.jsonl:4: not an answer of qa batch (not JSON, or cut off)" in done.err
    assert "2 lines of answers.jsonl could not be checked" in done.err
    results = json.loads(qa(capsys, "check", path, "--json").out)["results"]
    assert [(r["line"], r["status"]) for r in results] == [
        (2, "malformed"),
        (3, "ok"),
        (4, "malformed"),
    ]


def test_the_answers_of_another_corpus_are_told_as_such(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("other").mkdir()
    done = qa(capsys, "check", answers(mill(), ferry()), "--corpus", "other")
    assert done.code == 1
    assert "None of the cited files is in other; name their folder with --corpus DIR." in done.err


def test_a_path_out_of_the_corpus_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    Path("seeds/link.txt").symlink_to("/etc/passwd")
    names = ["../../../../../../etc/passwd", "/etc/passwd", "link.txt"]
    done = qa(capsys, "check", answers(*(saved("1812", file=name) for name in names)))
    assert done.code == 1
    assert done.out.count("outside  1 [1]") == 3
    assert "root:" not in done.out + done.err


def test_what_a_document_or_a_line_holds_cannot_reach_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    evil = {**mill(), "id": "\x1b[31mred\x07\u202e\n\ud800"}
    path = answers(evil)
    for arguments in (["check", path], ["uses", "mill.txt"], ["check", path, "--json"]):
        done = qa(capsys, *arguments)
        assert done.code == 0
        assert not set(done.out) & set("\x1b\x07\u202e\ud800")
    assert json.loads(done.out)["results"][0]["id"] == evil["id"]


def test_the_replies_of_a_saved_conversation_are_checked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    turns = [mill(), ferry(id_="2"), 7]
    path = Path("talk.json")
    path.write_text(json.dumps({"turns": turns}), "utf-8")
    write("mill.txt", "New.\n" + MILL)
    done = qa(capsys, "check", path)
    assert done.code == 1
    assert "2 citations: 1 ok, 1 moved" in done.out
    assert "talk.json:3: not a turn of a conversation" in done.err
    assert qa(capsys, "uses", "ferry.txt", "--answers", path).out.startswith("alone   talk.json:2")
    assert "--fix mends files" in qa(capsys, "check", path, "--fix").err


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"turns": 1}', "[" * 100_000])
def test_a_json_that_is_no_conversation_is_refused(
    capsys: pytest.CaptureFixture[str], content: str
) -> None:
    Path("talk.json").write_text(content)
    done = qa(capsys, "check", "talk.json")
    assert (done.code, done.out) == (1, "")
    assert "talk.json is no conversation" in done.err


# qa check --fix


def test_fix_writes_a_new_file_that_passes_strictly(capsys: pytest.CaptureFixture[str]) -> None:
    write("mill.txt", "“New.”\n" + MILL)
    reworded = FERRY.replace("sank in 1812", "sank\n  in 1812")
    write("ferry.txt", reworded)
    path = answers(mill(), b"\r\n", ferry(id_="2"))
    before = path.read_bytes()

    done = qa(capsys, "check", path, "--fix")

    assert done.code == 0
    assert "2 citations brought up to date in answers.fixed.jsonl" in done.err
    assert path.read_bytes() == before
    checked = qa(capsys, "check", "answers.fixed.jsonl", "--strict")
    assert (checked.code, checked.out.splitlines()[-1][:17]) == (0, "2 citations: 2 ok")
    records = [record for record in Path("answers.fixed.jsonl").read_bytes().split(b"\n") if record]
    assert records[1] == b"\r"
    fixed = json.loads(records[2])
    assert fixed["answer"] == "sank\n  in 1812" == fixed["citations"][0]["quote"]
    citation = fixed["citations"][0]
    assert reworded[citation["start"] : citation["end"]] == citation["quote"]
    assert reworded[citation["sentence"]["start"] : citation["sentence"]["end"]].startswith("The")
    assert (citation["line"], citation["column"]) == (1, 11)


def test_fix_names_the_new_name_of_a_renamed_file(capsys: pytest.CaptureFixture[str]) -> None:
    Path("seeds/mill.txt").rename("seeds/works.txt")
    assert qa(capsys, "check", answers(mill()), "--fix", "-o", "new.jsonl").code == 0
    assert lines("new.jsonl")[0]["citations"][0]["file"] == "works.txt"
    assert qa(capsys, "check", "new.jsonl", "--strict").code == 0


def test_fix_loses_nothing_that_it_cannot_mend(capsys: pytest.CaptureFixture[str]) -> None:
    write("mill.txt", "New.\n" + MILL)
    write("ferry.txt", "All is new.")
    bad, cut = b'{"id": 1}\n', json.dumps(mill()).encode()[:99]
    path = answers(ferry(), mill(id_="2"), bad, b"  \n", ferry(id_="3"), cut)

    done = qa(capsys, "check", path, "--fix", "-o", "new.jsonl")

    assert done.code == 1
    assert "changed  1 [1]  ferry.txt" in done.out
    assert "1 citation brought up to date in new.jsonl; 2 citations could not be found" in done.err
    before, after = path.read_bytes().split(b"\n"), Path("new.jsonl").read_bytes().split(b"\n")
    assert len(before) == len(after)
    assert [place for place, line in enumerate(before) if after[place] != line] == [1]


def test_fix_is_never_in_place(capsys: pytest.CaptureFixture[str]) -> None:
    path = answers(mill())
    Path("link.jsonl").symlink_to(path)
    for out in (path, Path("link.jsonl"), Path("seeds/../answers.jsonl")):
        done = qa(capsys, "check", path, "--fix", "-o", out)
        assert (done.code, done.out) == (2, "")
        assert "names the answers file answers.jsonl itself" in done.err
    assert qa(capsys, "check", path, "-o", "new.jsonl").code == 2
    assert not Path("new.jsonl").exists()


def test_fix_keeps_an_earlier_file_beside_the_new_one(capsys: pytest.CaptureFixture[str]) -> None:
    Path("new.jsonl").write_text("precious")
    assert qa(capsys, "check", answers(mill()), "--fix", "-o", "new.jsonl").code == 0
    assert Path("new.jsonl.bak").read_text() == "precious"


@pytest.mark.parametrize("out", ["no/such/new.jsonl", "seeds"])
def test_fix_into_what_is_no_file_is_refused(capsys: pytest.CaptureFixture[str], out: str) -> None:
    done = qa(capsys, "check", answers(mill()), "--fix", "-o", out)
    assert done.code in (1, 2)
    assert out in done.err


def test_a_full_disk_leaves_no_half_of_a_fixed_file(capsys: pytest.CaptureFixture[str]) -> None:
    write("mill.txt", "New.\n" + MILL)
    path = answers(*[mill()] * 100)
    with no_file_larger_than(10_000):
        done = qa(capsys, "check", path, "--fix")
    assert done.code == 1
    assert "answers.fixed.jsonl" in done.err
    assert sorted(os.listdir()) == ["answers.jsonl", "seeds"]


def test_in_a_process_of_its_own(here: Path) -> None:
    answers(mill())
    assert qa_process(["check", "answers.jsonl", "--fix"], here).code == 0
    assert qa_process(["uses", "mill.txt"], here).code == 0
    assert qa_process(["diff", "answers.jsonl", "answers.fixed.jsonl"], here).code == 0
