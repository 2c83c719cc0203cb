"""A fact that stands in the heading over what a question describes: in which version, on which day.

"Which version brought the dark theme?" is answered by "4.1.0 (27 January)" over "Dark theme", which a reader
that takes sentences one by one has no reason to take.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from qa.expectations import expected_type, typed_spans
from qa.terms import share_of_terms, stem_set
from qa.text import Span, lines

__all__ = ["asked_of_heading"]

_ASKS_VERSION = re.compile(
    r"\b(?:which|what)\s+(?:(?!(?:a|an|are|did|do|does|has|have|in|is|of|the|was|were)\b)\w+\s+){0,2}"
    r"(?:version|release|edition|update)\b|^(?:\w+\s+){0,2}(?:version|release)\s+(?:of|that|where|with)\b",
    re.IGNORECASE,
)
#: What heads an entry: of a version, of a day. The title of a text that has a date is none.
_ENTRY = re.compile(
    r"\W{0,2}v?\d|(?:\W{0,2}\w+ )?\b(?:version|release|day|week|mon|tues|wednes|thurs|fri|satur|sun|january"
    r"|february|march|april|may|june|july|august|september|october|november|december)(?:day)?\b",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"\b\d{1,2}[:.]\d{2}\b|\b\d{1,2} ?[ap]\.?m\b", re.IGNORECASE)
_VERSION = re.compile(r"\bv?\d+(?:\.\d+)+\b|(?<=\bversion )\d+\b", re.IGNORECASE)
_ISO_DAY = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_SIGNS = re.compile(r"(#{1,6})\s+(?=\S)")
_POINT = re.compile(r"\s*(?:[-*•–+]|\(?\w{1,2}[.)])\s+")
#: A line with more words is no heading.
LONGEST_HEADING = 10
#: Less than any share of a question's terms.
_OF_EQUALS = 1e-6
#: How deep a heading without signs is: below all that have some.
_UNSIGNED = 7


def asked_of_heading(
    question: str, text: str, read: Span, sentences: Sequence[Span], weights: Mapping[str, float]
) -> Span | None:
    """What the question asks for, if the heading over the sentence that it describes says it.

    That is the one of ``sentences`` that holds most of the question, a term counting by its weight; of
    equals, ``read``, in which the reader found the best span, and which, unless it is a heading, says
    nothing of the kind that is asked for. Nor does the other; it is a point of a list or stands under a
    marked heading, and that heads an entry, of a version or a day. Spans count in ``text``.
    """
    kind = _kind(question)
    words = read.of(text)
    is_heading = _SIGNS.match(words) or _reads_as_heading(words)
    if kind is None or (_held(question, words, kind) is not None and not is_heading):
        return None
    held = {
        each: share_of_terms(stem_set(each.of(text)), weights) + (each == read) * _OF_EQUALS
        for each in sentences
    }
    described = max(held, key=held.__getitem__, default=read)
    words = described.of(text)
    if _held(question, words, kind) is not None or (kind == "time" and _CLOCK.search(words)):
        return None
    is_point = _POINT.match(words) is not None
    for heading, is_marked in _headings_over(text, described):
        found = _held(question, heading.of(text), kind)
        if found and (is_marked or is_point) and _ENTRY.match(heading.of(text)):
            return Span(heading.start + found.start, heading.start + found.end)
    return None


def _kind(question: str) -> str | None:
    """``version`` or ``time``; ``None`` where headings are not asked."""
    kind = expected_type(question)
    if kind == "time":
        return kind
    return "version" if kind is None and _ASKS_VERSION.search(question) else None


def _held(question: str, line: str, kind: str) -> Span | None:
    """The first thing of that kind in a line."""
    if kind == "version":
        version = _VERSION.search(line)
        return Span(version.start(), version.end()) if version else None
    day = _ISO_DAY.search(line)
    if day:
        return Span(day.start(), day.end())
    return next(iter(typed_spans(line, kind, question)), None)


def _headings_over(text: str, sentence: Span) -> Iterator[tuple[Span, bool]]:
    """The headings over a sentence, innermost first, each with whether it is marked as one."""
    above = [line for line in lines(text) if line.end <= sentence.start]
    depth = _UNSIGNED + 1
    for line in reversed(above):
        words = line.of(text)
        signs = _SIGNS.match(words)
        if signs and len(signs[1]) < depth:
            depth = len(signs[1])
            yield Span(line.start + signs.end(), line.end), True
        elif not signs and depth > _UNSIGNED and _reads_as_heading(words):
            depth = _UNSIGNED
            yield line, False


def _reads_as_heading(line: str) -> bool:
    return (
        len(line.split()) <= LONGEST_HEADING
        and line[-1] not in ".,;!?:"
        and line[0].isalnum()
        and not line[0].islower()
        and _POINT.match(line) is None
    )
