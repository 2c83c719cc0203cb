"""A file is replaced whole or not at all, and the one that was there is kept where that is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa.files import latest_backup, next_backup, replacing


def test_every_earlier_file_is_kept_beside_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    for content in (b"first", b"second", b"third"):
        with replacing(path, keep_earlier=True) as stream:
            stream.write(content)
    kept = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert kept == {
        "page.html": b"third",
        "page.html.bak": b"first",
        "page.html.bak.2": b"second",
    }
    assert latest_backup(path).name == "page.html.bak.2"


def test_an_empty_file_is_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.touch()
    with replacing(path, keep_earlier=True) as stream:
        stream.write(b"first")
    assert [entry.name for entry in tmp_path.iterdir()] == ["page.html"]


def test_a_backup_that_was_removed_is_no_gap_to_fill(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    for name in ("page.html.bak.2", "page.html.bak.old", "other.html.bak.7"):
        (tmp_path / name).touch()
    assert (latest_backup(path).name, next_backup(path).name) == (
        "page.html.bak.2",
        "page.html.bak.3",
    )


def test_an_error_while_writing_leaves_the_earlier_file_and_its_backup(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_bytes(b"second")
    next_backup(path).write_bytes(b"first")

    def write_half() -> None:
        with replacing(path, keep_earlier=True) as stream:
            stream.write(b"half of the")
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        write_half()
    assert (path.read_bytes(), latest_backup(path).read_bytes()) == (b"second", b"first")


def test_a_file_that_is_a_link_is_replaced_and_the_link_is_kept(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"of somebody else")
    path = tmp_path / "page.html"
    path.symlink_to("elsewhere")
    with replacing(path, keep_earlier=True) as stream:
        stream.write(b"mine")
    assert (tmp_path / "elsewhere").read_bytes() == b"of somebody else"
    assert (path.read_bytes(), latest_backup(path).is_symlink()) == (b"mine", True)
