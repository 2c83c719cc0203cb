"""A sentence-transformers model of a few kilobytes with random weights: loaded and asked as any other."""

from __future__ import annotations

from pathlib import Path

__all__ = ["write_tiny_model"]


def write_tiny_model(folder: Path) -> Path:
    """Make the model in ``folder``, the same at every call, and return where it lies."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast
    from transformers.utils import logging

    logging.disable_progress_bar()
    body = folder / "body"
    body.mkdir(parents=True)
    letters = [chr(code) for code in range(33, 127)]
    vocabulary = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *letters,
        *(f"##{letter}" for letter in letters),
    ]
    (body / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    torch.manual_seed(0)
    configuration = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=512,
    )
    BertModel(configuration).save_pretrained(body)
    BertTokenizerFast(vocab_file=str(body / "vocab.txt")).save_pretrained(body)
    modules = [Transformer(str(body), max_seq_length=256), Pooling(32)]
    SentenceTransformer(modules=modules, device="cpu").save(str(folder / "model"))
    return folder / "model"
