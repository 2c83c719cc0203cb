"""What a person does with conversations in the chat: begin, reopen, delete and export them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from textual.app import App

from qa.conversations import Conversation, ConversationRecord, delete, load, records
from qa.errors import QAError
from qa.roots import identity_of
from qa.settings import Settings
from qa.text import displayable
from qa.tui.chat_screen import ChatScreen
from qa.tui.confirm_screen import ConfirmScreen
from qa.tui.conversations_screen import ConversationsScreen
from qa.tui.ongoing import Ongoing

if TYPE_CHECKING:
    from qa.answer import Reply
    from qa.errors import StoreError

__all__ = ["Conversing"]

Result = TypeVar("Result")


class Conversing:
    """Holds the conversation that questions belong to; files are read and written in threads."""

    def __init__(self, app: App[QAError], chat: ChatScreen, settings: Settings) -> None:
        self._app = app
        self._chat = chat
        self._settings = settings
        self.ongoing = Ongoing(settings)

    async def move(self, settings: Settings) -> None:
        """Begin a conversation about another corpus, kept beside that one's index."""
        self._settings = settings
        await self.begin()

    async def choose(self) -> None:
        """List the kept conversations, and open the one that is chosen."""
        listed = await self._tried(lambda: records(self._settings.vectors))
        if listed is None:
            return
        if not listed:
            self._app.notify("No conversation is kept yet; ask a question first.")
            return
        corpus = identity_of(self._settings.corpus)
        screen = ConversationsScreen(listed, corpus, self.ongoing.id, self.delete)
        chosen = await self._app.push_screen_wait(screen)
        if chosen is not None:
            await self.open(chosen)

    async def open(self, id_: int) -> None:
        """Show a kept conversation, and go on with it."""
        if id_ == self.ongoing.id:
            self._app.notify("This conversation is open already.")
            return
        restored = await self._tried(lambda: _restored(self._settings.vectors, id_))
        if restored is None:
            return
        conversation, replies = restored
        self.ongoing = Ongoing(self._settings, conversation, replies)
        await self._chat.restore(list(zip(conversation.turns, replies, strict=True)))
        self.show_number()

    async def begin(self) -> None:
        """Leave the conversation as it is and begin another."""
        self.ongoing = Ongoing(self._settings)
        await self._chat.restore([])
        self.show_number()

    async def delete_this(self) -> None:
        """Delete the conversation on the screen, once that is confirmed."""
        conversation = self.ongoing.as_conversation()
        if conversation is None:
            self._app.notify("There is nothing to delete yet.")
        else:
            await self.delete(conversation.record)

    async def delete(self, record: ConversationRecord) -> bool:
        """Delete a conversation, once that is confirmed; false if it is there still."""
        asked = f"Delete “{record.name}” for good?"
        if not await self._app.push_screen_wait(ConfirmScreen(asked, "delete it", "keep it")):
            return False
        ongoing, this = self.ongoing, record.id == self.ongoing.id
        name = await self._tried(
            lambda: ongoing.delete() if this else _delete(self._settings.vectors, record.id)
        )
        if name is None:
            return False
        self._app.notify(displayable(name), title="Deleted for good", markup=False)
        if this:
            await self.begin()
        return True

    async def export(self, format_: str) -> None:
        """Write the conversation on the screen to a new file in the folder the chat was started in."""
        conversation = self.ongoing.as_conversation()
        if conversation is None:
            self._app.notify("There is nothing to export yet.")
            return
        path = await self._tried(lambda: _export(conversation, format_, Path.cwd()))
        if path is not None:
            self._app.notify(displayable(str(path)), title="Exported", markup=False)

    def show_number(self) -> None:
        """Show the number under which the conversation is kept."""
        self._chat.show_number(self.ongoing.id)

    def say_not_kept(self, error: StoreError) -> None:
        """Say that the conversation is not kept, and why."""
        self._app.notify(
            displayable(str(error)),
            title="This conversation is not kept",
            severity="warning",
            timeout=15,
            markup=False,
        )

    async def _tried(self, work: Callable[[], Result]) -> Result | None:
        """What ``work`` returns, done in a thread; ``None`` after an error, which is said."""
        try:
            return await asyncio.to_thread(work)
        except QAError as error:
            self._app.notify(displayable(str(error)), severity="error", markup=False)
            return None


def _restored(folder: Path, id_: int) -> tuple[Conversation, list[Reply]]:
    from qa.restoring import reply_of

    conversation = load(folder, id_)
    return conversation, [
        replace(reply_of(turn.reply), question=turn.question, understood_as=turn.understood_as)
        for turn in conversation.turns
    ]


def _delete(folder: Path, id_: int | None) -> str:
    assert id_ is not None  # what is listed is kept
    return delete(folder, id_)


def _export(conversation: Conversation, format_: str, folder: Path) -> Path:
    from qa.exporting import free_path, write_export

    path = free_path(conversation, format_, folder)
    write_export(conversation, format_, path)
    return path
