"""The embedded models as sentence-transformers and transformers compute them, in float32."""

from __future__ import annotations

import torch
from sentence_transformers import SentenceTransformer
from transformers import AutoTokenizer, BertConfig, BertForQuestionAnswering

from qa.models.encoder import SentenceTransformerEncoder
from qa.models.reader import SpanModel, TransformersSpanModel
from qa.models.weights import Arrays, embedded_model_path, reader_weights, tuned_weights


def reference_encoder() -> SentenceTransformerEncoder:
    model = SentenceTransformer(str(embedded_model_path()), device="cpu")
    _take(model[0].auto_model, tuned_weights())
    return SentenceTransformerEncoder(model, "reference", "")


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
