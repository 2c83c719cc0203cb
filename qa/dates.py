"""Dates as English text writes them, whole or in part: "March 6, 2024", "May 2024", "the 1980s"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from qa.text import Span

__all__ = ["MONTHS", "MONTH_NAME", "PartialDate", "dates_of"]

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTH_NAME = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_DAY = r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?\b"
_YEAR = r"(?P<year>[12][0-9]{3})\b"
_START = r"(?<![\w.,:/-])"
# In this order: of two that begin at one place, the earlier one tells more.
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_START}{_YEAR}-(?P<number>[0-9]{{2}})-{_DAY}",
        rf"{_START}(?P<first>[0-9]{{1,2}})(?P<mark>[./])(?P<second>[0-9]{{1,2}})(?P=mark){_YEAR}",
        rf"{_START}{_DAY}\s+(?:of\s+)?{MONTH_NAME},?\s+{_YEAR}",
        rf"\b{MONTH_NAME}\s+{_DAY},?\s+{_YEAR}",
        rf"{_START}{_DAY}\s+(?:of\s+)?{MONTH_NAME}",
        rf"\b{MONTH_NAME}\s+(?:of\s+)?{_YEAR}",
        rf"\b{MONTH_NAME}\s+{_DAY}(?![.,]?[0-9])",
        rf"{_START}(?P<century>[0-9]{{1,2}})(?:st|nd|rd|th)[\s-]century\b",
        rf"{_START}(?P<decade>[12][0-9]{{2}}0)s\b",
    )
)
# A month alone is one only with a capital and such a word before it: "may" and "march" are verbs too.
_MONTH_ALONE = re.compile(
    r"\b(?i:in|since|by|until|till|of|from|during|early|late|mid|last|this|next|every|before|after)[\s-]"
    r"(?P<month>January|February|March|April|May|June|July|August|September|October|November|December)\b"
)
_YEAR_ALONE = re.compile(r"(?<![\w.,:/$€£])(?P<year>1[0-9]{3}|20[0-9]{2})(?![\w%]|[.,:/]\d)")
_BEFORE_A_YEAR = re.compile(
    r"(?:\b(?:in|since|by|until|till|from|of|during|before|after|early|late|year|mid)[\s-]+)\Z",
    re.IGNORECASE,
)
_NAME_BEFORE = re.compile(r"[^\W\d_]-\Z")
#: What is counted follows its number: 1500 schools, 2000 tons.
_COUNTED = re.compile(
    r"\s+(?:hundred|thousand|[mb]illion|percent|per cent|people|[^\W\d_]*[^\W\d_s]s)\b"
)


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date, or the part of one that a text gives; ``None`` where it gives nothing."""

    years: tuple[int, int] | None
    """First and last year it may mean: one year, the ten of a decade or the hundred of a century."""
    month: int | None
    day: int | None
    span: Span

    def whole(self) -> date | None:
        """The day it names, if it names one that the calendar has."""
        if self.years is None or self.month is None or self.day is None:
            return None
        try:
            return date(self.years[0], self.month, self.day)
        except ValueError:
            return None

    def fits(self, day: date) -> bool:
        """True if ``day`` is none that it rules out."""
        return (
            (self.years is None or self.years[0] <= day.year <= self.years[1])
            and self.month in (None, day.month)
            and self.day in (None, day.day)
        )


def dates_of(text: str) -> list[PartialDate]:
    """The dates in ``text``, in order and without overlap.

    Of a date in numbers alone, such as 3/6/2024, the month counts only where it cannot be the day.
    """
    found: list[PartialDate] = []
    taken = [False] * len(text)
    for dated in _candidates(text):
        if not any(taken[dated.span.start : dated.span.end]):
            taken[dated.span.start : dated.span.end] = [True] * len(dated.span)
            found.append(dated)
    return sorted(found, key=lambda dated: dated.span)


def _candidates(text: str) -> Iterator[PartialDate]:
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            dated = _dated(match)
            if dated is not None:
                yield dated
    for match in _MONTH_ALONE.finditer(text):
        yield PartialDate(None, _month(match["month"]), None, Span(*match.span("month")))
    for match in _YEAR_ALONE.finditer(text):
        before = text[max(0, match.start() - 12) : match.start()]
        after = text[match.end() : match.end() + 30]
        part_of_a_name = _NAME_BEFORE.search(before) is not None
        if _BEFORE_A_YEAR.search(before) or not (part_of_a_name or _COUNTED.match(after)):
            year = int(match["year"])
            yield PartialDate((year, year), None, None, Span(*match.span()))


def _dated(match: re.Match[str]) -> PartialDate | None:
    """What one match says; ``None`` if no calendar has it."""
    parts = match.groupdict()
    span = Span(*match.span())
    if parts.get("century"):
        last = int(parts["century"]) * 100
        return PartialDate((last - 99, last), None, None, span)
    if parts.get("decade"):
        first = int(parts["decade"])
        return PartialDate((first, first + 9), None, None, span)
    years = (int(parts["year"]), int(parts["year"])) if parts.get("year") else None
    if parts.get("first"):
        one, other = int(parts["first"]), int(parts["second"])
        if max(one, other) > 31 or min(one, other) > 12 or not min(one, other):
            return None
        if max(one, other) <= 12 and one != other:
            return PartialDate(years, None, None, span)
        return PartialDate(years, min(one, other), max(one, other), span)
    month = _month(parts["month"]) if parts.get("month") else int(parts["number"])
    day = int(parts["day"]) if parts.get("day") else None
    possible = 1 <= month <= 12 and (day is None or 1 <= day <= 31)
    return PartialDate(years, month, day, span) if possible else None


def _month(name: str) -> int:
    return MONTHS.index(name[:3].lower()) + 1
