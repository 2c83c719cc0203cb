"""Passages as they are embedded: once for themselves and all their sentences, or each sentence apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qa.models.bert import SHARED, Hidden, Parts
from qa.text import Span

__all__ = ["PassageText", "means_of", "parts_of", "separate_texts"]


@dataclass(frozen=True, slots=True)
class PassageText:
    """A passage as it is embedded."""

    text: str
    """With the header in front."""
    header: int
    """Characters of the header."""
    sentences: tuple[Span, ...]
    """In order; they count in ``text``."""
    wanted: tuple[int, ...]
    """Which of the sentences need a vector, by their places."""


def separate_texts(passages: Sequence[PassageText]) -> list[list[str]]:
    """The text of each passage, and those of its sentences that are wanted, as they are embedded apart.

    A sentence has the header and the sentence before it in front: "Their number is growing by dozens of
    percent" says nothing without.
    """
    separate = []
    for passage in passages:
        header = passage.text[: passage.header]
        texts = [passage.text]
        for place in passage.wanted:
            start = passage.sentences[max(place - 1, 0)].start
            texts.append(header + passage.text[start : passage.sentences[place].end])
        separate.append(texts)
    return separate


def parts_of(passage: PassageText, offsets: npt.NDArray[np.intp]) -> Parts:
    """The sentence of each token, [CLS] and [SEP] around them included; the header is shared.

    ``offsets`` has shape (tokens, 2), where each token begins and ends in the passage.
    """
    parts = np.full(len(offsets) + 2, SHARED)
    for place, sentence in enumerate(passage.sentences):
        first = int(np.searchsorted(offsets[:, 0], sentence.start))
        end = int(np.searchsorted(offsets[:, 1], sentence.end, side="right"))
        parts[first + 1 : end + 1] = place  # [CLS] comes before the first token
    return parts


def means_of(passage: PassageText, parts: Parts, hidden: Hidden) -> Hidden:
    """The mean of a passage's hidden states, and under it those of the sentences that are wanted.

    ``parts`` is as of :func:`parts_of`, ``hidden`` has shape (tokens, width). For a sentence without a token,
    beyond what the encoder sees, the passage must do.
    """
    whole = hidden.mean(axis=0)
    own = (hidden[parts == sentence] for sentence in passage.wanted)
    return np.stack([whole, *(states.mean(axis=0) if len(states) else whole for states in own)])
