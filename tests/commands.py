"""Runs ``qa`` as a person would, in this process or in one of its own, on a full disk if need be."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from qa.cli import main
from tests.conftest import DOCUMENTS

__all__ = [
    "REPOSITORY",
    "Outcome",
    "environment",
    "make_corpus",
    "no_file_larger_than",
    "qa",
    "qa_process",
]

REPOSITORY = Path(__file__).parent.parent


@dataclass(frozen=True)
class Outcome:
    """What a finished command left behind."""

    code: int
    out: str
    err: str


def qa(capsys: pytest.CaptureFixture[str], *arguments: object) -> Outcome:
    """``qa`` with these arguments in this process; what it raises is a failure of the test."""
    try:
        code = main([str(argument) for argument in arguments])
    except SystemExit as stop:  # argparse ends the process itself
        code = int(stop.code or 0)
    out, err = capsys.readouterr()
    return Outcome(code, out, err)


#: They would tell the size of the terminal in which the tests run, or of none.
_OF_A_TERMINAL = ("COLUMNS", "LINES")


def environment() -> dict[str, str]:
    """Variables for a process of its own that finds the repository from any folder."""
    kept = {name: value for name, value in os.environ.items() if name not in _OF_A_TERMINAL}
    return {**kept, "PYTHONPATH": str(REPOSITORY), "HF_HUB_OFFLINE": "1"}


def qa_process(arguments: Sequence[object], folder: Path, **keywords: Any) -> Outcome:
    """``python -m qa`` with these arguments, started in ``folder``."""
    keywords.setdefault("stdout", subprocess.PIPE)
    keywords.setdefault("env", environment())
    done = subprocess.run(
        [sys.executable, "-m", "qa", *map(str, arguments)],
        cwd=folder,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
        **keywords,
    )
    return Outcome(done.returncode, done.stdout or "", done.stderr)


def make_corpus(folder: Path) -> Path:
    """The four documents of the ``corpus`` fixture, for fixtures that live longer."""
    for file, text in DOCUMENTS.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """Until the end a write beyond ``size`` bytes fails, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
