"""``qa report``: a golden page, what it counts, and what must never get through.

The golden page is written anew with: python -m tests.test_report
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from qa.agreement import Agreement
from qa.answer import NoAnswer, Stage
from qa.receipts.records import BadLine
from qa.receipts.report import Reported, write_report
from qa.receipts.sources import Sources
from qa.render import as_data, one_line
from tests.commands import no_file_larger_than, qa, qa_process
from tests.fakes_conversations import EVIL
from tests.fakes_reader import answer_from
from tests.saved import FERRY, MILL, Record, answers, ferry, mill, saved, write

GOLDEN = Path(__file__).parent / "data" / "report.html"
NOON = datetime(2026, 3, 6, 12, 0, tzinfo=UTC)
SHOWN = one_line(EVIL)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a corpus of two files where ``qa`` looks by itself."""
    monkeypatch.chdir(tmp_path)
    write("mill.txt", MILL)
    write("ferry.txt", FERRY)
    return tmp_path


def conflict() -> Record:
    """An answer from the mill that the ferry's file contradicts."""
    answer = answer_from(MILL, "1812", file="mill.txt", question="And else?", confidence=0.5)
    rival = answer_from(FERRY, "sank in 1812", file="ferry.txt").citations[0]
    rival = replace(rival, n=2, agrees=False, agreement=Agreement.CONFLICTS)
    citations = (*answer.citations, rival)
    answer = replace(answer, citations=citations, conflicting=("ferry.txt",))
    return dict(as_data(answer, id_="c", elapsed_ms=7))


def refusal(question: str = "Who?", stage: Stage = Stage.THRESHOLD) -> Record:
    """No answer, with the passage that came nearest."""
    nearest = answer_from(MILL, "1812", file="mill.txt").citations[0]
    reply = NoAnswer(question, "Nothing says so.", 0.2, nearest, stage=stage, needed=0.35)
    return dict(as_data(reply, id_="r", elapsed_ms=5))


def hostile() -> Record:
    """An answer whose every text tries something."""
    text = f"It was {EVIL} in 1812."
    answer = answer_from(text, f"{EVIL} in 1812", title=EVIL, file=f"{EVIL}.txt", question=EVIL)
    return dict(as_data(replace(answer, understood_as=EVIL), id_=EVIL, elapsed_ms=1))


def everything() -> Path:
    """Answers of every kind, about a corpus in which every status is to be had."""
    write("moved.txt", "New.\n" + MILL)
    write("reflowed.txt", MILL.replace("mill burned", "mill\nburned"))
    write("boat.txt", FERRY.replace("ferry", "barge"))
    write("changed.txt", "All is new.\n")
    Path("seeds/binary.txt").write_bytes(b"\0")
    Path("seeds/notes.txt").write_text(
        "Notes\n\n6 March 2024\n\nNobody has ever cited this file.\n"
    )
    files = ["mill.txt", "moved.txt", "reflowed.txt", "changed.txt", "binary.txt"]
    records = [saved("1812", file=file, id_=file, question=f"{file}?") for file in files]
    renamed = saved("sank in 1812", FERRY.replace("ferry", "barge"), "ship.txt", id_="ship")
    outside = saved("1812", file="../secret.txt")
    return answers(
        *records, renamed, outside, conflict(), b"hello\n", refusal(), hostile(), b'{"id": 1}\n'
    )


def reported(path: Path, out: Path = Path("report.html")) -> tuple[Reported, str, list[BadLine]]:
    """What was counted, the page, and the lines that could not be read."""
    bad: list[BadLine] = []
    counts = write_report(
        path,
        Sources(Path("seeds"), 10**6),
        out,
        max_bytes=10**6,
        checked=NOON,
        on_bad_line=bad.append,
    )
    return counts, out.read_text("utf-8"), bad


class Page(HTMLParser):
    """Takes a page apart: its elements, their attributes, its text, and that of each row and item."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.blocks: list[str] = [""]
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += attrs
        if tag in ("tr", "li", "p", "h2", "h3", "ul", "ol"):
            self.blocks.append("")

    def handle_data(self, data: str) -> None:
        self.text += data
        self.blocks[-1] = f"{self.blocks[-1]} {data}"

    def block(self, *words: str) -> str:
        """The first row, item or paragraph that holds all of ``words``, in one line."""
        shown = (" ".join(block.split()) for block in self.blocks)
        return next(block for block in shown if all(word in block for word in words))


def test_golden_page() -> None:
    _, page, _ = reported(everything())
    assert page == GOLDEN.read_text("utf-8")


def test_what_a_file_holds_is_shown_and_never_run() -> None:
    _, page, _ = reported(answers(hostile(), {**refusal(EVIL), "reason": EVIL, "id": "\ud800"}))
    assert not set("\x1b\u202e\u2066\x07") & set(page)
    assert "<script" not in page
    taken = Page(page)
    assert f"{SHOWN}.txt:1" in taken.text
    assert f"{SHOWN} in 1812" in taken.text
    assert f"Understood as: {SHOWN}" in taken.text
    shown = [block.strip() for block in taken.blocks]
    assert shown.count(SHOWN) == 3  # the headings, and the reason


def test_a_page_holds_no_script_and_loads_nothing() -> None:
    _, text, _ = reported(everything())
    page = Page(text)
    assert not {"script", "img", "link", "iframe", "object", "svg"} & set(page.elements)
    links = [value or "" for name, value in page.attributes if name in ("href", "src")]
    names = {f"#{value}" for name, value in page.attributes if name == "id"}
    assert links
    assert set(links) <= names  # each leads to a place on the page
    assert not re.search(r"url\(|@import", text)
    policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    assert ("content", policy) in page.attributes


def test_each_citation_says_how_it_stands_in_words() -> None:
    _, text, _ = reported(everything())
    page = Page(text)
    assert page.block("✓ ok", "the file is unchanged and the quote stands in it")
    assert page.block("≈ moved", "now at line 3, column 20")
    assert page.block("≈ reflowed", "stands where it stood")
    assert page.block("≈ renamed", "now called boat.txt")
    assert page.block("✗ changed", "not in the file any more", "What follows is what was saved.")
    assert page.block("✗ gone", "no such file in seeds")
    assert page.block("✗ unreadable", "it is binary")
    assert page.block("✗ outside", "it was not opened")
    assert "✗ 4 of 10 citations cannot be found and 2 lines could not be read." in page.text


def test_a_quote_is_marked_in_what_stands_around_it_today() -> None:
    write("mill.txt", "Before.\n" + MILL)
    _, page, _ = reported(answers(mill()))
    assert "The mill burned in <mark>1812</mark>.<span" in page
    assert '<span class="around">Before.\nFirst line.\n</span>The mill' in page
    assert "today: mill.txt:3 · characters 40 to 44" in page


def test_surroundings_are_whole_words_and_end_where_the_file_does() -> None:
    write("long.txt", f"{'before ' * 99}\n{MILL}{'after ' * 99}")
    text = (Path("seeds") / "long.txt").read_bytes().decode()
    _, page, _ = reported(answers(saved("1812", text, "long.txt"), mill()))
    around = re.findall(r'<span class="around">(.*?)</span>', page, re.DOTALL)
    words = [" ".join(part.split()) for part in around]
    assert re.fullmatch(r"…( before)+ First line\.", words[0])
    assert re.fullmatch(r"It was rebuilt in 1812\. Nobody – é😀 – knew\.( after)+ …", words[1])
    assert words[2:] == ["First line.", "It was rebuilt in 1812. Nobody – é😀 – knew."]


def test_documents_are_counted_as_qa_uses_counts_them() -> None:
    records = (mill(), mill(), ferry(), conflict(), refusal())
    counts, text, _ = reported(answers(*records))
    assert [
        (use.file, use.citations, use.answers, use.alone) for use in counts.coverage.cited()
    ] == [("mill.txt", 3, 3, 3), ("ferry.txt", 2, 1, 1)]
    assert Page(text).block("mill.txt", "3 3 3 3 ✓ ok")


def test_an_answer_that_two_documents_give_rests_on_neither_alone() -> None:
    both = mill()
    in_other_words = {"n": 2, "agrees": False, "agreement": "agrees"}
    both["citations"].append({**ferry()["citations"][0], **in_other_words})
    uncited = mill()
    uncited["agreement"] |= {"agreeing": ["ferry.txt"], "single_source": False}
    counts, _, _ = reported(answers(both, uncited))
    assert [(use.file, use.answers, use.alone) for use in counts.coverage.cited()] == [
        ("mill.txt", 2, 0),
        ("ferry.txt", 1, 0),
    ]
    assert counts.single == 1


def test_a_renamed_document_is_one_document_and_those_that_nobody_cites_are_named() -> None:
    Path("seeds/ferry.txt").rename("seeds/boat.txt")
    Path("seeds/scan.psd").write_bytes(b"8BPS")
    counts, text, _ = reported(answers(ferry()))
    assert [use.file for use in counts.coverage.cited()] == ["boat.txt"]
    page = Page(text)
    assert page.block("mill.txt").startswith("First line.")
    assert page.block("scan.psd").startswith("not read: .psd files are not read")
    assert "Every file of the folder is cited" not in text


def test_what_is_wrong_comes_first_and_only_that() -> None:
    write("ferry.txt", "All is new.")
    _, text, _ = reported(answers(mill(), conflict(), ferry()))
    first = text[text.index("To look at first") : text.index("<h2>Documents")]
    assert Page(first).block("✗ changed", "ferry.txt")
    assert "[2] (2024-03-06) says otherwise: “sank in 1812”." in first
    assert "mill.txt" not in first
    write("ferry.txt", FERRY)
    assert "Nothing: every line could be read" in reported(answers(mill()))[1]


def test_the_summary_counts_answers_refusals_and_confidence() -> None:
    records = [mill(), conflict(), refusal(), refusal(stage=Stage.READER), {"citations": []}]
    counts, text, _ = reported(answers(*records))
    page = Page(text)
    assert page.block("Answers").endswith("2 of 5 questions")
    assert page.block("Mean confidence").endswith("69% (good)")
    assert page.block("Refusals").endswith(
        "3: 1 at the reader stage, 1 at the threshold stage, 1 at no named stage"
    )
    assert page.block("Contradicted").endswith("1 answer")
    assert counts.questions == 5


def test_a_refusal_has_its_stage_its_reason_and_what_came_nearest() -> None:
    page = Page(reported(answers(refusal()))[1])
    assert "No answer in these documents" in page.text
    assert "Nothing says so." in page.text
    assert "Refused at the threshold stage · confidence 20% (low) · 35% needed" in page.text
    assert "The nearest passage, not good enough to be an answer; not checked:" in page.text


@pytest.mark.parametrize(
    "strange",
    [
        *(7, "x", [], {}, [7], {"agreeing": 7}, {"agreeing": [], "conflicting": []}),
        *(10**400, float("nan"), -1, True, None),
    ],
)
def test_what_is_no_receipt_may_be_anything(strange: object) -> None:
    keys = [key for key in mill() if key not in ("citations", "answer")]
    odd = {**mill(), **dict.fromkeys(keys, strange)}
    odd["citations"] = [{**mill()["citations"][0], "title": strange, "date": strange}] * 2
    odd["citations"][1] = odd["citations"][1] | {"agreement": strange, "agrees": strange}
    none = {**refusal(), **dict.fromkeys(keys, strange)}
    counts, _, bad = reported(answers(odd, none))
    assert (counts.answered, counts.refused.total(), bad) == (1, 1, [])


def test_bad_lines_are_named_on_the_page() -> None:
    _, text, bad = reported(answers(b"hello\n", mill(), b'{"id": "<b>"'))
    assert [item.line for item in bad] == [1, 3]
    page = Page(text)
    assert page.block("line 1 of the answers").startswith("✗ malformed")
    assert page.block("line 3 of the answers").endswith("(not JSON, or cut off)")


# The command


def test_the_page_stands_beside_the_answers(capsys: pytest.CaptureFixture[str]) -> None:
    done = qa(capsys, "report", answers(mill(), refusal()))
    assert (done.code, done.out, done.err) == (0, "", "2 questions reported in answers.html\n")
    assert sorted(os.listdir()) == ["answers.html", "answers.jsonl", "seeds"]


def test_an_earlier_page_is_kept_and_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    Path("page.html").write_text("precious")
    done = qa(capsys, "report", answers(mill()), "-o", "page.html")
    assert "The earlier page.html is kept as page.html.bak." in done.err
    assert Path("page.html.bak").read_text() == "precious"


def test_it_fails_where_a_check_would(capsys: pytest.CaptureFixture[str]) -> None:
    write("mill.txt", "New.\n" + MILL)
    moved = answers(mill())
    assert qa(capsys, "report", moved).code == 0
    assert qa(capsys, "report", moved, "--strict").code == 1
    done = qa(capsys, "report", answers(b"hello\n", mill()))
    assert done.code == 1
    assert "answers.jsonl:1: not an answer of qa batch" in done.err
    assert "1 line of answers.jsonl could not be checked" in done.err
    assert "✗ malformed" in Path("answers.html").read_text("utf-8")


def test_a_saved_conversation_is_reported_too(capsys: pytest.CaptureFixture[str]) -> None:
    Path("talk.json").write_text(json.dumps({"turns": [mill(), refusal()]}))
    assert qa(capsys, "report", "talk.json").code == 0
    assert 'href="#a2"' in Path("talk.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["missing.jsonl"], 1, "There is no answers file missing.jsonl"),
        (["seeds"], 1, "seeds is no file"),
        (["seeds/mill.txt"], 1, "is no .jsonl"),
        (["answers.jsonl", "-o", "seeds"], 2, "seeds is a folder"),
        (["answers.jsonl", "-o", "seeds/../answers.jsonl"], 2, "itself; name another file"),
        (["answers.jsonl", "-o", "no/such/page.html"], 1, "cannot be written (No such file"),
        (["answers.jsonl", "--corpus", "nowhere"], 1, "does not exist"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, said: str
) -> None:
    answers(mill())
    done = qa(capsys, "report", *arguments)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert sorted(os.listdir()) == ["answers.jsonl", "seeds"]
    assert sorted(os.listdir("seeds")) == ["ferry.txt", "mill.txt"]


def test_a_full_disk_leaves_the_earlier_page(capsys: pytest.CaptureFixture[str]) -> None:
    Path("answers.html").write_text("precious")
    path = answers(*[mill()] * 100)
    with no_file_larger_than(10_000):
        done = qa(capsys, "report", path)
    assert done.code == 1
    assert "answers.html cannot be written" in done.err
    assert sorted(os.listdir()) == ["answers.html", "answers.jsonl", "seeds"]
    assert Path("answers.html").read_text() == "precious"


def test_in_a_process_of_its_own(here: Path) -> None:
    answers(mill(), ferry())
    done = qa_process(["report", "answers.jsonl", "-o", "page.html"], here)
    assert (done.code, done.out) == (0, "")
    assert "✓ Every quote stands as it was cited." in Path("page.html").read_text("utf-8")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        write("mill.txt", MILL)
        write("ferry.txt", FERRY)
        GOLDEN.write_text(reported(everything())[1], encoding="utf-8")
