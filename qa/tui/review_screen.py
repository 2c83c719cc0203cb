"""The review: a saved answer beside its source, to be accepted, rejected or corrected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Resize
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Static

from qa.answer import Answer, Citation, NoAnswer
from qa.corpus import FileState, file_state
from qa.errors import InputFileError
from qa.restoring import cited_document
from qa.reviewing import Decisions, ReviewItem, Row, accepted, corrected, left_out, rejected
from qa.settings import Settings
from qa.text import displayable
from qa.tui.help_screen import HelpScreen
from qa.tui.judged import Judged
from qa.tui.messages import CitationChosen
from qa.tui.reject_screen import RejectScreen
from qa.tui.review_keys import CORRECTING_ACTIONS, JUDGING_ACTIONS, REVIEW_KEYS, ReviewFooter
from qa.tui.selecting import Selection
from qa.tui.source import SourceText
from qa.tui.source_pane import SourcePane
from qa.tui.status import StatusBar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qa.documents import Document

__all__ = ["ReviewScreen"]

#: Below this many columns the two panes take turns.
NARROW = 100
#: Below this many the keys in the footer need two rows.
WHOLE_FOOTER = 128


class ReviewScreen(Screen[None]):
    """The queue, one question at a time."""

    BINDINGS: ClassVar[list[BindingType]] = REVIEW_KEYS

    @dataclass
    class Opened(Message, bubble=False):
        """A source has been looked for; ``document`` is ``None`` if its text is gone."""

        citation: Citation
        document: Document | None
        state: FileState

    def __init__(
        self, settings: Settings, queue: Sequence[ReviewItem], decisions: Decisions
    ) -> None:
        super().__init__()
        self._settings = settings
        self._queue = queue
        self._decisions = decisions
        self._at = 0
        self._only_undecided = False
        self._citation: Citation | None = None
        self._opened: ReviewScreen.Opened | None = None
        self._selection: Selection | None = None
        self._correct_when_opened = False

    def compose(self) -> ComposeResult:
        with Horizontal(id="panes"):
            yield Judged()
            yield SourcePane()
        yield Static("", id="hint", markup=False)
        yield StatusBar()
        yield ReviewFooter(compact=True, show_command_palette=False)

    async def on_mount(self) -> None:
        await self._go_to(self._next_undecided(-1) or 0)
        self.query_one(Judged).focus()

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.width < NARROW, "narrow")
        self.set_class(event.size.width < WHOLE_FOOTER, "two-rows-of-keys")
        self._show_page()

    # The queue

    @property
    def item(self) -> ReviewItem:
        """The question on show."""
        return self._queue[self._at]

    @property
    def decided(self) -> int:
        """How many questions of the queue are decided."""
        return sum(self._decisions.of(item) is not None for item in self._queue)

    async def _go_to(self, place: int) -> None:
        self._stop_correcting()
        self._at = place
        await self.query_one(Judged).show(self.item, self._decisions.of(self.item))
        self._say_progress()
        self._show_citation(self.item.citations[0] if self.item.citations else None)

    def _say_progress(self) -> None:
        count = len(self._queue)
        only = " · only undecided" if self._only_undecided else ""
        self.query_one(StatusBar).say(
            f"{self.decided} of {count} decided · question {self._at + 1} of {count}{only} · "
            f"saved in {self._decisions.path}"
        )

    def _next_undecided(self, place: int, step: int = 1) -> int | None:
        """The nearest other undecided question after or before ``place``, round and round."""
        count = len(self._queue)
        for distance in range(1, count + 1):
            other = (place + step * distance) % count
            if other != place and self._decisions.of(self._queue[other]) is None:
                return other
        return None

    async def action_step(self, step: int) -> None:
        """The question after or before; of the undecided ones, if only these are shown."""
        place = (
            self._next_undecided(self._at, step)
            if self._only_undecided
            else (self._at + step) % len(self._queue)
        )
        if place is None:
            self.notify("No other question is undecided.")
        else:
            await self._go_to(place)

    async def action_skip(self) -> None:
        """On to the next undecided question."""
        await self._to_next_undecided()

    async def _to_next_undecided(self) -> None:
        place = self._next_undecided(self._at)
        if place is not None:
            await self._go_to(place)
            return
        await self._go_to(self._at)
        if self._decisions.of(self.item) is None:
            self.notify("This is the last undecided question.")
        else:
            self.notify("Every question is decided; q quits, n and p go through them again.")

    async def action_undecided(self) -> None:
        """Show only undecided questions, or all again."""
        self._only_undecided = not self._only_undecided
        if self._only_undecided and self._decisions.of(self.item) is not None:
            await self._to_next_undecided()
        self._say_progress()

    # Decisions

    async def action_accept(self) -> None:
        """The reply is right."""
        await self._decide(accepted(self.item))

    @work
    async def action_reject(self) -> None:
        """The reply is wrong: ask what is right."""
        refusal = isinstance(self.item.reply, NoAnswer)
        what = await self.app.push_screen_wait(RejectScreen(refusal=refusal))
        if what == "none":
            await self._decide(rejected(self.item))
        elif what == "leave_out":
            await self._decide(left_out(self.item))
        elif what == "correct":
            self.action_correct()

    async def _decide(self, row: Row) -> None:
        try:
            self._decisions.decide(self.item, row)
        except InputFileError as error:
            self._say_error(error)
            return
        await self._to_next_undecided()

    async def action_undo(self) -> None:
        """Take the last decision back, and show its question."""
        try:
            key = self._decisions.undo()
        except InputFileError as error:
            self._say_error(error)
            return
        if key is None:
            self.notify("There is no decision to take back.")
            return
        await self._go_to(next(at for at, item in enumerate(self._queue) if item.key == key))
        self.notify("The decision is taken back.")

    def _say_error(self, error: InputFileError) -> None:
        self.notify(displayable(str(error)), severity="error", markup=False)

    # The source

    def on_citation_chosen(self, message: CitationChosen) -> None:
        self._choose(message.citation)

    def action_choose(self, n: int) -> None:
        """Show the source of citation ``n``."""
        for citation in self.item.citations:
            if citation.n == n:
                self._choose(citation)

    def _choose(self, citation: Citation) -> None:
        """Show another citation; one who is correcting goes on there."""
        correcting = self.correcting
        self._stop_correcting()
        self._show_citation(citation)
        self._correct_when_opened = correcting

    def _show_citation(self, citation: Citation | None) -> None:
        self._citation, self._opened = citation, None
        self._correct_when_opened = False
        self.query_one(Judged).mark(citation)
        if citation is None:
            self.query_one(SourcePane).clear()
        else:
            self._open_source(citation)

    @work(thread=True, exclusive=True, group="source")
    def _open_source(self, citation: Citation) -> None:
        settings = self._settings
        document = cited_document(settings, citation)
        state = file_state(settings.corpus, citation.file, citation.sha256, settings.max_file_bytes)
        self.post_message(self.Opened(citation, document, state))

    def on_review_screen_opened(self, message: Opened) -> None:
        if message.citation is not self._citation or not self.app.is_running:
            return
        self._opened = message
        pane = self.query_one(SourcePane)
        if message.document is not None:
            pane.show(message.document, message.citation)
        else:
            pane.show_remains(message.citation)
        pane.show_state(message.citation, message.state)
        if self._correct_when_opened:
            self._correct_when_opened = False
            self.action_correct()

    # Correcting

    @property
    def ready(self) -> bool:
        """True once the source has been looked for."""
        return self._opened is not None

    @property
    def correcting(self) -> bool:
        """True while what is right is being selected."""
        return self._selection is not None

    @property
    def _correctable(self) -> bool:
        """True if the source is there, and is the text that was cited."""
        opened = self._opened
        return (
            opened is not None
            and opened.document is not None
            and opened.state is FileState.UNCHANGED
        )

    def action_correct(self) -> None:
        """Begin to select what is right, with the citation on show."""
        opened = self._opened
        if self._citation is None:
            self._say("This refusal names no source to select in; reject it instead.")
        elif opened is None:
            self._correct_when_opened = True
        elif opened.document is None or not self._correctable:
            unchanged = opened.state is FileState.UNCHANGED
            state = "does not hold this quote" if unchanged else f"is {opened.state.value}"
            self._say(
                f"{opened.citation.file} {state}: nothing can be selected in it, "
                "only judged by the sentence as it was cited."
            )
        else:
            self._to_source(shown=True)
            self._select(Selection.of(opened.document.text, opened.citation.span))

    def _say(self, text: str) -> None:
        self.notify(displayable(text), severity="warning", markup=False)

    def _select(self, selection: Selection) -> None:
        self._selection = selection
        self.add_class("correcting")
        words = " ".join(selection.span.of(selection.text).split())
        self.query_one("#hint", Static).update(
            Content.assemble("The right answer: ", (displayable(f"“{words}”"), "bold"))
        )
        self.query_one(SourceText).select(selection.span)
        self.refresh_bindings()

    def _stop_correcting(self) -> None:
        if self.correcting:
            self._selection = None
            self.remove_class("correcting")
            self.query_one(SourceText).select(None)
            self._to_source(shown=False)
            self.refresh_bindings()

    def action_select_sentence(self, step: int) -> None:
        """Select a whole sentence."""
        if self._selection is not None:
            self._select(self._selection.sentence(step))

    def action_select_word(self, step: int) -> None:
        """Select a word."""
        if self._selection is not None:
            self._select(self._selection.word(step))

    def action_extend(self, step: int) -> None:
        """Make the selection longer or shorter."""
        if self._selection is not None:
            self._select(self._selection.extend(step))

    def on_source_text_dragged(self, message: SourceText.Dragged) -> None:
        # A press and its moves are many messages: what cannot be corrected in is not said at each.
        if self._selection is None and message.start != message.end and self._correctable:
            self.action_correct()
        if self._selection is not None:
            self._select(self._selection.dragged(message.start, message.end))

    async def action_take(self) -> None:
        """What is selected is the answer; the answer itself, selected again, is accepted."""
        opened, selection = self._opened, self._selection
        if selection is None or opened is None or opened.document is None:
            return
        document, reply = opened.document, self.item.reply
        first = reply.citations[0] if isinstance(reply, Answer) else None
        if first is not None and (first.file, first.span) == (document.file, selection.span):
            await self._decide(accepted(self.item))
            return
        await self._decide(
            corrected(self.item, document.file, document.sha256, document.text, selection.span)
        )

    def action_cancel(self) -> None:
        """Leave the answer as it is."""
        self._stop_correcting()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While correcting the keys are others."""
        if action in CORRECTING_ACTIONS:
            return self.correcting
        if action in JUDGING_ACTIONS:
            return not self.correcting
        return super().check_action(action, parameters)

    # Panes

    def action_switch_pane(self) -> None:
        """To the source and back."""
        self._to_source(shown=not self.query_one(SourceText).has_focus)

    def _to_source(self, *, shown: bool) -> None:
        self.set_class(shown, "source-first")
        self._show_page()
        self.set_focus(self.query_one(SourceText) if shown else self.query_one(Judged))

    def _show_page(self) -> None:
        """On a narrow terminal the answer and the source are two pages."""
        narrow, source_first = self.has_class("narrow"), self.has_class("source-first")
        self.query_one(Judged).display = not (narrow and source_first)
        self.query_one(SourcePane).display = not narrow or source_first

    def action_help(self) -> None:
        """Show all keys."""
        self.app.push_screen(HelpScreen(REVIEW_KEYS))
