"""Training pairs for the retriever's encoder: the sentence that answers, and those that only look so."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from encoder_training.distillation import Lesson, distillation_loss, epoch, lessons
from encoder_training.model import TrainedEncoder, load_encoder
from encoder_training.pairs import Pair, Place, Vectors, drawn, mined_pairs, places
from reader_training.data import Answer, Example, nearest_by_both, nearest_paragraphs
from reader_training.model import load_tokenizer
from written_corpus import lay_out

from qa.labelled import read_labelled
from qa.metadata import read_sidecar
from qa.models.encoder import load_encoder as load_shipped
from qa.models.weights import TUNED_WEIGHTS
from qa.settings import EMBEDDED_MODEL
from tests.fakes import FakeEncoder

MILL = "The mill was built in 1790. It burned down in 1812. Nobody was hurt."
BRIDGE = "The bridge was built in 1795. It is made of stone."


def asked(question: str, context: str, answer: str | None, title: str = "") -> Example:
    answers = () if answer is None else (Answer(answer, context.index(answer)),)
    return Example(question, context, answers, title=title, day=date(2024, 3, 6))


EXAMPLES = [
    asked("When did the mill burn down?", MILL, "1812", "The mill"),
    asked("When was the bridge built?", BRIDGE, "1795"),
    asked("Who built the bridge?", BRIDGE, None),
]


def embed(texts: Sequence[str]) -> Vectors:
    return FakeEncoder().embed_documents(texts)


def test_a_sentence_is_embedded_with_the_one_before_it_and_perhaps_its_header() -> None:
    first, second, _ = places(EXAMPLES[0])[0]
    assert first.text(headed=False) == "The mill was built in 1790."
    assert second.text(headed=False) == "The mill was built in 1790. It burned down in 1812."
    assert second.text(headed=True).startswith("The mill (2024-03-06)\nThe mill was built")


def test_each_answerable_question_is_paired_with_the_sentence_its_answer_stands_in() -> None:
    pairs = mined_pairs(EXAMPLES, embed)
    assert [(pair.question, pair.right.sentence) for pair in pairs] == [
        ("When did the mill burn down?", "It burned down in 1812."),
        ("When was the bridge built?", "The bridge was built in 1795."),
    ]


def test_wrong_sentences_are_the_nearest_that_do_not_hold_the_answer() -> None:
    wrong = mined_pairs(EXAMPLES, embed, among=1)[1].wrong
    assert [place.sentence for place in wrong] == ["It is made of stone."]  # after the right one
    for pair, answer in zip(mined_pairs(EXAMPLES, embed), ("1812", "1795"), strict=True):
        assert pair.wrong
        assert not any(answer in place.sentence for place in pair.wrong)


PAIR = Pair(
    "When?",
    Place("Title\n", "Before.", "It burned down in 1812.", MILL),
    (Place("Other\n", "", "Nobody was hurt.", MILL),),
)


def test_a_drawn_triple_has_headers_and_whole_paragraphs_as_often_as_asked_for() -> None:
    plain = drawn(PAIR, random.Random(0), headers=0.0, passages=0.0)
    assert (plain.right, plain.wrong) == ("Before. It burned down in 1812.", "Nobody was hurt.")
    headed = drawn(PAIR, random.Random(0), headers=1.0, passages=1.0)
    assert (headed.right, headed.wrong) == (f"Title\n{MILL}", "Other\nNobody was hurt.")


def test_a_pair_without_a_wrong_sentence_gives_a_triple_without_one() -> None:
    lonely = Pair(PAIR.question, PAIR.right, ())
    assert drawn(lonely, random.Random(0), headers=0.0, passages=0.0).wrong is None


def taught(headed: float = 1.0) -> list[Lesson]:
    return lessons(EXAMPLES, headed, embed, random.Random(0))


def test_a_lesson_is_a_passage_with_all_its_questions_and_the_sentences_that_answer_them() -> None:
    mill, bridge = taught()
    assert mill.passage.text == f"The mill (2024-03-06)\n{MILL}"
    assert [span.of(mill.passage.text) for span in mill.passage.sentences] == [
        "The mill was built in 1790.",
        "It burned down in 1812.",
        "Nobody was hurt.",
    ]
    assert mill.answered_by == (1,)
    assert bridge.questions == ("When was the bridge built?", "Who built the bridge?")
    assert bridge.answered_by[0] == 0 > bridge.answered_by[1]
    assert [lesson.passage.header for lesson in taught(headed=0.0)] == [0, 0]


def test_what_a_lesson_teaches_are_the_vectors_of_sentences_embedded_for_themselves() -> None:
    mill, bridge = taught()
    header = "The mill (2024-03-06)\n"
    texts = [
        f"{header}The mill was built in 1790.",
        f"{header}The mill was built in 1790. It burned down in 1812.",
        f"{header}It burned down in 1812. Nobody was hurt.",
    ]
    np.testing.assert_array_equal(mill.of_sentences, embed(texts))
    np.testing.assert_array_equal(mill.of_passage, embed([header + MILL])[0])
    np.testing.assert_array_equal(bridge.of_questions, embed(list(bridge.questions)))


def test_an_epoch_holds_every_lesson_once() -> None:
    known = taught() * 5
    steps = epoch(known, 4, random.Random(0))
    assert [len(step) for step in steps] == [4, 4]
    by_text = [lesson.passage.text for step in steps for lesson in step]
    assert all(by_text.count(lesson.passage.text) <= 5 for lesson in known)


def test_a_step_of_distillation_brings_the_encoder_nearer_to_its_teacher() -> None:
    encoder = TrainedEncoder(load_encoder(None), load_tokenizer())
    known = lessons(EXAMPLES, 1.0, encoder.embed, random.Random(0))
    before, cosine = distillation_loss(encoder, known, 5, random.Random(0))
    encoder.update(before, 1e-4)
    after, nearer = distillation_loss(encoder, known, 5, random.Random(0))
    assert after < before
    assert nearer > cosine


def test_training_sees_the_vectors_that_an_index_gets() -> None:
    encoder = TrainedEncoder(load_encoder(TUNED_WEIGHTS.parent), load_tokenizer())
    passages = [lesson.passage for lesson in taught()]
    shipped = load_shipped(EMBEDDED_MODEL).embed_passages(passages)
    for trained, expected in zip(encoder.passages(passages), shipped, strict=True):
        cosines = (trained.detach().numpy() * expected).sum(axis=1)
        assert cosines.min() == pytest.approx(1.0, abs=0.01)


def test_neighbours_by_words_and_vectors_are_taken_in_turn_each_once() -> None:
    contexts = [MILL, BRIDGE, "Bees live in hives.", "The mill stream is cold."]
    questions = ["When did the mill burn?", "How are hives kept?"]
    found = nearest_by_both(embed)(questions, contexts, 3)
    assert found.shape == (2, 3)
    by_words = nearest_paragraphs(questions, contexts, 3)
    for row, words in zip(found.tolist(), by_words.tolist(), strict=True):
        assert len(set(row)) == 3
        assert words[0] in row[:2]


def test_written_documents_become_a_corpus_with_labelled_questions(tmp_path: Path) -> None:
    lay_out(EXAMPLES, tmp_path / "out")
    labelled = read_labelled(tmp_path / "out" / "questions.jsonl")
    assert [(q.answers, q.file) for q in labelled.questions] == [
        (("1812",), "001.txt"),
        (("1795",), "002.txt"),
        ((), None),
    ]
    assert (tmp_path / "out/corpus/001.txt").read_text(encoding="utf-8") == f"{MILL}\n"
    sidecar = read_sidecar(tmp_path / "out/corpus/001.txt.meta.toml")
    assert (sidecar.title, sidecar.date) == ("The mill", date(2024, 3, 6))
