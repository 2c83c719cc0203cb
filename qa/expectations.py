"""What a question expects of its answer, read off its wording: a number, a time, a person, a place."""

from __future__ import annotations

import re

from qa.terms import words
from qa.text import Span

__all__ = ["asks_who_says", "expected_type", "says", "typed_spans"]

# The first pattern that matches a question decides.
_ASKED = {
    "number": r"\bhow (?:many|much|large|big|long|old|far|high|tall|often|fast|deep|strongly|sharply)\b"
    r"|\b(?:what|which) (?:number|percent\w*|share|proportion|amount|sum|figure|age)\b|\bby how\b",
    "time": r"\bwhen\b|\bhow (?:soon|recently)\b"
    r"|\b(?:what|which) (?:year|date|day|month|time|century|decade)\b",
    "person": r"\bwho(?:m|se)?\b|\b(?:what|which) (?:man|woman|person|leader|president)\b",
    "place": r"\bwhere\b|\b(?:what|which) (?:city|town|country|place|region|state|village|island)\b",
    "reason": r"\bwhy\b|\bwhat (?:reason|caused)\b|\bhow come\b|\bwhat\b.*\bfor\?",
}
_NUMBER_WORD = (
    r"(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen"
    r"|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
    r"|hundreds?|thousands?|dozens?|half|twice|several)"
)
_MONTH = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
)
_NAME = r"[A-Z][\w’'.-]*\w(?: (?:of |the |de |van |von |al |bin )?[A-Z][\w’'.-]*\w)*"
_HELD = {
    "number": r"(?i:(?:more than|less than|fewer than|over|nearly|almost|about|around|at least|up to) )?"
    rf"(?:[$€£]\s?)?(?i:\b(?:\d[\d,.]*\d|\d|{_NUMBER_WORD})(?:st|nd|rd|th)?\b)"
    r"(?i:\s?%|[\s-](?:percent|per cent|hundred|thousand|million|billion|trillion|dozen|dollars|euros"
    r"|tons|tonnes|km|kilomet(?:er|re)s|miles|years|months|weeks|days|hours|minutes|times)\b)*",
    "time": rf"\b(?:\d{{1,2}}(?:st|nd|rd|th)? )?{_MONTH}\b(?: \d{{1,2}}\b)?(?:,? \d{{4}}\b)?"
    r"|\b(?:1\d{3}|20\d{2})s?\b|\b\d{1,2}(?:st|nd|rd|th) century\b|\b(?:yesterday|today|recently)\b"
    r"|\b(?:last|next|this|mid-next|every) (?:year|month|week|decade|century|spring|summer|autumn|winter)\b"
    r"|\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b"
    rf"|\b(?:a|\d+|{_NUMBER_WORD}) (?:few )?(?:days?|weeks?|months?|years?|decades?) (?:ago|later|earlier)\b",
    "person": rf"\b{_NAME}",
    "place": rf"(?<=\b[Ii]n )(?:the )?{_NAME}|(?<=\b[Aa]t )(?:the )?{_NAME}|(?<=\bto )(?:the )?{_NAME}"
    rf"|(?<=\bfrom )(?:the )?{_NAME}|(?<=\bof )(?:the )?{_NAME}|(?<=\bnear )(?:the )?{_NAME}",
    "reason": r"(?i:\b(?:because|since|due to|thanks to|in order to|so that|as a result of|in view of"
    r"|given|owing to|to (?=\w+e\b))\b[^.;]*)",
}
_SAYING = re.compile(
    r"\b(?:sa(?:id|ys?)|t(?:old|ells?)|stated?|noted?|stress\w*|emphasi[sz]\w*|announc\w*|according to"
    r"|claim\w*|thinks?|believ\w*|argued?|quot\w*|mention\w*|call(?:ed|s)|thank\w*|express\w*"
    r"|confident|recall\w*|add(?:ed|s)|describ\w*|admitt?\w*|promis\w*|predict\w*)\b",
    re.IGNORECASE,
)
_QUESTION_PATTERNS = {
    name: re.compile(pattern, re.IGNORECASE | re.DOTALL) for name, pattern in _ASKED.items()
}
_TEXT_PATTERNS = {name: re.compile(pattern) for name, pattern in _HELD.items()}


def expected_type(question: str) -> str | None:
    """``number``, ``time``, ``person``, ``place``, ``reason``, or ``None`` where the wording is open."""
    return next(
        (name for name, pattern in _QUESTION_PATTERNS.items() if pattern.search(question)), None
    )


def typed_spans(text: str, kind: str, question: str) -> list[Span]:
    """Where ``text`` has something of this kind that the question does not name itself."""
    asked = set(words(question))
    return [
        Span(match.start(), match.end())
        for match in _TEXT_PATTERNS[kind].finditer(text)
        if match.end() > match.start() and not set(words(match.group())) <= asked
    ]


def asks_who_says(question: str) -> bool:
    """True if the question is about what somebody said, or who said it."""
    return _SAYING.search(question) is not None


def says(text: str) -> bool:
    """True if ``text`` reports speech."""
    return _SAYING.search(text) is not None
