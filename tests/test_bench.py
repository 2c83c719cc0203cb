"""The benchmarks' own parts: records that outlive a kill, engines in processes, ratios of pairs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from benchmarks.engine import Engine, EngineError
from benchmarks.records import Records
from benchmarks.table import percentile, ratio_by_block, spread

ENGINE = "tests.fakes_engine"


def test_a_measurement_is_taken_once_and_found_by_the_next_run(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    first = Records(path, "code").once(lambda: {"rate": 2.5}, "embedding", engine="qa", round=0)
    again = Records(path, "code").once(_never, "embedding", engine="qa", round=0)
    assert again == first
    assert again["rate"] == 2.5


def test_measurements_of_another_state_of_the_program_do_not_count(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    Records(path, "before").once(lambda: {"rate": 1.0}, "embedding", engine="qa")
    after = Records(path, "after")
    assert after.of("embedding") == []
    after.once(lambda: {"rate": 2.0}, "embedding", engine="qa")
    assert Records(path, "before").of("embedding")[0]["rate"] == 1.0


def test_a_line_that_a_kill_cut_short_is_taken_anew(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    Records(path, "code").once(lambda: {"rate": 1.0}, "embedding", round=0)
    with path.open("a", encoding="utf-8") as file:
        file.write('{"code": "code", "measure": "embed')
    records = Records(path, "code")
    assert len(records.of("embedding")) == 1
    records.once(lambda: {"rate": 2.0}, "embedding", round=1)
    assert [row["rate"] for row in Records(path, "code").of("embedding")] == [1.0, 2.0]


def test_forgetting_a_row_leaves_the_others_and_those_of_other_states(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    other = Records(path, "other")
    other.once(lambda: {"rate": 1.0}, "embedding")
    records = Records(path, "code")
    records.once(lambda: {"rate": 1.0}, "embedding")
    records.once(lambda: {"seconds": 1.0}, "starting")
    records.forget("embedding")
    assert [row["measure"] for row in Records(path, "code").of("starting")] == ["starting"]
    assert Records(path, "code").of("embedding") == []
    assert len(Records(path, "other").of("embedding")) == 1


def test_an_engine_answers_calls_and_what_it_prints_is_no_answer(tmp_path: Path) -> None:
    engine = Engine("fake", Path(sys.executable), ENGINE, tmp_path / "log")
    try:
        assert engine.call("repeat", text="Où ?", times=2).value == "Où ?Où ?"
        assert engine.call("repeat", text="\n", times=1).value == "\n"
    finally:
        engine.close()
    assert "I repeat" in (tmp_path / "log").read_text(encoding="utf-8")


def test_an_engine_that_ends_is_an_error_that_names_its_log(tmp_path: Path) -> None:
    engine = Engine("fake", Path(sys.executable), ENGINE, tmp_path / "log")
    try:
        with pytest.raises(EngineError, match=r"fake ended at 'fail'; see the end of .*log"):
            engine.call("fail")
    finally:
        engine.close()
    assert "it failed" in (tmp_path / "log").read_text(encoding="utf-8")


def test_a_ratio_is_of_blocks_beside_each_other() -> None:
    ours = [{"at": 0, "seconds": [1.0, 1.0]}, {"at": 2, "seconds": [30.0]}]
    theirs = [
        {"at": 0, "seconds": [2.0]},
        {"at": 2, "seconds": [60.0]},
        {"at": 4, "seconds": [9.0]},
    ]
    assert ratio_by_block(ours, theirs) == 0.5


def test_percentiles_lie_between_the_values() -> None:
    assert percentile([1.0, 2.0, 3.0], 50) == 2.0
    assert percentile([4.0], 95) == 4.0
    assert 2.9 <= percentile([1.0, 2.0, 3.0], 95) <= 3.0
    assert spread([1.0, 2.0]) == " (1.00 to 2.00)"
    assert spread([1.0, 1.0]) == ""


def _never() -> dict[str, object]:
    raise AssertionError("it was measured again")
