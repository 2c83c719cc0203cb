"""Follow-up questions: what "And in 2025?" or "Who said that?" means after what went before.

No model rewrites anything. A question that leans on the dialogue is read in a few ways, each built of
words that were typed or quoted before; every reading is answered, and the most confident answer is kept
that is not the one just given.
What works best was measured: to look for the follow-up together with the questions it hangs on, but to
read the passages for the follow-up alone; beside it, the follow-up with its gaps filled in by rule.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from qa.answer import Answer, Reply
from qa.expectations import expected_type, typed_spans
from qa.terms import FUNCTION_WORDS, words

__all__ = ["Reading", "leans", "names_in", "plausibility", "readings"]

#: So many earlier questions are looked for with a follow-up, at most.
MOST_EARLIER = 3
#: A question that can stand alone is taken as typed, unless with what went before the odds of its answer are
#: so many times as high.
SURER = 3.0
#: A longer answer is no stand-in for a pronoun, in words.
LONGEST_REFERENT = 8


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to understand a question."""

    question: str
    """What passages are read for."""
    after: tuple[str, ...] = ()
    """Earlier questions whose words help to find the passages."""

    @property
    def sought(self) -> str:
        """What passages are looked for with."""
        return " ".join((*self.after, self.question))


_LEAD_IN = re.compile(
    r"^(?:(?:and|but|so|or|then|ok(?:ay)?|also|now)\b[\s,]*)*"
    r"(?:(?:what|how)(?:['’]s| is)?\s+(?:about|of|with)\b\s*)?",
    re.IGNORECASE,
)
_PREPOSITION = re.compile(
    r"^(?:in|for|with|from|by|at|on|of|to|during|since|until|under)\s+", re.IGNORECASE
)
_PRONOUN = re.compile(r"\b(he|she|him|her|his|hers|they|them|their|theirs|it|its)\b", re.IGNORECASE)
_OF_PERSONS = frozenset(("he", "she", "him", "her", "his", "hers"))
_OF_SEVERAL = frozenset(("they", "them", "their", "theirs"))
_DETERMINERS = frozenset(
    "a an the this that these those his her its their our my two three four".split()
)
_POSSESSIVE = frozenset(("his", "hers", "their", "theirs", "its"))
_POINTING = re.compile(
    r"\b(?:that|this|those|these)\b(?=\s*(?:[?.!]|$)|\s+(?:is|was|were|are|mean|happen|change|come|take"
    r"|work|cost|last|go|possible|so)\b)",
    re.IGNORECASE,
)
_HANGING = re.compile(
    r"\b(?:the same|the former|the latter|the first one|the second one"
    r"|(?:who|what|where|when|how|why) else|there|then|each other|of (?:them|these|those)"
    r"|the (?:year|month|day|week) (?:before|after)|before that|after that|one|ones)\b[\s?.!]*$"
    r"|\b(?:the )?other way a?round\b|\bvice versa\b",
    re.IGNORECASE,
)
_OTHER_WAY = re.compile(r"\bother way a?round\b|\bvice versa\b", re.IGNORECASE)
_QUESTION_WORD = re.compile(
    r"^(?:who(?:m|se)?|what|when|where|why|which|how(?:\s+(?:many|much|long|often|old|far|big|high))?)\b",
    re.IGNORECASE,
)
_OPENING_VERBS = frozenset(
    "is are was were did does do has have had can could will would should since until from by".split()
)
_NAME = re.compile(r"[A-Z][\w’'-]*\w(?:\s+(?:of\s+|the\s+|de\s+|al-)?[A-Z][\w’'-]*\w)*")


def readings(question: str, earlier: Sequence[Reply]) -> tuple[Reading, ...]:
    """The ways to understand ``question`` after the replies of the dialogue so far, oldest first.

    A question that opens a dialogue, or that stands alone and names what it is about, is read as typed
    and not otherwise: nothing that went before may bend it.
    """
    typed = Reading(question)
    if not earlier or (not leans(question) and names_in(question)):
        return (typed,)
    in_context = Reading(question, _hangs_on(earlier))
    if not leans(question):
        return typed, in_context
    filled = _filled(question.strip(), earlier)
    return (in_context,) if filled is None else (in_context, Reading(filled))


def leans(question: str) -> bool:
    """True if something in the question points at what went before, or too little stands in it."""
    bare = question.strip()
    if _rest(bare) != bare or _HANGING.search(bare) or _POINTING.search(bare):
        return True
    names = names_in(bare)
    if len(_content(bare)) <= 1 and not names:
        return True
    pronoun = _PRONOUN.search(bare)
    # "What did Erdogan say about his visit?" names its own person.
    return pronoun is not None and not any(bare.index(name) < pronoun.start() for name in names)


def plausibility(question: str, reply: Reply, earlier: Sequence[Reply]) -> tuple[bool, float]:
    """How likely a reply is of a reading that was meant, to be compared with those of others: more is more.

    It is the odds that its answer is right; but "And the port?" asks for another answer than the one just
    given, so one that is another goes before.
    """
    odds = reply.confidence / max(1.0 - reply.confidence, 1e-9)
    if leans(question):
        return _adds_to(reply, earlier), odds
    return True, odds if reply.understood_as is None else odds / SURER


def _adds_to(reply: Reply, earlier: Sequence[Reply]) -> bool:
    if not isinstance(reply, Answer):
        return False
    last = earlier[-1] if earlier else None
    first = reply.citations[0]
    return not isinstance(last, Answer) or (first.file, first.span) != (
        last.citations[0].file,
        last.citations[0].span,
    )


def names_in(text: str) -> list[str]:
    """Runs of capitalised words, without a question word that only begins the sentence."""
    found = []
    for match in _NAME.finditer(text):
        name = match[0]
        head, _, tail = name.partition(" ")
        if match.start() == 0 and head.casefold() in FUNCTION_WORDS | _OPENING_VERBS:
            name = tail
        if name:
            found.append(name)
    return found


def _hangs_on(earlier: Sequence[Reply]) -> tuple[str, ...]:
    """The questions since the last one that stands alone, that one included, oldest first."""
    chain: list[str] = []
    for reply in reversed(earlier[-MOST_EARLIER:]):
        if reply.question not in chain[-1:]:  # it may have been asked again, as typed
            chain.append(reply.question)
        if not leans(reply.question) and names_in(reply.question):
            break
    return tuple(reversed(chain))


def _filled(question: str, earlier: Sequence[Reply]) -> str | None:
    """The question with what it leaves out filled in from before; ``None`` where no rule applies."""
    last = earlier[-1]
    if _OTHER_WAY.search(question):
        return _swapped(_meant(last))
    rest = _rest(question).rstrip(" ?.!")
    if not rest:
        return None
    if _is_bare(rest):
        return _asked_anew(rest, last)
    if _PRONOUN.search(rest):
        return _with_referents(rest, earlier)
    if not _QUESTION_WORD.match(rest) and words(rest)[0] not in _OPENING_VERBS:
        return _refocused(rest, _meant(last))
    return None


def _meant(last: Reply) -> str:
    """The last question, with its gaps filled in if that is how it was answered."""
    meant = last.understood_as
    # What was looked for with the questions before it was read as it was typed.
    return meant if meant and not meant.endswith(last.question.strip()) else last.question


def _rest(question: str) -> str:
    """The question without "And", "What about" and the like in front."""
    match = _LEAD_IN.match(question)
    return question[match.end() :] if match is not None else question


def _content(text: str) -> list[str]:
    return [word for word in words(text) if word not in FUNCTION_WORDS]


def _is_bare(question: str) -> bool:
    """Hardly more than a question word: "Why?", "Since when?", "Who said that?"."""
    return not _content(question)


def _refocused(focus: str, question: str) -> str:
    """The last question with something of the new focus's kind replaced by it."""
    asked = question.rstrip(" ?.!")
    inner = _PREPOSITION.sub("", focus)
    if typed_spans(inner, "time", ""):
        for time in typed_spans(asked, "time", ""):
            return f"{asked[: time.start]}{inner}{asked[time.end :]}?"
    elif names_in(f"about {inner}"):
        for name in reversed(names_in(asked)):
            return asked.replace(name, inner) + "?"
    return f"{asked} {focus}?" if inner != focus else f"{asked} for {inner}?"


def _with_referents(question: str, earlier: Sequence[Reply]) -> str | None:
    """The question with its pronouns replaced by what they likeliest stand for, each of them."""
    referents: dict[str, str] = {}
    for match in _PRONOUN.finditer(question):
        pronoun = match[1].casefold()
        referent = _referent(pronoun, earlier)
        if referent is None:
            return None
        referents[pronoun] = referent
    return _PRONOUN.sub(lambda m: _in_place_of(m[1], referents[m[1].casefold()]), question) + "?"


def _referent(pronoun: str, earlier: Sequence[Reply]) -> str | None:
    """What a pronoun likeliest stands for: the latest answer that can be meant, else a name of its question.

    A person is a name, and several may be two. What is asked for by "how much" or "when" is no thing of which
    more could be asked.
    """
    for reply in reversed(earlier[-MOST_EARLIER:]):
        answer = _short_answer(reply)
        names = names_in(_meant(reply))
        if pronoun in _OF_PERSONS:
            if answer is not None and _names_somebody(answer):
                return answer
            if names:
                return names[0]
        else:
            if answer is not None and _can_be_meant(answer, _meant(reply)):
                return answer
            if names:
                return " and ".join(names[-2:]) if pronoun in _OF_SEVERAL else names[-1]
    return None


def _short_answer(reply: Reply) -> str | None:
    if not isinstance(reply, Answer) or len(reply.text.split()) > LONGEST_REFERENT:
        return None
    return " ".join(reply.text.split()).strip(" .,;:\"'“”‘’")


def _names_somebody(answer: str) -> bool:
    return bool(names_in(f"by {answer}")) and not any(c.isdigit() for c in answer)


def _can_be_meant(answer: str, question: str) -> bool:
    """True if the answer names a thing: it is no number, time or reason, and no verb."""
    if expected_type(question) in ("number", "time", "reason") or answer[:1].isdigit():
        return False
    return bool(names_in(f"by {answer}")) or next(iter(words(answer)), "") in _DETERMINERS


def _in_place_of(pronoun: str, referent: str) -> str:
    if pronoun.casefold() in _POSSESSIVE and not referent.endswith(("'s", "’s")):
        return f"{referent}'s"
    return referent


def _asked_anew(question: str, last: Reply) -> str:
    """The last question's statement under a new question word: "Why?" after "How much did it grow?"."""
    opening = _QUESTION_WORD.match(question)
    word = opening[0] if opening is not None else question
    statement = _QUESTION_WORD.sub("", _meant(last).rstrip(" ?.!")).strip()
    answer = f" {' '.join(last.text.split())}" if isinstance(last, Answer) else ""
    return f"{word} {statement}{answer}?"


def _swapped(question: str) -> str | None:
    """The last two names of a question in each other's place."""
    names = names_in(question)
    if len(names) < 2:
        return None
    first, second = names[-2:]
    marker = "\x00"
    return question.replace(first, marker).replace(second, first).replace(marker, second)
