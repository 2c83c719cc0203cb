"""Talk to the person at the terminal: sentences and progress on stderr; stdout is left to data."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from qa.pace import rate_text
from qa.text import displayable

__all__ = ["human_size", "progress_bar", "say", "width"]


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """A bar on stderr with rate and time left; silent where stderr is no terminal."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class _Rate(ProgressColumn):
        """How many a second, of late."""

        def render(self, task: Task) -> Text:
            speed = task.speed if not task.finished else task.finished_speed
            return Text(rate_text(speed) if speed else "")

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    tasks: dict[str, Any] = {}

    def report(stage: str, done: int, total: int) -> None:
        if stage not in tasks:
            tasks[stage] = bar.add_task(stage, total=total)
        bar.update(tasks[stage], completed=done, total=total)

    with bar:
        yield report


def human_size(size: int) -> str:
    if size < 1_000:
        return f"{size} B"
    return f"{size / 1_000:.1f} kB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"


def width() -> int:
    return min(shutil.get_terminal_size((80, 24)).columns, 100)


def say(text: str) -> None:
    """Talk goes to stderr; stdout is for data."""
    print(displayable(text), file=sys.stderr, flush=True)
