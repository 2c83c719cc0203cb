"""The training loop: parts, steps, mixed precision and checkpoints that a kill cannot spoil."""

from __future__ import annotations

import copy
import os
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from torch.nn.functional import cross_entropy
from transformers import BertForQuestionAnswering, PreTrainedTokenizerBase

from qa.models.openvino_bert import PROCESSOR, multiplies_bfloat16
from reader_training.data import (
    Asked,
    Example,
    Neighbours,
    nearest_paragraphs,
    sample_share,
    with_headers,
    with_negatives,
    with_typing_noise,
)
from reader_training.features import (
    Batch,
    Window,
    collate,
    shuffled_batches,
    windows_by_question,
)
from reader_training.recipe import Part

Report = Callable[[str], None]


@dataclass(slots=True)
class Position:
    """How far a run has come."""

    part: int = 0
    step: int = 0


Network = TypeVar("Network", bound=torch.nn.Module)


class MixedPrecision(Generic[Network]):
    """bfloat16 working weights beside float32 master weights (Micikevicius et al. 2018).

    Each step runs on the working copy, the update on the master. Unlike autocast this casts every
    weight once a step, which makes it about half as fast again on a CPU with bfloat16 units. On one
    without them bfloat16 is 30 times slower than float32: there the working weights are float32 too.
    """

    def __init__(self, master: Network, device: torch.device) -> None:
        self.master = master.to(device)
        self.number_type = working_number_type(device)
        self.working = copy.deepcopy(self.master).to(self.number_type)
        self._pairs = [
            (weight, copied)
            for weight, copied in zip(
                self.master.parameters(), self.working.parameters(), strict=True
            )
            if weight.requires_grad
        ]
        self.trained = [weight for weight, _ in self._pairs]

    def collect_gradients(self, largest_norm: float = 1.0) -> None:
        """Move the working copy's gradients to the master weights, clipped to a norm."""
        for weight, copied in self._pairs:
            weight.grad = None if copied.grad is None else copied.grad.float()
            copied.grad = None
        torch.nn.utils.clip_grad_norm_(self.trained, largest_norm)

    @torch.no_grad()
    def update_working_copy(self) -> None:
        """Round the master weights to the working copy."""
        for weight, copied in self._pairs:
            copied.copy_(weight)


def working_number_type(device: torch.device, processor: Path = PROCESSOR) -> torch.dtype:
    """What the device multiplies fastest: bfloat16 on a GPU or with instructions for it, else float32.

    ``processor`` is the file in which Linux describes it.
    """
    fast = device.type != "cpu" or multiplies_bfloat16(processor)
    return torch.bfloat16 if fast else torch.float32


def span_loss(start_logits: torch.Tensor, end_logits: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Mean cross-entropy of the start and the end over [CLS] and the paragraph's tokens.

    Logits have shape (batch, tokens). [CLS] is the target of both where there is no answer
    (Devlin et al. 2019, section 4.3).
    """
    outside = ~batch.selectable.to(start_logits.device)
    starts = start_logits.float().masked_fill(outside, -torch.inf)
    ends = end_logits.float().masked_fill(outside, -torch.inf)
    device = start_logits.device
    loss = cross_entropy(starts, batch.starts.to(device)) + cross_entropy(
        ends, batch.ends.to(device)
    )
    return loss / 2


def choice_loss(start_logits: torch.Tensor, end_logits: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Cross-entropy of the start and the end over all of a question's windows together.

    [CLS] takes no part: this teaches which paragraph's span is the better one, with scores that
    compare across paragraphs (the shared normalisation of Clark and Gardner, ACL 2018). Mean over
    the questions that have an answer and more than one window; 0 if there is none.
    """
    device = start_logits.device
    inside = batch.selectable.to(device).clone()
    inside[:, 0] = False
    gold = torch.nonzero(batch.starts > 0).flatten()
    asked = batch.asked
    together = asked[gold].unsqueeze(1) == asked.unsqueeze(0)
    rivals = together.sum(dim=1) > 1
    gold, together = gold[rivals].to(device), together[rivals].to(device)
    if not len(gold):
        return start_logits.new_zeros((), dtype=torch.float32)
    total = torch.zeros((), device=device)
    for logits, targets in ((start_logits, batch.starts), (end_logits, batch.ends)):
        scores = logits.float().masked_fill(~inside, -torch.inf)
        of_windows = torch.logsumexp(scores, dim=1).unsqueeze(0)
        of_questions = torch.logsumexp(of_windows.masked_fill(~together, -torch.inf), dim=1)
        total = total + (of_questions - scores[gold, targets.to(device)[gold]]).mean()
    return total / 2


class Trainer:
    """Trains a reader through the parts of a recipe."""

    def __init__(
        self,
        model: BertForQuestionAnswering,
        tokenizer: PreTrainedTokenizerBase,
        files: dict[str, list[Example]],
        recipe: Sequence[Part],
        seed: int,
        directory: Path,
        device: torch.device,
        report: Report,
        neighbours: Neighbours = nearest_paragraphs,
    ) -> None:
        self._neighbours = neighbours
        self.precision = MixedPrecision(model, device)
        self.position = Position()
        self._tokenizer = tokenizer
        self._files = files
        self._recipe = recipe
        self._seed = seed
        self._directory = directory
        self._device = device
        self._report = report
        self._optimizer = self._new_optimizer()

    @property
    def checkpoint(self) -> Path:
        """The file that `resume` reads."""
        return self._directory / "checkpoint.pt"

    def run(self, after_part: Callable[[Part], None], checkpoint_seconds: float) -> None:
        """Train whatever the position leaves, calling `after_part` at the end of each part."""
        while self.position.part < len(self._recipe):
            part = self._recipe[self.position.part]
            self._train_part(part, checkpoint_seconds)
            self.position = Position(self.position.part + 1)
            self._optimizer = self._new_optimizer()
            self.save()
            after_part(part)

    def save(self) -> None:
        """Write the checkpoint: complete or not at all."""
        self._directory.mkdir(parents=True, exist_ok=True)
        state = {
            "model": self.precision.master.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "position": asdict(self.position),
            "seed": self._seed,
            "recipe": [asdict(part) for part in self._recipe],
            "random": torch.get_rng_state(),
        }
        unfinished = self.checkpoint.with_suffix(".tmp")
        with unfinished.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, self.checkpoint)

    def resume(self) -> None:
        """Go on from the checkpoint, under a recipe that agrees with it so far."""
        state: dict[str, Any] = torch.load(self.checkpoint, map_location=self._device)
        position = Position(**state["position"])
        begun = position.part + (1 if position.step else 0)
        recipe = [asdict(part) for part in self._recipe]
        if state["seed"] != self._seed or state["recipe"][:begun] != recipe[:begun]:
            raise SystemExit(f"{self.checkpoint} was written under another seed or recipe")
        self.precision.master.load_state_dict(state["model"])
        self.precision.update_working_copy()
        self._optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["random"].cpu())
        self.position = position

    def _new_optimizer(self) -> torch.optim.AdamW:
        weights = self.precision.trained
        groups = [
            {"params": [w for w in weights if w.ndim > 1], "weight_decay": 0.01},
            # Biases and layer norms are not decayed (Devlin et al. 2019).
            {"params": [w for w in weights if w.ndim <= 1], "weight_decay": 0.0},
        ]
        return torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.98), eps=1e-6, fused=True)

    def _batches(self, part: Part) -> list[Sequence[Window]]:
        """All batches of a part: the same ones whenever the seed and the part are the same."""
        batches: list[Sequence[Window]] = []
        for epoch in range(part.epochs):
            rng = random.Random(f"{self._seed}/{part.name}/{epoch}")
            asked: list[Asked] = []
            for source in part.sources:
                drawn = sample_share(self._files[source.name], source.share, rng)
                with_wrong = with_negatives(
                    drawn, source.negatives, rng, neighbours=self._neighbours
                )
                asked += with_headers(with_wrong, source.headers, rng)
            groups = windows_by_question(with_typing_noise(asked, part.noise, rng), self._tokenizer)
            batches += shuffled_batches(groups, part.batch_size, rng)
            windows = sum(len(group) for group in groups)
            tokens = sum(len(window.token_ids) for group in groups for window in group)
            self._report(
                f"{part.name}, epoch {epoch + 1}: {len(asked):,} questions, "
                f"{windows:,} windows, {tokens:,} tokens"
            )
        return batches

    def _train_part(self, part: Part, checkpoint_seconds: float) -> None:
        batches = self._batches(part)
        progress = Progress(part.name, batches, self.position.step, self._report)
        saved = time.monotonic()
        self.precision.working.train()
        for step in range(self.position.step, len(batches)):
            rate = part.learning_rate * schedule(step, len(batches), part.warmup)
            for group in self._optimizer.param_groups:
                group["lr"] = rate
            progress.after_step(self._step(collate(batches[step]), part.choice), step)
            self.position.step = step + 1
            if time.monotonic() - saved >= checkpoint_seconds:
                self.save()
                saved = time.monotonic()

    def _step(self, batch: Batch, choice: float) -> float:
        output = self.precision.working(
            input_ids=batch.input_ids.to(self._device),
            attention_mask=batch.attention_mask.to(self._device),
            token_type_ids=batch.token_type_ids.to(self._device),
        )
        loss = span_loss(output.start_logits, output.end_logits, batch)
        if choice:
            loss = loss + choice * choice_loss(output.start_logits, output.end_logits, batch)
        loss.backward()  # type: ignore[no-untyped-call]
        self.precision.collect_gradients()
        self._optimizer.step()
        self.precision.update_working_copy()
        return loss.item()


def schedule(step: int, steps: int, warmup: float) -> float:
    """Share of the peak learning rate: a linear rise, then a linear fall to zero."""
    rise = max(1, round(warmup * steps))
    return min((step + 1) / rise, (steps - step) / max(1, steps - rise))


class Progress:
    """Reports the loss, the speed and the time left of a part now and then."""

    def __init__(
        self, name: str, batches: Sequence[Sequence[Window]], first: int, report: Report
    ) -> None:
        self._name = name
        self._lengths = [sum(len(w.token_ids) for w in batch) for batch in batches]
        self._report = report
        self._began = self._reported = time.monotonic()
        self._tokens = self._left = sum(self._lengths[first:])
        self._losses: list[float] = []

    def after_step(self, loss: float, step: int, every_seconds: float = 30) -> None:
        """Note a step's loss, and report if it is time or the last step."""
        self._losses.append(loss)
        self._left -= self._lengths[step]
        now = time.monotonic()
        if now - self._reported < every_seconds and step + 1 < len(self._lengths):
            return
        speed = (self._tokens - self._left) / (now - self._began)
        self._report(
            f"{self._name}: step {step + 1:,}/{len(self._lengths):,}  "
            f"loss {sum(self._losses) / len(self._losses):.3f}  {speed:,.0f} tokens/s  "
            f"{self._left / speed / 60:.1f} min left"
        )
        self._losses.clear()
        self._reported = now
