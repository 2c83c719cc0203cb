"""``qa index --watch``: the index follows the folder, in one process that keeps the encoder."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qa.errors import CorpusError, QAError
from qa.roots import corpus_words, roots_of
from qa.settings import Settings
from qa.terminal import progress_bar, say

if TYPE_CHECKING:
    from watchfiles import Change

    from qa.indexing import IndexReport
    from qa.models.encoder import Encoder

__all__ = ["changes_of", "follow", "watch"]

#: Changes that come so close to each other make one update, in milliseconds; half a minute is the longest
#: that an update waits for a folder that never rests.
QUIET_MS = 1_000
LONGEST_WAIT_MS = 30_000
#: So often a watch that sees nothing looks up, in milliseconds.
LOOK_MS = 500

#: What changed, set by set, as :func:`watchfiles.watch` tells it.
Changes = Iterable[set[tuple["Change", str]]]


def watch(settings: Settings, encoder: Encoder, show: Callable[[IndexReport], None]) -> None:
    """Bring the index up to date with each change, until the process is interrupted.

    Raises:
        KeyboardInterrupt: that is how it ends.
    """
    follow(changes_of(settings), settings, encoder, show)


def changes_of(settings: Settings) -> Changes:
    """Every set of changes; the first one, which may be empty, is what came before the watch began.

    A folder that was removed and made again is another one, which is watched anew.
    """
    import watchfiles

    index = str(settings.vectors.resolve())
    roots = [root.resolve() for root in roots_of(settings.corpus).values()]

    def matters(_: Change, path: str) -> bool:
        return path != index and not path.startswith(f"{index}/")

    def changes_until_replaced(watched: list[tuple[int, int] | None]) -> Changes:
        begins = True
        for found in watchfiles.watch(
            *roots,
            watch_filter=matters,
            debounce=LONGEST_WAIT_MS,
            step=QUIET_MS,
            rust_timeout=LOOK_MS,
            yield_on_timeout=True,
            ignore_permission_denied=True,
        ):
            if begins:
                say(f"Watching {corpus_words(settings.corpus)}; Ctrl-C ends it.")
            replaced = _identities(roots) != watched or any(
                (watchfiles.Change.deleted, str(root)) in found for root in roots
            )
            if found or begins or replaced:
                begins = False
                yield found
            if replaced:
                return

    try:
        while True:
            there = _identities(roots)
            if None in there:
                time.sleep(LOOK_MS / 1_000)
            else:
                yield from changes_until_replaced(there)
    except (OSError, RuntimeError) as error:
        raise CorpusError(
            f"The folder {corpus_words(settings.corpus)} cannot be followed ({error}); run qa index "
            "when it has changed, or set WATCHFILES_FORCE_POLLING=1 to look at it now and then."
        ) from error


def _identities(roots: Sequence[Path]) -> list[tuple[int, int] | None]:
    """Device and inode of each folder, ``None`` where there is none."""
    found: list[tuple[int, int] | None] = []
    for root in roots:
        try:
            status = root.stat()
        except FileNotFoundError:
            found.append(None)
        else:
            found.append((status.st_dev, status.st_ino))
    return found


def follow(
    changes: Changes, settings: Settings, encoder: Encoder, show: Callable[[IndexReport], None]
) -> None:
    """One update for each set of changes; what stands in the way of one is said, and the next tried."""
    from qa.indexing import update_index

    for _ in changes:
        try:
            with progress_bar() as progress:
                report = update_index(settings, encoder, progress=progress)
        except QAError as error:
            say(f"qa: {error}")
            continue
        if report.changes:
            show(report)
