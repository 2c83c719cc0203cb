"""An update reads and embeds what is new alone, and what is deleted is gone from every file."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from qa.answer import Answer
from qa.corpus import Read, Unchanged, find_files, read_changed
from qa.errors import ModelError
from qa.indexing import IndexReport, update_index
from qa.models.encoder import DeferredEncoder, Encoder
from qa.session import Session
from qa.settings import Settings
from qa.stamps import stamp_of
from qa.store import Store
from qa.vectors import discard_vectors, open_vectors, save_vectors, vectors_fit
from tests.conftest import DOCUMENTS, folder_of
from tests.fakes import FakeEncoder


def later() -> int:
    """A minute from now, when what is written here is no longer racily clean."""
    return time.time_ns() + 60_000_000_000


def updated(
    settings: Settings,
    encoder: Encoder | None = None,
    *,
    rebuild: bool = False,
    verify: bool = False,
) -> IndexReport:
    return update_index(
        settings, encoder or FakeEncoder(), clock=later, rebuild=rebuild, verify=verify
    )


def read_again(settings: Settings, stamps: dict[str, str]) -> list[str]:
    corpus = settings.corpus
    items = read_changed(find_files(corpus), corpus, 10_000, stamps, clock=later)
    return [item.document.file for item in items if isinstance(item, Read)]


def stamps_of(settings: Settings) -> dict[str, str]:
    with Store.open(settings.vectors) as store:
        return {record.file: record.stamp for record in store.documents()}


# Reading


def test_files_with_their_old_stamps_are_not_read(settings: Settings) -> None:
    updated(settings)
    stamps = stamps_of(settings)
    assert all(stamps.values())
    assert read_again(settings, stamps) == []


def test_a_changed_file_is_read_and_so_is_one_whose_sidecar_came_changed_or_went(
    settings: Settings, corpus: Path
) -> None:
    updated(settings)
    (corpus / "bees.txt").write_text("Something else.")
    sidecar = corpus / "ferry.txt.meta.toml"
    sidecar.write_text('title = "One"')
    assert read_again(settings, stamps_of(settings)) == ["bees.txt", "ferry.txt"]
    assert updated(settings).changed == ("bees.txt", "ferry.txt")
    sidecar.write_text('title = "Two"')
    assert updated(settings).changed == ("ferry.txt",)
    sidecar.unlink()
    assert updated(settings).changed == ("ferry.txt",)


def test_other_bytes_of_the_same_size_and_time_are_seen(settings: Settings, corpus: Path) -> None:
    updated(settings)
    path = corpus / "bees.txt"
    before = path.stat()
    path.write_bytes(path.read_bytes().replace(b"40,000", b"50,000"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert updated(settings).changed == ("bees.txt",)


def test_a_file_changed_just_before_it_was_indexed_is_read_again(settings: Settings) -> None:
    update_index(settings, FakeEncoder())
    assert set(stamps_of(settings).values()) == {""}
    assert read_again(settings, stamps_of(settings)) == sorted(DOCUMENTS)
    updated(settings)  # which finds them the same, and notes so
    assert read_again(settings, stamps_of(settings)) == []


def test_a_touched_file_is_read_once_and_nothing_else_happens(
    settings: Settings, corpus: Path
) -> None:
    updated(settings)
    with Store.open(settings.vectors) as store:
        before = store.description()
    os.utime(corpus / "bees.txt", (0, 0))
    assert updated(settings).changes == ""
    assert read_again(settings, stamps_of(settings)) == []
    with Store.open(settings.vectors) as store:
        assert store.description() == before


def test_verifying_reads_every_file(settings: Settings, corpus: Path) -> None:
    updated(settings)
    path = corpus / "bees.txt"
    path.write_text("Something else.")
    with Store.open_for_writing(settings.vectors) as store, store.transaction():
        store.restamp("bees.txt", stamp_of([str(path)], later()))  # as if nothing told of it
    assert updated(settings).changed == ()
    assert updated(settings, verify=True).changed == ("bees.txt",)


def test_a_file_that_may_no_longer_be_so_large_is_skipped_though_it_is_unchanged(
    settings: Settings,
) -> None:
    updated(settings)
    small = replace(settings, max_file_bytes=(folder_of(settings) / "bees.txt").stat().st_size)
    report = updated(small)
    assert "bees.txt" not in report.removed
    assert {item.file for item in report.skipped} == set(report.removed) != set()


def test_unchanged_files_are_told_of_as_such(settings: Settings) -> None:
    updated(settings)
    files = find_files(settings.corpus)
    items = list(read_changed(files, settings.corpus, 10_000, stamps_of(settings), clock=later))
    assert items == [Unchanged(file) for file in sorted(DOCUMENTS)]


# The model


def never(_: str) -> Encoder:
    raise AssertionError("the model was loaded")


def deferred() -> DeferredEncoder:
    known = FakeEncoder()
    return DeferredEncoder(known.name, known.digest, never)


@pytest.mark.parametrize("file", ["bees.txt", None])
def test_no_model_is_loaded_where_nothing_is_to_be_embedded(
    settings: Settings, corpus: Path, file: str | None
) -> None:
    updated(settings)
    if file is not None:
        (corpus / file).unlink()
    (corpus / "ferry.txt").rename(corpus / "sailing.txt")
    assert updated(settings, deferred()).renamed == (("ferry.txt", "sailing.txt"),)


def test_a_deferred_encoder_is_loaded_once_and_must_be_the_one_it_was_said_to_be() -> None:
    names: list[str] = []

    def load(name: str) -> Encoder:
        names.append(name)
        return FakeEncoder()

    encoder = DeferredEncoder("fake", "digest-of-fake", load)
    assert names == []
    assert encoder.dimension == len(encoder.embed_query("one"))
    assert names == ["fake"]
    with pytest.raises(ModelError, match="is not the one it should be"):
        _ = DeferredEncoder("fake", "another digest", load).dimension


# Renamed files


def test_a_renamed_file_is_not_embedded_again_and_is_cited_by_its_new_name(
    settings: Settings, corpus: Path
) -> None:
    updated(settings)
    (corpus / "attic").mkdir()
    (corpus / "lighthouse.txt").rename(corpus / "attic" / "tower.txt")
    encoder = FakeEncoder()
    report = updated(settings, encoder)
    assert report.renamed == (("lighthouse.txt", "attic/tower.txt"),)
    assert (report.added, report.removed, report.changes) == ((), (), "1 renamed")
    assert encoder.embedded == []
    with Session.open(settings, encoder=FakeEncoder()) as session:
        reply = session.ask("When was the lighthouse on Grey Point built?")
    assert isinstance(reply, Answer)
    assert reply.citations[0].file == "attic/tower.txt"


def test_a_renamed_file_whose_name_is_its_title_is_embedded_again(settings: Settings) -> None:
    sidecar = folder_of(settings) / "bees.txt.meta.toml"
    sidecar.write_text('title = "On hives"')
    updated(settings)
    (folder_of(settings) / "bees.txt").rename(
        folder_of(settings) / "hives.txt"
    )  # its sidecar stays
    report = updated(settings)
    assert (report.renamed, report.added, report.removed) == ((), ("hives.txt",), ("bees.txt",))


def test_two_files_that_change_places_are_both_changed(settings: Settings, corpus: Path) -> None:
    updated(settings)
    (corpus / "bees.txt").rename(corpus / "swap")
    (corpus / "ferry.txt").rename(corpus / "bees.txt")
    (corpus / "swap").rename(corpus / "ferry.txt")
    assert updated(settings).changed == ("bees.txt", "ferry.txt")


def test_a_copy_beside_its_original_is_new(settings: Settings, corpus: Path) -> None:
    updated(settings)
    (corpus / "copy.txt").write_bytes((corpus / "bees.txt").read_bytes())
    report = updated(settings)
    assert (report.added, report.renamed) == (("copy.txt",), ())


# What is gone


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


@pytest.mark.parametrize("how", ["removed", "changed", "rebuilt"])
def test_what_is_deleted_is_in_no_file_of_the_index(
    settings: Settings, corpus: Path, how: str
) -> None:
    secret = corpus / "secret.txt"
    secret.write_text("The xylographer Quillfeather buried 312 florins at Zwartkop.\n" * 3)
    updated(settings)
    words = (b"Quillfeather", b"quillfeather", b"xylograph", b"zwartkop")
    assert any(word in bytes_of(settings.vectors) for word in words)
    if how == "changed":
        secret.write_text("Nothing is told here.")
    else:
        secret.unlink()
    updated(settings, rebuild=how == "rebuilt")
    assert not any(word in bytes_of(settings.vectors) for word in words)


def faiss_files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*faiss*")}


@pytest.mark.parametrize(
    "steps",
    [
        ["-bees.txt"],
        ["+new.txt"],
        ["+bees.txt"],
        ["-nested/orchard.txt", "+zebra.txt"],
        ["+bees.txt", "-ferry.txt", "+new.txt", "-new.txt", "+lighthouse.txt"],
        ["-bees.txt", "-ferry.txt", "-lighthouse.txt", "+nested/orchard.txt"],
    ],
    ids=" ".join,
)
def test_faiss_files_that_were_brought_up_to_date_are_those_that_are_built_anew(
    settings: Settings, corpus: Path, steps: Sequence[str]
) -> None:
    updated(settings)
    for number, step in enumerate(steps):
        path = corpus / step[1:]
        if step[0] == "-":
            path.unlink()
        else:
            path.write_text(f"The hive of step {number}. It is not that of step {number + 7}.")
        updated(settings)
    followed = faiss_files(settings.vectors)
    with Store.open(settings.vectors) as store:
        description = store.description()
        assert description is not None
        assert not open_vectors(settings.vectors, store, description.generation).rebuilt
        discard_vectors(settings.vectors)
        save_vectors(settings.vectors, store, description.generation)
    assert faiss_files(settings.vectors) == followed


def test_damaged_faiss_files_are_seen_and_mended_though_nothing_changed(
    settings: Settings,
) -> None:
    updated(settings)
    path = settings.vectors / "sentences.faiss"
    sound = path.read_bytes()
    path.write_bytes(sound[:-1] + bytes([sound[-1] ^ 1]))
    with Store.open(settings.vectors) as store:
        assert not vectors_fit(settings.vectors, store, 1)
    assert updated(settings, deferred()).changes == ""
    assert path.read_bytes() == sound
