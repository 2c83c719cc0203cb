"""``qa serve``: the chat in a browser, for the holder of the token alone."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiohttp.test_utils import make_mocked_request
from playwright.sync_api import FloatRect

from qa.web.guard import Guard
from tests.browser import CHROMIUM, Screen, browser
from tests.commands import environment, make_corpus, qa, qa_process

on_this_machine = pytest.mark.allow_hosts(["127.0.0.1"])

#: The colour that the answer is highlighted with, and where in the page the source is.
HIGHLIGHT = (254, 166, 43)
SOURCE = FloatRect(x=650, y=20, width=600, height=600)


@dataclass(frozen=True)
class Served:
    """A running ``qa serve``."""

    process: subprocess.Popen[str]
    address: str
    corpus: Path

    @property
    def host(self) -> str:
        return urlsplit(self.address).netloc

    def status(self, path: str, **headers: str) -> int:
        """The status of one request, without cookies."""
        connection = http.client.HTTPConnection(self.host, timeout=30)
        try:
            connection.request("GET", path, headers=headers)
            return connection.getresponse().status
        finally:
            connection.close()


@pytest.fixture(scope="module")
def odd_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An indexed folder with a name that a shell would trip over."""
    corpus = make_corpus(tmp_path_factory.mktemp("served") / 'it\'s $(all) "mine"')
    made = qa_process(["index", "--corpus", corpus, "--vectors", "vectors"], corpus.parent)
    assert made.code == 0, made.err
    return corpus


@pytest.fixture
def served(odd_corpus: Path) -> Iterator[Served]:
    """``qa serve`` in a process group of its own, on a free port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "qa", "serve", "--port=0", f"--corpus={odd_corpus}"],
        cwd=odd_corpus.parent,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        assert process.stdout is not None
        yield Served(process, process.stdout.readline().strip(), odd_corpus)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


TOKEN = "the-token"  # noqa: S105
COOKIE = {"Cookie": f"qa-token-8417={TOKEN}"}
OWN = {"Host": "127.0.0.1:8417"}
OWN_PAGE = {"Origin": "http://127.0.0.1:8417"}


@pytest.mark.parametrize(
    ("path", "headers", "says"),
    [
        (f"/?token={TOKEN}", OWN, None),
        ("/", OWN | COOKIE, None),
        ("/static/js/textual.js", OWN | COOKIE, None),
        ("/ws", OWN | OWN_PAGE | COOKIE, None),
        ("/", {"Host": "localhost:9000"} | COOKIE, None),
        ("/", {"Host": "[::1]:8417"} | COOKIE, None),
        ("/", OWN, "whole address"),
        ("/?token=another", OWN, "whole address"),
        ("/?token=", OWN, "whole address"),
        ("/?token=t%C3%B6ken", OWN, "whole address"),
        ("/", OWN | {"Cookie": f"qa-token-8418={TOKEN}"}, "whole address"),
        (f"/static/js/textual.js?token={TOKEN}", OWN, "whole address"),
        ("/download/key", OWN, "whole address"),
        ("/ws", OWN | OWN_PAGE, "whole address"),
        ("/ws", OWN | COOKIE, "its own page"),
        ("/ws", OWN | COOKIE | {"Origin": "http://evil.example"}, "another site"),
        ("/ws", OWN | COOKIE | {"Origin": "http://127.0.0.1:9000"}, "another site"),
        ("/ws", OWN | COOKIE | {"Origin": "null"}, "another site"),
        ("/", {"Host": "evil.example:8417"} | COOKIE, "this name"),
        ("/", {"Host": "["} | COOKIE, "this name"),
    ],
)
def test_only_the_holder_of_the_token_comes_in(
    path: str, headers: dict[str, str], says: str | None
) -> None:
    guard = Guard("127.0.0.1", 8417, TOKEN)
    refusal = guard.refusal(make_mocked_request("GET", path, headers=headers))
    assert (says is None) == (refusal is None)
    assert (says or "") in (refusal or "")


def test_a_server_for_all_addresses_goes_by_the_name_of_the_machine() -> None:
    machine = socket.gethostname()
    assert Guard("::", 1, TOKEN).is_own_name(f"{machine}:1")
    assert not Guard("192.0.2.7", 1, TOKEN).is_own_name("evil.example:1")


@on_this_machine
def test_nothing_is_served_without_the_token(served: Served) -> None:
    page = served.address.removeprefix(f"http://{served.host}")
    for path in ("/", "/ws", "/static/js/textual.js", "/download/key", "/nothing"):
        assert served.status(path) == 403
    assert served.status(page) == 200
    assert served.status(page, Host="evil.example") == 403
    assert served.status(page, Origin="http://evil.example") == 403


@on_this_machine
def test_a_taken_port_is_one_sentence(capsys: pytest.CaptureFixture[str], odd_corpus: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        outcome = qa(capsys, "serve", "--vectors", odd_corpus.parent / "vectors", "--port", port)
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err == (
        f"qa: Port {port} on 127.0.0.1 is taken; name another with --port, or 0 for any free one.\n"
    )


@pytest.mark.parametrize("port", ["65536", "-1", "http", "²"])
def test_a_port_is_a_number_up_to_65535(capsys: pytest.CaptureFixture[str], port: str) -> None:
    outcome = qa(capsys, "serve", f"--port={port}")
    assert outcome.code == 2
    assert "a port is a number from 0 to 65535" in outcome.err


def test_a_missing_corpus_is_said_here_and_not_in_the_browser(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    outcome = qa(capsys, "serve", "--corpus", tmp_path / "none", "--vectors", tmp_path / "index")
    assert outcome.code == 1
    assert "does not exist" in outcome.err


def test_without_textual_serve_it_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "textual_serve", None)  # as if it were not installed
    outcome = qa(capsys, "serve")
    assert outcome.code == 2
    assert "pip install 'qa[serve]'" in outcome.err


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium")
def test_a_question_asked_in_a_browser_is_answered_there(served: Served) -> None:
    with browser() as context:
        context.add_init_script(
            "const write = navigator.clipboard.writeText.bind(navigator.clipboard);"
            "navigator.clipboard.writeText = (text) => write(text).then(() => console.log(`copied ${text}`));"
        )
        page = context.new_page()
        screen = Screen(page)
        requested: list[str] = []
        errors: list[object] = []
        context.on("request", lambda request: requested.append(request.url))
        page.on("pageerror", lambda error: errors.append(error))

        page.goto(served.address)
        screen.wait_for("Ready · 4 documents")
        assert page.url == f"http://{served.host}/"
        assert screen.pixels(HIGHLIGHT, SOURCE) == 0

        page.keyboard.type("When was the lighthouse on Grey Point built?")
        page.keyboard.press("Enter")
        screen.wait_for("unchanged since indexing")
        screen.wait_for_colour(HIGHLIGHT, SOURCE)

        page.keyboard.press("Tab")
        with page.expect_console_message(lambda said: said.text.startswith("copied")) as copied:
            page.keyboard.press("y")
        assert "1871" in copied.value.text

        # An editor would open on the machine that serves; here the document opens in a tab.
        with context.expect_page() as opened:
            page.keyboard.press("o")
        text = (served.corpus / "lighthouse.txt").read_text(encoding="utf-8")
        assert opened.value.inner_text("body").split() == text.split()

        assert not errors
        assert {urlsplit(url).netloc for url in requested} == {served.host}

        # Ctrl-C ends the server, and with it the chat.
        os.kill(served.process.pid, signal.SIGINT)
        page.wait_for_selector("text=The chat has ended.")
        assert served.process.wait(30) == 0
        with pytest.raises(ProcessLookupError):
            os.killpg(served.process.pid, 0)
