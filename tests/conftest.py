"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import signal

os.environ["HF_HUB_OFFLINE"] = "1"
# A run in the background is started to ignore Ctrl-C, and so would be every program that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import hypothesis
import pytest

from qa.indexing import update_index
from qa.models.encoder import Encoder, load_encoder
from qa.session import Session
from qa.settings import EMBEDDED_MODEL, SENTENCE_READER, Settings
from tests.fakes import FakeEncoder

# The same examples every time, whatever the machine is doing beside the tests.
hypothesis.settings.register_profile("qa", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("qa")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-pictures", action="store_true", help="draw the pictures of the chat anew"
    )


#: A user who owns nothing.
NOBODY = 65534
SEEDS = Path(__file__).parent.parent / "seeds"

DOCUMENTS = {
    "bees.txt": (
        "title: The bees of Orvale\n"
        "\n"
        "A hive in Orvale holds about 40,000 bees in June. The keepers move their hives to the "
        "heather in August. Heather honey is darker and sells for twice the price.\n"
    ),
    "ferry.txt": (
        "date 2023-05-14 14 May. 09:30\n"
        "\n"
        "The ferry between Karsund and Hale stopped sailing on Friday because its engine caught "
        "fire. Nobody was hurt. Captain Edda Brandt said that the crew put out the flames within "
        "ten minutes.\n"
    ),
    "lighthouse.txt": (
        "The keeper's last winter\n"
        "\n"
        "The lighthouse on Grey Point was built in 1871 from local granite. Its lamp burned whale "
        "oil until 1904, when electricity reached the coast. Tomas Lind was the last keeper; he "
        "retired in 1988.\n"
    ),
    "nested/orchard.txt": (
        "Apple growers in the Vell valley lost a third of their harvest to frost this spring. "
        '"We lit fires between the trees for six nights. It was not enough," said the grower '
        "Maria Oduya.\n"
    ),
}


def folder_of(settings: Settings) -> Path:
    """The one folder of the corpus."""
    assert isinstance(settings.corpus, Path)
    return settings.corpus


@contextmanager
def bound_by_permissions(folder: Path) -> Iterator[None]:
    """What permissions forbid is refused until the end, though root runs the tests.

    ``folder`` belongs to who is bound by them, and can be reached.
    """
    if os.geteuid():
        yield
        return
    for above in (folder, *folder.parents):
        if above.stat().st_mode & 0o111 != 0o111 and above != folder:
            above.chmod(0o755)
    for inside in (folder, *folder.rglob("*")):
        os.chown(inside, NOBODY, NOBODY, follow_symlinks=False)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A folder of four short documents on four topics."""
    folder = tmp_path / "corpus"
    for file, text in DOCUMENTS.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def settings(corpus: Path, tmp_path: Path) -> Settings:
    """Settings for ``corpus``, an index folder that does not exist yet, and the reader without a model."""
    return Settings(corpus=corpus, vectors=tmp_path / "vectors", reader=SENTENCE_READER)


@pytest.fixture
def index(settings: Settings) -> Iterator[Session]:
    """An index of ``corpus``, built with a :class:`FakeEncoder` and opened with another."""
    update_index(settings, FakeEncoder())
    with Session.open(settings, encoder=FakeEncoder()) as session:
        yield session


@pytest.fixture
def chatty(settings: Settings) -> Settings:
    """Settings under which every question gets an answer, and an index that is there."""
    update_index(settings, FakeEncoder())
    return replace(settings, threshold=0.0)


@pytest.fixture
def repeated(chatty: Settings, corpus: Path) -> Settings:
    """As ``chatty``, but three files say the same, so that an answer has three citations."""
    text = (corpus / "lighthouse.txt").read_text(encoding="utf-8")
    for copy in ("lighthouse2.txt", "lighthouse3.txt"):
        (corpus / copy).write_text(text, encoding="utf-8")
    update_index(chatty, FakeEncoder())
    return chatty


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    """The embedded model, loaded once for all tests."""
    return load_encoder(EMBEDDED_MODEL)


@pytest.fixture(scope="session")
def seeds() -> Path:
    """The five documents that come with the project."""
    return SEEDS


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``seeds`` and their index ``vectors``, where ``qa`` looks by itself."""
    from tests.commands import make_corpus, qa_process  # it needs DOCUMENTS from here

    base = tmp_path_factory.mktemp("built")
    make_corpus(base / "seeds")
    made = qa_process(["index"], base)
    assert made.code == 0, made.err
    return base
