"""The chat: a question box, the dialogue, and beside it the source of the citation that is chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static

from qa.errors import QAError, UsageError
from qa.settings import Settings
from qa.text import displayable
from qa.tui.browser import open_in_browser
from qa.tui.dates_screen import DatesScreen
from qa.tui.dialogue import Dialogue
from qa.tui.editor import EditorRunner, editor_command, opener_command
from qa.tui.help_screen import HelpScreen
from qa.tui.keys import CHAT_KEYS, KeyFooter
from qa.tui.messages import CitationChosen, FileChecked, QuestionAsked, SourceFound
from qa.tui.paned_screen import PanedScreen
from qa.tui.question import QuestionBox
from qa.tui.restriction import Restriction, restriction_text
from qa.tui.source import SourceText
from qa.tui.source_pane import NOTHING_YET, SourcePane
from qa.tui.sources_screen import SourcesScreen
from qa.tui.status import StatusBar
from qa.tui.why_screen import WhyScreen

if TYPE_CHECKING:
    from qa.answer import Citation, Reply
    from qa.conversations import KeptTurn
    from qa.documents import Document
    from qa.schema import DocumentRecord
    from qa.session import Inquiry
    from qa.tui.turn import Turn

__all__ = ["ChatScreen"]


class ChatScreen(PanedScreen):
    """What the person sees and does; the application around it talks to the session."""

    BINDINGS: ClassVar[list[BindingType]] = CHAT_KEYS

    def __init__(
        self, settings: Settings, environment: Mapping[str, str], run_editor: EditorRunner
    ) -> None:
        super().__init__()
        self._settings = settings
        self._environment = environment
        self._run_editor = run_editor
        self._records: tuple[DocumentRecord, ...] = ()
        self._restricted: Restriction | None = None
        self._documents: dict[tuple[str, str], Document] = {}
        self._turn: int | None = None
        self._citation: Citation | None = None

    def compose(self) -> ComposeResult:
        with Horizontal(id="panes"):
            yield Dialogue()
            yield SourcePane()
        yield StatusBar()
        with Horizontal(id="prompt"):
            yield Static("", id="restriction", markup=False)
            yield QuestionBox()
        yield KeyFooter(compact=True)

    def on_mount(self) -> None:
        self.query_one(QuestionBox).focus()

    # Questions and replies

    @on(Input.Submitted, "#question")
    async def _ask(self) -> None:
        question = self.query_one(QuestionBox).take()
        if not question:
            self.notify("Type a question first.", severity="warning")
            return
        files = self._restricted.files if self._restricted is not None else None
        turn = await self.query_one(Dialogue).add_turn(question, self._restriction(), files)
        self.post_message(QuestionAsked(turn.number, question, turn.files))

    async def show_reply(self, number: int, inquiry: Inquiry, elapsed_ms: int) -> None:
        """Show the reply to the question of that turn, and the source of its first citation."""
        dialogue = self.query_one(Dialogue)
        turn = dialogue.turn(number)
        if turn is None:  # another conversation has been opened meanwhile
            return
        await turn.show_reply(self._with_shared_documents(inquiry), elapsed_ms)
        if not self.app.is_running:  # the person has left meanwhile, and the panes are being closed
            return
        self._show(turn, turn.citations[0] if turn.citations else None)
        dialogue.show_turn(turn)

    def _with_shared_documents(self, inquiry: Inquiry) -> Inquiry:
        """``inquiry`` with each document once for the whole dialogue; a document may be large."""
        shared = {
            file: self._documents.setdefault((file, document.sha256), document)
            for file, document in inquiry.documents.items()
        }
        return replace(inquiry, documents=shared)

    async def show_error(self, number: int, error: QAError) -> None:
        """Say why that turn has no reply."""
        turn = self.query_one(Dialogue).turn(number)
        if turn is not None:
            await turn.show_error(error)

    async def restore(self, turns: Sequence[tuple[KeptTurn, Reply]]) -> None:
        """Show a conversation in place of the one that is on the screen; without turns a new one."""
        self._turn = self._citation = None
        self._documents.clear()
        self.query_one(SourcePane).clear(NOTHING_YET)
        self.query_one(QuestionBox).remember(kept.question for kept, _ in turns)
        dialogue = self.query_one(Dialogue)
        last = await dialogue.restore(turns)
        if last is not None:
            # It goes on as it was left, in the same documents; what of them is gone is told by the records.
            restriction = Restriction(last.files or frozenset())
            self._take(restriction.among(self._records) if self._records else restriction)
            self._show(last, last.citations[0] if last.citations else None)
            dialogue.show_turn(last)
        self.to_pane(self.query_one(QuestionBox))

    def show_number(self, number: int | None) -> None:
        """Show the number under which the conversation is kept."""
        self.query_one(Dialogue).border_title = (
            f"conversation {number}" if number is not None else None
        )

    def _show(self, turn: Turn, citation: Citation | None) -> None:
        before = self._current_turn()
        if before is not None:
            before.mark(None, current=False)
        self._turn, self._citation = turn.number, citation
        turn.mark(citation, current=True)
        if citation is None:
            self.query_one(SourcePane).clear()
            return
        document = self._documents.get((citation.file, citation.sha256))
        if document is None:
            self._find_source(citation)
        else:
            self.query_one(SourcePane).show(document, citation)
            self._check_file(citation)

    @work(thread=True, exclusive=True, group="source")
    def _find_source(self, citation: Citation) -> None:
        from qa.restoring import cited_document

        self.post_message(SourceFound(citation, cited_document(self._settings, citation)))

    def on_source_found(self, message: SourceFound) -> None:
        citation, document = message.citation, message.document
        if citation is not self._citation or not self.app.is_running:
            return
        if document is not None:
            self._documents[citation.file, citation.sha256] = document
            self.query_one(SourcePane).show(document, citation)
        else:
            self.query_one(SourcePane).show_remains(citation)
        self._check_file(citation)

    @work(thread=True, exclusive=True, group="file state")
    def _check_file(self, citation: Citation) -> None:
        from qa.corpus import file_state

        settings = self._settings
        state = file_state(settings.corpus, citation.file, citation.sha256, settings.max_file_bytes)
        self.post_message(FileChecked(citation, state))

    def on_file_checked(self, message: FileChecked) -> None:
        if self.app.is_running:
            self.query_one(SourcePane).show_state(message.citation, message.state)

    # Citations and answers

    def on_citation_chosen(self, message: CitationChosen) -> None:
        turn = self.query_one(Dialogue).turn(message.turn)
        if turn is not None:
            self._show(turn, message.citation)

    def action_step(self, step: int) -> None:
        """The next or previous match while searching, else citation."""
        source = self.query_one(SourcePane)
        if source.searching:
            source.step_match(step)
        else:
            self.action_citation(step)

    def action_citation(self, step: int) -> None:
        """The next or previous citation of the current turn, round and round."""
        turn, current = self._current_turn(), self._citation
        if turn is not None and current is not None:
            at = turn.citations.index(current)
            self._show(turn, turn.citations[(at + step) % len(turn.citations)])

    def action_choose(self, n: int) -> None:
        """Show citation ``n`` of the current turn."""
        turn = self._current_turn()
        for citation in turn.citations if turn is not None else ():
            if turn is not None and citation.n == n:
                self._show(turn, citation)

    def action_turn(self, step: int) -> None:
        """To the reply before or after the current one."""
        dialogue = self.query_one(Dialogue)
        number = (self._turn if self._turn is not None else dialogue.next_number) + step
        turn = dialogue.turn(number)
        if turn is not None:
            self._show(turn, turn.citations[0] if turn.citations else None)
            dialogue.show_turn(turn)

    def action_toggle_numbers(self) -> None:
        """Show confidences as numbers too, or no longer."""
        self.toggle_class("numbers")

    async def action_as_typed(self) -> None:
        """Ask the current turn's question again, without what went before."""
        turn = self._current_turn()
        if turn is None or turn.reply is None or turn.reply.understood_as is None:
            self.notify("The question was taken as typed.")
            return
        self._show(turn, None)
        await turn.wait_again()
        self.post_message(QuestionAsked(turn.number, turn.question, turn.files, as_typed=True))

    def _current_turn(self) -> Turn | None:
        return self.query_one(Dialogue).turn(self._turn) if self._turn is not None else None

    # What is done with a source

    def action_search(self) -> None:
        """Open the search in the document on show."""
        if self._citation is None:
            self.notify("There is no document to search yet; ask a question first.")
            return
        self.to_pane(self.query_one(SourceText))
        self.query_one(SourcePane).start_search()

    def action_copy(self) -> None:
        """Copy the quote on show with its citation."""
        if self._citation is None:
            self.notify("There is nothing to copy yet.", severity="warning")
            return
        from qa.render import as_quotation

        self._copy(as_quotation(self._citation))

    def action_copy_markdown(self) -> None:
        """Copy the whole reply as Markdown."""
        turn = self._current_turn()
        if turn is None or turn.reply is None:
            self.notify("There is nothing to copy yet.", severity="warning")
            return
        from qa.render import as_data, as_markdown

        data = as_data(turn.reply, id_=str(turn.number + 1), elapsed_ms=turn.elapsed_ms)
        self._copy(as_markdown(data))

    def _copy(self, text: str) -> None:
        self.app.copy_to_clipboard(text)
        self.notify(displayable(text.splitlines()[0]), title="Copied", markup=False)

    def action_open_editor(self) -> None:
        """Open the source in the person's editor; in a browser, as a page of its own."""
        if self._citation is None:
            self.notify("There is no source to open yet.", severity="warning")
            return
        if (
            self.app.is_web
        ):  # an editor would open on the machine that serves, not before the person
            citation = self._citation
            document = self._documents[citation.file, citation.sha256]
            open_in_browser(self.app, document.text, citation.file)
            return
        try:
            self._open(self._citation)
        except UsageError as error:
            self.notify(displayable(str(error)), severity="error", markup=False)

    def _open(self, citation: Citation) -> None:
        from qa.corpus import resolved_inside
        from qa.formats.endings import is_text

        path = resolved_inside(self._settings.corpus, citation.file)
        if path is None or not path.exists():
            raise UsageError(f"{citation.file} is no longer there; bring the index up to date: f5")
        if is_text(citation.file):
            command = editor_command(self._environment, path, citation.line)
        else:  # a line of what was extracted means nothing to an editor
            command = opener_command(self._environment, path)
        code = self._run_editor(self.app, command)
        if code:
            raise UsageError(f"{command[0]} ended with exit code {code}.")
        self._check_file(citation)

    # The other screens

    def action_help(self) -> None:
        """Show all keys."""
        self.app.push_screen(HelpScreen())

    def action_why(self) -> None:
        """Show why the current turn has the reply it has."""
        turn = self._current_turn()
        if turn is None or turn.reply is None:
            self.notify("There is no answer to explain yet.", severity="warning")
        elif turn.inquiry is None:
            self.notify("Of a restored answer the ranking is not kept; ask the question again.")
        else:
            self.app.push_screen(WhyScreen(turn.inquiry))

    def action_sources(self) -> None:
        """List the documents, and restrict the questions to some of them."""
        if self._has_records():
            self.app.push_screen(SourcesScreen(self._records, self._restricted), self._take)

    def action_dates(self) -> None:
        """Restrict the questions to the documents of some time."""
        if self._has_records():
            self.app.push_screen(DatesScreen(self._records), self._take)

    def _has_records(self) -> bool:
        if not self._records:
            self.notify("The documents can be listed once the index is open.")
        return bool(self._records)

    def show_records(self, records: tuple[DocumentRecord, ...]) -> None:
        """Take note of what the index holds now; a restriction to what is gone is lifted."""
        self._records = records
        if self._restricted is not None:
            self._take(self._restricted.among(records))

    def move(self, settings: Settings) -> None:
        """Be about another corpus, of which no document is known yet."""
        self._settings = settings
        self._records = ()
        self.restrict(frozenset())

    def restrict(self, files: frozenset[str]) -> None:
        """Restrict further questions to these files; none or all of them is no restriction."""
        self._take(Restriction(files))

    def _take(self, chosen: Restriction | None) -> None:
        if chosen is None:  # the list was left as it was
            return
        # Of the index nothing is known while it is being opened.
        some = 0 < len(chosen.files) < (len(self._records) or inf)
        if chosen.period is not None and chosen.files and not some:
            self.notify(f"All documents are dated {chosen.period}; all of them are asked.")
        self._restricted = chosen if some else None
        restriction = self.query_one("#restriction", Static)
        restriction.update(Content(self._restriction()))
        restriction.display = some

    def _restriction(self) -> str:
        return restriction_text(self._restricted, len(self._records) or None)
