"""What a question expects of its answer is read off its wording."""

from __future__ import annotations

import pytest

from qa.expectations import asks_who_says, expected_type, says, typed_spans


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How many bees does a hive hold?", "number"),
        ("What percentage of the harvest was lost?", "number"),
        ("By how much did trade grow?", "number"),
        ("When was the lighthouse built?", "time"),
        ("In which year did the keeper retire?", "time"),
        ("Who was the last keeper?", "person"),
        ("Whose statement came first?", "person"),
        ("Where do the keepers move their hives?", "place"),
        ("Which country lost its harvest?", "place"),
        ("Why did the ferry stop?", "reason"),
        ("What was the fire for?", "reason"),
        ("What did the captain say?", None),
        ("WHO IS HE?", "person"),
        ("", None),
    ],
)
def test_the_wording_of_a_question_tells_what_it_asks_for(question: str, kind: str | None) -> None:
    assert expected_type(question) == kind


@pytest.mark.parametrize(
    ("kind", "text", "found"),
    [
        (
            "number",
            "Trade grew by 17 percent to 4.5 billion dollars.",
            ["17 percent", "4.5 billion dollars"],
        ),
        ("number", "More than forty hives", ["More than forty"]),
        (
            "time",
            "It was built on March 6, 2024 and sold last year.",
            ["March 6, 2024", "last year"],
        ),
        ("time", "He retired in 1988.", ["1988"]),
        ("person", "then Edda Brandt spoke", ["Edda Brandt"]),
        ("place", "It sailed from Karsund to Hale.", ["Karsund", "Hale"]),
        ("reason", "It stopped because its engine burned.", ["because its engine burned"]),
        ("number", "No figure was given.", []),
    ],
)
def test_spans_of_the_expected_kind_are_found_where_they_stand(
    kind: str, text: str, found: list[str]
) -> None:
    assert [span.of(text) for span in typed_spans(text, kind, "?")] == found


def test_what_the_question_names_itself_is_no_answer_to_it() -> None:
    text = "then Edda Brandt thanked Tomas Lind"
    spans = typed_spans(text, "person", "Whom did Edda Brandt thank?")
    assert [span.of(text) for span in spans] == ["Tomas Lind"]


def test_questions_and_sentences_about_speech_are_recognised() -> None:
    assert asks_who_says("Who said that trade is growing?")
    assert asks_who_says("What was announced on Friday?")
    assert not asks_who_says("When was the lighthouse built?")
    assert says("“It was not enough,” said Maria Oduya.")
    assert not says("Heather honey is darker.")
