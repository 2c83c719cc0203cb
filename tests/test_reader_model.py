"""The embedded span reader: pinned weights, exact offsets, the same spans however it is run."""

from __future__ import annotations

import hashlib
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from qa.errors import ModelError
from qa.models.openvino_bert import half_precision_at_hand
from qa.models.reader import (
    SpanModel,
    load_embedded_reader,
    load_embedded_readers,
    load_span_model,
)
from qa.models.weights import read_pinned
from qa.spans import best_spans
from qa.text import Span
from tests.reference import reference_reader

MILL = "The mill burned in 1812. Ada Lind rebuilt it with stone from Hale in 1815."
QUESTIONS = ("When did the mill burn?", "Who rebuilt the mill?", "Where did the stone come from?")
FILLER = "The weather was fine and nothing happened that day in the village. " * 60


@pytest.fixture(scope="module")
def reader() -> SpanModel:
    return load_embedded_reader()


def answer(reader: SpanModel, question: str, context: str) -> str:
    """The best span over all windows of the context."""
    found = [
        span
        for tokens in reader.score(question, [context])[0]
        for span in best_spans(tokens, Span(0, len(context)), longest=30)
    ]
    return max(found)[1].of(context)


def test_it_reads(reader: SpanModel) -> None:
    assert [answer(reader, question, MILL) for question in QUESTIONS[:2]] == ["1812", "Ada Lind"]


def test_offsets_are_those_of_the_context_in_every_window(reader: SpanModel) -> None:
    context = FILLER + MILL
    windows = reader.score(QUESTIONS[0], [context])[0]
    assert len(windows) > 1
    assert windows[0].offsets[0].tolist() == [0, 3]
    assert windows[-1].offsets[-1].tolist() == [len(context) - 1, len(context)]
    covered = {
        at for tokens in windows for start, end in tokens.offsets for at in range(start, end)
    }
    assert covered == {at for at, character in enumerate(context) if not character.isspace()}


def test_scores_are_those_that_transformers_computes(reader: SpanModel) -> None:
    contexts = [MILL, FILLER + MILL, "", "Stone came from Hale."]
    reference = reference_reader()
    for question in (*QUESTIONS, "", "Where? " * 100):
        expected = reference.score(question, contexts)
        found = reader.score(question, contexts)
        assert [len(windows) for windows in found] == [len(windows) for windows in expected]
        for ours, theirs in zip(chain(*found), chain(*expected), strict=True):
            np.testing.assert_array_equal(ours.offsets, theirs.offsets)
            np.testing.assert_allclose(ours.start, theirs.start, atol=1e-3)
            np.testing.assert_allclose(ours.end, theirs.end, atol=1e-3)
            assert ours.null == pytest.approx(theirs.null, abs=1e-3)


@pytest.mark.skipif(
    not half_precision_at_hand(), reason="a processor that has no bfloat16, or no OpenVINO"
)
def test_in_half_precision_the_scores_are_near_enough_for_a_draft(reader: SpanModel) -> None:
    models = load_embedded_readers()
    exact, draft = models.exact, models.draft
    assert draft is not None
    contexts = [MILL, FILLER + MILL, "", "Stone came from Hale."]
    for question in (*QUESTIONS, "", "Where? " * 100):
        expected = chain(*reader.score(question, contexts))
        for ours, theirs in zip(chain(*draft.score(question, contexts)), expected, strict=True):
            np.testing.assert_array_equal(ours.offsets, theirs.offsets)
            np.testing.assert_allclose(ours.start, theirs.start, atol=0.5)
            np.testing.assert_allclose(ours.end, theirs.end, atol=0.5)
            assert ours.null == pytest.approx(theirs.null, abs=0.5)
    assert answer(exact, QUESTIONS[0], MILL) == answer(draft, QUESTIONS[0], MILL) == "1812"


def test_an_answer_at_the_end_of_a_long_context_is_found(reader: SpanModel) -> None:
    assert answer(reader, QUESTIONS[0], FILLER + MILL) == "1812"


def test_loaded_twice_and_read_alone_or_together_the_spans_are_the_same(reader: SpanModel) -> None:
    contexts = [MILL, FILLER[:400] + MILL, FILLER[:900], "Stone came from Hale."] * 8
    again = load_embedded_reader()
    for question in QUESTIONS:
        together = [
            best_spans(windows[0], Span(0, 10_000), 30)
            for windows in reader.score(question, contexts)
        ]
        alone = [
            best_spans(again.score(question, [context])[0][0], Span(0, 10_000), 30)
            for context in contexts
        ]
        assert [[span for _, span in found] for found in together] == [
            [span for _, span in found] for found in alone
        ]


def test_a_question_longer_than_the_window_leaves_room_for_the_context(reader: SpanModel) -> None:
    windows = reader.score("When did the mill burn? " * 100, [MILL])[0]
    assert windows[0].offsets[-1][1] == len(MILL)


def test_no_context_is_no_work(reader: SpanModel) -> None:
    assert reader.score("When?", []) == []


def test_weights_that_are_not_the_pinned_ones_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"weights")
    assert read_pinned(path, hashlib.sha256(b"weights").hexdigest()) == b"weights"
    with pytest.raises(ModelError, match="not the pinned ones"):
        read_pinned(path, "0" * 64)
    with pytest.raises(ModelError, match="reinstall"):
        read_pinned(tmp_path / "missing", "0" * 64)


@pytest.mark.parametrize("name", ["no-such/reader", "."])
def test_a_reader_that_is_not_there_is_an_error_that_says_what_to_give(name: str) -> None:
    with pytest.raises(ModelError, match="--reader"):
        load_span_model(name)
