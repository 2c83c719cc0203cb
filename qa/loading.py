"""Loads readers: the embedded one, the one that needs no model, or any other by its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from qa.calibration import Fit, LogisticCalibrator, load_fit
from qa.candidates import Reader
from qa.models.reader import (
    SpanModel,
    load_embedded_reader,
    load_embedded_readers,
    load_span_model,
)
from qa.models.weights import EMBEDDED_READER_SHA256, VERIFIER_SHA256
from qa.reading import SpanReader
from qa.sentence_reading import SentenceReader
from qa.settings import EMBEDDED_READER, SENTENCE_READER

__all__ = ["LoadedReader", "load_model", "load_reader", "loading", "shipped_fit"]


@dataclass(frozen=True, slots=True)
class LoadedReader:
    """A reader with the calibrator that was shipped for it."""

    reader: Reader
    calibrator: LogisticCalibrator
    identity: str
    """Tells this reader, its weights and its calibrator from any other."""


def load_reader(name: str, at_once: int = 1) -> LoadedReader:
    """The reader called ``name`` and its calibrator.

    ``at_once`` threads may use an embedded one at the same time; any other serves one at a time.

    A model that is not ours is weighed and calibrated as the embedded one where nothing is verified, for
    which no other was trained: its confidence is a guess until ``qa calibrate`` has seen it.

    Raises:
        ModelError: it cannot be loaded.
    """
    fit = shipped_fit(name)
    if name == SENTENCE_READER:
        return LoadedReader(
            SentenceReader(fit.features), fit.calibrator, f"{name} {fit.digest[:16]}"
        )
    weights = ""
    if name == EMBEDDED_READER:
        weights = f" {EMBEDDED_READER_SHA256[:16]} {VERIFIER_SHA256[:16]}"
        models = load_embedded_readers(at_once=at_once)
        reader = SpanReader(models.exact, fit.features, models.draft, fit.most, models.verifier)
    else:
        reader = SpanReader(load_span_model(name), fit.features)
    return LoadedReader(reader, fit.calibrator, f"{name}{weights} {fit.digest[:16]}")


@contextmanager
def loading(
    name: str, at_once: int, given: LoadedReader | None = None
) -> Iterator[Callable[[], LoadedReader]]:
    """Loads the embedded reader beside what is done meanwhile, any other when it is asked for.

    What others are loaded with is better not imported by two threads at once. One that is ``given`` is
    loaded already.
    """
    if given is not None:
        yield lambda: given
        return
    if name != EMBEDDED_READER:
        yield lambda: load_reader(name, at_once)
        return
    with ThreadPoolExecutor(1) as thread:
        yield thread.submit(load_reader, name, at_once).result


def shipped_fit(name: str) -> Fit:
    """The weights and the calibrator that were shipped for the reader called ``name``."""
    return load_fit("sentence_reader" if name == SENTENCE_READER else "span_reader")


def load_model(name: str) -> SpanModel:
    """The span model of the reader called ``name``.

    Raises:
        ModelError: it cannot be loaded.
    """
    return load_embedded_reader() if name == EMBEDDED_READER else load_span_model(name)
