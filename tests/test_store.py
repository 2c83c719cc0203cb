"""The store changes whole or not at all, reads what was written, and says in words what is wrong."""

from __future__ import annotations

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from qa.documents import document_from
from qa.errors import IndexStateError, StoreError
from qa.indexing import update_index
from qa.metadata import Metadata
from qa.passages import split_passages
from qa.schema import FORMAT_VERSION, IndexDescription
from qa.settings import Settings
from qa.store import STORE_FILE, Store
from tests.conftest import bound_by_permissions
from tests.fakes import FakeEncoder

FILES = ["bees.txt", "ferry.txt", "lighthouse.txt", "nested/orchard.txt"]
ROOT = Path(__file__).parent.parent


@pytest.fixture
def folder(settings: Settings) -> Path:
    """The folder of an index of the corpus."""
    update_index(settings, FakeEncoder())
    return settings.vectors


def add(store: Store, file: str, text: str) -> None:
    encoder = FakeEncoder()
    document = document_from(file, text.encode(), Metadata("A title", date(2023, 5, 14)))
    passages = split_passages(
        text, header="", count_tokens=encoder.count_tokens, max_tokens=254, max_words=20
    )
    spans = sorted({span for passage in passages for span in passage.sentences})
    vectors = encoder.embed_documents([passage.span.of(text) for passage in passages])
    store.add(
        document, passages, vectors, spans, encoder.embed_documents([s.of(text) for s in spans])
    )


def files(folder: Path) -> list[str]:
    with Store.open(folder) as store:
        return [record.file for record in store.documents()]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def impatient(folder: Path) -> Store:
    """A store that does not wait for another writer."""
    connection = sqlite3.connect(folder / STORE_FILE, timeout=0, isolation_level=None)
    return Store(connection, folder / STORE_FILE)


def test_what_was_added_is_read_back(folder: Path) -> None:
    text = " ".join(f"Sentence number {n} is short.\n" for n in range(9))
    with Store.open_for_writing(folder) as store:
        with store.transaction():
            add(store, "new.txt", text)
        record = next(record for record in store.documents() if record.file == "new.txt")
        document = store.document(record.id)
        ids, vectors = store.passage_vectors()
        passages = [store.passage(id_) for id_ in ids]
    assert (document.text, document.title, document.date) == (text, "A title", date(2023, 5, 14))
    assert (record.sha256, record.size) == (document.sha256, len(text))
    mine = [passage for passage in passages if passage.document == record.id]
    assert len(mine) == record.passages == 3
    assert mine[0].sentences[-1] == mine[1].sentences[0]
    assert mine[0].span.of(text).startswith("Sentence number 0")
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-6)


def test_a_shared_sentence_leads_to_both_of_its_passages(folder: Path) -> None:
    with Store.open_for_writing(folder) as store:
        with store.transaction():
            add(store, "new.txt", " ".join(f"Sentence number {n} is short." for n in range(9)))
        *_, before, after = [store.passage(id_) for id_ in store.passage_vectors()[0]]
        shared, own = after.sentences[0].id, after.sentences[-1].id
        found = store.passages_with_sentences([shared, own])
        assert sorted(found) == [(shared, before.id), (shared, after.id), (own, after.id)]
        assert store.passages_with_sentences([]) == []


def test_a_removed_document_leaves_nothing_behind(folder: Path) -> None:
    with Store.open_for_writing(folder) as store:
        with store.transaction():
            store.remove("lighthouse.txt")
        assert store.search_words(["lighthouse"], 10) == []
        assert store.passage_count() == len(store.passage_vectors()[0]) == 3
        held = {s.id for id_ in store.passage_vectors()[0] for s in store.passage(id_).sentences}
        assert set(store.sentence_vectors()[0]) <= held


def fail_midway(store: Store) -> None:
    with store.transaction():
        store.remove("bees.txt")
        add(store, "new.txt", "Something new.")
        raise KeyError


def test_an_error_inside_a_transaction_takes_everything_back(folder: Path) -> None:
    with Store.open_for_writing(folder) as store:
        with pytest.raises(KeyError):
            fail_midway(store)
        assert [record.file for record in store.documents()] == FILES
        assert len(store.search_words(["hive"], 10)) == 1


@pytest.mark.parametrize(("commits", "expected"), [(False, FILES), (True, FILES[1:])])
def test_a_killed_process_leaves_the_old_index_or_the_new_one(
    folder: Path, commits: bool, expected: list[str]
) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path; from qa.store import Store\n"
        "with Store.open_for_writing(Path(sys.argv[1])) as store:\n"
        "    with store.transaction():\n"
        "        store.remove('bees.txt')\n"
        f"        {'pass' if commits else 'os.kill(os.getpid(), signal.SIGKILL)'}\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program, folder], cwd=ROOT, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert files(folder) == expected


def test_a_second_writer_is_refused_in_words(folder: Path) -> None:
    with (
        Store.open_for_writing(folder) as first,
        impatient(folder) as second,
        first.transaction(),
        pytest.raises(StoreError, match="Another process is writing the index"),
        second.transaction(),
    ):
        second.remove("bees.txt")
    assert files(folder) == FILES


def test_a_reader_sees_the_old_index_until_the_writer_is_done(folder: Path) -> None:
    with Store.open_for_writing(folder) as writer, Store.open(folder) as reader:
        with reader.snapshot():
            assert reader.passage_count() == 4
            with writer.transaction():
                writer.remove("bees.txt")
            assert reader.passage_count() == 4
        assert reader.passage_count() == 3


def test_a_full_disk_leaves_the_index_as_it_was(folder: Path) -> None:
    path = folder / STORE_FILE
    connection = sqlite3.connect(path, isolation_level=None)
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    with (
        Store(connection, path) as store,
        pytest.raises(StoreError, match="is full; the index is as it was"),
        store.transaction(),
    ):
        add(store, "new.txt", "A sentence that takes some room. " * 1_000)
    assert files(folder) == FILES


def test_reading_leaves_the_folder_as_it_was(folder: Path) -> None:
    before = contents(folder)
    with Store.open(folder) as store, store.snapshot():
        store.description()
        store.search_words(["hive"], 10)
    assert contents(folder) == before


def test_an_index_in_a_folder_that_may_not_be_written_is_read(folder: Path) -> None:
    folder.chmod(0o500)
    try:
        with bound_by_permissions(folder):
            assert files(folder) == FILES
    finally:
        folder.chmod(0o700)


def test_who_may_not_write_the_folder_sees_what_others_write_there(folder: Path) -> None:
    folder.chmod(0o500)
    with bound_by_permissions(folder):
        reader = Store.open(folder)
        with reader.snapshot():
            assert [record.file for record in reader.documents()] == FILES
    folder.chmod(0o700)
    with Store.open_for_writing(folder) as store, store.transaction():
        for number in range(60):
            add(store, f"new-{number:02}.txt", "The mast is high. " * 200)
    folder.chmod(0o500)
    with bound_by_permissions(folder), reader, reader.snapshot():
        assert len(reader.documents()) == len(FILES) + 60
    folder.chmod(0o700)


@pytest.mark.parametrize("what", ["whole", "damaged"])
def test_what_is_written_while_such_a_reader_reads_is_said_as_it_is(
    folder: Path, what: str
) -> None:
    folder.chmod(0o500)
    with bound_by_permissions(folder):
        reader = Store.open(folder)
    folder.chmod(0o700)

    def read_while_it_is_written() -> None:
        with reader, reader.snapshot():
            if what == "damaged":
                (folder / STORE_FILE).write_bytes(b"\0" * 50_000)
            else:
                with Store.open_for_writing(folder) as store, store.transaction():
                    add(store, "new.txt", "The mast is high. " * 2_000)
            reader.documents()

    with pytest.raises(StoreError, match="was written by another process meanwhile; ask again"):
        read_while_it_is_written()


def test_a_store_opened_for_reading_cannot_be_written(folder: Path) -> None:
    with (
        Store.open(folder) as store,
        pytest.raises(StoreError, match="cannot be used"),
        store.transaction(),
    ):
        store.remove("bees.txt")
    assert files(folder) == FILES


@pytest.mark.parametrize(
    "damage", ["random bytes", "cut to a half", "cut to its first bytes", "overwritten"]
)
def test_a_corrupt_store_is_named_with_the_command_that_mends_it_and_not_touched(
    folder: Path, damage: str
) -> None:
    path = folder / STORE_FILE
    sound = path.read_bytes()
    noise = random.Random(0).randbytes(len(sound))
    damaged = {
        "random bytes": noise,
        "cut to a half": sound[: len(sound) // 2],
        "cut to its first bytes": sound[:16],
        "overwritten": sound[:4096] + noise[4096:],
    }[damage]
    path.write_bytes(damaged)
    with pytest.raises(StoreError, match=r"is corrupt .* qa index --rebuild"):
        files(folder)
    with (
        pytest.raises(StoreError, match=r"is corrupt .* qa index --rebuild"),
        Store.open_for_writing(folder) as store,
    ):
        store.documents()
    assert path.read_bytes() == damaged


def test_an_older_format_is_refused_with_the_command_that_mends_it(folder: Path) -> None:
    with Store.open_for_writing(folder) as store:
        description = store.description()
        assert description is not None
        with store.transaction():
            store.describe(replace(description, format_version=FORMAT_VERSION - 1))
    for opened in (Store.open, Store.open_for_writing):
        said = rf"has format {FORMAT_VERSION - 1} .* qa index --rebuild"
        with pytest.raises(IndexStateError, match=said):
            opened(folder)
    Store.open_for_writing(folder, rebuild=True).close()


def test_the_description_is_read_as_it_was_written(folder: Path) -> None:
    description = IndexDescription(FORMAT_VERSION, 7, "/texts", "fake", "0a", 64, 90, False)
    with Store.open_for_writing(folder) as store:
        with store.transaction():
            store.describe(description)
        assert store.description() == description


def test_a_folder_without_an_index_is_named_with_the_command_that_builds_it(tmp_path: Path) -> None:
    with pytest.raises(IndexStateError, match=r"There is no index in .*; build it with: qa index"):
        Store.open(tmp_path)
    (tmp_path / STORE_FILE).touch()
    with pytest.raises(IndexStateError, match="is empty; build it with: qa index"):
        Store.open(tmp_path)


def test_a_folder_that_cannot_be_made_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be made"):
        Store.open_for_writing(tmp_path / "file" / "vectors")


def test_a_copied_index_reads_the_same(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    assert files(tmp_path / "copy") == FILES
