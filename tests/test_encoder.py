"""The embedded encoder is the pinned one, works offline, and fails in words."""

from __future__ import annotations

import hashlib
import socket
from pathlib import Path

import numpy as np
import pytest
from benchmarks.weights import write_encoder
from hypothesis import given
from hypothesis import strategies as st
from pytest_socket import SocketBlockedError

from qa.errors import ModelError
from qa.models.bert import attended_in_parts, batches
from qa.models.encoder import EmbeddedEncoder, Encoder, load_encoder
from qa.models.passage_texts import PassageText
from qa.models.weights import (
    EMBEDDED_MODEL_SHA256,
    TUNED_WEIGHTS,
    TUNED_WEIGHTS_SHA256,
    embedded_model_path,
    tuned_weights,
)
from qa.sentences import sentences
from qa.session import require_question
from qa.settings import EMBEDDED_MODEL, UNTUNED_MODEL
from qa.text import Span
from tests.fakes import FakeEncoder
from tests.reference import reference_encoder, reference_token_states

TEXTS = [
    "The lighthouse was built in 1871.",
    "A hive holds about 40,000 bees in June, and the keepers move it to the heather in August.",
    "Honey.",
    "",
]
_CUTS = ((0, 40), (100, 400), (1_000, 3_000))


def test_no_test_can_reach_the_network() -> None:
    with pytest.raises(SocketBlockedError), pytest.warns(UserWarning, match="tried to use"):
        socket.create_connection(("127.0.0.1", 9), timeout=1)


def test_the_embedded_weights_are_the_pinned_ones(encoder: Encoder) -> None:
    weights = (embedded_model_path() / "model.safetensors").read_bytes()
    assert hashlib.sha256(weights).hexdigest() == EMBEDDED_MODEL_SHA256
    assert hashlib.sha256(TUNED_WEIGHTS.read_bytes()).hexdigest() == TUNED_WEIGHTS_SHA256
    assert (encoder.name, encoder.digest) == (EMBEDDED_MODEL, TUNED_WEIGHTS_SHA256)


def test_the_model_it_was_trained_from_can_be_had_and_is_another_one(encoder: Encoder) -> None:
    untuned = load_encoder(UNTUNED_MODEL)
    assert (untuned.name, untuned.digest) == (UNTUNED_MODEL, EMBEDDED_MODEL_SHA256)
    assert not np.allclose(untuned.embed_query("honey"), encoder.embed_query("honey"), atol=1e-3)


def test_vectors_have_unit_length_in_the_order_of_their_texts(encoder: Encoder) -> None:
    vectors = encoder.embed_documents(TEXTS)
    assert vectors.shape == (len(TEXTS), encoder.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    for text, vector in zip(TEXTS, vectors, strict=True):
        np.testing.assert_allclose(encoder.embed_documents([text])[0], vector, atol=1e-5)


def test_vectors_are_those_that_sentence_transformers_computes() -> None:
    encoder = EmbeddedEncoder(
        tuned_weights(), EMBEDDED_MODEL, TUNED_WEIGHTS_SHA256, half_precision=False
    )
    texts = [path.read_text(encoding="utf-8") for path in sorted(Path("seeds").glob("*.txt"))]
    long_and_short = [text[at : at + length] for text in texts for at, length in _CUTS]
    expected = reference_encoder().embed_documents([*TEXTS, *long_and_short])
    found = encoder.embed_documents([*TEXTS, *long_and_short])
    assert (expected * found).sum(axis=1).min() > 0.999_99


def test_inputs_of_like_length_go_together_the_longest_first() -> None:
    lengths = [150, 20, 140, 10, 145, 15]
    assert [[lengths[i] for i in batch] for batch in batches(lengths)] == [
        [150, 145, 140],
        [20, 15, 10],
    ]


@given(st.lists(st.integers(0, 400), max_size=30))
def test_batches_hold_every_input_once_and_no_more_tokens_than_they_may(lengths: list[int]) -> None:
    found = list(batches(lengths, tokens=1_000))
    assert sorted(position for batch in found for position in batch) == list(range(len(lengths)))
    assert all(len(b) * max(lengths[i] for i in b) <= 1_000 for b in found if len(b) > 1)


def passage_of(header: str, text: str, *wanted: int) -> PassageText:
    spans = tuple(Span(s.start + len(header), s.end + len(header)) for s in sentences(text))
    return PassageText(header + text, len(header), spans, wanted or tuple(range(len(spans))))


def test_a_sentence_attends_to_itself_the_one_before_and_what_is_shared() -> None:
    shared = -1
    seen = attended_in_parts([np.array([shared, 0, 1, 2, shared])], longest=6)[0].astype(int)
    assert seen.tolist() == [
        [1, 1, 1, 1, 1, 0],
        [1, 1, 0, 0, 1, 0],
        [1, 1, 1, 0, 1, 0],
        [1, 0, 1, 1, 1, 0],
        [1, 1, 1, 1, 1, 0],
        [1, 0, 0, 0, 1, 0],  # padding, which nobody looks at
    ]


def test_sentences_are_means_of_what_transformers_makes_of_their_passage() -> None:
    encoder = EmbeddedEncoder(
        tuned_weights(),
        EMBEDDED_MODEL,
        TUNED_WEIGHTS_SHA256,
        half_precision=False,
        late_chunking=True,
    )
    passage = passage_of("The mill (2012)\n", "It burned down. Nobody was hurt. Bees live there.")
    pieces = [
        "[CLS] the mill ( 2012 )",
        "it burned down .",
        "nobody was hurt .",
        "bees live there .",
    ]
    parts = [part for part, words in enumerate(pieces) for _ in words.split()] + [0]
    attended = [[not j or not i or i - j in (0, 1) for j in parts] for i in parts]
    states = reference_token_states(passage.text, attended)
    means = [states.mean(axis=0)]
    means += [states[[part == own for part in parts]].mean(axis=0) for own in (1, 2, 3)]
    (found,) = encoder.embed_passages([passage])
    for vector, mean in zip(found, means, strict=True):
        assert vector @ mean / np.linalg.norm(mean) > 0.999_99


def test_as_a_folder_for_sentence_transformers_it_gives_the_same_vectors(
    encoder: Encoder, tmp_path: Path
) -> None:
    write_encoder(tmp_path)
    folder = load_encoder(str(tmp_path))
    passages = [
        passage_of("The mill (2012)\n", "It burned down. Nobody was hurt. Bees live there."),
        passage_of("", "Honey is sold here. " * 60 + "The end is not seen.", 0, 30, 60),
        passage_of("", "Bees."),
    ]
    for found, expected in zip(
        folder.embed_passages(passages), encoder.embed_passages(passages), strict=True
    ):
        assert (found * expected).sum(axis=1).min() > 0.999_5


def test_only_the_sentences_that_are_wanted_get_vectors(encoder: Encoder) -> None:
    text = "The mill burned in 1812. Nobody was hurt. It was rebuilt."
    every, some, again = encoder.embed_passages(
        [passage_of("", text), passage_of("", text, 0, 2), passage_of("", text, 1)]
    )
    assert [len(every), len(some), len(again)] == [4, 3, 2]
    np.testing.assert_allclose(some, every[[0, 1, 3]], atol=0.01)
    assert encoder.embed_passages([]) == []


def test_a_sentence_means_what_its_passage_makes_of_it(encoder: Encoder) -> None:
    mill, bees = encoder.embed_passages(
        [
            passage_of("", "The mill has stood for a century. Their number is growing.", 1),
            passage_of("", "Bees are kept in the village. Their number is growing.", 1),
        ]
    )
    asked = encoder.embed_query("Are there more and more bees?")
    assert bees[1] @ asked > mill[1] @ asked


def test_a_sentence_beyond_what_the_encoder_sees_is_embedded_as_its_passage(
    encoder: Encoder,
) -> None:
    (vectors,) = encoder.embed_passages([passage_of("", "the " * 300 + "end. Honey.")])
    np.testing.assert_array_equal(vectors[-1], vectors[0])


@pytest.mark.parametrize("untuned", [True, False])
def test_sentences_are_embedded_for_themselves_by_an_encoder_that_was_not_trained_to_pool(
    untuned: bool,
) -> None:
    encoder = load_encoder(UNTUNED_MODEL) if untuned else FakeEncoder()
    ((_, first, second),) = encoder.embed_passages([passage_of("Mill\n", "It burned. All fled.")])
    texts = ["Mill\nIt burned.", "Mill\nIt burned. All fled."]
    np.testing.assert_allclose([first, second], encoder.embed_documents(texts), atol=1e-5)


def test_no_texts_give_no_vectors(encoder: Encoder) -> None:
    assert encoder.embed_documents([]).shape == (0, encoder.dimension)


def test_a_question_is_nearest_to_the_text_that_answers_it(encoder: Encoder) -> None:
    query = encoder.embed_query("How many insects live together?")
    assert query.shape == (encoder.dimension,)
    np.testing.assert_allclose(np.linalg.norm(query), 1.0, atol=1e-5)
    assert int(np.argmax(encoder.embed_documents(TEXTS) @ query)) == 1


def test_progress_ends_at_the_number_of_texts(encoder: Encoder) -> None:
    calls: list[tuple[int, int]] = []
    encoder.embed_documents(TEXTS, lambda done, total: calls.append((done, total)))
    assert calls[-1] == (len(TEXTS), len(TEXTS))


def test_tokens_are_counted_without_the_special_ones(encoder: Encoder) -> None:
    assert encoder.count_tokens("") == 0
    assert encoder.count_tokens("the honey") == 2
    assert encoder.count_tokens("the " * 1_000) == 1_000
    assert encoder.max_tokens == 254


def test_the_encoder_sees_as_many_tokens_as_it_says_and_no_more(encoder: Encoder) -> None:
    full = "the " * (encoder.max_tokens - 1)
    ends = encoder.embed_documents([full + "honey", full + "ferry", full + "the honey"])
    assert not np.allclose(ends[0], ends[1], atol=1e-4)
    longer = encoder.embed_documents([full + "the honey", full + "the ferry"])
    np.testing.assert_allclose(longer[0], longer[1], atol=1e-5)


@pytest.mark.parametrize("question", ["a\0b", "a\u200b", "a🙂"])
def test_any_question_that_a_terminal_can_give_has_a_vector(
    encoder: Encoder, question: str
) -> None:
    assert np.isfinite(encoder.embed_query(require_question(question, 100))).all()


def test_a_model_that_is_not_at_hand_is_an_error_that_says_what_to_give() -> None:
    with pytest.raises(ModelError, match=r"no-such/model cannot be loaded .* give --model"):
        load_encoder("no-such/model")


@pytest.mark.parametrize(
    "damage", ["empty folder", "weights cut short", "configuration is no JSON"]
)
def test_a_damaged_model_folder_is_an_error_that_names_it(tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    broken = {"weights cut short": "model.safetensors", "configuration is no JSON": "config.json"}
    if damage in broken:
        for path in embedded_model_path().iterdir():
            (folder / path.name).symlink_to(path)
        (folder / broken[damage]).unlink()
        (folder / broken[damage]).write_bytes(b"\x08\0\0\0\0\0\0\0{")
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_encoder(str(folder))


def test_the_fake_of_these_tests_keeps_the_promises_of_an_encoder() -> None:
    fake: Encoder = FakeEncoder()
    vectors = fake.embed_documents(TEXTS)
    assert vectors.shape == (len(TEXTS), fake.dimension)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-6)
    assert int(np.argmax(vectors @ fake.embed_query("How many bees are in a hive?"))) == 1
