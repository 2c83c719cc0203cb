"""Verification: the best candidates are read side by side, and how sure the first is comes of that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from qa.candidates import Candidate
from qa.evidence import evidence_of
from qa.models.reader import load_embedded_readers
from qa.reading import SPAN_FEATURES, SpanReader
from qa.retrieval import Retrieval
from qa.text import Span
from qa.verifying import context_of, excerpts_of, rivals, verified
from qa.written_rows import WrittenRow
from tests.fakes_reader import WordScores, passage_of

MILL = "It was old. The mill burned in 1812. Nobody was hurt. The inn stands. It has nine rooms."
INN = "The inn is small. It burned in 1815. No guest was hurt."


def candidate(
    text: str, words: str, score: float = 1.0, id_: int = 1, row: WrittenRow | None = None
) -> Candidate:
    """The sentence of ``text`` that holds ``words``; every passage is a document of its own."""
    passage = replace(passage_of(text, id_=id_, document_id=id_), header=f"Document {id_}\n")
    at = text.index(words)
    sentence = next(s.span for s in passage.sentences if s.span.start <= at < s.span.end)
    return Candidate(passage, Span(at, at + len(words)), sentence, score, row=row)


def read_together(candidates: Sequence[Candidate]) -> str:
    return context_of(excerpts_of(candidates))[0]


def test_each_sentence_is_read_with_its_neighbours_under_its_documents_header() -> None:
    assert read_together([candidate(MILL, "1812"), candidate(INN, "small", id_=2)]) == (
        "Document 1\nIt was old. The mill burned in 1812. Nobody was hurt.\n"
        "Document 2\nThe inn is small. It burned in 1815."
    )


def test_what_touches_in_one_passage_is_read_once() -> None:
    both = [candidate(MILL, "1812"), candidate(INN, "1815", id_=2), candidate(MILL, "Nobody")]
    assert read_together(both) == (
        "Document 1\nIt was old. The mill burned in 1812. Nobody was hurt. The inn stands.\n"
        f"Document 2\n{INN}"
    )


def test_what_stands_apart_in_one_passage_is_read_apart_under_one_header() -> None:
    apart = "One is here. Two is here. Three is here. Four is here. Five is here. Six is here."
    both = [candidate(apart, "One"), candidate(apart, "Six")]
    assert read_together(both) == (
        "Document 1\nOne is here. Two is here.\nFive is here. Six is here."
    )


def test_it_is_known_where_each_sentence_stands() -> None:
    found = [candidate(MILL, "1812"), candidate(INN, "1815", id_=2), candidate(MILL, "Nobody")]
    for order in (excerpts_of(found), excerpts_of(found)[::-1]):
        text, places = context_of(order)
        assert [places[n].of(text) for n in range(3)] == [
            each.passage.slice(each.sentence) for each in found
        ]


def test_a_row_of_a_table_is_neither_verified_nor_a_rival() -> None:
    row = candidate(MILL, "old", 2.0, row=WrittenRow(Span(0, 11), "Mill – Age: old.", ()))
    text = candidate(MILL, "1812")
    model = WordScores({})
    assert verified("How old?", [row, text], model) == row
    assert model.contexts == []
    assert rivals([text, row]) == [text]


def test_rivals_are_three_at_most_near_the_best_and_in_other_sentences() -> None:
    best = candidate(MILL, "1812", 9.0)
    same = candidate(MILL, "burned", 8.5)
    near = [candidate(MILL, "Nobody", 8.0), candidate(INN, "1815", 7.0, id_=2)]
    more = candidate(INN, "small", 6.5, id_=2)
    assert rivals([best, same, *near, more]) == [best, *near]
    assert rivals([best, candidate(INN, "1815", 4.9, id_=2)]) == [best]


def test_the_best_one_gets_the_mean_margin_over_two_orders() -> None:
    model = WordScores({"1812": 3.0, "1815": 5.0}, null=2.0)
    best = candidate(MILL, "1812")
    found = verified("When?", [best, candidate(INN, "1815", id_=2)], model)
    assert found == replace(best, verified=6.0 - 2.0)  # start and end of the best one's sentence
    assert [context.split("\n")[0] for context in model.contexts] == ["Document 1", "Document 2"]


def test_a_single_candidate_is_read_once() -> None:
    model = WordScores({"1812": 3.0}, null=2.0)
    assert verified("When?", [candidate(MILL, "1812")], model).verified == 4.0
    assert len(model.contexts) == 1


def test_verification_says_how_sure_the_answer_is_and_never_chooses_it() -> None:
    mill, inn = candidate(MILL, "1812").passage, candidate(INN, "1815", id_=2).passage
    asked = Retrieval("When did it burn?", {"burn": 1.0}, (mill, inn))
    weights = dict.fromkeys(SPAN_FEATURES, 1.0)
    plain = SpanReader(WordScores({"1812": 5.0, "1815": 3.0}), weights)
    doubting = WordScores({"1812": -9.0, "1815": 9.0}, null=1.0)
    checked = SpanReader(WordScores({"1812": 5.0, "1815": 3.0}), weights, verifier=doubting)
    before, after = plain.read(asked), checked.read(asked)
    assert before[0].verified is None
    assert after[0].verified is not None
    assert after[0].verified < 0.0
    assert [replace(each, verified=None) for each in after] == before


def test_what_verification_says_is_evidence_and_where_there_was_none_there_is_none() -> None:
    best = candidate(MILL, "1812")
    asked = Retrieval("When?", {}, (best.passage,))
    for candidates, said in (([best], None), ([replace(best, verified=-1.0)], -1.0)):
        evidence = evidence_of(asked, candidates)
        assert evidence is not None
        assert evidence.verified == said


@pytest.mark.parametrize(
    ("question", "is_answered"),
    [("When did the mill burn?", True), ("Who burned the mill?", False)],
)
def test_the_embedded_verifier_tells_an_answer_from_none(question: str, is_answered: bool) -> None:
    found = verified(
        question,
        [candidate(MILL, "1812"), candidate(INN, "1815", id_=2)],
        load_embedded_readers().verifier,
    )
    assert found.verified is not None
    assert (found.verified > 0.0) == is_answered
