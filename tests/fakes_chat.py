"""What the tests of the chat share: encoders that wait to be told, and ways to look at the screen."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rich.style import Style
from textual.pilot import Pilot
from textual.widgets import Input, Static

from qa.errors import QAError
from qa.models.encoder import Encoder, Progress, Vectors
from qa.tui.app import ChatApp
from qa.tui.source import SourceText
from tests.fakes import FakeEncoder

__all__ = [
    "Chat",
    "GatedEncoder",
    "GatedLoad",
    "ask",
    "highlighted",
    "load_fake",
    "rendered",
    "shown",
    "state",
    "until",
]

Chat = Pilot[QAError]


def load_fake(_: str) -> Encoder:
    """Loads at once."""
    return FakeEncoder()


@dataclass
class GatedLoad:
    """Loads when its gate is opened, as a large model would some time later."""

    gate: threading.Event = field(default_factory=threading.Event)

    def __call__(self, _: str) -> Encoder:
        assert self.gate.wait(30)
        return FakeEncoder()


class GatedEncoder(FakeEncoder):
    """Says that it has embedded 3 of 7 texts, and goes on when its gate is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()

    def embed_documents(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        if progress is not None:
            progress(3, 7)
        assert self.gate.wait(30)
        return super().embed_documents(texts, progress)


async def until(pilot: Chat, condition: Callable[[], object]) -> None:
    """Let the application run until ``condition`` holds; a failure if it never does."""
    for _ in range(1_000):
        if condition():
            return
        await pilot.pause(0.01)
    raise AssertionError(f"waited in vain; the state line reads: {state(pilot.app)}")


async def ask(pilot: Chat, question: str) -> None:
    """Type a question and wait for its reply or its error."""
    before = len(pilot.app.query(".answer, .no-answer, .error"))
    pilot.app.query_one("#question", Input).value = question
    await pilot.press("escape", "enter")
    await until(pilot, lambda: len(pilot.app.query(".answer, .no-answer, .error")) > before)
    await pilot.pause()


def shown(app: object, selector: str) -> list[str]:
    """The texts of the widgets that match, in order."""
    assert isinstance(app, ChatApp)
    return [str(widget.content) for widget in app.query(selector).results(Static)]


def state(app: object) -> str:
    """What the state line reads."""
    return shown(app, "#state")[0]


def rendered(app: object) -> list[str]:
    """The rows of the source pane that are on the screen."""
    assert isinstance(app, ChatApp)
    source = app.query_one(SourceText)
    return [source.render_line(y).text for y in range(source.size.height)]


def highlighted(app: object) -> str:
    """The characters of the source pane that are drawn in the style of the answer."""
    assert isinstance(app, ChatApp)
    source = app.query_one(SourceText)
    style: Style = source.get_component_rich_style("source--span")
    return "".join(
        segment.text
        for y in range(source.size.height)
        for segment in source.render_line(y)
        if segment.style == style
    )
