"""Words of questions and passages are compared by their stems."""

from __future__ import annotations

import pytest

from qa.terms import content_words, names, stem, stem_set, stems, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Kazakhstan's uranium, China’s need", ["kazakhstan", "uranium", "china", "need"]),
        ("They don't know", ["they", "don't", "know"]),
        ("oil-rich 2024", ["oil", "rich", "2024"]),
        ("Straße BAKI", ["strasse", "baki"]),
        ("“…” – * ()", []),
    ],
)
def test_words_are_case_folded_and_lose_their_possessive(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_content_words_leave_out_function_words_and_repetitions() -> None:
    assert content_words("Who said what about the ferry and the Ferry?") == ["said", "ferry"]


def test_a_question_of_function_words_alone_keeps_them() -> None:
    assert content_words("To be or not to be?") == ["to", "be", "or", "not"]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What did Ada Lind's mill in Grey Point cost Ada?", ["Ada", "Lind", "Grey", "Point"]),
        ("Did the Mayor or I say THE word?", ["Mayor"]),
        ("how old is the mill", []),
        ("", []),
        ("Äänekoski", []),  # the first word has a capital in any case
    ],
)
def test_the_names_in_a_question_are_its_words_with_a_capital(
    question: str, expected: list[str]
) -> None:
    assert names(question) == expected


def test_forms_of_one_word_have_one_stem() -> None:
    assert stem("relations") == stem("relation")
    assert stems("building buildings built") == ["build", "built"]


@pytest.mark.parametrize(
    "text",
    [
        "The keeper's last winters, and the keepers' lamps: they weren't lit.",
        "To be or not to be?",
        "What's Straße İstanbul's NAÏVE o’clock's 1,871 a_b",
        "",
        "— … !",
    ],
)
def test_the_set_of_stems_is_that_of_the_stems_in_order(text: str) -> None:
    assert stem_set(text) == set(stems(text))
