"""Train the extractive reader from SQuAD-format files.

The reader is a span head on the encoder's own body, all-MiniLM-L6-v2. Training runs on a CPU or,
where there is one, on a GPU. It may be killed at any time and taken up again with --resume.
Where other programs share the processor, set OMP_WAIT_POLICY=PASSIVE: threads that wait for each
other then sleep instead of spinning, which is several times faster there.

Examples:
  scripts/train_reader.py --data data/ --work runs/first/ --output runs/first/reader/
  scripts/train_reader.py --data data/ --work runs/first/ --output runs/first/reader/ --resume
  scripts/train_reader.py --data data/ --work runs/other/ --output runs/other/reader/ \\
      --recipe other.toml --start runs/first/reader/
  scripts/train_reader.py --data data/ --evaluate runs/first/reader/

A recipe is a list of parts; the default one is in scripts/reader_training/recipe.py:
  [[part]]
  name = "core"
  epochs = 2
  learning_rate = 6e-5
  noise = 0.1
  [[part.source]]
  name = "new_wiki.train"   # data/new_wiki.train.json.gz
  negatives = 0.25
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from reader_training.data import (
    Example,
    HeldOut,
    Neighbours,
    nearest_by_both,
    nearest_paragraphs,
    read_squad,
)
from reader_training.measures import measure_answers, measure_choice, predict
from reader_training.model import load_reader, load_tokenizer, new_reader, save_reader
from reader_training.recipe import DEFAULT_RECIPE, Part, read_recipe
from reader_training.training import Trainer
from reader_training.written import read_all_written
from transformers import BertForQuestionAnswering, PreTrainedTokenizerBase

from qa.models.encoder import load_encoder
from qa.settings import EMBEDDED_MODEL


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    summary, _, details = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=details, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data",
        type=Path,
        nargs="+",
        required=True,
        help="folders of NAME.json or NAME.json.gz, or of written .txt; NAME.dev is only measured on",
    )
    parser.add_argument("--work", type=Path, help="folder for the checkpoint and the log")
    parser.add_argument("--output", type=Path, help="folder for the trained reader")
    parser.add_argument("--recipe", type=Path, help="TOML file; default: the built-in recipe")
    parser.add_argument("--start", type=Path, help="reader to start from; default: a new head")
    parser.add_argument(
        "--retriever",
        action="store_true",
        help="draw wrong paragraphs by the retriever's vectors too, not by words alone",
    )
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --work")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", help="default: cuda where there is one, else cpu")
    parser.add_argument(
        "--checkpoint-minutes", type=float, default=3.0, help="time between checkpoints"
    )
    parser.add_argument("--evaluate", type=Path, help="only measure the reader in this folder")
    options = parser.parse_args(arguments)
    if options.evaluate is None and (options.work is None or options.output is None):
        parser.error("--work and --output are needed for training")
    return options


class Log:
    """Prints lines with the time of day (UTC) and appends them to a file."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)

    def __call__(self, line: str) -> None:
        line = f"{time.strftime('%H:%M:%S', time.gmtime())}  {line}"
        print(line, flush=True)
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                print(line, file=file)


def read_data(directories: Sequence[Path]) -> dict[str, list[Example]]:
    """All SQuAD files of some folders by their name without `.json` or `.json.gz`.

    The written questions of a folder of `.txt` files go by the folder's name.
    """
    files: dict[str, list[Example]] = {}
    for directory in directories:
        for path in sorted([*directory.glob("*.json"), *directory.glob("*.json.gz")]):
            files[path.name.removesuffix(".gz").removesuffix(".json")] = read_squad(path)
        written = list(read_all_written(directory))
        if written:
            files[directory.resolve().name] = written
    if not files:
        raise SystemExit(f"{', '.join(map(str, directories))}: no .json, .json.gz or .txt file")
    return files


def without_held_out(files: dict[str, list[Example]], log: Log) -> dict[str, list[Example]]:
    """The training files, without the questions on paragraphs of any development file."""
    held_out = HeldOut(e.context for name in files if name.endswith(".dev") for e in files[name])
    training = {}
    for name, examples in files.items():
        if not name.endswith(".dev"):
            training[name] = held_out.without(examples)
            dropped = len(examples) - len(training[name])
            log(f"{name}: {len(training[name]):,} questions, {dropped:,} dropped as held out")
    return training


def retriever_neighbours() -> Neighbours:
    """Paragraphs as a question's hybrid retrieval would bring them."""
    encoder = load_encoder(EMBEDDED_MODEL)
    return nearest_by_both(lambda texts: encoder.embed_documents(texts))


def evaluate(
    model: BertForQuestionAnswering,
    tokenizer: PreTrainedTokenizerBase,
    files: dict[str, list[Example]],
    log: Log,
) -> None:
    """Report the measures of every development file."""
    for name, examples in files.items():
        if name.endswith(".dev"):
            answers = measure_answers(examples, predict(model, tokenizer, examples))
            log(f"{name}: {answers}  {measure_choice(model, tokenizer, examples)}")


def main() -> None:
    """Train or measure a reader."""
    options = parse_arguments()
    device = torch.device(options.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    log = Log(options.work / "log.txt" if options.work else None)
    files = read_data(options.data)
    tokenizer = load_tokenizer()
    if options.evaluate is not None:
        reader = load_reader(options.evaluate).to(device)
        evaluate(reader, tokenizer, files, log)
        return
    trainer = Trainer(
        model=load_reader(options.start) if options.start else new_reader(options.seed),
        tokenizer=tokenizer,
        files=without_held_out(files, log),
        recipe=read_recipe(options.recipe) if options.recipe else DEFAULT_RECIPE,
        seed=options.seed,
        directory=options.work,
        device=device,
        report=log,
        neighbours=retriever_neighbours() if options.retriever else nearest_paragraphs,
    )
    if options.resume:
        trainer.resume()

    def after_part(part: Part) -> None:
        save_reader(trainer.precision.master, options.output)
        log(f"{part.name}: done, reader in {options.output}")
        evaluate(trainer.precision.working, tokenizer, files, log)

    trainer.run(after_part, checkpoint_seconds=60 * options.checkpoint_minutes)


if __name__ == "__main__":
    main()
