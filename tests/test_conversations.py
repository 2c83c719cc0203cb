"""Conversations on the disk: kept at once, found again, and deleted for good."""

from __future__ import annotations

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from qa.answer import Citation, Reply
from qa.conversations import (
    CONVERSATIONS_FILE,
    LONGEST_NAME,
    delete,
    keep,
    latest,
    load,
    name_of,
    records,
)
from qa.errors import StoreError, UsageError
from qa.indexing import update_index
from qa.render import as_data
from qa.restoring import cited_document, reply_of
from qa.session import Session
from qa.settings import Settings
from qa.store import STORE_FILE
from tests.commands import environment
from tests.conftest import bound_by_permissions, folder_of
from tests.fakes import FakeEncoder
from tests.fakes_conversations import ABSTAINED, EVIL, MILL, NOON, kept

CORPUS = "/texts"


def questions(folder: Path, id_: int) -> list[str]:
    """The questions of a conversation, in their order."""
    return [turn.question for turn in load(folder, id_).turns]


def test_a_turn_is_read_back_as_it_was_kept(tmp_path: Path) -> None:
    turns = (
        kept(EVIL, MILL),
        kept("And why?", ABSTAINED, understood_as="Why the mill?", files=("a.txt",), number=2),
    )
    id_ = keep(tmp_path, None, CORPUS, turns)
    conversation = load(tmp_path, id_)
    assert conversation.turns == turns
    assert conversation.record.name == name_of(EVIL)
    assert conversation.record.corpus == CORPUS


def test_a_conversation_goes_on_where_it_was_left(tmp_path: Path) -> None:
    id_ = keep(tmp_path, None, CORPUS, [kept("One?")])
    assert keep(tmp_path, id_, "/moved", [kept("Two?", minutes=5)]) == id_
    (record,) = records(tmp_path)
    assert (record.name, record.questions, record.corpus) == ("One?", 2, "/moved")
    assert record.created == NOON
    assert (record.last_asked - record.created).total_seconds() == 300
    assert [turn.reply["id"] for turn in load(tmp_path, id_).turns] == ["1", "2"]


def test_the_conversation_asked_last_is_listed_first(tmp_path: Path) -> None:
    first = keep(tmp_path, None, CORPUS, [kept("First?")])
    second = keep(tmp_path, None, "/other", [kept("Second?", minutes=1)])
    assert [record.id for record in records(tmp_path)] == [second, first]
    assert latest(tmp_path, CORPUS).id == first
    keep(tmp_path, first, CORPUS, [kept("Third?", minutes=2)])
    assert [record.id for record in records(tmp_path)] == [first, second]


def test_a_conversation_is_named_by_its_first_question_shortened() -> None:
    assert name_of("When \n was\tit?") == "When was it?"
    assert len(name_of("word " * 100)) <= LONGEST_NAME
    assert name_of("word " * 100).endswith("word…")


def test_a_folder_without_conversations_has_none_and_none_is_made(tmp_path: Path) -> None:
    assert records(tmp_path) == []
    with pytest.raises(UsageError, match=r"There is no conversation 3 in .*; qa conversations"):
        load(tmp_path, 3)
    with pytest.raises(UsageError, match="There is no conversation 3"):
        delete(tmp_path, 3)
    with pytest.raises(UsageError, match=r"No conversation about /texts is kept in .*\.$"):
        latest(tmp_path, CORPUS)
    assert list(tmp_path.iterdir()) == []


def test_without_one_about_this_corpus_the_others_are_pointed_to(tmp_path: Path) -> None:
    keep(tmp_path, None, "/other", [kept()])
    with pytest.raises(UsageError, match="1 about other folders, which qa conversations lists"):
        latest(tmp_path, CORPUS)


def test_two_chats_keep_their_turns_at_once(tmp_path: Path) -> None:
    shared = keep(tmp_path, None, CORPUS, [kept("Shared?")])

    def talk(name: str) -> int:
        own: int | None = None
        for number in range(15):
            keep(tmp_path, shared, CORPUS, [kept(f"{name}{number}")])
            own = keep(tmp_path, own, CORPUS, [kept(f"{name}{number}")])
        assert own is not None
        return own

    with ThreadPoolExecutor(2) as chats:
        own = list(chats.map(talk, "ab"))
    for name, id_ in zip("ab", own, strict=True):
        expected = [f"{name}{number}" for number in range(15)]
        assert questions(tmp_path, id_) == expected
        assert [q for q in questions(tmp_path, shared) if q.startswith(name)] == expected
    numbers = [turn.reply["id"] for turn in load(tmp_path, shared).turns]
    assert numbers == [str(number) for number in range(1, 32)]


KILLED = """
import os, signal, sqlite3, sys
from pathlib import Path
from qa.conversations import CONVERSATIONS_FILE, keep
from tests.fakes_conversations import kept

folder = Path(sys.argv[1])
assert keep(folder, None, "/texts", [kept("Kept?")]) == 1
connection = sqlite3.connect(folder / CONVERSATIONS_FILE, isolation_level=None)
connection.execute("PRAGMA cache_size = 2")  # so that what is begun reaches the disk
connection.execute("BEGIN IMMEDIATE")
for number in range(50):
    connection.execute(
        "INSERT INTO turns (conversation, question, reply, asked) VALUES (1, ?, '{}', '')",
        ("Half? " * 1_000,),
    )
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_chat_loses_nothing_that_was_kept(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, tmp_path], env=environment(), check=False, timeout=60
    )
    assert done.returncode == -signal.SIGKILL
    assert b"Half?" in (tmp_path / CONVERSATIONS_FILE).read_bytes()  # it was in the middle of it
    assert questions(tmp_path, 1) == ["Kept?"]
    keep(tmp_path, 1, CORPUS, [kept("And on?")])
    assert questions(tmp_path, 1) == ["Kept?", "And on?"]


def test_what_is_deleted_leaves_nothing_in_the_file(tmp_path: Path) -> None:
    shuffled = random.Random(1)
    secrets: dict[int, str] = {}
    for number in range(40):
        # From one cell of a page to many pages of their own.
        secret = f"SECRET-{number:03}-"
        turns = [
            kept(secret * shuffled.choice([1, 20, 400])) for _ in range(shuffled.randint(1, 5))
        ]
        id_ = keep(tmp_path, None, CORPUS, [replace(t, files=(secret,)) for t in turns])
        secrets[id_] = secret
        if shuffled.random() < 0.5:
            gone = shuffled.choice(list(secrets))
            name = delete(tmp_path, gone)
            assert name.startswith(secrets[gone])
            content = (tmp_path / CONVERSATIONS_FILE).read_bytes()
            assert secrets.pop(gone).encode() not in content
            assert all(left.encode() in content for left in secrets.values())
    assert [path.name for path in tmp_path.iterdir()] == [CONVERSATIONS_FILE]
    assert {record.id for record in records(tmp_path)} == set(secrets)


def test_the_number_of_a_deleted_conversation_is_never_given_again(tmp_path: Path) -> None:
    id_ = keep(tmp_path, None, CORPUS, [kept()])
    delete(tmp_path, id_)
    assert keep(tmp_path, None, CORPUS, [kept()]) == id_ + 1
    with pytest.raises(UsageError):
        load(tmp_path, id_)


def test_a_conversation_deleted_by_another_chat_is_not_brought_back(tmp_path: Path) -> None:
    id_ = keep(tmp_path, None, CORPUS, [kept("One?")])
    delete(tmp_path, id_)
    again = keep(tmp_path, id_, CORPUS, [kept("Two?")])
    assert again != id_
    assert questions(tmp_path, again) == ["Two?"]


def refused(folder: Path, match: str) -> None:
    """Every use of the file says so, and leaves it as it is."""
    before = (folder / CONVERSATIONS_FILE).read_bytes()
    uses: list[Callable[[], object]] = [
        lambda: keep(folder, None, CORPUS, [kept()]),
        lambda: records(folder),
        lambda: load(folder, 1),
        lambda: delete(folder, 1),
    ]
    for use in uses:
        with pytest.raises(StoreError, match=match):
            use()
    assert (folder / CONVERSATIONS_FILE).read_bytes() == before


@pytest.mark.parametrize("damage", ["random bytes", "cut to its first bytes", "another database"])
def test_a_corrupt_file_is_named_with_what_to_do(
    tmp_path: Path, chatty: Settings, damage: str
) -> None:
    keep(tmp_path, None, CORPUS, [kept()])
    path = tmp_path / CONVERSATIONS_FILE
    sound = path.read_bytes()
    if damage == "another database":
        shutil.copy(chatty.vectors / STORE_FILE, path)
    else:
        noise = random.Random(0).randbytes(len(sound))
        path.write_bytes({"random bytes": noise, "cut to its first bytes": sound[:99]}[damage])
    refused(tmp_path, r"conversations file .* is corrupt .* mv .*conversations\.db")


def test_a_file_of_a_newer_format_is_left_alone(tmp_path: Path) -> None:
    keep(tmp_path, None, CORPUS, [kept()])
    with sqlite3.connect(tmp_path / CONVERSATIONS_FILE) as connection:
        connection.execute("PRAGMA user_version = 2")
    connection.close()
    refused(tmp_path, r"was written by a newer qa \(format 2, this one reads 1\); update qa, or")


def test_what_was_changed_by_hand_is_corrupt_but_can_be_deleted(tmp_path: Path) -> None:
    id_ = keep(tmp_path, None, CORPUS, [kept()])
    with sqlite3.connect(tmp_path / CONVERSATIONS_FILE) as connection:
        connection.execute("UPDATE turns SET reply = '[1'")
    connection.close()
    with pytest.raises(StoreError, match="is corrupt"):
        load(tmp_path, id_)
    delete(tmp_path, id_)
    assert records(tmp_path) == []


def test_a_file_that_cannot_be_opened_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / CONVERSATIONS_FILE).mkdir()
    with pytest.raises(StoreError, match=r"conversations file .* cannot be used"):
        keep(tmp_path, None, CORPUS, [kept()])


def test_in_a_folder_that_may_not_be_written_conversations_are_read(tmp_path: Path) -> None:
    id_ = keep(tmp_path, None, CORPUS, [kept()])
    path = tmp_path / CONVERSATIONS_FILE
    path.chmod(0o400)
    tmp_path.chmod(0o500)
    try:
        with bound_by_permissions(tmp_path):
            assert questions(tmp_path, id_) == ["When was it?"]
            with pytest.raises(StoreError, match="cannot be used"):
                keep(tmp_path, id_, CORPUS, [kept()])
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize("rebuild", [False, True], ids=["update", "rebuild"])
def test_indexing_leaves_conversations_alone(chatty: Settings, rebuild: bool) -> None:
    id_ = keep(chatty.vectors, None, CORPUS, [kept()])
    before = (chatty.vectors / CONVERSATIONS_FILE).read_bytes()
    (folder_of(chatty) / "new.txt").write_text("A new file.", encoding="utf-8")
    update_index(chatty, FakeEncoder(), rebuild=rebuild)
    assert (chatty.vectors / CONVERSATIONS_FILE).read_bytes() == before
    assert questions(chatty.vectors, id_) == ["When was it?"]


# Replies and documents, back


@pytest.mark.parametrize("reply", [MILL, ABSTAINED, replace(ABSTAINED, rejected=None)])
def test_a_reply_comes_back_from_its_data(reply: Reply) -> None:
    assert reply_of(as_data(reply, id_="1", elapsed_ms=5)) == reply


@pytest.mark.parametrize(
    "change",
    [
        {"answer": "1813"},
        {"citations": []},
        {"citations": [{"n": 1}]},
        {"citations": 7},
        {"question": None},
        {"confidence": "much"},
    ],
    ids=str,
)
def test_what_is_no_reply_is_refused_in_words(change: dict[str, object]) -> None:
    with pytest.raises(StoreError, match=r"A kept reply cannot be read \(.*\); ask its question"):
        reply_of({**as_data(MILL, id_="1", elapsed_ms=5), **change})


def test_a_quote_that_is_not_in_its_sentence_is_refused() -> None:
    data = as_data(MILL, id_="1", elapsed_ms=5)
    data["citations"][0]["start"] += 1
    data["citations"][0]["end"] += 1
    with pytest.raises(StoreError, match="does not stand in its sentence"):
        reply_of(data)


@pytest.fixture
def cited(chatty: Settings) -> Citation:
    """What ``chatty`` cites from its lighthouse."""
    with Session.open(chatty, encoder=FakeEncoder()) as session:
        reply = session.ask("When was the lighthouse on Grey Point built?")
    (citation, *_) = reply_of(as_data(reply, id_="1", elapsed_ms=5)).citations  # type: ignore[union-attr]
    assert citation.file == "lighthouse.txt"
    return citation


def test_a_cited_document_is_found_in_the_folder(chatty: Settings, cited: Citation) -> None:
    (chatty.vectors / STORE_FILE).unlink()
    document = cited_document(chatty, cited)
    assert document is not None
    assert cited.span.of(document.text) == cited.quote


@pytest.mark.parametrize("change", ["other text", "gone", "binary"])
def test_of_a_changed_file_the_text_is_taken_from_the_index_while_that_has_it(
    chatty: Settings, cited: Citation, change: str
) -> None:
    path = folder_of(chatty) / cited.file
    if change == "gone":
        path.unlink()
    else:
        path.write_bytes({"other text": b"Something else.", "binary": b"\0\0"}[change])
    document = cited_document(chatty, cited)
    assert document is not None
    assert cited.span.of(document.text) == cited.quote
    update_index(chatty, FakeEncoder())
    assert cited_document(chatty, cited) is None


def test_offsets_that_do_not_fit_the_document_are_not_shown_in_it(
    chatty: Settings, cited: Citation
) -> None:
    assert cited_document(chatty, replace(cited, quote="1899")) is None
    assert cited_document(chatty, replace(cited, file="../secret.txt")) is None
