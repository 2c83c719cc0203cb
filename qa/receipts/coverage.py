"""Which documents checked answers cite and rest on, and which documents no answer cites."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from qa.corpus import Skipped
from qa.documents import Document
from qa.receipts.check import MOST_FILES, OTHER_FILES, CheckedAnswer, Status
from qa.receipts.uses import backed_elsewhere, rests_on

__all__ = ["Coverage", "DocumentUse"]


@dataclass(slots=True)
class DocumentUse:
    """What a document is to the answers."""

    file: str
    title: str
    date: str | None
    citations: int = 0
    answers: int = 0
    """Answers that rest on it, as ``qa uses`` has it."""
    alone: int = 0
    """Those of them that rest on nothing else."""
    by_status: Counter[Status] = field(default_factory=Counter)


class Coverage:
    """Counts by document, as the answers come; names 10,000 files at most."""

    def __init__(self) -> None:
        self._cited: dict[str, DocumentUse] = {}

    def add(self, checked: CheckedAnswer) -> None:
        """Count an answer's citations: of the file that has the quote today, else of the one named."""
        supporting: dict[str, DocumentUse] = {}
        answer = checked.answer
        for (_, receipt), finding, citation, rests in zip(
            answer.receipts,
            checked.findings,
            answer.record["citations"],
            rests_on(answer),
            strict=True,
        ):
            file = finding.now.file if finding.now is not None else receipt.file
            use = self._use(file, citation.get("title"), citation.get("date"))
            use.citations += 1
            use.by_status[finding.status] += 1
            if rests:
                supporting[file] = use
        for use in {id(use): use for use in supporting.values()}.values():
            use.answers += 1
            use.alone += len(supporting) == 1 and not backed_elsewhere(answer)

    def cited(self) -> list[DocumentUse]:
        """The cited documents, the most cited first."""
        return sorted(self._cited.values(), key=lambda use: (-use.citations, use.file))

    def uncited(self, corpus: Iterable[Document | Skipped]) -> Iterator[Document | Skipped]:
        """The files that no answer cites; the others give their title and date as they are now."""
        for item in corpus:
            use = self._cited.get(item.file)
            if use is None:
                yield item
            elif isinstance(item, Document):
                use.title = item.title
                use.date = item.date.isoformat() if item.date is not None else None

    def _use(self, file: str, title: object, day: object) -> DocumentUse:
        if file not in self._cited and len(self._cited) >= MOST_FILES:
            file, title, day = OTHER_FILES, OTHER_FILES, None
        if file not in self._cited:
            self._cited[file] = DocumentUse(
                file,
                title if isinstance(title, str) and title else file,
                day if isinstance(day, str) else None,
            )
        return self._cited[file]
