"""The reader's network: a span head on all-MiniLM-L6-v2, and its files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load, load_file, save
from transformers import (
    AutoTokenizer,
    BertConfig,
    BertForQuestionAnswering,
    PreTrainedTokenizerBase,
)

from qa.files import replace_file
from qa.models.weights import EMBEDDED_MODEL_SHA256, embedded_model_path, read_pinned

WORD_EMBEDDINGS = "bert.embeddings.word_embeddings.weight"
"""Frozen in training and equal to the body's, so the reader's file leaves them out."""


def load_tokenizer() -> PreTrainedTokenizerBase:
    """The body's own uncased WordPiece tokenizer."""
    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(embedded_model_path())
    return tokenizer


def new_reader(seed: int) -> BertForQuestionAnswering:
    """The body with an untrained span head (Devlin et al. 2019, section 4.3), float32.

    Dropout is off: on a CPU it costs more than half of the speed, and a run of a few epochs over
    varied data does without.
    """
    config = BertConfig.from_pretrained(
        embedded_model_path(), hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0
    )
    # The eager implementation is the fastest one here for training on a CPU.
    config._attn_implementation = "eager"
    torch.manual_seed(seed)
    model = BertForQuestionAnswering(config)
    weights = embedded_model_path() / "model.safetensors"
    body = load(read_pinned(weights, EMBEDDED_MODEL_SHA256))
    wanted = model.bert.state_dict().keys()
    model.bert.load_state_dict({name: body[name] for name in wanted})
    model.bert.embeddings.word_embeddings.weight.requires_grad_(False)
    return model


def load_reader(directory: Path) -> BertForQuestionAnswering:
    """A reader from its folder, float32, with the word embeddings of the body."""
    model = new_reader(seed=0)
    state = {WORD_EMBEDDINGS: model.state_dict()[WORD_EMBEDDINGS]}
    state |= load_file(directory / "model.safetensors")
    model.load_state_dict({name: tensor.float() for name, tensor in state.items()})
    return model


def save_reader(model: BertForQuestionAnswering, directory: Path) -> None:
    """Write config.json and model.safetensors: float16, without the frozen word embeddings.

    The tokenizer is the body's, read from its package, and is not repeated here.
    """
    directory.mkdir(parents=True, exist_ok=True)
    config = BertConfig.from_dict(model.config.to_dict())
    config.architectures = ["BertForQuestionAnswering"]
    config.dtype = "float16"
    config.save_pretrained(directory)
    save_learned(model, directory, WORD_EMBEDDINGS)


def save_learned(model: torch.nn.Module, directory: Path, frozen: str) -> None:
    """Write model.safetensors: float16, without the weight that was `frozen`."""
    learned = {
        name: tensor
        for name, tensor in model.state_dict().items()
        if name != frozen and tensor.is_floating_point()
    }
    save_tensors(learned, directory / "model.safetensors")


def save_tensors(tensors: Mapping[str, torch.Tensor], path: Path) -> None:
    """Write them in float16, all or nothing."""
    state = {
        name: tensor.detach().to("cpu", torch.float16).contiguous()
        for name, tensor in tensors.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, save(state, metadata={"format": "pt"}))
