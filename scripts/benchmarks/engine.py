"""An engine that is measured: a process of its own that answers calls (see :mod:`benchmarks.serving`)."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.places import ROOT, SCRIPTS

__all__ = ["Engine", "EngineError", "Outcome", "environment"]

#: Variables that would give one engine other threads than another.
_THREADS = ("OMP_", "MKL_", "OPENBLAS_", "KMP_")
#: Seconds an engine has for ending by itself.
_PATIENCE = 5.0


class EngineError(Exception):
    """An engine ended, or did not start; the text says where it said why."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call gave."""

    value: Any
    seconds: float
    """As measured in the engine's process."""
    memory_mb: float
    """The most memory that this process has held so far."""


class Engine:
    """A process that was started, and the calls to it; to be closed."""

    def __init__(self, name: str, python: Path, module: str, log: Path) -> None:
        """Start ``module`` with ``python``; what it says goes to ``log``."""
        self.name = name
        self._log = log
        with log.open("ab") as said:
            self._process = subprocess.Popen(
                [str(python), "-m", module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
                encoding="utf-8",
                env=environment([SCRIPTS, ROOT]),
            )

    def call(self, operation: str, **arguments: Any) -> Outcome:
        """What ``operation`` of the engine gives.

        Raises:
            EngineError: the engine's process has ended.
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            stdin.write(json.dumps({"call": operation, "arguments": arguments}) + "\n")
            stdin.flush()
        except BrokenPipeError:
            pass  # the reply that does not come tells the same
        reply = stdout.readline()
        if not reply.endswith("\n"):
            raise EngineError(f"{self.name} ended at {operation!r}; see the end of {self._log}.")
        return Outcome(**json.loads(reply))

    def close(self) -> None:
        """End the process; in the middle of something, it is killed."""
        try:
            self._process.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()


def environment(modules: Sequence[Path]) -> dict[str, str]:
    """The variables of every process that is measured: all cores, no network, no telemetry."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(_THREADS)}
    return kept | {
        "PYTHONPATH": os.pathsep.join(map(str, modules)),
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HAYSTACK_TELEMETRY_ENABLED": "False",
        "DO_NOT_TRACK": "1",
        "TERM": "xterm-256color",
    }
