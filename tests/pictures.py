"""Pictures of the chat as SVG, compared with those in ``tests/data/pictures``; a browser shows them.

``pytest --update-pictures`` draws them anew; look at each before it is committed.
"""

from __future__ import annotations

import re
from pathlib import Path

from qa.tui.app import ChatApp

__all__ = ["FOLDER", "compare", "picture"]

FOLDER = Path(__file__).parent / "data" / "pictures"


def picture(app: ChatApp) -> str:
    """What is on the screen, without the font that the picture would fetch from a server."""
    svg = app.export_screenshot(title="qa")
    svg = re.sub(r"@font-face \{[^}]*\}\s*", "", svg)
    # Rich names the parts of a picture by a hash of all of it, which would make every line differ.
    return re.sub(r"terminal-\d+", "terminal", svg)


def compare(svg: str, name: str, *, update: bool, drawn: Path) -> None:
    """Fail if the picture ``name`` is another one; it is then left in the folder ``drawn``."""
    kept = FOLDER / f"{name}.svg"
    if update:
        kept.write_text(svg, encoding="utf-8")
    elif not kept.exists() or kept.read_text(encoding="utf-8") != svg:
        new = drawn / f"{name}.svg"
        new.write_text(svg, encoding="utf-8")
        raise AssertionError(
            f"The screen differs from {kept}: look at {new}, and if it is right, draw it anew with: "
            "pytest tests/test_pictures.py --update-pictures"
        )
