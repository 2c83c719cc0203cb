"""Saved answers against the files: ok, moved, changed, gone, and lines that cannot be trusted."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.check import Checked, Receipt, Status, check_answers, check_citation
from qa.documents import decoded
from qa.errors import InputFileError
from qa.render import as_data, as_json
from qa.text import Span
from tests.fakes_reader import answer_from

LIMIT = 1_000_000
TEXT = "First line.\r\nThe mill burned in 1812. It was rebuilt in 1812. Nobody – é😀 – knew.\r\n"
Record = dict[str, Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A corpus of one file."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "mill.txt").write_bytes(TEXT.encode())
    return corpus


def saved(quote: str, text: str = TEXT, file: str = "mill.txt") -> Record:
    """The record that qa batch writes for an answer that is the first ``quote`` in ``text``."""
    record = as_data(answer_from(text, quote, file=file), id_="1", elapsed_ms=1)
    return dict(json.loads(as_json(record)))


def check(folder: Path, *records: Record | bytes) -> list[Checked | str]:
    """What the check says of an answers file with these lines."""
    lines = [r if isinstance(r, bytes) else json.dumps(r).encode() + b"\n" for r in records]
    answers = folder.parent / "answers.jsonl"
    answers.write_bytes(b"".join(lines))
    return list(check_answers(answers, folder, LIMIT))


def check_one(folder: Path, record: Record) -> tuple[Status, str]:
    (checked,) = check(folder, record)
    assert isinstance(checked, Checked)
    return checked.status, checked.detail


@pytest.mark.parametrize("quote", ["1812", "First line", "é😀"])
def test_an_untouched_file_is_ok(folder: Path, quote: str) -> None:
    assert check_one(folder, saved(quote)) == (Status.OK, "")


def test_a_quote_that_has_moved_is_found_and_its_place_named(folder: Path) -> None:
    (folder / "mill.txt").write_bytes(("New.\r\n" + TEXT).encode())
    status, detail = check_one(folder, saved("1812"))
    assert status is Status.MOVED
    at = ("New.\r\n" + TEXT).index("1812")
    assert f"line 3, column 20 (characters {at}-{at + 4}" in detail


def test_a_file_that_changed_elsewhere_has_moved_on_under_its_quote(folder: Path) -> None:
    (folder / "mill.txt").write_bytes((TEXT + "New.").encode())
    status, detail = check_one(folder, saved("1812"))
    assert status is Status.MOVED
    assert "stands where it stood" in detail


def test_of_a_repeated_quote_the_one_in_its_own_sentence_is_meant(folder: Path) -> None:
    moved = "It was sold in 1812. Then 1812 again. " + TEXT
    (folder / "mill.txt").write_bytes(moved.encode())
    status, detail = check_one(folder, saved("1812"))
    assert status is Status.MOVED
    at = moved.index("The mill burned in 1812") + len("The mill burned in ")
    assert f"characters {at}-{at + 4}" in detail


def test_a_quote_that_was_edited_has_changed(folder: Path) -> None:
    (folder / "mill.txt").write_bytes(TEXT.replace("1812", "1813").encode())
    assert check_one(folder, saved("1812"))[0] is Status.CHANGED


def test_a_file_that_is_no_text_any_more_has_changed(folder: Path) -> None:
    (folder / "mill.txt").write_bytes(b"\xff\xfa\x00")
    assert check_one(folder, saved("1812"))[0] is Status.CHANGED


def test_a_file_that_was_deleted_is_gone(folder: Path) -> None:
    (folder / "mill.txt").unlink()
    assert check_one(folder, saved("1812"))[0] is Status.GONE


def test_every_citation_of_every_line_is_reported(folder: Path) -> None:
    record = saved("1812")
    record["citations"].append({**saved("First line")["citations"][0], "n": 2})
    results = [item for item in check(folder, record, record) if isinstance(item, Checked)]
    assert [(item.line, item.n, item.status) for item in results] == [
        (line, n, Status.OK) for line in (1, 2) for n in (1, 2)
    ]


def test_an_abstention_has_nothing_to_check(folder: Path) -> None:
    assert check(folder, {"id": "1", "status": "no_answer", "citations": []}) == []


BAD_LINES = {
    "not JSON": b"hello\n",
    "no object": b"[1]\n",
    "not UTF-8": b'{"id": "\xff"}\n',
    "no citations": b'{"id": "1"}\n',
    "citations of another kind": b'{"citations": ["mill.txt"]}\n',
    "a number beyond all": b'{"citations": [{"n": 1e999}]}\n',
    "nested without end": b"[" * 100_000 + b"\n",
    "cut off": json.dumps(saved("1812")).encode()[:-40] + b"\n",
}


@pytest.mark.parametrize("line", BAD_LINES.values(), ids=BAD_LINES.keys())
def test_a_line_that_is_no_answer_is_named_and_the_rest_checked(folder: Path, line: bytes) -> None:
    bad, good = check(folder, line, saved("1812"))
    assert isinstance(bad, str)
    assert "answers.jsonl:1:" in bad
    assert isinstance(good, Checked)
    assert (good.line, good.status) == (2, Status.OK)


def test_a_last_line_that_a_kill_cut_short_is_named(folder: Path) -> None:
    good, bad = check(folder, saved("1812"), json.dumps(saved("1812")).encode()[:100])
    assert isinstance(good, Checked)
    assert isinstance(bad, str)
    assert "answers.jsonl:2: not an answer of qa batch (not JSON, or cut off)" in bad


def edited(change: Callable[[Record], None]) -> Record:
    """A saved answer of which one citation was edited by hand."""
    record = saved("1812")
    change(record["citations"][0])
    return record


LIES: dict[str, Callable[[Record], None]] = {
    "another quote": lambda c: c.update(quote="1813"),
    "an empty quote": lambda c: c.update(quote="", end=c["start"]),
    "a longer span": lambda c: c.update(end=c["end"] + 1),
    "shifted offsets": lambda c: c.update(start=c["start"] + 1, end=c["end"] + 1),
    "negative offsets": lambda c: c.update(start=-4, end=0),
    "offsets of another kind": lambda c: c.update(start="32"),
    "no file": lambda c: c.pop("file"),
    "another sentence": lambda c: c["sentence"].update(text="The mill stands."),
    "a sentence that begins after the quote": lambda c: c["sentence"].update(start=c["start"] + 5),
    "a sentence begun beyond all": lambda c: c["sentence"].update(start=float("inf")),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_a_citation_that_contradicts_itself_is_named(
    folder: Path, lie: Callable[[Record], None]
) -> None:
    (bad,) = check(folder, edited(lie))
    assert isinstance(bad, str)
    assert "answers.jsonl:1:" in bad


def test_offsets_beyond_the_file_are_never_ok(folder: Path) -> None:
    def shift(citation: Record) -> None:
        for place in (citation, citation["sentence"]):
            place.update(start=place["start"] + 10**9, end=place["end"] + 10**9)

    status, detail = check_one(folder, edited(shift))
    assert status is Status.MOVED
    assert "now at line 2, column 20" in detail


def test_a_forged_digest_is_not_ok(folder: Path) -> None:
    assert check_one(folder, edited(lambda c: c.update(sha256="0" * 64)))[0] is Status.MOVED


def test_a_forged_sentence_around_a_true_quote_is_not_ok(folder: Path) -> None:
    record = saved("1812")
    sentence = record["citations"][0]["sentence"]
    sentence["text"] = sentence["text"].replace("burned", "opened")
    (checked,) = check(folder, record)
    assert not (isinstance(checked, Checked) and checked.status is Status.OK)


def test_a_forged_answer_over_a_true_citation_is_not_ok(folder: Path) -> None:
    (checked,) = check(folder, {**saved("1812"), "answer": "1813"})
    assert not (isinstance(checked, Checked) and checked.status is Status.OK)


@pytest.mark.parametrize("file", ["n" * 300, "mill.txt/x", "", ".", "a\0b", "\ud800.txt"])
def test_a_file_name_that_cannot_be_is_gone_and_the_rest_is_checked(
    folder: Path, file: str
) -> None:
    first, second = check(folder, edited(lambda c: c.update(file=file)), saved("1812"))
    assert isinstance(first, Checked)
    assert first.status in (Status.GONE, Status.CHANGED)
    assert isinstance(second, Checked)
    assert second.status is Status.OK


def test_an_answers_file_that_is_missing_is_an_error(folder: Path) -> None:
    with pytest.raises(InputFileError, match=r"missing\.jsonl"):
        list(check_answers(folder / "missing.jsonl", folder, LIMIT))


# Prints the status of each citation, every file opened for it, and the heavy modules it loaded.
WATCHED = """
import sys
from pathlib import Path
opened = []
sys.addaudithook(lambda event, a: opened.append(str(a[0])) if event == "open" else None)
from qa.check import check_answers
for checked in check_answers(Path(sys.argv[1]), Path(sys.argv[2]), 1000):
    print(checked.status)
print("secret.txt" in " ".join(opened), any(name.endswith("mill.txt") for name in opened))
print(sorted({"torch", "faiss", "sentence_transformers", "transformers"} & set(sys.modules)))
"""


def test_paths_out_of_the_corpus_are_never_opened_and_no_model_is_loaded(folder: Path) -> None:
    secret = folder.parent / "secret.txt"
    secret.write_bytes(TEXT.encode())
    (folder / "link.txt").symlink_to(secret)
    files = ["../secret.txt", str(secret), "link.txt", "sub/../../secret.txt", "mill.txt"]
    check(folder, *(saved("1812", file=file) for file in files))

    done = subprocess.run(
        [sys.executable, "-c", WATCHED, str(folder.parent / "answers.jsonl"), str(folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split("\n") == ["gone"] * 4 + ["ok", "False True", "[]", ""]


TEXTS = st.text(st.sampled_from("ab. \n\ré😀"), min_size=1, max_size=30)


@st.composite
def documents_before_and_after(draw: st.DrawFn) -> tuple[str, Span, str]:
    """A text, a span to quote from it, and the text with one piece replaced (perhaps by itself)."""
    text = draw(TEXTS)
    start = draw(st.integers(0, len(text) - 1))
    end = draw(st.integers(start + 1, len(text)))
    first = draw(st.integers(0, len(text)))
    last = draw(st.integers(first, len(text)))
    piece = draw(st.one_of(st.just(text[first:last]), st.just(""), TEXTS))
    return text, Span(start, end), text[:first] + piece + text[last:]


@given(documents_before_and_after())
def test_no_mutation_of_a_document_passes_for_ok(
    tmp_path_factory: pytest.TempPathFactory, drawn: tuple[str, Span, str]
) -> None:
    before, span, after = drawn
    folder = tmp_path_factory.getbasetemp() / "mutated"
    folder.mkdir(exist_ok=True)
    source = answer_from(f"{before} 1", "1", file="a.txt").citations[0]
    receipt = Receipt("a.txt", source.sha256, span, span.of(before), Span(0, len(before)), before)
    (folder / "a.txt").write_bytes(f"{after} 1".encode())

    status, detail = check_citation(receipt, folder, LIMIT)

    now = decoded((folder / "a.txt").read_bytes())
    assert (status is Status.OK) == (after == before)
    assert (status is Status.CHANGED) == (receipt.quote not in now)
    claimed = re.search(r"characters (\d+)-(\d+),", detail)
    if status is Status.MOVED and claimed is not None:
        assert now[int(claimed[1]) : int(claimed[2])] == receipt.quote
    elif status is Status.MOVED:
        assert span.of(now) == receipt.quote
