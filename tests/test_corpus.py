"""A folder is walked in one order, stays inside itself, and names what it cannot read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qa.corpus import (
    FileState,
    Skipped,
    corpus_files,
    file_state,
    read_corpus,
    resolved_inside,
)
from qa.documents import Document
from qa.errors import CorpusError
from tests.conftest import bound_by_permissions

ENOUGH = 10_000


def skipped(folder: Path) -> dict[str, str]:
    return {
        item.file: item.reason for item in read_corpus(folder, ENOUGH) if isinstance(item, Skipped)
    }


def test_files_come_sorted_with_slashes_and_without_hidden_ones_and_sidecars(corpus: Path) -> None:
    for file in (".hidden.txt", ".git/config", "nested/.swap", "bees.txt.meta.toml", "Z.txt"):
        (corpus / file).parent.mkdir(exist_ok=True)
        (corpus / file).write_text("")
    assert corpus_files(corpus) == [
        "Z.txt",
        "bees.txt",
        "ferry.txt",
        "lighthouse.txt",
        "nested/orchard.txt",
    ]


def test_every_file_is_a_document_or_skipped_with_the_reason(corpus: Path) -> None:
    (corpus / "logo.png").write_bytes(b"\x89PNG\0")
    (corpus / "old.txt").write_bytes(b"caf\x81")
    read = {item.file: item for item in read_corpus(corpus, ENOUGH) if isinstance(item, Document)}
    assert list(read) == ["bees.txt", "ferry.txt", "lighthouse.txt", "nested/orchard.txt"]
    assert read["ferry.txt"].text == (corpus / "ferry.txt").read_bytes().decode("utf-8")
    reasons = skipped(corpus)
    assert list(reasons) == ["logo.png", "old.txt"]
    assert ".png files are not read" in reasons["logo.png"]
    assert "save it as UTF-8" in reasons["old.txt"]


def test_progress_counts_every_file(corpus: Path) -> None:
    calls: list[tuple[int, int]] = []
    list(read_corpus(corpus, ENOUGH, lambda done, total: calls.append((done, total))))
    assert calls == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_link_out_of_the_corpus_is_skipped(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("A secret")
    (corpus / "link.txt").symlink_to(tmp_path / "secret.txt")
    assert skipped(corpus) == {"link.txt": "it is a link that leads out of the corpus"}


def test_a_link_within_the_corpus_is_read(corpus: Path) -> None:
    (corpus / "link.txt").symlink_to("bees.txt")
    assert skipped(corpus) == {}
    assert resolved_inside(corpus, "link.txt") == (corpus / "bees.txt").resolve()


def test_a_sidecar_that_leads_out_of_the_corpus_is_not_opened(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.toml").write_text('title = "A secret"')
    (corpus / "bees.txt.meta.toml").symlink_to(tmp_path / "secret.toml")
    assert skipped(corpus) == {
        "bees.txt": "its sidecar bees.txt.meta.toml is a link that leads out of the corpus"
    }


def test_a_sidecar_that_leads_to_another_one_of_the_corpus_is_read(corpus: Path) -> None:
    (corpus / "both.toml").write_text('title = "Bees and ferries"')
    for file in ("bees.txt", "ferry.txt"):
        (corpus / f"{file}.meta.toml").symlink_to("both.toml")
    documents = [item for item in read_corpus(corpus, ENOUGH) if isinstance(item, Document)]
    assert [document.title for document in documents[:3]].count("Bees and ferries") == 2


def test_a_link_to_nothing_is_skipped(corpus: Path) -> None:
    (corpus / "link.txt").symlink_to("gone.txt")
    assert "No such file" in skipped(corpus)["link.txt"]


def test_links_that_lead_to_each_other_are_skipped(corpus: Path) -> None:
    (corpus / "a.txt").symlink_to("b.txt")
    (corpus / "b.txt").symlink_to("a.txt")
    assert list(skipped(corpus)) == ["a.txt", "b.txt"]


def test_a_linked_folder_is_not_entered(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.txt").write_text("A secret")
    (corpus / "linked").symlink_to(tmp_path / "other")
    assert not any(file.startswith("linked/") for file in corpus_files(corpus))


def test_a_pipe_is_skipped(corpus: Path) -> None:
    os.mkfifo(corpus / "pipe.txt")
    assert skipped(corpus) == {"pipe.txt": "it is not a regular file"}


def test_a_file_whose_name_is_no_text_is_skipped(corpus: Path) -> None:
    (corpus / os.fsdecode(b"caf\xe9.txt")).write_text("A name in latin-1.")
    assert len(skipped(corpus)) == 1


def test_a_folder_that_may_not_be_listed_is_named(corpus: Path) -> None:
    (corpus / "nested").chmod(0)
    try:
        with bound_by_permissions(corpus):
            assert "nested" in skipped(corpus)
    finally:
        (corpus / "nested").chmod(0o700)


@pytest.mark.parametrize(
    ("name", "reason"), [("gone", "does not exist"), ("file", "is not a folder")]
)
def test_a_corpus_that_is_no_folder_is_an_error_that_says_so(
    tmp_path: Path, name: str, reason: str
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CorpusError, match=reason):
        corpus_files(tmp_path / name)


@pytest.mark.parametrize(
    "file", ["../secret.txt", "/etc/passwd", "nested/../../secret.txt", "a\0b"]
)
def test_a_path_that_leads_out_of_the_corpus_is_not_resolved(corpus: Path, file: str) -> None:
    assert resolved_inside(corpus, file) is None


def test_a_file_says_how_it_stands_to_what_was_indexed(corpus: Path) -> None:
    documents = [item for item in read_corpus(corpus, ENOUGH) if isinstance(item, Document)]
    bees, ferry, lighthouse, orchard = documents
    (corpus / ferry.file).write_text("The ferry sails again.", encoding="utf-8")
    (corpus / lighthouse.file).unlink()
    (corpus / orchard.file).write_text("x" * (ENOUGH + 1), encoding="utf-8")
    assert [file_state(corpus, item.file, item.sha256, ENOUGH) for item in documents] == [
        FileState.UNCHANGED,
        FileState.CHANGED,
        FileState.GONE,
        FileState.UNREADABLE,
    ]
    assert file_state(corpus, "../elsewhere.txt", bees.sha256, ENOUGH) is FileState.GONE
