"""Which candidates say the same as the answer, which contradict it, and which speak of something else.

Two quotes of one kind and unit are not yet about one thing: "62 percent" may be of freight and "11%" of
trade. So a candidate counts for or against an answer only if its sentence holds the words of the question
that the answer's sentence holds, or much of that sentence itself; and if its passage holds the numbers of the
question that the answer's sentence holds: warehouse 132 is not warehouse 123, nor 2023 the year 2024. Without
the names that it holds, a passage may still confirm, but contradicts nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from qa.candidates import Candidate
from qa.expectations import expected_type
from qa.retrieval import Retrieval
from qa.terms import holds_name, names, stem, stems, words
from qa.text import Span
from qa.values import Comparison, Values, compared, values_of

__all__ = ["Agreement", "agreements"]

#: A candidate whose log-odds are no further behind the answer's than this answers the same question.
NEAR_MARGIN = 1.5
#: Of the question's idf in the answer's sentence, this much must stand in the other sentence as well.
SHARED_IDF = 0.4
#: Or so much of the shorter sentence's content words must stand in the longer one.
SHARED_WORDS = 0.5
#: Names differ for many reasons: they contradict each other only where two words of the question are shared.
TERMS_FOR_NAMES = 2
_NAME_TYPES = ("person", "place")
# That something changed, or by how much, does not tell what it was.
_CHANGE = frozenset(
    map(
        stem,
        "increase grow grew growth rise rose fall fell decline decrease drop change go up number amount"
        " percent percentage total more less reach".split(),
    )
)


class Agreement(StrEnum):
    """How a citation stands to the answer."""

    AGREES = "agrees"
    """It says the same about the same thing, numbers, dates and names compared as values."""
    CONFLICTS = "conflicts"
    """Another document that gives another value of the same kind and unit to the same thing."""
    OTHER = "other"
    """It says something else, or nothing that can be compared."""


@dataclass(frozen=True)
class _Claim:
    """A candidate as far as it is compared."""

    candidate: Candidate
    question: str

    @cached_property
    def values(self) -> Values:
        """What its quote says."""
        return values_of(self._sentence, self._quote)

    @cached_property
    def subject(self) -> frozenset[str]:
        """Stems of its sentence's content words, its quote and all numbers and dates left out."""
        every = values_of(self._sentence)
        # "In two days" and "on 1 September" are no subject either.
        spans = [self._quote, *(q.span for q in every.quantities), *(d.span for d in every.dates)]
        rest = list(self._sentence)
        for span in spans:
            rest[span.start : span.end] = " " * len(span)
        return frozenset(stems("".join(rest))) - _CHANGE

    @cached_property
    def numbers(self) -> set[str]:
        """The numbers of the question that its sentence holds beside its quote."""
        return _numbers(self.question) & _numbers(_without(self._sentence, self._quote))

    @cached_property
    def names(self) -> list[str]:
        """The names of the question that its sentence holds."""
        return [name for name in names(self.question) if holds_name(self._sentence, name)]

    def holds_numbers(self, numbers: Collection[str]) -> bool:
        """True if its passage, with title and date, holds them all beside its quote."""
        if not numbers:
            return True
        passage = self.candidate.passage
        quote = self.candidate.span.counted_from(passage.span.start)
        return _numbers(passage.header + _without(passage.text, quote)).issuperset(numbers)

    def holds_names(self, asked: Sequence[str]) -> bool:
        """True if its passage, with the title, holds them all."""
        passage = self.candidate.passage
        return all(holds_name(passage.header + passage.text, name) for name in asked)

    @property
    def _sentence(self) -> str:
        return self.candidate.passage.slice(self.candidate.sentence)

    @property
    def _quote(self) -> Span:
        return self.candidate.span.counted_from(self.candidate.sentence.start)


def agreements(retrieval: Retrieval, candidates: Sequence[Candidate]) -> list[Agreement]:
    """How each candidate stands to the first; the first agrees.

    A document that says the same as the answer in one place contradicts it in no other.
    """
    if not candidates:
        return []
    claims = [_Claim(candidate, retrieval.question) for candidate in candidates]
    found = [Agreement.AGREES, *(_judged(retrieval, claims[0], claim) for claim in claims[1:])]
    agreeing = {
        candidate.passage.document
        for candidate, agreement in zip(candidates, found, strict=True)
        if agreement is Agreement.AGREES
    }
    return [
        Agreement.OTHER
        if agreement is Agreement.CONFLICTS and candidate.passage.document in agreeing
        else agreement
        for candidate, agreement in zip(candidates, found, strict=True)
    ]


def _judged(retrieval: Retrieval, answer: _Claim, other: _Claim) -> Agreement:
    verdict = compared(answer.values, other.values)
    if verdict is Comparison.UNRELATED or not other.holds_numbers(answer.numbers):
        return Agreement.OTHER
    near = other.candidate.score >= answer.candidate.score - NEAR_MARGIN
    if verdict is Comparison.AGREE:
        told = near or _one_subject(answer, other, retrieval.term_weights)
        return Agreement.AGREES if told else Agreement.OTHER
    if answer.candidate.passage.document == other.candidate.passage.document:
        return Agreement.OTHER
    if not other.holds_names(answer.names):
        return Agreement.OTHER
    one_subject = _one_subject(answer, other, retrieval.term_weights)
    if not _by_name(answer.values) or not _by_name(other.values):
        return Agreement.CONFLICTS if one_subject else Agreement.OTHER
    terms = len(answer.subject & other.subject & set(retrieval.term_weights))
    asked = expected_type(retrieval.question) in _NAME_TYPES and terms >= TERMS_FOR_NAMES
    return Agreement.CONFLICTS if near and one_subject and asked else Agreement.OTHER


def _numbers(text: str) -> set[str]:
    """The words of a text that have a digit."""
    return {word for word in words(text) if any(map(str.isdecimal, word))}


def _without(text: str, span: Span) -> str:
    return f"{text[: span.start]} {text[span.end :]}"


def _by_name(values: Values) -> bool:
    """True if nothing but names could be compared."""
    return not values.quantities and not values.dates


def _one_subject(one: _Claim, other: _Claim, weights: Mapping[str, float]) -> bool:
    shared = one.subject & other.subject
    of_question = sum(weights.get(term, 0.0) for term in one.subject)
    common = sum(weights.get(term, 0.0) for term in shared)
    if common > 0.0 and common >= SHARED_IDF * of_question:
        return True
    shorter = min(len(one.subject), len(other.subject))
    return len(shared) > 1 and len(shared) >= SHARED_WORDS * shorter
