"""The side of the line protocol that runs in an engine's process; nothing but the standard library.

A line of JSON on standard input, ``{"call": NAME, "arguments": {...}}``, is one call; the line that comes
back on standard output, ``{"value": ..., "seconds": ..., "memory_mb": ...}``, says what it gave, how long it
took in this process, and the most memory that the process has held so far. What a library prints goes to
standard error.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["peak_memory_mb", "serve"]


def serve(operations: Mapping[str, Callable[..., Any]]) -> None:
    """Answer calls until standard input ends. What an operation raises ends the process."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8") as replies:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        for line in sys.stdin:
            asked = json.loads(line)
            operation = operations[asked["call"]]
            started = time.perf_counter()
            value = operation(**asked["arguments"])
            seconds = time.perf_counter() - started
            reply = {"value": value, "seconds": seconds, "memory_mb": peak_memory_mb()}
            print(json.dumps(reply, ensure_ascii=False), file=replies, flush=True)


def peak_memory_mb() -> float:
    """The most memory that this process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000
