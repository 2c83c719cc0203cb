"""``qa check``, ``qa uses``, ``qa diff`` and ``qa batch --against`` as a person runs them."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from qa.settings import SENTENCE_READER
from tests.commands import Outcome, no_file_larger_than, qa, qa_process
from tests.saved import MILL, Record, saved, write_answers

FERRY = "The ferry sank in 1812. Nobody was hurt. It lies there still.\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a corpus of two files where ``qa`` looks by itself."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QA_READER", SENTENCE_READER)
    (tmp_path / "seeds").mkdir()
    write("mill.txt", MILL)
    write("ferry.txt", FERRY)
    return tmp_path


def write(file: str, text: str) -> None:
    (Path("seeds") / file).write_bytes(text.encode())


def mill(**changes: str) -> Record:
    return saved("1812", **changes)


def ferry(**changes: str) -> Record:
    return saved("sank in 1812", FERRY, "ferry.txt", **changes)


def answers(*records: Record | bytes, name: str = "answers.jsonl") -> Path:
    return write_answers(Path(name), *records)


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
    turns = [{"question": "When?", "reply": mill()}, {"reply": None}, {"reply": ferry(id_="2")}, 7]
    path = Path("talk.json")
    path.write_text(json.dumps({"turns": turns}), "utf-8")
    write("mill.txt", "New.\n" + MILL)
    done = qa(capsys, "check", path)
    assert done.code == 1
    assert "2 citations: 1 ok, 1 moved" in done.out
    assert "talk.json:4: not a turn of a conversation" in done.err
    assert qa(capsys, "uses", "ferry.txt", "--answers", path).out.startswith("alone   talk.json:3")
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


# qa uses


def both() -> Record:
    """An answer from the mill that the ferry's file supports."""
    record = mill(id_="3", question="And both?")
    record["citations"].append({**ferry()["citations"][0], "n": 2, "agrees": True})
    return record


def rival() -> Record:
    """An answer from the mill that the ferry's file contradicts."""
    record = mill(id_="4", question="And else?")
    record["citations"].append({**ferry()["citations"][0], "n": 2, "agrees": False})
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
    assert (done.code, "none.jsonl cannot be read" in done.err) == (1, True)


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


def test_batch_against_earlier_answers_says_what_re_indexing_changed(
    capsys: pytest.CaptureFixture[str], built: Path, here: Path
) -> None:
    shutil.rmtree("seeds")
    shutil.copytree(built / "seeds", "seeds")
    Path("q.txt").write_text("When was the lighthouse on Grey Point built?\n")
    batch = ["batch", "q.txt", "--threshold", "0", "-k", "1"]
    assert qa(capsys, "batch", "q.txt", "--threshold", "0", "-o", "old.jsonl").code == 0
    same = qa(capsys, *batch[:-2], "-o", "same.jsonl", "--against", "old.jsonl")
    assert (same.code, same.out) == (0, "0 of 1 question changed\n")

    lighthouse = here / "seeds" / "lighthouse.txt"
    lighthouse.write_text(lighthouse.read_text("utf-8").replace("1871", "1872"), "utf-8")
    assert qa(capsys, "index").code == 0
    changed = qa(capsys, *batch[:-2], "-o", "new.jsonl", "--against", "old.jsonl")
    assert changed.code == 1
    assert "1871" in changed.out
    assert "1872" in changed.out
    assert changed.out.endswith("\n")
    assert qa(capsys, "diff", "old.jsonl", "new.jsonl") == Outcome(1, changed.out, "")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--against", "old.jsonl"], "-o NEW.jsonl"),
        (["--against", "old.jsonl", "-o", "new.md"], "-o NEW.jsonl"),
        (["--against", "old.jsonl", "-o", "old.jsonl"], "name another with -o"),
        (["--against", "none.jsonl", "-o", "new.jsonl"], "none.jsonl cannot be read"),
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


def test_in_a_process_of_its_own(here: Path) -> None:
    answers(mill())
    assert qa_process(["check", "answers.jsonl", "--fix"], here).code == 0
    assert qa_process(["uses", "mill.txt"], here).code == 0
    assert qa_process(["diff", "answers.jsonl", "answers.fixed.jsonl"], here).code == 0
