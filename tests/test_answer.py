"""Choosing and merging: from candidate spans to an answer with citations, or an abstention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from qa.answer import ABOUT_SOMETHING_ELSE, Answer, NoAnswer, Reply, Stage, make_reply, rivals_of
from qa.documents import Document
from qa.evidence import evidence_of
from qa.retrieval import Retrieval
from qa.text import Span
from tests.fakes_reader import FakeReader, FixedCalibrator, document, passage_of, retrieval_of

MILL = document("mill.txt", "The mill was built in 1790. It burned down in 1812. Nobody was hurt.")
BRIDGE = document("bridge.txt", "The bridge was built in 1790 too. It is made of stone.")


def reply_to(
    documents: Sequence[Document],
    quotes: Mapping[str, float],
    *,
    confidence: float = 0.9,
    threshold: float | None = None,
    limit: int = 3,
    retrieval: Retrieval | None = None,
    question: str = "When was it?",
) -> Reply:
    """The reply when the reader finds ``quotes`` in ``documents``."""
    retrieval = retrieval if retrieval is not None else retrieval_of(documents, question)
    return make_reply(
        retrieval,
        FakeReader(quotes).read(retrieval),
        document=documents.__getitem__,
        calibrator=FixedCalibrator(confidence),
        threshold=threshold,
        limit=limit,
    )


def answer_to(
    documents: Sequence[Document],
    quotes: Mapping[str, float],
    limit: int = 3,
    question: str = "When was it?",
) -> Answer:
    reply = reply_to(documents, quotes, limit=limit, question=question)
    assert isinstance(reply, Answer)
    return reply


def test_the_first_citation_is_where_the_answer_stands() -> None:
    answer = answer_to([MILL, BRIDGE], {"1812": 3.0, "stone": 1.0})
    assert answer.text == "1812"
    first = answer.citations[0]
    assert (first.n, first.file, first.quote) == (1, "mill.txt", "1812")
    assert first.sentence_text == "It burned down in 1812."


def test_further_citations_follow_by_score_and_are_numbered() -> None:
    answer = answer_to([MILL, BRIDGE], {"stone": 1.0, "1812": 3.0, "Nobody": 2.0})
    assert [(c.n, c.quote) for c in answer.citations] == [(1, "1812"), (2, "Nobody"), (3, "stone")]


ALMANAC = document("almanac.txt", "The great fire came in (1812). The flood came in 1813.")


def test_a_citation_says_whether_it_agrees_with_the_answer() -> None:
    answer = answer_to([MILL, ALMANAC], {"in 1812": 3.0, "in (1812)": 2.0, "in 1813": 1.0})
    assert [(c.file, c.quote, c.agrees) for c in answer.citations] == [
        ("mill.txt", "in 1812", True),
        ("almanac.txt", "in (1812)", True),
        ("almanac.txt", "in 1813", False),
    ]


def test_what_says_the_same_is_cited_however_far_behind() -> None:
    answer = answer_to([MILL, ALMANAC], {"in 1812": 9.0, "in 1813": 2.0, "in (1812)": 1.0})
    assert [c.quote for c in answer.citations] == ["in 1812", "in (1812)"]


GROWTH = "By how much did trade grow?"
TRADE = (
    document("2024.txt", "Trade grew by more than 17 percent."),
    document("2020.txt", "Trade grew by 11%. In 9 months trade grew by 8%."),
    document("2023.txt", "Growth of trade was 17.4 per cent, they say."),
    document("other.txt", "Trade grew by (11%)."),
    document("freight.txt", "Freight grew by 62 percent."),
)
QUOTES = {
    "more than 17 percent": 3.0,
    "11%": 2.5,
    "17.4 per cent": -4.0,
    "8%": -5.0,
    "62 percent": 2.9,
}


def test_documents_agree_and_conflict_by_value_however_far_behind() -> None:
    answer = answer_to(TRADE, QUOTES, limit=9, question=GROWTH)
    assert [(c.file, c.quote, c.agreement.value) for c in answer.citations] == [
        ("2024.txt", "more than 17 percent", "agrees"),
        ("freight.txt", "62 percent", "other"),
        ("2020.txt", "11%", "conflicts"),
        ("other.txt", "11%", "conflicts"),
        ("2023.txt", "17.4 per cent", "agrees"),
        ("2020.txt", "8%", "conflicts"),
    ]
    assert answer.agreeing == ("2023.txt",)
    assert answer.conflicting == ("2020.txt", "other.txt")
    assert not answer.single_source


def test_each_document_that_agrees_or_conflicts_is_cited_before_what_says_something_else() -> None:
    answer = answer_to(TRADE, QUOTES, limit=3, question=GROWTH)
    assert [c.quote for c in answer.citations] == ["more than 17 percent", "11%", "11%"]
    assert answer.agreeing == ("2023.txt",)  # though there is no room to cite it


def test_a_rival_is_a_citation_that_conflicts_each_value_once() -> None:
    answer = answer_to(TRADE, QUOTES, limit=9, question=GROWTH)
    assert [(rival.file, rival.quote) for rival in rivals_of(answer)] == [
        ("2020.txt", "11%"),
        ("2020.txt", "8%"),
    ]


def test_a_document_neither_contradicts_nor_confirms_itself() -> None:
    answer = answer_to([TRADE[1]], {"11%": 2.0, "8%": 1.9}, question=GROWTH)
    assert [c.agreement.value for c in answer.citations] == ["agrees", "other"]
    assert rivals_of(answer) == ()
    assert answer.single_source


def test_a_document_that_agrees_in_one_place_conflicts_in_no_other() -> None:
    both = document("both.txt", "Trade grew by 17%. In 2020 trade grew by 5%.")
    answer = answer_to(
        [TRADE[0], both], {"more than 17 percent": 3.0, "17%": 2.0, "5%": 1.0}, question=GROWTH
    )
    assert (answer.agreeing, answer.conflicting) == (("both.txt",), ())
    assert [c.agreement.value for c in answer.citations] == ["agrees", "agrees", "other"]


def test_the_same_words_about_something_else_do_not_agree() -> None:
    visits = document("visits.txt", "The king was abroad 17.40 percent of the year.")
    answer = answer_to(
        [TRADE[2], visits], {"17.4 per cent": 3.0, "17.40 percent": -3.0}, question=GROWTH
    )
    assert answer.single_source


def test_a_day_or_a_number_that_both_name_makes_no_subject() -> None:
    pay = document("pay.txt", "Nurses get 9 percent from 1 September.")
    road = document("road.txt", "Opened on 19 September, it took 23 per cent of the cars.")
    answer = answer_to(
        [pay, road],
        {"9 percent": 3.0, "23 per cent": 2.0},
        question="What do nurses get in September?",
    )
    assert answer.conflicting == ()


WAREHOUSES = (
    document("1990.txt", "Warehouse 1990 in Horan holds 864 crates of tea since 1979."),
    document("132.txt", "Warehouse 132 in Horan holds 927 crates of tea since 1979."),
    document("again.txt", "Warehouse 1990 in Horan holds 700 crates of tea by now."),
    document("same.txt", "Warehouse 911 in Horan holds 864 crates of tea too."),
    document("year.txt", "Warehouse 99 in Horan holds tea since 1990."),
)


def test_what_is_said_of_another_number_neither_agrees_nor_conflicts() -> None:
    answer = answer_to(
        WAREHOUSES,
        {"864 crates": 3.0, "927 crates": 2.9, "700 crates": 2.8, "864 crates of tea too": 2.7},
        question="How many crates of tea does warehouse 1990 in Horan hold?",
        limit=9,
    )
    assert (answer.agreeing, answer.conflicting) == ((), ("again.txt",))


def test_a_number_that_is_the_answer_itself_names_nothing() -> None:
    answer = answer_to(
        WAREHOUSES,
        {"1979": 3.0, "since 1990": 2.9},
        question="Since when does warehouse 1990 in Horan hold tea?",
    )
    assert answer.conflicting == ()


def test_a_passage_without_the_names_of_the_question_confirms_but_does_not_conflict() -> None:
    harbours = (
        document("hale.txt", "Every day 12 boats sail from Hale to the Haleian islands."),
        document("islands.txt", "Every day 30 boats sail to the Haleian islands."),
        document("port.txt", "Every day 40 boats sail from the port to the islands."),
        document("quay.txt", "Every day 12 boats sail from the quay to the islands."),
    )
    answer = answer_to(
        harbours,
        {"12 boats": 3.0, "30 boats": 2.9, "40 boats": 2.8},
        question="How many boats sail every day from Hale to the islands?",
        limit=9,
    )
    assert (answer.agreeing, answer.conflicting) == (("quay.txt",), ("islands.txt",))


def test_a_name_is_known_in_all_its_forms() -> None:
    harbours = (
        document("italy.txt", "From Italy sail 12 boats to the islands."),
        document("italian.txt", "Of the Italian ports sail 30 boats to the islands."),
        document("port.txt", "From the port sail 40 boats to the islands."),
    )
    answer = answer_to(
        harbours,
        {"12 boats": 3.0, "30 boats": 2.9, "40 boats": 2.8},
        question="How many boats sail from Italy to the islands?",
        limit=9,
    )
    assert answer.conflicting == ("italian.txt",)


KINGS = (
    document("old.txt", "The king of Arland is Otto Brandt."),
    document("new.txt", "The king of Arland is Edda Lind."),
    document("trade.txt", "The king met Tomas Oduya."),
)


def test_names_conflict_where_the_question_asks_for_one_and_much_is_shared() -> None:
    quotes = {"Otto Brandt": 3.0, "Edda Lind": 2.0, "Tomas Oduya": 2.5}
    answer = answer_to(KINGS, quotes, question="Who is the king of Arland?")
    assert answer.conflicting == ("new.txt",)
    assert answer_to(KINGS, quotes, question="What happened in Arland?").conflicting == ()


@pytest.mark.parametrize("limit", [1, 2])
def test_there_are_at_most_as_many_citations_as_asked_for(limit: int) -> None:
    answer = answer_to([MILL, BRIDGE], {"1812": 3.0, "Nobody": 2.0, "stone": 1.0}, limit=limit)
    assert len(answer.citations) == limit


def test_a_span_far_behind_the_answer_is_not_cited() -> None:
    answer = answer_to([MILL, BRIDGE], {"1812": 3.0, "stone": -4.0})
    assert [citation.quote for citation in answer.citations] == ["1812"]


def test_a_sentence_found_in_two_overlapping_passages_is_cited_once() -> None:
    first_half = passage_of(MILL.text, id_=1, span=Span(0, MILL.text.index(" Nobody")))
    second_half = passage_of(MILL.text, id_=2, span=Span(MILL.text.index("It"), len(MILL.text)))
    overlapping = Retrieval("When?", {}, (first_half, second_half))
    reply = reply_to([MILL], {"1812": 2.0}, retrieval=overlapping)
    assert isinstance(reply, Answer)
    assert [citation.quote for citation in reply.citations] == ["1812"]


def test_the_same_sentence_in_two_documents_is_cited_twice() -> None:
    copy = document("copy.txt", MILL.text)
    answer = answer_to([MILL, copy], {"1812": 2.0})
    assert [citation.file for citation in answer.citations] == ["mill.txt", "copy.txt"]


@pytest.mark.parametrize(
    ("confidence", "threshold", "answered"),
    [
        (0.49, None, False),
        (0.5, None, True),
        (0.49, 0.3, True),
        (0.0, 0.0, True),
        (0.99, 1.0, False),
    ],
    ids=["below own", "at own", "lowered", "zero is a threshold", "raised"],
)
def test_an_answer_needs_the_calibrators_threshold_unless_another_is_given(
    confidence: float, threshold: float | None, answered: bool
) -> None:
    reply = reply_to([MILL], {"1812": 2.0}, confidence=confidence, threshold=threshold)
    assert isinstance(reply, Answer) is answered
    assert reply.confidence == confidence


def test_nothing_retrieved_is_an_abstention_of_the_retrieval() -> None:
    reason = "Nothing in the corpus resembles the question."
    assert reply_to([], {}) == NoAnswer("When was it?", reason, 0.0, None, Stage.RETRIEVAL, 0.5)


def test_no_candidate_is_an_abstention_of_the_reader() -> None:
    reason = "No passage found holds a sentence that could answer."
    assert reply_to([MILL], {}) == NoAnswer("When was it?", reason, 0.0, None, Stage.READER, 0.5)


def refusal_of(margins: Sequence[float], missing: tuple[str, ...] = ()) -> NoAnswer:
    """The refusal of a mill's two dates whose logits lie so far above the null score."""
    retrieval = replace(retrieval_of([MILL], "When did the mill burn?"), missing=missing)
    read = FakeReader({"1812": 2.0, "1790": 1.0}).read(retrieval)
    reply = make_reply(
        retrieval,
        [replace(c, margin=margin) for c, margin in zip(read, margins, strict=True)],
        document=[MILL].__getitem__,
        calibrator=FixedCalibrator(0.2),
        threshold=None,
        limit=3,
    )
    assert isinstance(reply, NoAnswer)
    return reply


YARD = document("yard.txt", "The rent of unit 4 is £940. That of unit 7 is £1,185.")


def test_a_document_that_names_others_but_not_what_is_asked_about_is_hardly_believed() -> None:
    reply = reply_to([YARD], {"£940": 3.0}, question="What is the rent of unit 9?")
    assert isinstance(reply, NoAnswer)
    assert reply.confidence == ABOUT_SOMETHING_ELSE
    assert reply.reason.endswith(", and yard.txt names others, but no “unit 9”.")
    assert reply.rejected is not None
    assert reply.rejected.quote == "£940"


@pytest.mark.parametrize(
    ("documents", "question"),
    [([YARD], "What is the rent of unit 4?"), ([MILL], "When did mill no. 9, unit 9, burn?")],
    ids=["named", "none of the kind"],
)
def test_a_document_that_names_it_or_none_of_the_kind_is_believed(
    documents: list[Document], question: str
) -> None:
    assert isinstance(reply_to(documents, {"£940": 3.0, "1812": 3.0}, question=question), Answer)


@pytest.mark.parametrize(
    ("margins", "missing", "stage"),
    [
        ((-3.0, -1.0), (), "reader"),
        ((-3.0, 1.0), (), "threshold"),
        ((0.0, 0.0), (), "threshold"),
        ((-3.0, -1.0), ("burn",), "reader"),
        ((3.0, 1.0), ("mill", "burn"), "retrieval"),
    ],
    ids=["all below null", "one above null", "no span model", "one word missing", "no word held"],
)
def test_a_refusal_names_the_first_stage_that_had_nothing_good(
    margins: Sequence[float], missing: tuple[str, ...], stage: str
) -> None:
    reply = refusal_of(margins, missing)
    assert reply.stage.value == stage
    assert (reply.confidence, reply.needed, reply.missing) == (0.2, 0.5, missing)
    assert reply.rejected is not None
    assert reply.rejected.quote == "1812"


def test_a_refusal_says_in_one_sentence_what_it_would_have_taken() -> None:
    assert refusal_of((0.0, 0.0), ("uranium", "moon", "keeper")).reason == (
        "The best passage found is unlikely to answer it (confidence 0.20, 0.50 is needed), "
        "and no document holds “uranium”, “moon” or “keeper”."
    )
    assert refusal_of((-1.0, -1.0)).reason == (
        "The reader sees no answer in the passages found (confidence 0.20, 0.50 is needed)."
    )


def test_below_the_threshold_the_best_span_comes_back_as_rejected() -> None:
    reply = reply_to([MILL], {"1812": 2.0, "Nobody": 1.0}, confidence=0.2)
    assert isinstance(reply, NoAnswer)
    assert "0.20" in reply.reason
    assert "0.50" in reply.reason
    assert reply.rejected is not None
    assert (reply.rejected.n, reply.rejected.quote) == (1, "1812")


WINDOWS = document(
    "windows.txt", "Erste Zeile – “é”.\r\n\r\n\tThe lamp 😀 failed in 1904.\r\nEnd.\r\n"
)


@pytest.mark.parametrize("quote", ["1904", "lamp 😀", "“é”", "End"])
def test_every_quote_is_the_slice_of_its_document(quote: str) -> None:
    (citation,) = answer_to([WINDOWS], {quote: 1.0}).citations
    assert citation.span.of(WINDOWS.text) == citation.quote == quote
    assert citation.sentence.of(WINDOWS.text) == citation.sentence_text
    assert citation.sentence.covers(citation.span)


@pytest.mark.parametrize(
    ("quote", "line", "column"), [("Erste", 1, 1), ("The", 3, 2), ("1904", 3, 23), ("End", 4, 1)]
)
def test_line_and_column_count_from_one_and_take_crlf_for_one_break(
    quote: str, line: int, column: int
) -> None:
    (citation,) = answer_to([WINDOWS], {quote: 1.0}).citations
    assert (citation.line, citation.column) == (line, column)


def test_evidence_leads_over_those_who_say_something_else() -> None:
    retrieval = retrieval_of([MILL, BRIDGE])
    candidates = FakeReader({"1790": 3.0, "1812": 1.0}).read(retrieval)
    evidence = evidence_of(retrieval, candidates)
    assert evidence is not None
    assert evidence.lead == 2.0  # the bridge's 1790 says the same and is no rival
    assert evidence.agreement == 1
    assert (evidence.dense, evidence.best_dense, evidence.best_similarity) == (0.5, 0.5, 0.4)


def test_a_document_does_not_agree_with_itself() -> None:
    twice = document("twice.txt", "It was 1790. Yes, 1790.")
    retrieval = retrieval_of([twice])
    again = passage_of(twice.text, span=Span(twice.text.index("Yes"), len(twice.text)))
    retrieval = Retrieval("When?", {}, (*retrieval.passages, again))
    evidence = evidence_of(retrieval, FakeReader({"1790": 1.0}).read(retrieval))
    assert evidence is not None
    assert evidence.agreement == 0


@pytest.mark.parametrize(
    ("question", "quote", "named", "typed"),
    [
        ("When did the mill burn down?", "1812", 1.0, 1),
        ("When did the mill burn down?", "burned", 1.0, -1),
        ("What did the mill of Rome and Nobody do?", "Nobody", 0.5, 0),
        ("How many bees lived at Grey Point?", "1812", 0.0, 1),
    ],
)
def test_the_evidence_tells_whether_names_and_kind_fit(
    question: str, quote: str, named: float, typed: int
) -> None:
    retrieval = retrieval_of([MILL], question)
    evidence = evidence_of(retrieval, FakeReader({quote: 1.0}).read(retrieval))
    assert evidence is not None
    assert (evidence.named, evidence.typed) == (named, typed)
