"""Confidence: the learned step from evidence to the probability that an answer is right."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.resources import files
from math import exp
from typing import Any

from qa.answer import Evidence

__all__ = ["Fit", "LogisticCalibrator", "load_fit"]


@dataclass(frozen=True, slots=True)
class Fit:
    """A reader's feature weights and the calibrator fitted to it."""

    features: Mapping[str, float]
    calibrator: LogisticCalibrator


@dataclass(frozen=True, slots=True)
class LogisticCalibrator:
    """Logistic regression over :class:`qa.answer.Evidence` (Platt scaling with several inputs)."""

    bias: float
    weights: Mapping[str, float]
    """One for each field of the evidence."""
    threshold: float

    def confidence(self, evidence: Evidence) -> float:
        values = asdict(evidence)
        log_odds = self.bias + sum(w * float(values[name]) for name, w in self.weights.items())
        return 1.0 / (1.0 + exp(-max(-30.0, min(30.0, log_odds))))


def load_fit(name: str) -> Fit:
    """What ``scripts/fit_readers.py`` found for the reader called ``name``."""
    path = files("qa").joinpath("artefacts", f"{name}.json")
    values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    calibration = values["calibration"]
    calibrator = LogisticCalibrator(
        calibration["bias"], calibration["weights"], calibration["threshold"]
    )
    return Fit(values["features"], calibrator)
