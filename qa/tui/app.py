"""The chat: a question box, the dialogue, and beside it the source of the citation that is chosen."""

from __future__ import annotations

from queue import Queue
from typing import ClassVar

from textual import work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.events import Key, Resize
from textual.widgets import Footer, Input, Static
from textual.worker import get_current_worker

from qa.answer import Answer, Citation
from qa.documents import Document
from qa.errors import QAError
from qa.models.encoder import load_encoder
from qa.session import EncoderLoader
from qa.settings import Settings
from qa.text import displayable
from qa.tui.dialogue import Dialogue
from qa.tui.messages import CitationChosen, Failed, Progressed, Replied, SessionReady
from qa.tui.source import SourcePane, SourceText
from qa.tui.worker import Asked, serve

__all__ = ["ChatApp"]

#: Below this many columns the two panes take turns.
NARROW = 100
#: What a key means while the question box does not have the focus.
SHORTCUTS = frozenset("np123456789")


class ChatApp(App[QAError]):
    """The application; it returns the error if the session could not be opened."""

    TITLE = "qa"
    CSS_PATH = "app.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+n", "citation(1)", "Next citation", priority=True),
        Binding("ctrl+b", "citation(-1)", "Previous", priority=True),
        Binding("n", "citation(1)", "Next citation", show=False),
        Binding("p", "citation(-1)", "Previous citation", show=False),
        *(Binding(str(n), f"choose({n})", f"Citation {n}", show=False) for n in range(1, 10)),
        Binding("ctrl+s", "switch_pane", "Source/dialogue", priority=True),
        Binding("tab", "app.focus_next", "Next pane", show=True),
        Binding("escape", "to_question", "Question box"),
        Binding("ctrl+q", "quit", "Quit", priority=True),
    ]

    def __init__(self, settings: Settings, *, load: EncoderLoader = load_encoder) -> None:
        super().__init__()
        self._settings = settings
        self._load = load
        self._questions: Queue[Asked | None] = Queue()
        self._documents: dict[tuple[int, str], Document] = {}
        self._failure: QAError | None = None
        self._shown: tuple[int, Citation] | None = None

    def compose(self) -> ComposeResult:
        with Horizontal(id="panes"):
            yield Dialogue()
            yield SourcePane()
        yield Static("Starting…", id="state", markup=False)
        yield Input(
            placeholder="Ask the documents, then press Enter", id="question", select_on_focus=False
        )
        yield Footer()

    def on_mount(self) -> None:
        self.query_one("#question", Input).focus()
        self._serve()

    @work(thread=True, name="session")
    def _serve(self) -> None:
        worker = get_current_worker()
        serve(
            self._settings,
            self._questions,
            self.post_message,
            self._load,
            leaving=lambda: worker.is_cancelled,
        )

    def on_unmount(self) -> None:
        self._questions.put(None)

    def on_resize(self, event: Resize) -> None:
        self.screen.set_class(event.size.width < NARROW, "narrow")

    # What the person does

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        question = event.value.strip()
        if not question:
            self.notify("Type a question first.", severity="warning")
            return
        event.input.clear()
        self.screen.remove_class("source-first")
        turn = await self.query_one(Dialogue).add_turn(question)
        if self._failure is not None:
            await turn.show_error(self._failure)
            return
        self._questions.put((turn.number, question))

    def action_citation(self, step: int) -> None:
        """Move to the next or previous citation of the turn that is shown, round and round."""
        if self._shown is None:
            return
        number, current = self._shown
        citations = self.query_one(Dialogue).turn(number).citations
        self._show(number, citations[(citations.index(current) + step) % len(citations)])

    def action_choose(self, n: int) -> None:
        """Show citation ``n`` of the turn that is shown."""
        if self._shown is None:
            return
        number, _ = self._shown
        for citation in self.query_one(Dialogue).turn(number).citations:
            if citation.n == n:
                self._show(number, citation)

    def action_switch_pane(self) -> None:
        """Between dialogue and source: the other page where narrow, the focus where both stand."""
        source = self.query_one(SourceText)
        if self.screen.has_class("narrow"):
            self.screen.toggle_class("source-first")
            to_source = self.screen.has_class("source-first")
        else:
            to_source = not source.has_focus
        (source if to_source else self.query_one(Dialogue)).focus()

    def action_to_question(self) -> None:
        """Back to the question box."""
        self.screen.remove_class("source-first")
        self.query_one("#question", Input).focus()

    def on_citation_chosen(self, message: CitationChosen) -> None:
        self._show(message.turn, message.citation)

    def on_key(self, event: Key) -> None:
        """A letter that is no shortcut is the beginning of a question, wherever the focus is."""
        question = self.query_one("#question", Input)
        character = event.character
        if question.has_focus or not event.is_printable or character is None:
            return
        if character not in SHORTCUTS:
            self.action_to_question()
            question.insert_text_at_cursor(character)

    # What the worker tells

    def on_progressed(self, message: Progressed) -> None:
        if message.total:
            share = f" {message.done}/{message.total}"
            self._say(f"Building the index: {message.stage}{share}…")
        else:
            self._say(f"{message.stage.capitalize()}… you can type your question already.")

    def on_session_ready(self, message: SessionReady) -> None:
        changed = (
            f" · {message.changed} {'file is' if message.changed == 1 else 'files are'} not as "
            "indexed: run qa index"
            if message.changed
            else ""
        )
        self._say(
            f"Ready · {message.documents} documents, {message.passages} passages from "
            f"{self._settings.corpus}{changed}"
        )
        if message.stale_calibration:
            self.notify(
                "The calibration with this index was made for another reader or model and is not "
                "used; make it anew with: qa calibrate LABELLED",
                severity="warning",
            )

    async def on_replied(self, message: Replied) -> None:
        dialogue = self.query_one(Dialogue)
        for file, document in message.documents.items():
            self._documents[message.turn, file] = document
        turn = dialogue.turn(message.turn)
        await turn.show_reply(message.reply, message.elapsed_ms)
        if turn.citations:
            self._show(message.turn, turn.citations[0])
        dialogue.show_end()
        if not isinstance(message.reply, Answer):
            self.bell()

    async def on_failed(self, message: Failed) -> None:
        dialogue = self.query_one(Dialogue)
        if message.turn is not None:
            await dialogue.turn(message.turn).show_error(message.error)
            return
        self._failure = message.error
        self.query_one("#state").add_class("failed")
        self._say(f"{message.error} (ctrl+q quits)")
        while not self._questions.empty():
            waiting = self._questions.get_nowait()
            if waiting is not None:
                await dialogue.turn(waiting[0]).show_error(message.error)

    async def action_quit(self) -> None:
        """Leave; with the error, if there was one, so that the shell learns of it."""
        self.exit(self._failure)

    def _show(self, turn: int, citation: Citation) -> None:
        dialogue = self.query_one(Dialogue)
        if self._shown is not None:
            dialogue.turn(self._shown[0]).mark(None)
        dialogue.turn(turn).mark(citation)
        self._shown = (turn, citation)
        self.query_one(SourcePane).show(self._documents[turn, citation.file], citation)

    def _say(self, text: str) -> None:
        self.query_one("#state", Static).update(displayable(text))
