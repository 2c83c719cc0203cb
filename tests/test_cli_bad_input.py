"""Whatever is wrong, ``qa`` says it in a sentence, exits with a code, and shows no traceback."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from qa.settings import SENTENCE_READER
from tests.commands import Outcome, environment, make_corpus, no_file_larger_than, qa, qa_process

QUESTION = "When was the lighthouse on Grey Point built?"


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QA_READER", SENTENCE_READER)  # the reader that needs no model


@pytest.fixture
def here(built: Path, tmp_path: Path) -> Path:
    """The working folder, with a copy of the built index to be damaged."""
    shutil.copytree(built / "vectors", tmp_path / "vectors")
    (tmp_path / "seeds").symlink_to(built / "seeds")
    return tmp_path


def assert_refused(outcome: Outcome, *says: str, code: int = 1) -> None:
    """Nothing on stdout, one clear message on stderr that holds ``says``, and the exit code."""
    assert outcome.out == ""
    assert outcome.err.startswith("qa: ")
    assert "Traceback" not in outcome.err
    for text in says:
        assert text in outcome.err
    assert outcome.code == code


@pytest.mark.parametrize("command", [["index"], ["sources"], ["ask", QUESTION]])
def test_no_such_corpus_folder(capsys: pytest.CaptureFixture[str], command: list[str]) -> None:
    outcome = qa(capsys, *command, "--corpus", "nowhere")
    assert outcome.out == ""
    assert "The corpus folder nowhere does not exist" in outcome.err
    assert outcome.code == 1


@pytest.mark.parametrize("command", [["check"], ["report"], ["diff", "old.jsonl"]])
def test_no_such_answers_is_said_before_anything_about_the_corpus(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: list[str]
) -> None:
    (tmp_path / "old.jsonl").touch()
    outcome = qa(capsys, *command, "missing.jsonl", "--corpus", "nowhere")
    assert_refused(outcome, "There is no answers file missing.jsonl", "qa batch")


def test_a_corpus_that_is_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text", encoding="utf-8")
    assert_refused(qa(capsys, "index", "--corpus", "file"), "is not a folder", "--corpus DIR")


@pytest.mark.parametrize("command", [("ask",), ("conversations", "export")])
def test_an_argument_that_a_command_does_not_know_shows_how_that_command_is_called(
    capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    outcome = qa(capsys, *command, "3", "--foo")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith(f"usage: qa {' '.join(command)} ")
    assert outcome.err.endswith("error: unrecognized arguments: --foo\n")


def test_saved_answers_are_no_labels(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    row = {"id": "1", "question": QUESTION, "citations": []}
    (tmp_path / "answers.jsonl").write_text(f"{json.dumps(row)}\n", encoding="utf-8")
    for command in ("eval", "calibrate"):
        outcome = qa(capsys, command, "answers.jsonl")
        assert_refused(outcome, "nobody has judged them", "qa review answers.jsonl")
        assert_refused(qa(capsys, command, "no.jsonl"), "There is no labelled file no.jsonl")


def test_an_empty_corpus_folder(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "seeds").mkdir()
    assert_refused(qa(capsys, "index"), "seeds holds no text to read")
    assert not (tmp_path / "vectors").exists()


BAD_FILES = {
    "binary.txt": b"\x00\x01",
    "old.txt": b"M\x81ller sagte nein.",
    "empty.txt": b"",
    "paper.pdf": b"%PDF-1.7",
}


def write_bad_files(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for name, content in BAD_FILES.items():
        (folder / name).write_bytes(content)


def test_a_corpus_of_nothing_but_unreadable_files_names_each(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    write_bad_files(tmp_path / "seeds")
    assert_refused(qa(capsys, "index"), "holds no text", *BAD_FILES, "binary", "encoding", "empty")


def test_unreadable_files_are_named_and_the_rest_is_indexed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    write_bad_files(make_corpus(tmp_path / "seeds"))
    indexed = qa(capsys, "index")
    assert (indexed.code, indexed.out) == (0, "")
    for name in BAD_FILES:
        assert f"skipped {name}: " in indexed.err
    assert "4 documents" in indexed.err


def test_a_file_whose_name_is_no_unicode_is_named_and_the_rest_is_indexed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    corpus = make_corpus(tmp_path / "seeds")
    try:
        Path(os.fsdecode(os.fsencode(corpus) + b"/caf\xe9.txt")).write_text("Some text.")
    except OSError:
        pytest.skip("this file system takes no such name")
    indexed = qa(capsys, "index")
    assert indexed.code == 0
    assert "skipped caf\N{REPLACEMENT CHARACTER}.txt" in indexed.err


@pytest.mark.parametrize("question", ["", " ", "?!", "x" * 10_000, "When \udcff?"])
def test_what_is_no_question_is_refused_before_any_model_loads(
    capsys: pytest.CaptureFixture[str], question: str
) -> None:
    assert_refused(qa(capsys, "ask", question), "The question", code=2)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["-k", "0"], "citations must be at least 1"),
        (["--threshold", "2"], "threshold must lie between 0 and 1"),
        (["--threshold", "nan"], "threshold must lie between 0 and 1"),
    ],
)
def test_a_setting_out_of_range(
    capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    assert_refused(qa(capsys, "ask", *arguments, QUESTION), says, code=2)


@pytest.mark.parametrize(
    "arguments",
    [["--colour", "ask"], ["ask"], ["guess", "x"], ["ask", "-k", "few", "x"], ["batch"]],
)
def test_a_call_that_argparse_refuses(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    outcome = qa(capsys, *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert "error: " in outcome.err


def test_a_settings_file_with_an_unknown_key(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "qa.toml").write_text("colour = true\n", encoding="utf-8")
    assert_refused(qa(capsys, "ask", QUESTION), "qa.toml sets colour", "threshold", code=2)


def test_a_variable_of_the_wrong_kind(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QA_THRESHOLD", "high")
    assert_refused(qa(capsys, "ask", QUESTION), "QA_THRESHOLD", "'high'", code=2)


def test_the_chat_without_a_terminal_names_the_command_for_scripts(tmp_path: Path) -> None:
    assert_refused(qa_process([], tmp_path), "needs a terminal", "qa ask", code=2)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    "arguments",
    [["batch", "missing.txt"], ["check", "missing.jsonl"], ["eval", "missing.jsonl"]],
)
def test_a_missing_input_file(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert_refused(qa(capsys, *arguments), arguments[1])


def test_answers_that_cannot_be_written(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    (here / "q.txt").write_text(QUESTION, encoding="utf-8")
    assert_refused(qa(capsys, "batch", "q.txt", "-o", "no/such/out.jsonl"), "no/such/out.jsonl")


def test_a_model_that_is_not_there(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    outcome = qa(capsys, "ask", "--model", str(here / "no-model"), QUESTION)
    assert_refused(outcome, "no-model cannot be loaded")


def test_a_reader_that_is_not_there(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    outcome = qa(capsys, "ask", "--reader", str(here / "no-reader"), QUESTION)
    assert_refused(outcome, "no-reader cannot be loaded")


def describe(vectors: Path, key: str, value: str) -> None:
    """Change one row of what the store says about itself."""
    with sqlite3.connect(vectors / "store.sqlite") as connection:
        changed = connection.execute(
            "UPDATE description SET value = ? WHERE key = ?", (value, key)
        ).rowcount
    connection.close()
    assert changed == 1


@pytest.mark.parametrize("command", [["ask", QUESTION], ["index"]])
def test_the_index_of_another_model(
    capsys: pytest.CaptureFixture[str], here: Path, command: list[str]
) -> None:
    describe(here / "vectors", "encoder_digest", "0" * 64)
    assert_refused(qa(capsys, *command), "was built with the model", "qa index --rebuild")


@pytest.mark.parametrize("command", [["ask", QUESTION], ["sources"], ["index"]])
def test_the_index_of_an_older_format(
    capsys: pytest.CaptureFixture[str], here: Path, command: list[str]
) -> None:
    describe(here / "vectors", "format_version", "0")
    assert_refused(qa(capsys, *command), "has format 0", "qa index --rebuild")


def test_the_index_of_another_corpus(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    make_corpus(here / "other")
    outcome = qa(capsys, "ask", "--corpus", "other", QUESTION)
    assert_refused(outcome, "qa index --corpus other --vectors")


@pytest.mark.parametrize("damaged", ["passages.faiss", "sentences.faiss", "faiss.json"])
def test_a_damaged_faiss_file_costs_nothing_and_is_mended_by_indexing(
    capsys: pytest.CaptureFixture[str], here: Path, damaged: str
) -> None:
    whole = (here / "vectors" / damaged).read_bytes()
    before = qa(capsys, "ask", "--json", QUESTION)
    (here / "vectors" / damaged).write_bytes(b"damaged" + whole[7:])
    after = qa(capsys, "ask", "--json", QUESTION)
    assert after.err == ""
    assert json.loads(after.out)["citations"] == json.loads(before.out)["citations"]
    assert qa(capsys, "index").code == 0
    assert (here / "vectors" / damaged).read_bytes() == whole


@pytest.mark.parametrize("command", [["ask", QUESTION], ["sources"], ["index"]])
@pytest.mark.parametrize("kept", [0, 100, 5_000], ids=["nothing", "half a page", "a page"])
def test_a_corrupt_store_is_named_and_left_as_it_is(
    capsys: pytest.CaptureFixture[str], here: Path, command: list[str], kept: int
) -> None:
    store = here / "vectors" / "store.sqlite"
    damaged = store.read_bytes()[:kept] + b"damaged " * 2_000
    store.write_bytes(damaged)
    assert_refused(qa(capsys, *command), "store.sqlite is corrupt", "qa index --rebuild")
    assert store.read_bytes() == damaged


def test_rebuilding_mends_a_corrupt_store(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    (here / "vectors" / "store.sqlite").write_bytes(b"damaged " * 2_000)
    assert qa(capsys, "index", "--rebuild").code == 0
    assert qa(capsys, "ask", "--threshold", "0", QUESTION).code == 0


def test_a_disk_that_is_full_leaves_the_earlier_index_answering(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    corpus = make_corpus(tmp_path / "seeds")
    assert qa(capsys, "index").code == 0
    before = qa(capsys, "ask", "--json", "--threshold", "0", QUESTION)
    text = "\n\n".join(f"Barrel {number} was sold to a trader from Hale." for number in range(60))
    (corpus / "zz.txt").write_text(text, encoding="utf-8")

    with no_file_larger_than(20_000):
        outcome = qa(capsys, "index")

    assert_refused(outcome, "vectors")
    after = qa(capsys, "ask", "--json", "--threshold", "0", QUESTION)
    assert json.loads(after.out)["citations"] == json.loads(before.out)["citations"]
    assert "zz.txt" not in qa(capsys, "sources").out
    assert qa(capsys, "index").code == 0
    assert "zz.txt" in qa(capsys, "sources").out


def test_a_name_with_a_line_break_makes_no_line_of_its_own(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    corpus = make_corpus(tmp_path / "seeds")
    for name in ("a\nskipped b.txt", "a\nskipped b.png"):
        (corpus / name).write_text("The mast is high.")
    indexed = qa(capsys, "index")
    assert "skipped a skipped b.png: " in indexed.err
    listed = qa(capsys, "sources")
    assert "    a skipped b.txt  no date" in listed.out


def test_a_stdout_that_is_full_is_an_error_of_one_sentence(here: Path) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        outcome = qa_process(["sources"], here, stdout=full)
    assert_refused(outcome, "No space left on device")


def test_a_document_that_is_called_like_a_module_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "random.py").write_text("raise SystemExit('run')")
    (tmp_path / "notes.txt").write_text("The mast is high.")
    outcome = qa_process(["index", "--corpus", ".", "--vectors", tmp_path / "vectors"], tmp_path)
    assert (outcome.code, outcome.out) == (0, "")
    assert "2 documents" in outcome.err


def test_nothing_is_no_path(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["--corpus", "", "index"], ["--vectors=", "sources"], ["check", ""]):
        outcome = qa(capsys, *arguments)
        assert outcome.code == 2
        assert "a path is needed, and this one is empty" in outcome.err


def test_a_name_that_is_too_long_is_named(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    assert (here / "seeds").is_dir()
    for flag in ("--corpus", "--vectors"):
        assert_refused(qa(capsys, "index", flag, "a" * 300), "aaa", "File name too long")
    assert_refused(qa(capsys, "check", "a" * 300), "aaa", "File name too long")


def test_a_folder_whose_path_is_no_text_is_refused_before_anything_is_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    make_corpus(folder)
    assert_refused(qa(capsys, "index", "--corpus", folder), "is no Unicode text")
    assert not (tmp_path / "vectors").exists()


def test_the_folder_where_it_is_started_may_be_gone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert_refused(qa(capsys, "sources"), "is gone; go to one that is there", code=2)


def test_data_is_utf_8_whatever_the_locale(here: Path) -> None:
    for encoding in ("latin-1", "ascii"):
        outcome = qa_process(["sources"], here, env={**environment(), "PYTHONIOENCODING": encoding})
        assert (outcome.code, outcome.err) == (0, "")
    (here / "café–“x”.txt").write_text("The mast is high.")
    corpus = ["--corpus", here, "--vectors", here / "more"]
    assert qa_process(["index", *corpus], here).code == 0
    outcome = qa_process(
        ["sources", *corpus], here, env={**environment(), "PYTHONIOENCODING": "ascii"}
    )
    assert "café–“x”.txt" in outcome.out


@pytest.mark.parametrize("closed", ["1", "2", "1 2"])
def test_where_nobody_listens_it_ends_as_elsewhere(here: Path, closed: str) -> None:
    redirected = " ".join(f"{number}>&-" for number in closed.split())
    for command in ("sources", "index --json"):
        program = shlex.join([sys.executable, "-m", "qa", *shlex.split(command)])
        done = subprocess.run(
            ["/bin/sh", "-c", f"{program} {redirected}"],
            cwd=here,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, "Traceback" in done.stderr) == (0, False)


def test_a_device_is_not_replaced(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    pipe = here / "pipe"
    os.mkfifo(pipe)
    (here / "answers.jsonl").write_text("{}\n")
    for arguments in (["check", "--fix"], ["report"]):
        outcome = qa(capsys, *arguments, "answers.jsonl", "-o", pipe)
        assert_refused(outcome, "is no file that could be replaced", code=2)
    assert pipe.is_fifo()
