"""What is cut off, and what must hold after it: at once, and once the next command has run."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from functools import cached_property
from pathlib import Path

from tests.conftest import DOCUMENTS
from tests.faults.program import Program, Run, set_modes

__all__ = [
    "SCENARIOS",
    "Batch",
    "Calibrate",
    "Converse",
    "FaultError",
    "Review",
    "Scenario",
    "Update",
]

QUESTIONS = [
    "When was the lighthouse on Grey Point built?",
    "How many bees does a hive in Orvale hold?",
    "Why did the ferry between Karsund and Hale stop?",
    "Who was the last keeper?",
    "What did the growers light between the trees?",
    "Who won the football world cup?",
    "When did electricity reach the coast?",
    "Who is Captain Edda Brandt?",
]
_ELAPSED = re.compile(r'"elapsed_ms": \d+|,\d+$', re.MULTILINE)


class FaultError(AssertionError):
    """A promise that was broken, and how."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        """ "lost", "mixed", "damaged" or "not mended"."""


class Scenario:
    """One activity with the folder it starts from; :meth:`check` judges what a kill has left."""

    name: str
    order: tuple[str, ...]

    def __init__(self, program: Program, folder: Path) -> None:
        """Prepare the start in ``folder``, a new one, and run the activity there undisturbed."""
        self.program = program
        self.start = folder / "start"
        self.start.mkdir(parents=True)
        self.prepare(self.start)
        self._work = folder / "work"
        self.before = self.seen(self._fresh())
        done = self._fresh()
        self.undisturbed = self.program.run(*self.order, folder=done, trace=True)
        if self.undisturbed.code:
            raise FaultError("damaged", f"undisturbed it fails: {self.undisturbed.err}")
        self.after = self.seen(self._copied(done))
        self._left = self.listing(done)

    @property
    def steps(self) -> int:
        """How many steps on the disk the activity takes."""
        return len(self.undisturbed.steps)

    @cached_property
    def seconds(self) -> float:
        """How long the activity takes where nobody watches its steps; watched it takes longer."""
        folder = self._fresh()
        started = time.perf_counter()
        self.program.run(*self.order, folder=folder)
        return time.perf_counter() - started

    def kill(self, *, before: int | None = None, after: float | None = None) -> Run:
        """Run the activity anew, kill it before a step or after so many seconds, and judge what is left.

        Raises:
            FaultError: something was lost, mixed, damaged or not mended.
        """
        folder = self._fresh()
        run = self.program.run(*self.order, folder=folder, kill_before=before, kill_after=after)
        if not run.killed and run.code:
            raise FaultError("damaged", f"{run.code}: {run.err}")
        self._judge(folder, run)
        return run

    def forbid(self, *, before: int) -> Run:
        """Run the activity anew, take its right to write before a step, and judge what is left.

        The right is given back before the activity is run once more.

        Raises:
            FaultError: something was lost, mixed, damaged or not mended, or it ended in a traceback.
        """
        folder = self._fresh()
        run = self.program.run(
            *self.order, folder=folder, powerless=True, forbid=(before, folder, 0o500)
        )
        set_modes(folder, 0o700)
        # What is no command has nobody to say an error in words; it is one of ours all the same.
        said = "Traceback" not in run.err if self.order[0] == "qa" else "qa.errors." in run.err
        if run.code and not (run.code in (1, 70) and said):
            raise FaultError("damaged", f"{run.code}: {run.err}")
        if not run.code and self.seen(self._copied(folder)) != self.after:
            raise FaultError("lost", f"it ended well, and nothing came of it: {run.err}")
        self._judge(folder, run)
        return run

    def _judge(self, folder: Path, run: Run) -> None:
        self.integrity(folder)
        found = self.seen(self._copied(folder))
        self.between(found, run)
        self.mend(folder, found)
        self.integrity(folder)
        mended = self.seen(self._copied(folder))
        if mended != self.after:
            raise FaultError("not mended", f"{mended!r} is not {self.after!r}")
        if self.listing(folder) != self._left:
            raise FaultError("not mended", f"{self.listing(folder)} is not {self._left}")

    # What a scenario says of itself

    def prepare(self, folder: Path) -> None:
        """Make the folder that the activity starts from."""
        raise NotImplementedError

    def seen(self, folder: Path) -> str:
        """What a person sees of it."""
        raise NotImplementedError

    def between(self, found: str, run: Run) -> None:  # noqa: ARG002 - others need it
        """Raise unless a kill may leave what was ``found``."""
        if found not in (self.before, self.after):
            raise FaultError("mixed", f"{found!r} is neither {self.before!r} nor {self.after!r}")

    def mend(self, folder: Path, found: str) -> None:  # noqa: ARG002 - others need it
        """What a person does next: the same again."""
        self.qa(folder, *self.order[1:])

    # Tools

    def qa(self, folder: Path, *arguments: str, codes: Sequence[int] = (0,)) -> Run:
        """``qa`` with these arguments, which must end well."""
        run = self.program.run("qa", *arguments, folder=folder)
        if run.code not in codes or "Traceback" in run.err:
            raise FaultError("not mended", f"qa {' '.join(arguments)}: {run.code}: {run.err}")
        return run

    def listing(self, folder: Path) -> list[str]:
        """The files that are left for good: not the logs of SQLite, which come and go."""
        return sorted(
            path.relative_to(folder).as_posix()
            for path in folder.rglob("*")
            if path.is_file() and not path.name.endswith(("-wal", "-shm", "-journal"))
        )

    def integrity(self, folder: Path) -> None:
        """Raise unless SQLite finds nothing wrong; on a copy, so that it mends nothing here."""
        copy = self._copied(folder)
        for path in [*copy.rglob("*.sqlite"), *copy.rglob("*.db")]:
            with closing(sqlite3.connect(path)) as connection:
                said = connection.execute("PRAGMA integrity_check").fetchall()
                if said != [("ok",)]:
                    raise FaultError("damaged", f"{path.name}: {said}")

    def _fresh(self) -> Path:
        return self._copied(self.start, "work")

    def _copied(self, folder: Path, name: str = "copy") -> Path:
        copy = self._work.with_name(name)
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(folder, copy)
        return copy


class _OfAnIndex(Scenario):
    order: tuple[str, ...] = ("qa", "index")

    def prepare(self, folder: Path) -> None:
        for file, text in DOCUMENTS.items():
            path = folder / "seeds" / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        (folder / "questions.txt").write_text("\n".join(QUESTIONS) + "\n", encoding="utf-8")

    def seen(self, folder: Path) -> str:
        # The folder of a run stands in nothing that it prints; the store knows it, and would refuse another.
        place = self.start.with_name("asked")
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(folder, place)
        corpus = ("--corpus", str(self.start.with_name("work") / "seeds"))
        answers = self.qa(place, "batch", "questions.txt", "--threshold", "0.3", *corpus)
        return _without_times(answers.out)


class FirstBuild(_OfAnIndex):
    """``qa index`` where there is none yet."""

    name = "index, first build"


class Update(_OfAnIndex):
    """``qa index`` after a file has changed, one has gone and one is new."""

    name = "index of changes"

    def prepare(self, folder: Path) -> None:
        super().prepare(folder)
        self._index_as_of_work(folder)
        seeds = folder / "seeds"
        (seeds / "bees.txt").write_text("A hive in Orvale holds 12,000 bees. Honey is dark.\n")
        (seeds / "ferry.txt").unlink()
        (seeds / "chapel.txt").write_text("The lighthouse on Grey Point was built in 1650.\n")

    def _index_as_of_work(self, folder: Path) -> None:
        """An index of the folder in which the activity will run."""
        work = self.start.with_name("work")
        shutil.copytree(folder, work)
        self.qa(work, "index")
        shutil.copytree(work / "vectors", folder / "vectors")
        shutil.rmtree(work)


class Rebuild(Update):
    """``qa index --rebuild`` over an index of an older state of the folder."""

    name = "index --rebuild"
    order = ("qa", "index", "--rebuild")


class Batch(Update):
    """``qa batch`` into a file."""

    name = "batch"
    suffix = "jsonl"

    def __init__(self, program: Program, folder: Path) -> None:
        self.out = f"answers.{self.suffix}"
        self.order = ("qa", "batch", "questions.txt", "--threshold", "0.3", "-o", self.out)
        super().__init__(program, folder)

    def prepare(self, folder: Path) -> None:
        _OfAnIndex.prepare(self, folder)
        self._index_as_of_work(folder)

    def seen(self, folder: Path) -> str:
        out = folder / self.out
        return _without_times(out.read_text(encoding="utf-8")) if out.exists() else ""

    def between(self, found: str, run: Run) -> None:  # noqa: ARG002
        if not self.after.startswith(found.rpartition("\n")[0]):
            raise FaultError("mixed", f"{found!r} is no beginning of {self.after!r}")

    def mend(self, folder: Path, found: str) -> None:  # noqa: ARG002
        self.qa(folder, *self.order[1:], "--resume")


class BatchCsv(Batch):
    """``qa batch`` into a CSV file."""

    name = "batch, CSV"
    suffix = "csv"


class BatchMarkdown(Batch):
    """``qa batch`` into a Markdown file."""

    name = "batch, Markdown"
    suffix = "md"


class Calibrate(Update):
    """``qa calibrate`` over an earlier calibration."""

    name = "calibrate"
    order = ("qa", "calibrate", "labelled.jsonl", "--precision", "0.1")

    def prepare(self, folder: Path) -> None:
        _OfAnIndex.prepare(self, folder)
        right = [
            "1871",
            "40,000",
            "engine caught fire",
            "Tomas Lind",
            "fires",
            "",
            "1904",
            "Captain",
        ]
        files = [
            "lighthouse",
            "bees",
            "ferry",
            "lighthouse",
            "nested/orchard",
            "",
            "lighthouse",
            "",
        ]
        rows = [
            {"question": question, "answers": [answer], "file": f"{file}.txt"}
            if file
            else {"question": question, "answers": []}
            for question, answer, file in zip(QUESTIONS, right, files, strict=True)
        ]
        lines = [json.dumps(row) for row in rows * 4]
        (folder / "labelled.jsonl").write_text("\n".join(lines[:20]) + "\n")
        self._index_as_of_work(folder)
        work = self.start.with_name("work")
        shutil.copytree(folder, work)
        self.qa(work, *self.order[1:])
        shutil.copy(work / "vectors" / "calibration.json", folder / "vectors")
        shutil.rmtree(work)
        (folder / "labelled.jsonl").write_text("\n".join(lines) + "\n")

    def seen(self, folder: Path) -> str:
        return (folder / "vectors" / "calibration.json").read_text()


class Converse(Scenario):
    """A chat that keeps its turns."""

    name = "conversation"
    turns = 6
    order = ("keep", "vectors", "1", str(turns))

    def prepare(self, folder: Path) -> None:
        (folder / "vectors").mkdir()

    def seen(self, folder: Path) -> str:
        if not json.loads(self.qa(folder, "conversations", "--json").out):
            return ""
        return self.qa(folder, "conversations", "export", "1", "--format", "jsonl").out

    def between(self, found: str, run: Run) -> None:
        acknowledged, kept = run.out.count("\n"), found.count("\n")
        if kept < acknowledged:
            raise FaultError("lost", f"{acknowledged} turns were kept, {kept} are there")
        if kept > acknowledged + 1 or not self.after.startswith(found):
            raise FaultError("mixed", f"{found!r} is no beginning of {self.after!r}")

    def mend(self, folder: Path, found: str) -> None:
        kept = found.count("\n")
        conversation = ("1",) if kept else ()
        if kept < self.turns:
            order = ("keep", "vectors", str(kept + 1), str(self.turns), *conversation)
            run = self.program.run(*order, folder=folder)
            if run.code:
                raise FaultError("not mended", run.err)


class DeleteConversation(Scenario):
    """A conversation deleted: it is there whole or gone."""

    name = "conversation deleted"
    order = ("qa", "conversations", "delete", "1")

    def prepare(self, folder: Path) -> None:
        (folder / "vectors").mkdir()
        self.program.run("keep", "vectors", "1", "12", folder=folder)

    def seen(self, folder: Path) -> str:
        return Converse.seen(self, folder)  # type: ignore[arg-type]

    def mend(self, folder: Path, found: str) -> None:
        if found:
            self.qa(folder, *self.order[1:])


class Review(Batch):
    """A review whose decisions are the labelled file."""

    name = "review"

    def __init__(self, program: Program, folder: Path) -> None:
        self.out = "labelled.jsonl"
        self.order = ("decide", "answers.jsonl", self.out)
        Scenario.__init__(self, program, folder)

    def prepare(self, folder: Path) -> None:
        super().prepare(folder)
        work = self.start.with_name("work")
        shutil.copytree(folder, work)
        self.qa(work, "batch", "questions.txt", "--threshold", "0.3", "-o", "answers.jsonl")
        shutil.copy(work / "answers.jsonl", folder)
        shutil.rmtree(work)

    def between(self, found: str, run: Run) -> None:
        acknowledged, saved = run.out.count("\n"), found.count("\n")
        if saved < acknowledged:
            raise FaultError("lost", f"{acknowledged} decisions were taken, {saved} are there")
        if saved > acknowledged + 1 or not self.after.startswith(found):
            raise FaultError("mixed", f"{found!r} is no beginning of {self.after!r}")

    def mend(self, folder: Path, found: str) -> None:  # noqa: ARG002
        run = self.program.run(*self.order, folder=folder)
        if run.code:
            raise FaultError("not mended", run.err)


def _without_times(answers: str) -> str:
    return _ELAPSED.sub("", answers)


SCENARIOS: tuple[type[Scenario], ...] = (
    FirstBuild,
    Update,
    Rebuild,
    Batch,
    BatchCsv,
    BatchMarkdown,
    Calibrate,
    Converse,
    DeleteConversation,
    Review,
)
