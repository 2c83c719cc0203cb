"""Everything that can go wrong, as one tree with one root, and every exit code.

    QAError
    ├── UsageError            the call itself was wrong                    exit 2
    │   └── QuestionError     an empty or over-long question
    ├── CorpusError           no such folder, or nothing in it to read
    ├── DocumentError         one file cannot be read; indexing names it and goes on
    ├── IndexStateError       the index is missing, of another model, or of another format
    ├── StoreError            the store is corrupt, locked or cannot be written
    ├── ModelError            a model is missing or is not the one expected
    └── InputFileError        a question, answer or label file cannot be used

Abstaining is no error: it is the value :class:`qa.answer.NoAnswer`.
"""

from __future__ import annotations

from enum import IntEnum

__all__ = [
    "CorpusError",
    "DocumentError",
    "ExitCode",
    "IndexStateError",
    "InputFileError",
    "ModelError",
    "QAError",
    "QuestionError",
    "StoreError",
    "UsageError",
]


class ExitCode(IntEnum):
    """What a finished ``qa`` process tells its caller."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    NO_ANSWER = 3
    INTERRUPTED = 130


class QAError(Exception):
    """Root of all errors a person can cause or mend; its text is one sentence with the remedy."""

    exit_code: ExitCode = ExitCode.FAILURE


class UsageError(QAError):
    """The call was wrong: an argument, a setting, a flag."""

    exit_code = ExitCode.USAGE


class QuestionError(UsageError):
    """The question is empty or too long to be one."""


class CorpusError(QAError):
    """The corpus folder is missing or holds nothing that can be read."""


class DocumentError(QAError):
    """One file cannot become a document. Its text is the reason alone, without the file's name."""


class IndexStateError(QAError):
    """The index is missing or was built by something else; the text names the command that mends it."""


class StoreError(QAError):
    """The store is corrupt, held by another process, or the disk refuses to take it."""


class ModelError(QAError):
    """A model cannot be found, or its weights are not the pinned ones."""


class InputFileError(QAError):
    """A file of questions, answers or labels cannot be read or written."""
