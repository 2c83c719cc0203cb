"""Feeds damaged and hostile files to each reader of a format, guided by the code that they reach.

Each target runs in a process of its own for some seconds, beginning with the small files of
``tests/written_files.py``. It fails on what a reader must never do: raise anything but a refusal, give
marks out of order or text that cannot be stored, or say two things of the same bytes. An archive is
fuzzed whole (``.docx``) and by its main part (``.docx/part``), since hardly any change to the bytes of an
archive leaves it one. Needs atheris (Apache 2.0), which the project itself does not.

Example:
  scripts/fuzz_formats.py --seconds 60
  scripts/fuzz_formats.py --target .pdf --seconds 600 --corpus /tmp/fuzz
"""

from __future__ import annotations

import argparse
import io
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import atheris

with atheris.instrument_imports(include=["qa.formats", "email", "csv", "json", "zipfile"]):
    # All of them, since the readers are imported when they are first used.
    import qa.formats.epub
    import qa.formats.mail
    import qa.formats.notebook
    import qa.formats.opendocument
    import qa.formats.pdf
    import qa.formats.plain
    import qa.formats.tables
    import qa.formats.word  # noqa: F401
    from qa.formats.encodings import decoded
    from qa.formats.extracted import Extracted, Limits
    from qa.formats.worker import outcome_of

from qa.errors import DocumentError
from qa.settings import Settings
from tests.written_files import WRITERS, zipped

#: Small, so that what is slow shows as slow.
LIMITS = replace(
    Limits.of(Settings()),
    max_text_characters=1_000_000,
    max_unpacked_bytes=10_000_000,
    max_pages=200,
)
_SMALLEST_DOCX = zipped(
    {
        "word/document.xml": '<w:document xmlns:w="w"><w:body><w:p><w:pPr><w:pStyle w:val="H"/></w:pPr>'
        "<w:r><w:t>A ferry</w:t><w:tab/></w:r></w:p><w:tbl><w:tr><w:tc><w:p/></w:tc></w:tr></w:tbl>"
        "</w:body></w:document>",
        "word/styles.xml": '<w:styles xmlns:w="w"><w:style w:styleId="H"><w:name w:val="heading 1"/>'
        '<w:basedOn w:val="N"/></w:style></w:styles>',
    }
)
#: A Word document that python-docx writes has so much else in it that hardly any change matters.
WRITTEN: dict[str, Callable[[], bytes]] = {**WRITERS, ".docx": lambda: _SMALLEST_DOCX}
#: The part of an archive that is fuzzed by itself.
PARTS = {".docx": "word/document.xml", ".epub": "book/a.xhtml", ".odt": "content.xml"}
_DONE = re.compile(r"#(\d+)\s+DONE\s+cov: (\d+) ft: (\d+)")


def main() -> None:
    """Fuzz every target, or one, and print a line of figures for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--target", choices=sorted(_targets()), help="only this one")
    parser.add_argument("--corpus", type=Path, help="where inputs are kept (a new folder)")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    parsed = parser.parse_args()
    if parsed.inside:
        _fuzz(parsed.target, parsed.seconds, parsed.corpus)
        return
    folder = parsed.corpus if parsed.corpus is not None else Path(tempfile.mkdtemp())
    failed = [
        target
        for target in ([parsed.target] if parsed.target else sorted(_targets()))
        if not _run(target, parsed.seconds, folder)
    ]
    if failed:
        sys.exit(f"failed: {', '.join(failed)}; the inputs lie in {folder}")


def _targets() -> dict[str, Callable[[bytes], None]]:
    targets: dict[str, Callable[[bytes], None]] = {"encodings": _decode}
    for ending in WRITTEN:
        targets[ending] = _reader(ending)
    for ending, part in PARTS.items():
        targets[f"{ending}/part"] = _part_reader(ending, part)
    return targets


def _decode(data: bytes) -> None:
    try:
        text = decoded(data)
    except DocumentError:
        return
    assert "\0" not in text


def _reader(ending: str) -> Callable[[bytes], None]:
    def read(data: bytes) -> None:
        outcome = outcome_of(ending, data, LIMITS)
        _require_sound(outcome)
        if len(data) < 2_000:
            assert outcome == outcome_of(ending, data, LIMITS), "two outcomes of the same bytes"

    return read


def _part_reader(ending: str, part: str) -> Callable[[bytes], None]:
    with zipfile.ZipFile(io.BytesIO(WRITTEN[ending]())) as archive:
        members: dict[str, str | bytes] = {name: archive.read(name) for name in archive.namelist()}
    read = _reader(ending)
    return lambda data: read(zipped({**members, part: data}))


def _require_sound(outcome: Extracted | str) -> None:
    if isinstance(outcome, str):
        assert outcome
        assert "\n" not in outcome
        return
    starts = [mark.start for mark in outcome.marks]
    assert starts == sorted(set(starts)), "marks out of order"
    assert all(0 <= start < max(len(outcome.text), 1) for start in starts)
    assert all("\n" not in mark.label for mark in outcome.marks)
    assert len(outcome.text) <= LIMITS.max_text_characters
    outcome.text.encode()
    assert "\0" not in outcome.text or outcome.text == ""


def _seed(target: str) -> bytes:
    if target == "encodings":
        return "Größe – “naïve”, Порт".encode()
    ending, _, part = target.partition("/")
    written = WRITTEN[ending]()
    if not part:
        return written
    with zipfile.ZipFile(io.BytesIO(written)) as archive:
        return archive.read(PARTS[ending])


def _run(target: str, seconds: int, folder: Path) -> bool:
    corpus = folder / target.strip(".").replace("/", "-")
    corpus.mkdir(parents=True, exist_ok=True)
    (corpus / "seed").write_bytes(_seed(target))
    command = [sys.executable, __file__, "--inside", "--target", target]
    command += ["--seconds", str(seconds), "--corpus", str(corpus)]
    done = subprocess.run(command, stderr=subprocess.PIPE, check=False)
    said = done.stderr.decode("utf-8", "replace")
    found = _DONE.search(said)
    if done.returncode or found is None:
        print(f"{target:12} FAILED\n{said[-3_000:]}", flush=True)
        return False
    executions, edges, features = (int(group) for group in found.groups())
    print(
        f"{target:12} {executions:>10,} inputs {edges:>6,} edges {features:>6,} features "
        f"{len(list(corpus.iterdir())):>5,} kept",
        flush=True,
    )
    return True


def _fuzz(target: str, seconds: int, corpus: Path) -> None:
    flags = [
        f"-max_total_time={seconds}",
        "-timeout=20",
        "-rss_limit_mb=3000",
        f"-artifact_prefix={corpus}-found-",
    ]
    atheris.Setup([sys.argv[0], str(corpus), *flags], _targets()[target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
