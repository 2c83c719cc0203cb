"""What .gitignore and .qaignore name is left out, as git does it; an index is no document."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from qa.corpus import corpus_files, read_corpus
from qa.errors import CorpusError
from qa.indexing import update_index
from qa.settings import Settings
from tests.conftest import folder_of
from tests.fakes import FakeEncoder


def lay_out(root: Path, files: dict[str, str]) -> None:
    for file, text in files.items():
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


TREE = {
    ".gitignore": "*.log\nbuild/\n/draft.txt\n!keep.log\n# *.txt\n\n!\n",
    "a.txt": "",
    "a.log": "",
    "keep.log": "",
    "draft.txt": "",
    "build/out.txt": "",
    "notes/draft.txt": "",
    "notes/b.log": "",
    "notes/build": "a file of that name",
    "notes/.gitignore": "!b.log\nsecret*\n",
    "notes/secret.txt": "",
    "notes/deep/secret-plan.txt": "",
    "notes/deep/keep.log": "",
    "notes/deep/.gitignore": "keep.log\n",
    "build/.gitignore": "!out.txt\n",
}
LEFT = ["a.txt", "keep.log", "notes/b.log", "notes/build", "notes/draft.txt"]


def test_ignore_files_count_in_their_folder_and_below_the_nearest_first(tmp_path: Path) -> None:
    lay_out(tmp_path, TREE)
    assert corpus_files(tmp_path) == LEFT


@pytest.mark.skipif(shutil.which("git") is None, reason="no git here")
def test_git_leaves_out_the_same_files(tmp_path: Path) -> None:
    lay_out(tmp_path, TREE)
    git = ["git", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "--quiet"], check=True)
    listed = subprocess.run(
        [*git, "ls-files", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
        text=True,
    )
    seen = [file for file in listed.stdout.splitlines() if not Path(file).name.startswith(".")]
    assert sorted(seen) == corpus_files(tmp_path)


def test_qaignore_has_the_last_word(tmp_path: Path) -> None:
    files = {".gitignore": "*.txt\n", ".qaignore": "!a.txt\n*.md\n"}
    lay_out(tmp_path, {**files, "a.txt": "", "b.txt": "", "c.md": "", "d.rst": ""})
    assert corpus_files(tmp_path) == ["a.txt", "d.rst"]


def test_a_file_that_is_ignored_from_now_on_leaves_the_index(settings: Settings) -> None:
    update_index(settings, FakeEncoder())
    (folder_of(settings) / ".qaignore").write_text("nested/\n")
    assert update_index(settings, FakeEncoder()).removed == ("nested/orchard.txt",)


def test_rules_that_cannot_be_read_leave_out_their_whole_folder(tmp_path: Path) -> None:
    lay_out(tmp_path, {"a.txt": "A sentence.", "private/b.txt": "A secret."})
    os.mkfifo(tmp_path / "private" / ".gitignore")
    read = {item.file: getattr(item, "reason", "") for item in read_corpus(tmp_path, 10_000)}
    assert read["a.txt"] == ""
    assert read["private"] == "its .gitignore cannot be applied: it is not a regular file"
    assert set(read) == {"a.txt", "private"}
    os.mkfifo(tmp_path / ".qaignore")
    with pytest.raises(CorpusError, match=r"its \.qaignore cannot be applied"):
        corpus_files(tmp_path)


def test_a_folder_is_not_left_out_for_a_file_that_is_called_like_a_store(tmp_path: Path) -> None:
    lay_out(tmp_path, {"a.txt": "", "other/store.sqlite": "", "other/b.txt": ""})
    assert corpus_files(tmp_path) == ["a.txt", "other/b.txt", "other/store.sqlite"]


def test_an_index_inside_the_corpus_is_not_read(settings: Settings) -> None:
    inside = Settings(corpus=folder_of(settings), vectors=folder_of(settings) / "vectors")
    before = corpus_files(settings.corpus)
    update_index(inside, FakeEncoder())
    assert (folder_of(settings) / "vectors" / "store.sqlite").exists()
    assert corpus_files(settings.corpus) == before
