"""``qa``, ``qa ask`` and ``qa batch``: questions asked in the chat, one by one, or by the file."""

from __future__ import annotations

import argparse
import os
import sys
import time

from qa.commands.opening import open_session, warn_of_changes
from qa.errors import ExitCode, UsageError
from qa.settings import Settings
from qa.terminal import counted, progress_bar, say, width

__all__ = ["ask", "batch", "chat"]


def chat(_: argparse.Namespace, settings: Settings) -> ExitCode:
    # Where Textual is told to draw by something else than a terminal (qa serve), it needs none.
    in_terminal = "TEXTUAL_DRIVER" not in os.environ
    if in_terminal and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("The chat needs a terminal; to ask from a script use: qa ask 'question'")
    from qa.tui.app import ChatApp

    error = ChatApp(settings).run()
    if error is not None:
        raise error
    return ExitCode.OK


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
    from qa.batch import FORMATS, Malformed, answer_all, read_questions

    items = read_questions(parsed.questions)
    if parsed.out is not None and parsed.out.resolve() == parsed.questions.resolve():
        raise UsageError(f"-o names the questions file {parsed.out} itself; name another file.")
    format_ = parsed.format or ("jsonl" if parsed.out is None else parsed.out.suffix[1:].lower())
    if format_ not in FORMATS:
        raise UsageError(
            f"{parsed.out} does not end in .{', .'.join(FORMATS)}; say which it shall be with --format."
        )
    earlier = parsed.out is not None and parsed.out.exists() and not parsed.resume

    def on_malformed(item: Malformed) -> None:
        say(f"{parsed.questions}:{item.line}: skipped: {item.reason}")

    with open_session(settings) as session, progress_bar() as report:
        warn_of_changes(session, settings)
        try:
            done = answer_all(
                items,
                session.ask,
                out=parsed.out,
                stream=sys.stdout,
                format_=format_,
                resume=parsed.resume,
                on_malformed=on_malformed,
                on_done=lambda count: report("answering", count, len(items)),
            )
        except KeyboardInterrupt:
            if parsed.out is not None:
                say(f"The answers so far are in {parsed.out}; go on with --resume.")
            raise
    if earlier:
        say(f"The earlier {parsed.out} is kept as {parsed.out}.bak.")
    kept = f", {done.already_done} were done before" if done.already_done else ""
    bad = f", {counted(done.malformed, 'malformed line')} skipped" if done.malformed else ""
    say(f"{done.answered} answered, {done.abstained} without an answer{kept}{bad}")
    return ExitCode.FAILURE if done.malformed else ExitCode.OK
