"""A file that was edited since it was indexed is never quoted without a word about it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from qa.answer import Answer
from qa.batch import answer_all
from qa.corpus import FileState
from qa.errors import StoreError
from qa.questions import Question
from qa.render import as_csv_row, as_data, as_markdown, as_quotation, as_text, csv_line
from qa.restoring import reply_of
from qa.session import Session

QUESTION = "When was the lighthouse on Grey Point built?"


def edit(path: Path) -> None:
    path.write_text("The lighthouse on Grey Point was built in 1999.\n", encoding="utf-8")


def make_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


CHANGES: list[tuple[Callable[[Path], None], FileState]] = [
    (edit, FileState.CHANGED),
    (Path.unlink, FileState.GONE),
    (make_a_folder, FileState.UNREADABLE),
]


def asked(session: Session) -> Answer:
    reply = session.ask(QUESTION)
    assert isinstance(reply, Answer)
    assert reply.citations[0].file == "lighthouse.txt"
    return reply


@pytest.mark.parametrize(("change", "state"), CHANGES)
def test_a_citation_says_how_its_file_stands_today(
    index: Session, corpus: Path, change: Callable[[Path], None], state: FileState
) -> None:
    before = asked(index)
    assert not before.citations[0].stale
    change(corpus / "lighthouse.txt")
    reply = asked(index)
    assert (reply.citations[0].stale, reply.citations[0].file_state) == (True, state)
    data = as_data(reply, id_="1", elapsed_ms=0)
    assert (data["citations"][0]["stale"], data["citations"][0]["file_state"]) == (True, state)
    assert state in as_text(reply)
    assert state in as_markdown(data)
    assert state in as_quotation(reply.citations[0])
    assert ",yes," in csv_line(as_csv_row(data))
    restored = reply_of(data)
    assert isinstance(restored, Answer)
    assert restored.citations[0].file_state is state


def test_a_change_of_another_file_says_nothing_of_this_answer(index: Session, corpus: Path) -> None:
    before = asked(index)
    (corpus / "bees.txt").write_text("Something else.")
    reply = asked(index)
    assert reply == before
    data = as_data(reply, id_="1", elapsed_ms=0)
    assert [citation["stale"] for citation in data["citations"]] == [False] * len(reply.citations)
    assert "since indexing" not in as_text(reply) + as_markdown(data)
    assert ",no," in csv_line(as_csv_row(data))


def test_a_file_that_is_as_it_was_again_is_no_longer_stale(index: Session, corpus: Path) -> None:
    path = corpus / "lighthouse.txt"
    was = path.read_bytes()
    edit(path)
    assert asked(index).citations[0].stale
    path.write_bytes(was)
    assert not asked(index).citations[0].stale


def test_the_nearest_passage_of_a_refusal_says_so_too(index: Session, corpus: Path) -> None:
    index.adjust(threshold=1.0, citations=3)
    edit(corpus / "lighthouse.txt")
    reply = index.ask(QUESTION)
    assert not isinstance(reply, Answer)
    assert reply.rejected is not None
    assert reply.rejected.stale
    assert "changed since indexing" in as_text(reply)


def test_a_batch_says_it_of_each_answer(index: Session, corpus: Path) -> None:
    out = io.StringIO()
    questions = [
        Question("a", QUESTION, 1),
        Question("b", "When did the ferry stop sailing?", 2),
    ]
    edit(corpus / "lighthouse.txt")
    answer_all(
        questions,
        index.ask,
        out=None,
        stream=out,
        format_="jsonl",
        resume=False,
        on_malformed=lambda _: None,
        on_done=lambda _: None,
    )
    first, second = (json.loads(line) for line in out.getvalue().splitlines())
    assert first["citations"][0]["stale"] is True
    nearest = (second["citations"] or [second["rejected"]])[0]
    assert nearest["file"] == "ferry.txt"
    assert nearest["stale"] is False


def test_replies_kept_before_that_was_told_are_read_as_they_are(index: Session) -> None:
    data = as_data(asked(index), id_="1", elapsed_ms=0)
    for citation in data["citations"]:
        del citation["stale"], citation["file_state"]
    restored = reply_of(data)
    assert isinstance(restored, Answer)
    assert not restored.citations[0].stale
    data["citations"][0]["file_state"] = "whatever"
    with pytest.raises(StoreError, match="cannot be read"):
        reply_of(data)
