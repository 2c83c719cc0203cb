"""What a process of the program does on the disk besides its commands: a chat's turns, a review's decisions.

Each says on stdout what is done once it is on the disk, so that whoever kills it knows what must be there.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

__all__ = ["ACTIVITIES"]


def run_program(arguments: list[str]) -> int:
    """``qa`` with these arguments."""
    from qa.cli import main

    try:
        return main(arguments)
    except SystemExit as stop:
        return int(stop.code or 0)


def keep_turns(arguments: list[str]) -> int:
    """Keep so many turns in the conversations of a folder, one after the other, as the chat does."""
    from qa.conversations import keep
    from tests.fakes_conversations import kept

    folder, first, last = Path(arguments[0]), int(arguments[1]), int(arguments[2])
    conversation: int | None = int(arguments[3]) if arguments[3:] else None
    for number in range(first, last + 1):
        turn = kept(f"Question {number}?", minutes=number)
        conversation = keep(folder, conversation, "/corpus", [turn])
        _done(f"{conversation} {number}")
    return 0


def decide(arguments: list[str]) -> int:
    """Judge the answers of a file one after the other, as ``qa review`` does."""
    from qa.reviewing import Decisions, accepted, left_out, review_queue

    queue, _ = review_queue(Path(arguments[0]))
    decisions = Decisions.load(Path(arguments[1]), queue)
    for number, item in enumerate(queue):
        if decisions.of(item) is None:
            decisions.decide(item, left_out(item) if number % 3 else accepted(item))
            _done(item.id)
    return 0


def ask_on(arguments: list[str]) -> int:
    """Ask one question again and again, of one session or of a new one each time, until a file is there."""
    from qa.answer import Answer
    from qa.session import Session
    from qa.settings import load_settings

    question, anew, stop = arguments[0], arguments[1] == "anew", Path(arguments[2])
    settings = load_settings({"citations": 9, "threshold": 0.0}, os.environ, Path.cwd())
    session = Session.open(settings)
    asked = False
    while not (asked and stop.exists()):
        reply = session.ask(question)
        assert isinstance(reply, Answer)
        _done(json.dumps([[c.file, c.sha256] for c in reply.citations]))
        asked = True
        if anew:
            session.close()
            session = Session.open(settings)
    session.close()
    return 0


def replace(arguments: list[str]) -> int:
    """Write one file anew."""
    from qa.files import replace_file

    replace_file(Path(arguments[0]), b"new")
    return 0


def write_carelessly(_: list[str]) -> int:
    """What nothing of the program does: two files that belong together, one after the other."""
    for name in ("a", "b"):
        Path(name).write_text("new")
    return 0


def _done(what: str) -> None:
    os.write(1, f"{what}\n".encode())


ACTIVITIES: dict[str, Callable[[list[str]], int]] = {
    "qa": run_program,
    "keep": keep_turns,
    "decide": decide,
    "ask on": ask_on,
    "replace": replace,
    "careless": write_carelessly,
}
