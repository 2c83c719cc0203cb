"""``document.text[start:end] == quote`` for any file; ``scripts/check_offsets.py`` takes ten thousand."""

from __future__ import annotations

from collections.abc import Iterator

import hypothesis
import pytest
from hypothesis import given

from qa.store import Store
from tests.offsets import files, holds, open_store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store in a transaction."""
    with open_store(tmp_path_factory.mktemp("offsets")) as store, store.transaction():
        yield store


@hypothesis.settings(max_examples=300)
@given(files)
def test_a_quote_stands_at_its_offsets_from_the_file_to_the_store(
    store: Store, file: tuple[str, bytes]
) -> None:
    holds(store, *file)
