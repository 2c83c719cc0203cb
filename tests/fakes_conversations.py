"""Conversations to keep and to export, with replies that were really made."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from qa.answer import NoAnswer, Reply
from qa.conversations import Conversation, ConversationRecord, KeptTurn
from qa.render import as_data
from tests.fakes_reader import answer_from

__all__ = ["ABSTAINED", "EVIL", "MILL", "NOON", "hostile_conversation", "kept"]

NOON = datetime(2026, 3, 6, 12, 0, tzinfo=UTC)
EVIL = (
    "\x1b[31mred\x1b]8;;http://x\x07 <script>alert(1)</script> & \u202eback\u2066 [bold]x[/] "
    "$name \"q\" 'q'"
)
MILL = answer_from("An old mill. It burned down in 1812, they say. The end.", "1812")
ABSTAINED = NoAnswer("When was it?", "Nothing says so.", 0.2, MILL.citations[0])


def kept(
    question: str = "When was it?",
    reply: Reply = MILL,
    *,
    minutes: int = 0,
    understood_as: str | None = None,
    files: tuple[str, ...] | None = None,
    number: int = 1,
) -> KeptTurn:
    """A turn that was asked so many ``minutes`` after noon."""
    data = as_data(reply, id_=str(number), elapsed_ms=12)
    return KeptTurn(question, understood_as, files, data, NOON + timedelta(minutes=minutes))


def hostile_conversation() -> Conversation:
    """An ordinary turn, and two whose question, text, title and file names all try something."""
    evil = answer_from(f"It was {EVIL} in 1812.", f"{EVIL} in 1812", title=EVIL, file=f"{EVIL}.txt")
    second = replace(MILL.citations[0], n=2, date=None)
    other = replace(answer_from("It was 1813.", "1813").citations[0], n=3, agrees=False)
    ordinary = replace(MILL, citations=(*MILL.citations, second, other))
    record = ConversationRecord(
        id=3,
        name=f"When was it? {EVIL}",
        corpus="/home/me/`reports`",
        created=NOON,
        last_asked=NOON + timedelta(minutes=2),
        questions=3,
    )
    return Conversation(
        record,
        (
            kept("When was it?", ordinary),
            kept(
                f"- {EVIL}",
                replace(evil, question=EVIL),
                minutes=1,
                understood_as=f"When was {EVIL}?",
                files=("a.txt", f"{EVIL}.txt"),
                number=2,
            ),
            kept("And *why*?", ABSTAINED, minutes=2, number=3),
        ),
    )
