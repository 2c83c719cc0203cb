"""The whole program in a real terminal: a question is typed, and its source is highlighted."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import environment

pytestmark = pytest.mark.skipif(
    shutil.which("tmux") is None, reason="no tmux here: apt-get install tmux"
)

#: The background of the answer in the source pane, as a terminal is told of it.
HIGHLIGHT = "48;2;254;166;43"


class Terminal:
    """A tmux server of its own with one terminal."""

    def __init__(self, folder: Path, command: str) -> None:
        self._name = f"qa-test-{os.getpid()}"
        self._tmux(
            *("-f", "/dev/null", "new-session", "-d", "-x", "140", "-y", "40", command),
            cwd=folder,
            env=environment() | {"COLORTERM": "truecolor"},
        )

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-l", text)

    def press(self, key: str) -> None:
        self._tmux("send-keys", key)

    def screen(self) -> str:
        """All that is on the screen, with the colours as escapes."""
        return self._tmux("capture-pane", "-p", "-e")

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Until ``pattern`` is on the screen."""
        end = time.monotonic() + 120
        while time.monotonic() < end:
            found = re.search(pattern, self.screen())
            if found is not None:
                return found
            time.sleep(0.1)
        raise AssertionError(f"{pattern!r} never came; the screen:\n{self.screen()}")

    def close(self) -> None:
        self._tmux("kill-server")

    def _tmux(self, *arguments: str, **keywords: object) -> str:
        command = ["tmux", "-L", self._name, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True, **keywords)  # type: ignore[call-overload]
        return str(done.stdout)


@pytest.fixture
def terminal(built: Path) -> Iterator[Terminal]:
    """``qa`` in a folder with documents and their index; it says how it ended."""
    program = shlex.join([sys.executable, "-m", "qa"])
    started = Terminal(built, f"{program}; echo ended with $?; cat")
    yield started
    started.close()


def test_a_question_typed_in_a_terminal_has_its_source_highlighted(terminal: Terminal) -> None:
    terminal.wait_for(r"Ready · 4 documents")
    terminal.type("When was the lighthouse on Grey Point built?")
    terminal.press("Enter")
    terminal.wait_for(rf"\x1b\[[0-9;]*{HIGHLIGHT}[0-9;]*m(?:\x1b\[[0-9;]*m)*1871")
    assert "unchanged since indexing" in terminal.wait_for(r"unchanged.*indexing").group()
    terminal.press("C-q")
    terminal.wait_for(r"ended with 0")
