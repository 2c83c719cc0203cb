"""Pictures of the chat as SVG, compared with those in ``tests/data/pictures``; a browser shows them.

``pytest --update-pictures`` draws them anew; look at each before it is committed.
"""

from __future__ import annotations

import re
from pathlib import Path

from qa.tui.app import ChatApp
from tests.fakes_chat import Chat

__all__ = ["FOLDER", "compare", "picture"]

FOLDER = Path(__file__).parent / "data" / "pictures"
#: So often a screen is looked at before it counts as another one.
LOOKS = 200


def picture(app: ChatApp) -> str:
    """What is on the screen, without the font that the picture would fetch from a server."""
    svg = app.export_screenshot(title="qa")
    svg = re.sub(r"@font-face \{[^}]*\}\s*", "", svg)
    # Rich names the parts of a picture by a hash of all of it, which would make every line differ.
    return re.sub(r"terminal-\d+", "terminal", svg)


async def compare(pilot: Chat, name: str, *, update: bool, drawn: Path) -> None:
    """Wait for the picture ``name``; a failure if the screen stays another one, left in ``drawn``.

    Parts of a screen, such as the footer, are drawn after what they depend on, so that one look is none.
    """
    kept = FOLDER / f"{name}.svg"
    app = pilot.app
    assert isinstance(app, ChatApp)
    expected = kept.read_text(encoding="utf-8") if kept.exists() and not update else None
    svg = picture(app)
    for _ in range(LOOKS):
        if svg == expected:
            return
        await pilot.pause(0.01)
        svg = picture(app)
    if update:
        kept.write_text(svg, encoding="utf-8")
        return
    new = drawn / f"{name}.svg"
    new.write_text(svg, encoding="utf-8")
    raise AssertionError(
        f"The screen differs from {kept}: look at {new}, and if it is right, draw it anew with: "
        "pytest tests/test_pictures.py --update-pictures"
    )
