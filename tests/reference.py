"""The embedded models as sentence-transformers and transformers compute them, in float32."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from sentence_transformers import SentenceTransformer
from transformers import AutoTokenizer, BertConfig, BertForQuestionAnswering

from qa.models.reader import SpanModel, TransformersSpanModel
from qa.models.sentence_transformer import SentenceTransformerEncoder
from qa.models.weights import Arrays, embedded_model_path, reader_weights, tuned_weights


def reference_encoder() -> SentenceTransformerEncoder:
    return SentenceTransformerEncoder(_sentence_transformer(), "reference", "")


def reference_token_states(
    text: str, attended: Sequence[Sequence[bool]]
) -> npt.NDArray[np.float32]:
    """The hidden states of a text's tokens, [CLS] and [SEP] included; each attends to those of its row."""
    model = _sentence_transformer()
    ids = model.tokenizer(text, return_tensors="pt")["input_ids"]
    mask = torch.where(torch.tensor(attended), 0.0, torch.finfo(torch.float32).min)
    with torch.no_grad():
        states = model[0].auto_model(input_ids=ids, attention_mask=mask[None, None])[0][0]
    found: npt.NDArray[np.float32] = states.numpy()
    return found


def _sentence_transformer() -> SentenceTransformer:
    model = SentenceTransformer(str(embedded_model_path()), device="cpu")
    _take(model[0].auto_model, tuned_weights())
    return model


def reference_reader() -> SpanModel:
    model = BertForQuestionAnswering(BertConfig.from_pretrained(embedded_model_path()))
    _take(model, reader_weights())
    return TransformersSpanModel(model, AutoTokenizer.from_pretrained(embedded_model_path()))


def _take(model: torch.nn.Module, weights: Arrays) -> None:
    """The weights, all of which the model must have; a pooler that nothing uses stays as it is."""
    state = {name: torch.from_numpy(array.copy()) for name, array in weights.items()}
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected
    assert all("pooler" in name for name in missing)
