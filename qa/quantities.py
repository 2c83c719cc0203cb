"""Quantities as English text writes them: a number with its magnitude, bounds and unit.

"$4.5bn", "4.5 billion dollars" and "four and a half billion US dollars" are one value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from math import inf

from qa.terms import FUNCTION_WORDS, stem
from qa.text import Span

__all__ = ["PERCENT", "PERCENTAGE_POINT", "Quantity", "quantities_of"]

PERCENT, PERCENTAGE_POINT = "percent", "percentage point"
#: A number is rounded by half a unit of its last digit, but where zeros or a magnitude word end it by no
#: more than this share of it: "5 million" is not 5.4 million.
LARGEST_ROUNDING = 0.05
#: Numbers of this size and more may have been rounded to the zeros they end in.
ROUND_FROM = 1_000
#: How many characters before and after a number are looked at for what belongs to it.
REACH = 60
#: At most this many words after a number are taken for what it counts.
LONGEST_UNIT = 3

_MAGNITUDES = {
    "hundred": 1e2,
    **dict.fromkeys(("thousand", "k"), 1e3),
    **dict.fromkeys(("million", "mn", "mln", "m"), 1e6),
    **dict.fromkeys(("billion", "bn", "bln", "b"), 1e9),
    **dict.fromkeys(("trillion", "tn", "trn"), 1e12),
    "dozen": 12.0,
}
_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    " sixteen seventeen eighteen nineteen".split()
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_WRITTEN = {
    **{word: number for number, word in enumerate(_ONES)},
    **{word: 10 * number for number, word in enumerate(_TENS, start=2)},
}
_CURRENCIES = {
    "USD": r"(?:US|U\.S\.|American)?\s?dollars?|USD|US\$|\$",
    "EUR": r"euros?|EUR|€",
    "GBP": r"(?:British )?pounds? sterling|British pounds?|GBP|£",
    "RUB": r"(?:Russian )?rou?bles?|RUB|₽",
    "AZN": r"(?:Azerbaijani )?manats?|AZN|₼",
    "CNY": r"(?:Chinese )?yuan|renminbi|CNY|RMB",
    "JPY": r"(?:Japanese )?yen|JPY|¥",
    "CHF": r"(?:Swiss )?francs?|CHF",
    "INR": r"(?:Indian )?rupees?|INR|₹",
    "TRY": r"(?:Turkish )?lira|TRY|₺",
    "KZT": r"(?:Kazakh )?tenge|KZT|₸",
    "AUD": r"Australian dollars?|AUD|A\$",
    "CAD": r"Canadian dollars?|CAD|C\$",
}
#: One spelling for each measure; any other noun is known by its stem.
_MEASURES = {
    **dict.fromkeys(("km", "kms", "kilometer", "kilometers", "kilometre", "kilometres"), "km"),
    **dict.fromkeys(("m", "meter", "meters", "metre", "metres"), "m"),
    **dict.fromkeys(("kg", "kgs", "kilogram", "kilograms", "kilogramme", "kilogrammes"), "kg"),
    **dict.fromkeys(("ton", "tons", "tonne", "tonnes", "t"), "ton"),
    **dict.fromkeys(("hour", "hours", "hr", "hrs", "h"), "hour"),
    **dict.fromkeys(("minute", "minutes", "min", "mins"), "minute"),
    **dict.fromkeys(("people", "persons", "person"), "person"),
    **dict.fromkeys(("man", "men"), "man"),
    **dict.fromkeys(("woman", "women"), "woman"),
    **dict.fromkeys(("child", "children"), "child"),
}
_PLURALS = frozenset({"people", "men", "women", "children", "km", "kg"})

_DIGITS = r"[0-9]{1,3}(?:[ \u00a0\u202f][0-9]{3})+(?![0-9.,]*[0-9])|[0-9](?:[0-9.,]*[0-9])?"
_WORD = "|".join(sorted(_WRITTEN, key=len, reverse=True))
_LARGE = "hundred|thousand|million|billion|trillion|dozen"
_WORDS = (
    rf"(?:(?:an?\s(?:hundred|thousand)|{_WORD})\b)(?:(?:[\s-]|\sand\s)(?:{_WORD}|hundred|thousand)\b)*"
    rf"|(?:half\s)?an?(?=\s(?:{_LARGE})\b)"
)
_NUMBER = re.compile(
    rf"(?<![\w.:/])(?<![^\W\d]-)(?<!\d-)(?>(?P<digits>{_DIGITS})|(?P<words>{_WORDS}))(?![:/][0-9])",
    re.IGNORECASE,
)
_HALF = re.compile(r"\sand\sa\shalf\b", re.IGNORECASE)
_MAGNITUDE = re.compile(rf"[\s-]?({_LARGE}|mln|mn|bln|bn|trn|tn)\b", re.IGNORECASE)
_LETTER = re.compile(r"([kmb])\b(?=(\s[^\W\d_])?)", re.IGNORECASE)
_JOINING = frozenset({" to ", " and ", " or ", ", "})
_NEGATIVE = re.compile(r"(?<!\w)[-−]\Z")
_ORDINAL = re.compile(r"(?:st|nd|rd|th)\b")
_RANGE = re.compile(r"(?:\s?[-–—]\s?|\sto\s|\sand\s)[$€£]?(?=[0-9])")
_FIGURES = re.compile(rf"(?P<digits>{_DIGITS})(?P<words>(?!))?(?![\w.:/-][0-9])")
_POINTS = re.compile(r"[\s-]?(?:(?:percentage|percent|per cent|%)[\s-]points?|pp)\b", re.IGNORECASE)
_PERCENT = re.compile(r"\s?%|[\s-](?:percent|per cent|per-cent|pct)\b", re.IGNORECASE)
_OR_MORE = re.compile(
    r"\+|(?:\s[^\W\d_]+)?,?\sor\s(?:even\s)?(?:more|higher|over)\b", re.IGNORECASE
)
_UNIT_WORD = re.compile(r"[\s\u00a0-]([^\W\d_]+(?:['’][^\W\d_]+)?)")
_CURRENCY_BEFORE = tuple(
    (code, re.compile(rf"(?<![^\W\d_])(?:{pattern})\s?\Z")) for code, pattern in _CURRENCIES.items()
)
_CURRENCY_AFTER = tuple(
    (code, re.compile(rf"\s?(?:{pattern})(?!\w)", re.IGNORECASE))
    for code, pattern in _CURRENCIES.items()
)
#: Share of the value below and above it that a bound allows, and that a reader would expect.
_BOUNDS = tuple(
    (
        re.compile(rf"(?<!\w)(?:{words})\s?(?:(?:the|a)\s(?:mark|level)\sof\s)?\Z", re.IGNORECASE),
        shares,
    )
    for words, shares in (
        (
            r"(?:no|not) (?:more|greater|higher) than|at (?:the )?most|up to|a maximum of",
            (-inf, 0.0, -0.05, 0.0),
        ),
        (r"(?:no|not) (?:fewer|less|lower) than|at least|a minimum of", (0.0, inf, 0.0, 0.05)),
        (r"(?:just|slightly|a little) (?:over|above|more than)", (0.0, 0.1, 0.0, 0.05)),
        (
            r"just (?:under|below)|nearly|almost|close to|approaching|not quite",
            (-0.1, 0.0, -0.05, 0.0),
        ),
        (
            r"more than|over|above|exceed(?:s|ed|ing)?|(?:greater|higher) than|in excess of"
            r"|upwards of|surpass(?:es|ed|ing)?",
            (0.0, inf, 0.0, 0.05),
        ),
        (r"(?:less|fewer|lower) than|under|below", (-inf, 0.0, -0.05, 0.0)),
        (
            r"about|around|approximately|roughly|some|circa|an estimated|ca\.?|~",
            (-0.1, 0.1, -0.05, 0.05),
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number or a range of numbers of something."""

    low: float
    high: float
    """The values that its words allow: equal where they give one, infinite where they set no end."""
    near_low: float
    near_high: float
    """The values that a reader expects of it: "more than 17" is not 19."""
    precision: float
    """By how much it may have been rounded."""
    unit: str
    """``percent``, a currency's code (ISO 4217), the stem of what is counted, or empty."""
    span: Span

    @property
    def exact(self) -> bool:
        """True if it is one value without a bound."""
        return self.low == self.high


@dataclass(frozen=True, slots=True)
class _Number:
    """A number as far as its magnitude words."""

    digits: float
    step: float
    """Half a unit of the last digit that was not left out in rounding."""
    magnitude: float
    end: int

    @property
    def value(self) -> float:
        return self.digits * self.magnitude

    @property
    def precision(self) -> float:
        rounding = self.step * self.magnitude
        if self.step > 0.5 or self.magnitude > 1:
            return min(rounding, LARGEST_ROUNDING * abs(self.value))
        return rounding


def quantities_of(text: str) -> list[Quantity]:
    """The quantities in ``text``, in order and without overlap; dates in figures are among them.

    Written-out numbers are read up to the thousands and with a magnitude behind them, ranges in
    figures. "Dozens" and "several" are no numbers, nor is a "one" that counts nothing.
    """
    found: list[Quantity] = []
    for match in _NUMBER.finditer(text):
        if not found or match.start() >= found[-1].span.end:
            quantity = _quantity(text, match)
            if quantity is not None:
                found.append(quantity)
    # In "1 million to 5 million tons" and "two or three boats" the first number has the second's unit.
    for place in range(len(found) - 2, -1, -1):
        one, other = found[place], found[place + 1]
        if not one.unit and text[one.span.end : other.span.start] in _JOINING:
            found[place] = replace(one, unit=other.unit)
    return found


def _quantity(text: str, match: re.Match[str]) -> Quantity | None:
    before = text[max(0, match.start() - REACH) : match.start()]
    currency, before = _currency_before(before)
    first = _number(text, match, currency)
    if first is None:
        return None
    last = _end_of_range(text, first, before, currency)
    if last is not None and first.magnitude == 1 and first.digits < last.digits:
        first = replace(first, magnitude=last.magnitude)  # "15-20 million"
    end = first.end if last is None else last.end
    more = text.startswith("+", end)
    end += more
    unit = currency
    if not unit:
        unit, end = _unit(text, end, one=first.value == 1)
    if not unit and (match["words"] or "").lower() == "one":
        return None
    span = Span(match.start(), end)
    if last is not None:
        low, high = first.value, last.value
        return Quantity(low, high, low, high, last.precision, unit, span)
    more = more or _OR_MORE.match(text[end : end + REACH]) is not None
    value = -first.value if _NEGATIVE.search(before) else first.value
    return Quantity(*_bounded(value, before, more), first.precision, unit, span)


def _currency_before(before: str) -> tuple[str, str]:
    """The currency that ends ``before``, and what stands before it."""
    for code, pattern in _CURRENCY_BEFORE:
        match = pattern.search(before)
        if match:
            return code, before[: match.start()]
    return "", before


def _number(text: str, match: re.Match[str], currency: str) -> _Number | None:
    digits = _from_figures(match["digits"]) if match["digits"] else _from_words(match["words"])
    if digits is None:
        return None
    value, step = digits
    end, magnitude = match.end(), 1.0
    half = _HALF.match(text, end)
    if half:
        value, step, end = value + 0.5, step / 2, half.end()
    for _ in range(2):  # "two hundred thousand"
        large = _MAGNITUDE.match(text, end)
        if large:
            magnitude, end = magnitude * _MAGNITUDES[large[1].lower()], large.end()
    letter = _LETTER.match(text, end) if magnitude == 1 and match["digits"] else None
    # "5m" alone is a length, "$5m" and "5m people" are not.
    if letter and (currency or letter[1] in "kK" or letter[2]):
        magnitude, end = _MAGNITUDES[letter[1].lower()], letter.end()
    return _Number(value, step, magnitude, end)


def _from_figures(figures: str) -> tuple[float, float] | None:
    """A number and half a unit of its last digit; ``None`` for what is no number, such as 1.2.3."""
    if len(figures) > 24:
        return None
    plain = re.sub(r"[ \u00a0\u202f]", "", figures)
    thousands, point = (".", ",") if plain.rfind(",") > plain.rfind(".") >= 0 else (",", ".")
    whole, _, decimals = plain.partition(point)
    groups = whole.split(thousands)
    if point in decimals or thousands in decimals:
        groups, decimals = plain.split(point), ""
    if any(len(group) != 3 for group in groups[1:]):
        if "." in plain or len(groups) != 2:
            return None
        groups, decimals = groups[:1], groups[1]  # "4,5": a decimal comma
    digits = "".join(groups)
    if not (digits + decimals).isdecimal() or not digits:
        return None
    if decimals:
        return float(f"{digits}.{decimals}"), 0.5 * 10.0 ** -len(decimals)
    return float(digits), _step_of(int(digits))


def _from_words(written: str) -> tuple[float, float] | None:
    """A number and half a unit of its last digit; ``None`` for words that add up to none."""
    total = current = 0
    for word in re.findall(r"[a-z]+", written.lower()):
        if word == "half":
            return 0.5, 0.05
        if word in ("a", "an"):
            current = 1
        elif word == "hundred" and 0 < current < 100:
            current *= 100
        elif word == "thousand" and not total:
            total, current = max(current, 1) * 1_000, 0
        elif word in _WRITTEN:
            number, tens = _WRITTEN[word], current % 100
            if tens and not (tens >= 20 and tens % 10 == 0 and 0 < number < 10):
                return None
            current += number
        elif word != "and":
            return None
    return float(total + current), _step_of(total + current)


def _step_of(number: int) -> float:
    if number < ROUND_FROM:
        return 0.5
    figures = str(number)
    return 0.5 * 10.0 ** (len(figures) - len(figures.rstrip("0")))


def _end_of_range(text: str, first: _Number, before: str, currency: str) -> _Number | None:
    """The higher number of "10-12", "10 to 12" and "between 10 and 12"; "from 10 to 12" is a change."""
    mark = _RANGE.match(text, first.end)
    if mark is None:
        return None
    earlier = before.casefold().rstrip().rpartition(" ")[2]
    if ("to" in mark[0] and earlier == "from") or ("and" in mark[0] and earlier != "between"):
        return None
    match = _FIGURES.match(text, mark.end())
    last = _number(text, match, currency) if match else None
    return last if last is not None and last.value > first.value else None


def _unit(text: str, at: int, *, one: bool) -> tuple[str, int]:
    """What is counted by the number that ends at ``at``, and where its words end."""
    after = text[at : at + REACH]
    ordinal = _ORDINAL.match(after)
    if ordinal:
        noun, end = _noun(after[ordinal.end() :], one=True)
        return f"ordinal {noun}".strip(), at + ordinal.end() + end
    for pattern, unit in ((_POINTS, PERCENTAGE_POINT), (_PERCENT, PERCENT)):
        match = pattern.match(after)
        if match:
            return unit, at + match.end()
    for code, pattern in _CURRENCY_AFTER:
        match = pattern.match(after)
        if match:
            return code, at + match.end()
    noun, end = _noun(after, one=one)
    return noun, at + end


def _noun(after: str, *, one: bool) -> tuple[str, int]:
    """The head of the nouns that ``after`` begins with, and where it ends.

    A plural ends the phrase ("324 secondary schools"); behind a hyphen or "one", the first word does.
    """
    end, word = 0, ""
    for _ in range(LONGEST_UNIT):
        match = _UNIT_WORD.match(after, end)
        if match is None or match[1].casefold() in FUNCTION_WORDS:
            break
        word, hyphen, end = match[1].casefold(), after[end] == "-", match.end()
        plural = word in _PLURALS or (word.endswith("s") and not word.endswith("ss"))
        if plural or hyphen or one or word in _MEASURES:
            break
    return _MEASURES.get(word, stem(word)) if word else "", end


def _bounded(value: float, before: str, more: bool) -> tuple[float, float, float, float]:
    """``low, high, near_low, near_high`` of a value with the words before it."""
    shares = next((shares for pattern, shares in _BOUNDS if pattern.search(before)), None)
    if shares is None:
        shares = (0.0, inf, 0.0, 0.05) if more else (0.0, 0.0, 0.0, 0.0)
    size = abs(value) or 1.0
    low, high, near_low, near_high = (value + share * size if share else value for share in shares)
    return low, high, near_low, near_high
