"""Content words of a text, stemmed: the unit in which words of a question and a passage are compared."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

__all__ = [
    "FUNCTION_WORDS",
    "content_words",
    "holds_name",
    "names",
    "numbered_words",
    "share_of_terms",
    "stem",
    "stem_set",
    "stems",
    "times_in",
    "words",
]

_NUMBERED_WORD = re.compile(r"\w+(?:[.,:]\d+)*")
_TIME = re.compile(r"(?<![\d:.])\d{1,2}:\d{2}(?!\d|:\d)")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")

#: English function words and the words that only say that a question is asked.
FUNCTION_WORDS = frozenset(
    """
    a about after again all also am an and any are as at be because been before being between both
    but by can could did do does doing done down during each else ever few for from further had has
    have having he her here hers him himself his how i if in into is it its itself just like may me
    might more most much must my no nor not of off on once one only or other our ours out over own
    please same shall she should so some such tell than that the their theirs them then there these
    they this those through to too under until up us very was we were what what's when where which
    while who whom who's whose why will with would you your yours
    """.split()
)


def words(text: str) -> list[str]:
    """The words of ``text`` in order, case-folded, without a possessive ending."""
    found = _WORD.findall(text.casefold())
    return [word[:-2] if word.endswith(("'s", "’s")) else word for word in found]


def content_words(text: str) -> list[str]:
    """The words of ``text`` that are not function words, each once, in order.

    A text of function words alone keeps them all: "To be or not to be?" still asks for something.
    """
    every = list(dict.fromkeys(words(text)))
    return [word for word in every if word not in FUNCTION_WORDS] or every


def numbered_words(text: str) -> frozenset[str]:
    """The words with a figure in them, in lower case: "15:18", "2,019", "e4"."""
    found = _NUMBERED_WORD.findall(text.casefold())
    return frozenset(word for word in found if any(map(str.isdigit, word)))


def times_in(text: str) -> frozenset[str]:
    """The times of day in ``text``: "9:05" for "09:05"."""
    return frozenset(match.lstrip("0") for match in _TIME.findall(text))


def names(question: str) -> list[str]:
    """The words of a question that are written with a capital, each once, in order, without a possessive.

    Its first word, which has one anyway, is none of them, and function words are none.
    """
    _, *others = [match.group() for match in _WORD.finditer(question)] or [""]
    found = [word[:-2] if word.endswith(("'s", "’s")) else word for word in others]
    return list(
        dict.fromkeys(
            word for word in found if word[0].isupper() and word.casefold() not in FUNCTION_WORDS
        )
    )


def holds_name(text: str, name: str) -> bool:
    """True if a word of ``text`` begins as ``name`` does, up to its stem: "Italian" holds "Italy"."""
    # As it is typed it is found soonest; only where it is not, all of the text is folded.
    return _begins_a_word(text, name) or _begins_a_word(text.casefold(), stem(name.casefold()))


def _begins_a_word(text: str, beginning: str) -> bool:
    at = text.find(beginning)
    while at > 0 and text[at - 1].isalnum():
        at = text.find(beginning, at + 1)
    return at >= 0


def stem(word: str) -> str:
    """The stem of a case-folded English word (Porter's second algorithm, by PyStemmer)."""
    return str(_stemmer().stemWord(word))


def stems(text: str) -> list[str]:
    """The stems of the content words of ``text``, each once, in order."""
    return list(dict.fromkeys(_stemmer().stemWords(content_words(text))))


@lru_cache(maxsize=2_000)
def stem_set(text: str) -> frozenset[str]:
    """The same stems, in no order and sooner: a word of the corpus comes again and again, so do passages."""
    found = frozenset(map(_content_stem, set(_WORD.findall(text.casefold()))))
    return (found - {""}) or frozenset(stems(text))


def share_of_terms(held: Collection[str], weights: Mapping[str, float]) -> float:
    """The share of the question's idf in the stems ``held``, from 0 to 1."""
    total = sum(weights.values())
    return sum(weight for term, weight in weights.items() if term in held) / total if total else 0.0


@lru_cache(maxsize=50_000)
def _content_stem(word: str) -> str:
    """The stem of a word as it stands, empty for a function word."""
    plain = word[:-2] if word.endswith(("'s", "’s")) else word
    return "" if plain in FUNCTION_WORDS else stem(plain)


@lru_cache(maxsize=1)
def _stemmer() -> Any:
    import Stemmer

    return Stemmer.Stemmer("english")
