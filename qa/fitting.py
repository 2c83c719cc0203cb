"""Fits confidence to judged answers: logistic regression, rescaling, thresholds, reliability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from qa.calibration import LogisticCalibrator
from qa.evidence import Evidence

__all__ = [
    "Bin",
    "Calibrated",
    "Threshold",
    "calibrated",
    "cross_validated",
    "fit_calibrator",
    "reliability",
    "rescaled",
    "threshold_for_precision",
    "thresholds",
]

Array = npt.NDArray[np.float64]

#: Rescaling pulls towards the shipped confidence as if this many questions spoke for it.
PRIOR = 1.0
#: Ridge penalties that are weighed for a calibrator, and in how many folds.
RIDGES = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
FOLDS = 10
#: Rescaling stretches log-odds by this at least, so that their order stays.
LEAST_SLOPE = 0.05


@dataclass(frozen=True, slots=True)
class Threshold:
    """Where answering begins, and what that gives on the questions it was chosen on."""

    confidence: float
    precision: float
    """Share of the answers at or above it that are right."""
    answered: float
    """Share of all questions that get an answer."""


@dataclass(frozen=True, slots=True)
class Bin:
    """The questions whose confidence lies between two bounds."""

    low: float
    high: float
    count: int
    said: float
    """Mean confidence."""
    right: float
    """Share of them that are right."""


def fit_calibrator(evidence: Sequence[Evidence], right: Sequence[bool]) -> LogisticCalibrator:
    """Logistic regression of "the answer is right" on all the evidence; threshold 0.

    Fitted to the answers that were verified; with it comes what judges those that were not, fitted to all
    as if none had been.
    """
    truth = np.asarray(right, dtype=bool)
    unverified = _regressed([replace(each, verified=None) for each in evidence], truth)
    looked_at = [place for place, each in enumerate(evidence) if each.verified is not None]
    if not looked_at:
        return unverified
    found = _regressed([evidence[place] for place in looked_at], truth[looked_at])
    return replace(found, unverified=unverified)


def _regressed(evidence: Sequence[Evidence], right: npt.NDArray[np.bool_]) -> LogisticCalibrator:
    """On evidence of one kind, scaled to unit deviation.

    The weights are kept small by the strongest ridge penalty whose loss on questions left out is within a
    standard error of the least (the one-standard-error rule of Breiman et al. 1984, section 3.4.3): what is
    asked of another corpus is less like these questions than they are like each other.
    """
    values = [asdict(each) for each in evidence]
    names = [field.name for field in fields(Evidence) if values[0][field.name] is not None]
    rows = np.array([[float(v[name]) for name in names] for v in values])
    mean, deviation = rows.mean(axis=0), rows.std(axis=0)
    deviation[deviation == 0.0] = 1.0
    design = np.hstack([np.ones((len(rows), 1)), (rows - mean) / deviation])
    truth = right.astype(float)
    losses = {ridge: _left_out_losses(design, truth, ridge) for ridge in RIDGES}
    least = min(losses.values(), key=lambda each: float(each.mean()))
    bound = least.mean() + least.std(ddof=1) / np.sqrt(len(least))
    ridge = max(ridge for ridge, each in losses.items() if each.mean() <= bound)
    bias, *scaled = _ridged(design, truth, ridge).tolist()
    weights = np.array(scaled) / deviation
    return LogisticCalibrator(
        bias - float(weights @ mean), dict(zip(names, weights.tolist(), strict=True)), 0.0
    )


def _left_out_losses(design: Array, truth: Array, ridge: float) -> Array:
    """The mean log loss of each of :data:`FOLDS` folds under what is fitted to the others."""
    places = np.arange(len(truth)) % FOLDS
    losses = []
    for fold in range(min(FOLDS, len(truth))):
        out = places == fold
        log_odds = design[out] @ _ridged(design[~out], truth[~out], ridge)
        losses.append(float((np.logaddexp(0.0, log_odds) - truth[out] * log_odds).mean()))
    return np.array(losses)


def _ridged(design: Array, truth: Array, ridge: float) -> Array:
    strength = np.full(design.shape[1], ridge)
    strength[0] = 0.0
    return _logistic(design, truth, np.zeros(design.shape[1]), strength)


def rescaled(
    calibrator: LogisticCalibrator, evidence: Sequence[Evidence], right: Sequence[bool]
) -> LogisticCalibrator:
    """``calibrator`` with its log-odds stretched and shifted to fit (Platt 1999).

    Two numbers are all that a few dozen questions can carry; the order of confidences stays.
    """
    design = np.array([[1.0, calibrator.log_odds(e)] for e in evidence]).reshape(-1, 2)
    shift, slope = _logistic(design, right, np.array([0.0, 1.0]), np.full(2, PRIOR)).tolist()
    if slope < LEAST_SLOPE:  # fixed there, and the shift fitted to it
        strength = np.array([PRIOR, 1e9])
        shift, slope = _logistic(design, right, np.array([0.0, LEAST_SLOPE]), strength).tolist()
    return _stretched(calibrator, slope, shift)


def _stretched(calibrator: LogisticCalibrator, slope: float, shift: float) -> LogisticCalibrator:
    unverified, rows = (
        _stretched(each, slope, shift) if each is not None else None
        for each in (calibrator.unverified, calibrator.rows)
    )
    return LogisticCalibrator(
        bias=slope * calibrator.bias + shift,
        weights={name: slope * weight for name, weight in calibrator.weights.items()},
        threshold=calibrator.threshold,
        unverified=unverified,
        rows=rows,
    )


def cross_validated(
    calibrator: LogisticCalibrator,
    evidence: Sequence[Evidence],
    right: Sequence[bool],
    folds: int = 10,
) -> list[float]:
    """Each question's confidence after rescaling on the other folds alone: as if it were a new one."""
    confidences = [0.0] * len(evidence)
    for fold in range(folds):
        kept = [i for i in range(len(evidence)) if i % folds != fold]
        fitted = rescaled(calibrator, [evidence[i] for i in kept], [right[i] for i in kept])
        for i in range(fold, len(evidence), folds):
            confidences[i] = fitted.confidence(evidence[i])
    return confidences


@dataclass(frozen=True, slots=True)
class Calibrated:
    """What a person's own questions say about confidence."""

    calibrator: LogisticCalibrator
    reliability: tuple[Bin, ...]
    threshold: Threshold | None
    """``None`` if none reaches the precision asked for; the calibrator then has the old one."""
    best_precision: float
    """Of any threshold that answers a tenth of the questions or more."""


def calibrated(
    calibrator: LogisticCalibrator,
    evidence: Sequence[Evidence | None],
    right: Sequence[bool],
    precision: float,
) -> Calibrated:
    """Rescale ``calibrator`` and choose its threshold; a question without evidence is never answered.

    Threshold and reliability come from :func:`cross_validated` confidences.
    """
    known = [i for i, found in enumerate(evidence) if found is not None]
    judged = [(found, right[i]) for i, found in enumerate(evidence) if found is not None]
    found, truth = [e for e, _ in judged], [r for _, r in judged]
    confidences = [0.0] * len(evidence)
    for i, confidence in zip(known, cross_validated(calibrator, found, truth), strict=True):
        confidences[i] = confidence
    threshold = threshold_for_precision(confidences, right, precision)
    fitted = rescaled(calibrator, found, truth)
    if threshold is not None:
        fitted = replace(fitted, threshold=threshold.confidence)
    reached = [t.precision for t in thresholds(confidences, right) if t.answered >= 0.1]
    best = max(reached, default=0.0)
    return Calibrated(fitted, tuple(reliability(confidences, right)), threshold, best)


def threshold_for_precision(
    confidences: Sequence[float], right: Sequence[bool], precision: float
) -> Threshold | None:
    """The lowest threshold at which at least ``precision`` of the answers are right, if there is one."""
    best: Threshold | None = None
    for threshold in thresholds(confidences, right):
        if threshold.precision >= precision:
            best = threshold
    return best


def thresholds(confidences: Sequence[float], right: Sequence[bool]) -> list[Threshold]:
    """Every threshold that makes a difference, highest first; none answers a confidence of 0."""
    given = (i for i, confidence in enumerate(confidences) if confidence > 0.0)
    order = sorted(given, key=lambda i: -confidences[i])
    found: list[Threshold] = []
    hits = 0
    for rank, i in enumerate(order, start=1):
        hits += bool(right[i])
        # Equal confidences are answered together or not at all.
        if rank == len(order) or confidences[order[rank]] < confidences[i]:
            found.append(Threshold(confidences[i], hits / rank, rank / len(confidences)))
    return found


def reliability(confidences: Sequence[float], right: Sequence[bool], bins: int = 5) -> list[Bin]:
    """The reliability table: what was said against what was right, in bins of equal width."""
    scores, truth = np.asarray(confidences), np.asarray(right, dtype=float)
    place = np.minimum((scores * bins).astype(int), bins - 1)
    return [
        Bin(
            b / bins,
            (b + 1) / bins,
            int((place == b).sum()),
            float(scores[place == b].mean()),
            float(truth[place == b].mean()),
        )
        for b in range(bins)
        if (place == b).any()
    ]


def _logistic(design: Array, right: Sequence[bool] | Array, prior: Array, strength: Array) -> Array:
    """Logistic regression by Newton's method, ridge-penalised towards ``prior``."""
    truth = np.asarray(right, dtype=float)
    penalty = np.diag(strength)
    solution = prior.astype(float).copy()

    def loss(at: Array) -> float:
        log_odds = design @ at
        fit = np.logaddexp(0.0, log_odds).sum() - truth @ log_odds
        return float(fit + strength @ (at - prior) ** 2 / 2)

    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(design @ solution, -30, 30)))
        gradient = design.T @ (chance - truth) + penalty @ (solution - prior)
        hessian = (design * (chance * (1 - chance))[:, None]).T @ design + penalty
        step: Any = np.linalg.lstsq(hessian, gradient, rcond=None)[0]
        # Where nearly all chances are 0 or 1, a whole step goes far beyond the minimum.
        while np.abs(step).max() >= 1e-9 and loss(solution - step) > loss(solution):
            step /= 2
        solution -= step
        if np.abs(step).max() < 1e-9:
            break
    return solution
