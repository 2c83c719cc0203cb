"""Opening a session for a command: the index is built first if there is none, with progress on stderr."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from qa.settings import Settings, index_command
from qa.terminal import progress_bar, say
from qa.text import counted

if TYPE_CHECKING:
    from qa.indexing import IndexReport
    from qa.models.encoder import Encoder
    from qa.session import Session

__all__ = ["build", "build_if_missing", "open_session", "warn_of_changes"]


@contextmanager
def open_session(settings: Settings, *, as_shipped: bool = False) -> Iterator[Session]:
    """An open session; the index is built first if there is none at all."""
    encoder = build_if_missing(settings)
    from qa.session import Session

    with Session.open(settings, encoder=encoder, as_shipped=as_shipped) as session:
        yield session


def build_if_missing(settings: Settings) -> Encoder | None:
    from qa.session import index_exists

    if index_exists(settings.vectors):
        return None
    say(f"No index in {settings.vectors} yet; building it from {settings.corpus}.")
    return build(settings)


def build(settings: Settings, *, rebuild: bool = False) -> Encoder:
    from qa.corpus import corpus_files
    from qa.session import build_index

    corpus_files(settings.corpus)  # say that the folder is missing before the model loads
    with progress_bar() as progress:
        report, encoder = build_index(settings, progress=progress, rebuild=rebuild)
    say(_described(report, settings))
    return encoder


def _described(report: IndexReport, settings: Settings) -> str:
    lines = [f"skipped {item.file}: {item.reason}" for item in report.skipped]
    if report.moved_from is not None:
        lines.append(f"The index was of {report.moved_from}; it is of {settings.corpus} now.")
    lines.append(
        f"{counted(report.documents, 'document')}, {counted(report.passages, 'passage')} in "
        f"{settings.vectors} ({report.changes or 'nothing had changed'})"
    )
    return "\n".join(lines)


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
