"""The index follows the folder: what changed is embedded, what is gone leaves no trace."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from shutil import rmtree

import pytest

from qa.corpus import Skipped
from qa.errors import CorpusError, IndexStateError
from qa.indexing import IndexReport, changed_files, update_index
from qa.models.encoder import Progress, Vectors
from qa.settings import Settings
from qa.store import Store
from tests.conftest import folder_of
from tests.fakes import FakeEncoder

FILES = ("bees.txt", "ferry.txt", "lighthouse.txt", "nested/orchard.txt")


class BrokenEncoder(FakeEncoder):
    """Breaks down when it should embed, as a process that runs out of memory does."""

    def embed_documents(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        super().embed_documents(texts[:1], progress)
        raise MemoryError


def built(settings: Settings) -> IndexReport:
    return update_index(settings, FakeEncoder())


def rows(folder: Path) -> list[tuple[str, str, int]]:
    with Store.open(folder) as store:
        return [(record.file, record.sha256, record.passages) for record in store.documents()]


def holding(folder: Path, word: str) -> int:
    with Store.open(folder) as store:
        return store.passage_frequency(word)


def test_a_new_index_holds_every_document(settings: Settings) -> None:
    report = built(settings)
    assert report == IndexReport(4, 4, FILES, (), (), ())
    assert tuple(file for file, _, _ in rows(settings.vectors)) == FILES


def test_passages_are_embedded_with_their_header_and_sentences_with_the_one_before_too(
    settings: Settings,
) -> None:
    encoder = FakeEncoder()
    update_index(settings, encoder)
    bees = [text for text in encoder.embedded if text.startswith("The bees of Orvale\n")]
    longest, *_ = sorted(bees, key=len, reverse=True)
    assert longest.startswith("The bees of Orvale\ntitle: The bees of Orvale")
    assert longest.endswith("sells for twice the price.")
    assert (
        "The bees of Orvale\nThe keepers move their hives to the heather in August. "
        "Heather honey is darker and sells for twice the price."
    ) in bees
    assert any(text.splitlines()[0].endswith("(2023-05-14)") for text in encoder.embedded)


def test_an_unchanged_folder_is_not_embedded_again(settings: Settings) -> None:
    built(settings)
    encoder = FakeEncoder()
    assert update_index(settings, encoder) == IndexReport(4, 4, (), (), (), ())
    assert encoder.embedded == []


def test_a_changed_file_is_embedded_again_and_the_others_are_not(settings: Settings) -> None:
    built(settings)
    (folder_of(settings) / "bees.txt").write_text("A hive holds a queen and her drones.")
    encoder = FakeEncoder()
    report = update_index(settings, encoder)
    assert (report.changed, report.added, report.removed) == (("bees.txt",), (), ())
    assert set(encoder.embedded) == {
        "A hive holds a queen and her drones.\nA hive holds a queen and her drones.",
    }
    assert holding(settings.vectors, "drones") == 1
    assert holding(settings.vectors, "heather") == 0


def test_a_file_that_was_only_touched_is_not_embedded_again(settings: Settings) -> None:
    built(settings)
    os.utime(folder_of(settings) / "bees.txt", (0, 0))
    encoder = FakeEncoder()
    assert update_index(settings, encoder).changed == ()
    assert encoder.embedded == []


def test_a_new_sidecar_counts_as_a_change_of_its_document(settings: Settings) -> None:
    built(settings)
    (folder_of(settings) / "bees.txt.meta.toml").write_text('title = "On hives"')
    assert update_index(settings, FakeEncoder()).changed == ("bees.txt",)
    with Store.open(settings.vectors) as store:
        assert store.documents()[0].title == "On hives"


def test_a_removed_file_leaves_no_trace_in_any_search(settings: Settings) -> None:
    built(settings)
    (folder_of(settings) / "lighthouse.txt").unlink()
    assert built(settings).removed == ("lighthouse.txt",)
    assert holding(settings.vectors, "lighthouse") == 0
    with Store.open(settings.vectors) as store:
        assert store.passage_count() == len(store.passage_vectors()[0]) == 3
        documents = {store.passage(id_).document for id_ in store.passage_vectors()[0]}
        assert documents == {record.id for record in store.documents()}


def test_changed_files_are_named_before_and_none_after_an_update(settings: Settings) -> None:
    built(settings)
    (folder_of(settings) / "new.txt").write_text("Something new.")
    (folder_of(settings) / "bees.txt").write_text("Something else.")
    (folder_of(settings) / "ferry.txt").unlink()
    with Store.open(settings.vectors) as store:
        changed = changed_files(settings.corpus, store, settings.max_file_bytes)
    assert changed == ["bees.txt", "ferry.txt", "new.txt"]
    built(settings)
    with Store.open(settings.vectors) as store:
        assert changed_files(settings.corpus, store, settings.max_file_bytes) == []


def test_a_file_that_cannot_be_read_is_reported_and_the_others_are_indexed(
    settings: Settings,
) -> None:
    (folder_of(settings) / "old.txt").write_bytes(b"caf\x81")
    report = built(settings)
    assert report.documents == 4
    assert report.skipped == (Skipped("old.txt", "its encoding cannot be told; save it as UTF-8"),)


def test_a_file_whose_name_is_no_text_does_not_stop_the_others(settings: Settings) -> None:
    (folder_of(settings) / os.fsdecode(b"caf\xe9.txt")).write_text("A name in latin-1.")
    assert built(settings).documents == 4


def test_an_index_whose_folder_was_emptied_stays_and_says_how_to_forget_it(
    settings: Settings,
) -> None:
    before = built(settings)
    rmtree(folder_of(settings))
    folder_of(settings).mkdir()
    with pytest.raises(CorpusError, match=f"delete {settings.vectors} if they are to be forgotten"):
        built(settings)
    with Store.open(settings.vectors) as store:
        assert store.passage_count() == before.passages


def test_a_folder_without_text_is_an_error_that_names_what_was_skipped(tmp_path: Path) -> None:
    corpus = tmp_path / "empty"
    corpus.mkdir()
    settings = Settings(corpus=corpus, vectors=tmp_path / "vectors")
    with pytest.raises(CorpusError, match="holds no text to read"):
        built(settings)
    (corpus / "logo.png").write_bytes(b"\x89PNG\0")
    with pytest.raises(CorpusError, match=r"skipped logo\.png: \.png files are not read"):
        built(settings)
    assert not settings.vectors.exists()


def test_a_missing_folder_is_an_error_and_leaves_the_index_alone(settings: Settings) -> None:
    built(settings)
    before = rows(settings.vectors)
    with pytest.raises(CorpusError, match="does not exist"):
        built(replace(settings, corpus=folder_of(settings) / "gone"))
    assert rows(settings.vectors) == before


@pytest.mark.parametrize("rebuild", [False, True])
def test_an_update_that_breaks_down_leaves_the_old_index(settings: Settings, rebuild: bool) -> None:
    built(settings)
    before = rows(settings.vectors)
    (folder_of(settings) / "bees.txt").write_text("Something else.")
    with pytest.raises(MemoryError):
        update_index(settings, BrokenEncoder(), rebuild=rebuild)
    assert rows(settings.vectors) == before


def test_progress_tells_of_files_read_and_texts_embedded(settings: Settings) -> None:
    calls: list[tuple[str, int, int]] = []
    encoder = FakeEncoder()
    update_index(settings, encoder, progress=lambda *call: calls.append(call))
    assert calls[:4] == [("reading", done, 4) for done in range(1, 5)]
    assert calls[4] == ("embedding", 0, len(encoder.embedded))
    assert calls[-1] == ("embedding", len(encoder.embedded), len(encoder.embedded))


def test_another_encoder_is_refused_with_both_ways_out(settings: Settings) -> None:
    built(settings)
    other = FakeEncoder(name="other", digest="digest-of-other")
    with pytest.raises(IndexStateError, match=r"--model fake, or .*: qa index --rebuild"):
        update_index(settings, other)
    assert other.embedded == []


@pytest.mark.parametrize(("passage_words", "sentence_vectors"), [(20, True), (180, False)])
def test_another_way_of_cutting_is_refused_until_it_is_built_anew(
    settings: Settings, passage_words: int, sentence_vectors: bool
) -> None:
    built(settings)
    other = replace(settings, passage_words=passage_words, sentence_vectors=sentence_vectors)
    with pytest.raises(IndexStateError, match="qa index --rebuild"):
        built(other)
    assert update_index(other, FakeEncoder(), rebuild=True).added == FILES


def test_without_sentence_vectors_only_passages_are_embedded(settings: Settings) -> None:
    encoder = FakeEncoder()
    update_index(replace(settings, sentence_vectors=False), encoder)
    assert len(encoder.embedded) == 4
    with Store.open(settings.vectors) as store:
        assert store.sentence_vectors()[0] == []


def test_an_index_that_moves_to_another_folder_says_from_where(
    settings: Settings, tmp_path: Path
) -> None:
    built(settings)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "bees.txt").write_bytes((folder_of(settings) / "bees.txt").read_bytes())
    report = built(replace(settings, corpus=elsewhere))
    assert report.moved_from == str(folder_of(settings).resolve())
    assert (report.documents, report.removed) == (1, FILES[1:])


def test_a_long_title_never_pushes_the_text_out_of_what_the_encoder_sees(
    settings: Settings,
) -> None:
    title = "honey " * 300
    (folder_of(settings) / "bees.txt.meta.toml").write_text(f'title = "{title}"')
    encoder = FakeEncoder()
    update_index(settings, encoder)
    assert max(map(encoder.count_tokens, encoder.embedded)) <= encoder.max_tokens
