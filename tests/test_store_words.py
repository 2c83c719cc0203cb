"""Full-text search finds words in their forms; what a person types is never an operator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from qa.indexing import update_index
from qa.settings import Settings
from qa.store import Store
from tests.fakes import FakeEncoder

TEXTS = {
    "near.txt": "The lighthouse stands near the harbour.",
    "or.txt": "Take the ferry or the train.",
    "café.txt": "The café in Karsund serves heather honey, honey and more honey.",
    "header.txt": "# Boats\n\nThe captain keeps three of them, and one more in the shed.",
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store of four one-passage documents, whose passages count from 1 in the order of TEXTS."""
    corpus = tmp_path / "texts"
    corpus.mkdir()
    for file, text in TEXTS.items():
        (corpus / file).write_text(text, encoding="utf-8")
    update_index(Settings(corpus=corpus, vectors=tmp_path / "vectors"), FakeEncoder())
    with Store.open(tmp_path / "vectors") as opened:
        yield opened


def found(store: Store, *words: str) -> set[str]:
    files = {record.id: record.file for record in store.documents()}
    return {files[store.passage(id_).document] for id_, _ in store.search_words(words, 10)}


@pytest.mark.parametrize(
    ("word", "files"),
    [
        ("NEAR", {"near.txt"}),
        ("NEAR(", {"near.txt"}),
        ("OR", {"or.txt"}),
        ("NOT", set()),
        ("light*", set()),
        ("body:ferry", set()),
        ("-ferry", {"or.txt"}),
        ('"ferry', {"or.txt"}),
        ('"', set()),
        ("*", set()),
        (":", set()),
        ("", set()),
        ("^(+{", set()),
    ],
)
def test_operators_of_the_search_language_are_words(
    store: Store, word: str, files: set[str]
) -> None:
    assert found(store, word) == files
    assert store.passage_frequency(word) == len(files)


def test_other_forms_of_a_word_are_found_with_or_without_accents(store: Store) -> None:
    assert found(store, "ferries") == {"or.txt"}
    assert found(store, "cafe") == found(store, "CAFÉS") == {"café.txt"}


def test_words_of_the_title_are_found(store: Store) -> None:
    assert found(store, "boat") == {"header.txt"}


def test_any_of_the_words_is_enough_and_the_best_passage_comes_first(store: Store) -> None:
    ranked = store.search_words(["honey", "the"], 10)
    assert len(ranked) == 4
    assert store.document(store.passage(ranked[0][0]).document).file == "café.txt"
    assert [score for _, score in ranked] == sorted((score for _, score in ranked), reverse=True)


def test_no_more_than_the_limit_are_found(store: Store) -> None:
    assert len(store.search_words(["the"], 2)) == 2
    assert store.search_words([], 2) == []


def test_a_question_of_thousands_of_words_is_searched(store: Store) -> None:
    assert found(store, *(f"word{n}" for n in range(3_000)), "ferry") == {"or.txt"}
