"""The application: between the chat screen and the two threads that answer and index."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import replace
from functools import partial
from queue import Queue
from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen
from textual.worker import Worker, get_current_worker

from qa.errors import QAError
from qa.roots import corpus_words
from qa.settings import Settings
from qa.text import displayable
from qa.tui.chat_screen import ChatScreen
from qa.tui.conversing import Conversing
from qa.tui.editor import EditorRunner, run_suspended
from qa.tui.messages import (
    CorpusNotOpened,
    CorpusOpened,
    Failed,
    Indexed,
    IndexingStopped,
    IndexMissing,
    Progressed,
    QuestionAsked,
    Replied,
    SessionReady,
    while_running,
)
from qa.tui.palette import chat_commands, export_commands
from qa.tui.settings_screen import ADJUSTABLE, SettingsScreen
from qa.tui.status import StatusBar
from qa.tui.worker import Adjusted, Asked, Job, Recount, open_other, serve, update

if TYPE_CHECKING:
    from qa.models.encoder import EncoderLoader
    from qa.session import Session

__all__ = ["ChatApp"]


class ChatApp(App[QAError]):
    """The application; it returns the error if the session could not be opened."""

    TITLE = "qa"
    CSS_PATH = "app.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+q", "quit", "quit", priority=True)]

    def __init__(
        self,
        settings: Settings,
        *,
        load: EncoderLoader | None = None,
        environment: Mapping[str, str] = os.environ,
        run_editor: EditorRunner = run_suspended,
        resume: int | None = None,
        sources: Mapping[str, str] | None = None,
    ) -> None:
        """``sources`` tells where each setting comes from, as :func:`qa.settings.setting_sources` does."""
        super().__init__()
        self._settings = settings
        self._sources = dict(sources if sources is not None else {})
        self._load = load
        self._jobs: Queue[Job] = Queue()
        self._failure: QAError | None = None
        self._session_open = False
        self._ready_text = ""
        self._indexing: Worker[None] | None = None
        self._cancelled = False
        self._resume = resume
        self._talk: Worker[None] | None = None
        self.chat = ChatScreen(settings, environment, run_editor)
        self._conversing = Conversing(self, self.chat, settings)

    def get_default_screen(self) -> Screen[None]:
        return self.chat

    def on_mount(self) -> None:
        # First the screen, then what is slow to import and to load.
        self.call_after_refresh(self._open_session)

    def on_ready(self) -> None:
        if self._resume is not None:
            self._converse(partial(self._conversing.open, self._resume))

    def _open_session(self) -> None:
        self._session_open = True
        self._failure = None
        self._serve()

    @work(thread=True, name="session")
    def _serve(self, session: Session | None = None) -> None:
        jobs = self._jobs

        def post(message: Message) -> None:
            if self._jobs is jobs:  # else the chat is about another corpus by now
                self.post_message(message)

        serve(self._settings, jobs, post, self._load, session)

    def on_unmount(self) -> None:
        self._jobs.put(None)

    # Questions

    async def on_question_asked(self, message: QuestionAsked) -> None:
        if self._failure is not None:
            await self.chat.show_error(message.turn, self._failure)
        else:
            conversation = self._conversing.ongoing
            self._jobs.put(
                Asked(message.turn, message.question, conversation, message.files, message.as_typed)
            )

    @while_running
    async def on_replied(self, message: Replied) -> None:
        self._conversing.show_number()
        if message.not_kept is not None:
            self._conversing.say_not_kept(message.not_kept)
        await self.chat.show_reply(message.turn, message.inquiry, message.elapsed_ms)

    @while_running
    async def on_failed(self, message: Failed) -> None:
        if message.turn is not None:
            await self.chat.show_error(message.turn, message.error)
        else:
            await self._end_session(message.error)

    async def _end_session(self, error: QAError) -> None:
        """No question can be answered any more: say so, and to those that wait."""
        self._failure = error
        self._session_open = False
        self._status.say(f"{error} (ctrl+q quits)", failed=True)
        while not self._jobs.empty():
            job = self._jobs.get_nowait()
            if isinstance(job, Asked):
                await self.chat.show_error(job.turn, error)

    @while_running
    def on_session_ready(self, message: SessionReady) -> None:
        self.chat.show_records(message.records)
        passages = sum(record.passages for record in message.records)
        self._ready_text = (
            f"Ready · {len(message.records)} documents, {passages} passages from "
            f"{corpus_words(self._settings.corpus)}{_changes(message.changed)}"
        )
        if self._indexing is None:
            self._status.say(self._ready_text)
        if message.stale_calibration:
            self.notify(
                "The calibration with this index was made for another reader or model and is not "
                "used; make it anew with: qa calibrate LABELLED",
                severity="warning",
            )

    # Conversations

    @property
    def settings(self) -> Settings:
        """Those in force; corpus and index are the ones opened last."""
        return self._settings

    @property
    def kept_as(self) -> int | None:
        """The number under which the conversation is kept, if all of it is."""
        ongoing = self._conversing.ongoing
        return ongoing.id if ongoing.all_kept else None

    def action_conversations(self) -> None:
        """List the conversations that are kept, and open one."""
        self._converse(self._conversing.choose)

    def _converse(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """One thing at a time: a second key, pressed before the first has led anywhere, is nothing."""
        if self._talk is None or self._talk.is_finished:
            self._talk = self.run_worker(work(), group="conversations")

    # The index

    @while_running
    def on_index_missing(self, _: IndexMissing) -> None:
        self._session_open = False
        self.action_update_index()

    def action_update_index(self, rebuild: bool = False) -> None:
        """Bring the index up to date in the background."""
        if self._indexing is not None:
            doing = (
                "still being cancelled" if self._cancelled else "being brought up to date already"
            )
            self.notify(f"The index is {doing}.")
            return
        self._cancelled = False
        self._indexing = self._update(rebuild)
        self.chat.refresh_bindings()

    @work(thread=True, name="indexing")
    def _update(self, rebuild: bool) -> None:
        cancelled = partial(self._is_cancelled, get_current_worker())
        update(self._settings, self.post_message, self._load, cancelled, rebuild=rebuild)

    def _is_cancelled(self, worker: Worker[object]) -> bool:
        return self._cancelled or worker.is_cancelled

    def action_cancel_indexing(self) -> None:
        """Stop indexing; the index and the waiting questions stay as they are."""
        self._cancelled = True
        self._status.progress("Cancelling…")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key to cancel is there while there is something to cancel."""
        if action == "cancel_indexing":
            return self._indexing is not None
        return super().check_action(action, parameters)

    @while_running
    def on_progressed(self, message: Progressed) -> None:
        if self._cancelled:
            return
        if self._indexing is None:
            self._status.progress(
                f"{message.stage.capitalize()}… you can type your question already."
            )
        elif message.total or not self._session_open:
            text = f"{'Updating' if self._session_open else 'Building'} the index: {message.stage}"
            self._status.count(text, message.done, message.total, "… (f6 cancels)")

    @while_running
    def on_indexed(self, message: Indexed) -> None:
        self._end_indexing()
        report = message.report
        self.notify(report.changes or "Nothing had changed.", title="The index is up to date")
        for skipped in report.skipped[:3]:
            self.notify(
                displayable(f"{skipped.file}: {skipped.reason}"),
                title="Skipped",
                severity="warning",
                markup=False,
            )
        if self._session_open:
            self._jobs.put(Recount())
            self._status.say(self._ready_text)
        else:
            self._open_session()

    @while_running
    async def on_indexing_stopped(self, message: IndexingStopped) -> None:
        self._end_indexing()
        if message.error is not None and not self._session_open:
            await self._end_session(message.error)
        elif not self._session_open:
            self._status.say("There is no index yet; f5 builds it. Your questions wait.")
        else:
            self._status.say(self._ready_text)
            said = str(message.error) if message.error is not None else "The index is as it was."
            self.notify(displayable(said), title="Not indexed", severity="warning", markup=False)

    def _end_indexing(self) -> None:
        self._indexing = None
        self._cancelled = False
        self.chat.refresh_bindings()

    # The settings

    def action_settings(self) -> None:
        """Show all settings; two of them can be changed for this chat."""
        self.push_screen(SettingsScreen(self._settings, self._sources), self._adjust)

    def _adjust(self, changed: Settings | None) -> None:
        if changed is None or changed == self._settings:
            return
        for name in ADJUSTABLE:
            if getattr(changed, name) != getattr(self._settings, name):
                self._sources[name] = "this chat"
        self._settings = changed
        self._jobs.put(Adjusted(changed.threshold, changed.citations))
        self.notify("It holds from the next question on, until you leave.", title="Changed")

    # Another corpus

    def action_open_corpus(self) -> None:
        """Ask for another folder of documents, and go on with that one."""
        from qa.neighbours import neighbours
        from qa.tui.corpus_screen import CorpusScreen

        if self._indexing is None:
            screen = CorpusScreen(self._settings, neighbours(self._settings.vectors))
            self.push_screen(screen, self._open_corpus)
        else:
            self.notify("The index is being brought up to date; f6 cancels that.")

    def _open_corpus(self, settings: Settings | None) -> None:
        if settings is None or self._indexing is not None:
            return
        self._cancelled = False
        self._indexing = self._open_other(settings)
        self._status.progress(f"Opening {corpus_words(settings.corpus)}… (f6 cancels)")
        self.chat.refresh_bindings()

    @work(thread=True, name="another corpus")
    def _open_other(self, settings: Settings) -> None:
        cancelled = partial(self._is_cancelled, get_current_worker())
        open_other(settings, self.post_message, self._load, cancelled)

    @while_running
    async def on_corpus_opened(self, message: CorpusOpened) -> None:
        self._end_indexing()
        self._jobs.put(None)  # what was asked before is still answered, and kept
        self._jobs = Queue()
        self._settings = replace(
            self._settings, corpus=message.settings.corpus, vectors=message.settings.vectors
        )
        # They may have been changed while that corpus was being opened.
        self._jobs.put(Adjusted(self._settings.threshold, self._settings.citations))
        self._sources.update(corpus="this chat", vectors="this chat")
        self._session_open, self._failure = True, None
        self.chat.move(self._settings)
        await self._conversing.move(self._settings)
        self._serve(message.session)

    @while_running
    def on_corpus_not_opened(self, message: CorpusNotOpened) -> None:
        self._end_indexing()
        said = str(message.error or "You cancelled it.")
        self.notify(
            displayable(said), title="Not opened", severity="error", timeout=15, markup=False
        )
        if self._failure is not None:
            self._status.say(f"{self._failure} (ctrl+q quits)", failed=True)
        else:
            self._status.say(self._ready_text or "There is no index yet; f5 builds it.")

    # The command palette

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        if screen is self.chat:
            yield from chat_commands(self.chat)
            yield from self._index_commands()
            yield from self._conversation_commands()
            if not self.is_web:  # who may read these documents may not read every folder there
                yield SystemCommand(
                    "Open another folder",
                    "Other documents, and a new conversation",
                    self.action_open_corpus,
                )
            yield SystemCommand(
                "Settings",
                "All that are in force; threshold and citations can be changed",
                self.action_settings,
            )
        yield SystemCommand("Theme", "Choose other colours", self.action_change_theme)
        yield SystemCommand("Quit", "Leave the chat", self.action_quit)

    def _index_commands(self) -> Iterable[SystemCommand]:
        yield SystemCommand(
            "Re-index", "Bring the index up to date with the folder", self.action_update_index
        )
        yield SystemCommand(
            "Re-index from scratch",
            "Forget the index and build it anew",
            lambda: self.action_update_index(rebuild=True),
        )
        if self._indexing is not None:
            yield SystemCommand(
                "Cancel indexing", "The index stays as it was", self.action_cancel_indexing
            )

    def _conversation_commands(self) -> Iterable[SystemCommand]:
        talk = self._conversing
        yield SystemCommand(
            "Open a conversation", "List those that are kept", self.action_conversations
        )
        yield SystemCommand(
            "New conversation",
            "Leave this one as it is and begin another",
            lambda: self._converse(talk.begin),
        )
        yield SystemCommand(
            "Delete this conversation",
            "For good, once you have confirmed it",
            lambda: self._converse(talk.delete_this),
        )
        yield from export_commands(self._export)

    def _export(self, format_: str) -> None:
        self._converse(partial(self._conversing.export, format_))

    async def action_quit(self) -> None:
        """Leave; with the error, if there was one, so that the shell learns of it."""
        self.exit(self._failure)

    @property
    def _status(self) -> StatusBar:
        return self.chat.query_one(StatusBar)


def _changes(count: int) -> str:
    if not count:
        return ""
    files = "file is" if count == 1 else "files are"
    return f" · {count} {files} not as indexed: f5 re-indexes"
