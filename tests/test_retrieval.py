"""A question finds its passages: three rankings, fused by arithmetic that can be done by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from qa.indexing import update_index
from qa.models.encoder import Encoder
from qa.retrieval import (
    FusionSettings,
    Retrieval,
    RetrievedPassage,
    fuse,
    matched_share,
    retrieve,
    term_weights,
)
from qa.settings import Settings
from qa.store import Store
from qa.terms import content_words
from qa.vectors import open_vectors
from tests.conftest import folder_of
from tests.fakes import FakeEncoder

QUESTION = "When was the lighthouse on Grey Point built?"
PAGE = (
    "Home\nNews\nOpinion\nWhen was the lighthouse on Grey Point built\nCulture\nFollow US\n\n"
    "The lighthouse on Grey Point was built in 1871 by the harbour office.\n"
    "Its walls are made of local granite, two metres thick.\n"
)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """The store of an index of the corpus and of one saved web page."""
    (folder_of(settings) / "page.txt").write_text(PAGE)
    update_index(settings, FakeEncoder())
    with Store.open(settings.vectors) as opened:
        yield opened


def found(
    store: Store, question: str, limit: int = 10, fusion: FusionSettings | None = None
) -> Retrieval:
    return retrieve(
        question,
        store=store,
        vectors=open_vectors(store.path.parent, store, 1),
        encoder=FakeEncoder(),
        limit=limit,
        fusion=fusion,
    )


def by_id(retrieval: Retrieval) -> dict[int, RetrievedPassage]:
    return {passage.id: passage for passage in retrieval.passages}


def test_fusion_adds_weighted_reciprocal_ranks() -> None:
    fused = fuse([([1, 2], {1: 1.0, 2: 1.0}), ([2, 3], {2: 0.5, 3: 3.0})], 10.0)
    assert fused == pytest.approx({1: 1 / 11, 2: 1 / 12 + 0.5 / 11, 3: 3 / 12})


def test_fusion_of_nothing_is_nothing() -> None:
    assert fuse([], 10.0) == {}
    assert fuse([([], {})], 10.0) == {}


def test_rare_words_weigh_more_than_common_ones(store: Store) -> None:
    weights = term_weights("Which keepers of lighthouses drink uranium?", store)
    assert list(weights) == ["keeper", "lighthous", "drink", "uranium"]
    assert weights["uranium"] > weights["lighthous"] > 0


@pytest.mark.parametrize(
    ("question", "share"),
    [
        ("How thick are the walls on Grey Point?", 1.0),
        ("How thick are the walls on Grey Point, by Opinion and Uranium?", 0.75),
        ("How thick are the Granites' walls?", 1.0),  # another form, another letter case
        ("How thick are the walls in Tonga?", 0.0),
        ("how thick are the walls in tonga?", 1.0),  # no names: none is missed
        ("How thick are the walls of Oint?", 0.0),  # only within "Point"
    ],
)
def test_a_passage_knows_how_many_of_the_questions_names_its_document_holds(
    store: Store, question: str, share: float
) -> None:
    page = next(record.id for record in store.documents() if record.file == "page.txt")
    shares = {p.named for p in found(store, question).passages if p.document == page}
    assert shares == {share}


def test_words_that_no_document_holds_are_named_as_they_were_asked(store: Store) -> None:
    asked = found(store, "Which keepers of lighthouses drink Uranium on Saturn?")
    assert asked.missing == ("drink", "uranium", "saturn")
    assert found(store, QUESTION).missing == ()


def test_the_matched_share_is_the_weight_of_the_words_that_a_text_holds() -> None:
    weights = {"keeper": 1.0, "lighthous": 2.0, "uranium": 1.0}
    assert matched_share("Two lighthouses and their keepers.", weights) == 0.75
    assert matched_share("", weights) == 0.0
    assert matched_share("Two lighthouses.", {}) == 0.0


def test_a_passage_is_a_slice_of_its_document_and_so_are_its_sentences(store: Store) -> None:
    passages = found(store, QUESTION).passages
    assert len(passages) == 6
    for passage in passages:
        text = store.document(passage.document).text
        assert passage.text == passage.span.of(text)
        for sentence in passage.sentences:
            assert passage.span.covers(sentence.span)
            assert sentence.span.of(text) == sentence.span.of(text).strip()


def test_the_passage_that_answers_comes_first(store: Store) -> None:
    passages = found(store, "What did Captain Edda Brandt say about the flames?").passages
    assert store.document(passages[0].document).file == "ferry.txt"
    assert passages[0].dense == max(passage.dense for passage in passages)
    assert passages[0].lexical == max(passage.lexical for passage in passages)


def test_scores_are_similarities_to_the_question(store: Store) -> None:
    encoder = FakeEncoder()
    query = encoder.embed_query(QUESTION)
    for passage in found(store, QUESTION).passages:
        ids, vectors = store.sentence_vectors([s.id for s in store.passage(passage.id).sentences])
        similarities = [s.similarity for s in passage.sentences if s.similarity is not None]
        assert similarities == pytest.approx((vectors @ query).tolist(), abs=1e-6)
    ids, vectors = store.passage_vectors()
    expected = dict(zip(ids, (vectors @ query).tolist(), strict=True))
    dense = {passage.id: passage.dense for passage in found(store, QUESTION).passages}
    assert dense == pytest.approx(expected, abs=1e-6)


def test_the_lexical_ranking_is_silent_where_it_matched_nothing(store: Store) -> None:
    question = "Which volcano erupted?"
    silent = FusionSettings(lexical_weight=0.0)
    assert found(store, question) == found(store, question, fusion=silent)
    assert {passage.lexical for passage in found(store, question).passages} == {0.0}


def test_the_lexical_ranking_counts_by_the_share_of_the_question_it_matched(store: Store) -> None:
    question = "How many bees live in the lighthouse?"
    whole = FusionSettings(furniture_factor=1.0)
    silent = FusionSettings(furniture_factor=1.0, lexical_weight=0.0)
    heard, unheard = (
        by_id(found(store, question, fusion=whole)),
        by_id(found(store, question, fusion=silent)),
    )
    ranking = [id_ for id_, _ in store.search_words(content_words(question), 60)]
    assert 0 < len(ranking) < len(heard)
    for id_, passage in heard.items():
        added = 1.5 * passage.lexical / (10 + ranking.index(id_) + 1) if id_ in ranking else 0.0
        assert passage.fused - unheard[id_].fused == pytest.approx(added)


def test_furniture_keeps_half_of_its_score_and_ranks_behind_the_article(store: Store) -> None:
    full = by_id(found(store, QUESTION, fusion=FusionSettings(furniture_factor=1.0)))
    halved = by_id(found(store, QUESTION))
    (menu,) = [passage for passage in full.values() if not passage.prose]
    assert menu.id == next(iter(full))
    assert halved[menu.id].fused == pytest.approx(menu.fused / 2)
    assert next(iter(halved.values())).prose


def test_equal_questions_find_equal_passages_in_equal_order(store: Store) -> None:
    assert found(store, QUESTION) == found(store, QUESTION)


def test_of_two_equal_passages_the_first_file_comes_first(tmp_path: Path) -> None:
    corpus = tmp_path / "twins"
    corpus.mkdir()
    for file in ("b.txt", "a.txt", "c.txt"):
        (corpus / file).write_text("The lighthouse on Grey Point was built in 1871.")
    update_index(Settings(corpus=corpus, vectors=tmp_path / "twins-index"), FakeEncoder())
    with Store.open(tmp_path / "twins-index") as store:
        passages = found(store, QUESTION).passages
        assert [store.document(passage.document).file for passage in passages] == [
            "a.txt",
            "b.txt",
            "c.txt",
        ]


def test_no_more_than_the_limit_are_found_and_they_are_the_best(store: Store) -> None:
    everything = found(store, QUESTION).passages
    assert found(store, QUESTION, limit=2).passages == everything[:2]
    fused = [passage.fused for passage in everything]
    assert fused == sorted(fused, reverse=True)


@pytest.mark.parametrize(
    "question",
    ['NEAR("lighthouse" keeper)', '"', "*", "-lighthouse OR", "body:lighthouse", "((", "🙂 \u200b"],
)
def test_no_question_is_an_error(store: Store, question: str) -> None:
    assert len(found(store, question).passages) == 6


def test_the_embedded_encoder_finds_what_shares_no_word_with_the_question(
    settings: Settings, encoder: Encoder
) -> None:
    update_index(settings, encoder)
    with Store.open(settings.vectors) as store:
        passages = retrieve(
            "Which insects do people farm for something sweet?",
            store=store,
            vectors=open_vectors(settings.vectors, store, 1),
            encoder=encoder,
            limit=1,
        ).passages
        assert [store.document(p.document).file for p in passages] == ["bees.txt"]
