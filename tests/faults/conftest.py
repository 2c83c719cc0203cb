"""Fixtures of the tests that cut the program off."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.program import Program


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The program loaded once, for runs of it by the hundred."""
    with Program(tmp_path_factory.mktemp("program") / "program") as program:
        yield program
