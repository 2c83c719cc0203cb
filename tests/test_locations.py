"""A citation leads back to the place in the original file, on every surface and when it is checked."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qa.answer import Answer, Citation
from qa.errors import StoreError
from qa.formats.extracted import Limits
from qa.indexing import changed_files, update_index
from qa.receipts.check import CheckedAnswer, Finding, Status, check_answers
from qa.receipts.fix import fixed_record
from qa.receipts.records import receipt_of
from qa.receipts.sources import Sources
from qa.render import (
    CSV_COLUMNS,
    as_csv_row,
    as_data,
    as_json,
    as_markdown,
    as_quotation,
    place_in_words,
    source_line,
)
from qa.restoring import cited_document, reply_of
from qa.settings import Settings
from qa.store import STORE_FILE, Store
from tests.conftest import folder_of
from tests.fakes import FakeEncoder
from tests.fakes_reader import answer_from, open_session
from tests.test_formats import PLACES
from tests.written_files import SENTENCE, WRITERS

QUOTE = "11%"
QUESTION = "By how much did exports of wool grow?"
ENOUGH = 1_000_000


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings for a folder with one file of each format, all saying the same."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for ending, write in WRITERS.items():
        (corpus / f"report{ending}").write_bytes(write())
    return Settings(corpus=corpus, vectors=tmp_path / "vectors", citations=len(WRITERS))


@pytest.fixture
def answer(settings: Settings) -> Iterator[Answer]:
    """The answer to :data:`QUESTION`, which cites every file."""
    with open_session(settings, {QUOTE: 3.0}) as session:
        reply = session.ask(QUESTION)
        assert isinstance(reply, Answer)
        assert len(reply.citations) == len(WRITERS)
        yield reply


def located(**changes: object) -> Answer:
    """An answer whose citation names a place."""
    answer = answer_from("It burned down in 1812.", "1812", file="mill.pdf", title="The mill")
    return replace(answer, citations=(replace(answer.citations[0], **changes),))  # type: ignore[arg-type]


def finding_of(settings: Settings, record: dict[str, object], folder: Path) -> Finding:
    path = folder / "answers.jsonl"
    path.write_text(as_json(record) + "\n", encoding="utf-8")
    (checked,) = check_answers(path, Sources(settings.corpus, ENOUGH))
    assert isinstance(checked, CheckedAnswer)
    return checked.findings[0]


def test_a_citation_of_each_format_says_where_its_quote_stands(
    answer: Answer, settings: Settings
) -> None:
    assert {Path(one.file).suffix: one.location for one in answer.citations} == PLACES
    with Store.open(settings.vectors) as store:
        texts = {record.file: store.document(record.id).text for record in store.documents()}
    for citation in answer.citations:
        assert citation.span.of(texts[citation.file]) == citation.quote == QUOTE
        assert citation.sentence.of(texts[citation.file]) == citation.sentence_text


def test_every_citation_is_checked_against_the_file_itself(
    answer: Answer, settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text(as_json(as_data(answer, id_="1", elapsed_ms=1)) + "\n", encoding="utf-8")
    (checked,) = check_answers(path, Sources(settings.corpus, ENOUGH))
    assert isinstance(checked, CheckedAnswer)
    assert [finding.status for finding in checked.findings] == [Status.OK] * len(WRITERS)


def test_a_reply_is_restored_with_its_locations_and_its_documents(
    answer: Answer, settings: Settings
) -> None:
    restored = reply_of(json.loads(as_json(as_data(answer, id_="1", elapsed_ms=1))))
    assert isinstance(restored, Answer)
    assert [one.location for one in restored.citations] == [
        one.location for one in answer.citations
    ]
    for gone in (settings.vectors / STORE_FILE, None):
        for citation in restored.citations:
            document = cited_document(settings, citation)
            assert document is not None
            assert document.location(citation.span.start) == citation.location
        if gone is not None:
            gone.unlink()  # from the files themselves then


# What was saved before there were locations


def without_location(answer: Answer) -> dict[str, object]:
    data = as_data(answer, id_="1", elapsed_ms=1)
    for citation in data["citations"]:
        del citation["location"]
    return data


def test_a_reply_saved_without_a_location_is_restored_and_rendered() -> None:
    data = without_location(answer_from("It burned down in 1812.", "1812"))
    restored = reply_of(data)
    assert isinstance(restored, Answer)
    assert restored.citations[0].location is None
    assert "`a.txt:1`" in as_markdown(data)
    assert as_csv_row(data)[CSV_COLUMNS.index("location")] == ""


def test_a_receipt_without_a_location_is_checked(
    answer: Answer, settings: Settings, tmp_path: Path
) -> None:
    assert finding_of(settings, without_location(answer), tmp_path).status is Status.OK


def test_a_receipt_whose_location_is_no_text_is_none() -> None:
    citation = as_data(located(), id_="1", elapsed_ms=1)["citations"][0]
    with pytest.raises(ValueError, match="location must be text"):
        receipt_of({**citation, "location": 3})


# How it is shown


@pytest.mark.parametrize(
    ("file", "location", "shown"),
    [
        ("a.txt", None, "a.txt:7"),
        ("a.md", "Trade › Exports", "a.md:7, Trade › Exports"),
        ("a.py", None, "a.py:7"),
        ("a.pdf", "page 3", "a.pdf, page 3"),
        ("a.docx", None, "a.docx"),
    ],
)
def test_a_line_is_named_where_it_is_one_of_the_file(
    file: str, location: str | None, shown: str
) -> None:
    assert place_in_words(file, 7, location) == shown
    citation = replace(located(location=location).citations[0], file=file, line=7)
    assert source_line(citation).endswith(f", {shown}")
    assert as_quotation(citation).endswith(f", {shown})")


def test_data_csv_and_markdown_carry_the_location() -> None:
    data = as_data(located(location="page 3"), id_="1", elapsed_ms=1)
    assert data["citations"][0]["location"] == "page 3"
    (row,) = csv.DictReader(io.StringIO(",".join(CSV_COLUMNS) + "\n" + ",".join(as_csv_row(data))))
    assert (row["file"], row["location"]) == ("mill.pdf", "page 3")
    assert "1. The mill, 2024-03-06, `mill.pdf`, page 3" in as_markdown(data)


def test_a_heading_that_tries_something_is_shown_as_text() -> None:
    citation = located(location="\x1b[31m*A* \u202e<b>").citations[0]
    assert not {"\x1b", "\u202e"} & set(source_line(citation))
    data = as_data(located(location="\x1b[31m*A* \u202e<b>"), id_="1", elapsed_ms=1)
    assert r"\[31m\*A\*" in as_markdown(data)
    formula = as_data(located(location="=1+1"), id_="1", elapsed_ms=1)
    assert as_csv_row(formula)[CSV_COLUMNS.index("location")] == "'=1+1"


# Checked and fixed


def changed(answer: Answer, ending: str, **values: object) -> dict[str, Any]:
    """The answer saved with the citation of one file alone, changed."""
    citation = next(one for one in answer.citations if one.file == f"report{ending}")
    data = as_data(replace(answer, citations=(citation,)), id_="1", elapsed_ms=1)
    data["citations"][0].update(values)
    return data


def test_a_receipt_that_names_another_place_is_not_borne_out(
    answer: Answer, settings: Settings, tmp_path: Path
) -> None:
    finding = finding_of(settings, changed(answer, ".md", location="Imports"), tmp_path)
    assert finding.status is Status.CHANGED
    assert "the quote stands on Trade › Exports" in finding.detail


def test_a_quote_on_another_page_of_a_changed_file_is_found_and_its_location_fixed(
    answer: Answer, settings: Settings, tmp_path: Path
) -> None:
    record = changed(answer, ".csv")
    path = folder_of(settings) / "report.csv"
    path.write_bytes(path.read_bytes().replace(b"\r\n", b'\r\n"Sel","A new first row"\r\n', 1))
    answers = tmp_path / "answers.jsonl"
    answers.write_text(as_json(record) + "\n", encoding="utf-8")
    (checked,) = check_answers(answers, Sources(settings.corpus, ENOUGH))
    assert isinstance(checked, CheckedAnswer)
    assert checked.findings[0].status is Status.MOVED
    assert fixed_record(checked)["citations"][0]["location"] == "row 4"


def test_a_file_that_is_read_in_another_way_today_is_no_false_receipt(
    answer: Answer, settings: Settings, tmp_path: Path
) -> None:
    """As when a library that reads it has been updated: the bytes are the same, the offsets are not."""
    record = changed(answer, ".pdf")
    (citation,) = record["citations"]
    for place in (citation, citation["sentence"]):
        place["start"] += 5
        place["end"] += 5
    finding = finding_of(settings, record, tmp_path)
    assert finding.status is Status.MOVED
    assert "read in another way today" in finding.detail
    citation["quote"] = record["answer"] = "12%"
    citation["sentence"]["text"] = SENTENCE.replace("11%", "12%")
    assert finding_of(settings, record, tmp_path).status is Status.CHANGED


# What the store remembers


def test_an_unchanged_file_is_not_parsed_again(settings: Settings) -> None:
    update_index(settings, FakeEncoder())
    with sqlite3.connect(settings.vectors / STORE_FILE) as connection:
        # What is remembered shows as itself.
        text = "Another text. " + SENTENCE
        digest = hashlib.sha256(text.encode()).hexdigest()
        connection.execute(
            "UPDATE documents SET text = ?, text_sha256 = ?, marks = '[]' WHERE file = 'report.pdf'",
            (text, digest),
        )
    connection.close()
    assert update_index(settings, FakeEncoder()).changes == ""
    with Store.open(settings.vectors) as store:
        assert changed_files(settings.corpus, store, ENOUGH) == []
        (id_,) = (one.id for one in store.documents() if one.file == "report.pdf")
        assert store.document(id_).text == text
    update_index(settings, FakeEncoder(), rebuild=True)
    with Store.open(settings.vectors) as store:
        (id_,) = (one.id for one in store.documents() if one.file == "report.pdf")
        assert store.document(id_).text != text


def test_a_file_that_cannot_be_read_is_remembered_until_it_or_the_limits_change(
    settings: Settings,
) -> None:
    bad = folder_of(settings) / "bad.html"
    bad.write_bytes(b"<p> ")
    report = update_index(settings, FakeEncoder())
    assert [one.reason for one in report.skipped] == ["it holds no text"]
    limits = Limits.of(settings)
    with Store.open(settings.vectors) as store:
        (refused,) = store.refusals()
        again = store.recalled(refused.sha256, refused.ending, refused.limits)
        assert again == refused.reason == "it holds no text"
        assert store.recalled(refused.sha256, refused.ending, "other limits") is None
        assert changed_files(settings.corpus, store, ENOUGH, limits) == []
        bad.write_bytes(b"<p>A ferry")
        assert changed_files(settings.corpus, store, ENOUGH, limits) == ["bad.html"]
    assert update_index(settings, FakeEncoder()).changes == "1 new"
    with Store.open(settings.vectors) as store:
        assert store.refusals() == set()


def test_a_file_that_cannot_be_read_alone_is_remembered_too(settings: Settings) -> None:
    update_index(settings, FakeEncoder())
    (folder_of(settings) / "bad.html").write_bytes(b"<p> ")
    update_index(settings, FakeEncoder())
    with Store.open(settings.vectors) as store:
        assert len(store.refusals()) == 1


def test_a_text_that_is_not_the_one_that_was_written_is_a_damaged_store(
    settings: Settings,
) -> None:
    update_index(settings, FakeEncoder())
    with sqlite3.connect(settings.vectors / STORE_FILE) as connection:
        connection.execute("UPDATE documents SET text = 'Forged' WHERE file = 'report.pdf'")
    connection.close()
    with Store.open(settings.vectors) as store:
        (id_,) = (one.id for one in store.documents() if one.file == "report.pdf")
        with pytest.raises(StoreError, match=r"the text of report\.pdf is not the one"):
            store.document(id_)


def test_a_citation_of_a_document_without_marks_has_no_location() -> None:
    citation: Citation = answer_from("It burned down in 1812.", "1812").citations[0]
    assert citation.location is None
