"""What a person types for a stretch of days, and how it is said back."""

from __future__ import annotations

import contextlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.errors import UsageError
from qa.periods import EXAMPLES, Period, period_of


@pytest.mark.parametrize(
    ("typed", "first", "last", "said"),
    [
        ("2024", "2024-01-01", "2024-12-31", "2024"),
        (" 2024 ", "2024-01-01", "2024-12-31", "2024"),
        ("in 2024", "2024-01-01", "2024-12-31", "2024"),
        ("2024-02", "2024-02-01", "2024-02-29", "2024-02"),
        ("2024-3", "2024-03-01", "2024-03-31", "2024-03"),
        ("2024-03-06", "2024-03-06", "2024-03-06", "2024-03-06"),
        ("March 2024", "2024-03-01", "2024-03-31", "2024-03"),
        ("6 March 2024", "2024-03-06", "2024-03-06", "2024-03-06"),
        ("March 6, 2024", "2024-03-06", "2024-03-06", "2024-03-06"),
        ("31/12/2024", "2024-12-31", "2024-12-31", "2024-12-31"),
        ("the 1980s", "1980-01-01", "1989-12-31", "1980 to 1989"),
        ("in the 1980s", "1980-01-01", "1989-12-31", "1980 to 1989"),
        ("2020..2024", "2020-01-01", "2024-12-31", "2020 to 2024"),
        ("2020 .. 2024-03", "2020-01-01", "2024-03-31", "2020-01 to 2024-03"),
        ("2020-2024", "2020-01-01", "2024-12-31", "2020 to 2024"),
        ("2020–2024", "2020-01-01", "2024-12-31", "2020 to 2024"),
        ("2020 to 2024", "2020-01-01", "2024-12-31", "2020 to 2024"),
        ("from May 2020 until 2024", "2020-05-01", "2024-12-31", "2020-05 to 2024-12"),
        ("Between 2020 and 2024", "2020-01-01", "2024-12-31", "2020 to 2024"),
        ("2024..2024", "2024-01-01", "2024-12-31", "2024"),
        ("2024-03..", "2024-03-01", None, "2024-03 or later"),
        ("since 2023", "2023-01-01", None, "2023 or later"),
        ("from 2023", "2023-01-01", None, "2023 or later"),
        ("after 2023", "2024-01-01", None, "2024 or later"),
        ("after 6 March 2024", "2024-03-07", None, "2024-03-07 or later"),
        ("..2021", None, "2021-12-31", "2021 or earlier"),
        ("before 2021-06", None, "2021-05-31", "2021-05 or earlier"),
        ("until 2021-06", None, "2021-06-30", "2021-06 or earlier"),
        ("up to 2021", None, "2021-12-31", "2021 or earlier"),
        ("..9999", None, "9999-12-31", "9999 or earlier"),
        ("Before 2021", None, "2020-12-31", "2020 or earlier"),
    ],
)
def test_a_period_is_typed_in_many_ways_and_said_in_one(
    typed: str, first: str | None, last: str | None, said: str
) -> None:
    period = period_of(typed)
    assert period == Period(
        date.fromisoformat(first) if first else None, date.fromisoformat(last) if last else None
    )
    assert str(period) == said


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "..",
        "x",
        "20",
        "March",
        "2024-13",
        "2023-02-29",
        "0000",
        "2024 or so",
        "since",
        "since since 2024",
        "2020..2021..2022",
        "after 9999",
        "before 0001",
        "٢٠٢٤",
        "[bold]2024[/]",
    ],
)
def test_what_is_no_date_is_refused_with_examples(typed: str) -> None:
    with pytest.raises(UsageError, match="is no date; type one such as 2024 · "):
        period_of(typed)


def test_of_a_date_in_numbers_the_month_is_not_guessed() -> None:
    with pytest.raises(UsageError, match=r"“3/6/2024” is no date \(which number is the month\?\)"):
        period_of("3/6/2024")


def test_a_period_that_runs_backwards_is_refused() -> None:
    with pytest.raises(UsageError, match="2024-01-01 comes after 2020-12-31; type the earlier"):
        period_of("2024..2020")


def test_a_control_character_is_not_said_back() -> None:
    with pytest.raises(UsageError) as refused:
        period_of("\x1b[31m2024")
    assert "\x1b" not in str(refused.value)


def test_both_ends_lie_inside() -> None:
    march = period_of("2024-03")
    days = [date(2024, 2, 29), date(2024, 3, 1), date(2024, 3, 31), date(2024, 4, 1)]
    assert [march.holds(day) for day in days] == [False, True, True, False]
    assert period_of("since 2024").holds(date.max)
    assert period_of("before 2024").holds(date.min)


def test_every_example_is_understood() -> None:
    for example in EXAMPLES.split(" · "):
        period_of(example)


_days = st.dates(min_value=date(1000, 1, 1), max_value=date(2999, 12, 31))


@given(_days, _days)
def test_what_is_said_can_be_typed_again(one: date, other: date) -> None:
    period = Period(min(one, other), max(one, other))
    assert period_of(str(period)) == period


@given(st.text(max_size=40))
def test_nothing_that_is_typed_is_worse_than_refused(typed: str) -> None:
    with contextlib.suppress(UsageError):
        str(period_of(typed))
