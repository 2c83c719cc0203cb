"""Opening a session for a command: the index is built first if there is none, with progress on stderr."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from qa.roots import corpus_words
from qa.settings import Settings, index_command
from qa.terminal import progress_bar, say
from qa.text import counted, one_line

if TYPE_CHECKING:
    from qa.corpus import Skipped
    from qa.indexing import IndexReport
    from qa.models.encoder import Encoder
    from qa.session import Session

__all__ = [
    "build_if_missing",
    "build_with_progress",
    "described",
    "open_session",
    "warn_of_changes",
]

#: So many files that were skipped for one reason are each named.
MOST_NAMED = 3


@contextmanager
def open_session(
    settings: Settings, *, as_shipped: bool = False, at_once: int = 1
) -> Iterator[Session]:
    """An open session, as :meth:`Session.open`; the index is built first if there is none at all."""
    encoder = build_if_missing(settings)
    from qa.models.encoder import load_encoder
    from qa.session import Session

    with Session.open(
        settings,
        encoder=encoder,
        load=partial(load_encoder, at_once=at_once),
        as_shipped=as_shipped,
        at_once=at_once,
    ) as session:
        yield session


def build_if_missing(settings: Settings) -> Encoder | None:
    from qa.session import index_exists

    if index_exists(settings.vectors):
        return None
    say(f"No index in {settings.vectors} yet; building it from {corpus_words(settings.corpus)}.")
    report, encoder = build_with_progress(settings)
    say(described(report, settings))
    return encoder


def build_with_progress(
    settings: Settings, *, rebuild: bool = False, verify: bool = False
) -> tuple[IndexReport, Encoder]:
    """Bring the index up to date under a bar; one who interrupts is told that nothing is lost."""
    from qa.corpus import require_folders
    from qa.session import build_index

    require_folders(settings.corpus)
    try:
        with progress_bar() as progress:
            return build_index(settings, progress=progress, rebuild=rebuild, verify=verify)
    except KeyboardInterrupt:
        say(
            "The index is as it was. What was embedded so far is kept; go on with: "
            f"{index_command(settings)}{' --rebuild' * rebuild}"
        )
        raise


def described(report: IndexReport, settings: Settings, *, verbose: bool = False) -> str:
    """What an update did, for a person; of many files skipped for one reason only some are named."""
    lines = list(_skipped(report.skipped, verbose))
    if report.moved_from is not None:
        lines.append(
            f"The index was of {corpus_words(report.moved_from)}; "
            f"it is of {corpus_words(settings.corpus)} now."
        )
    lines.append(
        f"{counted(report.documents, 'document')}, {counted(report.passages, 'passage')} in "
        f"{settings.vectors} ({report.changes or 'nothing had changed'})"
    )
    return "\n".join(lines)


def _skipped(skipped: Sequence[Skipped], verbose: bool) -> Iterator[str]:
    groups: dict[str, list[Skipped]] = {}
    for item in skipped:
        groups.setdefault(item.kind, []).append(item)
    for kind, items in sorted(groups.items(), key=lambda group: (-len(group[1]), group[0])):
        if verbose or len(items) <= MOST_NAMED:
            yield from (one_line(f"skipped {item.file}: {item.reason}") for item in items)
        else:
            named = ", ".join(item.file for item in items[:MOST_NAMED])
            more = len(items) - MOST_NAMED
            yield one_line(f"skipped {len(items):,} files: {kind} ({named} and {more:,} more)")
    if any(len(items) > MOST_NAMED for items in groups.values()) and not verbose:
        yield f"skipped {len(skipped):,} files in all; --verbose names every one"


def warn_of_changes(session: Session, settings: Settings) -> None:
    if session.stale_calibration:
        say(
            f"qa: the calibration in {settings.vectors} was made for another reader or model and is "
            "not used; make it anew with: qa calibrate LABELLED"
        )
    changed = session.changed_files()
    if changed:
        first = f"{changed[0]} and {len(changed) - 1} more" if changed[1:] else changed[0]
        say(
            f"qa: not as indexed: {first}. The answer rests on the older text; "
            f"bring the index up to date with: {index_command(settings)}"
        )
