"""Checks saved answers against the files themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from qa.formats.endings import is_text
from qa.receipts.locate import Place, locate, locate_verbatim
from qa.receipts.records import BadLine, Receipt, SavedAnswer, read_saved
from qa.receipts.sources import Refusal, Source, Sources
from qa.text import Span, surroundings

__all__ = ["CheckedAnswer", "Finding", "Status", "Tally", "check_answers", "check_receipt"]

#: A summary by file names so many; what comes after is counted together.
MOST_FILES = 10_000
OTHER_FILES = "(further files)"
#: So much of an answers file is held at a time.
BLOCK_BYTES = 8_000_000
BLOCK_LINES = 10_000


class Status(StrEnum):
    """How a citation stands today."""

    OK = "ok"
    """The file is byte for byte the same and everything stands where the receipt says."""
    MOVED = "moved"
    """The file has changed; the quote stands in it still, in its sentence."""
    REFLOWED = "reflowed"
    """The same, but white space or quotation marks of quote or sentence differ."""
    RENAMED = "renamed"
    """No file has this name any more; one of another name has the very same bytes."""
    CHANGED = "changed"
    """The quote, or its sentence, is no longer in the file; or the file never bore the receipt out."""
    GONE = "gone"
    """There is no such file in the corpus, nor one with its bytes."""
    UNREADABLE = "unreadable"
    """The file is there and cannot be read as text, so nothing can be said."""
    OUTSIDE = "outside"
    """The path leads out of the corpus; it was not opened."""

    @property
    def found(self) -> bool:
        """True if the quote stands in the corpus today, wherever that is."""
        return self in (Status.OK, Status.MOVED, Status.REFLOWED, Status.RENAMED)


@dataclass(frozen=True, slots=True)
class Finding:
    """How one receipt stands."""

    status: Status
    detail: str = ""
    now: Receipt | None = None
    """The receipt as the file would give it today, for every status that is :attr:`Status.found`."""


@dataclass(frozen=True, slots=True)
class CheckedAnswer:
    """A saved answer with the finding for each of its citations."""

    answer: SavedAnswer
    findings: tuple[Finding, ...]


def check_answers(answers: Path, sources: Sources) -> Iterator[CheckedAnswer | BadLine]:
    """Every line of an answers file, each of its citations checked.

    Lines are taken some thousands at a time and their citations checked file by file, so that
    answers that cite many files in any order open each of them seldom.

    Raises:
        InputFileError: the answers file cannot be read.
    """
    block: list[SavedAnswer | BadLine] = []
    size = 0
    for item in read_saved(answers):
        block.append(item)
        size += len(item.at) if isinstance(item, SavedAnswer) else 0
        if size > BLOCK_BYTES or len(block) == BLOCK_LINES:
            yield from _checked(block, sources)
            block, size = [], 0
    yield from _checked(block, sources)


def _checked(
    block: list[SavedAnswer | BadLine], sources: Sources
) -> Iterator[CheckedAnswer | BadLine]:
    """The lines of ``block`` in their order, checked in the order of the files that they cite."""
    receipts = [
        (receipt.file, line, receipt)
        for line, item in enumerate(block)
        if isinstance(item, SavedAnswer)
        for _, receipt in item.receipts
    ]
    findings: list[list[Finding]] = [[] for _ in block]
    by_file = sorted(range(len(receipts)), key=lambda place: receipts[place][0])
    found = {place: check_receipt(receipts[place][2], sources) for place in by_file}
    for place, (_, line, _) in enumerate(receipts):
        findings[line].append(found[place])
    for item, its_findings in zip(block, findings, strict=True):
        yield item if isinstance(item, BadLine) else CheckedAnswer(item, tuple(its_findings))


def check_receipt(receipt: Receipt, sources: Sources) -> Finding:
    """How a receipt stands against the files."""
    opened = sources.open(receipt.file)
    if isinstance(opened, Source):
        return _check_in(opened, receipt)
    if opened.why is Refusal.GONE:
        renamed = sources.with_digest(receipt.sha256, receipt.file)
        if renamed is not None:
            finding = _check_in(renamed, receipt)
            if finding.status is not Status.OK:
                return finding
            return Finding(Status.RENAMED, f"now called {renamed.file}", finding.now)
    return Finding(Status(opened.why), opened.detail)


def _check_in(source: Source, receipt: Receipt) -> Finding:
    """How a receipt stands against one file."""
    here = Place(receipt.span, receipt.sentence, verbatim=True)
    if source.sha256 == receipt.sha256:
        untrue = _untrue(source, receipt)
        if untrue and not is_text(source.file):
            return _check_extracted(source, receipt, untrue)
        if untrue:
            return Finding(Status.CHANGED, f"the file is as it was, but {untrue}")
        return Finding(Status.OK, "", _as_of_now(source, here))
    if _in_place(source.text, receipt):
        detail = "the file has changed, the quote stands where it stood"
        return Finding(Status.MOVED, detail, _as_of_now(source, here))
    place = locate_verbatim(source.text, receipt) or locate(source.folded, receipt)
    if place is None:
        return Finding(Status.CHANGED, _where_else(source, receipt))
    status = Status.MOVED if place.verbatim else Status.REFLOWED
    return Finding(status, _described(source, receipt, place), _as_of_now(source, place))


def _check_extracted(source: Source, receipt: Receipt, untrue: str) -> Finding:
    """A receipt of an unchanged file whose text, as it is read today, does not bear it out.

    Another version of a library may read other white space or another order from the same bytes.
    """
    place = locate_verbatim(source.text, receipt) or locate(source.folded, receipt)
    if place is None:
        return Finding(Status.CHANGED, f"the file is as it was, but {untrue}")
    status = Status.MOVED if place.verbatim else Status.REFLOWED
    detail = "the file is as it was, its text is read in another way today"
    return Finding(status, detail, _as_of_now(source, place))


def _untrue(source: Source, receipt: Receipt) -> str:
    """What a receipt says that its very file does not bear out; empty if all of it is so."""
    if receipt.span.of(source.text) != receipt.quote:
        return "the quote does not stand where the receipt says"
    if receipt.sentence.of(source.text) != receipt.sentence_text:
        return "the sentence around the quote is not the one in the file"
    if not _in_place(source.text, receipt):
        return "the text around the sentence is not the one in the file"
    line, column = source.lines.position(receipt.span.start)
    if receipt.position not in (None, (line, column)):
        return f"the quote stands at line {line}, column {column}, not where the receipt says"
    location = source.location(receipt.span.start)
    if receipt.location not in (None, location):
        return f"the quote stands on {location or 'no place that has a name'}, not where the receipt says"
    return ""


def _in_place(text: str, receipt: Receipt) -> bool:
    """True if sentence (and so the quote in it) and surroundings stand where the receipt says."""
    prefix, suffix = receipt.prefix or "", receipt.suffix or ""
    start = receipt.sentence.start - len(prefix)
    return start >= 0 and text.startswith(prefix + receipt.sentence_text + suffix, start)


def _as_of_now(source: Source, place: Place) -> Receipt:
    prefix, suffix = surroundings(source.text, place.sentence)
    return Receipt(
        file=source.file,
        sha256=source.sha256,
        span=place.span,
        quote=place.span.of(source.text),
        sentence=place.sentence,
        sentence_text=place.sentence.of(source.text),
        prefix=prefix,
        suffix=suffix,
        position=source.lines.position(place.span.start),
        location=source.location(place.span.start),
    )


def _described(source: Source, receipt: Receipt, place: Place) -> str:
    line, column = source.lines.position(place.span.start)
    if place.span == receipt.span:
        detail = "the text around it has changed, the quote stands where it stood"
    else:
        detail = (
            f"now at line {line}, column {column} (characters {_range(place.span)}, "
            f"was {_range(receipt.span)})"
        )
    if place.equals > 1:
        detail += f"; {place.equals} places are equal, this is the nearest"
    return detail


def _where_else(source: Source, receipt: Receipt) -> str:
    at = source.text.find(receipt.sentence_text)
    what = "its sentence is there no more, an equal one stands in other surroundings"
    if at == -1:
        at = source.text.find(receipt.quote)
        what = "its sentence is not in the file any more, the same words stand in another"
    if at == -1:
        return "the quote is not in the file any more"
    line, column = source.lines.position(at)
    return f"{what} at line {line}, column {column}"


def _range(span: Span) -> str:
    return f"{span.start}-{span.end}"


@dataclass
class Tally:
    """Counts findings as they come, by status and by file."""

    by_status: Counter[Status] = field(default_factory=Counter)
    by_file: dict[str, Counter[Status]] = field(default_factory=dict)
    bad_lines: int = 0

    @property
    def citations(self) -> int:
        return self.by_status.total()

    def add(self, item: CheckedAnswer | BadLine) -> None:
        if isinstance(item, BadLine):
            self.bad_lines += 1
            return
        for (_, receipt), finding in zip(item.answer.receipts, item.findings, strict=True):
            known = receipt.file in self.by_file or len(self.by_file) < MOST_FILES
            file = receipt.file if known else OTHER_FILES
            self.by_file.setdefault(file, Counter())[finding.status] += 1
            self.by_status[finding.status] += 1

    def passes(self, *, strict: bool) -> bool:
        """True if every line could be checked and every quote was found; ``strict``: is ``ok``."""
        good = (Status.OK,) if strict else [status for status in Status if status.found]
        return not self.bad_lines and self.citations == sum(self.by_status[s] for s in good)
