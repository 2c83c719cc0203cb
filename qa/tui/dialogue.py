"""The dialogue: each question with its reply under it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from qa.tui.restriction import Restriction, restriction_text
from qa.tui.turn import Turn
from qa.tui.turn_view import TurnView

if TYPE_CHECKING:
    from qa.answer import Reply
    from qa.conversations import KeptTurn

__all__ = ["Dialogue"]

WELCOME = (
    "Ask a question about the documents. The answer is always a quote: its words stand in a "
    "document, and the source opens beside it.\n\n"
    "You can type while the models load; the question is answered as soon as they are there.\n\n"
    "Conversations are kept: f4 opens an earlier one. f1 shows all keys."
)
#: A turn has widgets from so many screens out of view on, and loses them at twice as many.
NEAR = 1
#: Rows between two turns.
GAP = 1


class Dialogue(VerticalScroll, can_focus=True):
    """All turns, the newest at the bottom.

    Each change lays out all widgets there are, so only the turns in view and near it have any; an empty
    widget above these and one below are as high as the turns that they stand for.
    """

    def __init__(self) -> None:
        super().__init__()
        self._next = 0
        self._turns: list[Turn] = []
        self._above = Static(id="above")
        self._below = Static(id="below")
        self._follow_is_due = False
        self._following = asyncio.Lock()
        self._goal: Turn | None = None
        self._left_at = 0

    def compose(self) -> ComposeResult:
        yield self._above
        yield Static(Content(WELCOME), id="welcome")
        yield self._below

    async def add_turn(
        self, question: str, restriction: str = "", files: frozenset[str] | None = None
    ) -> Turn:
        """Append a question that has no reply yet, with the documents that it is asked of."""
        await self.query_children("#welcome").remove()
        turn = Turn(self.next_number, question, restriction, files=files)
        self._next += 1
        self._turns.append(turn)
        await self._follow()
        self.show_turn(turn)
        return turn

    async def restore(self, turns: Sequence[tuple[KeptTurn, Reply]]) -> Turn | None:
        """Show these turns in place of those that are there, and return the last of them."""
        async with self._following, self.batch():
            await self.query_children("TurnView, #welcome").remove()
            self._turns = [
                _restored(number, kept, reply)
                for number, (kept, reply) in enumerate(turns, self._next)
            ]
            self._next += len(turns)
            if not turns:
                await self.mount(Static(Content(WELCOME), id="welcome"), after=self._above)
            await self._give_widgets(range(max(len(turns) - 1, 0), len(turns)))
        return self._turns[-1] if turns else None

    def turn(self, number: int) -> Turn | None:
        """The turn of that number, if it is of this conversation; a number is never given to another."""
        return next((turn for turn in self._turns if turn.number == number), None)

    @property
    def next_number(self) -> int:
        """The number of the next turn."""
        return self._next

    def show_turn(self, turn: Turn) -> None:
        """Bring a turn into view once it has been laid out, from its question on if it is a long one."""
        self._goal, self._left_at = turn, self._row
        self._follow_soon()

    # Widgets for what is in view

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._follow_soon()

    def on_resize(self) -> None:
        self._follow_soon()

    def _follow_soon(self) -> None:
        if not self._follow_is_due:
            self._follow_is_due = True
            self.call_after_refresh(self._follow)

    async def _follow(self) -> None:
        """Give widgets to the turns that have come near, and take them from those that are far away."""
        self._follow_is_due = False
        async with self._following:
            if not self._turns or not self.is_running:
                return
            # On a narrow terminal the source may stand in the place of the dialogue, which has no size then.
            screen = self.size.height or self.app.size.height
            tops = self._tops()
            if self._person_has_scrolled():
                self._goal = None
            goal = self._turns.index(self._goal) if self._goal in self._turns else None
            top = tops[goal] if goal is not None else self._row
            top = max(min(top, tops[-1] - GAP - screen), 0)
            near = _between(tops, top - NEAR * screen, top + (1 + NEAR) * screen)
            far = _between(tops, top - 2 * NEAR * screen, top + (1 + 2 * NEAR) * screen)
            there = [at for at, turn in enumerate(self._turns) if turn.view is not None]
            kept = [at for at in there if at in far]
            wanted = range(min([*kept, near.start]), max([*(at + 1 for at in kept), near.stop]))
            if there != list(wanted):
                async with self.batch():
                    await self._give_widgets(wanted)
            elif goal is None:
                return
            first = next(at for at in near if tops[at + 1] > top)
            held = goal if goal is not None else first
            self._left_at = self._row
            self.call_after_refresh(self._hold, self._turns[held], tops[held])

    @property
    def _row(self) -> int:
        """The first row in view, or the one that will be once the scroll that goes on has come to rest."""
        # The goal of a scroll that is over stays where it was when the turns become shorter.
        scrolling = self.app.animator.is_being_animated(self, "scroll_y")
        row = self.scroll_target_y if scrolling else self.scroll_y
        return round(min(row, self.max_scroll_y))

    def _person_has_scrolled(self) -> bool:
        return self._row != min(self._left_at, self.max_scroll_y)

    async def _give_widgets(self, wanted: range) -> None:
        """Exactly these turns, a run of them, have widgets from now on."""
        for at, turn in enumerate(self._turns):
            if turn.view is not None and at not in wanted:
                await turn.view.remove()
                turn.view = None
        there = [at for at in wanted if self._turns[at].view is not None]
        before = range(wanted.start, there[0] if there else wanted.stop)
        after = range(there[-1] + 1 if there else wanted.stop, wanted.stop)
        await self.mount_all(map(self._new_view, before), after=self._above)
        await self.mount_all(map(self._new_view, after), before=self._below)
        for space, turns in (
            (self._above, self._turns[: wanted.start]),
            (self._below, self._turns[wanted.stop :]),
        ):
            space.styles.height = sum(turn.height + GAP for turn in turns)

    def _new_view(self, at: int) -> TurnView:
        turn = self._turns[at]
        turn.view = TurnView(turn)
        return turn.view

    def _hold(self, turn: Turn, was: int) -> None:
        """Bring the goal into view, or keep ``turn`` in place where what is above it is higher now."""
        if turn not in self._turns:
            return
        if self._person_has_scrolled():
            self._goal, self._left_at = None, self._row
        top = self._tops()[self._turns.index(turn)]
        if self._goal is turn:
            self._goal = None if top == was else turn
            self._scroll_row(top)
        elif top != was:
            self._scroll_row(self._left_at + top - was)

    def _scroll_row(self, row: int) -> None:
        # By force: the scroll bar may not be there yet.
        self.scroll_to(y=row, animate=False, force=True, immediate=True)
        self._left_at = self._row
        self._follow_soon()

    def _tops(self) -> list[int]:
        """The row at which each turn begins, counted from the first one's, and the one after them all."""
        # From the arrangement, which is at hand: to ask a widget out of view has all of them laid out.
        size = self.scrollable_content_region.size
        for placement in self.arrange(size).placements if size else ():
            if isinstance(placement.widget, TurnView):
                placement.widget.turn.height = placement.region.height
        tops = [0]
        for turn in self._turns:
            tops.append(tops[-1] + turn.height + GAP)
        return tops


def _between(tops: Sequence[int], first: int, last: int) -> range:
    """The turns that stand, if only in part, between these rows."""
    inside = [at for at, (top, end) in enumerate(pairwise(tops)) if top < last and end > first]
    return range(inside[0], inside[-1] + 1) if inside else range(0)


def _restored(number: int, kept: KeptTurn, reply: Reply) -> Turn:
    files = frozenset(kept.files) if kept.files is not None else None
    restriction = restriction_text(Restriction(files) if files is not None else None)
    return Turn(number, kept.question, restriction, reply, int(kept.reply["elapsed_ms"]), files)
