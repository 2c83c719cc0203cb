"""``qa index --rebuild`` mends whatever state an index is in, and nothing of the old one lives on."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from qa.answer import Answer
from qa.errors import StoreError
from qa.indexing import update_index
from qa.session import Session
from qa.settings import Settings
from qa.store import STORE_FILE, Store
from qa.vectors import open_vectors
from tests.conftest import folder_of
from tests.fakes import FakeEncoder

QUERY = FakeEncoder().embed_query("lighthouse keeper")


def rebuilt(settings: Settings) -> None:
    update_index(settings, FakeEncoder(), rebuild=True)


def nearest(settings: Settings) -> list[tuple[int, float]]:
    """The nearest passages by the FAISS files, which must be those of the store."""
    with Store.open(settings.vectors) as store:
        description = store.description()
        assert description is not None
        index = open_vectors(settings.vectors, store, description.generation)
        assert not index.rebuilt
        ids, vectors = store.passage_vectors()
        found = index.nearest_passages(QUERY, 10)
    assert dict(found) == pytest.approx(dict(zip(ids, (vectors @ QUERY).tolist(), strict=True)))
    return found


def scrambled(path: Path) -> None:
    path.write_bytes(random.Random(0).randbytes(5_000))


def halved(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("damage", [scrambled, halved, Path.unlink])
def test_a_rebuild_mends_an_index_in_any_state(
    settings: Settings, damage: Callable[[Path], None]
) -> None:
    rebuilt(settings)
    sound = nearest(settings)
    damage(settings.vectors / STORE_FILE)
    rebuilt(settings)
    assert nearest(settings) == sound


def test_a_corrupt_store_is_not_mended_unasked(settings: Settings) -> None:
    rebuilt(settings)
    scrambled(settings.vectors / STORE_FILE)
    before = (settings.vectors / STORE_FILE).read_bytes()
    with pytest.raises(StoreError, match="qa index --rebuild"):
        update_index(settings, FakeEncoder())
    assert (settings.vectors / STORE_FILE).read_bytes() == before


def test_a_rebuild_embeds_every_document_again_and_keeps_what_is_in_the_folder(
    settings: Settings,
) -> None:
    rebuilt(settings)
    (folder_of(settings) / "bees.txt").unlink()
    encoder = FakeEncoder(name="other", digest="digest-of-other")
    report = update_index(settings, encoder, rebuild=True)
    assert report.added == ("ferry.txt", "lighthouse.txt", "nested/orchard.txt")
    with Store.open(settings.vectors) as store:
        assert store.passage_frequency("hive") == 0
        description = store.description()
    assert description is not None
    assert description.encoder_digest == "digest-of-other"
    assert any("Nobody was hurt." in text for text in encoder.embedded)


def test_faiss_files_of_an_older_index_never_pass_for_the_new_ones(settings: Settings) -> None:
    rebuilt(settings)
    (folder_of(settings) / "bees.txt").write_text("The keeper of the lighthouse keeps bees.")
    rebuilt(settings)
    assert nearest(settings)[0][1] > 0.5


def test_an_open_session_takes_up_a_rebuilt_index(index: Session) -> None:
    settings = index.settings
    (folder_of(settings) / "bees.txt").write_text(
        "The chapel on Grey Point was finished in 1650. Its bell was cast in Hale.\n"
    )
    (folder_of(settings) / "lighthouse.txt").unlink()
    update_index(settings, FakeEncoder(), rebuild=True)
    asked = "When was the chapel on Grey Point finished?"
    with Session.open(settings, encoder=FakeEncoder()) as fresh:
        expected = fresh.ask(asked)
    assert isinstance(expected, Answer)
    assert expected.text == "1650"
    assert index.ask(asked) == expected


def test_an_open_session_takes_up_an_updated_index(index: Session) -> None:
    (folder_of(index.settings) / "chapel.txt").write_text(
        "The chapel on Grey Point was finished in 1650. Its bell was cast in Hale.\n"
    )
    update_index(index.settings, FakeEncoder())
    reply = index.ask("When was the chapel on Grey Point finished?")
    assert isinstance(reply, Answer)
    assert reply.citations[0].file == "chapel.txt"


def test_missing_faiss_files_come_back_with_the_next_update(settings: Settings) -> None:
    rebuilt(settings)
    for path in settings.vectors.glob("*.faiss"):
        path.unlink()
    encoder = FakeEncoder()
    update_index(settings, encoder)
    assert encoder.embedded == []
    assert len(nearest(settings)) == 4
