"""What a quote says as values, and when two quotes agree."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.dates import dates_of
from qa.quantities import quantities_of
from qa.text import Span
from qa.values import Comparison, compared, values_of
from tests.strategies import texts


def comparison(one: str, other: str) -> str:
    return compared(values_of(one), values_of(other)).value


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("$4.5bn", 4.5e9, "USD"),
        ("4.5 billion dollars", 4.5e9, "USD"),
        ("four and a half billion US dollars", 4.5e9, "USD"),
        ("US$ 3 million", 3e6, "USD"),
        ("€3m", 3e6, "EUR"),
        ("3m people", 3e6, "person"),
        ("12k subscribers", 12_000, "subscrib"),
        ("11%", 11, "percent"),
        ("11 per cent", 11, "percent"),
        ("2 percentage points", 2, "percentage point"),
        ("4,500 tons", 4_500, "ton"),
        ("4 500 tonnes", 4_500, "ton"),
        ("4,5 percent", 4.5, "percent"),
        ("1.234.567,89 euros", 1_234_567.89, "EUR"),
        ("1,234,567.89 euros", 1_234_567.89, "EUR"),
        ("sixteen thousand students", 16_000, "student"),
        ("a hundred and twenty men", 120, "man"),
        ("two hundred thousand boats", 200_000, "boat"),
        ("half a million boats", 500_000, "boat"),
        ("two dozen eggs", 24, "egg"),
        ("324 secondary schools also teach", 324, "school"),
        ("the 16th visit", 16, "ordinal visit"),
        ("-5 percent", -5, "percent"),
        ("1500 schools", 1_500, "school"),
    ],
)
def test_a_quantity_is_its_number_and_its_unit_however_written(
    text: str, value: float, unit: str
) -> None:
    (quantity,) = quantities_of(text)
    assert (quantity.low, quantity.high, quantity.unit) == (value, value, unit)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("more than 17 percent", 17, inf),
        ("more than $17", 17, inf),
        ("at least 17 boats", 17, inf),
        ("17 boats or even more", 17, inf),
        ("17+ boats", 17, inf),
        ("up to 17 boats", -inf, 17),
        ("no more than 17 boats", -inf, 17),
        ("fewer than 17 boats", -inf, 17),
        ("nearly 100 boats", 90, 100),
        ("approaching the mark of 100 boats", 90, 100),
        ("about 100 boats", 90, 110),
        ("10-12 boats", 10, 12),
        ("10 to 12 boats", 10, 12),
        ("between 10 and 12 boats", 10, 12),
        ("15–20 million boats", 15e6, 20e6),
    ],
)
def test_bounds_and_ranges_say_what_values_they_allow(text: str, low: float, high: float) -> None:
    (quantity,) = quantities_of(text)
    assert (quantity.low, quantity.high) == (low, high)


def test_a_change_from_one_value_to_another_is_two_values_of_one_unit() -> None:
    found = quantities_of("an increase from 1 million to 5 million tons")
    assert [(q.low, q.high, q.unit) for q in found] == [(1e6, 1e6, "ton"), (5e6, 5e6, "ton")]


@pytest.mark.parametrize(
    "text",
    [
        "dozens of percent",
        "one of them",
        "COP29",
        "a C-130",
        "at 12:35",
        "1.2.3",
        "one two three",
        "",
    ],
)
def test_what_names_no_number_is_no_quantity(text: str) -> None:
    assert quantities_of(text) == []


@pytest.mark.parametrize(
    ("text", "years", "month", "day"),
    [
        ("March 6, 2024", (2024, 2024), 3, 6),
        ("the 6th of March 2024", (2024, 2024), 3, 6),
        ("2024-03-06", (2024, 2024), 3, 6),
        ("26.11.2020", (2020, 2020), 11, 26),
        ("3/6/2024", (2024, 2024), None, None),
        ("26 november", None, 11, 26),
        ("9 Aug. 14:30", None, 8, 9),
        ("May 2024", (2024, 2024), 5, None),
        ("in May", None, 5, None),
        ("in 1988", (1988, 1988), None, None),
        ("mid-2024", (2024, 2024), None, None),
        ("the 1980s", (1980, 1989), None, None),
        ("the 19th century", (1801, 1900), None, None),
    ],
)
def test_a_date_is_as_much_of_one_as_is_written(
    text: str, years: tuple[int, int] | None, month: int | None, day: int | None
) -> None:
    (dated,) = dates_of(text)
    assert (dated.years, dated.month, dated.day) == (years, month, day)


@pytest.mark.parametrize(
    "text", ["he may march", "1500 schools", "Birlestik-2024", "2000 tons", "$1988", "3/45/2024"]
)
def test_verbs_counts_and_names_are_no_dates(text: str) -> None:
    assert dates_of(text) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("4.5 billion dollars", "$4.5bn"),
        ("17.4%", "more than 17 percent"),
        ("17%", "more than 17 percent"),
        ("17%", "17.4%"),
        ("16,000", "more than 16,000 students"),
        ("10-12 boats", "11 boats"),
        ("March 6, 2024", "2024-03-06"),
        ("March 2024", "6 March 2024"),
        ("in 2024", "on March 6, 2024"),
        ("1984", "the 1980s"),
        ("President Vladimir Putin", "Putin"),
        ("Russian President Vladimir Putin", "Vladimir Vladimirovich Putin"),
        ("Putin's", "Mr. Putin"),
        ("the United Nations", "U.N."),
        ("World Health Organization", "WHO"),
        ("the Republic of Azerbaijan", "Azerbaijan"),
        ("Kazakhstan, Kyrgyzstan and Uzbekistan", "Kyrgyzstan"),
        ("In (1812)!", "in 1812"),
        ("about a year ago", "a year ago"),
    ],
)
def test_the_same_value_in_other_words_agrees(one: str, other: str) -> None:
    assert comparison(one, other) == "agree"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("11%", "more than 17 percent"),
        ("11%", "12%"),
        ("304 schools", "324 secondary schools"),
        ("$4.5bn", "5 billion dollars"),
        ("5 million tons", "5.4 million tons"),
        ("up to 10 km", "12 kilometres"),
        ("10-12 boats", "13 boats"),
        ("in 2020", "on March 6, 2024"),
        ("March 2024", "6 April 2024"),
        ("7 March", "6 March 2024"),
        ("17% in 2020", "17% in 2024"),
        ("Putin", "Aliyev"),
        ("Ilham Aliyev", "Mehriban Aliyev"),
    ],
)
def test_different_values_of_one_kind_and_unit_conflict(one: str, other: str) -> None:
    assert comparison(one, other) == "conflict"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("9 months", "11%"),
        ("304 schools", "16,000 students"),
        ("5 dollars", "5 euros"),
        ("7 road-maps in 2020", "16 visits in 2020"),
        ("11%", "2 percentage points"),
        ("three of the seven", "five"),
        ("more than 5 people", "200 people"),
        ("in March", "in 2024"),
        ("solar panels", "container trains"),
        ("11%", "Putin"),
        ("President", "the Prime Minister"),
        ("Solar panels", "Putin"),
        ("!!", "??"),
        ("", ""),
    ],
)
def test_what_differs_in_kind_or_unit_cannot_be_compared(one: str, other: str) -> None:
    assert comparison(one, other) == "unrelated"


def test_the_sentence_around_a_quote_tells_what_it_counts() -> None:
    sentence = "It taught more than 16,000 students in 26 schools."
    quote = values_of(sentence, Span(20, 26))
    assert [(q.low, q.high, q.unit) for q in quote.quantities] == [(16_000, inf, "student")]
    assert quote.words == ("16", "000")
    assert compared(quote, values_of("17,200 pupils")) is Comparison.UNRELATED
    assert compared(quote, values_of("15,000 students")) is Comparison.CONFLICT


QUOTES = st.one_of(
    texts,
    st.lists(
        st.sampled_from(
            "17 % percent more than $ 4.5 bn billion 10-12 March 6 2024 Putin President in UN , . a"
            " hundred and half".split()
        ),
        max_size=12,
    ).map(" ".join),
)


@given(one=QUOTES, other=QUOTES)
def test_a_comparison_is_the_same_in_either_order(one: str, other: str) -> None:
    assert comparison(one, other) == comparison(other, one)


@given(QUOTES)
def test_a_quote_agrees_with_itself(quote: str) -> None:
    assert comparison(quote, quote) == "agree" or not values_of(quote).words


@given(text=QUOTES, start=st.integers(0, 20), length=st.integers(0, 20))
def test_every_value_lies_in_its_text_and_reaches_into_its_quote(
    text: str, start: int, length: int
) -> None:
    quote = Span(min(start, len(text)), min(start + length, len(text)))
    values = values_of(text, quote)
    for span in [q.span for q in values.quantities] + [d.span for d in values.dates]:
        assert span.end <= len(text)
        assert span.overlaps(quote)


@pytest.mark.parametrize(
    "piece",
    [
        "1 ",
        "1,",
        "one hundred ",
        "more than ",
        "March ",
        "March 6 2024 ",
        "Aa ",
        "Aa of ",
        "1",
        "$",
        "A.",
        " ",
    ],
)
def test_a_very_long_text_is_read_in_steps_that_grow_with_its_length(piece: str) -> None:
    # Anything worse than linear would take minutes here.
    values = values_of(piece * 20_000)
    assert len(values.quantities) <= 20
    assert compared(values, values) in Comparison
