"""All settings, in one frozen place: defaults < ``qa.toml`` < ``QA_*`` variables < flags."""

from __future__ import annotations

import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from qa.errors import UsageError
from qa.roots import Corpus, sole_or_several

__all__ = [
    "EMBEDDED_MODEL",
    "EMBEDDED_READER",
    "SENTENCE_READER",
    "SETTINGS_FILE",
    "UNTUNED_MODEL",
    "Settings",
    "flags_for",
    "index_command",
    "load_settings",
    "named_path",
    "setting_sources",
    "typed_setting",
]

#: The encoder that comes with the package, and the one that it was trained from; see
#: :mod:`qa.models.encoder`.
EMBEDDED_MODEL = "qa-encoder"
UNTUNED_MODEL = "all-MiniLM-L6-v2"
#: The span reader that comes with the package, and the reader that needs no model.
EMBEDDED_READER = "qa-span-reader"
SENTENCE_READER = "sentences"

#: Read from the folder in which ``qa`` is started.
SETTINGS_FILE = "qa.toml"
#: What any whole number may be at most: more than there is of anything, and less than what overflows.
LARGEST = 10**12
SECONDS_A_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set; every field is a key of ``qa.toml`` and, in capitals, a ``QA_`` variable."""

    corpus: Corpus = Path("seeds")
    """The folder of documents, or several."""
    vectors: Path = Path("vectors")
    """The folder of the index."""
    model: str = EMBEDDED_MODEL
    """The encoder: the embedded one, a folder, or a sentence-transformers name."""
    reader: str = EMBEDDED_READER
    """The reader: the embedded one, ``sentences``, or an extractive question answering model."""
    passages_read: int = 16
    """How many passages the reader sees for a question."""
    citations: int = 3
    """How many citations an answer carries at most."""
    threshold: float | None = None
    """Least confidence for an answer, from 0 to 1; unset, the one the reader was calibrated to."""
    passage_words: int = 180
    """Longest passage, in words."""
    sentence_vectors: bool = True
    """Embed each sentence too: better ranking for 5 to 8 times the vectors."""
    exact_up_to: int = 50_000
    """Up to so many passages, or sentences, every vector is compared with the question, and SQLite ranks
    the words; beyond, the vectors of the nearest clusters are, and the words are ranked by postings."""
    clusters_searched: int = 64
    """How many of the nearest clusters: more find more of what comparing all would, in more time."""
    max_question_characters: int = 2_000
    max_file_bytes: int = 50_000_000
    max_extraction_seconds: int = 30
    """Longest time for reading one file that is not plain text."""
    max_extraction_memory: int = 1_500_000_000
    """Most memory of the process that does it, in bytes of address space."""
    max_text_characters: int = 20_000_000
    """Longest text taken from such a file."""
    max_unpacked_bytes: int = 300_000_000
    """Most that an archive (.docx, .odt, .epub) may unpack to."""
    max_unpacked_ratio: int = 200
    """How many times its packed size a large member of an archive may unpack to."""
    max_pages: int = 5_000
    """Most pages of a PDF, or parts of a book."""
    max_nesting: int = 200
    """Deepest nesting of a page's or an archive's elements, or of attached mails; 256 at most."""

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.type == "int":
                value = getattr(self, field.name)
                _require(value >= 1, f"{field.name} must be at least 1")
                _require(value <= LARGEST, f"{field.name} must be at most {LARGEST:,}")
        _require(
            self.max_extraction_seconds <= SECONDS_A_DAY,
            f"max_extraction_seconds must be at most {SECONDS_A_DAY:,}, a day",
        )
        _require(self.max_nesting <= 256, "max_nesting must be at most 256")
        _require(
            self.threshold is None or 0.0 <= self.threshold <= 1.0,
            "threshold must lie between 0 and 1",
        )


def load_settings(
    flags: Mapping[str, Any], environment: Mapping[str, str], folder: Path
) -> Settings:
    """Settings from all four sources; a flag that is ``None`` was not given.

    Raises:
        UsageError: a key nobody knows, or a value of the wrong kind; the text names its source.
    """
    found = _found(flags, environment, folder)
    return Settings(**{key: value for key, (value, _) in found.items()})


def setting_sources(
    flags: Mapping[str, Any], environment: Mapping[str, str], folder: Path
) -> dict[str, str]:
    """Where each setting comes from, by its name: "default", the file, its variable or its flag.

    Raises:
        UsageError: as :func:`load_settings`.
    """
    found = _found(flags, environment, folder)
    return {key: found[key][1] if key in found else "default" for key in _KINDS}


def _found(
    flags: Mapping[str, Any], environment: Mapping[str, str], folder: Path
) -> dict[str, tuple[Any, str]]:
    """What is set, each value with its source."""
    found: dict[str, tuple[Any, str]] = {}
    path = folder / SETTINGS_FILE
    if path.is_file():
        for key, value in _read_toml(path).items():
            found[key] = (_converted(key, value, str(path)), SETTINGS_FILE)
    for key in _KINDS:
        variable = f"QA_{key.upper()}"
        if variable in environment:
            found[key] = (_converted(key, environment[variable], variable), variable)
    _require_known(environment)
    found.update({key: (value, f"--{key}") for key, value in flags.items() if value is not None})
    return found


def _require_known(environment: Mapping[str, str]) -> None:
    """Raise if a variable is nearly, but not quite, one of ours; others' may begin with QA_ too."""
    ours = [f"QA_{key.upper()}" for key in _KINDS]
    for variable in environment:
        if variable.startswith("QA_") and variable not in ours:
            from difflib import get_close_matches

            meant = get_close_matches(variable, ours, n=1, cutoff=0.85)
            if meant:
                raise UsageError(
                    f"{variable} sets nothing; did you mean {meant[0]}? Else unset it."
                )


def named_path(value: Any) -> Path:
    """The path that ``value`` is.

    Raises:
        TypeError, ValueError: it is none. Nothing is none either: it would stand for the working folder, and
            is what a variable that is not set leaves of ``--corpus "$FOLDER"``.
    """
    path = Path(value)
    if not str(value) or "\0" in str(path):
        raise ValueError(value)
    return path


def typed_setting(key: str, text: str) -> Any:
    """The value of a setting as it is typed; nothing stands for ``None`` where that is one.

    Raises:
        UsageError: it is of the wrong kind.
    """
    text = text.strip()
    if not text and _KINDS[key].endswith("None"):
        return None
    return _converted(key, text, "What you typed")


def index_command(settings: Settings) -> str:
    """The command that brings the index of these settings up to date, as it would be typed."""
    words = ["qa", "index"]
    for flag in ("corpus", "vectors", "model"):
        value = getattr(settings, flag)
        if value != getattr(Settings(), flag):
            words += [f"{name} {shlex.quote(text)}" for name, text in flags_for(flag, value)]
    return " ".join(words)


def flags_for(name: str, value: object) -> list[tuple[str, str]]:
    """The flags that set a setting, with their values: one, or one for each folder of the corpus."""
    values = value if isinstance(value, tuple) else (value,)
    return [(f"--{name}", str(one)) for one in values]


_DESCRIBED = {
    "Corpus": "a path or a list of paths",
    "Path": "a path",
    "bool": "true or false",
    "int": "a whole number",
    "float | None": "a number",
    "str": "text",
}
_KINDS = {field.name: str(field.type) for field in fields(Settings)}


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"The settings file {path} cannot be read: {error}") from error
    unknown = sorted(set(values) - set(_KINDS))
    if unknown:
        raise UsageError(
            f"{path} sets {', '.join(unknown)}, which is no setting; there are: {', '.join(_KINDS)}"
        )
    return values


def _converted(key: str, value: Any, source: str) -> Any:
    kind = _KINDS[key]
    try:
        if kind == "Path":
            return named_path(value).expanduser()
        if kind == "Corpus":
            folders = value if isinstance(value, list) and value else [value]
            return sole_or_several(named_path(folder).expanduser() for folder in folders)
        if kind == "bool":
            return _boolean(value)
        if kind == "int":
            return int(value) if isinstance(value, str) else _whole(value)
        if kind.startswith("float"):
            if isinstance(value, bool):
                raise ValueError(value)
            return float(value)
        if not isinstance(value, str):
            raise ValueError(value)
        return value
    except (RuntimeError, TypeError, ValueError) as error:
        raise UsageError(f"{source}: {key} must be {_DESCRIBED[kind]}, not {value!r}") from error


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    known = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    try:
        return known[str(value).strip().lower()]
    except KeyError:
        raise ValueError(value) from None


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(value)
    return value


def _require(condition: bool, sentence: str) -> None:
    if not condition:
        raise UsageError(f"A setting is out of range: {sentence}.")
