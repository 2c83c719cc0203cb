"""Follow-up questions: what "And in 2025?" or "Who said that?" may mean after what went before.

No model rewrites anything. A question that leans on the dialogue is read in a few ways, each built from
words that were typed or quoted before; every reading is answered and the most confident one is kept. A
question that stands alone has one reading, itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from qa.expectations import typed_spans
from qa.terms import FUNCTION_WORDS, words

__all__ = ["Reading", "Turn", "readings", "stands_alone"]

#: A follow-up is answered in at most so many ways, as typed included.
MOST_READINGS = 5


@dataclass(frozen=True, slots=True)
class Turn:
    """A question that was answered, as it was understood, with what was answered."""

    question: str
    answer: str | None = None
    """The quote; ``None`` where there was no answer."""
    sentence: str | None = None
    """The sentence the quote stands in."""
    file: str | None = None
    """Where it stands."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to understand a question."""

    question: str
    files: frozenset[str] | None = None
    """Documents that the answer is looked for in; ``None`` for all."""
    as_typed: bool = False


_LEAD_IN = re.compile(
    r"^(?:(?:and|but|so|or|then|ok(?:ay)?|also|now)\b[\s,]*)*"
    r"(?:(?:what|how)(?:['’]s| is)?\s+(?:about|of|with)\b\s*)?",
    re.IGNORECASE,
)
_PREPOSITION = re.compile(
    r"^(?:in|for|with|from|by|at|on|of|to|during|since|until|under)\s+", re.IGNORECASE
)
_PERSONAL = re.compile(
    r"\b(he|she|him|her|his|hers|they|them|their|theirs|it|its)\b", re.IGNORECASE
)
_POSSESSIVE = frozenset(("his", "hers", "their", "theirs", "its"))
_POINTING = re.compile(
    r"\b(?:that|this|those|these)\b(?=\s*(?:[?.!]|$)|\s+(?:is|was|were|are|mean|happen|change|come|take"
    r"|work|cost|last|go|possible|so)\b)",
    re.IGNORECASE,
)
_LEANING = re.compile(
    r"\b(?:the same|the other way (?:a?round)|vice versa|the former|the latter|the first one"
    r"|the second one|(?:who|what|where|when|how|why) else|there|then|each other|of (?:them|these|those)"
    r"|the (?:year|month|day|week) (?:before|after)|before that|after that|one|ones)\b[\s?.!]*$",
    re.IGNORECASE,
)
_OTHER_WAY = re.compile(r"\bother way a?round\b|\bvice versa\b", re.IGNORECASE)
_QUESTION_WORD = re.compile(
    r"^(?:who(?:m|se)?|what|when|where|why|which|how(?:\s+(?:many|much|long|often|old|far|big|high))?)\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"[A-Z][\w’'-]*\w(?:\s+(?:of\s+|the\s+|de\s+|al-)?[A-Z][\w’'-]*\w)*")
_COUNTED = re.compile(r"\bhow many\s+((?:[a-z-]+\s+){0,2}?[a-z-]+s)\b", re.IGNORECASE)


def stands_alone(question: str) -> bool:
    """True if nothing in the question leans on what went before."""
    bare = question.strip()
    if _LEAD_IN.match(bare)[0].strip() or _LEANING.search(bare):  # type: ignore[index]
        return False
    if _POINTING.search(bare):
        return False
    content = [word for word in words(bare) if word not in FUNCTION_WORDS]
    names = _names(bare)
    if len(content) <= 1 and not names:
        return False
    pronoun = _PERSONAL.search(bare)
    # "What did Erdogan say about his visit?" names its own person.
    return pronoun is None or any(bare.index(name) < pronoun.start() for name in names)


def readings(question: str, turns: Sequence[Turn]) -> list[Reading]:
    """The ways to understand ``question`` after ``turns``, as typed first; each once.

    A question that stands alone, or that opens a dialogue, is read as typed only.
    """
    typed = Reading(question, as_typed=True)
    if not turns or stands_alone(question):
        return [typed]
    last = turns[-1]
    carried = [
        text
        for text in dict.fromkeys(_carried(question.strip(), last))
        if text.casefold() != question.strip().casefold()
    ]
    found = [typed, *(Reading(text) for text in carried[: MOST_READINGS - 2])]
    if last.file is not None:
        nearest = carried[0] if carried else question
        found.append(Reading(nearest, frozenset((last.file,))))
    return found


def _carried(question: str, last: Turn) -> list[str]:
    """The question with what it leaves out filled in from the last turn, likeliest first."""
    if _OTHER_WAY.search(question):
        return _swapped(last.question)
    rest = question[_LEAD_IN.match(question).end() :].rstrip(" ?.!")  # type: ignore[union-attr]
    if (
        not _QUESTION_WORD.match(rest)
        and not _PERSONAL.search(rest)
        and not _starts_as_question(rest)
    ):
        return _refocused(rest, last.question)
    filled = _with_referents(rest, last)
    if _is_bare(rest) or not filled:
        filled = [*_asked_anew(rest, last), *filled]
    return filled


def _refocused(focus: str, question: str) -> list[str]:
    """The last question with something of the new focus's kind replaced by it."""
    if not focus:
        return []
    asked = question.rstrip(" ?.!")
    inner = _PREPOSITION.sub("", focus)
    appended = f"{asked} {focus}?" if inner != focus else f"{asked} {_joining(inner)}{inner}?"
    times = typed_spans(asked, "time", "")
    if typed_spans(inner, "time", ""):
        replaced = [f"{asked[: t.start]}{inner}{asked[t.end :]}?" for t in times]
        return [*replaced, appended]
    if _names(f"about {inner}"):
        replaced = [asked.replace(name, inner) + "?" for name in reversed(_names(asked))]
        return [*replaced[:2], appended]
    return [appended, f"{inner}: {asked}?"]


def _with_referents(question: str, last: Turn) -> list[str]:
    """The question with its pronouns replaced by what they may stand for."""
    texts = []
    for referent in _referents(last):
        text = _POINTING.sub(lambda match: match[0], question)
        text = _PERSONAL.sub(lambda match: _in_place_of(match[1], referent), text)  # noqa: B023
        if text != question:
            texts.append(f"{text}?")
    if _POINTING.search(question) and last.sentence is not None:
        said = _clipped(last.sentence)
        texts.append(_POINTING.sub(f"that {said}", question, count=1) + "?")
    return texts


def _referents(last: Turn) -> list[str]:
    """What a pronoun may stand for: the last answer, the names of its question, what was counted."""
    found = []
    if last.answer is not None and len(last.answer.split()) <= 8:
        found.append(last.answer.strip(" .,;:\"'“”‘’"))
    found += reversed(_names(last.question))
    found += [match[1] for match in _COUNTED.finditer(last.question)]
    if last.sentence is not None:
        found += _names(last.sentence)[:1]
    return list(dict.fromkeys(found))[:3]


def _in_place_of(pronoun: str, referent: str) -> str:
    if pronoun.casefold() in _POSSESSIVE:
        return referent if referent.endswith(("'s", "’s")) else f"{referent}'s"
    return referent


def _asked_anew(question: str, last: Turn) -> list[str]:
    """The last question's statement under a new question word: "Why?" after "How much did it grow?"."""
    asked = last.question.rstrip(" ?.!")
    statement = _QUESTION_WORD.sub("", asked).strip()
    opening = _QUESTION_WORD.match(question)
    word = opening[0] if opening else question
    tail = question[len(word) :].strip() if opening else ""
    tail = "" if _POINTING.search(tail) or _is_bare(question) else f" {tail}"
    answer = f" {last.answer}" if last.answer is not None else ""
    return [f"{word} {statement}{answer}{tail}?", f"{word} {statement}{tail}?"]


def _is_bare(question: str) -> bool:
    """Hardly more than a question word: "Why?", "Since when?", "Who said that?"."""
    return not [word for word in words(question) if word not in FUNCTION_WORDS]


def _starts_as_question(text: str) -> bool:
    first = words(text)[:1]
    return bool(first) and first[0] in {
        "is", "are", "was", "were", "did", "does", "do", "has", "have", "had", "can", "could", "will",
        "would", "should", "since", "until", "from", "by",
    }  # fmt: skip


def _swapped(question: str) -> list[str]:
    """The last two names of a question in each other's place."""
    names = _names(question)
    if len(names) < 2:
        return [question]
    first, second = names[-2:]
    marker = "\x00"
    swapped = question.replace(first, marker).replace(second, first).replace(marker, second)
    return [swapped]


def _names(text: str) -> list[str]:
    """Runs of capitalised words, without a question word that only begins the sentence."""
    found = []
    for match in _NAME.finditer(text):
        name = match[0]
        head, _, tail = name.partition(" ")
        if match.start() == 0 and head.casefold() in FUNCTION_WORDS:
            name = tail
        if name:
            found.append(name)
    return found


def _joining(focus: str) -> str:
    return "in " if typed_spans(focus, "time", "") else "for "


def _clipped(sentence: str, longest: int = 30) -> str:
    pieces = sentence.strip(" \"'“”‘’").rstrip(".!?").split()
    return " ".join(pieces[:longest])
