"""One checked answer as a section of a report, whatever its line holds beside its receipts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from qa.markup import as_html, as_html_lines, citation_block, marked
from qa.receipts.check import CheckedAnswer, Finding, Status
from qa.receipts.records import Receipt, SavedAnswer, probability, receipt_of
from qa.receipts.sources import Source, Sources
from qa.render import (
    agreement_sentences,
    confidence_word,
    one_line,
    place_in_words,
    refusal_line,
    standing_in_words,
)

__all__ = [
    "agreement_of",
    "anchor",
    "confidence_in_words",
    "section",
    "shown_status",
    "stage_of",
    "text_of",
]

#: So much of the file is shown on either side of a quote's sentence, in characters.
CONTEXT_CHARACTERS = 240


def shown_status(status: Status) -> str:
    """A status as HTML: a sign and its name, so that it needs no colour."""
    sign, look = "✗", "bad"
    if status is Status.OK:
        sign, look = "✓", "ok"
    elif status.found:
        sign, look = "≈", "found"
    return f'<b class="{look}">{sign} {status}</b>'


def anchor(answer: SavedAnswer, place: int | None = None) -> str:
    """The name of an answer on the page, or of its citation at that place."""
    return f"a{answer.line}" if place is None else f"a{answer.line}-{place + 1}"


def text_of(values: Mapping[str, Any], key: str) -> str | None:
    """The text under a key; ``None`` where there is something else or nothing."""
    value = values.get(key)
    return value if isinstance(value, str) and value else None


def confidence_in_words(confidence: float) -> str:
    """A confidence as a number and a word."""
    return f"{confidence:.0%} ({confidence_word(confidence)})"


def stage_of(record: Mapping[str, Any]) -> str | None:
    """Which stage refused, where the line says so."""
    return text_of(_object(record, "refusal"), "stage")


def agreement_of(record: Mapping[str, Any], *, conflicts: bool = True) -> list[str]:
    """The sentences on which documents agree and which contradict; none where the line does not say."""
    summary = _object(record, "agreement")
    lists = [summary.get("agreeing"), summary.get("conflicting")]
    whole = all(
        isinstance(files, list) and all(isinstance(file, str) for file in files) for files in lists
    ) and all(
        isinstance(citation.get("agreement"), str)
        and isinstance(citation.get("date", 0), str | None)
        for citation in record["citations"]
    )
    if not whole or not (lists[0] or summary.get("single_source") is True):
        return []
    return agreement_sentences(dict(record), conflicts=conflicts)


def section(checked: CheckedAnswer, sources: Sources) -> Iterator[str]:
    """The answer with its citations, each with its status and its surroundings in the file."""
    answer, record = checked.answer, checked.answer.record
    yield f'<section id="{anchor(answer)}">'
    yield f'<h2 dir="auto">{as_html(text_of(record, "question") or "(no question)")}</h2>'
    understood = text_of(record, "understood_as")
    if understood is not None:
        yield f'<p class="note" dir="auto">Understood as: {as_html(understood)}</p>'
    if answer.answer is None:
        yield from _refusal(answer)
    else:
        yield f'<p class="answer" dir="auto">{as_html(answer.answer)}</p>'
        confidence = answer.confidence
        sure = "no confidence is given"
        if confidence is not None:
            sure = f"confidence {confidence_in_words(confidence)}"
        yield f'<p class="facts">{as_html(_facts(answer, sure))}</p>'
        agreement = " ".join(agreement_of(record))
        if agreement:
            yield f'<p class="note" dir="auto">{as_html(agreement)}</p>'
        yield "<ol>"
        for place in range(len(checked.findings)):
            yield _cited(checked, place, sources)
        yield "</ol>"
    yield "</section>"


def _facts(answer: SavedAnswer, first: str) -> str:
    spent = _elapsed(answer.record)
    asked = text_of(answer.record, "asked")
    facts = [
        first,
        f"id {answer.id}" if answer.id else "",
        f"line {answer.line:,}",
        f"asked {asked}" if asked is not None else "",
        f"{spent:,} ms" if spent is not None else "",
    ]
    return " · ".join(fact for fact in facts if fact)


def _elapsed(record: Mapping[str, Any]) -> int | None:
    """How long the answer took, in milliseconds, where the line says so."""
    value = record.get("elapsed_ms")
    return value if type(value) is int and 0 <= value < 10**12 else None


def _refusal(answer: SavedAnswer) -> Iterator[str]:
    record = answer.record
    yield '<p class="no-answer">No answer in these documents</p>'
    yield f'<p dir="auto">{as_html(text_of(record, "reason") or "No reason is given.")}</p>'
    stage = stage_of(record)
    confidence, needed = answer.confidence, probability(_object(record, "refusal"), "needed")
    sure = [refusal_line(stage).removesuffix(".")] if stage is not None else ["Refused"]
    if confidence is not None:
        sure.append(f"confidence {confidence_in_words(confidence)}")
    if needed is not None:
        sure.append(f"{needed:.0%} needed")
    yield f'<p class="facts">{as_html(_facts(answer, " · ".join(sure)))}</p>'
    rejected = _object(record, "rejected")
    try:
        nearest = receipt_of(rejected)
    except (ValueError, TypeError, KeyError):
        return  # there is none, or nothing that can be shown as one
    yield '<p class="note">The nearest passage, not good enough to be an answer; not checked:</p>'
    block = citation_block(
        n=1,
        title=text_of(rejected, "title") or nearest.file,
        day=text_of(rejected, "date"),
        place=_place(nearest),
        stands="",
        quotation=marked(nearest.sentence_text, nearest.span.counted_from(nearest.sentence.start)),
        receipt=_receipt(nearest),
    )
    yield f"<ol>{block}</ol>"


def _cited(checked: CheckedAnswer, place: int, sources: Sources) -> str:
    citation = checked.answer.record["citations"][place]
    n, receipt = checked.answer.receipts[place]
    finding = checked.findings[place]
    _, first = checked.answer.receipts[0]
    stands = standing_in_words(text_of(citation, "agreement"), again=receipt.file == first.file)
    return citation_block(
        n=n,
        title=text_of(citation, "title") or receipt.file,
        day=text_of(citation, "date"),
        place=_place(receipt),
        stands=stands if place else "",
        quotation=_quotation(receipt, finding, sources),
        receipt=_receipt(receipt, finding.now),
        attributes=f' id="{anchor(checked.answer, place)}"',
        status=f'<p class="status">{_status_in_words(finding)}</p>\n',
    )


def _status_in_words(finding: Finding) -> str:
    detail = finding.detail or "the file is unchanged and the quote stands in it"
    shown = "" if finding.status.found else " What follows is what was saved."
    return f"{shown_status(finding.status)}: {as_html(detail)}.{shown}"


def _quotation(receipt: Receipt, finding: Finding, sources: Sources) -> str:
    """The sentence with the quote marked, in what stands around it in the file now, if it does."""
    shown = finding.now if finding.now is not None else receipt
    before, after = shown.prefix or "", shown.suffix or ""
    opened = sources.open(shown.file) if finding.now is not None else None
    if isinstance(opened, Source) and opened.sha256 == shown.sha256:
        text, start, end = opened.text, shown.sentence.start, shown.sentence.end
        before = text[max(start - CONTEXT_CHARACTERS, 0) : start]
        after = text[end : end + CONTEXT_CHARACTERS]
        # Whole words and the ends of the file, where that is near.
        before = before if len(before) == start else re.sub(r"^\S*", "…", before)
        after = after if end + len(after) == len(text) else re.sub(r"\S*$", "…", after, count=1)
    else:
        before, after = f"…{before}" if before else "", f"{after}…" if after else ""
    sentence = marked(shown.sentence_text, shown.span.counted_from(shown.sentence.start))
    return f"{_before(before)}{sentence}{_after(after)}"


def _before(text: str) -> str:
    words = text.rstrip()
    gap = _gap(text[len(words) :])
    return f'<span class="around">{as_html_lines(words)}{gap}</span>' if words else ""


def _after(text: str) -> str:
    words = text.lstrip()
    gap = _gap(text[: len(text) - len(words)])
    return f'<span class="around">{gap}{as_html_lines(words)}</span>' if words else ""


def _gap(space: str) -> str:
    """White space between a sentence and its surroundings: a line break stays one."""
    return "\n" if "\n" in space else " " * bool(space)


def _place(receipt: Receipt) -> str:
    line = receipt.position[0] if receipt.position is not None else None
    return place_in_words(receipt.file, line, receipt.location)


def _receipt(saved: Receipt, now: Receipt | None = None) -> str:
    """What is needed to verify it; and what it would be today, where that is something else."""
    parts = [_verified_by(saved)]
    if now is not None and (now.file, now.sha256, now.span) != (
        saved.file,
        saved.sha256,
        saved.span,
    ):
        parts.append(f"today: {_place(now)} · {_verified_by(now)}")
    return one_line(" — ".join(parts))


def _verified_by(receipt: Receipt) -> str:
    span = f"{receipt.span.start:,} to {receipt.span.end:,}"
    return f"characters {span} · SHA-256 {receipt.sha256}"


def _object(record: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = record.get(key)
    return value if isinstance(value, dict) else {}
