"""Follow-up questions: which lean on the dialogue, and what they are taken for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.answer import NoAnswer, Reply
from qa.dialogue import Reading, leans, names_in, plausibility, readings
from tests.fakes_reader import answer_from

OPENING = "When was the lighthouse on Grey Point built?"
BUILT = answer_from("The lighthouse on Grey Point was built in 1871.", "1871", question=OPENING)
KEEPER = answer_from(
    "Tomas Lind was the last keeper.", "Tomas Lind", question="Who was the last keeper?"
)
BOTH = answer_from("They met 12 times.", "12", question="How often did Hale meet Karsund?")
SILENT = NoAnswer("Did the ferry from Karsund sail in 2023?", "Nothing says so.", 0.1, None)


def filled(question: str, *earlier: Reply) -> str | None:
    """What the gaps of a follow-up are filled in with."""
    found = [reading.question for reading in readings(question, earlier) if not reading.after]
    return found[0] if found else None


@pytest.mark.parametrize(
    "question",
    [
        "And in 2025?", "what about Kazakhstan?", "Who said that?", "How many of them?",
        "the other way round?", "why?", "Since when?", "Where did he say it?", "And the year before?",
        "What else did they agree on?", "schools?", "so where are they from", "How often is that?",
        "Where was the same?",
    ],
)  # fmt: skip
def test_a_question_that_points_back_leans_on_the_dialogue(question: str) -> None:
    assert leans(question)


@pytest.mark.parametrize(
    "question",
    [
        OPENING,
        "What did Erdogan say about his visit?",
        "how many bees live in a hive in june",
        "Which corridor joins Azerbaijan and Russia together?",
        "How much is the tour of the Ardskell distillery",
    ],
)
def test_a_question_that_says_what_it_is_about_does_not_lean(question: str) -> None:
    assert not leans(question)


def test_the_first_question_is_read_as_typed_whatever_it_is() -> None:
    assert readings("And in 2025?", []) == (Reading("And in 2025?"),)


def test_a_question_that_stands_alone_is_not_bent_by_what_went_before() -> None:
    assert readings("Who lit the fires in Orvale?", [BUILT, KEEPER]) == (
        Reading("Who lit the fires in Orvale?"),
    )


def test_a_follow_up_is_looked_for_with_the_questions_it_hangs_on_and_read_alone() -> None:
    who = answer_from("Tomas Lind kept it.", "Tomas Lind", question="Who kept it?")
    reading = readings("How long had he been there?", [SILENT, BUILT, who])[0]
    assert reading.question == "How long had he been there?"
    assert reading.after == (OPENING, "Who kept it?")  # the ferry is another matter
    assert reading.sought == f"{OPENING} Who kept it? How long had he been there?"


def test_a_long_dialogue_lends_its_last_three_questions() -> None:
    turns = [
        answer_from("It was red.", "red", question=f"And the {n} one?") for n in ("1st", "2nd")
    ]
    reading = readings("And the last one?", [BUILT, BUILT, *turns, *turns])[0]
    assert reading.after == ("And the 2nd one?", "And the 1st one?", "And the 2nd one?")


def test_a_question_that_was_asked_again_at_once_lends_its_words_once() -> None:
    who = answer_from("Tomas Lind kept it.", "Tomas Lind", question="Who kept it?")
    reading = readings("How long?", [BUILT, who, who])[0]
    assert reading.after == (OPENING, "Who kept it?")


def test_a_question_without_a_name_may_stand_alone_or_not() -> None:
    question = "how many bees live in a hive in june"
    assert readings(question, [BUILT]) == (Reading(question), Reading(question, (OPENING,)))


@pytest.mark.parametrize(
    ("follow_up", "earlier", "meant"),
    [
        ("And in 2024?", SILENT, "Did the ferry from Karsund sail in 2024?"),
        ("What about Hale?", SILENT, "Did the ferry from Hale sail in 2023?"),
        ("and for dogs?", SILENT, "Did the ferry from Karsund sail in 2023 for dogs?"),
        ("Why?", BUILT, "Why was the lighthouse on Grey Point built 1871?"),
        ("When did he retire?", KEEPER, "When did Tomas Lind retire?"),
        ("who was his wife", KEEPER, "who was Tomas Lind's wife?"),
        ("Who kept it?", SILENT, "Who kept Karsund?"),
        ("What did it burn?", BUILT, "What did Grey Point burn?"),
        ("What did they say?", BOTH, "What did Hale and Karsund say?"),
        ("Did he keep his dog?", KEEPER, "Did Tomas Lind keep Tomas Lind's dog?"),
    ],
)
def test_gaps_are_filled_in_from_the_last_question_or_its_answer(
    follow_up: str, earlier: Reply, meant: str
) -> None:
    assert filled(follow_up, earlier) == meant


def test_a_number_a_time_or_a_verb_stands_in_for_nobody() -> None:
    count = answer_from("He had 11.", "11", question="How many dogs did Tomas Lind keep?")
    for follow_up in ("How old was he?", "What did he call them?"):
        assert "11" not in (filled(follow_up, count) or "")
    lit = answer_from("They lit fires.", "lit", question="what did the growers do?")
    assert filled("Did it help?", lit) is None
    sign = answer_from("It is $ here.", "$", question="what sign stands before the price?")
    assert filled("Where does it come from?", sign) is None


def test_what_a_pronoun_stands_for_may_be_some_turns_ago() -> None:
    again = answer_from("In 1988.", "1988", question="When did he retire?")
    assert [r.question for r in readings("Where was he born?", [KEEPER, again])] == [
        "Where was he born?",
        "Where was Tomas Lind born?",
    ]


def test_a_follow_up_to_a_follow_up_leans_on_what_that_one_was_taken_for() -> None:
    second = replace(
        answer_from("In 1902.", "1902", question="And at Hale?"),
        understood_as="When was the lighthouse at Hale built?",
    )
    assert filled("And at Orvale?", BUILT, second) == "When was the lighthouse at Orvale built?"
    looked_for = replace(second, understood_as=f"{OPENING} And at Hale?")
    assert filled("And at Orvale?", BUILT, looked_for) == "And at Orvale?"


def test_a_follow_up_is_not_answered_by_what_was_just_answered() -> None:
    other = answer_from("The port holds 25.", "25", confidence=0.3)
    follow_up, anew = "And the port?", OPENING
    assert plausibility(follow_up, other, [BUILT]) > plausibility(follow_up, BUILT, [BUILT])
    assert plausibility(follow_up, BUILT, [BUILT]) > plausibility(follow_up, SILENT, [BUILT])
    assert plausibility(anew, BUILT, [BUILT]) > plausibility(anew, other, [BUILT])


def test_the_other_way_round_swaps_the_names() -> None:
    asked = answer_from("Often.", "Often", question="How often did Hale beat Karsund?")
    assert filled("And the other way round?", asked) == "How often did Karsund beat Hale?"
    assert filled("And the other way round?", KEEPER) is None


def test_a_long_answer_stands_in_for_no_pronoun() -> None:
    quote = "from the harbour over the old bridge and on to the hills"
    asked = answer_from(f"It runs {quote}.", quote, question="Where does the road to Orvale run?")
    assert filled("Who built it?", asked) == "Who built Orvale?"


def test_names_are_runs_of_capitals_but_not_the_word_that_begins_a_question() -> None:
    assert names_in("Who is Tomas Lind of Grey Point, in Orvale?") == [
        "Tomas Lind of Grey Point",
        "Orvale",
    ]
    assert names_in("What did Erdogan say?") == ["Erdogan"]


TEXTS = st.text(max_size=60) | st.sampled_from(
    [
        "And?",
        "it",
        "Why",
        "What about",
        "?",
        "the other way round",
        "And in 2025?",
        "In In In",
        "\x00",
    ]
)


@given(TEXTS, st.lists(TEXTS, min_size=1, max_size=5))
def test_whatever_is_typed_has_one_to_two_readings_each_of_the_words_before(
    question: str, asked: list[str]
) -> None:
    earlier = [NoAnswer(text, "Nothing says so.", 0.0, None) for text in asked]
    found = readings(question, earlier)
    assert 1 <= len(found) <= 2
    assert found[0].question == question
    known = set(" ".join([question, *asked]).split())
    for reading in found:
        assert set(reading.sought.replace("?", " ").replace("for", " ").split()) <= {
            part for word in known for part in word.replace("?", " ").replace("for", " ").split()
        } | {word.rstrip(" ?.!") for word in known}


def test_what_went_before_counts_for_a_question_that_can_stand_alone_only_where_it_is_much_surer() -> (
    None
):
    question = "how many bees live in a hive in june"
    typed = answer_from("It holds 40,000.", "40,000", question=question, confidence=0.4)
    with_others = replace(typed, understood_as=f"{OPENING} {question}")
    surer, much_surer = (replace(with_others, confidence=each) for each in (0.6, 0.7))
    assert plausibility(question, typed, [BUILT]) > plausibility(question, surer, [BUILT])
    assert plausibility(question, typed, [BUILT]) < plausibility(question, much_surer, [BUILT])
