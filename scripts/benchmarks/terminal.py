"""A program in a pseudo terminal, as a person has it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence

__all__ = ["COLUMNS", "ROWS", "Terminal"]

ROWS, COLUMNS = 40, 140
_ESCAPES = re.compile(rb"\x1b(?:\[[0-9;?<>=$]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[^\[\]])")
_STAGE = re.compile(rb"Building the index: (\w+) \d+/\d+|(Ready) ")


class Terminal:
    """A program in a pseudo terminal, and what it has drawn."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str] = os.environ) -> None:
        self._fd, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self._process = subprocess.Popen(
            command,
            stdin=inner,
            stdout=inner,
            stderr=inner,
            # A group to be killed, but no session: Linux shares cores out by sessions.
            process_group=0,
            env={**environment, "TERM": "xterm-256color"},
        )
        os.close(inner)
        self._drawn = b""
        self._tail = b""
        self.stage = ""
        """What the chat said last that it is doing."""
        self.last_output = 0.0

    def send(self, text: str) -> None:
        os.write(self._fd, text.encode())

    def read_until(self, condition: Callable[[], bool], timeout: float) -> None:
        """Read until ``condition``, or until the time is over."""
        end = time.perf_counter() + timeout
        while not condition() and time.perf_counter() < end:
            if select.select([self._fd], [], [], 0.002)[0]:
                self._note(os.read(self._fd, 65_536))
                self.last_output = time.perf_counter()

    def _note(self, drawn: bytes) -> None:
        self._drawn += drawn
        self._tail = (self._tail + drawn)[-4_096:]
        for match in _STAGE.finditer(_ESCAPES.sub(b"", self._tail)):
            self.stage = (match[1] or match[2]).decode()

    def text(self) -> bytes:
        """What has been drawn since :meth:`forget`, without escapes."""
        return _ESCAPES.sub(b"", self._drawn)

    def forget(self) -> None:
        self._drawn = b""

    def close(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._fd)
