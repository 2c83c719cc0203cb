"""A passage read with its sentences in several orders, and the logits averaged.

Which span of a sentence answers should not depend on what stands before and after it, but what a small model
makes of it does, by chance. An average over inputs that differ in nothing that matters (test-time
augmentation, Krizhevsky et al. 2012, section 4.1) is right more often than any of them, as that of several
models is, and needs one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from qa.models.reader import SpanModel, TokenScores
from qa.text import Span

__all__ = ["over_orders"]

Offsets = npt.NDArray[np.int64]


def over_orders(
    plain: Sequence[TokenScores],
    model: SpanModel,
    question: str,
    header: str,
    text: str,
    sentences: Sequence[Span],
) -> Sequence[TokenScores]:
    """``plain``, what is said of ``header + text`` as it stands, averaged with its sentences in other orders.

    ``sentences`` count in ``text``. What has several windows stays as it is, and so does a single sentence.
    """
    orders = _orders(len(sentences))
    if len(plain) != 1 or not orders:
        return plain
    context = header + text
    pieces = [_pieces(len(header), sentences, order) for order in orders]
    others = model.score(question, [_joined(context, each) for each in pieces])
    read = [plain[0]]
    for windows, order in zip(others, pieces, strict=True):
        restored = _restored(windows[0], order)
        # What was cut into other tokens, or into several windows, cannot be averaged.
        if len(windows) == 1 and np.array_equal(restored.offsets, plain[0].offsets):
            read.append(restored)
    return [
        TokenScores(
            plain[0].offsets,
            np.mean([tokens.start for tokens in read], axis=0),
            np.mean([tokens.end for tokens in read], axis=0),
            float(np.mean([tokens.null for tokens in read])),
        )
    ]


def _orders(count: int) -> list[list[int]]:
    """Orders other than the plain one in which so many sentences are read: backwards, halves swapped."""
    plain = list(range(count))
    backwards = plain[::-1]
    swapped = plain[count // 2 :] + plain[: count // 2]
    orders = [backwards] if backwards != plain else []
    return orders + ([swapped] if swapped not in (plain, backwards) else [])


def _pieces(header: int, sentences: Sequence[Span], order: Sequence[int]) -> list[Span]:
    """The spans of the context in the order in which they are read: the header first."""
    moved = [Span(header + sentences[n].start, header + sentences[n].end) for n in order]
    return [Span(0, header), *moved] if header else moved


def _joined(context: str, pieces: Sequence[Span]) -> str:
    return " ".join(piece.of(context) for piece in pieces)


def _restored(tokens: TokenScores, pieces: Sequence[Span]) -> TokenScores:
    """The tokens of what :func:`_joined` made, at their places in the context and in its order."""
    lengths = np.array([len(piece) for piece in pieces])
    read_at = np.concatenate([[0], np.cumsum(lengths[:-1] + 1)])
    stood_at = np.array([piece.start for piece in pieces])
    held_by = np.searchsorted(read_at, tokens.offsets[:, 0], side="right") - 1
    offsets: Offsets = tokens.offsets + (stood_at - read_at)[held_by][:, np.newaxis]
    order = np.argsort(offsets[:, 0], kind="stable")
    return TokenScores(offsets[order], tokens.start[order], tokens.end[order], tokens.null)
