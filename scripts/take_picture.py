"""Takes the README's picture of the chat: python scripts/take_picture.py "QUESTION" docs/chat.svg"""

from __future__ import annotations

import argparse
import asyncio
import re
from pathlib import Path

from qa.settings import Settings
from qa.tui.app import ChatApp
from qa.tui.reply import CitationLine


async def picture(question: str, columns: int, rows: int) -> str:
    """The screen after one question, as SVG."""
    app = ChatApp(Settings())
    async with app.run_test(size=(columns, rows)) as pilot:
        await pilot.press(*question)
        await pilot.press("enter")
        while not app.query(CitationLine):
            await pilot.pause(0.2)
        await pilot.pause(0.5)
        svg = app.export_screenshot(title="qa")
        # The picture must not fetch its font from a server whenever somebody looks at it.
        return re.sub(r"@font-face \{[^}]*\}\s*", "", svg)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("question")
    parser.add_argument("output", type=Path)
    parser.add_argument("--size", default="130x36", help="columns x rows (default: 130x36)")
    arguments = parser.parse_args()
    columns, rows = (int(part) for part in arguments.size.split("x"))
    svg = asyncio.run(picture(arguments.question, columns, rows))
    arguments.output.write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
