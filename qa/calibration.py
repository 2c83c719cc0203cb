"""Confidence: the learned step from evidence to the probability that an answer is right."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.resources import files
from math import exp, inf, isfinite
from pathlib import Path
from typing import Any

from qa.errors import StoreError
from qa.evidence import Evidence
from qa.files import read_regular_file, replace_file

__all__ = [
    "CALIBRATION_FILE",
    "Fit",
    "LogisticCalibrator",
    "OwnCalibration",
    "forget_calibration",
    "load_calibration",
    "load_fit",
    "save_calibration",
]

#: Lies in the folder of the index.
CALIBRATION_FILE = "calibration.json"
#: In bytes; one that was written here has some hundred.
LARGEST_CALIBRATION = 1_000_000


@dataclass(frozen=True, slots=True)
class LogisticCalibrator:
    """Logistic regression over :class:`qa.answer.Evidence` (Platt scaling with several inputs)."""

    bias: float
    weights: Mapping[str, float]
    """One for each field of the evidence."""
    threshold: float
    unverified: LogisticCalibrator | None = None
    """What judges an answer that was not verified, in place of this one; the threshold is this one's."""
    rows: LogisticCalibrator | None = None
    """What judges one that stands in a row of a table, likewise, whether it was verified or not."""

    def confidence(self, evidence: Evidence) -> float:
        return 1.0 / (1.0 + exp(-self.log_odds(evidence)))

    def log_odds(self, evidence: Evidence) -> float:
        """Of the answer being right, within ±30."""
        if evidence.row and self.rows is not None:
            return self.rows.log_odds(evidence)
        if evidence.verified is None and self.unverified is not None:
            return self.unverified.log_odds(evidence)
        values = asdict(evidence)
        total = self.bias + sum(w * float(values[name]) for name, w in self.weights.items())
        return max(-30.0, min(30.0, total))


@dataclass(frozen=True, slots=True)
class Fit:
    """A reader's feature weights and the calibrator fitted to it."""

    features: Mapping[str, float]
    most: float
    """What the embedded span model's logits can add to a score; infinite for a reader without a model."""
    calibrator: LogisticCalibrator
    digest: str
    """SHA-256 of the file it was read from: what an own calibration started from."""


@dataclass(frozen=True, slots=True)
class OwnCalibration:
    """A calibrator fitted to a person's own questions, and what it holds for."""

    calibrator: LogisticCalibrator
    made_for: str
    """The reader, the encoder and the shipped calibration that it started from."""
    questions: int


def load_fit(name: str) -> Fit:
    """What ``scripts/fit_readers.py`` found for the reader called ``name``."""
    content = files("qa").joinpath("artefacts", f"{name}.json").read_bytes()
    values: dict[str, Any] = json.loads(content)
    return Fit(
        values["features"],
        values.get("most", inf),
        _calibrator(values["calibration"]),
        hashlib.sha256(content).hexdigest(),
    )


def load_calibration(folder: Path) -> OwnCalibration | None:
    """The calibration stored with the index in ``folder``, if there is one.

    Raises:
        StoreError: the file is damaged.
    """
    path = folder / CALIBRATION_FILE
    try:
        values = json.loads(read_regular_file(path, LARGEST_CALIBRATION))
        return OwnCalibration(
            _calibrator(values["calibration"]), str(values["made_for"]), int(values["questions"])
        )
    except FileNotFoundError:
        return None
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        OverflowError,
        RecursionError,
    ) as error:
        raise StoreError(
            f"The calibration {path} is damaged; make it anew with: qa calibrate LABELLED, "
            "or drop it with: qa calibrate --forget"
        ) from error


def save_calibration(folder: Path, calibration: OwnCalibration) -> None:
    """Store a calibration with the index: the whole file or, if the process is killed, the old one.

    Raises:
        StoreError: the folder cannot be written, or the disk is full.
    """
    values = {
        "made_for": calibration.made_for,
        "questions": calibration.questions,
        "calibration": asdict(calibration.calibrator),
    }
    path = folder / CALIBRATION_FILE
    try:
        replace_file(path, json.dumps(values, indent=2).encode())
    except OSError as error:
        raise StoreError(
            f"The calibration {path} cannot be written ({error.strerror}); nothing has changed."
        ) from error


def forget_calibration(folder: Path) -> bool:
    """Drop the calibration stored with the index; False if there was none.

    Raises:
        StoreError: it cannot be deleted.
    """
    path = folder / CALIBRATION_FILE
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StoreError(f"The calibration {path} cannot be deleted ({error.strerror}).") from error
    return True


def _calibrator(values: Mapping[str, Any]) -> LogisticCalibrator:
    weights = {str(name): float(weight) for name, weight in values["weights"].items()}
    unknown = set(weights) - set(Evidence.__dataclass_fields__)
    if unknown:
        raise ValueError(f"unknown evidence {sorted(unknown)}")
    bias, threshold = float(values["bias"]), float(values["threshold"])
    if not all(map(isfinite, (bias, *weights.values()))) or not 0.0 <= threshold <= 1.0:
        raise ValueError("a number out of range")
    unverified, rows = (
        _calibrator(values[name]) if values.get(name) is not None else None
        for name in ("unverified", "rows")
    )
    if unverified is None and "verified" in weights:
        raise ValueError("nothing judges an answer that was not verified")
    return LogisticCalibrator(bias, weights, threshold, unverified, rows)
