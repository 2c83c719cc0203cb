"""A stretch of days as a person types it: "2024", "2020..2024", "since 2023", "before 2021-06"."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from qa.dates import dates_of
from qa.errors import UsageError
from qa.text import displayable

__all__ = ["EXAMPLES", "Period", "period_of"]

EXAMPLES = "2024 · 2020..2024 · 2024-03.. · since 2023 · before 2021-06"

_DAY = timedelta(days=1)
_ISO = re.compile(r"(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{1,2})(?:-(?P<day>[0-9]{1,2}))?)?")
#: Where neither number can only be the day, nobody but who wrote it knows which is the month.
_NUMBERS = re.compile(r"[0-9]{1,2}[./][0-9]{1,2}[./][0-9]{4}")
_ARTICLE = re.compile(r"\Athe\s+", re.IGNORECASE)
_YEARS = re.compile(r"(?P<first>[0-9]{4})\s*[-–—]\s*(?P<last>[0-9]{4})")
_DOTS = re.compile(r"(?P<first>.*?)\s*(?:\.\.+|…)\s*(?P<last>.*)")
_WORDS = re.compile(
    r"(?:from\s+)?(?!up\s)(?P<first>.+?)\s+(?:to|until|till|through|[-–—])\s+(?P<last>.+)"
    r"|between\s+(?P<low>.+?)\s+and\s+(?P<high>.+)",
    re.IGNORECASE,
)
_SIDE = re.compile(
    r"(?P<word>since|from|after|before|until|till|up\s+to|by|in|during)\s+(?P<date>.+)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Period:
    """All days from ``first`` to ``last``, both included; ``None`` is an open end."""

    first: date | None
    last: date | None

    def holds(self, day: date) -> bool:
        """True if ``day`` lies inside."""
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)

    def __str__(self) -> str:
        """In words, no finer than it has to be: "2020 to 2024", "2024-03 or later"."""
        length = 10  # of 2024-03-06
        if (self.first is None or self.first.day == 1) and (
            self.last is None or self.last.day == monthrange(self.last.year, self.last.month)[1]
        ):
            length = 7
            if (self.first is None or self.first.month == 1) and (
                self.last is None or self.last.month == 12
            ):
                length = 4
        first = self.first.isoformat()[:length] if self.first is not None else ""
        last = self.last.isoformat()[:length] if self.last is not None else ""
        if not last:
            return f"{first} or later"
        if not first:
            return f"{last} or earlier"
        return first if first == last else f"{first} to {last}"


def period_of(text: str) -> Period:
    """The days that ``text`` means; a date without its month or day is all of that year or month.

    Raises:
        UsageError: it is no date and no stretch between two; or nothing lies inside.
    """
    text = " ".join(text.split())
    try:
        period = _period(text)
    except (ValueError, OverflowError) as error:
        said = f"“{displayable(text[:40])}” is no date"
        raise UsageError(f"{said}{_because(error)}; type one such as {EXAMPLES}") from error
    if period.first is not None and period.last is not None and period.first > period.last:
        raise UsageError(f"{period.first} comes after {period.last}; type the earlier date first.")
    return period


def _because(error: Exception) -> str:
    return f" ({error})" if isinstance(error, _UnclearError) else ""


class _UnclearError(ValueError):
    """A date that two people would read as two."""


def _period(text: str) -> Period:
    between = _YEARS.fullmatch(text) or _DOTS.fullmatch(text)
    if between:
        return _between(between["first"], between["last"])
    side = _SIDE.fullmatch(text)
    pair = _WORDS.fullmatch(text)
    if pair:
        return _between(pair["first"] or pair["low"], pair["last"] or pair["high"])
    if side is None:
        return Period(*_days_of(text))
    first, last = _days_of(side["date"])
    match " ".join(side["word"].lower().split()):
        case "since" | "from":
            return Period(first, None)
        case "after":
            return Period(last + _DAY, None)
        case "before":
            return Period(None, first - _DAY)
        case "in" | "during":
            return Period(first, last)
        case _:
            return Period(None, last)


def _between(first: str, last: str) -> Period:
    if not first and not last:
        raise ValueError(first)
    return Period(_days_of(first)[0] if first else None, _days_of(last)[1] if last else None)


def _days_of(text: str) -> tuple[date, date]:
    """The first and the last day that a date, whole or in part, may mean."""
    iso = _ISO.fullmatch(text)
    if iso:
        year = int(iso["year"])
        month, day = (int(iso[part]) if iso[part] else None for part in ("month", "day"))
        return _days(year, year, month, day)
    text = _ARTICLE.sub("", text)
    found = dates_of(text)
    if len(found) != 1 or len(found[0].span) != len(text) or found[0].years is None:
        raise ValueError(text)
    if found[0].day is None and _NUMBERS.fullmatch(text):
        raise _UnclearError("which number is the month?")
    return _days(*found[0].years, found[0].month, found[0].day)


def _days(first_year: int, last_year: int, month: int | None, day: int | None) -> tuple[date, date]:
    if month is None:
        return date(first_year, 1, 1), date(last_year, 12, 31)
    if day is None:
        first = date(first_year, month, 1)
        return first, first.replace(day=monthrange(first_year, month)[1])
    return date(first_year, month, day), date(first_year, month, day)
