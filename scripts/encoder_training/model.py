"""The encoder as it is trained: MiniLM in mixed precision, its means over texts and over their sentences."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from reader_training.training import MixedPrecision
from safetensors.torch import load, load_file
from torch.nn.functional import normalize
from transformers import BertConfig, BertModel, PreTrainedTokenizerBase

from encoder_training.pairs import Vectors
from qa.models.bert import SHARED, attended_in_parts
from qa.models.passage_texts import PassageText, parts_of
from qa.models.weights import EMBEDDED_MODEL_SHA256, embedded_model_path, read_pinned

WORD_EMBEDDINGS = "embeddings.word_embeddings.weight"
"""Frozen in training, and left out of the file that training writes."""
MAX_TOKENS = 256
_ROUNDED = 16
_NOWHERE = -1e4


def load_encoder(start: Path | None) -> BertModel:
    """MiniLM, or an earlier round's weights in it; float32, no dropout, word embeddings frozen."""
    config = BertConfig.from_pretrained(
        embedded_model_path(), hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0
    )
    config._attn_implementation = "eager"
    model = BertModel(config, add_pooling_layer=False)
    state = load(read_pinned(embedded_model_path() / "model.safetensors", EMBEDDED_MODEL_SHA256))
    if start is not None:
        state |= load_file(start / "model.safetensors")
    wanted = model.state_dict().keys()
    model.load_state_dict({name: state[name].float() for name in wanted})
    model.embeddings.word_embeddings.weight.requires_grad_(False)
    return model


class TrainedEncoder:
    """The encoder in mixed precision; mean pooling, as MiniLM has it."""

    def __init__(self, master: BertModel, tokenizer: PreTrainedTokenizerBase) -> None:
        self.precision = MixedPrecision(master, torch.device("cpu"))
        self._tokenizer = tokenizer
        self._optimizer = torch.optim.AdamW(
            self.precision.trained, lr=0.0, betas=(0.9, 0.98), eps=1e-6
        )

    def vectors(self, texts: Sequence[str]) -> torch.Tensor:
        """Unit vectors, shape (texts, 384); texts of like length go through together."""
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        cut = 2 * len(order) // 3
        found: list[torch.Tensor | None] = [None] * len(texts)
        for part in filter(None, (order[:cut], order[cut:])):
            batch = self._tokenizer(
                [texts[i] for i in part],
                padding=True,
                truncation=True,
                max_length=MAX_TOKENS,
                return_tensors="pt",
                pad_to_multiple_of=_ROUNDED,
            )
            hidden = self.precision.working(**batch).last_hidden_state.float()
            mask = batch["attention_mask"].unsqueeze(-1).float()
            pooled = normalize((hidden * mask).sum(1) / mask.sum(1), dim=-1)
            for row, i in enumerate(part):
                found[i] = pooled[row]
        return torch.stack([vector for vector in found if vector is not None])

    def passages(self, passages: Sequence[PassageText]) -> list[torch.Tensor]:
        """For each passage its unit vector, and under it those of all its sentences.

        As :meth:`qa.models.encoder.EmbeddedEncoder.embed_passages` has them with late chunking; zero for a
        sentence that was cut off.
        """
        order = sorted(range(len(passages)), key=lambda i: len(passages[i].text))
        cut = len(order) // 2
        found: dict[int, torch.Tensor] = {}
        for part in filter(None, (order[:cut], order[cut:])):
            batch = self._tokenizer(
                [passages[i].text for i in part],
                padding=True,
                truncation=True,
                max_length=MAX_TOKENS,
                return_tensors="pt",
                return_offsets_mapping=True,
                pad_to_multiple_of=_ROUNDED,
            )
            lengths = batch["attention_mask"].sum(dim=1).tolist()
            offsets = batch["offset_mapping"].numpy()
            parts = [
                parts_of(passages[i], offsets[row, 1 : length - 1])
                for row, (i, length) in enumerate(zip(part, lengths, strict=True))
            ]
            attended = attended_in_parts(parts, offsets.shape[1])[:, np.newaxis]
            mask = torch.from_numpy(np.where(attended, 0.0, _NOWHERE))
            mask = mask.to(self.precision.number_type)
            hidden = self.precision.working(
                input_ids=batch["input_ids"], attention_mask=mask
            ).last_hidden_state.float()
            for row, i in enumerate(part):
                own = np.arange(len(passages[i].sentences))[:, np.newaxis] == parts[row]
                inside = np.vstack([parts[row] >= SHARED, own]).astype(np.float32)
                inside /= np.maximum(inside.sum(axis=1, keepdims=True), 1.0)
                means = torch.from_numpy(inside) @ hidden[row, : lengths[row]]
                found[i] = normalize(means, dim=-1)
        return [found[i] for i in range(len(passages))]

    @torch.no_grad()
    def embed(self, texts: Sequence[str]) -> Vectors:
        """As :meth:`vectors`, for any number of texts, without gradients."""
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        embedded = np.empty(
            (len(texts), self.precision.master.config.hidden_size), dtype=np.float32
        )
        for first in range(0, len(order), 64):
            part = order[first : first + 64]
            embedded[part] = self.vectors([texts[i] for i in part]).numpy()
        return embedded

    def update(self, loss: torch.Tensor, rate: float) -> None:
        """One step of AdamW on the master weights."""
        loss.backward()  # type: ignore[no-untyped-call]
        self.precision.collect_gradients()
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.step()
        self.precision.update_working_copy()
