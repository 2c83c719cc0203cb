"""The ``qa`` command: arguments, progress on stderr, and exit codes.

Each command imports what it needs when it runs, so that ``qa --help`` costs nothing.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qa.arguments import make_parser
from qa.errors import ExitCode, QAError, UsageError
from qa.settings import Settings, index_command, load_settings
from qa.terminal import counted, human_size, progress_bar, say, width
from qa.text import displayable

if TYPE_CHECKING:
    from qa.indexing import IndexReport
    from qa.models.encoder import Encoder
    from qa.session import Session

__all__ = ["main"]

_SETTING_FLAGS = ("corpus", "vectors", "model", "reader", "citations", "threshold")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; never a traceback for what a person did."""
    parsed = make_parser().parse_args(arguments)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _terminate)  # a polite kill is an interruption like Ctrl-C
    # Models come with the install; nothing here may look for them on a hub by itself.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        flags = {name: getattr(parsed, name, None) for name in _SETTING_FLAGS}
        settings = load_settings(flags, os.environ, Path.cwd())
        code = _COMMANDS[parsed.command](parsed, settings)
        sys.stdout.flush()
        return int(code)
    except QAError as error:
        say(f"qa: {error}")
        return int(error.exit_code)
    except KeyboardInterrupt:
        say("qa: interrupted.")
        return int(ExitCode.INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output has gone (qa ... | head); that is its right.
        _drop_output()
        return int(ExitCode.OK)
    except OSError as error:
        _drop_output()
        say(f"qa: the output cannot be written ({error.strerror or error}).")
        return int(ExitCode.FAILURE)


def _drop_output() -> None:
    """So that what is still buffered does not fail again when the process ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


# Commands


def _chat(_: argparse.Namespace, settings: Settings) -> ExitCode:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("The chat needs a terminal; to ask from a script use: qa ask 'question'")
    from qa.tui.app import ChatApp

    error = ChatApp(settings).run()
    if error is not None:
        raise error
    return ExitCode.OK


def _index(parsed: argparse.Namespace, settings: Settings) -> ExitCode:
    _build(settings, rebuild=parsed.rebuild)
    return ExitCode.OK


def _sources(_: argparse.Namespace, settings: Settings) -> ExitCode:
    from qa.session import list_sources

    _build_if_missing(settings)
    records = list_sources(settings)
    for record in records:
        day = record.date.isoformat() if record.date is not None else "no date"
        print(displayable(record.title))
        print(
            displayable(
                f"    {record.file}  {day}  {counted(record.passages, 'passage')}  "
                f"{human_size(record.size)}"
            )
        )
    print(f"{counted(len(records), 'document')} in {settings.corpus}")
    return ExitCode.OK


def _ask(parsed: argparse.Namespace, settings: Settings) -> ExitCode:
    from qa.answer import Answer
    from qa.render import as_data, as_json, as_text
    from qa.session import require_question

    question = require_question(" ".join(parsed.question), settings.max_question_characters)
    with _session(settings) as session:
        started = time.perf_counter()
        reply = session.ask(question)
        elapsed = round((time.perf_counter() - started) * 1000)
        _warn_of_changes(session, settings)
    if parsed.json:
        print(as_json(as_data(reply, id_="1", elapsed_ms=elapsed), indent=2))
    else:
        colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        print(as_text(reply, width=width(), colour=colour))
    return ExitCode.OK if isinstance(reply, Answer) else ExitCode.NO_ANSWER


def _batch(parsed: argparse.Namespace, settings: Settings) -> ExitCode:
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

    with _session(settings) as session, progress_bar() as report:
        _warn_of_changes(session, settings)
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


def _check(parsed: argparse.Namespace, settings: Settings) -> ExitCode:
    from qa.check import Status, check_answers
    from qa.corpus import corpus_files

    corpus_files(settings.corpus)  # a missing folder is one error, not one for each citation
    counts = dict.fromkeys(Status, 0)
    bad_lines = 0
    for checked in check_answers(parsed.answers, settings.corpus, settings.max_file_bytes):
        if isinstance(checked, str):
            bad_lines += 1
            say(checked)
            continue
        counts[checked.status] += 1
        detail = f"  {checked.detail}" if checked.detail else ""
        print(
            displayable(f"{checked.status:<7}  {checked.id} [{checked.n}]  {checked.file}{detail}")
        )
    total = sum(counts.values())
    summary = ", ".join(f"{count} {status}" for status, count in counts.items())
    print(f"{counted(total, 'citation')}: {summary}")
    if counts[Status.GONE] == total > 0:
        say(
            f"None of the cited files is in {settings.corpus}; name their folder with --corpus DIR."
        )
    if bad_lines:
        say(f"{counted(bad_lines, 'line')} of {parsed.answers} could not be checked")
    return ExitCode.OK if counts[Status.OK] == total and not bad_lines else ExitCode.FAILURE


def _eval(parsed: argparse.Namespace, settings: Settings) -> ExitCode:
    import json
    from dataclasses import replace
    from tempfile import TemporaryDirectory

    from qa.evaluate import judge, measure, read_labelled, write_paragraphs

    labelled = read_labelled(parsed.labelled)
    with TemporaryDirectory(prefix="qa-eval-") as temporary:
        if labelled.paragraphs:
            corpus = Path(temporary) / "corpus"
            corpus.mkdir()
            write_paragraphs(labelled.paragraphs, corpus)
            settings = replace(settings, corpus=corpus, vectors=Path(temporary) / "vectors")
        with _session(settings) as session, progress_bar() as report:
            files = {record.id: record.file for record in session.documents()}
            judged = []
            for done, question in enumerate(labelled.questions, start=1):
                judged.append(
                    judge(question, session.inquire(question.question), files.__getitem__)
                )
                report("answering", done, len(labelled.questions))
    measures = measure(judged)
    print(json.dumps(measures, indent=2) if parsed.json else _table(measures))
    return ExitCode.OK


# Help for the commands


@contextmanager
def _session(settings: Settings) -> Iterator[Session]:
    """An open session; the index is built first if there is none at all."""
    encoder = _build_if_missing(settings)
    from qa.session import Session

    with Session.open(settings, encoder=encoder) as session:
        yield session


def _build_if_missing(settings: Settings) -> Encoder | None:
    from qa.session import index_exists

    if index_exists(settings.vectors):
        return None
    say(f"No index in {settings.vectors} yet; building it from {settings.corpus}.")
    return _build(settings)


def _build(settings: Settings, *, rebuild: bool = False) -> Encoder:
    from qa.corpus import corpus_files
    from qa.session import build_index

    corpus_files(settings.corpus)  # say that the folder is missing before the model loads
    with progress_bar() as progress:
        report, encoder = build_index(settings, progress=progress, rebuild=rebuild)
    say(_described(report, settings))
    return encoder


def _described(report: IndexReport, settings: Settings) -> str:
    lines = [f"skipped {item.file}: {item.reason}" for item in report.skipped]
    if report.moved_from is not None:
        lines.append(f"The index was of {report.moved_from}; it is of {settings.corpus} now.")
    counts = (("new", report.added), ("changed", report.changed), ("removed", report.removed))
    happened = ", ".join(f"{len(files)} {what}" for what, files in counts if files)
    lines.append(
        f"{counted(report.documents, 'document')}, {counted(report.passages, 'passage')} in "
        f"{settings.vectors} ({happened or 'nothing had changed'})"
    )
    return "\n".join(lines)


def _warn_of_changes(session: Session, settings: Settings) -> None:
    changed = session.changed_files()
    if changed:
        first = f"{changed[0]} and {len(changed) - 1} more" if changed[1:] else changed[0]
        say(
            f"qa: not as indexed: {first}. The answer rests on the older text; "
            f"bring the index up to date with: {index_command(settings)}"
        )


def _table(measures: dict[str, Any]) -> str:
    kinds = measures.get("kinds", {})
    columns = {"all": measures, **kinds}
    names = [name for name in measures if name != "kinds"]
    widths = [max(len(column), 6) for column in columns]
    rows = [" " * 14 + "  ".join(c.rjust(w) for c, w in zip(columns, widths, strict=True))]
    for name in names:
        cells = [
            ("-" if column[name] is None else str(column[name])).rjust(width)
            for column, width in zip(columns.values(), widths, strict=True)
        ]
        rows.append(name.ljust(14) + "  ".join(cells))
    return "\n".join(rows)


_COMMANDS: dict[str, Callable[[argparse.Namespace, Settings], ExitCode]] = {
    "chat": _chat,
    "index": _index,
    "sources": _sources,
    "ask": _ask,
    "batch": _batch,
    "check": _check,
    "eval": _eval,
}


def _terminate(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
