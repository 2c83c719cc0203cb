"""How good a reader is: exact match, F1, silence, and choosing between paragraphs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from sklearn.metrics import roc_auc_score  # type: ignore[import-untyped]
from transformers import BertForQuestionAnswering, PreTrainedTokenizerBase

from qa.evaluate import exact_match, token_f1
from reader_training.data import Example, nearest_paragraphs
from reader_training.features import Batch, collate, cut_windows

MAX_ANSWER_TOKENS = 40


@dataclass(frozen=True, slots=True)
class Prediction:
    """The best span of a paragraph."""

    text: str
    score: float
    """Span score minus null score, both raw logits: comparable between paragraphs."""


def best_spans(
    start_logits: torch.Tensor, end_logits: torch.Tensor, batch: Batch
) -> list[tuple[float, int, int]]:
    """For each window: span score minus null score, first and last token of its best span.

    Logits have shape (batch, tokens); the null score is that of the span [CLS] to [CLS].
    """
    null = (start_logits[:, 0] + end_logits[:, 0]).unsqueeze(1)
    outside = ~batch.selectable.clone()
    outside[:, 0] = True
    starts = start_logits.masked_fill(outside, -torch.inf)
    ends = end_logits.masked_fill(outside, -torch.inf)
    tokens = starts.shape[1]
    pairs = starts.unsqueeze(2) + ends.unsqueeze(1)
    allowed = torch.ones(tokens, tokens, dtype=torch.bool).triu().tril(MAX_ANSWER_TOKENS - 1)
    scores, places = pairs.masked_fill(~allowed, -torch.inf).flatten(1).max(dim=1)
    margins = (scores - null.squeeze(1)).tolist()
    return [(m, p // tokens, p % tokens) for m, p in zip(margins, places.tolist(), strict=True)]


@torch.inference_mode()
def predict(
    model: BertForQuestionAnswering,
    tokenizer: PreTrainedTokenizerBase,
    examples: Sequence[Example],
    batch_size: int = 32,
) -> list[Prediction]:
    """The best span of each example over all windows of its paragraph."""
    model.train(False)
    windows = sorted(cut_windows(examples, tokenizer), key=lambda w: len(w.token_ids))
    best = [Prediction("", -float("inf")) for _ in examples]
    for first in range(0, len(windows), batch_size):
        batch = collate(windows[first : first + batch_size])
        output = model(
            input_ids=batch.input_ids.to(model.device),
            attention_mask=batch.attention_mask.to(model.device),
            token_type_ids=batch.token_type_ids.to(model.device),
        )
        spans = best_spans(
            output.start_logits.float().cpu(), output.end_logits.float().cpu(), batch
        )
        for window, (score, start, end) in zip(batch.windows, spans, strict=True):
            if score > best[window.example].score:
                first_character = int(window.offsets[start - window.context_start, 0])
                last_character = int(window.offsets[end - window.context_start, 1])
                context = examples[window.example].context
                best[window.example] = Prediction(context[first_character:last_character], score)
    return best


def measure_answers(examples: Sequence[Example], predictions: Sequence[Prediction]) -> str:
    """EM and F1 over answerable questions, by kind where there are kinds, and AUROC of silence."""
    f1_by_kind: dict[str, list[float]] = {}
    exact = []
    for example, prediction in zip(examples, predictions, strict=True):
        if example.answers:
            golds = [answer.text for answer in example.answers]
            exact.append(max(exact_match(prediction.text, gold) for gold in golds))
            f1 = max(token_f1(prediction.text, gold) for gold in golds)
            f1_by_kind.setdefault(example.kind, []).append(f1)
    f1s = [f1 for kind in f1_by_kind.values() for f1 in kind]
    line = f"EM {100 * np.mean(exact):.1f}  F1 {100 * np.mean(f1s):.1f}"
    if len(f1_by_kind) > 1:
        kinds = (f"{kind} {100 * np.mean(f1s):.1f}" for kind, f1s in sorted(f1_by_kind.items()))
        line += f" ({', '.join(kinds)})"
    answerable = [bool(example.answers) for example in examples]
    if not all(answerable):
        scores = [prediction.score for prediction in predictions]
        line += f"  AUROC {roc_auc_score(answerable, scores):.3f}"
    return line


def measure_choice(
    model: BertForQuestionAnswering,
    tokenizer: PreTrainedTokenizerBase,
    examples: Sequence[Example],
    questions: int = 400,
    rivals: int = 4,
) -> str:
    """Whether scores compare between paragraphs.

    Each answerable question is put to its own paragraph and to the `rivals` others of the file
    that are nearest to it by TF-IDF; the paragraph with the best score gives the answer.
    """
    answerable = [example for example in examples if example.answers]
    chosen = answerable[:: max(1, len(answerable) // questions)]
    contexts = sorted({example.context for example in examples})
    nearest = nearest_paragraphs([e.question for e in chosen], contexts, rivals + 1)
    pairs: list[Example] = []
    for example, indices in zip(chosen, nearest, strict=True):
        others = [contexts[index] for index in indices if contexts[index] != example.context]
        pairs.append(example)
        pairs += [replace(example, context=context) for context in others[:rivals]]
    predictions = predict(model, tokenizer, pairs)
    right, f1s = [], []
    for row, example in enumerate(chosen):
        group = predictions[row * (rivals + 1) : (row + 1) * (rivals + 1)]
        best = max(range(len(group)), key=lambda index: group[index].score)
        right.append(best == 0)
        f1s.append(max(token_f1(group[best].text, answer.text) for answer in example.answers))
    return f"own paragraph of {rivals + 1} {100 * np.mean(right):.1f}  F1 {100 * np.mean(f1s):.1f}"
