"""What a quote says, as values: quantities, dates and names; and whether two quotes agree.

"4.5 billion dollars" is "$4.5bn", "17.4%" is "more than 17 percent", "11%" is not. Pure: text in, values out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TypeVar

from qa.dates import PartialDate, dates_of
from qa.quantities import Quantity, quantities_of
from qa.terms import FUNCTION_WORDS, words
from qa.text import Span

__all__ = ["Comparison", "Name", "Values", "compared", "values_of"]

#: Of a longer quote only this many values of each kind count, so that no comparison takes long.
MOST_VALUES = 20
#: A quote says a name if names are at least this share of its characters.
NAMED_SHARE = 0.5
#: Words without a value say the same if one quote holds the other and is not longer than this many times.
LONGEST_RATIO = 2

_WORD = re.compile(r"[^\W\d_](?:[^\W_]|[’'.&-](?=[^\W_]))*")
_TITLES = frozenset(
    "president prime minister chairman chairwoman chancellor king queen prince princess pope general"
    " secretary secretary-general ambassador spokesman spokeswoman senator governor mayor professor"
    " foreign deputy vice first mr mrs ms miss dr sir lord lady captain colonel leader".split()
)
_PARTICLES = frozenset("of the de van von der den al bin ibn da di del la le".split())
_CALENDAR = frozenset(
    "january february march april may june july august september october november december"
    " monday tuesday wednesday thursday friday saturday sunday".split()
)
#: A capitalised word that begins a text is a name for certain unless such a word comes next.
_GOES_ON = re.compile(r"\s+(?!and\b|or\b)[^\W\d_A-Z]")


class Comparison(StrEnum):
    """How what two quotes say stands to each other."""

    AGREE = "agree"
    CONFLICT = "conflict"
    """They say different things of the same kind: of one unit, of one calendar, or two names."""
    UNRELATED = "unrelated"
    """They cannot be compared."""


@dataclass(frozen=True, slots=True)
class Name:
    """A name of capitalised words, without titles before it."""

    parts: tuple[str, ...]
    """Case-folded."""
    initials: str
    """Of an acronym its letters; of a name of several words what they begin with."""
    acronym: bool


@dataclass(frozen=True, slots=True)
class Values:
    """A quote as values."""

    words: tuple[str, ...]
    quantities: tuple[Quantity, ...]
    dates: tuple[PartialDate, ...]
    names: tuple[Name, ...]


def values_of(text: str, inside: Span | None = None) -> Values:
    """The values that ``text`` holds; those that reach into the span ``inside``, if it is given.

    The text around a quote tells what its numbers count: "16,000" in "more than 16,000 students".
    """
    inside = inside if inside is not None else Span(0, len(text))
    dates, every = _dates_and_quantities(text)
    quantities = [q for q in every if q.span.overlaps(inside)]
    return Values(
        words=tuple(words(inside.of(text))),
        quantities=tuple(quantities[:MOST_VALUES]),
        dates=tuple([d for d in dates if d.span.overlaps(inside)][:MOST_VALUES]),
        names=tuple(_names(text, inside)[:MOST_VALUES]),
    )


@lru_cache(maxsize=2_000)
def _dates_and_quantities(text: str) -> tuple[Sequence[PartialDate], Sequence[Quantity]]:
    """Of a whole sentence, which several questions may come upon."""
    dates = dates_of(text)
    # Figures of a date are no quantities; blanks keep what is left in its place.
    rest = list(text)
    for dated in dates:
        rest[dated.span.start : dated.span.end] = "\n" * len(dated.span)
    return tuple(dates), tuple(quantities_of("".join(rest)))


def compared(one: Values, other: Values) -> Comparison:
    """Whether two quotes agree, conflict or cannot be compared; the same in either order.

    Values of each kind that both hold decide, quantities and dates before names; of several values
    of a kind, one that both share is enough to agree. Without any, one quote that holds the other
    in its words agrees with it.
    """
    if one.words == other.words and one.words:
        return Comparison.AGREE
    found = [
        _any_agree(one.quantities, other.quantities, _quantities),
        _any_agree(one.dates, other.dates, _dates),
    ]
    if not any((one.quantities, one.dates, other.quantities, other.dates)):
        found.append(_any_agree(one.names, other.names, _named))
    verdicts = [verdict for verdict in found if verdict is not None]
    if not verdicts:
        return Comparison.AGREE if _one_holds_the_other(one, other) else Comparison.UNRELATED
    for decisive in (Comparison.UNRELATED, Comparison.CONFLICT):
        if decisive in verdicts:
            return decisive
    return Comparison.AGREE


_Value = TypeVar("_Value")


def _any_agree(
    ones: Sequence[_Value], others: Sequence[_Value], rule: Callable[[_Value, _Value], Comparison]
) -> Comparison | None:
    """One verdict on all pairs; ``None`` if a side holds nothing of the kind."""
    verdicts = {rule(one, other) for one in ones for other in others}
    for decisive in (Comparison.AGREE, Comparison.CONFLICT):
        if decisive in verdicts:
            return decisive
    return Comparison.UNRELATED if verdicts else None


def _quantities(one: Quantity, other: Quantity) -> Comparison:
    precision = max(one.precision, other.precision)
    apart = max(one.low, other.low) - min(one.high, other.high) > precision
    near = max(one.near_low, other.near_low) - min(one.near_high, other.near_high) <= precision
    if one.unit != other.unit or not one.unit:
        bare = not (one.unit and other.unit)
        return Comparison.AGREE if bare and near else Comparison.UNRELATED
    if apart:
        return Comparison.CONFLICT
    return Comparison.AGREE if near else Comparison.UNRELATED


def _dates(one: PartialDate, other: PartialDate) -> Comparison:
    same = [
        mine == its
        for mine, its in ((one.month, other.month), (one.day, other.day))
        if mine is not None and its is not None
    ]
    if one.years is not None and other.years is not None:
        overlap = max(one.years[0], other.years[0]) <= min(one.years[1], other.years[1])
        same.append(overlap)
    if not same:
        return Comparison.UNRELATED
    return Comparison.AGREE if all(same) else Comparison.CONFLICT


def _named(one: Name, other: Name) -> Comparison:
    longer, shorter = sorted((one.parts, other.parts), key=len, reverse=True)
    surname = longer[-1] == shorter[-1]
    part_of = set(shorter) <= set(longer)
    same_ends = surname and len(shorter) > 1 and longer[0] == shorter[0]
    spelt_out = one.acronym != other.acronym and one.initials == other.initials
    if part_of or same_ends or spelt_out:
        return Comparison.AGREE
    return Comparison.CONFLICT


def _one_holds_the_other(one: Values, other: Values) -> bool:
    longer, shorter = sorted((one.words, other.words), key=len, reverse=True)
    if not shorter or len(longer) > LONGEST_RATIO * len(shorter):
        return False
    return f" {' '.join(shorter)} " in f" {' '.join(longer)} "


def _names(text: str, inside: Span) -> list[Name]:
    """Names that reach into ``inside``: runs of capitalised words, each once.

    One capitalised word at the beginning of a text that goes on is a name only if it is all of
    ``inside``: sentences begin with a capital too. A quote that tells more than names has none: who
    is mentioned in it is not what it says.
    """
    found: dict[tuple[str, ...], Name] = {}
    named = 0
    for run in _runs(text):
        span = Span(run[0].start(), run[-1].end())
        if not span.overlaps(inside):
            continue
        begins = not text[max(0, span.start - 3) : span.start].strip("\"'“”‘’«»[( \t\n")
        unsure = begins and span.start <= 3 and len(run) == 1 and _GOES_ON.match(text, span.end)
        if not unsure or span == inside:
            named += min(span.end, inside.end) - max(span.start, inside.start)
            name = _name([match.group() for match in run])
            if name is not None:
                found.setdefault(name.parts, name)
    return list(found.values()) if NAMED_SHARE * len(inside) <= named else []


def _runs(text: str) -> Iterable[list[re.Match[str]]]:
    """Capitalised words that follow each other, particles between them included."""
    run: list[re.Match[str]] = []
    pending: list[re.Match[str]] = []
    for match in _WORD.finditer(text):
        if run and not _follows(text, (pending or run)[-1], match):
            yield run
            run, pending = [], []
        word = match.group()
        common = word.casefold() in FUNCTION_WORDS and not (word.isupper() and len(word) > 1)
        if word[0].isupper() and not common:
            run += [*pending, match]
            pending = []
        elif run and word in _PARTICLES:
            pending.append(match)
        elif run:
            yield run
            run, pending = [], []
    if run:
        yield run


def _follows(text: str, one: re.Match[str], other: re.Match[str]) -> bool:
    """True if a blank alone parts two words, or the point of an initial or a title as well."""
    between = text[one.end() : min(other.start(), one.end() + 3)]
    short = len(one.group()) == 1 or "." in one.group() or one.group().casefold() in _TITLES
    return between == " " or (between == ". " and short)


def _name(run: Sequence[str]) -> Name | None:
    """The name in a run of words; what stands before a title ("Russian President") belongs to it."""
    plain = [word.removesuffix("'s").removesuffix("’s") for word in run]
    folded = [word.casefold() for word in plain]
    titled = max((place for place, word in enumerate(folded) if word in _TITLES), default=-1)
    kept = [
        (word, fold)
        for word, fold in list(zip(plain, folded, strict=True))[titled + 1 :]
        if fold not in _PARTICLES and fold
    ]
    if not kept:
        return None
    parts = tuple(fold for _, fold in kept)
    if len(parts) == 1 and parts[0] in _CALENDAR:
        return None
    letters = kept[0][0].replace(".", "")
    acronym = len(kept) == 1 and len(letters) > 1 and letters.isupper()
    initials = letters.casefold() if acronym else "".join(part[0] for part in parts)
    return Name(parts, initials, acronym)
