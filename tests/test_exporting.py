"""Conversations as files: golden ones, and what must never get through.

The golden files are written anew with: python -m tests.test_exporting
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from qa.conversations import Conversation
from qa.errors import InputFileError, StoreError
from qa.exporting import FORMATS, exported, free_path, write_export
from qa.receipts.check import CheckedAnswer, Status, check_answers
from qa.receipts.sources import Sources
from qa.render import as_data, one_line
from tests.fakes_conversations import EVIL, MILL, NOON, hostile_conversation

GOLDEN = Path(__file__).parent / "data" / "conversation"
SHOWN = one_line(EVIL)


@pytest.mark.parametrize("format_", FORMATS)
def test_golden_files(format_: str) -> None:
    expected = GOLDEN.with_suffix(f".{format_}").read_text(encoding="utf-8")
    assert exported(hostile_conversation(), format_) == expected


@pytest.mark.parametrize("format_", ["md", "html"])
def test_what_a_person_reads_holds_no_escapes_and_no_overrides(format_: str) -> None:
    text = exported(hostile_conversation(), format_)
    assert not set("\x1b\u202e\u2066\x07") & set(text)


class Page(HTMLParser):
    """Takes a page apart: its elements, their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_a_page_holds_no_script_and_loads_nothing() -> None:
    page = Page(exported(hostile_conversation(), "html"))
    assert not {"script", "img", "link", "iframe", "a", "object", "svg"} & set(page.elements)
    assert {name for name, _ in page.attributes} == {
        *("charset", "class", "content", "dir", "http-equiv", "lang", "name", "value")
    }
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes
    assert "url(" not in exported(hostile_conversation(), "html")


def test_a_page_shows_the_very_characters_of_question_quote_title_and_file() -> None:
    conversation = hostile_conversation()
    page = Page(exported(conversation, "html"))
    assert f"When was it? {SHOWN}" in page.text  # the title and the heading
    assert f"- {SHOWN}" in page.text
    assert f"Understood as: When was {SHOWN}?" in page.text
    assert f"Asked only of: a.txt, {SHOWN}.txt" in page.text
    assert page.text.count(f"{SHOWN} in 1812") == 2  # as the answer, and marked in its sentence
    assert f"{SHOWN}.txt:1" in page.text
    assert conversation.record.corpus in page.text


def test_markdown_shows_the_very_characters_too() -> None:
    tokens = MarkdownIt("commonmark").parse(exported(hostile_conversation(), "md"))
    lines = [
        "".join(child.content for child in token.children or ())
        for token in tokens
        if token.type == "inline"
    ]
    assert lines[0] == f"When was it? {SHOWN}"
    assert f"- {SHOWN}" in lines
    assert f"Understood as: When was {SHOWN}?" in lines
    assert not any(token.type.startswith("html") for token in tokens)


def test_json_is_one_object_whose_turns_are_what_qa_ask_prints() -> None:
    conversation = hostile_conversation()
    data = json.loads(exported(conversation, "json"))
    assert (data["id"], data["questions"], len(data["turns"])) == (3, 3, 3)
    more = {"files", "asked"}
    first = {key: value for key, value in data["turns"][0].items() if key not in more}
    assert first == conversation.turns[0].reply
    assert data["turns"][1]["question"] == f"- {EVIL}"  # as it was typed
    assert data["turns"][1]["files"] == ["a.txt", f"{EVIL}.txt"]


@pytest.mark.parametrize("format_", ["json", "jsonl"])
def test_what_is_data_holds_receipts_that_qa_check_verifies(tmp_path: Path, format_: str) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "a.txt").write_text("An old mill. It burned down in 1812, they say. The end.")
    conversation = hostile_conversation()
    turns = (replace(conversation.turns[0], reply=as_data(MILL, id_="1", elapsed_ms=1)),)
    path = tmp_path / f"answers.{format_}"
    write_export(Conversation(conversation.record, turns), format_, path)
    (checked,) = check_answers(path, Sources(corpus, 10**6))
    assert isinstance(checked, CheckedAnswer)
    assert [finding.status for finding in checked.findings] == [Status.OK]


def test_a_file_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    conversation = hostile_conversation()
    path = free_path(conversation, "md", tmp_path)
    assert path.name == "conversation-3.md"
    path.write_text("mine")
    with pytest.raises(InputFileError, match=r"conversation-3\.md is there already; name another"):
        write_export(conversation, "md", path)
    assert path.read_text() == "mine"
    (tmp_path / "conversation-3-2.md").symlink_to("nowhere")
    write_export(conversation, "md", free_path(conversation, "md", tmp_path))
    assert sorted(os.listdir(tmp_path)) == [
        *("conversation-3-2.md", "conversation-3-3.md", "conversation-3.md")
    ]


def test_a_conversation_that_could_not_be_kept_has_a_name_without_number(tmp_path: Path) -> None:
    conversation = hostile_conversation()
    unkept = Conversation(replace(conversation.record, id=None), conversation.turns)
    assert free_path(unkept, "html", tmp_path).name == "conversation.html"


def test_a_file_that_cannot_be_written_is_an_error_in_words(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match=r"cannot be written \(No such file or directory\)"):
        write_export(hostile_conversation(), "md", tmp_path / "nowhere" / "out.md")
    with pytest.raises(InputFileError, match="is there already"):
        write_export(hostile_conversation(), "md", tmp_path)


@pytest.mark.parametrize("format_", FORMATS)
def test_what_is_no_reply_is_not_exported(format_: str) -> None:
    conversation = hostile_conversation()
    turn = replace(conversation.turns[0], reply={"answer": "<script>", "asked": str(NOON)})
    with pytest.raises(StoreError, match="cannot be read"):
        exported(Conversation(conversation.record, (turn,)), format_)


if __name__ == "__main__":
    for name in FORMATS:
        GOLDEN.with_suffix(f".{name}").write_text(
            exported(hostile_conversation(), name), encoding="utf-8"
        )
