"""A large index finds what a small one finds, follows its folder, and never matters more than the store.

What counts as large is a setting; here it is some twenty passages.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import faiss
import numpy as np
import pytest

from qa.clustering import ClusteredIndex, cluster_count
from qa.indexing import update_index
from qa.models.encoder import Progress, Vectors
from qa.retrieval import Retrieval, retrieve
from qa.session import Session
from qa.settings import SENTENCE_READER, Settings
from qa.store import Store
from qa.terms import content_words
from qa.vectors import (
    VectorIndex,
    discard_vectors,
    follow_clusters,
    open_vectors,
    save_vectors,
    vectors_fit,
)
from tests.conftest import folder_of
from tests.fakes import FakeEncoder

TOPICS = (
    "honey hive bees keeper heather comb",
    "lighthouse lamp granite oil coast keeper",
    "ferry engine captain crew harbour fire",
    "apple orchard harvest frost grower valley",
)
QUESTIONS = (
    "Which keeper took honey from the hive?",
    "Did the lamp of the lighthouse burn oil?",
    "What did the captain of the ferry say about the fire in part 7?",
    "How much of the apple harvest did the grower lose to frost?",
    "Where is part 13?",
    "Is a café on the coast?",
)
QUERY = FakeEncoder().embed_query(QUESTIONS[0])
EVERY = 1_000


def text_of(number: int) -> str:
    words = TOPICS[number % len(TOPICS)].split()
    told = ", ".join(words[number % 3 : number % 3 + 4])
    again = " and ".join(words[-2:])
    return f"Part {number} of the report\n\nIt tells of {told}. Then of {again} in part {number}.\n"


def write(settings: Settings, numbers: range) -> None:
    for number in numbers:
        (folder_of(settings) / f"part-{number:02}.txt").write_text(text_of(number))


@pytest.fixture
def large(tmp_path: Path) -> Settings:
    """Settings of an index of forty files, which is large."""
    corpus = tmp_path / "parts"
    corpus.mkdir()
    settings = Settings(corpus, tmp_path / "index", reader=SENTENCE_READER, exact_up_to=20)
    write(settings, range(40))
    (corpus / "cafe.txt").write_text("The coast\n\nThere is a cafe on the coast.\n")
    update_index(settings, FakeEncoder())
    return settings


@pytest.fixture
def small(large: Settings, tmp_path: Path) -> Settings:
    """Settings of an index of the same files, which compares all vectors."""
    settings = replace(large, vectors=tmp_path / "small index", exact_up_to=1_000)
    update_index(settings, FakeEncoder())
    return settings


def opened(settings: Settings, store: Store, searched: int = EVERY) -> VectorIndex:
    description = store.description()
    assert description is not None
    return open_vectors(settings.vectors, store, description.generation, searched)


def found(settings: Settings, question: str) -> Retrieval:
    with Store.open(settings.vectors) as store:
        return retrieve(
            question,
            store=store,
            vectors=opened(settings, store),
            encoder=FakeEncoder(),
            limit=10,
        )


def nearest(settings: Settings) -> list[list[tuple[int, float]]]:
    with Store.open(settings.vectors) as store:
        index = opened(settings, store)
        return [index.nearest_passages(QUERY, 5), index.nearest_sentences(QUERY, 5)]


def faiss_files(settings: Settings) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in settings.vectors.glob("*faiss*")}


def ranked(settings: Settings, question: str) -> dict[int, float]:
    with Store.open(settings.vectors) as store:
        return dict(store.search_words(content_words(question), EVERY))


# What is found


def test_a_large_index_has_clusters_and_a_small_one_has_none(
    large: Settings, small: Settings
) -> None:
    with Store.open(large.vectors) as store:
        clusters = store.clusters("passages")
        assert clusters is not None
        assert len(clusters.centroids) == cluster_count(41) == 8
        assert isinstance(opened(large, store).passages, ClusteredIndex)
        assert isinstance(opened(large, store).sentences, ClusteredIndex)
        assert not opened(large, store).rebuilt
    with Store.open(small.vectors) as store:
        assert store.clusters("passages") is None
        assert isinstance(opened(small, store).passages, faiss.IndexIDMap2)


def test_if_all_clusters_are_searched_the_nearest_are_those_of_an_exact_index(
    large: Settings, small: Settings
) -> None:
    for mine, exact in zip(nearest(large), nearest(small), strict=True):
        assert [value for _, value in mine] == pytest.approx([value for _, value in exact])


def test_if_one_cluster_is_searched_what_is_found_lies_in_it(large: Settings) -> None:
    with Store.open(large.vectors) as store:
        few = opened(large, store, 1).nearest_passages(QUERY, EVERY)
        every = opened(large, store).nearest_passages(QUERY, EVERY)
    assert 0 < len(few) < len(every) == 41
    assert set(few) < set(every)


@pytest.mark.parametrize("question", QUESTIONS)
def test_both_rank_words_by_the_same_bm25(large: Settings, small: Settings, question: str) -> None:
    assert ranked(large, question) == pytest.approx(ranked(small, question))


@pytest.mark.parametrize("question", QUESTIONS)
def test_both_find_the_same_passages_with_the_same_scores(
    large: Settings, small: Settings, question: str
) -> None:
    mine, exact = found(large, question), found(small, question)
    assert mine.term_weights == pytest.approx(exact.term_weights)
    assert mine.missing == exact.missing
    for one, other in zip(mine.passages, exact.passages, strict=True):
        assert one.fused == pytest.approx(other.fused)
        assert one.dense == pytest.approx(other.dense, abs=1e-6)


def test_words_are_searched_in_some_documents_alone(large: Settings, small: Settings) -> None:
    words = content_words(QUESTIONS[0])
    with Store.open(large.vectors) as store, Store.open(small.vectors) as exact:
        some = [record.id for record in store.documents()][::3]
        within = store.search_words(words, EVERY, some)
        assert within
        assert dict(within) == pytest.approx(dict(exact.search_words(words, EVERY, some)))
        assert store.search_words(words, EVERY, []) == []


def test_a_large_index_answers(large: Settings) -> None:
    with Session.open(large, encoder=FakeEncoder()) as session:
        reply = session.ask("What does part 7 of the report tell of?")
        assert session.ask("What does part 7 of the report tell of?") == reply


# Following the folder


def change(settings: Settings) -> None:
    """Some files go, some change, some come."""
    for number in (3, 39):
        (folder_of(settings) / f"part-{number:02}.txt").unlink()
    (folder_of(settings) / "part-05.txt").write_text(
        "The tower\n\nA tower of granite by the coast.\n"
    )
    write(settings, range(40, 44))


def test_two_builds_of_a_folder_give_the_same_files(large: Settings, tmp_path: Path) -> None:
    again = replace(large, vectors=tmp_path / "again")
    update_index(again, FakeEncoder())
    assert faiss_files(again) == faiss_files(large)


def test_files_that_follow_are_those_of_a_build_anew(large: Settings) -> None:
    for changed in (change, lambda settings: write(settings, range(44, 46))):
        changed(large)
        update_index(large, FakeEncoder())
        followed = faiss_files(large)
        with Store.open(large.vectors) as store:
            description = store.description()
            assert description is not None
            assert vectors_fit(large.vectors, store, description.generation)
            discard_vectors(large.vectors)
            assert not vectors_fit(large.vectors, store, description.generation)
            save_vectors(large.vectors, store, description.generation)
        assert faiss_files(large) == followed


def test_an_update_keeps_the_clusters_until_half_of_the_passages_are_new(large: Settings) -> None:
    def centroids() -> bytes:
        with Store.open(large.vectors) as store:
            clusters = store.clusters("passages")
            assert clusters is not None
            return clusters.centroids.tobytes()

    before = centroids()
    change(large)
    update_index(large, FakeEncoder())
    assert centroids() == before
    write(large, range(44, 90))
    update_index(large, FakeEncoder())
    assert centroids() != before


def test_an_updated_index_finds_what_one_built_anew_finds(large: Settings, small: Settings) -> None:
    change(large)
    update_index(large, FakeEncoder())
    update_index(small, FakeEncoder())
    for question in (*QUESTIONS, "What is the tower of?", "Where is part 39?", "Part 43?"):
        assert ranked(large, question) == pytest.approx(ranked(small, question))
        assert found(large, question).missing == found(small, question).missing
    for mine, exact in zip(nearest(large), nearest(small), strict=True):
        assert [value for _, value in mine] == pytest.approx([value for _, value in exact])


def test_an_index_that_grows_large_and_then_small_again_is_as_if_it_had_always_been(
    small: Settings, large: Settings, tmp_path: Path
) -> None:
    growing = replace(small, exact_up_to=20)
    write(growing, range(40, 42))
    update_index(growing, FakeEncoder())
    update_index(large, FakeEncoder())
    with Store.open(growing.vectors) as store:
        assert isinstance(opened(growing, store).passages, ClusteredIndex)
    assert ranked(growing, QUESTIONS[0]) == pytest.approx(ranked(large, QUESTIONS[0]))
    for number in range(8, 42):
        (folder_of(growing) / f"part-{number:02}.txt").unlink()
    update_index(growing, FakeEncoder())
    fresh = replace(growing, vectors=tmp_path / "fresh")
    update_index(fresh, FakeEncoder())
    assert ranked(growing, QUESTIONS[0]) == pytest.approx(ranked(fresh, QUESTIONS[0]))
    with Store.open(growing.vectors) as store:
        assert isinstance(opened(growing, store).passages, faiss.IndexIDMap2)
        assert not opened(growing, store).rebuilt


def test_what_is_deleted_is_gone_from_the_postings(large: Settings) -> None:
    def held(word: str) -> int:
        with Store.open(large.vectors) as store:
            return store.passage_frequency(word)

    (folder_of(large) / "secret.txt").write_text("The plan\n\nThe zebrawood arrives on Friday.\n")
    update_index(large, FakeEncoder())
    assert held("zebrawood") == 1
    (folder_of(large) / "secret.txt").unlink()
    update_index(large, FakeEncoder())
    assert held("zebrawood") == 0
    for path in large.vectors.iterdir():
        assert b"zebrawood" not in path.read_bytes()


# Damage, and strangers


def cut_short(data: bytes) -> bytes:
    return data[:-9]


def flipped(data: bytes) -> bytes:
    return data[:-500] + bytes([data[-500] ^ 0xFF]) + data[-499:]


def empty(_: bytes) -> bytes:
    return b""


@pytest.mark.parametrize("kind", ["passages", "sentences"])
@pytest.mark.parametrize("damage", [cut_short, flipped, empty])
def test_a_damaged_file_changes_nothing_that_is_found_and_is_mended(
    large: Settings, kind: str, damage: Callable[[bytes], bytes]
) -> None:
    sound, files = nearest(large), faiss_files(large)
    path = large.vectors / f"{kind}.faiss"
    path.write_bytes(damage(path.read_bytes()))
    damaged = faiss_files(large)
    with Store.open(large.vectors) as store:
        assert opened(large, store).rebuilt
    assert nearest(large) == sound
    assert faiss_files(large) == damaged
    update_index(large, FakeEncoder())
    assert faiss_files(large) == files


def test_an_index_whose_files_are_behind_is_followed_in_memory(large: Settings) -> None:
    """As one sees it that asks between the commit of an update and the writing of its FAISS files."""
    behind = shutil.copytree(large.vectors, large.vectors.with_name("behind"))
    change(large)
    update_index(large, FakeEncoder())
    for name in faiss_files(large):
        shutil.copy(behind / name, large.vectors / name)
    with Store.open(large.vectors) as store:
        assert opened(large, store).rebuilt
    behind_files = nearest(large)
    update_index(large, FakeEncoder())
    assert nearest(large) == behind_files


def with_ids_of(data: bytes, id_: int) -> bytes:
    return data[:-8] + id_.to_bytes(8, "little")


def with_a_size(data: bytes) -> bytes:
    at = data.index(b"full") + 12
    return data[:at] + (2**62).to_bytes(8, "little") + data[at + 8 :]


def of_faiss_itself(_: bytes) -> bytes:
    index = faiss.index_factory(64, "HNSW8")
    index.add(np.eye(64, dtype=np.float32))
    return bytes(faiss.serialize_index(index).tobytes())


TAMPERED: list[Callable[[bytes], bytes]] = [
    with_a_size,
    of_faiss_itself,
    lambda data: data + b"\x00",
    lambda data: data[:4] + b"\xff" * 4 + data[8:],
    lambda data: data.replace(b"ilar", b"ilod"),
    lambda data: data[:100] + b"\x00\x00\xc0\x7f" + data[104:],
]


def declare(settings: Settings, kind: str, data: bytes) -> None:
    """Put a file into the index with a description that says it is the right one."""
    (settings.vectors / f"{kind}.faiss").write_bytes(data)
    path = settings.vectors / "faiss.json"
    described = json.loads(path.read_bytes())
    described["sha256"][kind] = hashlib.sha256(data).hexdigest()
    path.write_text(json.dumps(described))


@pytest.mark.parametrize("tampered", TAMPERED, ids=range(len(TAMPERED)))
def test_a_file_that_is_not_such_an_index_never_reaches_faiss(
    large: Settings, tampered: Callable[[bytes], bytes]
) -> None:
    data = (large.vectors / "passages.faiss").read_bytes()
    declare(large, "passages", tampered(data))
    with Store.open(large.vectors) as store:
        assert opened(large, store).rebuilt


def test_a_file_that_names_a_passage_that_there_is_not_finds_the_others(large: Settings) -> None:
    data = (large.vectors / "passages.faiss").read_bytes()
    declare(large, "passages", with_ids_of(data, 4711))
    with Store.open(large.vectors) as store:
        index = opened(large, store)
        assert not index.rebuilt
        assert len(index.nearest_passages(QUERY, EVERY)) == 40


def test_the_frame_is_the_one_that_faiss_writes(large: Settings) -> None:
    """So that a newer FAISS with another format is seen here."""
    for kind in ("passages", "sentences"):
        data = (large.vectors / f"{kind}.faiss").read_bytes()
        index = faiss.deserialize_index(np.frombuffer(data, dtype=np.uint8))
        assert isinstance(index, faiss.IndexIVFScalarQuantizer)
        assert bytes(faiss.serialize_index(index).tobytes()) == data


def test_clusters_do_not_change_where_nothing_did(large: Settings) -> None:
    with Store.open_for_writing(large.vectors) as store:
        before = store.clusters("passages")
        with store.transaction():
            follow_clusters(store, 2, large.exact_up_to)
        after = store.clusters("passages")
        assert before is not None
        assert after is not None
        assert (before.vectors, before.generation) == (after.vectors, after.generation)


class Interrupted(FakeEncoder):
    """Ends the update when it is asked for vectors."""

    def embed_documents(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        raise KeyboardInterrupt(f"before {len(texts)} texts", progress)


def test_an_update_that_is_cut_off_leaves_postings_clusters_and_files_as_they_were(
    large: Settings,
) -> None:
    before = nearest(large), faiss_files(large), [ranked(large, q) for q in QUESTIONS]
    change(large)
    with pytest.raises(KeyboardInterrupt):
        update_index(large, Interrupted())
    assert before == (nearest(large), faiss_files(large), [ranked(large, q) for q in QUESTIONS])
    update_index(large, FakeEncoder())
    assert ranked(large, "What is the tower of?") != {}
