"""The folders of a corpus: one, or several whose files are told apart by a name in front."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from qa.errors import UsageError

__all__ = ["Corpus", "corpus_words", "identity_of", "roots_in", "roots_of", "sole_or_several"]

#: One folder, whose files are named relative to it, or several.
Corpus = Path | tuple[Path, ...]


def sole_or_several(folders: Iterable[Path]) -> Corpus:
    """The corpus of these folders."""
    several = tuple(folders)
    return several[0] if len(several) == 1 else several


def roots_of(corpus: Corpus) -> dict[str, Path]:
    """The folders by the name that their files begin with; that of a single one is empty.

    Of several it is the end of the folder's path, as many parts of it as tell them all apart: ``2023`` and
    ``2024``, or ``north/reports`` and ``south/reports``. No name begins another.

    Raises:
        UsageError: one of them is named twice, or lies inside another.
    """
    if isinstance(corpus, Path):
        return {"": corpus}
    if not corpus:
        raise UsageError("The corpus has no folder; name one with --corpus DIR.")
    if len(corpus) == 1:
        return {"": corpus[0]}
    resolved = [folder.resolve() for folder in corpus]
    _require_apart(corpus, resolved)
    parts = 1
    while not _tell_apart(names := [_ending(folder, parts) for folder in resolved]):
        parts += 1
    return dict(zip(names, corpus, strict=True))


def identity_of(corpus: Corpus) -> str:
    """What an index and a conversation remember of the corpus that they are of: absolute paths."""
    if isinstance(corpus, Path) or len(corpus) == 1:
        return str(next(iter(roots_of(corpus).values())).resolve())
    return json.dumps(sorted(str(folder.resolve()) for folder in corpus), ensure_ascii=False)


def roots_in(identity: str) -> Corpus:
    """The corpus that :func:`identity_of` made ``identity`` of."""
    if not identity.startswith("["):
        return Path(identity)  # an absolute path begins otherwise
    return tuple(Path(folder) for folder in json.loads(identity))


def corpus_words(corpus: Corpus | str) -> str:
    """The corpus, or its identity, for a person: its folders, divided by commas."""
    if isinstance(corpus, str):
        corpus = roots_in(corpus)
    return str(corpus) if isinstance(corpus, Path) else ", ".join(map(str, corpus))


def _require_apart(corpus: tuple[Path, ...], resolved: list[Path]) -> None:
    for at, inner in enumerate(resolved):
        for other, outer in enumerate(resolved):
            if other < at and inner == outer:
                raise UsageError(f"{corpus[at]} and {corpus[other]} are one folder; name it once.")
            if inner != outer and inner.is_relative_to(outer):
                raise UsageError(
                    f"{corpus[at]} lies inside {corpus[other]}, which holds its files too; "
                    "leave one of them out."
                )


def _ending(folder: Path, parts: int) -> str:
    return "/".join(folder.parts[1:][-parts:])


def _tell_apart(names: list[str]) -> bool:
    paths = [PurePosixPath(name) for name in names]
    return not any(
        path.is_relative_to(other)
        for at, path in enumerate(paths)
        for place, other in enumerate(paths)
        if at != place
    )
