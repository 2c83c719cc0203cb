"""Killed at any step on the disk, the program loses nothing, and the next command mends the rest.

These are some of the points; ``scripts/faults.py`` takes every one, and random moments.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qa.files import replace_file
from tests.faults.program import Program
from tests.faults.scenarios import (
    SCENARIOS,
    Batch,
    Calibrate,
    Converse,
    FaultError,
    Review,
    Scenario,
    Update,
)
from tests.faults.tracing import can_trace

pytestmark = pytest.mark.skipif(not can_trace(), reason="ptrace is not to be had here")

#: So many points of each scenario, evenly over all of its steps.
POINTS = 5


@pytest.mark.parametrize("kind", SCENARIOS, ids=lambda kind: kind.name)
def test_a_kill_at_any_step_loses_nothing_and_is_mended(
    program: Program, tmp_path: Path, kind: type[Scenario]
) -> None:
    scenario = kind(program, tmp_path)
    assert scenario.steps > POINTS
    for point in range(POINTS):
        killed = scenario.kill(before=1 + point * (scenario.steps - 1) // (POINTS - 1))
        # The last steps of a run may come in another number: then it had ended by itself.
        assert killed.killed or point == POINTS - 1


@pytest.mark.parametrize(
    "kind", [Update, Batch, Calibrate, Converse, Review], ids=lambda kind: kind.name
)
def test_a_right_to_write_that_is_lost_on_the_way_loses_nothing_and_is_mended(
    program: Program, tmp_path: Path, kind: type[Scenario]
) -> None:
    """As anyone, not as root, whom no permission binds; the folder and all in it become read-only."""
    scenario = kind(program, tmp_path)
    runs = [scenario.forbid(before=1 + part * (scenario.steps - 1) // 3) for part in range(3)]
    assert any(run.code for run in runs)


def test_a_kill_at_any_moment_loses_nothing_and_is_mended(program: Program, tmp_path: Path) -> None:
    scenario = SCENARIOS[1](program, tmp_path)
    killed = [scenario.kill(after=scenario.seconds * part).killed for part in (0.3, 0.6, 0.9)]
    assert killed[0]


class Careless(Scenario):
    """A program that writes two files that belong together one after the other."""

    name = "careless"
    order = ("careless",)

    def prepare(self, folder: Path) -> None:
        (folder / "a").write_text("old")
        (folder / "b").write_text("old")

    def seen(self, folder: Path) -> str:
        return (folder / "a").read_text() + (folder / "b").read_text()

    def mend(self, folder: Path, found: str) -> None:
        """Nobody does."""


def test_what_is_not_safe_is_found_out(program: Program, tmp_path: Path) -> None:
    scenario = Careless(program, tmp_path)
    said = set()
    for step in range(1, scenario.steps + 1):
        with pytest.raises(FaultError) as caught:
            scenario.kill(before=step)
        said.add(caught.value.kind)
    assert said == {"mixed", "not mended"}


def test_a_replaced_file_is_on_the_disk_before_its_name_is_and_then_that_is_too(
    program: Program, tmp_path: Path
) -> None:
    temporary = "file.PID.tmp"
    run = program.run("replace", "file", folder=tmp_path, trace=True)
    steps = [_without_process(step) for step in run.steps]
    assert steps[:6] == [
        "unlink",  # whatever lies there
        "create",
        f"write {temporary}",
        f"sync {temporary}",
        "rename",
        f"sync {tmp_path.name}",
    ]


def test_what_a_killed_process_had_begun_to_write_goes_with_the_next_write(
    program: Program, tmp_path: Path
) -> None:
    assert program.run("replace", "file", folder=tmp_path, kill_before=3).killed
    mine = tmp_path / f"file.{os.getppid()}.tmp"
    mine.write_text("a process that is running writes this")
    others = tmp_path / "other.999999999.tmp"
    others.write_text("not of this name")
    assert len(list(tmp_path.iterdir())) == 3
    replace_file(tmp_path / "file", b"newer")
    assert sorted(tmp_path.iterdir()) == sorted([tmp_path / "file", mine, others])


def _without_process(step: str) -> str:
    return ".".join("PID" if part.isdigit() else part for part in step.split("."))
