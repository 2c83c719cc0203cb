"""Reads files: plain text here, all else in a process of its own, which a file may take down with it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

import qa
from qa.errors import DocumentError
from qa.formats.endings import format_of
from qa.formats.extracted import Extracted, Limits
from qa.formats.frames import frame_of, read_frame, write_frame
from qa.settings import Settings

__all__ = ["Extractor", "Memory", "Refusal"]

#: How a process ends that has used up its processor time; not on Windows.
_OVER_TIME = -getattr(signal, "SIGXCPU", 1_000)
#: A frame holds a text as JSON: up to 6 bytes for a character, and marks that come to less than it.
_BYTES_PER_CHARACTER = 12
_SMALLEST_FRAME = 1_000_000


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file that was tried and could not be read."""

    sha256: str
    ending: str
    limits: str
    """Under which limits; with others it may be tried again."""
    reason: str


class Memory(Protocol):
    """What is known of files that were read before, so that an unchanged one is not parsed again."""

    def recalled(self, sha256: str, ending: str, limits: str) -> Extracted | str | None:
        """What was extracted from these bytes, or why nothing was; ``None`` where nobody knows."""


class Extractor:
    """Turns the bytes of files into text. Costs nothing until the first file that is not plain text.

    One thread may use it at a time. Its process ends with it, or with :meth:`close`.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        memory: Memory | None = None,
        command: tuple[str, ...] = (sys.executable, "-P", "-m", "qa.formats.worker"),
    ) -> None:
        """``command`` starts the process that reads."""
        self.limits = limits if limits is not None else Limits.of(Settings())
        self.memory = memory
        self.refusals: list[Refusal] = []
        """The files that were parsed in vain, in order."""
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._stop: Callable[[], object] = lambda: None
        self._served = 0

    def close(self) -> None:
        """End the process, if there is one; another begins when it is needed."""
        self._stop()
        self._process, self._served = None, 0

    def extract(self, file: str, data: bytes, sha256: str | None = None) -> Extracted:
        """The text of ``data``, the bytes of a file of that name; ``sha256`` of them, if it is known.

        Raises:
            DocumentError: the format is none that is read, or the bytes cannot be read as it.
        """
        format_ = format_of(file)
        if format_.is_text:
            return format_.extract(data, self.limits)
        if not data.strip():
            raise DocumentError("it is empty")
        ending = PurePosixPath(file).suffix.lower()
        sha256 = sha256 if sha256 is not None else hashlib.sha256(data).hexdigest()
        limits = json.dumps(asdict(self.limits), sort_keys=True)
        outcome = None
        if self.memory is not None:
            outcome = self.memory.recalled(sha256, ending, limits)
        if outcome is None:
            outcome = self._parsed(ending, data)
            if isinstance(outcome, str):
                self.refusals.append(Refusal(sha256, ending, limits, outcome))
        if isinstance(outcome, str):
            raise DocumentError(outcome)
        return outcome

    def _parsed(self, ending: str, data: bytes) -> Extracted | str:
        """By the process that is there; once more by a fresh one where that one had read before."""
        fresh = self._served == 0
        until = time.monotonic() + self.limits.max_extraction_seconds
        outcome, died = self._sent(ending, data, until)
        if died and not fresh:
            outcome, _ = self._sent(ending, data, until)
        return outcome

    def _sent(self, ending: str, data: bytes, until: float) -> tuple[Extracted | str, bool]:
        """The outcome, and whether the process ended over it before its time was up."""
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        late = threading.Event()

        def end() -> None:
            late.set()
            process.kill()

        outcome: Extracted | str | None
        timer = threading.Timer(max(until - time.monotonic(), 0), end)
        timer.daemon = True
        timer.start()
        try:
            request = {"ending": ending, "limits": asdict(self.limits)}
            write_frame(process.stdin, json.dumps(request).encode())
            write_frame(process.stdin, data)
            most = self.limits.max_text_characters * _BYTES_PER_CHARACTER + _SMALLEST_FRAME
            reply = read_frame(process.stdout, most)
            outcome = frame_of(reply) if reply is not None else None
        except (OSError, ValueError):  # it ended before it had read all, or sends no outcome
            outcome = None
        except BaseException:  # interrupted: its reply would pass for that on the next file
            self.close()
            raise
        finally:
            timer.cancel()
        self._served += 1
        if outcome is not None and not late.is_set():
            return outcome, False
        self.close()
        late_ = late.is_set() or process.returncode == _OVER_TIME
        return _reason(late_, ending, self.limits), not late_

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self.close()
            home = str(Path(qa.__file__).parent.parent)
            path = os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH"))))
            try:
                process = subprocess.Popen(
                    self._command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env={**os.environ, "PYTHONPATH": path},
                    start_new_session=True,  # ctrl+c is for the one who waits, not for the reader
                )
            except OSError as error:
                raise DocumentError(
                    f"the process that reads it cannot be started ({error.strerror})"
                ) from error
            self._process = process
            self._stop = weakref.finalize(self, _end, process)
        return self._process


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):  # what was not sent is not wanted any more
                pipe.close()
    process.wait()


def _reason(late: bool, ending: str, limits: Limits) -> str:
    if late:
        return (
            "reading it takes longer than max_extraction_seconds "
            f"({limits.max_extraction_seconds}) allows; it may be damaged"
        )
    return (
        f"the reader of {ending} files broke down over it; it may be damaged, or take more memory than "
        f"max_extraction_memory ({limits.max_extraction_memory:,} bytes) allows"
    )
