"""The verifier's training: contests of candidates become contexts, and what was learned an adapter."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from reader_training.adapter import adapter_of
from reader_training.model import save_tensors
from reader_training.rivals import (
    Contest,
    Rival,
    RivalReader,
    collect,
    count_contests,
    examples,
    read_contests,
)
from safetensors.numpy import load_file

from qa.indexing import update_index
from qa.labelled import LabelledQuestion
from qa.models.weights import with_adapter
from qa.reading import SPAN_FEATURES, SpanReader
from qa.session import Session
from qa.settings import Settings
from qa.store import Store
from qa.vectors import open_vectors
from tests.fakes import FakeEncoder
from tests.fakes_reader import FixedCalibrator, WordScores

MILL = "The mill burned in 1812."
INN = "The inn burned in 1815."


def rival(document: int, text: str, answer: str | None = None) -> Rival:
    """The only sentence of a document."""
    whole = (0, len(text))
    found = (text.index(answer), answer) if answer is not None else None
    return Rival(document, document, f"Document {document}\n", text, 0, (whole,), whole, found)


CONTEST = Contest("When did the mill burn?", (rival(1, INN), rival(2, MILL, "1812")))


def test_a_contest_becomes_a_context_with_its_answer_where_it_stands() -> None:
    for example in examples([CONTEST] * 20, random.Random(1), copies=1, left_out=0.0):
        assert set(example.context.split("\n")) == {"Document 1", INN, "Document 2", MILL}
        (answer,) = example.answers
        assert example.context[answer.start :].startswith("1812")


def test_rivals_come_in_any_order_so_that_the_first_place_says_nothing() -> None:
    found = examples([CONTEST] * 20, random.Random(1), copies=1, left_out=0.0)
    assert {example.context.index(MILL) < example.context.index(INN) for example in found} == {
        True,
        False,
    }


def test_where_what_is_right_is_left_out_none_answers() -> None:
    found = list(examples([CONTEST], random.Random(1), copies=3, left_out=1.0))
    assert [(example.context, example.answers) for example in found] == [
        (f"Document 1\n{INN}", ())
    ] * 3


def test_a_contest_without_rivals_teaches_nothing() -> None:
    assert list(examples([Contest("When?", ())], random.Random(1))) == []


def test_questions_are_asked_of_a_corpus_and_those_asked_are_counted(
    tmp_path: Path, indexed: Settings
) -> None:
    reader = RivalReader(SpanReader(WordScores({"1812": 9.0}), dict.fromkeys(SPAN_FEATURES, 1.0)))
    path = tmp_path / "contests.jsonl"
    questions = [
        LabelledQuestion("1", "When did the mill burn?", ("1812",), "mill.txt", None, None, None),
        LabelledQuestion("2", "When did the inn burn?", ("1815",), "inn.txt", None, None, None),
    ]
    with Store.open(indexed.vectors) as store:
        vectors = open_vectors(indexed.vectors, store, 1)
        with Session(indexed, store, vectors, FakeEncoder(), reader, FixedCalibrator()) as session:
            assert count_contests(path) == 0
            collect(session, reader, questions[:1], path)
            assert count_contests(path) == 1
            collect(session, reader, questions[1:], path)
    about_mill, about_inn = read_contests(path)
    assert about_mill.rivals[0].answer == (MILL.index("1812"), "1812")
    assert [each.answer for each in about_inn.rivals if "mill" in each.text] == [None]
    assert about_inn.rivals[0].candidate.passage.text


def test_what_changed_in_few_directions_is_kept_by_an_adapter_of_that_rank(tmp_path: Path) -> None:
    torch.manual_seed(0)
    base = {
        "layer.weight": torch.randn(40, 24),
        "layer.bias": torch.randn(40),
        "norm.weight": torch.randn(40),
        "position_embeddings.weight": torch.randn(30, 40),
    }
    tuned = base | {
        "layer.weight": base["layer.weight"] + torch.randn(40, 2) @ torch.randn(2, 24),
        "layer.bias": base["layer.bias"] + 1.0,
        "position_embeddings.weight": base["position_embeddings.weight"] + 1.0,
    }
    adapter = adapter_of(tuned, base, rank=2)
    assert {name: tuple(tensor.shape) for name, tensor in adapter.items()} == {
        "layer.lora_A.weight": (2, 24),
        "layer.lora_B.weight": (40, 2),
        "layer.bias": (40,),
    }
    save_tensors(adapter, tmp_path / "adapter.safetensors")
    weights = {name: tensor.numpy() for name, tensor in base.items()}
    merged = with_adapter(
        weights,
        {n: a.astype(np.float32) for n, a in load_file(tmp_path / "adapter.safetensors").items()},
    )
    for name in ("layer.weight", "layer.bias", "norm.weight"):
        np.testing.assert_allclose(merged[name], tuned[name].numpy(), atol=0.02)
    np.testing.assert_array_equal(
        merged["position_embeddings.weight"], weights["position_embeddings.weight"]
    )


@pytest.fixture
def indexed(tmp_path: Path) -> Settings:
    """An index of a document about a mill and one about an inn."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "mill.txt").write_text(MILL, encoding="utf-8")
    (corpus / "inn.txt").write_text(INN, encoding="utf-8")
    settings = replace(Settings(), corpus=corpus, vectors=tmp_path / "vectors")
    update_index(settings, FakeEncoder())
    return settings
