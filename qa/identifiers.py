"""Codes, versions and numbers that tell a thing from others of its kind: "E7", "4.3", "unit 9".

A text about unit 4 is full of what a question about unit 9 asks for, and answers none of it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qa.terms import FUNCTION_WORDS

__all__ = ["Identifier", "identified", "identifiers"]

_CODE = re.compile(
    r"(?<![\w.$€£-])(?:([A-Z]{1,5})(\d{1,6}[A-Za-z]?)|([A-Z]{1,4})-(\d+(?:-\d+){0,2})"
    # In a hurry: "o-23-08", "h07"; one letter with less is as often no code.
    r"|([a-z]{1,4})-(\d+(?:-\d+){1,2})|([a-z]{1,3})(\d{2,6}))(?![\w-])"
)
#: Of two figures only after a name or "version": others are decimals. Of three, a day ends with its year.
_VERSION = re.compile(
    r"(?<![\w.,$€£-])(\d{1,3}\.\d{1,3}\.\d{1,3})(?![\w%]|[.,-]\d)"
    r"|\b(?:[A-Z]\w+|version|release|edition|update)\s+(\d{1,3}\.\d{1,3})(?![\w%]|[.,-]\d)"
)
_ANOTHER_VERSION = (
    r"(?:^[#\s\[*v-]*|\b(?:version|release|edition|update)\s+v?)\d{1,3}(?:\.\d{1,4}){1,3}\b"
)
#: What is told apart by its number.
_NUMBERED_THINGS = frozenset(
    (
        "apartment article batch bay building bus case chapter class clause code corridor court day "
        "district door error exercise exit figure flat flight floor gate grade group hall hangar house "
        "invoice item job kiln lane lesson level line lot machine model module mooring order page part "
        "phase pier platform plot point port question release room route row seat section session shed "
        "shelf slot stage step table tank task team terminal ticket track train tram type unit version "
        "volume wagon ward warehouse week zone"
    ).split()
)
#: Any other word before a number calls a thing by it too, "loom 204"; but not where the number is a year, or
#: the word measures or dates.
_YEAR = re.compile(r"(?:1[5-9]|20)\d\ds?")
_MEASURING = frozenset(
    """
    age aged ages approximately around cost costs exactly first last least maximum minimum nearly next past
    roughly several since top turn turned turns within without
    jan january feb february mar march apr april may jun june jul july aug august sep sept september
    oct october nov november dec december
    """.split()
)
_NO_THINGS = FUNCTION_WORDS | _MEASURING
_NUMBERED = re.compile(
    rf"\b(?!(?:{'|'.join(sorted(_NO_THINGS))})\b)([a-z]{{3,20}})\s+(?:no\.?\s+|number\s+)?"
    r"(\d{1,5}[a-z]?)(?![\w%]|[.,:/-]\d)",
    re.IGNORECASE,
)
_IN_WORDS = "zero one two three four five six seven eight nine ten eleven twelve".split()
_COUNTED = frozenset(map(str, range(len(_IN_WORDS))))
_NEXT_WORD = re.compile(r"\s+([^\W\d_]+)")


@dataclass(frozen=True, slots=True)
class Identifier:
    """What a question calls a thing by."""

    text: str
    """As it is typed."""
    own: re.Pattern[str]
    of_its_kind: re.Pattern[str]
    """Identifiers of the same form, its own among them."""

    def is_named_in(self, text: str) -> bool:
        """True if ``text`` holds it; "CO₂" is CO2."""
        return self.told_in(_plain(text)) is True

    def is_passed_over_in(self, text: str) -> bool:
        """True if ``text`` names others of the kind and not this one."""
        return self.told_in(_plain(text)) is False

    def told_in(self, plain: str) -> bool | None:
        """True if it is named, false if others of the kind are; letters and figures of one form (NFKC)."""
        if self.own.search(plain):
            return True
        return False if self.of_its_kind.search(plain) else None


def identified(called: Sequence[Identifier], text: str) -> bool | None:
    """True if ``text`` names all of them, false if it names others instead of one; else ``None``."""
    plain = _plain(text)
    told = [identifier.told_in(plain) for identifier in called]
    if False in told:
        return False
    return True if told and all(told) else None


def _plain(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def identifiers(question: str) -> list[Identifier]:
    """The identifiers in a question, each once: codes, versions, and a number right after what it numbers.

    A number before a noun counts things: "unit 9" is called so, "group 9 people" asks for nine.
    """
    return list({found.text: found for found in _all(question)}.values())


def _all(question: str) -> Iterator[Identifier]:
    for match in _CODE.finditer(question):
        letters, digits = (group for group in match.groups() if group)
        spelled = rf"(?<!\w){letters}[- ]?"
        yield _identifier(match[0], rf"{spelled}{re.escape(digits)}(?!\w)", rf"{spelled}\d")
    for match in _VERSION.finditer(question):
        version = match[1] or match[2]
        if not _counts(question, match.end()):
            own = rf"(?<![\w.]){re.escape(version)}(?!\w|\.\d)"
            yield _identifier(version, own, _ANOTHER_VERSION)
    for match in _NUMBERED.finditer(question):
        thing, number = match.groups()
        if not _counts(question, match.end()) and _is_called(thing, number):
            # "Units 3 and 4"; or by itself in the cell of a table.
            listed = rf"\b{thing}s?[ \t:#-]{{1,3}}(?:no\.? |number )?"
            number = f"(?:{number}|{_IN_WORDS[int(number)]})" if number in _COUNTED else number
            several = r"(?:\d+[A-Za-z]?(?:, ?| and | to | or | ?& ?| ?[-–] ?)){0,8}"
            cell = rf"(?:^|[|:\t]|(?<=  ))[ \t]{{0,40}}{number}[ \t]*(?:$|[|,\t]|  )"
            yield _identifier(match[0], rf"{listed}{several}{number}\b|{cell}", rf"{listed}\d")


def _identifier(text: str, own: str, of_its_kind: str) -> Identifier:
    flags = re.IGNORECASE | re.MULTILINE
    return Identifier(text, re.compile(own, flags), re.compile(of_its_kind, flags))


def _is_called(thing: str, number: str) -> bool:
    """True if the number tells one such thing from others, and is no year beside it."""
    return thing.casefold() in _NUMBERED_THINGS or not _YEAR.fullmatch(number)


def _counts(question: str, end: int) -> bool:
    """True if a noun follows there: "2.5 months", "12 people"."""
    following = _NEXT_WORD.match(question, end)
    return following is not None and following[1].casefold() not in FUNCTION_WORDS
