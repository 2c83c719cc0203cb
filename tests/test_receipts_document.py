"""What docs/receipts.md promises a third party: its example verifies receipts without qa."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from qa.receipts.check import Status
from qa.receipts.uses import Reliance
from tests.commands import REPOSITORY
from tests.saved import MILL, saved, write_answers

DOCUMENT = (REPOSITORY / "docs" / "receipts.md").read_text("utf-8")


def example() -> str:
    blocks: list[str] = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    assert len(blocks) == 1
    return blocks[0]


def test_the_example_verifies_receipts_with_nothing_but_the_sources(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    marked = "\u2028\ufeffThe 😀 mill\r\rburned in “1812”."
    (corpus / "mill.txt").write_bytes(MILL.encode())
    (corpus / "marked.txt").write_bytes(b"\xef\xbb\xbf" + marked.encode())
    (corpus / "wide.txt").write_bytes(b"\xfe\xff" + marked.encode("utf-16-be"))
    (tmp_path / "secret.txt").write_bytes(MILL.encode())
    wide, marked_one = (saved("“1812”", marked, file) for file in ("wide.txt", "marked.txt"))
    for record, file in ((wide, "wide.txt"), (marked_one, "marked.txt")):
        record["citations"][0]["sha256"] = sha256_of(corpus / file)
    forged = saved("1812", MILL.replace("First", "Other"))
    outside = saved("1812", file="../secret.txt")
    answers = write_answers(
        tmp_path / "a.jsonl", saved("é😀"), wide, marked_one, forged, outside, {"citations": []}
    )

    done = subprocess.run(
        [sys.executable, "-I", "-c", example(), str(answers), str(corpus)],
        capture_output=True,
        check=False,
    )

    assert done.stderr == b""
    assert [line.split()[:2] for line in done.stdout.decode().splitlines()] == [
        ["True", "mill.txt"],
        ["True", "wide.txt"],
        ["True", "marked.txt"],
        ["False", "mill.txt"],
        ["False", "../secret.txt"],
    ]


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("name", [*Status, *Reliance])
def test_every_status_is_described(name: str) -> None:
    assert f"`{name}`" in DOCUMENT


def test_the_example_is_as_short_as_it_is_said_to_be() -> None:
    assert len(example().split("\n\n")[1].strip().splitlines()) <= 10
    assert "qa" not in example()
