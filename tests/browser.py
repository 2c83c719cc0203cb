"""A real Chromium without a window, and a look at the terminal in its page."""

from __future__ import annotations

import base64
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import BrowserContext, FloatRect, Page, WebSocket, sync_playwright

__all__ = ["CHROMIUM", "Screen", "browser"]

#: The program, or ``None`` where there is none.
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)

_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07]*\x07|.)")
_COUNT_PIXELS = """async ([picture, red, green, blue]) => {
    const image = new Image();
    image.src = "data:image/png;base64," + picture;
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
    canvas.drawImage(image, 0, 0);
    const { data } = canvas.getImageData(0, 0, image.width, image.height);
    let count = 0;
    for (let at = 0; at < data.length; at += 4)
        count += data[at] === red && data[at + 1] === green && data[at + 2] === blue;
    return count;
}"""


@contextmanager
def browser() -> Iterator[BrowserContext]:
    """A browser of its own, that knows nothing yet."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--disable-gpu", "--disable-quic", "--disable-background-networking"],
        )
        try:
            yield started.new_context(viewport={"width": 1280, "height": 800})
        finally:
            started.close()


class Screen:
    """The terminal in a page. It draws on a canvas: what it says is read from the socket."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._drawn: list[str] = []
        page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: self._drawn.append(_text(frame)))

    def wait_for(self, text: str) -> None:
        """Until ``text`` has been drawn since the last call; a failure if it never is."""
        self._until(lambda: text in _ESCAPES.sub("", "".join(self._drawn)), text)
        self._drawn.clear()

    def wait_for_colour(self, colour: tuple[int, int, int], area: FloatRect) -> None:
        """Until that part of the page has more than a few pixels of this colour."""
        self._until(lambda: self.pixels(colour, area) > 100, str(colour))

    def _until(self, condition: Callable[[], bool], name: str) -> None:
        for _ in range(1_200):
            if condition():
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{name} was never drawn")

    def pixels(self, colour: tuple[int, int, int], area: FloatRect) -> int:
        """How many pixels in that part of the page have exactly this colour."""
        picture = base64.b64encode(self.page.screenshot(clip=area)).decode()
        count = self.page.evaluate(_COUNT_PIXELS, [picture, *colour])
        assert isinstance(count, int)
        return count


def _text(frame: str | bytes) -> str:
    return frame if isinstance(frame, str) else frame.decode("utf-8", "replace")
