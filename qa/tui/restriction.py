"""The documents that questions keep to: those that were marked, or those of a period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qa.periods import Period
from qa.text import displayable

if TYPE_CHECKING:
    from qa.schema import DocumentRecord

__all__ = ["Restriction", "dated", "restriction_text"]


@dataclass(frozen=True, slots=True)
class Restriction:
    """Some of the documents; the period too, where it is one that chose them."""

    files: frozenset[str]
    period: Period | None = None

    def among(self, records: Sequence[DocumentRecord]) -> Restriction:
        """The same restriction of what the index holds now."""
        if self.period is not None:
            return dated(records, self.period)
        return Restriction(self.files & {record.file for record in records})


def dated(records: Sequence[DocumentRecord], period: Period) -> Restriction:
    """To the documents whose date lies in ``period``; one without a date lies in none."""
    return Restriction(
        frozenset(r.file for r in records if r.date is not None and period.holds(r.date)), period
    )


def restriction_text(restriction: Restriction | None, total: int | None = None) -> str:
    """To which documents a question keeps, of how many; nothing for all of them."""
    if restriction is None:
        return ""
    count = len(restriction.files)
    if restriction.period is not None:
        of = f"{count} of {total} documents" if total else f"{count} documents"
        return f"dated {restriction.period} ({of})"
    if count == 1:
        return f"only in {displayable(next(iter(restriction.files)))}"
    return f"in {count} of {total} documents" if total else f"in {count} documents"
