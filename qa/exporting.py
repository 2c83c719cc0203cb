"""A conversation as Markdown, JSON, JSON lines or a page of HTML, with its citations."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from string import Template
from typing import Any

from qa.answer import Answer, Citation
from qa.conversations import Conversation, ConversationRecord, KeptTurn
from qa.errors import InputFileError
from qa.files import write_new_file
from qa.markup import artefact, as_html, citation_block, marked, minute, style
from qa.render import (
    agreement_sentences,
    as_json,
    as_markdown,
    confidence_word,
    markdown_code,
    markdown_text,
    place_in_words,
    standing_in_words,
)
from qa.restoring import reply_of
from qa.roots import corpus_words

__all__ = ["FORMATS", "exported", "free_path", "record_as_data", "write_export"]

#: ``jsonl`` is what ``qa batch`` writes and ``qa check`` reads.
FORMATS = ("md", "json", "html", "jsonl")


def exported(conversation: Conversation, format_: str) -> str:
    """``conversation`` as a text file of that format, one of :data:`FORMATS`.

    Raises:
        StoreError: a kept reply is none.
    """
    for turn in conversation.turns:
        reply_of(turn.reply)  # nothing leaves the program that is no reply
    if format_ == "md":
        return _as_markdown(conversation)
    if format_ == "html":
        return _as_html(conversation)
    if format_ == "json":
        return as_json(_as_data(conversation), indent=2) + "\n"
    return "".join(f"{as_json(_reply(turn))}\n" for turn in conversation.turns)


def write_export(conversation: Conversation, format_: str, path: Path) -> None:
    """Write ``conversation`` to ``path``, which must not be there yet.

    Raises:
        InputFileError: it is, or it cannot be written.
        StoreError: as :func:`exported`.
    """
    text = exported(conversation, format_)
    try:
        write_new_file(path, text.encode())
    except FileExistsError as error:
        raise InputFileError(f"{path} is there already; name another file.") from error
    except OSError as error:
        raise InputFileError(
            f"{path} cannot be written ({error.strerror}); name another file."
        ) from error


def free_path(conversation: Conversation, format_: str, folder: Path) -> Path:
    """A name in ``folder`` that no file has yet."""
    number = conversation.record.id
    stem = f"conversation-{number}" if number is not None else "conversation"
    path, again = folder / f"{stem}.{format_}", 1
    while path.exists() or path.is_symlink():
        again += 1
        path = folder / f"{stem}-{again}.{format_}"
    return path


def record_as_data(record: ConversationRecord) -> dict[str, Any]:
    """A conversation as listed, as the documented JSON object; times in UTC."""
    return {
        "id": record.id,
        "name": record.name,
        "corpus": corpus_words(record.corpus),
        "created": _utc(record.created).isoformat(timespec="seconds"),
        "last_asked": _utc(record.last_asked).isoformat(timespec="seconds"),
        "questions": record.questions,
    }


def _as_data(conversation: Conversation) -> dict[str, Any]:
    """Each turn is the object that ``qa ask --json`` prints, with two keys more."""
    turns = [
        {
            **_reply(turn),
            "files": list(turn.files) if turn.files is not None else None,
            "asked": _utc(turn.asked).isoformat(timespec="seconds"),
        }
        for turn in conversation.turns
    ]
    return {**record_as_data(conversation.record), "turns": turns}


def _as_markdown(conversation: Conversation) -> str:
    record = conversation.record
    parts = [
        f"# {markdown_text(record.name)}\n",
        f"{_held(record)} with {markdown_code(corpus_words(record.corpus))}.\n",
    ]
    for turn in conversation.turns:
        parts.append(as_markdown(_reply(turn), _restriction(turn)))
    return "\n".join(parts)


def _reply(turn: KeptTurn) -> dict[str, Any]:
    """The reply as data, to the question as it was typed."""
    return {**turn.reply, "question": turn.question, "understood_as": turn.understood_as}


def _held(record: ConversationRecord) -> str:
    first, last = minute(record.created), minute(record.last_asked)
    when = f"on {first}" if first == last else f"from {first} to {last}"
    questions = "1 question" if record.questions == 1 else f"{record.questions:,} questions"
    return f"{questions}, asked {when},"


def _restriction(turn: KeptTurn) -> list[str]:
    """To which documents the question kept, in a sentence; none for all of them."""
    return [f"Asked only of: {', '.join(turn.files)}"] if turn.files is not None else []


def _as_html(conversation: Conversation) -> str:
    template = Template(artefact("conversation.html"))
    record = conversation.record
    return template.substitute(
        style=style(),
        name=as_html(record.name),
        held=f"{as_html(_held(record))} with <code>{as_html(corpus_words(record.corpus))}</code>",
        turns="\n".join("\n".join(_section(turn)) for turn in conversation.turns),
    )


def _section(turn: KeptTurn) -> Iterator[str]:
    reply = reply_of(turn.reply)
    elapsed = f"{int(turn.reply['elapsed_ms']):,} ms"
    yield "<section>"
    yield f'<h2 dir="auto">{as_html(turn.question)}</h2>'
    understood = [f"Understood as: {turn.understood_as}"] if turn.understood_as is not None else []
    for note in (*understood, *_restriction(turn)):
        yield f'<p class="note" dir="auto">{as_html(note)}</p>'
    if isinstance(reply, Answer):
        sure = f"{reply.confidence:.0%} ({confidence_word(reply.confidence)})"
        yield f'<p class="answer" dir="auto">{as_html(reply.text)}</p>'
        yield f'<p class="facts">confidence {sure} · {minute(turn.asked)} · {elapsed}</p>'
        agreement = " ".join(agreement_sentences(turn.reply))
        yield f'<p class="note" dir="auto">{as_html(agreement)}</p>'
        yield "<ol>"
        for citation in reply.citations:
            yield _cited(citation, reply.citations[0])
        yield "</ol>"
    else:
        yield '<p class="no-answer">No answer in these documents</p>'
        yield f'<p dir="auto">{as_html(reply.reason)}</p>'
        yield f'<p class="facts">{minute(turn.asked)} · {elapsed}</p>'
        if reply.rejected is not None:
            yield '<p class="note">The nearest passage, not good enough to be an answer:</p>'
            yield f"<ol>{_cited(reply.rejected, reply.rejected)}</ol>"
    yield "</section>"


def _cited(citation: Citation, first: Citation) -> str:
    """A citation with its sentence, the quote marked in it, and what is needed to verify it."""
    quote = citation.span.counted_from(citation.sentence.start)
    span = f"{citation.span.start:,} to {citation.span.end:,}"
    return citation_block(
        n=citation.n,
        title=citation.title,
        day=citation.date.isoformat() if citation.date is not None else None,
        place=place_in_words(citation.file, citation.line, citation.location),
        stands=(
            standing_in_words(citation.agreement, again=citation.file == first.file)
            if citation is not first
            else ""
        ),
        quotation=marked(citation.sentence_text, quote),
        receipt=f"characters {span} · SHA-256 {citation.sha256}",
    )


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
