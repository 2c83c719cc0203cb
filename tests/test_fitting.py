"""Confidence fitted to judged answers: rescaling, cross-validation, thresholds, reliability."""

from __future__ import annotations

import random
from dataclasses import asdict, replace
from math import exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.calibration import LogisticCalibrator
from qa.evidence import Evidence
from qa.fitting import (
    Bin,
    Threshold,
    calibrated,
    cross_validated,
    fit_calibrator,
    reliability,
    rescaled,
    threshold_for_precision,
    thresholds,
)

SHIPPED = LogisticCalibrator(bias=0.0, weights={"score": 1.0}, threshold=0.3)
"""Its log-odds are the score itself."""


def evidence(score: float) -> Evidence:
    return Evidence(
        score=score,
        lead=0.0,
        margin=0.0,
        dense=0.5,
        best_dense=0.6,
        lexical=0.4,
        best_similarity=0.5,
        agreement=0,
    )


Judged = list[tuple[float, bool]]
scores = st.floats(-10, 10).map(lambda score: round(score, 3))
judged_answers: st.SearchStrategy[Judged] = st.lists(st.tuples(scores, st.booleans()), max_size=40)


def rescaled_to(judged: Judged) -> LogisticCalibrator:
    return rescaled(SHIPPED, [evidence(s) for s, _ in judged], [right for _, right in judged])


# Rescaling


@given(judged_answers, scores, scores)
def test_rescaling_keeps_the_order_of_confidences(judged: Judged, one: float, two: float) -> None:
    fitted = rescaled_to(judged)
    low, high = sorted([one, two])
    if low < high:
        assert fitted.log_odds(evidence(low)) < fitted.log_odds(evidence(high))


def test_what_judges_answers_of_a_kind_is_rescaled_by_them_as_if_it_stood_alone() -> None:
    alone = LogisticCalibrator(1.0, {"score": 2.0}, 0.3)
    both = replace(SHIPPED, unverified=alone, rows=alone)
    plain = [evidence(score) for score in (-1.0, 0.0, 1.0, 2.0)]
    right = [False, True, False, True]
    expected = rescaled(alone, plain, right)
    assert rescaled(both, plain, right).unverified == expected
    assert rescaled(both, [replace(each, row=1) for each in plain], right).rows == expected


@given(judged_answers)
def test_rescaling_takes_the_two_numbers_that_fit_best(judged: Judged) -> None:
    # At the least of the penalised loss its derivatives by shift and by slope are zero.
    fitted = rescaled_to(judged)
    errors = [(score, right - fitted.confidence(evidence(score))) for score, right in judged]
    assert fitted.bias == pytest.approx(sum(error for _, error in errors), abs=1e-4)
    pull = sum(score * error for score, error in errors)
    slope = fitted.weights["score"]
    if slope > 0.051:  # where it is not held, so that the order stays
        assert slope - 1.0 == pytest.approx(pull, abs=1e-4)


def calibrator_saying(confidence: float) -> LogisticCalibrator:
    """One that is always as sure as this, whatever the evidence."""
    return LogisticCalibrator(log(confidence / (1.0 - confidence)), {"score": 0.0}, 0.3)


@pytest.mark.parametrize("said", [0.7, 0.95, 0.99, 0.9999])
@pytest.mark.parametrize("share", [0.0, 0.25, 0.5])
def test_an_over_confident_reader_is_pulled_down_to_its_share_of_right_answers(
    said: float, share: float
) -> None:
    right = [place < 80 * share for place in range(80)]
    found = calibrator_saying(said)
    fitted = rescaled(found, [evidence(1.0)] * 80, right)
    assert found.confidence(evidence(1.0)) == pytest.approx(said)
    assert fitted.confidence(evidence(1.0)) == pytest.approx(share, abs=0.06)


def test_an_under_confident_reader_is_pulled_up() -> None:
    fitted = rescaled(calibrator_saying(0.3), [evidence(1.0)] * 80, [True] * 72 + [False] * 8)
    assert fitted.confidence(evidence(1.0)) == pytest.approx(0.9, abs=0.06)


def test_without_questions_the_calibrator_stays_as_it_was() -> None:
    assert rescaled(SHIPPED, [], []) == SHIPPED


@pytest.mark.parametrize("right", [True, False])
def test_one_question_moves_confidence_but_does_not_overthrow_it(right: bool) -> None:
    fitted = rescaled_to([(1.0, right)])
    before, after = SHIPPED.confidence(evidence(1.0)), fitted.confidence(evidence(1.0))
    assert (after > before) == right
    assert abs(after - before) < 0.25


def test_the_more_questions_speak_against_the_confidence_the_further_it_moves() -> None:
    after = [rescaled_to([(2.0, False)] * n).confidence(evidence(2.0)) for n in (0, 2, 8, 32)]
    assert after == sorted(after, reverse=True)
    assert len(set(after)) == 4


def test_rescaling_leaves_the_threshold_alone() -> None:
    assert rescaled_to([(2.0, False)] * 8).threshold == SHIPPED.threshold


# Cross-validation


@given(judged_answers.filter(bool), st.data())
def test_a_questions_own_label_has_no_part_in_its_cross_validated_confidence(
    judged: Judged, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(judged) - 1))
    found, right = [evidence(score) for score, _ in judged], [right for _, right in judged]
    other = [right[i] != (i == at) for i in range(len(right))]
    assert cross_validated(SHIPPED, found, right)[at] == cross_validated(SHIPPED, found, other)[at]


def test_each_fold_is_judged_by_a_fit_to_the_others() -> None:
    found = [evidence(score) for score in (3.0, 2.0, 1.0, 0.5)]
    right = [False, True, False, True]
    confidences = cross_validated(SHIPPED, found, right, folds=2)
    fits = [
        rescaled(SHIPPED, [found[1], found[3]], [True, True]),
        rescaled(SHIPPED, [found[0], found[2]], [False, False]),
    ]
    assert confidences == [fits[i % 2].confidence(found[i]) for i in range(4)]


# Thresholds

confidences_judged: st.SearchStrategy[Judged] = st.lists(
    st.tuples(st.one_of(st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.floats(0, 1)), st.booleans()),
    min_size=1,
    max_size=30,
)


def test_every_threshold_comes_with_its_precision_and_its_share_of_answers() -> None:
    assert thresholds([0.6, 0.9, 0.3, 0.8], [True, True, False, False]) == [
        Threshold(0.9, 1.0, 0.25),
        Threshold(0.8, 0.5, 0.5),
        Threshold(0.6, 2 / 3, 0.75),
        Threshold(0.3, 0.5, 1.0),
    ]


def test_equal_confidences_are_answered_together_or_not_at_all() -> None:
    assert thresholds([0.8, 0.8, 0.8], [True, True, False]) == [Threshold(0.8, 2 / 3, 1.0)]
    assert threshold_for_precision([0.8, 0.8], [True, False], 0.9) is None


def test_a_confidence_of_zero_is_never_answered() -> None:
    # It stands for a question to which no sentence was found at all.
    assert thresholds([0.5, 0.0], [True, False]) == [Threshold(0.5, 1.0, 0.5)]
    assert thresholds([0.0], [False]) == []


@given(confidences_judged)
def test_answering_at_a_threshold_gives_what_it_says(judged: Judged) -> None:
    confidences, right = [c for c, _ in judged], [r for _, r in judged]
    found = thresholds(confidences, right)
    assert [t.confidence for t in found] == sorted({c for c in confidences if c}, reverse=True)
    for threshold in found:
        given_ = [r for c, r in judged if c >= threshold.confidence]
        assert threshold.precision == sum(given_) / len(given_)
        assert threshold.answered == len(given_) / len(judged)


def test_the_lowest_threshold_that_is_precise_enough_is_taken_even_past_a_worse_one() -> None:
    confidences, right = [0.9, 0.8, 0.6, 0.3], [True, False, True, False]
    assert threshold_for_precision(confidences, right, 0.6) == Threshold(0.6, 2 / 3, 0.75)
    assert threshold_for_precision(confidences, right, 0.7) == Threshold(0.9, 1.0, 0.25)


@given(confidences_judged, st.floats(0.01, 1))
def test_no_lower_threshold_is_precise_enough(judged: Judged, precision: float) -> None:
    confidences, right = [c for c, _ in judged], [r for _, r in judged]
    found = threshold_for_precision(confidences, right, precision)
    enough = [t for t in thresholds(confidences, right) if t.precision >= precision]
    assert found == min(enough, key=lambda t: t.confidence, default=None)


@pytest.mark.parametrize(
    ("confidences", "right"), [([], []), ([0.9, 0.5], [False, True]), ([0.9], [False])]
)
def test_a_precision_that_no_threshold_reaches_has_none(
    confidences: list[float], right: list[bool]
) -> None:
    assert threshold_for_precision(confidences, right, 0.9) is None


# Reliability


def test_reliability_sets_what_was_said_against_what_was_right() -> None:
    table = reliability([0.0625, 0.1875, 0.5, 0.875, 1.0], [False, True, False, True, True])
    assert table == [
        Bin(0.0, 0.2, count=2, said=0.125, right=0.5),
        Bin(0.4, 0.6, count=1, said=0.5, right=0.0),
        Bin(0.8, 1.0, count=2, said=0.9375, right=1.0),
    ]


@given(confidences_judged)
def test_every_question_is_in_one_bin_of_the_reliability_table(judged: Judged) -> None:
    table = reliability([c for c, _ in judged], [r for _, r in judged])
    assert sum(row.count for row in table) == len(judged)
    assert sum(row.count * row.said for row in table) == pytest.approx(sum(c for c, _ in judged))
    assert sum(row.count * row.right for row in table) == pytest.approx(sum(r for _, r in judged))
    assert all(row.low - 1e-9 <= row.said <= row.high + 1e-9 for row in table)


# All of it together, as ``qa calibrate`` asks for it


def sure_of_the_right_ones(count: int) -> tuple[list[Evidence | None], list[bool]]:
    """Questions of which the first half is right, the later the less sure."""
    return [evidence(3.0 - 6.0 * i / count) for i in range(count)], [
        2 * i < count for i in range(count)
    ]


def test_the_calibrator_answers_from_the_threshold_that_was_found() -> None:
    found, right = sure_of_the_right_ones(40)
    outcome = calibrated(SHIPPED, found, right, precision=0.9)
    assert outcome.threshold is not None
    assert outcome.threshold.precision >= 0.9
    assert outcome.threshold.answered >= 0.5
    assert outcome.calibrator.threshold == outcome.threshold.confidence
    whole = rescaled(SHIPPED, [e for e in found if e is not None], right)
    assert replace(outcome.calibrator, threshold=0.3) == whole


def test_threshold_and_reliability_judge_questions_as_if_they_were_new() -> None:
    found, right = sure_of_the_right_ones(40)
    as_new = cross_validated(SHIPPED, [e for e in found if e is not None], right)
    outcome = calibrated(SHIPPED, found, right, precision=0.9)
    assert outcome.threshold == threshold_for_precision(as_new, right, 0.9)
    assert list(outcome.reliability) == reliability(as_new, right)


def test_questions_without_evidence_are_never_answered() -> None:
    found: list[Evidence | None] = [evidence(2.0)] * 19
    outcome = calibrated(SHIPPED, [*found, None], [True] * 19 + [False], precision=0.9)
    assert outcome.threshold is not None
    assert outcome.threshold.confidence > 0.5
    assert (outcome.threshold.precision, outcome.threshold.answered) == (1.0, 0.95)


def test_questions_without_evidence_are_in_the_reliability_table() -> None:
    found: list[Evidence | None] = [None, evidence(3.0), None, evidence(3.0)]
    outcome = calibrated(SHIPPED, found, [False, True, False, True], precision=0.9)
    assert outcome.reliability[0] == Bin(0.0, 0.2, 2, 0.0, 0.0)
    assert sum(row.count for row in outcome.reliability) == 4


def test_without_any_evidence_the_calibrator_stays_as_it_was() -> None:
    outcome = calibrated(SHIPPED, [None] * 20, [False] * 20, precision=0.9)
    assert (outcome.calibrator, outcome.threshold) == (SHIPPED, None)
    assert outcome.best_precision == 0.0


def test_a_precision_out_of_reach_keeps_the_old_threshold_and_tells_the_best() -> None:
    found: list[Evidence | None] = [evidence(3.0 - i / 10) for i in range(40)]
    outcome = calibrated(SHIPPED, found, [i % 2 == 1 for i in range(40)], precision=0.9)
    assert outcome.threshold is None
    assert outcome.calibrator.threshold == SHIPPED.threshold
    assert outcome.best_precision == 0.5


def test_the_best_precision_is_not_that_of_a_few_lucky_answers() -> None:
    # Four of the first five are right, but five of sixty are too few to promise anything by.
    scores_ = [9.0, 8.0, 7.0, 6.0, 5.0, *(2.0 - i / 10 for i in range(55))]
    right = [1 <= i <= 4 for i in range(60)]
    outcome = calibrated(SHIPPED, [evidence(score) for score in scores_], right, precision=0.9)
    assert outcome.threshold is None
    assert outcome.best_precision == pytest.approx(4 / 6)


# The calibrator that is shipped


def drawn(count: int) -> tuple[list[Evidence], list[bool]]:
    """Answers that are right by a chance that rests on score and lead alone."""
    source = random.Random(0)
    found = []
    for _ in range(count):
        score, lead, margin, dense, best_dense, lexical, similarity = (
            source.gauss(0.0, 1.0) for _ in range(7)
        )
        agreement = source.randrange(3)
        found.append(
            Evidence(score, lead, margin, dense, best_dense, lexical, similarity, agreement)
        )
    chances = [1.0 / (1.0 + exp(-(1.5 * e.score - e.lead - 0.5))) for e in found]
    return found, [source.random() < chance for chance in chances]


def test_fitting_finds_the_weights_that_the_answers_were_drawn_by() -> None:
    fitted = fit_calibrator(*drawn(4000))
    known = {name for name, value in asdict(evidence(0.0)).items() if value is not None}
    expected = dict.fromkeys(known, 0.0) | {"score": 1.5, "lead": -1.0}
    assert fitted.weights == pytest.approx(expected, abs=0.15)
    assert fitted.bias == pytest.approx(-0.5, abs=0.15)
    assert fitted.threshold == 0.0


def test_the_mean_fitted_confidence_is_the_share_of_right_answers() -> None:
    found, right = drawn(200)
    fitted = fit_calibrator(found, right)
    said = sum(fitted.confidence(e) for e in found) / len(found)
    assert said == pytest.approx(sum(right) / len(right), abs=1e-6)


def test_evidence_that_tells_right_from_wrong_without_fail_gets_no_endless_weight() -> None:
    found = [evidence(score) for score in (-2.0, -1.0, 1.0, 2.0)] * 5
    fitted = fit_calibrator(found, [e.score > 0 for e in found])
    assert 1.0 < fitted.weights["score"] < 10.0


def test_answers_that_were_not_verified_are_judged_by_what_is_fitted_to_all_without_it() -> None:
    found, right = drawn(200)
    some = [
        replace(each, verified=float(place % 7)) if place % 2 else each
        for place, each in enumerate(found)
    ]
    fitted = fit_calibrator(some, right)
    assert "verified" in fitted.weights
    assert fitted.unverified == fit_calibrator(found, right)
    verified = fit_calibrator(some[1::2], right[1::2])
    assert fitted.weights == verified.weights
