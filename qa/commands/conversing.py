"""``qa conversations``: what was asked in the chat, listed, exported, deleted; and ``--resume``."""

from __future__ import annotations

import argparse
import sys

from qa.arguments.parser import LATEST
from qa.errors import ExitCode, UsageError
from qa.roots import corpus_words, identity_of
from qa.settings import Settings
from qa.terminal import say
from qa.text import displayable

__all__ = ["conversation_to_resume", "conversations", "delete", "export"]


def conversations(parsed: argparse.Namespace, settings: Settings) -> ExitCode:
    from qa.conversations import records

    listed = records(settings.vectors)
    if parsed.json:
        from qa.exporting import record_as_data
        from qa.render import as_json

        print(as_json([record_as_data(record) for record in listed], indent=2))
        return ExitCode.OK
    for record in listed:
        asked = record.last_asked.astimezone().strftime("%Y-%m-%d %H:%M")
        elsewhere = record.corpus != identity_of(settings.corpus)
        about = f"  (about {corpus_words(record.corpus)})" if elsewhere else ""
        count = f"{record.questions:>4,} {'question ' if record.questions == 1 else 'questions'}"
        print(displayable(f"{record.id:>4}  {asked} {count}  {record.name}{about}"))
    if not listed:
        say(f"No conversation is kept in {settings.vectors}.")
    return ExitCode.OK


def export(parsed: argparse.Namespace, settings: Settings) -> ExitCode:
    from qa.conversations import load
    from qa.exporting import FORMATS, exported, write_export

    format_ = parsed.format or ("md" if parsed.out is None else parsed.out.suffix[1:].lower())
    if format_ not in FORMATS:
        raise UsageError(
            f"{parsed.out} does not end in .{', .'.join(FORMATS)}; say which it shall be with --format."
        )
    conversation = load(settings.vectors, parsed.id)
    if parsed.out is None:
        sys.stdout.write(exported(conversation, format_))
    else:
        write_export(conversation, format_, parsed.out)
        say(f"Conversation {parsed.id} is written to {parsed.out}.")
    return ExitCode.OK


def delete(parsed: argparse.Namespace, settings: Settings) -> ExitCode:
    from qa.conversations import delete

    name = delete(settings.vectors, parsed.id)
    say(f"Conversation {parsed.id} is deleted for good: {name}")
    return ExitCode.OK


def conversation_to_resume(id_: int | None, settings: Settings) -> int | None:
    """The id of the conversation that ``--resume`` means.

    Raises:
        UsageError: there is none; better said before the screen opens.
    """
    from qa.conversations import latest, load

    if id_ is None:
        return None
    if id_ == LATEST:
        return latest(settings.vectors, identity_of(settings.corpus)).id
    return load(settings.vectors, id_).record.id
