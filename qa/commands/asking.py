"""``qa``, ``qa ask`` and ``qa batch``: questions asked in the chat, one by one, or by the file."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import fields
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from qa.commands.comparing import show_drift
from qa.commands.conversing import conversation_to_resume
from qa.commands.opening import open_session, warn_of_changes
from qa.commands.outputs import output_file, say_what_is_kept
from qa.errors import ExitCode, UsageError
from qa.files import worth_keeping
from qa.settings import (
    EMBEDDED_MODEL,
    EMBEDDED_READER,
    SENTENCE_READER,
    UNTUNED_MODEL,
    Settings,
    flags_for,
    setting_sources,
)
from qa.terminal import progress_bar, say, width
from qa.text import counted

if TYPE_CHECKING:
    from qa.answer import Reply
    from qa.batch import Ask
    from qa.session import Session

__all__ = ["ask", "batch", "chat"]

#: More threads than this only wait for each other in the parts that Python runs one at a time.
MOST_AT_ONCE = 4


def chat(parsed: argparse.Namespace, settings: Settings) -> ExitCode:
    resumed = conversation_to_resume(parsed.conversation, settings)
    # Where Textual is told to draw by something else than a terminal (qa serve), it needs none.
    in_terminal = "TEXTUAL_DRIVER" not in os.environ
    if in_terminal and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("The chat needs a terminal; to ask from a script use: qa ask 'question'")
    from qa.tui.app import ChatApp

    flags = {field.name: getattr(parsed, field.name, None) for field in fields(Settings)}
    sources = setting_sources(flags, os.environ, Path.cwd())
    app = ChatApp(settings, resume=resumed, sources=sources)
    error = app.run()
    if error is not None:
        raise error
    if app.kept_as is not None:
        say(
            f"The conversation is kept; open it again with: qa {_resume(app.kept_as, app.settings, settings)}"
        )
    return ExitCode.OK


def _resume(id_: int, held_with: Settings, started_with: Settings) -> str:
    """The flags that open a conversation; with its folders, where another corpus was opened meanwhile."""
    flags = f"--resume {id_}"
    for name in ("corpus", "vectors"):
        value = getattr(held_with, name)
        if value != getattr(started_with, name):
            flags += "".join(
                f" {flag} {shlex.quote(text)}" for flag, text in flags_for(name, value)
            )
    return flags


def ask(parsed: argparse.Namespace, settings: Settings) -> ExitCode:
    from qa.answer import Answer
    from qa.render import as_data, as_json, as_text
    from qa.session import require_question

    question = require_question(" ".join(parsed.question), settings.max_question_characters)
    with open_session(settings) as session:
        started = time.perf_counter()
        reply = session.ask(question)
        elapsed = round((time.perf_counter() - started) * 1000)
        warn_of_changes(session, settings)
    if parsed.json:
        print(as_json(as_data(reply, id_="1", elapsed_ms=elapsed), indent=2))
    else:
        colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        print(as_text(reply, width=width(), colour=colour))
    return ExitCode.OK if isinstance(reply, Answer) else ExitCode.NO_ANSWER


def batch(parsed: argparse.Namespace, settings: Settings) -> ExitCode:
    from qa.batch import FORMATS, answer_all
    from qa.questions import Malformed, read_questions

    items = read_questions(parsed.questions)
    if parsed.out is not None:
        output_file(parsed.out, parsed.questions, "questions", is_appended=True)
    format_ = parsed.format or ("jsonl" if parsed.out is None else parsed.out.suffix[1:].lower())
    if format_ not in FORMATS:
        raise UsageError(
            f"{parsed.out} does not end in .{', .'.join(FORMATS)}; say which it shall be with --format."
        )
    if parsed.against is not None:
        _require_comparable(parsed.against, parsed.out, format_)
    earlier = parsed.out is not None and not parsed.resume and worth_keeping(parsed.out)

    def on_malformed(item: Malformed) -> None:
        say(f"{parsed.questions}:{item.line}: skipped: {item.reason}")

    at_once = _at_once(settings)
    # While one more question has its words looked up or its reply made, the models are busy with the others.
    threads = at_once + 1 if at_once > 1 else 1
    with (
        open_session(settings, at_once=at_once) as session,
        _asking_in_turn(session, threads) as ask_any,
        progress_bar() as report,
    ):
        warn_of_changes(session, settings)
        try:
            done = answer_all(
                items,
                ask_any,
                out=parsed.out,
                stream=sys.stdout,
                format_=format_,
                resume=parsed.resume,
                on_malformed=on_malformed,
                on_done=lambda count: report("answering", count, len(items)),
                at_once=threads,
            )
        except KeyboardInterrupt:
            if parsed.out is not None:
                say(f"The answers so far are in {parsed.out}; go on with --resume.")
            raise
    if earlier:
        say_what_is_kept(parsed.out)
    kept = f", {done.already_done} were done before" if done.already_done else ""
    bad = f", {counted(done.malformed, 'malformed line')} skipped" if done.malformed else ""
    say(f"{done.answered} answered, {done.abstained} without an answer{kept}{bad}")
    same = True
    if parsed.against is not None:
        from qa.receipts.drift import CONFIDENCE_MARGIN

        same = show_drift(parsed.against, parsed.out, margin=CONFIDENCE_MARGIN)
    return ExitCode.OK if same and not done.malformed else ExitCode.FAILURE


def _at_once(settings: Settings) -> int:
    """How many questions of a batch the models take at the same time; other models than ours only one."""
    from qa.models.bert import cores

    ours = settings.model in (EMBEDDED_MODEL, UNTUNED_MODEL) and settings.reader in (
        EMBEDDED_READER,
        SENTENCE_READER,
    )
    return min(cores(), MOST_AT_ONCE) if ours else 1


@contextmanager
def _asking_in_turn(session: Session, threads: int) -> Iterator[Ask]:
    """Asks whichever of so many sessions is free; from any thread."""
    free: SimpleQueue[Session] = SimpleQueue()
    with ExitStack() as opened:
        free.put(session)
        for _ in range(threads - 1):
            free.put(opened.enter_context(session.beside()))

        def ask(question: str, earlier: Sequence[Reply]) -> Reply:
            session = free.get()
            try:
                return session.ask(question, earlier)
            finally:
                free.put(session)

        yield ask


def _require_comparable(old: Path, out: Path | None, format_: str) -> None:
    """Raise unless the answers will be a file that can be held against ``old``."""
    from qa.receipts.records import read_answers

    if out is None or format_ != "jsonl":
        raise UsageError("--against compares files; write the new answers with -o NEW.jsonl.")
    if old.resolve() == out.resolve():
        raise UsageError(f"--against names the file that -o writes, {out}; name another with -o.")
    next(iter(read_answers(old)), None)  # that it cannot be read is said before any question
