"""FAISS finds what brute force finds, and its files never matter more than the store."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from qa.indexing import update_index
from qa.models.encoder import Vectors
from qa.settings import Settings
from qa.store import Store
from qa.vector_files import DESCRIPTION_FILE
from qa.vectors import VectorIndex, discard_vectors, open_vectors, save_vectors
from tests.fakes import FakeEncoder

QUERY = FakeEncoder().embed_query("How much honey, hive and harvest did Maria Oduya lose to frost?")


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """The store of an index of the corpus."""
    update_index(settings, FakeEncoder())
    with Store.open(settings.vectors) as opened:
        yield opened


@pytest.fixture
def folder(store: Store) -> Path:
    """The folder that the store and its FAISS files lie in."""
    return store.path.parent


def nearest(index: VectorIndex) -> list[list[tuple[int, float]]]:
    return [index.nearest_passages(QUERY, 3), index.nearest_sentences(QUERY, 5)]


def contents(folder: Path) -> dict[str, bytes]:
    """The FAISS files as they are; the store's own are its own business."""
    return {path.name: path.read_bytes() for path in folder.glob("*") if "faiss" in path.name}


def assert_nearest(
    found: list[tuple[int, float]], ids: list[int], vectors: Vectors, limit: int
) -> None:
    similarity = dict(zip(ids, (vectors @ QUERY).tolist(), strict=True))
    best = sorted(similarity.values(), reverse=True)[:limit]
    assert [value for _, value in found] == pytest.approx(best, abs=1e-6)
    assert [similarity[id_] for id_, _ in found] == pytest.approx(best, abs=1e-6)
    assert len({id_ for id_, _ in found}) == len(found)


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_the_nearest_are_those_that_brute_force_finds(store: Store, limit: int) -> None:
    index = open_vectors(store.path.parent, store, 1)
    assert not index.rebuilt
    assert_nearest(index.nearest_passages(QUERY, limit), *store.passage_vectors(), limit)
    assert_nearest(index.nearest_sentences(QUERY, limit), *store.sentence_vectors(), limit)


def test_more_are_asked_for_than_there_are_and_none_is_made_up(store: Store, folder: Path) -> None:
    found = open_vectors(folder, store, 1).nearest_passages(QUERY, 1_000)
    assert sorted(id_ for id_, _ in found) == store.passage_vectors()[0]


def test_what_faiss_does_not_find_is_left_out(store: Store, folder: Path) -> None:
    nowhere = np.full(64, np.nan, dtype=np.float32)  # for which FAISS answers with ids of -1
    assert open_vectors(folder, store, 1).nearest_passages(nowhere, 3) == []


def cut_short(folder: Path) -> None:
    path = folder / "passages.faiss"
    path.write_bytes(path.read_bytes()[:-9])


def flip_a_byte(folder: Path) -> None:
    path = folder / "sentences.faiss"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def change_generation(folder: Path) -> None:
    path = folder / DESCRIPTION_FILE
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {"generation": 2}))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "a file is cut short": cut_short,
    "a byte is flipped": flip_a_byte,
    "another generation": change_generation,
    "a file is missing": lambda folder: (folder / "sentences.faiss").unlink(),
    "a file is empty": lambda folder: (folder / "passages.faiss").write_bytes(b""),
    "no description": lambda folder: (folder / DESCRIPTION_FILE).unlink(),
    "description cut short": lambda folder: (folder / DESCRIPTION_FILE).write_text("{"),
    "description of another shape": lambda folder: (folder / DESCRIPTION_FILE).write_text("[1]"),
    "description without digests": lambda folder: (folder / DESCRIPTION_FILE).write_text(
        '{"generation": 1, "sha256": {}}'
    ),
    "discarded": discard_vectors,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_files_that_do_not_fit_are_replaced_from_the_store_with_the_same_results(
    store: Store, folder: Path, damage: Callable[[Path], object]
) -> None:
    sound = nearest(open_vectors(folder, store, 1))
    damage(folder)
    index = open_vectors(folder, store, 1)
    assert index.rebuilt
    assert nearest(index) == sound


def test_opening_damaged_files_writes_nothing_and_saving_mends_them(
    store: Store, folder: Path
) -> None:
    sound = contents(folder)
    flip_a_byte(folder)
    damaged = contents(folder)
    open_vectors(folder, store, 1)
    assert contents(folder) == damaged
    save_vectors(folder, store, 1)
    assert contents(folder) == sound
    assert not open_vectors(folder, store, 1).rebuilt


def test_discarding_twice_is_harmless(folder: Path) -> None:
    discard_vectors(folder)
    discard_vectors(folder)
    assert not (folder / DESCRIPTION_FILE).exists()
