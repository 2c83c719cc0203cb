"""Saved answers against the files: how each citation stands, and lines that cannot be trusted."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from qa.errors import InputFileError
from qa.receipts.check import MOST_FILES, CheckedAnswer, Finding, Status, Tally, check_answers
from qa.receipts.records import LONGEST_LINE, BadLine, SavedAnswer, saved_answer
from qa.receipts.sources import Source, Sources
from qa.text import Span
from tests.saved import MILL, Record, saved, without_surroundings, write_answers

LIMIT = 1_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A corpus of one file."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "mill.txt").write_bytes(MILL.encode())
    return corpus


def check(folder: Path, *records: Record | bytes) -> list[CheckedAnswer | BadLine]:
    """What the check says of an answers file with these lines."""
    answers = write_answers(folder.parent / "answers.jsonl", *records)
    return list(check_answers(answers, Sources(folder, LIMIT)))


def findings(folder: Path, *records: Record | bytes) -> list[Finding]:
    """How each citation of these records stands; none of the lines is bad."""
    found: list[Finding] = []
    for item in check(folder, *records):
        assert isinstance(item, CheckedAnswer)
        found.extend(item.findings)
    return found


def check_one(folder: Path, record: Record) -> tuple[Status, str]:
    (finding,) = findings(folder, record)
    assert (finding.now is None) == (not finding.status.found)
    return finding.status, finding.detail


def now(folder: Path, record: Record) -> tuple[str, Span]:
    """In which file and where the one citation of ``record`` was found."""
    (finding,) = findings(folder, record)
    assert finding.now is not None
    return finding.now.file, finding.now.span


@pytest.mark.parametrize("quote", ["1812", "First line", "é😀"])
def test_an_untouched_file_is_ok(folder: Path, quote: str) -> None:
    assert check_one(folder, saved(quote)) == (Status.OK, "")


def test_a_quote_that_has_moved_is_found_and_its_place_named(folder: Path) -> None:
    (folder / "mill.txt").write_bytes(("New.\r\n" + MILL).encode())
    status, detail = check_one(folder, saved("1812"))
    assert status is Status.MOVED
    at = ("New.\r\n" + MILL).index("1812")
    assert f"line 3, column 20 (characters {at}-{at + 4}" in detail


def test_a_file_that_changed_elsewhere_has_moved_on_under_its_quote(folder: Path) -> None:
    (folder / "mill.txt").write_bytes((MILL + "New.").encode())
    status, detail = check_one(folder, saved("1812"))
    assert status is Status.MOVED
    assert "stands where it stood" in detail


def test_of_a_repeated_quote_the_one_in_its_own_sentence_is_meant(folder: Path) -> None:
    moved = "It was sold in 1812. Then 1812 again. " + MILL
    (folder / "mill.txt").write_bytes(moved.encode())
    status, detail = check_one(folder, saved("1812"))
    assert status is Status.MOVED
    at = moved.index("The mill burned in 1812") + len("The mill burned in ")
    assert f"characters {at}-{at + 4}" in detail


def test_a_quote_in_a_rewrapped_file_is_reflowed(folder: Path) -> None:
    (folder / "mill.txt").write_bytes(MILL.replace("burned in", "burned\n    in").encode())
    status, detail = check_one(folder, saved("1812"))
    assert status is Status.REFLOWED
    assert "line 3, column 8" in detail


def test_a_file_saved_with_other_line_ends_has_moved(folder: Path) -> None:
    (folder / "mill.txt").write_bytes(MILL.replace("\r\n", "\n").encode())
    assert check_one(folder, saved("1812"))[0] is Status.MOVED


def test_a_quote_left_in_another_sentence_alone_has_changed(folder: Path) -> None:
    (folder / "mill.txt").write_bytes(MILL.replace("mill burned", "mill never burned").encode())
    status, detail = check_one(folder, saved("1812"))
    assert status is Status.CHANGED
    assert "the same words stand in another at line 2" in detail


def test_a_file_of_another_name_with_the_same_bytes_is_renamed(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "mill.txt").rename(folder / "sub" / "works.txt")
    assert check_one(folder, saved("1812")) == (Status.RENAMED, "now called sub/works.txt")
    file, span = now(folder, saved("1812"))
    assert (file, span.of(MILL)) == ("sub/works.txt", "1812")


def test_of_two_copies_the_one_of_the_same_last_name_is_meant(folder: Path) -> None:
    (folder / "z").mkdir()
    (folder / "a.txt").write_bytes(MILL.encode())
    (folder / "mill.txt").rename(folder / "z" / "mill.txt")
    assert now(folder, saved("1812"))[0] == "z/mill.txt"


def test_a_file_renamed_and_edited_is_gone(folder: Path) -> None:
    (folder / "mill.txt").unlink()
    (folder / "works.txt").write_bytes(MILL.encode() + b"New.")
    assert check_one(folder, saved("1812"))[0] is Status.GONE


def test_receipts_without_surroundings_still_check(folder: Path) -> None:
    record = without_surroundings(saved("1812"))
    assert check_one(folder, record) == (Status.OK, "")
    (folder / "mill.txt").write_bytes(("New.\r\n" + MILL).encode())
    assert check_one(folder, record)[0] is Status.MOVED


def test_a_quote_that_was_edited_has_changed(folder: Path) -> None:
    (folder / "mill.txt").write_bytes(MILL.replace("1812", "1813").encode())
    assert check_one(folder, saved("1812"))[0] is Status.CHANGED


@pytest.mark.parametrize("content", [b"\xff\xfa\x00", b"x" * (LIMIT + 1)])
def test_of_a_file_that_is_no_text_nothing_is_said(folder: Path, content: bytes) -> None:
    (folder / "mill.txt").write_bytes(content)
    assert check_one(folder, saved("1812"))[0] is Status.UNREADABLE


def test_a_file_that_was_deleted_is_gone(folder: Path) -> None:
    (folder / "mill.txt").unlink()
    assert check_one(folder, saved("1812"))[0] is Status.GONE


def test_every_citation_of_every_line_is_reported(folder: Path) -> None:
    record = saved("1812")
    record["citations"].append({**saved("First line")["citations"][0], "n": 2})
    items = [item for item in check(folder, record, record) if isinstance(item, CheckedAnswer)]
    assert [
        (item.answer.line, n, finding.status)
        for item in items
        for (n, _), finding in zip(item.answer.receipts, item.findings, strict=True)
    ] == [(line, n, Status.OK) for line in (1, 2) for n in (1, 2)]


def test_an_abstention_has_nothing_to_check(folder: Path) -> None:
    assert findings(folder, {"id": "1", "status": "no_answer", "citations": []}) == []


BAD_LINES = {
    "not JSON": b"hello\n",
    "no object": b"[1]\n",
    "not UTF-8": b'{"id": "\xff"}\n',
    "no citations": b'{"id": "1"}\n',
    "citations of another kind": b'{"citations": ["mill.txt"]}\n',
    "a number beyond all": b'{"citations": [{"n": 1e999}]}\n',
    "nested without end": b"[" * 100_000 + b"\n",
    "an answer without a citation": b'{"id": "1", "answer": "1812", "citations": []}\n',
    "cut off": json.dumps(saved("1812")).encode()[:-40] + b"\n",
}


@pytest.mark.parametrize("line", BAD_LINES.values(), ids=BAD_LINES.keys())
def test_a_line_that_is_no_answer_is_named_and_the_rest_checked(folder: Path, line: bytes) -> None:
    bad, good = check(folder, line, saved("1812"))
    assert isinstance(bad, BadLine)
    assert bad.line == 1
    assert isinstance(good, CheckedAnswer)
    assert (good.answer.line, good.findings[0].status) == (2, Status.OK)


def test_a_last_line_that_a_kill_cut_short_is_named(folder: Path) -> None:
    good, bad = check(folder, saved("1812"), json.dumps(saved("1812")).encode()[:100])
    assert isinstance(good, CheckedAnswer)
    assert bad == BadLine(2, "not an answer of qa batch (not JSON, or cut off)")


def test_a_line_too_long_to_be_ours_is_named_and_never_held(folder: Path) -> None:
    bad, good = check(folder, b" " * (LONGEST_LINE + 5) + b"\n", saved("1812"))
    assert bad == BadLine(1, "it is longer than 16,000,000 bytes")
    assert isinstance(good, CheckedAnswer)
    assert good.answer.line == 2


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
    "a line of another kind": lambda c: c.update(line="two"),
    "surroundings of another kind": lambda c: c["sentence"].update(prefix=7),
    "a sentence of another length": lambda c: c["sentence"].update(end=c["sentence"]["end"] + 1),
    "another sentence": lambda c: c["sentence"].update(text="The mill stands."),
    "a sentence that begins after the quote": lambda c: c["sentence"].update(start=c["start"] + 5),
    "a sentence begun beyond all": lambda c: c["sentence"].update(start=float("inf")),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_a_citation_that_contradicts_itself_is_named(
    folder: Path, lie: Callable[[Record], None]
) -> None:
    (bad,) = check(folder, edited(lie))
    assert isinstance(bad, BadLine)


def test_offsets_beyond_the_file_are_named(folder: Path) -> None:
    def shift(citation: Record) -> None:
        for place in (citation, citation["sentence"]):
            place.update(start=place["start"] + 10**9, end=place["end"] + 10**9)

    detail = "the file is as it was, but the quote does not stand where the receipt says"
    assert check_one(folder, edited(shift)) == (Status.CHANGED, detail)
    (folder / "mill.txt").write_bytes(MILL.encode() + b"New.")
    assert check_one(folder, edited(shift))[0] is Status.MOVED


def test_a_forged_digest_is_not_ok(folder: Path) -> None:
    assert check_one(folder, edited(lambda c: c.update(sha256="0" * 64)))[0] is Status.MOVED


FORGERIES: dict[str, Callable[[Record], None]] = {
    "line": lambda c: c.update(line=7),
    "column": lambda c: c.update(column=1),
    "prefix": lambda c: c["sentence"].update(prefix="Last line.\r\n"),
    "suffix": lambda c: c["sentence"].update(suffix=" It never was."),
    "sentence": lambda c: c["sentence"].update(text=c["sentence"]["text"].replace("bu", "tu")),
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
def test_a_forged_detail_of_a_true_quote_has_changed(
    folder: Path, forge: Callable[[Record], None]
) -> None:
    assert check_one(folder, edited(forge))[0] is Status.CHANGED


def test_a_forged_answer_over_a_true_citation_is_not_ok(folder: Path) -> None:
    (bad,) = check(folder, {**saved("1812"), "answer": "1813"})
    assert bad == BadLine(
        1, "not an answer of qa batch (its answer is not the quote of its first citation)"
    )


@pytest.mark.parametrize("file", ["n" * 300, "mill.txt/x", "", ".", "a\0b", "\ud800.txt"])
def test_a_file_name_that_cannot_be_is_not_found_and_the_rest_is_checked(
    folder: Path, file: str
) -> None:
    def name(citation: Record) -> None:
        citation.update(file=file, sha256="0" * 64)

    first, second = findings(folder, edited(name), saved("1812"))
    assert first.status in (Status.GONE, Status.UNREADABLE, Status.OUTSIDE)
    assert second.status is Status.OK


def test_an_answers_file_that_is_missing_is_an_error(folder: Path) -> None:
    with pytest.raises(InputFileError, match=r"missing\.jsonl"):
        list(check_answers(folder / "missing.jsonl", Sources(folder, LIMIT)))


# Prints the status of each citation, every file opened for it, and the heavy modules it loaded.
WATCHED = """
import sys
from pathlib import Path
opened = []
sys.addaudithook(lambda event, a: opened.append(str(a[0])) if event == "open" else None)
from qa.receipts.check import check_answers
from qa.receipts.sources import Sources
for checked in check_answers(Path(sys.argv[1]), Sources(Path(sys.argv[2]), 1000)):
    print(*(finding.status for finding in checked.findings))
print("secret.txt" in " ".join(opened), any(name.endswith("mill.txt") for name in opened))
print(sorted({"torch", "faiss", "sentence_transformers", "transformers"} & set(sys.modules)))
"""


def test_paths_out_of_the_corpus_are_never_opened_and_no_model_is_loaded(folder: Path) -> None:
    secret = folder.parent / "secret.txt"
    secret.write_bytes(MILL.encode())
    (folder / "link.txt").symlink_to(secret)
    files = ["../secret.txt", str(secret), "link.txt", "sub/../../secret.txt", "mill.txt"]
    check(folder, *(saved("1812", file=file) for file in files))

    done = subprocess.run(
        [sys.executable, "-c", WATCHED, str(folder.parent / "answers.jsonl"), str(folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split("\n") == ["outside"] * 4 + ["ok", "False True", "[]", ""]


def test_the_documents_held_in_memory_are_bounded_and_read_again_when_needed(folder: Path) -> None:
    sources = Sources(folder, LIMIT, most_characters=2_500)
    opened = [sources.open(name) for name in ("mill.txt", "no1", "no2", "mill.txt", "mill.txt")]
    assert opened[3] is not opened[0]  # two more names have pushed it out
    assert opened[4] is opened[3]
    assert all(isinstance(opened[place], Source) for place in (0, 3))


def checked_answer(status: Status) -> CheckedAnswer:
    """An answer of one citation that stands so."""
    answer = saved_answer(json.dumps(saved("1812")).encode(), 1, Span(0, 1))
    assert isinstance(answer, SavedAnswer)
    return CheckedAnswer(answer, (Finding(status),))


def test_a_tally_names_a_bounded_number_of_files() -> None:
    tally = Tally()
    item = checked_answer(Status.GONE)
    ((n, receipt),) = item.answer.receipts
    for number in range(MOST_FILES + 5):
        other = replace(item.answer, receipts=((n, replace(receipt, file=f"{number}.txt")),))
        tally.add(replace(item, answer=other))
    assert len(tally.by_file) == MOST_FILES + 1
    assert tally.citations == MOST_FILES + 5
    assert tally.by_file["(further files)"][Status.GONE] == 5


@pytest.mark.parametrize(
    ("statuses", "loosely", "strictly"),
    [
        ([], True, True),
        ([Status.OK], True, True),
        ([Status.OK, Status.MOVED], True, False),
        ([Status.REFLOWED, Status.RENAMED], True, False),
        *(([Status.OK, s], False, False) for s in Status if not s.found),
    ],
)
def test_what_passes(statuses: list[Status], loosely: bool, strictly: bool) -> None:
    tally = Tally()
    for status in statuses:
        tally.add(checked_answer(status))
    assert (tally.passes(strict=False), tally.passes(strict=True)) == (loosely, strictly)
    tally.add(BadLine(1, "cut off"))
    assert not tally.passes(strict=False)
