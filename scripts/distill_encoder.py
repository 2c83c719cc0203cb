"""Teach the encoder to see a passage once: the vectors of its sentences out of one pass over all of it.

The teacher embeds each sentence for itself, with the header and the sentence before; the encoder learns to
make the same vectors of what its tokens become when the whole passage is embedded (see docs/encoder.md). Four
epochs take three quarters of an hour on 2 cores.

Examples:
  scripts/distill_encoder.py --data data/ scripts/reader_training/written --teacher runs/encoder-3/ \\
      --output runs/encoder/
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from encoder_training.distillation import Lesson, distillation_loss, epoch, lessons
from encoder_training.model import WORD_EMBEDDINGS, TrainedEncoder, load_encoder
from reader_training.model import load_tokenizer, save_learned
from reader_training.training import schedule
from train_reader import Log, read_data, without_held_out

#: How often the passages of each set have their header.
HEADERS = {
    "written": 0.9,
    "people.train": 0.5,
    "new_wiki.train": 0.7,
    "squad2_half.train": 0.7,
    "amazon_reviews.train": 0.7,
    "reddit.train": 0.7,
    "policyqa.train": 0.7,
}
QUESTIONS_A_PASSAGE = 5


def main() -> None:
    """All epochs."""
    summary, _, details = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=details, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument(
        "--teacher", type=Path, required=True, help="folder of the encoder to learn from"
    )
    parser.add_argument("--output", type=Path, required=True, help="folder for the encoder")
    parser.add_argument("--rate", type=float, default=1.5e-4, help="peak learning rate")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--batch", type=int, default=16, help="passages in a step")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    log = Log(options.output / "log.txt")
    rng = random.Random(options.seed)
    files = without_held_out(read_data(options.data), log)
    tokenizer = load_tokenizer()
    teacher = TrainedEncoder(load_encoder(options.teacher), tokenizer)
    known: list[Lesson] = []
    for name, headed in HEADERS.items():
        of_set = lessons(files[name], headed, teacher.embed, rng)
        log(f"{name}: {len(of_set):,} passages")
        known += of_set
    encoder = TrainedEncoder(load_encoder(options.teacher), tokenizer)
    steps = [step for _ in range(options.epochs) for step in epoch(known, options.batch, rng)]
    train(encoder, steps, options.rate, rng, log)
    save_learned(encoder.precision.master, options.output, WORD_EMBEDDINGS)
    log(f"done, encoder in {options.output}")


def train(
    encoder: TrainedEncoder,
    steps: Sequence[Sequence[Lesson]],
    rate: float,
    rng: random.Random,
    log: Log,
) -> None:
    """Every step once, with a progress line now and then."""
    torch.manual_seed(0)
    told: list[tuple[float, float]] = []
    began = time.monotonic()
    for number, taught in enumerate(steps, start=1):
        loss, cosine = distillation_loss(encoder, taught, QUESTIONS_A_PASSAGE, rng)
        encoder.update(loss, rate * schedule(number - 1, len(steps), 0.05))
        told.append((loss.item(), cosine))
        if number % 25 == 0 or number == len(steps):
            left = (time.monotonic() - began) / number * (len(steps) - number) / 60
            mean_loss, mean_cosine = np.mean(told, axis=0)
            log(
                f"step {number:,}/{len(steps):,}  loss {mean_loss:.3f}  "
                f"cosine to the teacher {mean_cosine:.3f}  {left:.1f} min left"
            )
            told.clear()


if __name__ == "__main__":
    main()
