"""Train the verifier: the reader, further trained to tell whether any of its best candidates answers.

Each labelled set is a corpus of its own. Its questions are asked of the whole corpus; the reader's best
candidates for each are kept in WORK, put side by side as when they are verified, and learned from. What was
learned is written as a low-rank adapter of the reader.

A run that was cut off goes on with --resume, whether it was asking or training.

Example:
  scripts/written_corpus.py scripts/reader_training/written/rival-*.txt /tmp/written
  scripts/train_verifier.py --questions /tmp/written/questions.jsonl \\
      scripts/reader_training/written_tables/questions.jsonl DATA/people.train.json.gz \\
      --work RUN --output qa/artefacts/span_reader/verifier.safetensors
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from reader_training.adapter import adapter_of
from reader_training.data import Example, HeldOut, read_squad
from reader_training.model import load_reader, load_tokenizer, save_tensors
from reader_training.recipe import Part, Source
from reader_training.rivals import RivalReader, collect, count_contests, examples, read_contests
from reader_training.training import Trainer
from train_reader import Log

from qa.labelled import Paragraph, read_labelled, write_paragraphs
from qa.loading import LoadedReader, shipped_fit
from qa.models.encoder import load_encoder
from qa.models.reader import load_embedded_reader
from qa.models.weights import READER_WEIGHTS
from qa.reading import SpanReader
from qa.session import Session, build_index
from qa.settings import EMBEDDED_MODEL, EMBEDDED_READER, Settings

RECIPE = Part(
    name="rivals", sources=(Source("rivals"),), learning_rate=6e-5, noise=0.08, choice=1.0
)


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    summary, _, details = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=details, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--questions",
        type=Path,
        nargs="+",
        required=True,
        metavar="LABELLED",
        help="SQuAD files; or .jsonl, with the corpus in the folder corpus beside it",
    )
    parser.add_argument(
        "--held-out",
        type=Path,
        nargs="*",
        default=[],
        metavar="SQUAD",
        help="development files: what stands in their paragraphs is not learned from",
    )
    parser.add_argument("--most", type=int, default=2500, help="questions of each, drawn at random")
    parser.add_argument("--work", type=Path, required=True, help="folder for what is in between")
    parser.add_argument("--output", type=Path, required=True, help="the adapter")
    parser.add_argument("--rank", type=int, default=32, help="of the adapter's matrices")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--resume", action="store_true", help="go on from what is in --work")
    return parser.parse_args(arguments)


def main() -> None:
    """Ask, train, and write the adapter."""
    options = parse_arguments()
    log = Log(options.work / "log.txt")
    held_out = HeldOut(example.context for path in options.held_out for example in read_squad(path))
    learned: list[Example] = []
    for number, path in enumerate(options.questions, start=1):
        name = f"{number}-{path.name.partition('.')[0]}"  # of the .jsonl several may have one name
        contests = options.work / name / "contests.jsonl"
        ask(path, contests, options.most, held_out, options.seed)
        found = list(
            examples(read_contests(contests), random.Random(f"{options.seed}/{path.name}"))
        )
        answered = sum(bool(example.answers) for example in found)
        log(f"{path.name}: {len(found):,} contexts, {answered:,} with an answer")
        learned += found
    base = READER_WEIGHTS.parent
    trainer = Trainer(
        model=load_reader(base),
        tokenizer=load_tokenizer(),
        files={"rivals": learned},
        recipe=[RECIPE],
        seed=options.seed,
        directory=options.work,
        device=torch.device("cuda" if torch.cuda.is_available() else "cpu"),
        report=log,
    )
    if options.resume and trainer.checkpoint.exists():
        trainer.resume()
    trainer.run(lambda _: None, checkpoint_seconds=180)
    tuned, before = (
        {name: tensor for name, tensor in model.state_dict().items() if tensor.is_floating_point()}
        for model in (trainer.precision.master.cpu(), load_reader(base))
    )
    save_tensors(adapter_of(tuned, before, options.rank), options.output)
    log(f"adapter in {options.output}, {options.output.stat().st_size / 1e6:.1f} MB")


def ask(path: Path, contests: Path, most: int, held_out: HeldOut, seed: int) -> None:
    """Write the contests of a labelled file, those that are missing."""
    labelled = read_labelled(path)
    kept = _without(held_out, labelled.paragraphs)
    files = {paragraph.file for paragraph in kept}
    questions = [q for q in labelled.questions if not labelled.paragraphs or q.paragraph in files]
    drawn = random.Random(seed).sample(questions, min(most, len(questions)))
    missing = drawn[count_contests(contests) :]
    if not missing:
        return
    corpus = path.parent / "corpus"
    if kept:
        corpus = contests.parent / "corpus"
        if not corpus.exists():
            corpus.mkdir(parents=True)
            write_paragraphs(kept, corpus)
    settings = replace(Settings(), corpus=corpus, vectors=contests.parent / "vectors")
    encoder = load_encoder(EMBEDDED_MODEL)
    build_index(settings, load=lambda _: encoder)
    fit = shipped_fit(EMBEDDED_READER)
    model = load_embedded_reader()
    reader = RivalReader(SpanReader(model, fit.features, most=fit.most))
    loaded = LoadedReader(reader, fit.calibrator, "rivals")
    with Session.open(settings, encoder=encoder, reader=loaded) as session:
        collect(session, reader, missing, contests)


def _without(held_out: HeldOut, paragraphs: Sequence[Paragraph]) -> list[Paragraph]:
    """The paragraphs of which no development question is asked."""
    clean = held_out.without([Example("", paragraph.text, ()) for paragraph in paragraphs])
    contexts = {example.context for example in clean}
    return [paragraph for paragraph in paragraphs if paragraph.text in contexts]


if __name__ == "__main__":
    main()
