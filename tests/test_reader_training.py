"""What the span reader is trained on, and the loss that teaches it to choose between paragraphs."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from math import exp, log
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from reader_training.data import (
    Answer,
    Asked,
    Example,
    with_headers,
    with_negatives,
    with_typing_noise,
)
from reader_training.features import (
    MAX_TOKENS,
    Window,
    collate,
    shuffled_batches,
    windows_by_question,
)
from reader_training.model import load_tokenizer
from reader_training.training import choice_loss, working_number_type
from reader_training.written import RowError, read_all_written, read_written
from transformers import PreTrainedTokenizerBase

from qa.labelled import read_labelled
from qa.passages import header_of

# Written questions

WRITTEN = """\
=== The old mill | 2031-05-12

The mill burned in 1812. It was rebuilt in 1815, and in 1815 it ground again.
> paraphrase | In what year did fire take the mill? | 1812
> short | rebuilt when | 1815 @@ rebuilt in 1815
> none | Who owned the mill?

It has nine rooms.
> list | How many rooms are there? | nine

=== Without a date
The inn is old.
> which | Which house is old? | The inn
"""


MILL_2031 = ("The old mill", date(2031, 5, 12))


def write(tmp_path: Path, text: str, name: str = "mill.txt") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_written_questions_are_read_with_their_paragraph_title_and_date(tmp_path: Path) -> None:
    examples = read_written(write(tmp_path, WRITTEN))
    mill = "The mill burned in 1812. It was rebuilt in 1815, and in 1815 it ground again."
    assert [(e.kind, e.question, e.context, e.title, e.day) for e in examples] == [
        ("paraphrase", "In what year did fire take the mill?", mill, *MILL_2031),
        ("short", "rebuilt when", mill, *MILL_2031),
        ("none", "Who owned the mill?", mill, *MILL_2031),
        ("list", "How many rooms are there?", "It has nine rooms.", *MILL_2031),
        ("which", "Which house is old?", "The inn is old.", "Without a date", None),
    ]


def test_written_answers_are_slices_of_their_paragraph(tmp_path: Path) -> None:
    examples = read_written(write(tmp_path, WRITTEN))
    assert [answer.text for e in examples for answer in e.answers] == [
        "1812",
        "1815",
        "nine",
        "The inn",
    ]
    for example in examples:
        assert_law(example)
    rebuilt = examples[1]
    assert rebuilt.answers[0].start == rebuilt.context.index("1815,")  # the first of the two


def assert_law(example: Example) -> None:
    """Every answer is a slice of its paragraph."""
    for answer in example.answers:
        end = answer.start + len(answer.text)
        assert example.context[answer.start : end] == answer.text


PARAGRAPH = "=== The mill\nIt burned in 1812 and again in 1815. It burned down.\n"


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("=== The mill | May 2031\n", 1, "May 2031"),
        ("=== The mill\n> short | When? | 1812\n", 2, "not a question"),
        (f"{PARAGRAPH}=== The inn\n> short | When? | 1812\n", 4, "not a question"),
        (f"{PARAGRAPH}> brief | When? | 1812\n", 3, "not a question"),
        (f"{PARAGRAPH}> short | | 1812\n", 3, "not a question"),
        (f"{PARAGRAPH}> When?\n", 3, "not a question"),
        (f"{PARAGRAPH}> short | When?\n", 3, "kind short needs an answer"),
        (f"{PARAGRAPH}> none | When? | 1812\n", 3, "kind none has no answer"),
        (f"{PARAGRAPH}> short | When? | 1813\n", 3, "'1813' must stand once"),
        (f"{PARAGRAPH}> short | What? | burned\n", 3, "'burned' must stand once"),
        (f"{PARAGRAPH}> short | When? | 1815 @@ in 18\n", 3, "'in 18' must stand once"),
        (f"{PARAGRAPH}> short | When? | 1815 @@ burned in 1812\n", 3, "hold the answer"),
        (f"{PARAGRAPH}> short | When? | @@ burned in 1812\n", 3, "hold the answer"),
        (f"{PARAGRAPH}\n> short | When? | 1812\n> short | What? | burned\n", 5, "'burned'"),
    ],
)
def test_a_fault_in_written_questions_is_named_by_file_and_line(
    tmp_path: Path, text: str, line: int, says: str
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(RowError) as raised:
        read_written(path)
    assert str(raised.value).startswith(f"{path}:{line}: ")
    assert says in str(raised.value)


def test_all_written_files_of_a_folder_are_read_by_name(tmp_path: Path) -> None:
    write(tmp_path, "=== B\nSecond.\n> which | Which? | Second\n", "b.txt")
    write(tmp_path, "=== A\nFirst.\n> which | Which? | First\n", "a.txt")
    write(tmp_path, "> nothing", "notes.md")
    assert [example.title for example in read_all_written(tmp_path)] == ["A", "B"]


def test_the_questions_of_one_written_file_are_read_alone(tmp_path: Path) -> None:
    path = write(tmp_path, "=== B\nSecond.\n> which | Which? | Second\n", "b.txt")
    write(tmp_path, "=== A\nFirst.\n> which | Which? | First\n", "a.txt")
    assert [example.title for example in read_all_written(path)] == ["B"]


TRAINING = Path(__file__).parent.parent / "scripts" / "reader_training"


@pytest.mark.parametrize(("folder", "count"), [("written", 17_093), ("written_dev", 1_324)])
def test_every_written_question_can_be_learned_from(folder: str, count: int) -> None:
    assert len(list(read_all_written(TRAINING / folder))) == count


@pytest.mark.parametrize(
    ("folder", "count"), [("written_tables", 1_073), ("written_tables_dev", 491)]
)
def test_every_answer_about_the_written_tables_stands_in_its_document(
    folder: str, count: int
) -> None:
    written = TRAINING / folder
    questions = read_labelled(written / "questions.jsonl").questions
    assert len({question.id for question in questions}) == len(questions) == count
    for question in questions:
        assert bool(question.answers) == (question.file is not None)
        if question.file is not None:
            text = (written / "corpus" / question.file).read_text(encoding="utf-8")
            assert all(answer in text for answer in question.answers), question.id


# Wrong paragraphs

TOPICS = ("mill", "ferry", "lighthouse", "orchard", "bridge", "harbour")


def example(
    question: str, context: str, answer: str = "", *, title: str = "", day: date | None = None
) -> Example:
    """A question on a paragraph; without an ``answer``, the paragraph does not say."""
    answers = (Answer(answer, context.index(answer)),) if answer else ()
    return Example(question, context, answers, "short", title, day)


def asked_of_topics() -> list[Example]:
    """Two questions on each of some paragraphs, one of them with an answer."""
    paragraphs = [
        (topic, f"The {topic} of Orvale was built in {1800 + n}.", str(1800 + n))
        for n, topic in enumerate(TOPICS)
    ]
    return [
        each
        for topic, context, year in paragraphs
        for each in (
            example(f"When was the {topic} built?", context, year, title=topic.title()),
            example(f"Who built the {topic}?", context, title=topic.title()),
        )
    ]


def test_wrong_paragraphs_hold_no_answer_and_are_not_the_questions_own() -> None:
    examples = asked_of_topics()
    asked = with_negatives(examples, each=3.0, rng=random.Random(0))
    assert [each.readings[0] for each in asked] == examples
    for each in asked:
        own, *wrong = each.readings
        assert len(wrong) == 3  # one without an answer has to be met with silence everywhere
        assert len({own.context, *(reading.context for reading in wrong)}) == 1 + len(wrong)
        for reading in wrong:
            assert (reading.question, reading.answers) == (own.question, ())
            assert reading.title.lower() in reading.context  # of its own article


def test_a_paragraph_that_holds_the_answer_in_any_case_is_not_wrong() -> None:
    examples = [
        example("Who built the mill?", "Ada Lind built the mill.", "Ada Lind"),
        example("Who built the inn?", "The mill stands. ADA LIND built the inn."),
        example("Who built the quay?", "The mill stands by the quay."),
    ]
    for seed in range(5):
        asked = with_negatives(examples, each=2.0, rng=random.Random(seed))
        assert [r.context for r in asked[0].readings[1:]] == ["The mill stands by the quay."]


def test_wrong_paragraphs_are_drawn_from_those_most_like_the_question() -> None:
    near = "The mill was never rebuilt after it burned."
    examples = [
        example("When was the mill rebuilt?", "The mill was rebuilt in 1815.", "1815"),
        *(example("Who?", f"The {topic} has a keeper.") for topic in TOPICS[1:]),
        example("Why?", near),
    ]
    for seed in range(5):
        asked = with_negatives(examples, each=1.0, rng=random.Random(seed), among=1)
        assert [reading.context for reading in asked[0].readings[1:]] == [near]


@pytest.mark.parametrize("each", [0.25, 1.5])
def test_the_number_of_wrong_paragraphs_is_right_on_average(each: float) -> None:
    examples = [e for e in asked_of_topics() if e.answers] * 100
    asked = with_negatives(examples, each, random.Random(0))
    counts = [len(a.readings) - 1 for a in asked]
    assert set(counts) == {int(each), int(each) + 1}
    assert sum(counts) / len(counts) == pytest.approx(each, abs=0.06)


def test_without_wrong_paragraphs_every_question_is_put_to_its_own_alone() -> None:
    examples = asked_of_topics()
    assert with_negatives(examples, 0.0, random.Random(0)) == [Asked((e,)) for e in examples]


def test_the_same_seed_draws_the_same() -> None:
    draws = [with_negatives(asked_of_topics(), 1.0, random.Random(seed)) for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]


# Headers and typing

MILL = example(
    "When did Lind's mill burn?", "Lind's mill burned in 1812.", "1812", title="Mill", day=None
)
INN = example("When did Lind's mill burn?", "The inn is old.", title="Inn", day=date(2031, 5, 12))
BOTH = Asked((MILL, INN))


def test_a_header_is_what_a_passage_is_read_with_and_answers_move_along() -> None:
    ((mill, inn),) = (each.readings for each in with_headers([BOTH], 1.0, random.Random(0)))
    assert mill.context == header_of("Mill", None) + MILL.context
    assert inn.context == header_of("Inn", date(2031, 5, 12)) + INN.context
    assert [answer.text for answer in mill.answers] == ["1812"]
    assert_law(mill)


def test_a_share_of_the_questions_gets_headers_on_all_their_paragraphs() -> None:
    headed = with_headers([BOTH] * 400, 0.5, random.Random(0))
    counts = Counter(each == BOTH for each in headed)
    assert counts[True] == pytest.approx(200, abs=40)
    whole = with_headers([BOTH], 1.0, random.Random(0))[0]
    assert all(each in (BOTH, whole) for each in headed)
    assert with_headers([BOTH], 0.0, random.Random(0)) == [BOTH]


@given(st.integers(0, 10_000), st.text("ab c'?’é1", max_size=12))
def test_typing_noise_drops_marks_or_swaps_two_letters_of_the_question_alone(
    seed: int, question: str
) -> None:
    asked = Asked(tuple(replace(reading, question=question) for reading in BOTH.readings))
    (typed,) = with_typing_noise([asked], 1.0, random.Random(seed))
    mistyped = typed.readings[0].question
    dropped = "'’? "
    assert Counter(mistyped) <= Counter(question)
    kept = [c for c in question if c not in dropped]
    assert Counter(c for c in mistyped if c not in dropped) == Counter(kept)
    assert typed == Asked(tuple(replace(reading, question=mistyped) for reading in BOTH.readings))


def test_typing_noise_comes_in_three_kinds() -> None:
    noisy = with_typing_noise([BOTH] * 200, 1.0, random.Random(0))
    typed = {each.readings[0].question for each in noisy}
    assert "When did Lind's mill burn" in typed
    assert "When did Linds mill burn?" in typed
    assert "Whne did Lind's mill burn?" in typed


def test_a_share_of_the_questions_is_typed_in_a_hurry() -> None:
    noisy = with_typing_noise([BOTH] * 400, 0.25, random.Random(0))
    assert sum(each != BOTH for each in noisy) == pytest.approx(100, abs=30)
    assert with_typing_noise([BOTH], 0.0, random.Random(0)) == [BOTH]


# Windows and batches


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerBase:
    return load_tokenizer()


def test_the_windows_of_all_paragraphs_of_a_question_are_together(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    long = "Nothing happened that day in the village. " * 100
    other = Asked((example("Who sang?", "Nobody sang."),))
    last = Asked((INN, MILL, replace(MILL, context=long + MILL.context, answers=())))
    groups = windows_by_question([BOTH, other, last], tokenizer)
    assert [len(group) for group in groups][:2] == [2, 1]
    assert len(groups[2]) > 3
    for number, group in enumerate(groups):
        assert {window.asked for window in group} == {number}
        assert all(len(window.token_ids) <= MAX_TOKENS for window in group)


def test_only_the_window_that_holds_the_answer_has_a_target_and_it_is_the_answer(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    filler = "Nothing happened that day in the village. " * 100
    far = replace(
        MILL,
        context=filler + MILL.context,
        answers=(Answer("1812", len(filler) + MILL.answers[0].start),),
    )
    (group,) = windows_by_question([Asked((far, INN))], tokenizer)
    *before, holding, inn = group
    assert len(before) > 0
    assert [(window.start, window.end) for window in (*before, inn)] == [(0, 0)] * (len(before) + 1)
    first, last = (at - holding.context_start for at in (holding.start, holding.end))
    assert far.context[holding.offsets[first, 0] : holding.offsets[last, 1]] == "1812"


def window(
    length: int, *, asked: int = 0, example: int = 0, start: int = 0, end: int = 0
) -> Window:
    """[CLS] question [SEP], then the paragraph's tokens and the closing [SEP]."""
    return Window(
        example=example,
        token_ids=np.arange(100, 100 + length, dtype=np.uint16),
        context_start=3,
        start=start,
        end=end,
        offsets=np.zeros((length - 4, 2), dtype=np.int32),
        asked=asked,
    )


def groups_of(lengths: Sequence[Sequence[int]]) -> list[list[Window]]:
    """Questions with windows of these lengths; every window has a number of its own."""
    numbers = iter(range(10_000))
    return [
        [window(length, asked=asked, example=next(numbers)) for length in group]
        for asked, group in enumerate(lengths)
    ]


@given(
    st.lists(st.lists(st.integers(5, 40), min_size=1, max_size=5), max_size=30),
    st.integers(1, 8),
    st.integers(1, 4),
    st.integers(0, 10_000),
)
def test_batches_hold_every_window_once_and_split_no_question(
    lengths: list[list[int]], batch_size: int, bucket: int, seed: int
) -> None:
    groups = groups_of(lengths)
    batches = shuffled_batches(groups, batch_size, random.Random(seed), bucket)
    dealt = [window.example for batch in batches for window in batch]
    assert sorted(dealt) == list(range(sum(map(len, groups))))
    batch_of = {(w.asked, n) for n, batch in enumerate(batches) for w in batch}
    assert len(batch_of) == len(groups)
    for batch in batches:
        assert len(batch) <= batch_size or len({w.asked for w in batch}) == 1


def test_a_batch_holds_windows_of_like_length() -> None:
    groups = groups_of([[10, 10], [100, 100]] * 8)
    batches = shuffled_batches(groups, 4, random.Random(0))
    assert len(batches) == 8
    assert all(len({len(window.token_ids) for window in batch}) == 1 for batch in batches)


def test_neighbours_and_order_change_with_the_seed_alone() -> None:
    groups = groups_of([[10], [11], [12], [13]] * 8)

    def dealt(seed: int) -> list[list[int]]:
        batches = shuffled_batches(groups, 4, random.Random(seed), bucket=2)
        return [[window.example for window in batch] for batch in batches]

    assert dealt(1) == dealt(1)
    assert dealt(1) != dealt(2)


# The loss of choosing between a question's paragraphs

#: One question: its own paragraph of three tokens, where the answer is tokens 4 to 5, and a rival of two.
GOLD, RIVAL = window(7, start=4, end=5), window(6)
INSIDE = ([3, 4, 5], [3, 4])
"""The paragraphs' tokens in both."""


def logits(windows: Sequence[Window], seed: int) -> torch.Tensor:
    shape = (len(windows), 16)
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def loss_by_hand(starts: torch.Tensor, ends: torch.Tensor) -> float:
    """Of ``GOLD`` and ``RIVAL``: minus the log of the answer's share of the softmax over both."""
    shares = []
    for scores, target in ((starts, GOLD.start), (ends, GOLD.end)):
        total = sum(exp(scores[row, at]) for row, tokens in enumerate(INSIDE) for at in tokens)
        shares.append(exp(scores[0, target]) / total)
    return -(log(shares[0]) + log(shares[1])) / 2


@pytest.mark.parametrize("seed", range(3))
def test_the_choice_loss_is_that_of_one_softmax_over_all_paragraphs(seed: int) -> None:
    windows = [GOLD, RIVAL]
    starts, ends = logits(windows, seed), logits(windows, seed + 100)
    loss = choice_loss(starts, ends, collate(windows))
    assert loss.item() == pytest.approx(loss_by_hand(starts, ends), abs=1e-5)


def test_where_all_tokens_score_alike_the_choice_is_one_of_their_number() -> None:
    nothing = torch.zeros(2, 16)
    loss = choice_loss(nothing, nothing, collate([GOLD, RIVAL]))
    assert loss.item() == pytest.approx(log(5))


def test_the_choice_loss_falls_as_the_gold_paragraphs_span_rises_above_the_rivals() -> None:
    losses = []
    for lead in (-4.0, 0.0, 4.0, 8.0):
        starts, ends = torch.zeros(2, 16), torch.zeros(2, 16)
        starts[0, GOLD.start] = ends[0, GOLD.end] = lead
        losses.append(choice_loss(starts, ends, collate([GOLD, RIVAL])).item())
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.01 < 1.0 < losses[0]


@pytest.mark.parametrize(
    "windows",
    [
        [GOLD],
        [RIVAL, RIVAL],
        [GOLD, replace(RIVAL, asked=1)],
    ],
    ids=["one paragraph", "no answer", "a rival of another question"],
)
def test_without_rivals_or_without_an_answer_there_is_no_choice_to_learn(
    windows: list[Window],
) -> None:
    starts, ends = logits(windows, 1), logits(windows, 2)
    assert choice_loss(starts, ends, collate(windows)).item() == 0.0


def test_the_choice_loss_is_the_mean_over_the_questions_that_have_a_choice() -> None:
    second = [replace(RIVAL, asked=1), replace(GOLD, asked=1)]
    without = [replace(GOLD, asked=2), replace(RIVAL, asked=3), replace(RIVAL, asked=3)]
    windows = [GOLD, RIVAL, *second, *without]
    starts, ends = logits(windows, 1), logits(windows, 2)
    alone = [
        choice_loss(starts[rows], ends[rows], collate([windows[row] for row in rows])).item()
        for rows in ([0, 1], [2, 3])
    ]
    assert alone[0] != pytest.approx(alone[1])
    whole = choice_loss(starts, ends, collate(windows)).item()
    assert whole == pytest.approx(sum(alone) / 2, abs=1e-6)


def test_neither_the_question_nor_the_null_score_nor_padding_has_a_part_in_the_choice() -> None:
    windows = [GOLD, RIVAL]
    starts, ends = (logits(windows, seed).requires_grad_() for seed in (1, 2))
    choice_loss(starts, ends, collate(windows)).backward()  # type: ignore[no-untyped-call]
    for gradient in (starts.grad, ends.grad):
        assert gradient is not None
        for row, tokens in enumerate(INSIDE):
            touched = torch.nonzero(gradient[row]).flatten().tolist()
            assert touched == tokens


@pytest.mark.parametrize(
    ("device", "flags", "number_type"),
    [
        ("cpu", "fpu avx2 amx_bf16", torch.bfloat16),
        ("cpu", "fpu avx2", torch.float32),
        ("cuda", "fpu avx2", torch.bfloat16),
    ],
)
def test_training_is_in_bfloat16_only_where_the_device_multiplies_it_itself(
    tmp_path: Path, device: str, flags: str, number_type: torch.dtype
) -> None:
    processor = tmp_path / "cpuinfo"
    processor.write_text(f"flags : {flags}\n", encoding="utf-8")
    assert working_number_type(torch.device(device), processor) == number_type
