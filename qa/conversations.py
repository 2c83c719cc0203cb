"""Conversations, kept in a SQLite file of their own beside the index: re-indexing never touches it.

Every call opens the file, does its one transaction and closes it, so that two chats can keep their turns
in it at once, and a kill loses nothing that :func:`keep` has returned from.
"""

from __future__ import annotations

import json
import shlex
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import NoneType
from typing import Any

from qa.database import (
    Kind,
    connect,
    corrupt,
    require_own_file,
    require_plain_tables,
    sqlite_errors,
    typed,
)
from qa.errors import StoreError, UsageError
from qa.roots import corpus_words

__all__ = [
    "CONVERSATIONS_FILE",
    "Conversation",
    "ConversationRecord",
    "KeptTurn",
    "delete",
    "keep",
    "latest",
    "load",
    "name_of",
    "records",
]

CONVERSATIONS_FILE = "conversations.db"
#: Raised whenever a file written before cannot be read as it is any more.
FORMAT_VERSION = 1
#: A conversation is named by its first question, cut to so many characters.
LONGEST_NAME = 80

TABLES = """
CREATE TABLE conversations (
    -- AUTOINCREMENT: the number of a deleted conversation never becomes another's.
    id INTEGER PRIMARY KEY AUTOINCREMENT, corpus TEXT NOT NULL, name TEXT NOT NULL,
    created TEXT NOT NULL, last_asked TEXT NOT NULL
);
CREATE TABLE turns (
    id INTEGER PRIMARY KEY,
    conversation INTEGER NOT NULL REFERENCES conversations ON DELETE CASCADE,
    question TEXT NOT NULL, understood_as TEXT, files TEXT, reply TEXT NOT NULL, asked TEXT NOT NULL
);
CREATE INDEX turns_of_conversation ON turns (conversation);
"""

_KIND = Kind(
    "conversations file",
    "conversations",
    "the conversations are as they were",
    "A new one is begun once it is out of the way: mv {path} {path}.bak",
)
_RECORDS = """
SELECT id, name, corpus, created, last_asked,
    (SELECT count(*) FROM turns WHERE conversation = conversations.id)
FROM conversations
"""


@dataclass(frozen=True, slots=True)
class ConversationRecord:
    """A conversation as listed, without its turns."""

    id: int | None
    """``None`` for one that could not be kept."""
    name: str
    """Its first question, shortened."""
    corpus: str
    """The folder of documents that it was last held with, as an absolute path."""
    created: datetime
    last_asked: datetime
    questions: int


@dataclass(frozen=True, slots=True)
class KeptTurn:
    """A question with its reply."""

    question: str
    """As it was typed."""
    understood_as: str | None
    """As it was asked of the documents, where that is another."""
    files: tuple[str, ...] | None
    """The documents that it was restricted to; ``None`` for all."""
    reply: dict[str, Any]
    """As :func:`qa.render.as_data` gives it."""
    asked: datetime


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation with its turns, in their order."""

    record: ConversationRecord
    turns: tuple[KeptTurn, ...]


def keep(folder: Path, id_: int | None, corpus: str, turns: Sequence[KeptTurn]) -> int:
    """Append ``turns`` to a conversation and return its id; on the disk when this returns.

    Without an id, or where that conversation has been deleted meanwhile, a new one begins.

    Raises:
        StoreError: the file is corrupt, of a newer format, held by another process, or cannot be written.
    """
    last = turns[-1].asked.isoformat()
    with _opened(folder, "mode=rwc") as connection, _transaction(connection):
        _prepare(connection, folder)
        if id_ is not None:
            known = connection.execute(
                "UPDATE conversations SET last_asked = ?, corpus = ? WHERE id = ?",
                (last, corpus, id_),
            )
            id_ = id_ if known.rowcount else None
        if id_ is None:
            made = connection.execute(
                "INSERT INTO conversations (corpus, name, created, last_asked) VALUES (?, ?, ?, ?)",
                (corpus, name_of(turns[0].question), turns[0].asked.isoformat(), last),
            )
            id_ = made.lastrowid
            assert id_ is not None
        connection.executemany(
            "INSERT INTO turns (conversation, question, understood_as, files, reply, asked) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            [
                (
                    id_,
                    turn.question,
                    turn.understood_as,
                    json.dumps(turn.files) if turn.files is not None else None,
                    json.dumps(turn.reply, ensure_ascii=False),
                    turn.asked.isoformat(),
                )
                for turn in turns
            ],
        )
    return id_


def records(folder: Path) -> list[ConversationRecord]:
    """All conversations of ``folder``, the one asked last first; none where there is no file.

    Raises:
        StoreError: the file is corrupt, of a newer format, or cannot be read.
    """
    with _reading(folder) as connection:
        if connection is None:
            return []
        rows = connection.execute(f"{_RECORDS} ORDER BY last_asked DESC, id DESC")
        return [_record(row) for row in rows]


def latest(folder: Path, corpus: str) -> ConversationRecord:
    """The conversation about ``corpus`` that was asked last.

    Raises:
        UsageError: there is none.
        StoreError: as :func:`records`.
    """
    listed = records(folder)
    for record in listed:
        if record.corpus == corpus:
            return record
    others = ""
    if listed:
        others = f"; there are {len(listed)} about other folders, which qa conversations lists"
    raise UsageError(f"No conversation about {corpus_words(corpus)} is kept in {folder}{others}.")


def load(folder: Path, id_: int) -> Conversation:
    """The conversation of that id with all its turns.

    Raises:
        UsageError: there is none.
        StoreError: as :func:`records`.
    """
    with _reading(folder) as connection:
        row = None
        if connection is not None:
            row = connection.execute(f"{_RECORDS} WHERE id = ?", (id_,)).fetchone()
        if connection is None or row is None:
            raise _unknown(folder, id_)
        turns = connection.execute(
            "SELECT question, understood_as, files, reply, asked FROM turns "
            "WHERE conversation = ? ORDER BY id",
            (id_,),
        )
        return Conversation(
            _record(row), tuple(_turn(number, values) for number, values in enumerate(turns, 1))
        )


def delete(folder: Path, id_: int) -> str:
    """Delete a conversation for good and return its name: what it said is overwritten in the file.

    Raises:
        UsageError: there is none.
        StoreError: as :func:`keep`.
    """
    if not (folder / CONVERSATIONS_FILE).is_file():
        raise _unknown(folder, id_)
    with _opened(folder, "mode=rw") as connection, _transaction(connection):
        _prepare(connection, folder)
        deleted = connection.execute(
            "DELETE FROM conversations WHERE id = ? RETURNING name", (id_,)
        ).fetchall()
        if not deleted:
            raise _unknown(folder, id_)
    return str(deleted[0][0])


def name_of(question: str) -> str:
    """The name of a conversation that begins with ``question``."""
    line = " ".join(question.split())
    return line if len(line) <= LONGEST_NAME else f"{line[: LONGEST_NAME - 1].rstrip()}…"


@contextmanager
def _opened(folder: Path, mode: str) -> Iterator[sqlite3.Connection]:
    """The file, open; whatever goes wrong with it becomes a sentence."""
    path = folder / CONVERSATIONS_FILE
    require_own_file(path, _KIND)
    with closing(connect(path, mode, _KIND)) as connection, sqlite_errors(path, _KIND):
        # No WAL, unlike the store: a log beside the file could hold what was deleted. EXTRA: the end of
        # the rollback journal is on the disk too when a transaction is done.
        connection.execute("PRAGMA synchronous = EXTRA")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA foreign_keys = ON")
        yield connection


@contextmanager
def _reading(folder: Path) -> Iterator[sqlite3.Connection | None]:
    """The file, open for reading in one snapshot; ``None`` if nothing was ever kept."""
    path = folder / CONVERSATIONS_FILE
    if not path.is_file():
        yield None
        return
    # Not mode=ro: whoever comes first after a kill has to roll back what was begun.
    with _opened(folder, "mode=rw") as connection:
        connection.execute("BEGIN")
        try:
            yield connection if _format(connection, folder) else None
        except (ValueError, TypeError, RecursionError) as error:
            # What it holds is not what was written: damaged, or changed by hand.
            raise corrupt(path, str(error), _KIND) from error


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if connection.in_transaction:  # some errors have rolled it back by themselves
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _prepare(connection: sqlite3.Connection, folder: Path) -> None:
    """Make the tables in a new file."""
    if _format(connection, folder):
        return
    for statement in TABLES.split(";\n"):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {FORMAT_VERSION}")


def _format(connection: sqlite3.Connection, folder: Path) -> int:
    """The format of the file, 0 for one that holds nothing yet."""
    path = folder / CONVERSATIONS_FILE
    require_plain_tables(connection, path, _KIND)
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > FORMAT_VERSION:
        raise StoreError(
            f"The conversations file {path} was written by a newer qa (format {version}, this one "
            f"reads {FORMAT_VERSION}); update qa, or begin a new file: "
            f"mv {shlex.quote(str(path))} {shlex.quote(f'{path}.bak')}"
        )
    if not version and connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise corrupt(path, "it holds something else", _KIND)
    return version


def _record(row: tuple[Any, ...]) -> ConversationRecord:
    id_, name, corpus, created, last_asked, questions = typed(row, int, str, str, str, str, int)
    return ConversationRecord(
        id_, name, corpus, _moment(created), _moment(last_asked), int(questions)
    )


def _turn(number: int, row: tuple[Any, ...]) -> KeptTurn:
    question, understood_as, files, reply, asked = typed(
        row, str, (str, NoneType), (str, NoneType), str, str
    )
    data = json.loads(reply)
    if not isinstance(data, dict):
        raise ValueError("a reply is no object")
    # Two chats may have kept turns in one conversation; each has the number at which it stands.
    return KeptTurn(
        question,
        understood_as,
        tuple(map(str, json.loads(files))) if files is not None else None,
        {**data, "id": str(number)},
        _moment(asked),
    )


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _unknown(folder: Path, id_: int) -> UsageError:
    return UsageError(
        f"There is no conversation {id_} in {folder}; qa conversations lists those that are kept."
    )
