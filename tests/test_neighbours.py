"""The indexes beside one."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from qa.indexing import update_index
from qa.neighbours import NeighbourIndex, neighbours, suggested_folder
from qa.settings import Settings
from tests.conftest import folder_of
from tests.fakes import FakeEncoder


@pytest.fixture
def other(settings: Settings, tmp_path: Path) -> Settings:
    """Another corpus with its index, beside the index of ``settings``."""
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "a.txt").write_text("It rained in Hale.\n", encoding="utf-8")
    update_index(settings, FakeEncoder())
    made = replace(settings, corpus=folder, vectors=tmp_path / "elsewhere")
    update_index(made, FakeEncoder())
    return made


def test_the_indexes_beside_one_are_found(settings: Settings, other: Settings) -> None:
    assert neighbours(settings.vectors) == [NeighbourIndex(other.corpus, other.vectors)]
    assert neighbours(other.vectors) == [NeighbourIndex(settings.corpus, settings.vectors)]


def test_what_is_broken_or_of_a_folder_that_is_gone_is_left_out(
    settings: Settings, other: Settings, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(other.vectors, broken)
    for file in broken.glob("*.db"):
        file.write_bytes(b"no database")
    shutil.rmtree(folder_of(other))
    assert neighbours(settings.vectors) == []
    assert neighbours(tmp_path / "nowhere" / "vectors") == []


def test_the_index_that_a_corpus_has_is_suggested_else_a_new_folder(
    settings: Settings, other: Settings, tmp_path: Path
) -> None:
    assert suggested_folder(other.corpus, settings.vectors) == other.vectors
    assert suggested_folder(settings.corpus, settings.vectors) == settings.vectors
    assert suggested_folder(tmp_path / "new", settings.vectors) == tmp_path / "vectors-new"
    (tmp_path / "vectors-new").mkdir()
    assert suggested_folder(tmp_path / "new", settings.vectors) == tmp_path / "vectors-new-2"
