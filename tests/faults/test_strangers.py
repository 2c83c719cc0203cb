"""An index from a stranger is data: it can make an answer wrong, but runs and opens nothing elsewhere."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import struct
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import faiss
import numpy as np
import pytest

from qa.corpus import FileState, file_state
from qa.errors import IndexStateError, StoreError
from qa.indexing import update_index
from qa.session import Session
from qa.settings import Settings
from qa.store import STORE_FILE, Store
from qa.vectors import open_vectors
from tests.conftest import folder_of
from tests.fakes import FakeEncoder

QUESTION = "When was the lighthouse on Grey Point built?"


@pytest.fixture
def vectors(settings: Settings) -> Path:
    """The folder of an index."""
    update_index(settings, FakeEncoder())
    return settings.vectors


def tamper(vectors: Path, *statements: str) -> None:
    """Change the store behind the program's back."""
    with closing(sqlite3.connect(vectors / STORE_FILE)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def ask(settings: Settings) -> None:
    with Session.open(settings, encoder=FakeEncoder()) as session:
        session.ask(QUESTION)
        for record in session.documents():
            session.document(record.file)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE passages SET start = 0, end = 99999999",
        "UPDATE passages SET end = 9223372036854775807",
        "UPDATE passages SET start = -5",
        "UPDATE passages SET start = 'x'",
        "UPDATE passages SET start = 1.5",
        "UPDATE passages SET end = x'00ff'",
        "UPDATE passages SET first_sentence = 'all'",
        "UPDATE passages SET document = 77",
        "UPDATE passages SET embedding = 'text'",
        "UPDATE passages SET embedding = x'00'",
        "UPDATE passages SET embedding = zeroblob(1024)||x'00'",
        "UPDATE sentences SET start = end + 1",
        "UPDATE sentences SET start = 'x'",
        "UPDATE sentences SET end = 123456789",
        "UPDATE documents SET text = x'ff'",
        "UPDATE documents SET text = 17",
        "UPDATE documents SET text = ''",
        "UPDATE documents SET title = x'41'",
        "UPDATE documents SET date = 'yesterday'",
        "UPDATE documents SET date = x'00'",
        "UPDATE documents SET size = 'large'",
        "UPDATE documents SET file = x'2e2e' WHERE id = 1",
        "UPDATE description SET value = 'many' WHERE key = 'dimension'",
        "UPDATE description SET value = '99999999999999' WHERE key = 'dimension'",
        "UPDATE description SET value = x'00' WHERE key = 'corpus'",
        "DELETE FROM description WHERE key = 'generation'",
        "DELETE FROM documents",
        "DROP TABLE passages",
        "DROP TABLE passage_words",
        "DELETE FROM passage_words_data",
        "CREATE VIEW more AS SELECT 1",
        "CREATE TRIGGER t AFTER DELETE ON documents BEGIN DELETE FROM passages; END",
    ],
)
def test_a_tampered_store_is_refused_with_the_remedy(
    settings: Settings, vectors: Path, statement: str
) -> None:
    (vectors / "faiss.json").unlink()  # so that the vectors are read from the store
    tamper(vectors, "PRAGMA foreign_keys = OFF", statement)
    with pytest.raises((StoreError, IndexStateError), match="qa index"):
        ask(settings)
    update_index(settings, FakeEncoder(), rebuild=True)
    ask(settings)


def test_a_table_that_is_a_view_is_not_looked_into(settings: Settings, vectors: Path) -> None:
    """One that never ends, for example."""
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n"
    tamper(vectors, "DROP TABLE description", f"CREATE VIEW description (key, value) AS {endless}")
    for use in (lambda: ask(settings), lambda: update_index(settings, FakeEncoder())):
        with pytest.raises(StoreError, match="holds a view or a trigger"):
            use()


def test_a_trigger_does_not_fire_when_the_index_is_brought_up_to_date(
    settings: Settings, vectors: Path
) -> None:
    tamper(
        vectors,
        "CREATE TRIGGER t AFTER INSERT ON documents BEGIN UPDATE documents SET text = 'gone'; END",
    )
    before = (vectors / STORE_FILE).read_bytes()
    (folder_of(settings) / "new.txt").write_text("Something new.")
    with pytest.raises(StoreError, match="holds a view or a trigger"):
        update_index(settings, FakeEncoder())
    assert (vectors / STORE_FILE).read_bytes() == before


@pytest.mark.parametrize(
    "file",
    ["../../etc/passwd", "/etc/passwd", "..", "link/passwd", "pipe", "a" * 5000],
    ids=lambda file: file[:20],
)
def test_a_document_that_names_a_file_elsewhere_opens_nothing_there(
    settings: Settings, vectors: Path, file: str
) -> None:
    (folder_of(settings) / "link").symlink_to("/etc")
    os.mkfifo(folder_of(settings) / "pipe")
    with closing(sqlite3.connect(vectors / STORE_FILE)) as connection:
        connection.execute("UPDATE documents SET file = ? WHERE file = 'lighthouse.txt'", (file,))
        connection.commit()
    with Session.open(settings, encoder=FakeEncoder()) as session:
        session.ask(QUESTION)
        state = file_state(settings.corpus, file, "0" * 64, settings.max_file_bytes)
        assert state in (FileState.GONE, FileState.UNREADABLE)
        # A person is told, and the next indexing drops what is not in the folder.
        assert file in session.changed_files()
    update_index(settings, FakeEncoder())
    with Store.open(vectors) as store:
        assert file not in {record.file for record in store.documents()}


def test_a_store_that_is_a_link_is_not_written_to(
    settings: Settings, vectors: Path, tmp_path: Path
) -> None:
    precious = tmp_path / "precious.sqlite"
    (vectors / STORE_FILE).rename(precious)
    content = precious.read_bytes()
    (vectors / STORE_FILE).symlink_to(precious)
    for rebuild in (False, True):
        with pytest.raises(StoreError, match="is a link to another place"):
            update_index(settings, FakeEncoder(), rebuild=rebuild)
    (vectors / STORE_FILE).unlink()
    (vectors / STORE_FILE).symlink_to(tmp_path / "made by writing through a link")
    with pytest.raises(StoreError, match="is a link to another place"):
        update_index(settings, FakeEncoder())
    assert precious.read_bytes() == content
    assert not (tmp_path / "made by writing through a link").exists()


@pytest.mark.parametrize("name", ["passages.faiss", "faiss.json"])
def test_a_derived_file_that_leads_elsewhere_is_replaced_and_not_written_through(
    settings: Settings, vectors: Path, tmp_path: Path, name: str
) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (vectors / name).unlink()
    (vectors / name).symlink_to(precious)
    update_index(settings, FakeEncoder())
    assert precious.read_text() == "mine"
    assert not (vectors / name).is_symlink()


@pytest.mark.parametrize("name", ["passages.faiss", "faiss.json", "calibration.json", STORE_FILE])
def test_a_pipe_in_the_index_is_not_waited_for(
    settings: Settings, vectors: Path, name: str
) -> None:
    (vectors / name).unlink(missing_ok=True)
    os.mkfifo(vectors / name)
    try:
        ask(settings)
        assert name.startswith(("passages", "faiss"))
    except (StoreError, IndexStateError) as error:
        assert name in (STORE_FILE, "calibration.json"), error  # noqa: PT017


def declare(vectors: Path, kind: str, data: bytes) -> None:
    """Put a FAISS file into the index with a description that says it is the right one."""
    (vectors / f"{kind}.faiss").write_bytes(data)
    path = vectors / "faiss.json"
    described = json.loads(path.read_bytes())
    described["sha256"][kind] = hashlib.sha256(data).hexdigest()
    path.write_text(json.dumps(described))


def rebuilt(vectors: Path) -> bool:
    """True if the FAISS files were not believed."""
    with Store.open(vectors) as store:
        description = store.description()
        assert description is not None
        return open_vectors(vectors, store, description.generation).rebuilt


def other_kind(_: bytes) -> bytes:
    index = faiss.index_factory(64, "HNSW8")
    index.add(np.eye(64, dtype=np.float32))
    return bytes(faiss.serialize_index(index).tobytes())


def other_dimension(_: bytes) -> bytes:
    index = faiss.IndexIDMap2(faiss.IndexFlatIP(8))
    index.add_with_ids(np.eye(8, dtype=np.float32), np.arange(8))
    return bytes(faiss.serialize_index(index).tobytes())


def number_at(offset: int, format_: str, value: int) -> Callable[[bytes], bytes]:
    def changed(data: bytes) -> bytes:
        number = struct.pack(format_, value)
        return data[:offset] + number + data[offset + len(number) :]

    changed.__name__ = f"{value} at {offset}"
    return changed


TAMPERED_FAISS: list[Callable[[bytes], bytes]] = [
    other_kind,
    other_dimension,
    number_at(0, "<4s", b"IwFl"),  # type: ignore[arg-type]
    number_at(4, "<i", -1),
    number_at(4, "<i", 2**31 - 1),
    number_at(8, "<q", -1),
    number_at(8, "<q", 2**62),
    number_at(8, "<q", 5),
    number_at(33, "<i", 1),
    number_at(37, "<4s", b"IxHe"),  # type: ignore[arg-type]
    number_at(74, "<q", 2**62),
    number_at(74, "<q", -8),
    number_at(82, "<f", float("nan")),  # type: ignore[arg-type]
    lambda data: data[:-8],
    lambda data: data + b"\x00",
    lambda data: data[:40],
    lambda _: b"",
]


@pytest.mark.parametrize("tampered", TAMPERED_FAISS, ids=lambda function: function.__name__)
def test_a_faiss_file_that_is_not_such_an_index_never_reaches_faiss(
    vectors: Path, tampered: Callable[[bytes], bytes]
) -> None:
    assert not rebuilt(vectors)
    declare(vectors, "passages", tampered((vectors / "passages.faiss").read_bytes()))
    assert rebuilt(vectors)


def test_a_faiss_file_with_other_numbers_is_believed_and_answers_wrongly_at_worst(
    settings: Settings, vectors: Path
) -> None:
    data = bytearray((vectors / "passages.faiss").read_bytes())
    data[-8:] = struct.pack("<q", 4711)  # a passage that there is not
    declare(vectors, "passages", bytes(data))
    with pytest.raises(StoreError, match=r"passage 4711 is missing.* qa index --rebuild"):
        ask(settings)
