"""How fast and how long is told once it is known, and from the recent past alone."""

from __future__ import annotations

import pytest

from qa.pace import Pace, rate_text, time_left_text


def test_nothing_is_told_before_it_is_known() -> None:
    pace = Pace()
    assert pace.told("embedding", 0, 100, 0.0) == ""
    assert pace.told("embedding", 10, 100, 1.0) == ""
    assert pace.told("embedding", 30, 100, 3.0) == "10/s, 7 s left"


def test_another_stage_begins_anew() -> None:
    pace = Pace()
    pace.told("reading", 0, 10, 0.0)
    assert pace.told("reading", 5, 10, 5.0) == "1.0/s, 5 s left"
    assert pace.told("embedding", 0, 10, 6.0) == ""


def test_what_an_interrupted_run_had_done_counts_only_for_a_while() -> None:
    pace = Pace()
    pace.told("embedding", 0, 10_000, 0.0)
    pace.told("embedding", 5_000, 10_000, 1.0)
    for second in range(2, 60):
        told = pace.told("embedding", 5_000 + second * 10, 10_000, float(second))
    assert told == "10/s, 7 min left"


def test_a_work_that_stands_still_is_not_said_to_end() -> None:
    pace = Pace()
    pace.told("embedding", 5, 10, 0.0)
    assert pace.told("embedding", 5, 10, 60.0) == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "1 s left"),
        (59.4, "59 s left"),
        (100.0, "2 min left"),
        (3_600.0, "1 h 0 min left"),
        (7_500.0, "2 h 5 min left"),
    ],
)
def test_time_left_is_said_in_the_unit_a_person_would_use(seconds: float, text: str) -> None:
    assert time_left_text(seconds) == text


@pytest.mark.parametrize(("rate", "text"), [(1_234.5, "1,234/s"), (0.52, "0.5/s")])
def test_a_rate_is_said_as_exactly_as_it_is_worth(rate: float, text: str) -> None:
    assert rate_text(rate) == text
