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
from encoder_training.model import WORD_EMBEDDINGS, TrainedEncoder, load_encoder
from encoder_training.pairs import Pair, Triple, drawn, mined_pairs
from reader_training.data import Example, sample_share
from reader_training.model import load_tokenizer, save_learned
from reader_training.training import schedule
from torch.nn.functional import cross_entropy
from train_reader import Log, read_data, without_held_out

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
