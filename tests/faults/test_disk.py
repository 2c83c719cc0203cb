"""A full disk, a folder that may not be written: what was there stays, and a sentence says what to do."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.commands import make_corpus
from tests.faults.program import Program, Run

QUESTION = "When was the lighthouse on Grey Point built?"


@pytest.fixture(scope="module")
def built(program: Program, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with documents, their index, questions, and a document that is not indexed yet."""
    folder = tmp_path_factory.mktemp("disk")
    make_corpus(folder / "seeds")
    assert program.run("qa", "index", folder=folder).code == 0
    (folder / "questions.txt").write_text(f"{QUESTION}\n" * 60)
    text = "\n\n".join(f"Barrel {number} was sold to a trader from Hale." for number in range(80))
    (folder / "seeds" / "barrels.txt").write_text(text)
    return folder


@pytest.fixture
def here(built: Path, tmp_path: Path) -> Path:
    """A copy of it to be damaged, which knows the same folder of documents."""
    for name in ("vectors", "questions.txt"):
        source = built / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    (tmp_path / "seeds").symlink_to(built / "seeds")
    return tmp_path


def ask(program: Program, folder: Path, *, powerless: bool = False) -> str:
    run = program.run("qa", "ask", "--threshold", "0", QUESTION, folder=folder, powerless=powerless)
    assert run.code == 0, run.err
    return run.out


def assert_said(run: Run, *words: str) -> None:
    assert run.code == 1, run
    assert "Traceback" not in run.err
    for word in words:
        assert word in run.err


@pytest.mark.parametrize("room", [1_000, 20_000, 60_000])
def test_indexing_onto_a_full_disk_leaves_an_index_that_answers(
    program: Program, here: Path, room: int
) -> None:
    before = ask(program, here)
    run = program.run("qa", "index", folder=here, limits={"RLIMIT_FSIZE": room})
    assert_said(run, "qa: ", "vectors")
    answer = ask(program, here)
    assert answer == before
    assert program.run("qa", "index", folder=here).code == 0
    assert "barrels.txt" in program.run("qa", "sources", folder=here).out
    assert not list((here / "vectors").glob("*.tmp"))


@pytest.mark.parametrize("room", [33_000, 40_001])
def test_a_batch_onto_a_full_disk_keeps_whole_answers_and_goes_on_with_resume(
    program: Program, here: Path, room: int
) -> None:
    order = ("batch", "questions.txt", "--threshold", "0", "-o", "answers.jsonl")
    assert_said(
        program.run("qa", *order, folder=here, limits={"RLIMIT_FSIZE": room}),
        "answers.jsonl cannot be written",
        "--resume",
    )
    assert program.run("qa", *order, "--resume", folder=here).code == 0
    assert (here / "answers.jsonl").read_text().count('"status": "answered"') == 60


def test_a_turn_that_finds_no_room_leaves_the_conversation_as_it_was(
    program: Program, tmp_path: Path
) -> None:
    (tmp_path / "vectors").mkdir()
    assert program.run("keep", "vectors", "1", "2", folder=tmp_path).code == 0
    size = (tmp_path / "vectors" / "conversations.db").stat().st_size
    run = program.run(
        "keep", "vectors", "3", "99", "1", folder=tmp_path, limits={"RLIMIT_FSIZE": size}
    )
    assert "StoreError" in run.err
    kept = 2 + run.out.count("\n")
    exported = program.run(
        "qa", "conversations", "export", "1", "--format", "jsonl", folder=tmp_path
    )
    assert exported.out.count("\n") == kept


def read_only(folder: Path) -> None:
    folder.chmod(0o500)


def test_an_index_in_a_read_only_folder_answers_and_says_that_it_cannot_be_written(
    program: Program, here: Path
) -> None:
    before = ask(program, here)
    read_only(here / "vectors")
    try:
        assert ask(program, here, powerless=True) == before
        refused = program.run("qa", "index", folder=here, powerless=True)
        assert_said(refused, "cannot be used", "--vectors DIR")
    finally:
        (here / "vectors").chmod(0o700)


def test_an_index_cut_off_in_a_folder_that_became_read_only_is_whole_or_refused(
    program: Program, built: Path, here: Path
) -> None:
    """Its log is part of it: without the log it might be half of the old and half of the new."""
    before = ask(program, here)
    steps = program.run("qa", "index", folder=here, trace=True).steps
    checkpoint = [n for n, step in enumerate(steps, start=1) if step == "write store.sqlite"]
    after = ask(program, here)
    for step in (checkpoint[0], checkpoint[len(checkpoint) // 2], checkpoint[-1]):
        shutil.rmtree(here / "vectors")
        shutil.copytree(built / "vectors", here / "vectors")
        assert program.run("qa", "index", folder=here, kill_before=step).killed
        read_only(here / "vectors")
        try:
            run = program.run(
                "qa", "ask", "--threshold", "0", QUESTION, folder=here, powerless=True
            )
        finally:
            (here / "vectors").chmod(0o700)
        assert "Traceback" not in run.err
        assert run.out in (before, after)


def test_a_corpus_that_may_not_be_read_any_more_is_named_and_the_index_stays(
    program: Program, here: Path
) -> None:
    make_corpus(here / "own")
    order = ("--corpus", "own", "--vectors", "own-vectors")
    assert program.run("qa", "index", *order, folder=here).code == 0
    (here / "own").chmod(0)
    try:
        run = program.run("qa", "index", *order, folder=here, powerless=True)
        assert_said(run, "own cannot be listed", "permission")
    finally:
        (here / "own").chmod(0o700)
    again = program.run("qa", "index", *order, folder=here)
    assert "nothing had changed" in again.err
