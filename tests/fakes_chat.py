"""What the tests of the chat share: encoders that wait to be told, and ways to look at the screen."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rich.style import Style
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input, Static

from qa.answer import Citation
from qa.errors import QAError
from qa.models.encoder import Encoder, Progress, Vectors
from qa.settings import Settings
from qa.tui.app import ChatApp
from qa.tui.dialogue import Dialogue
from qa.tui.reply import CitationLine
from qa.tui.source import SourceText
from qa.tui.turn_view import TurnView
from tests.fakes import FakeEncoder

__all__ = [
    "NARROW",
    "QUESTION",
    "WIDE",
    "Chat",
    "FakeEditor",
    "GatedEncoder",
    "GatedLoad",
    "ask",
    "chat",
    "chosen",
    "citations",
    "footer",
    "highlighted",
    "load_fake",
    "notices",
    "question_box",
    "ready",
    "rendered",
    "shown",
    "state",
    "until",
]

Chat = Pilot[QAError]

QUESTION = "When was the lighthouse on Grey Point built?"
WIDE, NARROW = (140, 40), (80, 24)


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
    """Says that it has embedded ``done`` texts, and goes on when its gate is opened."""

    def __init__(self, done: int = 3) -> None:
        super().__init__()
        self._done = done
        self.gate = threading.Event()

    def embed_documents(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        if progress is not None:
            progress(self._done, len(texts))
        assert self.gate.wait(30)
        return super().embed_documents(texts, progress)


@dataclass
class FakeEditor:
    """An :data:`qa.tui.editor.EditorRunner` that keeps what it was told to run."""

    code: int = 0
    commands: list[list[str]] = field(default_factory=list)

    def __call__(self, _: App[object], command: Sequence[str]) -> int:
        self.commands.append(list(command))
        return self.code


def chat(settings: Settings) -> ChatApp:
    """A chat whose encoder is a fake."""
    return ChatApp(settings, load=load_fake)


async def until(pilot: Chat, condition: Callable[[], object]) -> None:
    """Let the application run until ``condition`` holds; a failure if it never does."""
    for _ in range(1_000):
        if condition():
            return
        await pilot.pause(0.01)
    raise AssertionError(f"waited in vain; the state line reads: {state(pilot.app)}")


async def ask(pilot: Chat, question: str) -> None:
    """Type a question and wait for its reply or its error."""
    turn = f"#turn-{pilot.app.query_one(Dialogue).next_number}"
    pilot.app.query_one("#question", Input).value = question
    await pilot.press("escape", "enter")
    replies = ", ".join(f"{turn} {kind}" for kind in (".answer", ".no-answer", ".error"))
    await until(pilot, lambda: pilot.app.query(replies))
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


def highlighted(app: object, name: str = "source--span") -> str:
    """The characters of the source pane that are drawn in the style of the answer, or in another."""
    assert isinstance(app, ChatApp)
    source = app.query_one(SourceText)
    style: Style = source.get_component_rich_style(name)
    return "".join(
        segment.text
        for y in range(source.size.height)
        for segment in source.render_line(y)
        if segment.style == style
    )


def citations(app: ChatApp, turn: int = 0) -> tuple[Citation, ...]:
    """All citations of a turn."""
    return app.query_one(f"#turn-{turn}", TurnView).turn.citations


def chosen(app: ChatApp) -> list[int]:
    """The numbers of the citations that are marked as the one whose source is shown."""
    return [line.citation.n for line in app.query(".chosen").results(CitationLine)]


async def ready(pilot: Chat) -> None:
    """Wait for the session."""
    await until(pilot, lambda: state(pilot.app).startswith("Ready"))


def question_box(app: ChatApp) -> Input:
    """The box for the question."""
    return app.query_one("#question", Input)


def notices(app: ChatApp) -> list[str]:
    """What the notices on the screen say, the oldest first."""
    return [str(toast.render()) for toast in app.screen.query("Toast")]


def footer(app: ChatApp) -> dict[str, str]:
    """The keys that the footer of the screen on top offers, and what it says of them."""
    keys = app.screen.query("FooterKey")
    return {getattr(key, "key_display", ""): getattr(key, "description", "") for key in keys}
