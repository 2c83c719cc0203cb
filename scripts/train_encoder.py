"""Train the retriever's encoder: all-MiniLM-L6-v2, tuned to bring questions near their sentences.

Contrastive training on the questions that the reader is trained on (InfoNCE with in-batch and mined
negatives). A round takes about a quarter of an hour on 2 cores.

Examples:
  scripts/train_encoder.py --data data/ scripts/reader_training/written --output runs/encoder/
  scripts/train_encoder.py --data data/ scripts/reader_training/written --start runs/encoder/ \\
      --output runs/encoder-2/
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from encoder_training.pairs import Pair, Triple, Vectors, drawn, mined_pairs
from reader_training.data import Example, sample_share
from reader_training.model import load_tokenizer, save_learned
from reader_training.training import MixedPrecision, schedule
from safetensors.torch import load, load_file
from torch.nn.functional import cross_entropy, normalize
from train_reader import Log, read_data, without_held_out
from transformers import BertConfig, BertModel, PreTrainedTokenizerBase

from qa.models.weights import EMBEDDED_MODEL_SHA256, embedded_model_path, read_pinned

WORD_EMBEDDINGS = "embeddings.word_embeddings.weight"
#: Share of each set's answerable questions, how often each is drawn, and how often with its header.
SHARES = {
    "written": (1.0, 2, 0.8),
    "people.train": (1.0, 2, 0.0),
    "new_wiki.train": (0.7, 1, 0.6),
    "squad2_half.train": (1.0, 1, 0.6),
    "qamr.train": (0.1, 1, 0.0),
}
PASSAGES = 0.2
"""Share of the questions that are put to the whole paragraph and not to the sentence."""
TEMPERATURE = 0.05
MAX_TOKENS = 256


def main() -> None:
    """One round of training."""
    summary, _, details = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=details, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--output", type=Path, required=True, help="folder for the encoder")
    parser.add_argument("--start", type=Path, help="folder of an earlier round; default: MiniLM")
    parser.add_argument("--rate", type=float, default=5e-5, help="peak learning rate")
    parser.add_argument("--batch", type=int, default=48, help="questions in a step")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    log = Log(options.output / "log.txt")
    rng = random.Random(options.seed)
    files = without_held_out(read_data(options.data), log)
    encoder = TrainedEncoder(load_encoder(options.start), load_tokenizer())
    triples = mined_triples(files, encoder, rng, log)
    rng.shuffle(triples)
    train(encoder, triples, options.rate, options.batch, log)
    save_learned(encoder.precision.master, options.output, WORD_EMBEDDINGS)
    log(f"done, encoder in {options.output}")


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
                pad_to_multiple_of=16,
            )
            hidden = self.precision.working(**batch).last_hidden_state.float()
            mask = batch["attention_mask"].unsqueeze(-1).float()
            pooled = normalize((hidden * mask).sum(1) / mask.sum(1), dim=-1)
            for row, i in enumerate(part):
                found[i] = pooled[row]
        return torch.stack([vector for vector in found if vector is not None])

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


def mined_triples(
    files: dict[str, list[Example]], encoder: TrainedEncoder, rng: random.Random, log: Log
) -> list[Triple]:
    """Training triples of all sets, with negatives mined in each set by the encoder itself."""
    triples: list[Triple] = []
    for name, (share, times, headers) in SHARES.items():
        examples = sample_share([e for e in files[name] if e.answers], share, rng)
        pairs: list[Pair] = mined_pairs(examples, encoder.embed)
        triples += [drawn(pair, rng, headers, PASSAGES) for pair in pairs for _ in range(times)]
        log(f"{name}: {len(pairs):,} questions, each {times} times")
    return triples


def train(
    encoder: TrainedEncoder, triples: Sequence[Triple], rate: float, batch: int, log: Log
) -> None:
    """InfoNCE (van den Oord et al. 2018): each question against every sentence of its batch."""
    steps = len(triples) // batch
    losses: list[float] = []
    began = time.monotonic()
    for step in range(steps):
        loss = contrastive_loss(encoder, triples[step * batch : (step + 1) * batch])
        encoder.update(loss, rate * schedule(step, steps, 0.06))
        losses.append(loss.item())
        if step % 25 == 24 or step + 1 == steps:
            left = (time.monotonic() - began) / (step + 1) * (steps - step - 1) / 60
            log(f"step {step + 1:,}/{steps:,}  loss {np.mean(losses):.3f}  {left:.1f} min left")
            losses.clear()


def contrastive_loss(encoder: TrainedEncoder, triples: Sequence[Triple]) -> torch.Tensor:
    """Cross-entropy of each question's own sentence among all right and wrong ones of the batch."""
    documents = [t.right for t in triples] + [t.wrong for t in triples if t.wrong is not None]
    similarity = encoder.vectors([t.question for t in triples]) @ encoder.vectors(documents).T
    # Two questions of a batch may be about one sentence: it is no negative of either.
    same = torch.tensor(
        [
            [i != j and text == t.right for j, text in enumerate(documents)]
            for i, t in enumerate(triples)
        ]
    )
    scores = (similarity / TEMPERATURE).masked_fill(same, -torch.inf)
    return cross_entropy(scores, torch.arange(len(triples)))


if __name__ == "__main__":
    main()
