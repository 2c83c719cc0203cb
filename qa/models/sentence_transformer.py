"""Encoders of other makers, by sentence-transformers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from qa.errors import ModelError
from qa.models.bert import attended_in_parts
from qa.models.encoder import Progress, Vectors, chunks, embed_separately, unit
from qa.models.passage_texts import PassageText, means_of, parts_of
from qa.settings import EMBEDDED_MODEL

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

__all__ = ["SentenceTransformerEncoder", "load_sentence_transformer"]


class SentenceTransformerEncoder:
    """Any sentence-transformers model (Reimers and Gurevych, 2019, https://arxiv.org/abs/1908.10084).

    One whose network says ``"late_chunking": true`` in its ``config.json`` is trained to see a passage once,
    see :class:`qa.models.encoder.EmbeddedEncoder`.
    """

    def __init__(self, model: SentenceTransformer, name: str, digest: str) -> None:
        self._model = model
        self._tokenizer: Any = model.tokenizer
        self.name = name
        self.digest = digest
        dimension = model.get_embedding_dimension()
        if dimension is None:
            raise ModelError(
                f"The model {name} does not say how long its vectors are; use another."
            )
        self.dimension: int = dimension
        specials = self._tokenizer.num_special_tokens_to_add(pair=False)
        self.max_tokens: int = int(model.max_seq_length or 512) - int(specials)
        network: Any = getattr(model[0], "auto_model", None)
        config = getattr(network, "config", None)
        self._network = network if getattr(config, "late_chunking", False) is True else None

    def count_tokens(self, text: str) -> int:
        tokens = self._tokenizer(text, add_special_tokens=False, verbose=False)
        return len(tokens["input_ids"])

    def embed_query(self, question: str) -> Vectors:
        encode = getattr(self._model, "encode_query", self._model.encode)
        embedded = encode([question], show_progress_bar=False, convert_to_numpy=True)
        query: Vectors = unit(embedded)[0]
        return query

    def embed_documents(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        encode = getattr(self._model, "encode_document", self._model.encode)
        for chunk in chunks(texts, progress):
            vectors[chunk] = unit(
                encode(
                    [texts[position] for position in chunk],
                    batch_size=32,
                    show_progress_bar=False,
                    convert_to_numpy=True,
                )
            )
        return vectors

    def embed_passages(
        self, passages: Sequence[PassageText], progress: Progress | None = None
    ) -> list[Vectors]:
        if self._network is None:
            return embed_separately(self, passages, progress)
        embedded: dict[int, Vectors] = {}
        for chunk in chunks([passage.text for passage in passages]):
            together = [passages[position] for position in chunk]
            embedded |= zip(chunk, self._embed_once(together), strict=True)
        if progress is not None:
            total = sum(map(len, embedded.values()))
            progress(total, total)
        return [embedded[position] for position in range(len(passages))]

    def _embed_once(self, passages: Sequence[PassageText]) -> Iterator[Vectors]:
        """As :meth:`embed_passages`, each passage seen once."""
        import torch

        assert self._network is not None
        batch = self._tokenizer(
            [passage.text for passage in passages],
            padding=True,
            truncation=True,
            max_length=self.max_tokens + 2,
            return_offsets_mapping=True,
            return_tensors="pt",
        )
        offsets = batch["offset_mapping"].numpy()
        lengths = batch["attention_mask"].sum(dim=1).tolist()
        parts = [
            parts_of(passage, offsets[row, 1 : length - 1])
            for row, (passage, length) in enumerate(zip(passages, lengths, strict=True))
        ]
        attended = torch.from_numpy(attended_in_parts(parts, offsets.shape[1]))
        mask = torch.where(attended, 0.0, torch.finfo(torch.float32).min).unsqueeze(1)
        with torch.inference_mode():
            hidden = self._network(input_ids=batch["input_ids"], attention_mask=mask)[0].numpy()
        for row, (passage, length) in enumerate(zip(passages, lengths, strict=True)):
            yield unit(means_of(passage, parts[row], hidden[row, :length]))


def load_sentence_transformer(name: str) -> SentenceTransformerEncoder:
    """The sentence-transformers model in the folder, or of the name, ``name``.

    Raises:
        ModelError: it is not there, or cannot be loaded.
    """
    from safetensors import SafetensorError
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()
    try:
        model = SentenceTransformer(name, device="cpu", model_kwargs={"use_safetensors": True})
    except (OSError, ValueError, RuntimeError, ImportError, SafetensorError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(
            f"The model {name} cannot be loaded ({reason}); give --model a folder or the name of a "
            f"sentence-transformers model on this machine, or leave it out for {EMBEDDED_MODEL}. To fetch "
            "one from the hub, set HF_HUB_OFFLINE=0 once."
        ) from error
    return SentenceTransformerEncoder(model, name, _state_digest(model))


def _state_digest(model: SentenceTransformer) -> str:
    digest = hashlib.sha256()
    for key, tensor in sorted(model.state_dict().items()):
        digest.update(key.encode())
        digest.update(np.ascontiguousarray(tensor.float().cpu().numpy()).tobytes())
    return digest.hexdigest()
