"""One file becomes one document with its exact text, or a reason why it cannot."""

from __future__ import annotations

import hashlib
import os
from datetime import date
from pathlib import Path

import pytest

from qa.documents import Document, document_from, read_document
from qa.errors import DocumentError
from qa.metadata import LONGEST_DECLARED_TITLE
from tests.conftest import bound_by_permissions

ENOUGH = 10_000
TEXT = "Der Fährmann sagt: “Nobody was hurt.” 🙂\r\nThe crew put out the flames.\n"


def read(folder: Path, file: str, data: bytes, max_bytes: int = ENOUGH) -> Document:
    (folder / file).write_bytes(data)
    return read_document(folder, file, max_bytes)


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode("utf-8"),
        TEXT.encode("utf-8-sig"),
        b"\xff\xfe" + TEXT.encode("utf-16-le"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-32"),
    ],
    ids=["utf-8", "utf-8 with mark", "utf-16-le", "utf-16-be", "utf-32"],
)
def test_text_is_decoded_with_its_line_breaks_and_without_its_byte_order_mark(
    tmp_path: Path, data: bytes
) -> None:
    document = read(tmp_path, "a.txt", data)
    assert document.text == TEXT
    assert document.sha256 == hashlib.sha256(data).hexdigest()
    assert document.size == len(data)
    assert document.lines.position(TEXT.index("The crew")) == (2, 1)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"Der F\x81hrmann", "its encoding cannot be told; save it as UTF-8"),
        (b"\xff\xfea", "not UTF-16-LE text"),
        (b"\x89PNG\0\0", "binary"),
        ("A ferry".encode("utf-32-le"), "binary"),
        (b"", "empty"),
        (b" \r\n\t", "empty"),
        (b"\xef\xbb\xbf", "empty"),
    ],
)
def test_what_is_not_text_is_refused_with_the_reason(
    tmp_path: Path, data: bytes, reason: str
) -> None:
    with pytest.raises(DocumentError) as caught:
        read(tmp_path, "a.txt", data)
    assert reason in str(caught.value)


def test_a_file_of_exactly_the_largest_size_is_read_and_one_byte_more_is_not(
    tmp_path: Path,
) -> None:
    assert read(tmp_path, "a.txt", b"12345", max_bytes=5).text == "12345"
    with pytest.raises(DocumentError, match="6 bytes, more than max_file_bytes"):
        read(tmp_path, "a.txt", b"123456", max_bytes=5)


def test_a_pipe_is_refused_without_waiting_for_its_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.txt")
    with pytest.raises(DocumentError, match="not a regular file"):
        read_document(tmp_path, "a.txt", ENOUGH)


def test_a_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(DocumentError, match="not a regular file"):
        read_document(tmp_path, "a.txt", ENOUGH)
    with pytest.raises(DocumentError, match="cannot be opened: No such file"):
        read_document(tmp_path, "b.txt", ENOUGH)


def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("A ferry")
    (tmp_path / "a.txt").chmod(0)
    with (
        bound_by_permissions(tmp_path),
        pytest.raises(DocumentError, match="cannot be opened: Permission denied"),
    ):
        read_document(tmp_path, "a.txt", ENOUGH)


@pytest.mark.parametrize("file", ["README", "a.TXT", "a.md", "a.rst", "a.log"])
def test_plain_text_is_read_under_every_usual_name(tmp_path: Path, file: str) -> None:
    assert read(tmp_path, file, b"A ferry").file == file


def test_another_format_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"\.xyz files are not read; save it as plain text"):
        read(tmp_path, "a.xyz", b"A ferry")


def test_a_sidecar_corrects_title_and_date(tmp_path: Path) -> None:
    (tmp_path / "a.txt.meta.toml").write_text('title = "Fire aboard"\ndate = 2023-05-14\n')
    document = read(tmp_path, "a.txt", b"# The ferry\n\n1 May 2020\n\nIt burned for an hour.")
    assert (document.title, document.date) == ("Fire aboard", date(2023, 5, 14))


def test_a_sidecar_leaves_alone_what_it_does_not_name(tmp_path: Path) -> None:
    (tmp_path / "a.txt.meta.toml").write_text("date = 2023-05-14\n")
    document = read(tmp_path, "a.txt", b"# The ferry\n\n1 May 2020\n\nIt burned for an hour.")
    assert (document.title, document.date) == ("The ferry", date(2023, 5, 14))


def test_a_broken_sidecar_refuses_its_document(tmp_path: Path) -> None:
    (tmp_path / "a.txt.meta.toml").write_text("title = ")
    with pytest.raises(DocumentError, match="sidecar"):
        read(tmp_path, "a.txt", b"A ferry")


@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_a_sidecar_that_is_no_file_refuses_its_document_and_is_not_waited_for(
    tmp_path: Path, kind: str
) -> None:
    sidecar = tmp_path / "a.txt.meta.toml"
    if kind == "pipe":
        os.mkfifo(sidecar)
    elif kind == "device":
        sidecar.symlink_to("/dev/zero")
    else:
        sidecar.mkdir()
    with pytest.raises(DocumentError, match=r"its sidecar .* (not a regular file|Is a directory)"):
        read(tmp_path, "a.txt", b"A ferry")


def test_a_title_without_end_is_cut(tmp_path: Path) -> None:
    """It stands before every passage of its document, and one of a megabyte keeps an answer for minutes."""
    (tmp_path / "a.txt.meta.toml").write_text(f'title = "{"ferry " * 15_000}"')
    page = f"<title>{'ferry ' * 100_000}</title><p>It burned for an hour.</p>".encode()
    for document in (read(tmp_path, "a.txt", b"A ferry"), read(tmp_path, "b.html", page, 10**6)):
        assert len(document.title) <= LONGEST_DECLARED_TITLE
        assert document.title.endswith("ferry…")


def test_a_document_from_bytes_is_the_document_from_the_file(tmp_path: Path) -> None:
    assert document_from("a.txt", TEXT.encode()) == read(tmp_path, "a.txt", TEXT.encode())


def test_the_title_of_a_table_is_its_name_and_not_its_first_row() -> None:
    assert document_from("tons.csv", b"Year,Tons\n2020,450\n").title == "tons.csv"
