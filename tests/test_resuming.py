"""An update that is cut off keeps what it has embedded, and the next one ends as if nothing had been."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qa.corpus import LOCK_FILE
from qa.embedding import CHUNK, GROUP
from qa.errors import StoreError
from qa.indexing import update_index
from qa.models.encoder import Progress, Vectors
from qa.settings import Settings
from qa.store import STORE_FILE, Store
from qa.unfinished import UNFINISHED_FILE, UnfinishedVectors
from tests.commands import REPOSITORY, environment, no_file_larger_than
from tests.fakes import FakeEncoder

DOCUMENTS = 70


class EndingEncoder(FakeEncoder):
    """Ends, in whatever way, when it has embedded so many chunks."""

    def __init__(
        self, end: Callable[[], None], chunks: int, digest: str = "digest-of-fake"
    ) -> None:
        super().__init__(digest=digest)
        self._end, self._left = end, chunks

    def embed_documents(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        if not self._left:
            self._end()
        self._left -= 1
        return super().embed_documents(texts, progress)


def press_ctrl_c() -> None:
    raise KeyboardInterrupt


@pytest.fixture
def many(tmp_path: Path) -> Settings:
    """Settings for a folder whose texts make several chunks, two of its files alike."""
    return folder_of_many(tmp_path)


def folder_of_many(base: Path) -> Settings:
    corpus = base / "many"
    corpus.mkdir()
    for n in range(DOCUMENTS):
        told = " ".join(f"Mill {n} ground {n * k} sacks in year {k}." for k in range(1, 10))
        (corpus / f"mill-{n:02}.txt").write_text(f"The mill number {n}\n\n{told}\n")
    (corpus / "copy.txt").write_bytes((corpus / "mill-07.txt").read_bytes())
    return Settings(corpus=corpus, vectors=base / "vectors")


def cut_off(settings: Settings, chunks: int, *, rebuild: bool = False) -> EndingEncoder:
    """An update that is interrupted after so many chunks."""
    encoder = EndingEncoder(press_ctrl_c, chunks)
    with pytest.raises(KeyboardInterrupt):
        update_index(settings, encoder, rebuild=rebuild)
    return encoder


def held(folder: Path) -> list[object]:
    """All that an index says, but for the stamps: these tell when files were written."""
    with sqlite3.connect(folder / STORE_FILE) as connection:
        columns = "id, file, sha256, size, title, date, generation, text"
        return [
            list(connection.execute(query))
            for query in (
                f"SELECT {columns} FROM documents ORDER BY id",
                "SELECT * FROM sentences ORDER BY id",
                "SELECT * FROM passages ORDER BY id",
                "SELECT rowid, * FROM passage_words ORDER BY rowid",
                "SELECT * FROM description ORDER BY key",
            )
        ]


def faiss_files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*faiss*")}


@pytest.mark.parametrize("chunks", [0, 1, 3])
def test_the_next_update_embeds_only_the_rest_and_comes_to_the_same_bytes(
    many: Settings, chunks: int
) -> None:
    undisturbed = replace(many, vectors=many.vectors.with_name("undisturbed"))
    whole = FakeEncoder()
    update_index(undisturbed, whole)
    first = cut_off(many, chunks)
    assert len(first.passages) == chunks * CHUNK
    rest = FakeEncoder()
    update_index(many, rest)
    assert first.embedded + rest.embedded == whole.embedded
    assert held(many.vectors) == held(undisturbed.vectors)
    assert faiss_files(many.vectors) == faiss_files(undisturbed.vectors)


def test_every_passage_is_embedded_once_however_often_it_stands_in_the_folder(
    many: Settings,
) -> None:
    encoder = FakeEncoder()
    update_index(many, encoder)
    assert len(encoder.passages) == len(set(encoder.passages))
    with Store.open(many.vectors) as store:
        rows = store.passage_count()
    assert rows > len(encoder.passages) > 4 * CHUNK
    assert rows < GROUP  # all in one group; more would only take longer


def test_an_update_may_be_interrupted_again_and_again(many: Settings) -> None:
    embedded = [cut_off(many, 1).embedded for _ in range(3)]
    rest = FakeEncoder()
    update_index(many, rest)
    every = [text for run in (*embedded, rest.embedded) for text in run]
    assert len(every) == len(set(every))


def test_an_interrupted_update_leaves_the_old_index_and_nothing_when_it_is_done(
    many: Settings,
) -> None:
    update_index(many, FakeEncoder())
    before = held(many.vectors)
    for path in many.corpus.iterdir():  # type: ignore[union-attr]
        path.write_text(path.read_text() + "It still stands.\n")
    cut_off(many, 2)
    assert held(many.vectors) == before
    assert (many.vectors / UNFINISHED_FILE).exists()
    update_index(many, FakeEncoder())
    assert sorted(path.name for path in many.vectors.iterdir()) == [
        *("faiss.json", LOCK_FILE, "passages.faiss", "sentences.faiss", STORE_FILE)
    ]


def test_a_first_update_cut_off_before_it_embedded_anything_leaves_no_folder(
    many: Settings,
) -> None:
    with pytest.raises(KeyboardInterrupt):
        update_index(many, FakeEncoder(), progress=lambda *_: press_ctrl_c())
    assert not many.vectors.exists()
    many.vectors.mkdir()
    with pytest.raises(KeyboardInterrupt):
        update_index(many, FakeEncoder(), progress=lambda *_: press_ctrl_c())
    assert many.vectors.exists()  # what a person made is theirs


def test_a_rebuild_goes_on_where_it_stopped_too(many: Settings) -> None:
    update_index(many, FakeEncoder())
    first = cut_off(many, 2, rebuild=True)
    rest = FakeEncoder()
    update_index(many, rest, rebuild=True)
    assert len(first.passages) == 2 * CHUNK
    assert not set(first.embedded) & set(rest.embedded)


def test_what_was_kept_for_a_file_that_has_gone_is_gone_with_the_next_update(
    many: Settings,
) -> None:
    update_index(many, FakeEncoder())
    (many.corpus / "new.txt").write_text("Something new.")  # type: ignore[operator]
    cut_off(many, 0)
    (many.corpus / "new.txt").unlink()  # type: ignore[operator]
    update_index(many, FakeEncoder())
    assert not (many.vectors / UNFINISHED_FILE).exists()


def test_vectors_of_another_encoder_are_not_taken(many: Settings) -> None:
    cut_off(many, 2)
    encoder, alone = FakeEncoder(digest="another"), FakeEncoder(digest="another")
    update_index(many, encoder)
    update_index(replace(many, vectors=many.vectors.with_name("alone")), alone)
    assert encoder.embedded == alone.embedded


@pytest.mark.parametrize("damage", [b"", b"no database at all " * 99, None])
def test_a_damaged_file_of_kept_vectors_costs_nothing_but_time(
    many: Settings, damage: bytes | None
) -> None:
    cut_off(many, 2)
    path = many.vectors / UNFINISHED_FILE
    path.write_bytes(damage if damage is not None else path.read_bytes()[:3000])
    update_index(many, FakeEncoder())
    assert not path.exists()


@pytest.mark.parametrize("chunks", [1, 3])
def test_a_killed_process_loses_no_chunk(many: Settings, chunks: int) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path; from qa.indexing import update_index\n"
        "from qa.settings import Settings; from tests.test_resuming import EndingEncoder\n"
        "kill = lambda: os.kill(os.getpid(), signal.SIGKILL)\n"
        "settings = Settings(corpus=Path(sys.argv[1]), vectors=Path(sys.argv[2]))\n"
        f"update_index(settings, EndingEncoder(kill, {chunks}))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, str(many.corpus), str(many.vectors)],
        cwd=REPOSITORY,
        env=environment(),
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL
    rest, whole = FakeEncoder(), FakeEncoder()
    undisturbed = replace(many, vectors=many.vectors.with_name("undisturbed"))
    update_index(undisturbed, whole)
    update_index(many, rest)
    assert rest.passages == whole.passages[chunks * CHUNK :]
    assert held(many.vectors) == held(undisturbed.vectors)


def test_a_full_disk_is_said_in_words_and_what_was_kept_counts(many: Settings) -> None:
    with (
        pytest.raises(StoreError, match=r"Free some space|check its permissions"),
        no_file_larger_than(100_000),
    ):
        update_index(many, FakeEncoder())
    rest, whole = FakeEncoder(), FakeEncoder()
    update_index(many, rest)
    update_index(replace(many, vectors=many.vectors.with_name("undisturbed")), whole)
    assert set(rest.embedded) <= set(whole.embedded)


def test_kept_vectors_are_found_by_their_texts(tmp_path: Path) -> None:
    vectors = [np.eye(count, 64, dtype=np.float32) for count in (1, 2, 3)]
    with UnfinishedVectors(tmp_path, "digest", 64) as unfinished:
        unfinished.keep(["one", "two", "lone \ud800 surrogate"], vectors)
    with UnfinishedVectors(tmp_path, "digest", 64) as unfinished:
        found = unfinished.find(["two", "three", "lone \ud800 surrogate"])
    assert set(found) == {"two", "lone \ud800 surrogate"}
    np.testing.assert_array_equal(found["two"], vectors[1])
    assert os.listdir(tmp_path) == [UNFINISHED_FILE]
