"""Questions and paragraphs as token windows, and windows as batches."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from reader_training.data import Answer, Asked, Example

MAX_TOKENS = 384
"""Tokens in a window: [CLS] question [SEP] paragraph [SEP]."""
STRIDE = 128
"""Tokens that two windows of a long paragraph share."""


@dataclass(frozen=True, slots=True)
class Window:
    """One window of a question's paragraph."""

    example: int
    """Index of the example that it was cut from."""
    token_ids: NDArray[np.uint16]
    """Shape (tokens,)."""
    context_start: int
    """Index of the first paragraph token; the last one is before the closing [SEP]."""
    start: int
    """Index of the answer's first token, 0 ([CLS]) where the window has no answer."""
    end: int
    """Index of the answer's last token, 0 likewise."""
    offsets: NDArray[np.int32]
    """Characters of each paragraph token in the paragraph: shape (paragraph tokens, 2)."""
    asked: int = 0
    """Which question it belongs to: the windows of all its paragraphs share the number."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded windows; every tensor but the targets has shape (batch, tokens)."""

    windows: Sequence[Window]
    input_ids: torch.Tensor
    attention_mask: torch.Tensor
    token_type_ids: torch.Tensor
    selectable: torch.Tensor
    """True where a span may start or end: [CLS] and the paragraph's tokens."""
    starts: torch.Tensor
    """Shape (batch,)."""
    ends: torch.Tensor
    """Shape (batch,)."""
    asked: torch.Tensor
    """Which question each window belongs to; shape (batch,)."""


def cut_windows(
    examples: Sequence[Example], tokenizer: PreTrainedTokenizerBase, chunk: int = 2048
) -> Iterator[Window]:
    """Tokenise examples into windows of at most MAX_TOKENS tokens, in the examples' order."""
    for first in range(0, len(examples), chunk):
        part = examples[first : first + chunk]
        encoded = tokenizer(
            [example.question for example in part],
            [example.context for example in part],
            truncation="only_second",
            max_length=MAX_TOKENS,
            stride=STRIDE,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )
        owners = encoded["overflow_to_sample_mapping"]
        for index, owner in enumerate(owners):
            context_start = encoded["token_type_ids"][index].index(1)
            token_ids = np.asarray(encoded["input_ids"][index], dtype=np.uint16)
            offsets = np.asarray(encoded["offset_mapping"][index], dtype=np.int32)
            offsets = offsets[context_start:-1]
            start, end = _token_span(part[owner].target, offsets, context_start)
            yield Window(first + owner, token_ids, context_start, start, end, offsets)


def _token_span(
    answer: Answer | None, offsets: NDArray[np.int32], context_start: int
) -> tuple[int, int]:
    """First and last token of the answer; (0, 0) unless the window holds all of it."""
    if answer is None or len(offsets) == 0:
        return 0, 0
    first, last = answer.start, answer.start + len(answer.text)
    if first < offsets[0, 0] or last > offsets[-1, 1]:
        return 0, 0
    start = int(np.searchsorted(offsets[:, 1], first, side="right"))
    end = int(np.searchsorted(offsets[:, 0], last, side="left")) - 1
    return (context_start + start, context_start + end) if start <= end else (0, 0)


def collate(windows: Sequence[Window]) -> Batch:
    """Pad windows to the longest of them, rounded up to a multiple of 16.

    Matrix units work on tiles of 16, and fewer distinct shapes mean fewer kernels to prepare.
    """
    longest = max(len(window.token_ids) for window in windows)
    shape = (len(windows), -(-longest // 16) * 16)
    input_ids = np.zeros(shape, dtype=np.int64)
    attention_mask = np.zeros(shape, dtype=np.int64)
    token_type_ids = np.zeros(shape, dtype=np.int64)
    selectable = np.zeros(shape, dtype=np.bool_)
    for row, window in enumerate(windows):
        length = len(window.token_ids)
        input_ids[row, :length] = window.token_ids
        attention_mask[row, :length] = 1
        token_type_ids[row, window.context_start : length] = 1
        selectable[row, window.context_start : length - 1] = True
    selectable[:, 0] = True
    return Batch(
        windows=windows,
        input_ids=torch.from_numpy(input_ids),
        attention_mask=torch.from_numpy(attention_mask),
        token_type_ids=torch.from_numpy(token_type_ids),
        selectable=torch.from_numpy(selectable),
        starts=torch.tensor([window.start for window in windows]),
        ends=torch.tensor([window.end for window in windows]),
        asked=torch.tensor([window.asked for window in windows]),
    )


def windows_by_question(
    asked: Sequence[Asked], tokenizer: PreTrainedTokenizerBase
) -> list[list[Window]]:
    """The windows of all paragraphs of each question."""
    readings = [reading for each in asked for reading in each.readings]
    owners = [number for number, each in enumerate(asked) for _ in each.readings]
    groups: list[list[Window]] = [[] for _ in asked]
    for window in cut_windows(readings, tokenizer):
        number = owners[window.example]
        groups[number].append(replace(window, asked=number))
    return groups


def shuffled_batches(
    groups: Sequence[Sequence[Window]], batch_size: int, rng: random.Random, bucket: int = 50
) -> list[list[Window]]:
    """Batches of about `batch_size` windows of like length, in random order; no question is split.

    Questions are shuffled, sorted by their longest window within buckets of about `bucket` batches,
    and dealt out: little padding, and still different neighbours in every epoch.
    """
    order = list(groups)
    rng.shuffle(order)
    per_bucket = max(1, bucket * batch_size * len(order) // max(1, sum(map(len, order))))
    batches: list[list[Window]] = []
    for first in range(0, len(order), per_bucket):
        chunk = sorted(order[first : first + per_bucket], key=_longest)
        batch: list[Window] = []
        for group in chunk:
            if batch and len(batch) + len(group) > batch_size:
                batches.append(batch)
                batch = []
            batch += group
        batches.append(batch)
    rng.shuffle(batches)
    return batches


def _longest(group: Sequence[Window]) -> int:
    return max(len(window.token_ids) for window in group)
