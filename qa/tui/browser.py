"""The chat in a browser: what its process does otherwise than in a terminal."""

from __future__ import annotations

import io
import re
from pathlib import Path

from textual.app import App
from textual.drivers.web_driver import WebDriver
from textual.messages import ExitApp

__all__ = ["BrowserDriver", "open_in_browser"]


class BrowserDriver(WebDriver):
    """Textual's driver for the browser; it ends the chat when the server is gone, however it went."""

    def run_input_thread(self) -> None:
        super().run_input_thread()
        if not self.exit_event.is_set():
            self._app.post_message(ExitApp())


def open_in_browser(app: App[object], text: str, file: str) -> None:
    """Show ``text`` as plain text in a tab of its own; ``file`` gives the name to save it under."""
    app.deliver_text(
        io.StringIO(text, newline=""),
        save_filename=re.sub(r"[^\w.-]", "_", Path(file).name),
        open_method="browser",
        encoding="utf-8",
        mime_type="text/plain",
    )
