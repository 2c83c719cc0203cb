"""Which endings are read, and by what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import PurePosixPath

from qa.errors import DocumentError
from qa.formats.extracted import Extracted, Limits

__all__ = ["ENDINGS", "Format", "format_of", "is_text"]


@dataclass(frozen=True, slots=True)
class Format:
    """How files of one kind become text."""

    module: str
    function: str
    is_text: bool = False
    """The text is the file's own, so that a line of it is a line of the file."""
    has_heading: bool = True
    """The first line may be a title; not where it is only the first of many rows."""
    may_hold_menus: bool = False
    """As a page of the web that was saved as text does, its menus line by line between its words."""

    def extract(self, data: bytes, limits: Limits) -> Extracted:
        """The text of a file's bytes.

        Raises:
            DocumentError: they hold none, or cannot be read as this format.
        """
        function: Callable[[bytes, Limits], Extracted] = getattr(
            import_module(f"qa.formats.{self.module}"), self.function
        )
        return function(data, limits)


_PLAIN = Format("plain", "plain", is_text=True, may_hold_menus=True)
_MARKDOWN = Format("plain", "markdown", is_text=True)
_PROGRAM = Format("plain", "program", is_text=True)
_PAGE = Format("markup", "page")

#: Programs, and what stands beside them: settings, queries, style sheets, markup that is read as written.
_PROGRAM_ENDINGS = (
    ".adoc .asm .awk .bash .bat .bib .c .cc .cfg .clj .cljs .cmake .conf .cpp .cs .css .cxx .dart .el .elm "
    ".env .erl .ex .exs .f90 .fish .fs .go .gradle .graphql .groovy .h .hcl .hh .hpp .hs .hxx .ini .java .jl "
    ".js .json .jsonl .jsx .kt .kts .less .lisp .lua .m .mjs .ml .mli .nim .nix .org .pas .php .pl .pm "
    ".properties .proto .ps1 .py .pyi .r .rb .rs .scala .scm .scss .sh .sql .srt .svelte .swift .tcl .tex "
    ".tf .toml .ts .tsx .v .vb .vhd .vhdl .vim .vtt .vue .xml .yaml .yml .zig .zsh"
).split()

#: By ending, in small letters. Anything else is named and skipped.
ENDINGS: dict[str, Format] = {
    **dict.fromkeys(("", ".log", ".rst", ".text", ".txt"), _PLAIN),
    **dict.fromkeys((".markdown", ".md"), _MARKDOWN),
    **dict.fromkeys(_PROGRAM_ENDINGS, _PROGRAM),
    **dict.fromkeys((".htm", ".html", ".xhtml"), _PAGE),
    ".csv": Format("tables", "comma_separated", has_heading=False),
    ".docx": Format("word", "word"),
    ".eml": Format("mail", "mail"),
    ".epub": Format("epub", "epub"),
    ".ipynb": Format("notebook", "notebook"),
    ".odt": Format("opendocument", "opendocument"),
    ".pdf": Format("pdf", "pdf"),
    ".tsv": Format("tables", "tab_separated", has_heading=False),
}

#: What to do with a file of a kind that is not read.
_ADVICE = {
    **dict.fromkeys((".doc", ".dot", ".pages", ".rtf", ".wpd"), "save it as .docx or .odt"),
    **dict.fromkeys((".ods", ".xls", ".xlsx"), "save its sheets as .csv"),
    **dict.fromkeys((".key", ".odp", ".ppt", ".pptx"), "save it as .pdf"),
    **dict.fromkeys((".azw", ".azw3", ".mobi"), "save it as .epub"),
    **dict.fromkeys((".7z", ".gz", ".rar", ".tar", ".zip"), "unpack it"),
    **dict.fromkeys(
        (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"),
        "run OCR on it if it shows text",
    ),
}


def format_of(file: str) -> Format:
    """The format of a file by its name.

    Raises:
        DocumentError: it is none that is read; the text says what to do.
    """
    ending = PurePosixPath(file).suffix.lower()
    if ending not in ENDINGS:
        advice = _ADVICE.get(ending, "save it as plain text (.txt)")
        raise DocumentError(f"{ending} files are not read; {advice}")
    return ENDINGS[ending]


def is_text(file: str) -> bool:
    """True if a line of its document is a line of the file; for what is not read nobody asks."""
    ending = PurePosixPath(file).suffix.lower()
    return ending not in ENDINGS or ENDINGS[ending].is_text
