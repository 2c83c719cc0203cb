"""What a person wants left out: the patterns of ``.gitignore`` and ``.qaignore``, as git reads them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from qa.documents import read_bytes
from qa.errors import DocumentError

__all__ = ["IGNORE_FILES", "IgnoreRules"]

#: The last one has the last word: a ``!pattern`` in ``.qaignore`` takes back what ``.gitignore`` leaves out.
IGNORE_FILES = (".gitignore", ".qaignore")
_LARGEST = 1_000_000


@dataclass(frozen=True, slots=True)
class IgnoreRules:
    """The patterns that hold in one folder: its own, and those of the folders above it."""

    layers: tuple[tuple[str, GitIgnoreSpec], ...] = ()
    """Each folder's name, with a ``/`` behind it or empty, and its patterns; the outermost first."""

    def within(self, folder: str, path: Path, files: Iterable[str]) -> IgnoreRules:
        """The rules inside ``folder``, a name as in :attr:`layers`, which lies at ``path``.

        ``files`` are the names in it.

        Raises:
            DocumentError: its patterns cannot be read; then nobody knows what to leave out.
        """
        present = [name for name in IGNORE_FILES if name in files]
        patterns = [pattern for name in present for pattern in _patterns(path / name)]
        return IgnoreRules((*self.layers, (folder, GitIgnoreSpec(patterns)))) if patterns else self

    def leave_out(self, file: str) -> bool:
        """Whether ``file`` is left out; a folder's name ends with ``/``."""
        for folder, spec in reversed(self.layers):  # the nearest file that speaks of it counts
            decided = spec.check_file(file[len(folder) :]).include
            if decided is not None:
                return decided
        return False


def _patterns(path: Path) -> Iterator[GitIgnoreSpecPattern]:
    try:
        text = read_bytes(path, _LARGEST).decode("utf-8", "surrogateescape")
    except DocumentError as error:
        raise DocumentError(f"its {path.name} cannot be applied: {error}") from error
    for line in text.removeprefix("\ufeff").splitlines():
        try:
            yield from GitIgnoreSpec.from_lines([line]).patterns
        except ValueError:
            continue  # git passes over a line that is no pattern
