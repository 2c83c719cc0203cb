"""A server for one person: the page of the chat, and behind each open page a chat in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import html
import ipaddress
import logging
import secrets
import shlex
import signal
import socket
import sys
from collections.abc import Sequence
from importlib.resources import files
from string import Template

from aiohttp import web
from textual_serve.app_service import AppService
from textual_serve.server import Server, to_int

from qa.errors import UsageError
from qa.web.guard import PAGE, SOCKET, Guard

__all__ = ["address_of", "bind", "is_local", "serve"]

#: How long a chat may take to end by itself, in seconds; a model that is being loaded holds it up.
GRACE = 5.0

#: What the page may load: its own files and nothing from anywhere else. xterm.js writes style sheets.
_POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; "
    "font-src 'self'; img-src 'self' data:; connect-src 'self' ws://{host}; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
#: For all that is not the page: nothing in it may run, whatever a document holds.
_INERT = "default-src 'none'; sandbox; frame-ancestors 'none'"


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 is any free one.

    Raises:
        UsageError: the port is taken or not allowed, or the host is none of this machine.
    """
    try:
        family, *_, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:
        raise UsageError(f"--host {host} is no address of this machine.") from error
    try:
        return socket.create_server((str(address[0]), port), family=family)
    except PermissionError as error:
        raise UsageError(
            f"Port {port} needs more rights; name one above 1023 with --port."
        ) from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise UsageError(
                f"Port {port} on {host} is taken; name another with --port, or 0 for any free one."
            ) from error
        raise UsageError(f"--host {host} is no address of this machine.") from error


def is_local(listening: socket.socket) -> bool:
    """True if only this machine can reach it."""
    return ipaddress.ip_address(listening.getsockname()[0]).is_loopback


def address_of(host: str, listening: socket.socket, token: str) -> str:
    """The address to open, with the token in it."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - not bound to here
    name = f"[{name}]" if ":" in name else name
    return f"http://{name}:{listening.getsockname()[1]}{PAGE}?token={token}"


def serve(
    command: Sequence[str], host: str, listening: socket.socket, token: str, title: str
) -> None:
    """Serve the chat that ``command`` runs, until Ctrl-C or a polite kill; the chats end with it."""
    # textual-serve prints what a chat said on stderr; stdout is for the address alone.
    logging.getLogger("textual-serve").addHandler(logging.StreamHandler(sys.stderr))
    with contextlib.redirect_stdout(sys.stderr):
        asyncio.run(_serve(ChatServer(command, host, listening, token, title), listening))


async def _serve(server: ChatServer, listening: socket.socket) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    runner = web.AppRunner(await server.application(), access_log=None, handle_signals=False)
    await runner.setup()
    await web.SockSite(runner, listening).start()
    await stop.wait()
    await runner.cleanup()


class ChatServer(Server):
    """textual-serve behind a guard, with a page that loads nothing from elsewhere."""

    def __init__(
        self, command: Sequence[str], host: str, listening: socket.socket, token: str, title: str
    ) -> None:
        port = listening.getsockname()[1]
        super().__init__(f"exec {shlex.join(command)}", host=host, port=port, title=title)
        self._guard = Guard(host, port, token)
        self._chats: set[web.WebSocketResponse] = set()
        self._page = Template((files("qa.web") / "page.html").read_text(encoding="utf-8"))

    async def application(self) -> web.Application:
        """All routes, behind the guard."""
        app = web.Application(middlewares=[self._guard.middleware()])
        app.add_routes(
            [
                web.get(PAGE, self.handle_index),
                web.get(SOCKET, self.handle_websocket),
                web.get("/download/{key}", self.handle_download),
                web.static("/static", self.statics_path),
            ]
        )
        app.on_response_prepare.append(_add_headers)
        app.on_shutdown.append(self._close_chats)
        return app

    async def handle_index(self, request: web.Request) -> web.Response:
        nonce = secrets.token_urlsafe(16)
        page = self._page.substitute(
            title=html.escape(self.title),
            socket=html.escape(f"ws://{request.host}{SOCKET}"),
            font_size=to_int(request.query.get("fontsize", "16"), 16),
            nonce=nonce,
        )
        response = web.Response(text=page, content_type="text/html")
        response.headers["Content-Security-Policy"] = _POLICY.format(nonce=nonce, host=request.host)
        self._guard.admit(response)
        return response

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        page = web.WebSocketResponse(heartbeat=15)
        await page.prepare(request)
        chat = ChatService(self.command, page, self)
        self._chats.add(page)
        try:
            await chat.start(
                to_int(request.query.get("width", "80"), 80),
                to_int(request.query.get("height", "24"), 24),
            )
            await self._process_messages(page, chat)
        finally:
            self._chats.discard(page)
            await chat.stop()
        return page

    async def _close_chats(self, _: web.Application) -> None:
        for page in list(self._chats):
            await page.close(message=b"qa serve has ended")


class ChatService(AppService):
    """One chat; the page hears of its end, and it does not outlive the page."""

    def __init__(self, command: str, page: web.WebSocketResponse, server: Server) -> None:
        async def close() -> None:
            await page.close()

        super().__init__(
            command,
            write_bytes=page.send_bytes,
            write_str=page.send_str,
            close=close,
            download_manager=server.download_manager,
        )

    def _build_environment(self, width: int = 80, height: int = 24) -> dict[str, str]:
        environment = super()._build_environment(width, height)
        return {**environment, "TEXTUAL_DRIVER": "qa.tui.browser:BrowserDriver"}

    async def run(self) -> None:
        try:
            await super().run()
        finally:
            await self.remote_close()

    async def stop(self) -> None:
        """Ask it to end, and end it where it does not."""
        process = self._process
        if process is None:
            return
        try:
            async with asyncio.timeout(GRACE):
                await super().stop()
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _add_headers(_: web.Request, response: web.StreamResponse) -> None:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", _INERT)
    headers.setdefault("Cache-Control", "no-store")
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Permissions-Policy"] = "clipboard-read=()"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
