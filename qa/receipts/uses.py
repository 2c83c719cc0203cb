"""Which saved answers rest on a file, and which on it alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from qa.agreement import Agreement
from qa.corpus import name_in_corpus, path_in
from qa.receipts.records import BadLine, Receipt, SavedAnswer, read_saved
from qa.receipts.sources import Refusal, Refused, Source, Sources
from qa.roots import Corpus

__all__ = ["Reliance", "Use", "backed_elsewhere", "file_in_corpus", "rests_on", "uses_of"]


class Reliance(StrEnum):
    """What a file is to an answer."""

    ALONE = "alone"
    """Every citation that says what the answer says is of this file."""
    SHARED = "shared"
    """Another file says the same."""
    CITED = "cited"
    """The file is cited for saying something else; the answer does not rest on it."""


@dataclass(frozen=True, slots=True)
class Use:
    """A saved answer that cites the file."""

    answer: SavedAnswer
    reliance: Reliance
    citations: tuple[int, ...]
    """The numbers of the citations that are of this file."""


def file_in_corpus(named: Path, corpus: Corpus) -> str:
    """The name in the corpus of a file that was named so, or as seen from the working folder."""
    there = path_in(corpus, named.as_posix())
    if named.exists() and (there is None or not there.exists()):
        return name_in_corpus(named, corpus) or named.as_posix()
    return named.as_posix()


def uses_of(file: str, answers: Path, sources: Sources) -> Iterator[Use | SavedAnswer | BadLine]:
    """Every line of an answers file: as a use if it cites ``file``, else as it is.

    A citation that names a file that has gone, with the bytes that ``file`` has now, is of ``file``.

    Raises:
        InputFileError: the answers file cannot be read.
    """
    opened = sources.open(file)
    sha256 = opened.sha256 if isinstance(opened, Source) else None
    for item in read_saved(answers):
        yield item if isinstance(item, BadLine) else _use(item, file, sha256, sources)


def _use(answer: SavedAnswer, file: str, sha256: str | None, sources: Sources) -> Use | SavedAnswer:
    of_file = [_is_of(receipt, file, sha256, sources) for _, receipt in answer.receipts]
    if not any(of_file):
        return answer
    supporting = [mine for mine, rests in zip(of_file, rests_on(answer), strict=True) if rests]
    numbers = (n for (n, _), mine in zip(answer.receipts, of_file, strict=True) if mine)
    return Use(answer, _reliance(supporting, backed_elsewhere(answer)), tuple(numbers))


def rests_on(answer: SavedAnswer) -> list[bool]:
    """Of each citation, whether the answer rests on it: it is the first, or says the same."""
    return [
        position == 0
        or citation.get("agrees", True) is True
        or citation.get("agreement") == Agreement.AGREES
        for position, citation in enumerate(answer.record["citations"])
    ]


def backed_elsewhere(answer: SavedAnswer) -> bool:
    """True if a document that is not cited says the same, as the answer names it."""
    summary = answer.record.get("agreement")
    agreeing = summary.get("agreeing") if isinstance(summary, dict) else None
    cited = {receipt.file for _, receipt in answer.receipts}
    return isinstance(agreeing, list) and any(
        isinstance(file, str) and file not in cited for file in agreeing
    )


def _reliance(supporting: list[bool], elsewhere: bool) -> Reliance:
    """``supporting`` says of each citation that supports the answer whether it is of the file."""
    if all(supporting) and not elsewhere:
        return Reliance.ALONE
    return Reliance.SHARED if any(supporting) else Reliance.CITED


def _is_of(receipt: Receipt, file: str, sha256: str | None, sources: Sources) -> bool:
    if receipt.file == file:
        return True
    if receipt.sha256 != sha256:
        return False
    named = sources.open(receipt.file)
    return isinstance(named, Refused) and named.why is Refusal.GONE
