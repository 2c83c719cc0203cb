"""The calibration of a person's own: kept with the index, and used where it holds."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.answer import Answer, NoAnswer
from qa.calibration import (
    CALIBRATION_FILE,
    LogisticCalibrator,
    OwnCalibration,
    forget_calibration,
    load_calibration,
    load_fit,
    save_calibration,
)
from qa.errors import StoreError
from qa.evidence import Evidence
from qa.indexing import update_index
from qa.session import Session
from qa.settings import EMBEDDED_READER, Settings
from tests.commands import no_file_larger_than
from tests.fakes import FakeEncoder

QUESTION = "When was the lighthouse on Grey Point built?"
NAMES = sorted(Evidence.__dataclass_fields__)
ALWAYS = [name for name in NAMES if name != "verified"]
EVIDENCE = Evidence(
    score=2.0,
    lead=1.0,
    margin=0.5,
    dense=0.5,
    best_dense=0.6,
    lexical=0.4,
    best_similarity=0.5,
    agreement=1,
)
OWN = OwnCalibration(
    LogisticCalibrator(bias=-1.0, weights={"score": 0.5, "lead": 0.25}, threshold=0.4),
    made_for="a reader with an encoder",
    questions=36,
)


# Confidence


def test_confidence_is_logistic_in_the_weighed_evidence() -> None:
    assert OWN.calibrator.log_odds(EVIDENCE) == -1.0 + 0.5 * 2.0 + 0.25 * 1.0
    assert OWN.calibrator.confidence(EVIDENCE) == pytest.approx(0.562, abs=0.001)


@pytest.mark.parametrize("score", [-1e300, 1e300])
def test_no_evidence_makes_a_confidence_of_0_or_1(score: float) -> None:
    assert 0.0 < OWN.calibrator.confidence(replace(EVIDENCE, score=score)) < 1.0


@pytest.mark.parametrize("name", ["sentence_reader", "span_reader"])
def test_a_shipped_calibrator_weighs_every_kind_of_evidence(name: str) -> None:
    calibrator = load_fit(name).calibrator
    unverified = calibrator.unverified
    assert sorted(calibrator.weights) == (ALWAYS if unverified is None else NAMES)
    assert sorted((unverified or calibrator).weights) == ALWAYS
    assert calibrator.rows is None or sorted(calibrator.rows.weights) == ALWAYS
    assert 0.0 < calibrator.threshold < 1.0


def test_what_was_not_verified_is_judged_by_what_was_fitted_without() -> None:
    without = LogisticCalibrator(-2.0, {"margin": 1.0}, 0.0)
    calibrator = LogisticCalibrator(-1.0, {"verified": 1.0}, 0.4, without)
    assert calibrator.log_odds(replace(EVIDENCE, margin=5.0, verified=3.0)) == 2.0
    assert calibrator.log_odds(replace(EVIDENCE, margin=5.0)) == 3.0


@pytest.mark.parametrize("verified", [None, 3.0])
def test_an_answer_in_a_row_of_a_table_is_judged_by_what_was_fitted_to_rows(
    verified: float | None,
) -> None:
    without = LogisticCalibrator(-2.0, {"margin": 1.0}, 0.0)
    of_rows = LogisticCalibrator(-3.0, {"lexical": 1.0}, 0.0)
    calibrator = LogisticCalibrator(-1.0, {"verified": 1.0}, 0.4, without, of_rows)
    in_row = replace(EVIDENCE, lexical=7.0, verified=verified, row=1)
    assert calibrator.log_odds(in_row) == 4.0
    assert calibrator.log_odds(replace(in_row, row=0)) != 4.0


# The file


numbers = st.floats(allow_nan=False, allow_infinity=False)
without_verification = st.builds(
    LogisticCalibrator,
    numbers,
    st.dictionaries(st.sampled_from(ALWAYS), numbers),
    st.floats(0, 1),
)
with_verification = st.builds(
    LogisticCalibrator,
    numbers,
    st.dictionaries(st.sampled_from(NAMES), numbers),
    st.floats(0, 1),
    without_verification,
    st.none() | without_verification,
)
calibrations = st.builds(
    OwnCalibration,
    without_verification | with_verification,
    st.text(st.characters(codec="utf-8")),
    st.integers(1, 10_000),
)


@given(calibrations)
def test_what_is_saved_is_loaded_again(calibration: OwnCalibration) -> None:
    with TemporaryDirectory() as folder:
        save_calibration(Path(folder), calibration)
        assert load_calibration(Path(folder)) == calibration


def test_a_folder_without_a_calibration_has_none(tmp_path: Path) -> None:
    assert load_calibration(tmp_path) is None
    assert load_calibration(tmp_path / "not there") is None


def test_a_second_calibration_replaces_the_first_whole(tmp_path: Path) -> None:
    longer = replace(OWN, made_for="x" * 10_000)
    save_calibration(tmp_path, longer)
    save_calibration(tmp_path, OWN)
    assert load_calibration(tmp_path) == OWN
    assert [path.name for path in tmp_path.iterdir()] == [CALIBRATION_FILE]


def test_whoever_is_reading_the_earlier_calibration_reads_it_whole(tmp_path: Path) -> None:
    save_calibration(tmp_path, OWN)
    earlier = (tmp_path / CALIBRATION_FILE).read_text(encoding="utf-8")
    with (tmp_path / CALIBRATION_FILE).open(encoding="utf-8") as reading:
        save_calibration(tmp_path, replace(OWN, questions=99))
        assert reading.read() == earlier


def test_a_forgotten_calibration_is_gone(tmp_path: Path) -> None:
    save_calibration(tmp_path, OWN)
    assert forget_calibration(tmp_path) is True
    assert load_calibration(tmp_path) is None
    assert forget_calibration(tmp_path) is False


def with_value(**changes: object) -> Callable[[dict[str, Any]], None]:
    """A change to the ``calibration`` of a stored file; ``None`` takes the key away."""

    def change(stored: dict[str, Any]) -> None:
        stored["calibration"].update(changes)
        for key in [key for key, value in changes.items() if value is None]:
            del stored["calibration"][key]

    return change


@pytest.mark.parametrize(
    "change",
    [
        with_value(bias=None),
        with_value(weights=None),
        with_value(threshold=None),
        with_value(bias="high"),
        with_value(weights=[0.5]),
        with_value(weights={"score": "much"}),
        with_value(weights={"score": 1.0, "mood": 1.0}),
        lambda stored: stored.pop("calibration"),
        lambda stored: stored.pop("made_for"),
        lambda stored: stored.pop("questions"),
        lambda stored: stored.update(calibration=5),
        lambda stored: stored.update(questions="many"),
        lambda stored: stored.update(questions=float("inf")),
    ],
    ids=range(13),
)
def test_a_file_that_holds_something_else_is_damaged_and_the_error_names_both_remedies(
    tmp_path: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    save_calibration(tmp_path, OWN)
    stored = json.loads((tmp_path / CALIBRATION_FILE).read_text(encoding="utf-8"))
    change(stored)
    assert_damaged(tmp_path, json.dumps(stored).encode())


@pytest.mark.parametrize(
    "content",
    [b"", b"nonsense", b"[]", b'"text"', b"\xff\xfe\x00", b"[" * 100_000],
    ids=["empty", "no JSON", "list", "text", "no UTF-8", "deep"],
)
def test_a_file_that_is_no_object_is_damaged(tmp_path: Path, content: bytes) -> None:
    assert_damaged(tmp_path, content)


@given(st.data())
def test_a_file_that_is_cut_off_is_damaged(data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        save_calibration(Path(folder), OWN)
        whole = (Path(folder) / CALIBRATION_FILE).read_bytes()
        kept = data.draw(st.integers(0, len(whole) - 1))
        assert_damaged(Path(folder), whole[:kept])


def assert_damaged(folder: Path, content: bytes) -> None:
    """Loading names the file and the two commands that help, of which forgetting does."""
    (folder / CALIBRATION_FILE).write_bytes(content)
    with pytest.raises(StoreError, match=r"calibration\.json is damaged") as raised:
        load_calibration(folder)
    assert "qa calibrate LABELLED" in str(raised.value)
    assert "qa calibrate --forget" in str(raised.value)
    assert forget_calibration(folder)
    assert load_calibration(folder) is None


def test_a_full_disk_leaves_the_earlier_calibration(tmp_path: Path) -> None:
    save_calibration(tmp_path, OWN)
    with (
        no_file_larger_than(50),
        pytest.raises(StoreError, match=r"cannot be written .*nothing has changed"),
    ):
        save_calibration(tmp_path, replace(OWN, questions=99))
    assert load_calibration(tmp_path) == OWN
    assert [path.name for path in tmp_path.iterdir()] == [CALIBRATION_FILE]


@pytest.mark.parametrize(
    "in_the_way",
    [CALIBRATION_FILE, f"{CALIBRATION_FILE}.{os.getpid()}.tmp"],
    ids=["the file", "its unfinished one"],
)
def test_a_folder_that_takes_no_calibration_is_an_error_that_says_so(
    tmp_path: Path, in_the_way: str
) -> None:
    (tmp_path / in_the_way).mkdir()
    with pytest.raises(StoreError, match=r"calibration\.json cannot be written"):
        save_calibration(tmp_path, OWN)
    with pytest.raises(StoreError, match=r"not there/calibration\.json cannot be written"):
        save_calibration(tmp_path / "not there", OWN)


def test_a_calibration_that_cannot_be_deleted_is_an_error_that_says_so(tmp_path: Path) -> None:
    (tmp_path / CALIBRATION_FILE).mkdir()
    with pytest.raises(StoreError, match=r"calibration\.json cannot be deleted"):
        forget_calibration(tmp_path)


# In a session


def opened(settings: Settings, **keywords: Any) -> Session:
    return Session.open(settings, encoder=FakeEncoder(), **keywords)


def half_sure(made_for: str, threshold: float = 0.4) -> OwnCalibration:
    """A calibration that gives every answer a confidence of 0.5."""
    return OwnCalibration(LogisticCalibrator(0.0, {}, threshold), made_for, 36)


def calibrate_half_sure(index: Session, threshold: float = 0.4) -> None:
    save_calibration(index.settings.vectors, half_sure(index.made_for, threshold))


def test_a_session_answers_with_the_confidence_and_the_threshold_of_its_own_calibration(
    index: Session,
) -> None:
    assert index.ask(QUESTION).confidence != 0.5
    calibrate_half_sure(index, threshold=0.4)
    with opened(index.settings) as session:
        reply = session.ask(QUESTION)
        assert isinstance(reply, Answer)
        assert reply.confidence == 0.5
        assert not session.stale_calibration
    calibrate_half_sure(index, threshold=0.6)
    with opened(index.settings) as session:
        assert isinstance(session.ask(QUESTION), NoAnswer)


def test_the_threshold_of_the_settings_overrides_that_of_the_own_calibration(
    index: Session,
) -> None:
    calibrate_half_sure(index, threshold=0.6)
    with opened(replace(index.settings, threshold=0.5)) as session:
        assert isinstance(session.ask(QUESTION), Answer)


def test_without_a_calibration_of_its_own_a_session_is_as_shipped(index: Session) -> None:
    assert not index.stale_calibration
    with opened(index.settings, as_shipped=True) as session:
        assert session.ask(QUESTION) == index.ask(QUESTION)


def test_a_session_as_shipped_leaves_the_own_calibration_out(index: Session) -> None:
    calibrate_half_sure(index)
    with opened(index.settings, as_shipped=True) as session:
        assert session.ask(QUESTION) == index.ask(QUESTION)
        assert not session.stale_calibration


def test_a_calibration_made_for_another_reader_is_not_used_and_the_session_says_so(
    index: Session,
) -> None:
    with opened(replace(index.settings, reader=EMBEDDED_READER)) as other:
        calibrate_half_sure(other)
    with opened(index.settings) as session:
        assert session.stale_calibration
        assert session.ask(QUESTION) == index.ask(QUESTION)


def test_a_calibration_made_for_another_encoder_is_not_used_and_the_session_says_so(
    index: Session,
) -> None:
    calibrate_half_sure(index)
    update_index(index.settings, FakeEncoder(digest="another"), rebuild=True)
    with Session.open(index.settings, encoder=FakeEncoder(digest="another")) as session:
        assert session.stale_calibration
        assert session.ask(QUESTION).confidence != 0.5


def test_an_index_brought_up_to_date_keeps_its_calibration(index: Session, corpus: Path) -> None:
    calibrate_half_sure(index)
    (corpus / "bees.txt").write_text("The bees have left the village.", encoding="utf-8")
    update_index(index.settings, FakeEncoder())
    with opened(index.settings) as session:
        assert session.ask(QUESTION).confidence == 0.5


def test_a_damaged_calibration_stops_a_session_but_not_one_as_shipped(index: Session) -> None:
    (index.settings.vectors / CALIBRATION_FILE).write_text("nonsense", encoding="utf-8")
    with pytest.raises(StoreError, match="qa calibrate --forget"):
        opened(index.settings)
    with opened(index.settings, as_shipped=True) as session:  # so that it can be made anew
        assert session.ask(QUESTION) == index.ask(QUESTION)


def test_the_evidence_of_an_inquiry_is_what_its_confidence_rests_on(index: Session) -> None:
    inquiry = index.inquire(QUESTION)
    assert inquiry.evidence is not None
    shipped = load_fit("sentence_reader").calibrator
    assert shipped.confidence(inquiry.evidence) == inquiry.reply.confidence
