"""Reading: one candidate a sentence, spans that stand in the document, scores across passages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.calibration import load_fit
from qa.models.reader import TokenScores
from qa.reading import SPAN_FEATURES, SpanReader, span_rows
from qa.retrieval import Retrieval, RetrievedPassage, RetrievedSentence
from qa.sentence_reading import SentenceReader
from qa.sentences import sentences
from qa.spans import best_spans
from qa.text import Span
from tests.fakes_reader import WordScores

MILL = "The mill burned in 1812. Nobody was hurt. It was rebuilt by Ada Lind in 1815."
INN = "The inn is old. It has nine rooms."
PLAIN_WEIGHTS = dict.fromkeys(SPAN_FEATURES, 1.0)


def passage(
    text: str, id_: int = 1, document: int = 1, at: int = 0, fused: float = 1.0
) -> RetrievedPassage:
    """A passage of all of ``text``, which begins at ``at`` in its document."""
    spans = [Span(at + s.start, at + s.end) for s in sentences(text)]
    return RetrievedPassage(
        id=id_,
        document=document,
        span=Span(at, at + len(text)),
        text=text,
        header="The burning of 1700\n",
        prose=True,
        sentences=tuple(RetrievedSentence(span, 0.5) for span in spans),
        dense=0.5,
        lexical=0.5,
        fused=fused,
    )


def retrieval(question: str, *passages: RetrievedPassage) -> Retrieval:
    return Retrieval(question, {"mill": 1.0, "burn": 1.0}, passages)


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("How many rooms had the inn in March 2024?", 2),
        ("How many rooms had the inn on 6 March 2024?", 2),
        ("How many rooms had the inn on 7 March 2024?", 1),
        ("How many rooms had the inn in May 2021?", 1),
        ("How many rooms had the inn in March?", 1),  # of any year: no document is meant
        ("How many rooms had the inn in 2024?", 1),
    ],
)
def test_of_documents_that_tell_the_same_the_one_of_the_month_asked_for_comes_first(
    question: str, first: int
) -> None:
    inns = [
        replace(passage(INN, id_=1, document=1), date=date(2023, 1, 2), dense=0.6),
        replace(passage(INN, id_=2, document=2), date=date(2024, 3, 6)),
        passage(INN, id_=3, document=3),
    ]
    weights = {**PLAIN_WEIGHTS, "of_that_month": 3.0}
    reader = SpanReader(WordScores({"nine": 5.0}), weights)
    assert reader.read(retrieval(question, *inns))[0].passage.document == first


def test_a_document_that_holds_the_questions_names_comes_before_one_that_does_not() -> None:
    inns = [
        replace(passage(INN, id_=1, document=1), named=0.5),
        replace(passage(INN, id_=2, document=2), named=1.0),
    ]
    reader = SpanReader(WordScores({"nine": 5.0}), PLAIN_WEIGHTS)
    best = reader.read(retrieval("How many rooms has the Inn of Grey Point?", *inns))[0]
    assert best.passage.document == 2


class Counting(WordScores):
    """Keeps count of the passages it reads."""

    read = 0

    def score(self, question: str, contexts: Sequence[str]) -> list[list[TokenScores]]:
        self.read += len(contexts)
        return super().score(question, contexts)


@pytest.mark.parametrize(("most", "read"), [(20.0, 12), (15.0, 6), (9.0, 4), (inf, 12)])
def test_passages_that_cannot_come_first_are_not_read(most: float, read: int) -> None:
    inns = [passage(INN, id_=n, document=n, fused=1 - n / 12) for n in range(12)]
    model = Counting({"nine": 5.0})
    weights = {**PLAIN_WEIGHTS, "passage_fused": 10.0, "margin": 0.0}
    # The best has 5 + 5 from its logits; the n-th after it 10 n / 12 less from its rank.
    candidates = SpanReader(model, weights, most=most).read(retrieval("How many rooms?", *inns))
    assert quote(INN, candidates[0].span) == "nine"
    assert candidates[0].passage.document == 0
    again = 1  # the passage of the best, its two sentences in the other order
    assert model.read == read + again


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=20),
    st.integers(0, 19),
)
def test_leaving_passages_unread_never_changes_the_best_candidate(
    known: list[tuple[float, float]], answering: int
) -> None:
    texts = [INN if n == answering % len(known) else "There are rooms." for n in range(len(known))]
    passages = [
        replace(passage(text, id_=n, document=n, fused=0.1 + fused), lexical=lexical)
        for n, (text, (fused, lexical)) in enumerate(zip(texts, known, strict=True))
    ]
    asked = retrieval("How many rooms?", *passages)
    model = WordScores({"nine": 1.0, "rooms": 0.5})
    every = SpanReader(model, PLAIN_WEIGHTS).read(asked)
    some = SpanReader(model, PLAIN_WEIGHTS, most=6.0).read(asked)
    assert some[0] == every[0]


def quote(text: str, span: Span, at: int = 0) -> str:
    return text[span.start - at : span.end - at]


def test_the_best_span_of_each_sentence_is_a_candidate() -> None:
    reader = SpanReader(WordScores({"1812": 5.0, "1815": 3.0, "Nobody": 1.0}), PLAIN_WEIGHTS)
    candidates = reader.read(retrieval("When did it burn?", passage(MILL)))
    assert [quote(MILL, c.span) for c in candidates] == ["1812", "1815", "Nobody"]


def test_a_span_of_several_words_runs_from_the_best_start_to_the_best_end() -> None:
    reader = SpanReader(WordScores({"Ada": 4.0, "Lind": 4.0}), PLAIN_WEIGHTS)
    best = reader.read(retrieval("Who rebuilt it?", passage(MILL)))[0]
    assert quote(MILL, best.span) in ("Ada", "Lind", "Ada Lind")
    assert best.span.start >= MILL.index("Ada")


def test_offsets_count_in_the_document_wherever_the_passage_begins() -> None:
    reader = SpanReader(WordScores({"1812": 5.0}), PLAIN_WEIGHTS)
    best = reader.read(retrieval("When?", passage(MILL, at=1000)))[0]
    assert quote(MILL, best.span, at=1000) == "1812"
    assert best.sentence.covers(best.span)


def test_the_header_is_read_but_never_quoted() -> None:
    model = WordScores({"1700": 9.0, "1812": 1.0})
    best = SpanReader(model, PLAIN_WEIGHTS).read(retrieval("When?", passage(MILL)))[0]
    assert model.contexts[0] == "The burning of 1700\n" + MILL
    assert all(context.startswith("The burning of 1700") for context in model.contexts)
    assert quote(MILL, best.span) == "1812"


def test_a_sentence_that_two_passages_share_is_read_once_in_the_better_one() -> None:
    model = WordScores({"1812": 5.0})
    rows = span_rows(retrieval("When?", passage(MILL, id_=1), passage(MILL, id_=2)), model)
    assert len(rows) == len(sentences(MILL))
    assert {candidate.passage.id for candidate, _ in rows} == {1}


def test_the_same_logits_count_more_in_a_passage_that_ranks_higher() -> None:
    model = WordScores({"1812": 2.0, "nine": 2.0})
    found = retrieval("?", passage(INN, id_=2, document=2, fused=0.5), passage(MILL, fused=1.0))
    best = SpanReader(model, PLAIN_WEIGHTS).read(found)[0]
    assert best.passage.document == 1


class InOtherOrders(WordScores):
    """Likes other words where a text does not stand as it stood."""

    def __init__(self, liked: dict[str, float], otherwise: dict[str, float], plain: str) -> None:
        super().__init__(liked)
        self._otherwise = WordScores(otherwise)
        self._plain = plain

    def _window(self, context: str) -> TokenScores:
        if context == self._plain:
            return super()._window(context)
        return self._otherwise.score("", [context])[0][0]


class TestWithADraft:
    """A quicker model reads everything, the exact one what decides."""

    WHEEL = "The wheel turned in 1700. Ada sold it."

    def read(self, exact: WordScores, draft: WordScores) -> list[str]:
        texts = {1: MILL, 2: INN, 3: self.WHEEL}
        passages = [passage(text, id_=id_, document=id_) for id_, text in texts.items()]
        candidates = SpanReader(exact, PLAIN_WEIGHTS, draft).read(retrieval("When?", *passages))
        return [quote(texts[c.passage.document], c.span) for c in candidates]

    def test_the_answer_is_the_exact_models(self) -> None:
        draft = WordScores({"burned": 5.04, "1812": 5.0, "nine": 2.0})
        exact = WordScores({"burned": 5.0, "1812": 5.04, "nine": 2.0})
        assert self.read(exact, draft)[0] == self.read(exact, exact)[0] == "1812"

    def test_only_the_passages_of_the_answer_and_its_rival_are_read_again(self) -> None:
        likes = {"1812": 5.0, "nine": 4.98, "1700": 1.0}
        exact = WordScores(likes)
        self.read(exact, WordScores(likes))
        assert [context.split("\n")[1] for context in exact.contexts] == [MILL, INN]

    def test_an_answer_that_leads_by_far_is_not_read_again(self) -> None:
        likes = {"1812": 5.0, "nine": 4.0, "1700": 1.0}
        exact = WordScores(likes)
        assert self.read(exact, WordScores(likes))[0] == "1812"
        assert exact.contexts == []

    def test_what_takes_the_lead_on_a_second_reading_is_read_again_too(self) -> None:
        draft = WordScores({"1812": 5.0, "nine": 4.98, "1700": 3.0})
        exact = WordScores({"1812": 1.0, "nine": 2.0, "1700": 3.0})
        assert self.read(exact, draft)[:2] == ["1700", "nine"]

    def test_where_other_orders_bring_another_span_near_the_exact_model_decides(self) -> None:
        plain = "The burning of 1700\n" + MILL
        draft = InOtherOrders({"1812": 5.0}, {"1812": 5.0, "burned": 7.5}, plain)
        exact = WordScores({"burned": 5.0, "1812": 4.0})
        best, *_ = SpanReader(exact, PLAIN_WEIGHTS, draft).read(retrieval("When?", passage(MILL)))
        assert quote(MILL, best.span) == "burned"
        assert exact.contexts == draft.contexts

    def test_without_a_candidate_nothing_is_read_again(self) -> None:
        exact = WordScores({})
        assert SpanReader(exact, PLAIN_WEIGHTS, WordScores({})).read(retrieval("When?")) == []
        assert exact.contexts == []


def test_the_margin_is_what_the_span_has_over_the_null_score() -> None:
    ((candidate, _), *_) = span_rows(
        retrieval("When?", passage(MILL)), WordScores({"1812": 3.0}, null=1.5)
    )
    assert candidate.margin == pytest.approx(4.5)


def test_a_span_is_no_longer_than_allowed_and_stays_inside() -> None:
    tokens = TokenScores(
        offsets=np.array([(0, 1), (2, 3), (4, 5), (6, 7)]),
        start=np.array([5, 0, 0, 0], dtype=np.float32),
        end=np.array([0, 1, 0, 5], dtype=np.float32),
        null=0.0,
    )
    assert best_spans(tokens, Span(0, 7), longest=4) == [(10.0, Span(0, 7)), (6.0, Span(0, 3))]
    assert best_spans(tokens, Span(0, 7), longest=2)[0] == (6.0, Span(0, 3))
    assert best_spans(tokens, Span(2, 7), longest=4)[0] == (5.0, Span(2, 7))
    assert best_spans(tokens, Span(2, 3), longest=4) == [(1.0, Span(2, 3))]
    assert best_spans(tokens, Span(8, 9), longest=4) == []


def test_without_a_model_the_sentence_is_narrowed_to_what_is_asked_for() -> None:
    reader = SentenceReader(load_fit("sentence_reader").features)
    found = retrieval("How many rooms are there?", passage(INN))
    best = next(c for c in reader.read(found) if "rooms" in quote(INN, c.sentence))
    assert quote(INN, best.span) == "nine"


def test_without_a_model_and_a_type_the_answer_is_the_sentence_without_its_quotation_marks() -> (
    None
):
    text = '"The inn is very old," she said.'
    reader = SentenceReader(load_fit("sentence_reader").features)
    best = reader.read(retrieval("What about the inn?", passage(text)))[0]
    assert quote(text, best.span) == 'The inn is very old," she said'


def test_separators_are_nobodys_answer() -> None:
    reader = SentenceReader(load_fit("sentence_reader").features)
    candidates = reader.read(retrieval("What?", passage("* * *\nThe inn is old.")))
    assert len(candidates) == 1


def test_a_question_of_the_text_that_repeats_the_one_asked_is_no_answer() -> None:
    text = "Q: Must I be at home when the box comes? A: No, it is left at the door. Who would steal a box?"
    reader = SpanReader(WordScores({"home": 9.0, "door": 5.0}), PLAIN_WEIGHTS)
    found = reader.read(retrieval("Do I have to be at home for the box?", passage(text)))
    assert quote(text, found[0].span) == "door"
    other = reader.read(retrieval("Where does the courier put it?", passage(text)))
    assert quote(text, other[0].span) == "home"


def test_the_number_of_a_clause_is_no_answer() -> None:
    text = "4.2 Receipts are needed for meals above 40 crowns."
    model = WordScores({"4.2": 9.0, "meals": 5.0})
    (found,) = SpanReader(model, PLAIN_WEIGHTS).read(retrieval("What for?", passage(text)))
    assert quote(text, found.span) == "meals"


TABLE = "Day | Pool | Sauna\nMonday | 8:00 | 12:00\nSunday | 9:00 | closed\n"


def test_in_a_table_the_words_for_column_and_row_decide() -> None:
    reader = SpanReader(WordScores({"Monday": 9.0}), PLAIN_WEIGHTS)
    read = reader.read(retrieval("Is the sauna open on Sunday?", passage(TABLE, at=30)))
    assert quote(TABLE, read[0].span.counted_from(30)) == "closed"
    assert quote(TABLE, read[0].sentence.counted_from(30)) == "Sunday | 9:00 | closed"
    unnamed = reader.read(retrieval("When can we swim?", passage(TABLE)))
    assert quote(TABLE, unnamed[0].span) == "Monday"


def test_a_table_is_looked_up_where_the_answer_was_read_in_it_and_not_elsewhere() -> None:
    text = f"{TABLE}\nOn Sunday the sauna of the inn is open until ten.\n"
    reader = SpanReader(WordScores({"ten": 9.0}), PLAIN_WEIGHTS)
    read = reader.read(retrieval("Is the sauna open on Sunday?", passage(text)))
    assert quote(text, read[0].span) == "ten"


def test_of_a_long_cell_what_the_reader_found_in_it_is_the_answer() -> None:
    text = "Day | Remark\nSunday | the sauna is closed for the whole of the summer\nMonday | none\n"
    reader = SpanReader(WordScores({"summer": 9.0}), PLAIN_WEIGHTS)
    read = reader.read(retrieval("What is the remark on Sunday?", passage(text)))
    assert quote(text, read[0].span) == "summer"


PLOTS = "| Plot | Holder | Crop |\n| 7 | Ada Lind | leeks |\n| 20 | Tom Hale | yams |\n"


def test_a_row_of_a_table_is_read_by_itself_as_a_sentence() -> None:
    model = WordScores({"yams": 9.0})
    read = SpanReader(model, PLAIN_WEIGHTS).read(retrieval("What grows?", passage(PLOTS, at=30)))
    assert "The burning of 1700\nTom Hale – Plot: 20; Crop: yams." in model.contexts
    assert quote(PLOTS, read[0].span.counted_from(30)) == "yams"
    assert quote(PLOTS, read[0].sentence.counted_from(30)) == "| 20 | Tom Hale | yams |"


def test_a_row_without_the_number_that_is_asked_for_is_not_read_as_one() -> None:
    model = WordScores({})
    SpanReader(model, PLAIN_WEIGHTS).read(retrieval("Who has plot 20?", passage(PLOTS)))
    written = [context for context in model.contexts if "–" in context]
    assert written == ["The burning of 1700\nTom Hale – Plot: 20; Crop: yams."]


def test_the_name_of_a_column_is_no_answer() -> None:
    reader = SpanReader(WordScores({"Crop": 9.0, "Crop:": 9.0, "leeks": 1.0}), PLAIN_WEIGHTS)
    rows = [
        c
        for c in reader.read(retrieval("What grows?", passage(PLOTS)))
        if "7" in quote(PLOTS, c.sentence)
    ]
    assert [quote(PLOTS, row.span) for row in rows] == ["leeks"]


def test_what_a_row_is_about_is_no_answer_if_the_question_says_it() -> None:
    reader = SpanReader(WordScores({"Lind": 9.0, "leeks": 1.0}), PLAIN_WEIGHTS)
    best = reader.read(retrieval("What about Ada Lind?", passage(PLOTS)))[0]
    assert quote(PLOTS, best.span) == "leeks"


def test_a_version_that_is_asked_for_is_read_off_the_heading() -> None:
    text = "## 4.1.0\n- A dark theme\n## 4.0.2\n- A redirect\n"
    reader = SpanReader(WordScores({"theme": 9.0}), PLAIN_WEIGHTS)
    read = reader.read(retrieval("Which version has a dark theme?", passage(text)))
    assert quote(text, read[0].span) == "4.1.0"
    assert quote(text, read[0].sentence) == "## 4.1.0"


def test_a_row_whose_cell_holds_several_sentences_is_answered_by_the_one_in_which_the_span_begins() -> (
    None
):
    text = "| Day | Hours |\n|---|---|\n| Sunday | never |\n| Monday | Open by day. Closed by night. |\n"
    reader = SpanReader(WordScores({"Open": 9.0, "night": 9.0}), PLAIN_WEIGHTS)
    best = reader.read(retrieval("What of it?", passage(text)))[0]
    assert quote(text, best.span) == "Open by day."
    assert quote(text, best.sentence).endswith("Open by day.")


FAULTS = (
    "Display | Cause | What to do\n--- | --- | ---\n"
    "E1 | sensor broken | call the service\nE4 | fan blocked | wait 10 to 15 minutes\n"
)


def contexts_read(question: str, *passages: RetrievedPassage) -> list[str]:
    model = WordScores({})
    SpanReader(model, PLAIN_WEIGHTS).read(retrieval(question, *passages))
    return model.contexts


def answers(question: str, liked: dict[str, float], *passages: RetrievedPassage) -> list[str]:
    read = SpanReader(WordScores(liked), PLAIN_WEIGHTS).read(retrieval(question, *passages))
    return [candidate.passage.slice(candidate.span) for candidate in read]


def test_a_rule_and_the_names_of_columns_answer_nothing() -> None:
    liked = {"Cause": 9.0, "---": 9.0, "blocked": 1.0}
    assert answers("What is wrong?", liked, passage(FAULTS))[0] == "blocked"


def test_a_row_about_another_code_is_passed_over_where_the_table_has_the_one_asked_for() -> None:
    liked = {"sensor": 9.0, "blocked": 1.0}
    assert answers("What does E4 mean?", liked, passage(FAULTS)) == ["blocked"]
    assert answers("What does E5 mean?", liked, passage(FAULTS))[0] == "sensor"


def test_a_sentence_beside_a_table_is_passed_over_if_it_is_about_another_number_than_its_row() -> (
    None
):
    looms = "No. | Maker | Weaver\n--- | --- | ---\n204 | Drescal | Ada\n210 | Vamontexa |\n"
    note = "Loom 210 is run by Eva. The red box is for heddles."
    liked = {"Eva": 9.0, "Ada": 1.0}
    assert answers("Who runs loom 204?", liked, passage(f"{looms}\n{note}"))[0] == "Ada"
    assert answers("Who runs loom 210?", liked, passage(f"{looms}\n{note}"))[0] == "Eva"
    assert answers("Who runs loom 204?", liked, passage(note))[0] == "Eva"


def test_a_timetable_without_the_time_asked_for_is_passed_over_where_another_has_it() -> None:
    weekdays = (
        "Stop | Bus 1 | Bus 2\n--- | --- | ---\nStation | 7:25 | 15:18\nPier | 8:14 | 16:07\n"
    )
    sundays = "Stop | Bus A | Bus B\n--- | --- | ---\nStation | 9:25 | 17:18\nPier | 9:59 | 17:59\n"
    found = answers(
        "When is the 15:18 at the pier?",
        {"17:59": 9.0, "7:25": 1.0},
        passage(sundays, id_=1),
        passage(weekdays, id_=2, document=2),
    )
    assert found[0] == "16:07"


def test_how_much_is_no_code_no_date_and_nothing_that_the_question_says() -> None:
    liked = {"fan": 9.0, "10": 5.0, "15": 5.0}
    assert answers("How long does E4 wait?", liked, passage(FAULTS))[0] == "10 to 15"
    stock = (
        "SKU: TL-1, Item: Drill 18 V, Stock: 14 pieces, Counted: 2025-05-12\n"
        "SKU: TL-2, Item: Hammer, Stock: none, Counted: 2025-05-12\n"
    )
    liked = {"TL-1;": 9.0, "18": 9.0, "2025-05-12.": 9.0, "14": 1.0}
    assert answers("How many drills are there?", liked, passage(stock))[0] == "14"


def test_where_a_document_names_the_unit_asked_for_those_of_other_units_are_not_read() -> None:
    other = replace(passage("The rent is £845.", id_=1), identified=False)
    asked = replace(passage("The rent is £1,120.", id_=2, document=2), identified=True)
    question = "What is the rent of flat 7?"
    assert [text.endswith("£1,120.") for text in contexts_read(question, other, asked)] == [True]
    assert len(contexts_read(question, other)) == 1


def test_the_first_line_of_a_list_is_no_name_of_its_columns() -> None:
    inn = "Landlord: Harriet Poole\nOpened: 1884\nRooms: 14\nSeats: 60\n"
    assert answers("Who is the landlord?", {"Harriet": 9.0, "Poole": 9.0}, passage(inn))[0] == (
        "Harriet Poole"
    )


def test_how_long_and_how_old_may_be_said_in_words() -> None:
    tasks = "Task | Duration | Cost\n--- | --- | ---\nThe roof | two weeks | £400\nA door | a day | £90\n"
    assert answers("How long does the roof take?", {"two": 9.0}, passage(tasks))[0] == "two"
    gutters = tasks.replace("two weeks", "every spring")
    assert answers("How often is the roof done?", {"every": 9.0}, passage(gutters))[0] == "every"


def test_a_time_in_the_question_leaves_tables_without_times_alone() -> None:
    times = (
        "Ferry | Harbour | Island\n--- | --- | ---\nFirst | 9:10 | 9:55\nSecond | 12:10 | 12:55\n"
    )
    fares = "Ticket | Price\n--- | ---\nAdult single | £4 each\nChild single | £2 each\n"
    found = answers(
        "What is an adult single on the 12:10 ferry?",
        {"£4": 9.0},
        passage(fares, id_=1),
        passage(times, id_=2, document=2),
    )
    assert found[0] == "£4"


def test_of_two_codes_asked_for_the_rows_of_both_are_read() -> None:
    liked = {"sensor": 9.0, "blocked": 1.0}
    assert set(answers("What do E1 and E4 mean?", liked, passage(FAULTS))) == {"sensor", "blocked"}
