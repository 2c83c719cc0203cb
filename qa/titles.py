"""What a text is called, as its first lines give it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from qa.dates import MONTH_NAME
from qa.layout import furniture, is_prose
from qa.text import Span

__all__ = ["LONGEST_TITLE", "clipped", "title_of"]

LONGEST_TITLE = 120
#: A line of so many words at the head of a list is its title, and no point of a menu; with a full stop it
#: is a sentence.
LONGER_THAN_A_MENU = 4
#: In so many of the first lines the parties of a contract, or the one whom a letter addresses, are named.
PREAMBLE_LINES = 12
#: A shorter or longer line below one in capitals is no part of the title, in words.
SHORTEST_SECOND_LINE, LONGEST_SECOND_LINE = 3, 16

#: A line with a date and no more words is no more than a dateline.
LONGEST_DATELINE = 6

# A line that gives a day or a time of day is a dateline, even without a year.
_UNNAMED_MONTH = MONTH_NAME.replace("?P<month>", "?:")
_DATELINE = re.compile(
    rf"\b\d{{1,2}}\s+{_UNNAMED_MONTH}|\b{_UNNAMED_MONTH}\s+\d{{1,2}}\b"
    r"|\b\d{1,2}:\d{2}\b|\b\d{4}-\d{2}-\d{2}\b",
    re.IGNORECASE,
)
_LABELLED = re.compile(r"^title\s*:\s*(\S.*)$", re.IGNORECASE)
_MARKDOWN_HEADING = re.compile(r"^#{1,2}\s+(\S.*)$")
_WORD = re.compile(r"\w+")
_BLANK_LINE = re.compile(r"\n[ \t]*\r?\n|\r[ \t]*\r")
_NUMBERED = re.compile(r"(?:\d{1,3}|[ivxIVX]{1,4}|[A-Za-z])[.)]\s")
_OPENING_QUOTES = frozenset("\"'“‘«„")
#: "PRICE LIST - Osterhagen": capitals at the head of a text are its title.
_CAPITALS = re.compile(r"(?:[^\W\d_a-z]{2,}\b\W*){2}")
_LABEL = re.compile(r"[^:]{1,40}:(?:\s|$)")
_PARTY = re.compile(r"[^,(]{2,60}")
_SALUTATION = re.compile(r"(?:Dear|To whom)\b.{0,60}[,:]$", re.IGNORECASE)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def clipped(title: str, longest: int = LONGEST_TITLE) -> str:
    """``title`` in one line, cut between words, with ``…`` for what is left out, if it is longer."""
    title = _one_line(title)
    if len(title) <= longest:
        return title
    return title[: longest - 1].rsplit(" ", 1)[0].rstrip(",;:") + "…"


def title_of(text: str, lines: Sequence[Span], unwrapped: Sequence[Span]) -> str | None:
    """The title that the first lines of ``text`` give it: ``lines`` as they stand, and ``unwrapped``.

    It is a labelled line, a Markdown heading, a first line in capitals with what goes on below it, the
    subject of a letter, a first line that stands apart, or the short line over the first prose; failing
    these, the beginning of that prose.
    """
    if not lines:
        return None
    head = [_one_line(span.of(text)) for span in unwrapped]
    for line in head[:10]:
        named = _LABELLED.match(line)
        if named and named[1].strip("\"'"):
            return clipped(named[1].strip("\"'"))
        heading = _MARKDOWN_HEADING.match(line)
        if heading:
            return clipped(heading[1].rstrip("#")) or None
    first = [_one_line(span.of(text)) for span in lines]
    apart = _apart(text, unwrapped)
    found = (
        _in_capitals(first, _apart(text, lines), head)
        or _subject_of_letter(head, apart)
        or (head[0] if _is_title_line(head, any(apart[:1])) else None)
        or _line_over_first_prose(head)
        or next((line for line in head if is_prose(line)), head[0])
    )
    return clipped(found) or None


def _apart(text: str, spans: Sequence[Span]) -> list[bool]:
    """Of each line but the last, whether there is a blank one below it."""
    return [_BLANK_LINE.search(text, a.end, b.start) is not None for a, b in pairwise(spans)]


def _in_capitals(
    first: Sequence[str], apart: Sequence[bool], unwrapped: Sequence[str]
) -> str | None:
    """A first line in capitals, with the line that goes on below it or the parties of a contract."""
    if not _CAPITALS.match(first[0]) or not _can_be_title(first[0]):
        return None
    if not apart or apart[0]:
        return first[0] + _between_parties(first)
    second = first[1]
    if _LABEL.match(second):
        return first[0]
    letters = sum(character.isalpha() for character in second)
    is_dateline = _DATELINE.search(second) and len(second.split()) <= LONGEST_DATELINE
    if is_dateline:
        return first[0]
    goes_on = (
        second in unwrapped  # and is no part of a sentence
        and SHORTEST_SECOND_LINE <= len(_WORD.findall(second)) <= LONGEST_SECOND_LINE
        and letters > len(second) / 2
        and not _CAPITALS.match(second)
        and second[-1] not in ".,;"
    )
    return f"{first[0]}: {second}" if goes_on else None


def _between_parties(head: Sequence[str]) -> str:
    """What a contract adds to its title that names its parties in lines of their own: "between X and Y"."""
    lowered = [line.casefold() for line in head[:PREAMBLE_LINES]]
    if "between" not in lowered or "and" not in lowered:
        return ""
    places = lowered.index("between") + 1, lowered.index("and") + 1
    parties = [_PARTY.match(head[place]) for place in places if place < len(head)]
    named = [party[0].strip() for party in parties if party]
    return f" between {named[0]} and {named[1]}" if len(named) == len(places) else ""


def _subject_of_letter(head: Sequence[str], apart: Sequence[bool]) -> str | None:
    """The line by itself below the words that address somebody."""
    if any(apart[:1]) and _can_be_title(head[0]) and not _SALUTATION.match(head[0]):
        return None  # it has a title of its own
    for place, line in enumerate(head[: min(2 * PREAMBLE_LINES, len(apart))]):
        if _SALUTATION.match(line) and place + 1 < len(apart):
            subject = head[place + 1]
            by_itself = apart[place] and apart[place + 1]
            return subject if by_itself and _can_be_title(subject) else None
    return None


def _is_title_line(head: Sequence[str], stands_apart: bool) -> bool:
    """True if the first line is no sentence and no menu, and stands apart, over a date, or over no menu."""
    if not head or not _can_be_title(head[0]) or head[0][-1] in ".!;":
        return False
    is_furniture = furniture(head)
    if is_furniture[0]:
        return len(_WORD.findall(head[0])) >= LONGER_THAN_A_MENU
    over_date = len(head) > 1 and _DATELINE.search(head[1]) is not None
    return stands_apart or over_date or not any(is_furniture)


def _line_over_first_prose(head: Sequence[str]) -> str | None:
    is_furniture = furniture(head)
    for position, line in enumerate(head):
        if not is_prose(line) or is_furniture[position]:
            continue
        above = head[max(0, position - 3) : position]
        return next((candidate for candidate in reversed(above) if _can_be_title(candidate)), None)
    return None


def _can_be_title(line: str) -> bool:
    words = _WORD.findall(line)
    letters = sum(character.isalpha() for character in line)
    if not (line[0].isalnum() or line[0] in _OPENING_QUOTES):
        return False  # a bullet, a separator, the © of a picture's credit
    is_sentence = line[-1] == "." and len(words) >= LONGER_THAN_A_MENU
    if line[-1] in ":,;" or is_sentence or _NUMBERED.match(line):
        return False  # or what introduces a list or addresses a person, or the heading of a section
    return 2 <= len(words) <= 25 and letters > len(line) / 2 and not _DATELINE.search(line)
