"""The answer's passage is read with its sentences in several orders, and the logits averaged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from qa.models.reader import SpanModel, TokenScores, load_embedded_reader
from qa.reading import SPAN_FEATURES, SpanReader
from qa.reordering import over_orders
from qa.retrieval import Retrieval
from qa.sentences import sentences
from qa.text import Span
from tests.fakes_reader import WordScores, passage_of

QUESTION = "When did the mill burn?"
HEADER = "The mill\n"
MILL = "The mill burned in 1812. Nobody was hurt. It was rebuilt by Ada Lind in 1815."
ORDERS = [
    HEADER + MILL,
    "The mill\n It was rebuilt by Ada Lind in 1815. Nobody was hurt. The mill burned in 1812.",
    "The mill\n Nobody was hurt. It was rebuilt by Ada Lind in 1815. The mill burned in 1812.",
]


def averaged(
    model: SpanModel, header: str, text: str, spans: Sequence[Span]
) -> Sequence[TokenScores]:
    plain = model.score(QUESTION, [header + text])[0]
    return over_orders(plain, model, QUESTION, header, text, spans)


class LastSentence(WordScores):
    """Likes what it is told of, and twice as much where a text ends with it."""

    def _window(self, context: str) -> TokenScores:
        tokens = super()._window(context)
        times = np.where(tokens.offsets[:, 1] >= len(context) - 1, 2, 1).astype(np.float32)
        return TokenScores(tokens.offsets, tokens.start * times, tokens.end * times, tokens.null)


def test_it_is_read_as_it_stands_backwards_and_with_its_halves_swapped() -> None:
    model = WordScores({})
    averaged(model, HEADER, MILL, sentences(MILL))
    assert model.contexts == ORDERS


def test_logits_are_averaged_token_by_token_at_their_places_in_the_passage() -> None:
    model = LastSentence({"1812": 3.0, "1815": 1.0}, null=0.5)
    (tokens,) = averaged(model, HEADER, MILL, sentences(MILL))
    context = HEADER + MILL
    liked = {
        context[start:end]: float(logit)
        for (start, end), logit in zip(tokens.offsets, tokens.start, strict=True)
        if logit
    }
    # Each ends the text in some orders: "1812" in two of three, "1815" in one.
    assert liked == pytest.approx({"1812": 5.0, "1815": 4 / 3})
    assert tokens.null == 0.5


@pytest.mark.parametrize(
    "contexts",
    [
        ("The mill burned in 1812.",),
        ("The inn is old. It has nine rooms.", "It has nine rooms. The inn is old."),
    ],
)
def test_no_order_is_read_twice(contexts: tuple[str, ...]) -> None:
    text, model = contexts[0], WordScores({})
    averaged(model, "", text, sentences(text))
    assert tuple(model.contexts) == contexts


class TwoWindows(WordScores):
    """Sees half a context at once."""

    def score(self, question: str, contexts: Sequence[str]) -> list[list[TokenScores]]:
        return [[*windows, *windows] for windows in super().score(question, contexts)]


def test_a_context_of_several_windows_counts_as_it_stands() -> None:
    model = TwoWindows({"1812": 3.0})
    windows = averaged(model, HEADER, MILL, sentences(MILL))
    assert len(windows) == 2


def test_an_order_that_makes_other_tokens_is_left_out() -> None:
    # The fake splits at spaces: "1812.Nobody" is one of its tokens as it stands, two in other orders.
    text = "It burned in 1812.Nobody was hurt."
    model = WordScores({"hurt": 2.0})
    at = text.index("Nobody")
    (tokens,) = averaged(model, "", text, [Span(0, at), Span(at, len(text))])
    assert [text[start:end] for start, end in tokens.offsets] == [
        *("It", "burned", "in", "1812.Nobody", "was", "hurt")
    ]


class Hasty(WordScores):
    """Takes the mill's builder for its owner where the text begins with her."""

    def _window(self, context: str) -> TokenScores:
        tokens = super()._window(context)
        begins = context.startswith("Ada")
        liking = [
            3.0 * begins if context[start:end] == "Ada" else logit
            for (start, end), logit in zip(tokens.offsets, tokens.start, strict=True)
        ]
        logits = np.array(liking, dtype=np.float32)
        return TokenScores(tokens.offsets, logits, logits, tokens.null)


def test_the_span_is_the_one_that_most_orders_favour_and_the_sentence_stays() -> None:
    text = "Ada Lind sold it to Otto Brandt. It is a mill. It burned in 1812."
    found = Retrieval("Who owns it?", {}, (passage_of(text),))
    model = Hasty({"Otto": 2.0, "1812": 1.0})
    best = SpanReader(model, dict.fromkeys(SPAN_FEATURES, 1.0)).read(found)[0]
    assert best.span.of(text) == "Otto"
    assert best.sentence.of(text) == "Ada Lind sold it to Otto Brandt."


@pytest.fixture(scope="module")
def reader() -> SpanModel:
    return load_embedded_reader()


def test_the_embedded_reader_sees_the_same_tokens_in_every_order(reader: SpanModel) -> None:
    """So no order is left out: what it averages is not what it reads in any one of them."""
    (mean,) = averaged(reader, HEADER, MILL, sentences(MILL))
    read = [windows[0] for windows in reader.score(QUESTION, ORDERS)]
    assert np.array_equal(mean.offsets, read[0].offsets)
    assert mean.null == pytest.approx(np.mean([tokens.null for tokens in read]), abs=1e-3)
    assert mean.start.sum() == pytest.approx(
        np.mean([tokens.start.sum() for tokens in read]), abs=1e-2
    )
