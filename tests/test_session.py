"""A session: one corpus opened once, asked any number of questions from any thread."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest

from qa.answer import Answer, Citation, NoAnswer, Reply
from qa.documents import read_document
from qa.errors import IndexStateError, QuestionError, UsageError
from qa.evidence import Evidence
from qa.indexing import update_index
from qa.models.encoder import Encoder, load_encoder
from qa.session import Session, index_exists, list_sources
from qa.settings import SENTENCE_READER, Settings
from tests.fakes import FakeEncoder
from tests.fakes_reader import FixedCalibrator, open_session

QUESTION = "When was the lighthouse on Grey Point built?"
DEV = Path(__file__).parent / "data" / "seeds_dev.jsonl"


def citations_of(reply: Reply) -> list[Citation]:
    """All spans that a reply shows."""
    if isinstance(reply, Answer):
        return list(reply.citations)
    return [reply.rejected] if reply.rejected is not None else []


def assert_law(reply: Reply, corpus: Path) -> None:
    """Every quote is the slice of its file as it is now."""
    for citation in citations_of(reply):
        document = read_document(corpus, citation.file, 1_000_000)
        assert citation.span.of(document.text) == citation.quote
        assert citation.sentence.of(document.text) == citation.sentence_text
        assert citation.sha256 == document.sha256


def test_an_answer_cites_the_file_that_says_so(settings: Settings, corpus: Path) -> None:
    with open_session(settings, {"1871": 2.0}) as session:
        reply = session.ask(QUESTION)
    assert isinstance(reply, Answer)
    assert reply.text == "1871"
    assert reply.citations[0].file == "lighthouse.txt"
    assert_law(reply, corpus)


def test_an_inquiry_holds_what_the_reply_was_chosen_from(settings: Settings) -> None:
    with open_session(settings, {"1871": 2.0, "Tomas Lind": 1.0}) as session:
        inquiry = session.inquire(QUESTION)
    assert [candidate.score for candidate in inquiry.candidates] == [2.0, 1.0]
    assert inquiry.candidates[0].passage in inquiry.retrieval.passages
    assert inquiry.reply.question == QUESTION


def test_a_question_can_be_kept_to_some_files(settings: Settings) -> None:
    with open_session(settings, {"1871": 2.0, "40,000 bees": 1.0, "its engine": 1.5}) as session:
        inquiry = session.inquire(QUESTION, files={"bees.txt", "nested/orchard.txt"})
        nothing = session.inquire(QUESTION, files={"wasps.txt"})
    assert isinstance(inquiry.reply, Answer)
    assert inquiry.reply.text == "40,000 bees"
    assert set(inquiry.documents) == {"bees.txt"}
    assert isinstance(nothing.reply, NoAnswer)


def test_a_follow_up_is_answered_after_what_went_before(settings: Settings) -> None:
    with open_session(settings, {"1871": 2.0, "Tomas Lind": 3.0}) as session:
        first = session.ask(QUESTION)
        reply = session.ask("Who kept it?", [first])
        alone = session.ask("Who kept the lighthouse on Grey Point?", [first])
    assert reply.question == "Who kept it?"
    assert reply.understood_as == f"{QUESTION} Who kept it?"
    assert first.understood_as is None
    assert alone.understood_as is None


def test_of_the_ways_to_read_a_follow_up_the_most_confident_counts(settings: Settings) -> None:
    @dataclass
    class Rising(FixedCalibrator):
        """Each confidence is higher than the one before."""

        def confidence(self, evidence: Evidence) -> float:
            self.value += 0.05
            return super().confidence(evidence)

    with open_session(settings, {"1871": 2.0}, Rising(0.5)) as session:
        first = session.ask(QUESTION)
        reply = session.ask("Who kept it?", [first])
    assert reply.understood_as == "Who kept Grey Point?"


def test_the_threshold_of_the_settings_overrides_the_calibrators(settings: Settings) -> None:
    doubtful = FixedCalibrator(0.4, threshold=0.5)
    with open_session(settings, {"1871": 2.0}, doubtful) as session:
        assert isinstance(session.ask(QUESTION), NoAnswer)
    with open_session(replace(settings, threshold=0.0), {"1871": 2.0}, doubtful) as session:
        assert isinstance(session.ask(QUESTION), Answer)


def test_threshold_and_citations_can_be_changed_while_a_session_is_open(
    repeated: Settings,
) -> None:
    question = "When was the lighthouse on Grey Point built?"
    with Session.open(repeated, encoder=FakeEncoder()) as session:
        three = session.ask(question)
        assert isinstance(three, Answer)
        assert len(three.citations) == 3
        session.adjust(threshold=0.0, citations=1)
        one = session.ask(question)
        assert isinstance(one, Answer)
        assert one.citations == three.citations[:1]
        session.adjust(threshold=1.0, citations=1)
        assert isinstance(session.ask(question), NoAnswer)
        with pytest.raises(UsageError, match="citations must be at least 1"):
            session.adjust(threshold=None, citations=0)
        assert session.settings.threshold == 1.0


def test_the_citations_setting_limits_them(settings: Settings) -> None:
    quotes = {"1871": 2.0, "1904": 1.9, "1988": 1.8}
    with open_session(replace(settings, citations=2), quotes) as session:
        assert len(citations_of(session.ask(QUESTION))) == 2


@pytest.mark.parametrize(
    "question", ["", "   \n\t", "?!…", "x" * 10_000], ids=["empty", "blank", "marks", "10,000"]
)
def test_what_is_no_question_is_refused(index: Session, question: str) -> None:
    with pytest.raises(QuestionError):
        index.ask(question)


def test_the_longest_allowed_question_is_answered(index: Session) -> None:
    longest = index.settings.max_question_characters
    assert index.ask(("When was it built? " * longest)[:longest]).question


def test_a_question_that_is_no_unicode_is_refused(
    index: Session,
) -> None:
    # What argv holds for a byte that is not UTF-8, and what JSON's "\ud800" becomes.
    with pytest.raises(QuestionError):
        index.ask("When was \udcff built?")


def test_the_index_of_another_corpus_is_refused_with_the_command(
    index: Session, tmp_path: Path
) -> None:
    other = replace(index.settings, corpus=tmp_path)
    with pytest.raises(IndexStateError, match="qa index --corpus"):
        Session.open(other, encoder=FakeEncoder())


def test_the_index_of_another_model_is_refused_with_the_command(index: Session) -> None:
    with pytest.raises(IndexStateError, match="qa index --rebuild"):
        Session.open(index.settings, encoder=FakeEncoder(digest="another"))


def test_no_index_is_an_error_that_names_the_command(settings: Settings) -> None:
    assert not index_exists(settings.vectors)
    with pytest.raises(IndexStateError, match="qa index"):
        Session.open(settings, encoder=FakeEncoder())


def press_ctrl_c(stage: str, done: int, total: int) -> None:
    """A progress report in whose middle somebody gives up."""
    if stage == "embedding":
        raise KeyboardInterrupt(done, total)


def test_an_interrupted_first_build_leaves_no_index(settings: Settings) -> None:
    with pytest.raises(KeyboardInterrupt):
        update_index(settings, FakeEncoder(), progress=press_ctrl_c)
    assert not index_exists(settings.vectors)  # so that the next command builds it


def test_sources_are_listed_by_file_name(index: Session, settings: Settings) -> None:
    files = [record.file for record in list_sources(settings)]
    assert files == sorted(files)
    assert files == [record.file for record in index.documents()]


def test_a_document_is_given_as_it_was_indexed(index: Session, corpus: Path) -> None:
    before = (corpus / "bees.txt").read_text(encoding="utf-8")
    (corpus / "bees.txt").write_text("Gone.", encoding="utf-8")
    document = index.document("bees.txt")
    assert document is not None
    assert document.text == before
    assert index.document("wasps.txt") is None


def test_files_that_are_not_as_indexed_are_named(index: Session, corpus: Path) -> None:
    assert index.changed_files() == []
    (corpus / "bees.txt").write_text("Something else altogether.", encoding="utf-8")
    (corpus / "ferry.txt").unlink()
    (corpus / "new.txt").write_text("Something new.", encoding="utf-8")
    assert index.changed_files() == ["bees.txt", "ferry.txt", "new.txt"]


NEWER = "A note first. The lighthouse on Grey Point was built in 1899, not in 1871.\n"


@pytest.mark.parametrize("rebuild", [False, True], ids=["updated", "rebuilt"])
def test_an_open_session_answers_from_an_index_that_has_changed_meanwhile(
    settings: Settings, corpus: Path, rebuild: bool
) -> None:
    with open_session(settings, {"1899": 3.0, "1871": 2.0}) as session:
        assert session.ask(QUESTION).confidence
        (corpus / "bees.txt").unlink()
        (corpus / "lighthouse.txt").write_text(NEWER, encoding="utf-8")
        update_index(settings, FakeEncoder(), rebuild=rebuild)

        reply = session.ask(QUESTION)

        assert isinstance(reply, Answer)
        assert reply.text == "1899"
        assert_law(reply, corpus)


def test_a_session_notices_that_the_index_is_of_another_model_now(settings: Settings) -> None:
    with open_session(settings, {"1871": 2.0}) as session:
        update_index(settings, FakeEncoder(digest="another"), rebuild=True)
        with pytest.raises(IndexStateError, match="--rebuild"):
            session.ask(QUESTION)


def test_two_threads_get_the_answers_that_one_gets(index: Session) -> None:
    questions = [QUESTION, "How many bees?", "Who was the last keeper?", "What caught fire?"] * 5
    alone = [index.ask(question) for question in questions]
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(index.ask, questions)) == alone


def test_a_session_beside_another_answers_as_it_does_and_after_it_is_closed(
    settings: Settings,
) -> None:
    with open_session(settings, {"1871": 2.0}) as session:
        beside = session.beside()
        assert beside.ask(QUESTION) == session.ask(QUESTION)
    with beside:
        assert isinstance(beside.ask(QUESTION), Answer)


def test_models_that_several_use_at_once_say_what_they_say_to_one(
    seeds: Path, tmp_path: Path, encoder: Encoder
) -> None:
    settings = Settings(corpus=seeds, vectors=tmp_path / "vectors")
    update_index(settings, encoder)
    questions = [row["question"] for row in map(json.loads, DEV.read_text("utf-8").splitlines())][
        :6
    ]
    with Session.open(settings) as alone:
        expected = [alone.ask(question) for question in questions]
    load = partial(load_encoder, at_once=2)
    with Session.open(settings, load=load, at_once=2) as first, first.beside() as second:
        with ThreadPoolExecutor(2) as threads:
            asked = [threads.submit(s.ask, q) for q in questions for s in (first, second)]
        found = [future.result() for future in asked]
    assert found == [reply for reply in expected for _ in range(2)]


def test_every_quote_from_the_seeds_is_a_slice_of_its_file(seeds: Path, tmp_path: Path) -> None:
    settings = Settings(
        corpus=seeds, vectors=tmp_path / "vectors", threshold=0.0, reader=SENTENCE_READER
    )
    questions = [json.loads(row)["question"] for row in DEV.read_text("utf-8").splitlines()]
    update_index(settings, FakeEncoder())
    with Session.open(settings, encoder=FakeEncoder()) as session:
        replies = [session.ask(question) for question in questions[::20]]
    assert any(isinstance(reply, Answer) for reply in replies)
    for reply in replies:
        assert_law(reply, seeds)
