"""The corpus' files as a check needs them: opened only inside the corpus, a bounded number at a time."""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import PurePosixPath

from qa.corpus import corpus_files, path_in, resolved_inside
from qa.documents import read_bytes
from qa.errors import DocumentError
from qa.formats.extracted import Limits, Mark, location_at
from qa.formats.extractor import Extractor
from qa.receipts.locate import Folded
from qa.roots import Corpus, corpus_words
from qa.text import LineIndex

__all__ = ["Refusal", "Refused", "Source", "Sources"]

#: Documents kept in memory come to this many characters at most, or are one that is longer.
MOST_CHARACTERS = 8_000_000
#: What a file that is not there counts for, so that no list of names grows without end.
_LEAST_CHARACTERS = 1_000


@dataclass(frozen=True)
class Source:
    """A file as it is now."""

    file: str
    """Its name in the corpus."""
    text: str
    sha256: str
    """Of its bytes."""
    marks: tuple[Mark, ...] = ()
    """From where on the text is of which place of the original."""

    @cached_property
    def folded(self) -> Folded:
        """Its text, to be searched whatever its white space and quotation marks."""
        return Folded(self.text)

    @cached_property
    def lines(self) -> LineIndex:
        """Line and column of any offset."""
        return LineIndex(self.text)

    def location(self, offset: int) -> str | None:
        """On which place of the original the character at ``offset`` stands."""
        return location_at(self.marks, offset)


class Refusal(StrEnum):
    """Why there is no text to a name."""

    GONE = "gone"
    OUTSIDE = "outside"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Refused:
    """A name without a text."""

    why: Refusal
    detail: str


class Sources:
    """Opens the files that receipts name."""

    def __init__(
        self,
        corpus: Corpus,
        max_bytes: int,
        most_characters: int = MOST_CHARACTERS,
        limits: Limits | None = None,
    ) -> None:
        """Nothing is read yet. ``limits`` are those on reading what is not plain text.

        Raises:
            CorpusError: there is no such folder.
        """
        self.corpus = corpus
        self._files = corpus_files(corpus)
        self._max_bytes = max_bytes
        self.extractor = Extractor(limits)
        self._most_characters = most_characters
        self._kept: OrderedDict[str, Source | Refused] = OrderedDict()
        self._characters = 0

    def open(self, file: str) -> Source | Refused:
        """The file of that name, from memory if it was opened lately."""
        if file in self._kept:
            self._kept.move_to_end(file)
            return self._kept[file]
        opened = self._opened(file)
        self._kept[file] = opened
        self._characters += _cost(opened)
        while self._characters > self._most_characters and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._characters -= _cost(dropped)
        return opened

    def with_digest(self, sha256: str, name: str) -> Source | None:
        """The file that has these bytes today, one called as the last part of ``name`` before others."""
        files = self._by_digest.get(sha256, ())
        last = PurePosixPath(name).name
        for file in sorted(files, key=lambda file: (PurePosixPath(file).name != last, file)):
            opened = self.open(file)
            if isinstance(opened, Source) and opened.sha256 == sha256:
                return opened
        return None

    def _opened(self, file: str) -> Source | Refused:
        path = resolved_inside(self.corpus, file)
        if path is None and path_in(self.corpus, file) is not None:
            return Refused(
                Refusal.OUTSIDE, "the path leads out of the corpus, or is none; it was not opened"
            )
        if path is None or not os.path.lexists(path):
            return Refused(Refusal.GONE, f"no such file in {corpus_words(self.corpus)}")
        try:
            data = read_bytes(path, self._max_bytes)
            sha256 = hashlib.sha256(data).hexdigest()
            extracted = self.extractor.extract(file, data, sha256)
            return Source(file, extracted.text, sha256, extracted.marks)
        except DocumentError as error:
            return Refused(Refusal.UNREADABLE, str(error))

    @cached_property
    def _by_digest(self) -> dict[str, list[str]]:
        """The corpus' files by their SHA-256; made when the first file is missed, since it reads all."""
        found: dict[str, list[str]] = {}
        for file in self._files:
            path = resolved_inside(self.corpus, file)
            if path is None:
                continue
            try:
                data = read_bytes(path, self._max_bytes)
            except DocumentError:
                continue
            found.setdefault(hashlib.sha256(data).hexdigest(), []).append(file)
        return found


def _cost(opened: Source | Refused) -> int:
    return max(len(opened.text) if isinstance(opened, Source) else 0, _LEAST_CHARACTERS)
