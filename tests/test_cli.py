"""The ``qa`` command from end to end: output, talk and exit codes."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from qa import __version__
from qa.settings import SENTENCE_READER
from tests.commands import Outcome, environment, make_corpus, qa, qa_process

QUESTION = "When was the lighthouse on Grey Point built?"
Folders = list[object]
"""``--corpus DIR --vectors DIR`` of an index that is there."""


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QA_READER", SENTENCE_READER)  # the reader that needs no model


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """One corpus and its index, made once by the command itself. Tests leave both as they are."""
    base = tmp_path_factory.mktemp("cli")
    arguments: Folders = ["--corpus", make_corpus(base / "corpus"), "--vectors", base / "vectors"]
    made = qa_process(["index", *arguments], base)
    assert made.code == 0, made.err
    assert "4 documents" in made.err
    return arguments


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert qa(capsys, "--version") == Outcome(0, f"qa {__version__}\n", "")


@pytest.mark.parametrize(
    "command",
    [
        "index",
        "sources",
        "ask",
        "batch",
        "check",
        "report",
        "uses",
        "diff",
        "conversations",
        "eval",
        "calibrate",
    ],
)
def test_the_help_of_every_command_shows_an_example(
    capsys: pytest.CaptureFixture[str], command: str
) -> None:
    shown = qa(capsys, command, "--help")
    assert shown.code == 0
    assert f"example: qa {command}" in shown.out
    assert command in qa(capsys, "--help").out


TORCH = ["torch", "sentence_transformers", "transformers"]
HEAVY = [*TORCH, "faiss", "numpy", "onnxruntime", "textual"]
IMPORTED = """
import sys
from qa.cli import main
try:
    main(sys.argv[2:])
finally:
    print([name for name in sys.argv[1].split() if name in sys.modules])
"""


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["ask", "--help"], ["check", "missing.jsonl"]],
    ids=["help", "help of a command", "check"],
)
def test_what_needs_no_model_loads_none(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "seeds").mkdir()
    assert imported(HEAVY, arguments, tmp_path) == "[]"


def test_the_embedded_models_answer_without_torch(tmp_path: Path) -> None:
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / "mill.txt").write_text("The mill burned in 1812.\n", encoding="utf-8")
    assert imported(TORCH, ["index"], tmp_path) == "[]"
    assert imported(TORCH, ["ask", "When did the mill burn?"], tmp_path) == "[]"


def imported(names: list[str], arguments: list[str], folder: Path) -> str:
    """Which of the modules a run of the program in ``folder`` has imported at its end."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, " ".join(names), *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment(),
        check=False,
    )
    return done.stdout.splitlines()[-1]


def test_sources_lists_title_date_passages_and_size(
    capsys: pytest.CaptureFixture[str], folders: Folders
) -> None:
    listed = qa(capsys, "sources", *folders)
    assert (listed.code, listed.err) == (0, "")
    lines = listed.out.splitlines()
    assert lines[0] == "The bees of Orvale"
    assert lines[1].startswith("    bees.txt  no date  1 passage  ")
    assert any("ferry.txt  2023-05-14" in line for line in lines)
    assert lines[-1].startswith("4 documents in ")


def test_an_answer_is_printed_with_its_sentence_and_source(
    capsys: pytest.CaptureFixture[str], folders: Folders
) -> None:
    answered = qa(capsys, "ask", *folders, "--threshold", "0", QUESTION)
    assert (answered.code, answered.err) == (0, "")
    assert ">>" in answered.out
    assert "confidence" in answered.out
    assert "\n[1] " in answered.out


def test_without_a_setting_the_embedded_reader_answers(
    capsys: pytest.CaptureFixture[str], folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("QA_READER")
    answered = qa(capsys, "ask", *folders, "--json", QUESTION)
    assert (answered.code, answered.err) == (0, "")
    assert json.loads(answered.out)["answer"] == "1871"


def test_an_abstention_has_an_exit_code_of_its_own(
    capsys: pytest.CaptureFixture[str], folders: Folders
) -> None:
    abstained = qa(capsys, "ask", *folders, "--threshold", "1", QUESTION)
    assert (abstained.code, abstained.err) == (3, "")
    assert abstained.out.startswith("No answer.\n")


def test_k_limits_the_citations(capsys: pytest.CaptureFixture[str], folders: Folders) -> None:
    answered = qa(capsys, "ask", *folders, "--json", "--threshold", "0", "-k", "1", QUESTION)
    assert len(json.loads(answered.out)["citations"]) == 1


def test_stdout_is_data_even_while_the_index_is_built(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    new: Folders = ["--corpus", make_corpus(tmp_path / "new"), "--vectors", tmp_path / "v"]
    answered = qa(capsys, "ask", *new, "--json", "--threshold", "0", QUESTION)
    assert answered.code == 0
    data = json.loads(answered.out)
    assert (data["status"], data["question"]) == ("answered", QUESTION)
    assert "building it" in answered.err
    assert "4 documents" in answered.err


def test_an_answer_from_older_text_comes_with_a_warning(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    corpus = make_corpus(tmp_path / "new")
    here: Folders = ["--corpus", corpus, "--vectors", tmp_path / "v"]
    qa(capsys, "index", *here)
    (corpus / "bees.txt").write_text("The bees have left the village.", encoding="utf-8")
    assert "bees.txt" in qa(capsys, "ask", *here, QUESTION).err
    assert "1 changed" in qa(capsys, "index", *here).err
    assert qa(capsys, "ask", *here, QUESTION).err == ""
    assert "nothing had changed" in qa(capsys, "index", *here).err


QUESTIONS = f"{QUESTION}\n\nHow many bees does a hive hold?\nWho was the last keeper?\n"


def test_batch_then_check_then_check_again_after_an_edit(
    capsys: pytest.CaptureFixture[str], folders: Folders, tmp_path: Path
) -> None:
    questions, answers = tmp_path / "questions.txt", tmp_path / "answers.jsonl"
    questions.write_text(QUESTIONS, encoding="utf-8")

    answered = qa(capsys, "batch", *folders, "--threshold", "0", questions, "-o", answers)
    assert (answered.code, answered.out) == (0, "")
    assert "3 answered, 0 without an answer" in answered.err
    records = [json.loads(line) for line in answers.read_text("utf-8").splitlines()]
    assert [record["id"] for record in records] == ["1", "3", "4"]

    copy = make_corpus(tmp_path / "copy")
    checked = qa(capsys, "check", answers, "--corpus", copy)
    assert (checked.code, checked.err) == (0, "")
    assert "ok" in checked.out.splitlines()[0]
    assert checked.out.splitlines()[-1].endswith("0 moved, 0 changed, 0 gone")

    cited = copy / records[0]["citations"][0]["file"]
    cited.write_text("Now it says something else.", encoding="utf-8")
    checked = qa(capsys, "check", answers, "--corpus", copy)
    assert checked.code == 1
    assert "changed" in checked.out.splitlines()[0]


def test_batch_against_earlier_answers_shows_what_changed_since(
    capsys: pytest.CaptureFixture[str], folders: Folders, tmp_path: Path
) -> None:
    questions, old, new = (tmp_path / name for name in ("q.txt", "old.jsonl", "new.jsonl"))
    questions.write_text(QUESTIONS, encoding="utf-8")
    qa(capsys, "batch", *folders, "--threshold", "0", questions, "-o", old)
    earlier = [json.loads(line) for line in old.read_text("utf-8").splitlines()]
    earlier[1].update(status="no_answer", answer=None, citations=[])
    edited = tmp_path / "edited.jsonl"
    edited.write_text("".join(f"{json.dumps(record)}\n" for record in earlier), "utf-8")

    again = ["batch", *folders, "--threshold", "0", questions, "-o", new, "--against", edited]
    changed = qa(capsys, *again)

    assert changed.code == 1
    assert "3 answered, 0 without an answer" in changed.err
    assert "* answer      (no answer)" in changed.out
    assert changed.out.endswith("1 of 3 questions changed: 1 answer, 1 source\n")
    assert qa(capsys, "diff", old, new) == Outcome(0, "0 of 3 questions changed\n", "")


def test_batch_writes_the_format_of_the_ending_and_resumes(
    capsys: pytest.CaptureFixture[str], folders: Folders, tmp_path: Path
) -> None:
    questions, answers = tmp_path / "questions.txt", tmp_path / "answers.csv"
    questions.write_text(QUESTIONS, encoding="utf-8")
    qa(capsys, "batch", *folders, questions, "-o", answers)
    before = answers.read_bytes()
    assert len(list(csv.reader(io.StringIO(before.decode(), newline="")))) == 4
    again = qa(capsys, "batch", *folders, questions, "-o", answers, "--resume")
    assert "3 were done before" in again.err
    assert answers.read_bytes() == before


def test_batch_names_what_it_skips_and_fails_at_the_end(
    capsys: pytest.CaptureFixture[str], folders: Folders, tmp_path: Path
) -> None:
    questions = tmp_path / "questions.txt"
    questions.write_text(f"{QUESTION}\n?!\n{'x' * 10_000}\n{QUESTION}\n", encoding="utf-8")
    done = qa(capsys, "batch", *folders, questions)
    assert done.code == 1
    assert [json.loads(line)["id"] for line in done.out.splitlines()] == ["1", "4"]
    assert "questions.txt:2: skipped: " in done.err
    assert "questions.txt:3: skipped: " in done.err


def test_eval_measures_a_squad_file_on_its_own_paragraphs(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    rows = [
        {"id": "1", "question": "When did it burn?", "answers": [{"text": "1812"}]},
        {"id": "2", "question": "Who sang?", "answers": [], "is_impossible": True},
    ]
    paragraph = {"context": "The old mill burned in 1812 and was rebuilt.", "qas": rows}
    squad = tmp_path / "squad.json"
    squad.write_text(json.dumps({"data": [{"title": "Mill", "paragraphs": [paragraph]}]}), "utf-8")
    measured = qa(capsys, "eval", squad, "--json", "--threshold", "0")
    assert measured.code == 0
    measures = json.loads(measured.out)
    assert (measures["n"], measures["hit@1"], measures["coverage"]) == (2, 100.0, 100.0)
    assert measures["refusal_recall"] == 0.0
    assert not (tmp_path / "vectors").exists()


def test_eval_prints_a_table_with_a_column_for_each_kind(
    capsys: pytest.CaptureFixture[str], folders: Folders, tmp_path: Path
) -> None:
    rows = [
        {"question": QUESTION, "answers": ["1871"], "file": "lighthouse.txt", "kind": "when"},
        {"question": "Who invented tea?", "answers": [], "kind": "none"},
    ]
    labelled = tmp_path / "rows.jsonl"
    labelled.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    table = qa(capsys, "eval", *folders, labelled).out.splitlines()
    assert table[0].split() == ["all", "none", "when"]
    assert table[1].split() == ["n", "2", "1", "1"]
    measures = {name: cells for name, *cells in map(str.split, table[1:])}
    assert measures["refusal_recall"][-1] == "-"
    assert measures["hit@1"][1] == "-"


def test_a_reader_that_has_gone_is_no_error(folders: Folders, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = qa_process(["sources", *folders], tmp_path, stdout=writing)
    finally:
        os.close(writing)
    assert (done.code, done.err) == (0, "")


def test_ctrl_c_keeps_the_finished_answers_whole(folders: Folders, tmp_path: Path) -> None:
    questions = tmp_path / "questions.txt"
    questions.write_text(f"{QUESTION}\n" * 2_000, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "qa", "batch", *map(str, folders), str(questions)],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Started from a job in the background, the tests ignore Ctrl-C, and so would the child.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    rest, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "interrupted" in err
    assert "Traceback" not in err
    answers = [json.loads(line) for line in (first + rest).splitlines()]
    assert 1 <= len(answers) < 2_000
    assert (first + rest).endswith("}\n")


@pytest.mark.parametrize("module", ["qa.cli", "qa.commands.folder", "tomllib"])
def test_ctrl_c_while_the_program_is_loaded_ends_it_in_silence(tmp_path: Path, module: str) -> None:
    pressed = (
        "import os, signal, sys\n"
        "class Pressed:\n"
        "    def find_spec(name, *_):\n"
        f"        if name == {module!r}: os.kill(os.getpid(), signal.SIGINT)\n"
        "from qa.__main__ import run\n"
        "sys.meta_path.insert(0, Pressed)\n"
        "sys.exit(run())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", pressed, "sources"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")
