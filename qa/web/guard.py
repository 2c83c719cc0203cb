"""Who may come in: the holder of the token, from a page of this server, under a name of this machine.

The chat can read every document and use the processor, so nothing is served to anybody else. Besides the
token, a request must name this machine in ``Host`` (or a page could have its own name point here: DNS
rebinding), and a page that opens the socket must be this server's own (``Origin``).
"""

from __future__ import annotations

import ipaddress
import secrets
import socket
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

__all__ = ["PAGE", "SOCKET", "Guard"]

PAGE: Final = "/"
SOCKET: Final = "/ws"


class Guard:
    """Lets a request through, or answers it with 403 and the reason."""

    def __init__(self, host: str, port: int, token: str) -> None:
        self._names = {"localhost", host.lower()}
        if _is_wildcard(host):
            self._names |= {socket.gethostname().lower(), socket.getfqdn().lower()}
        self._token = token
        # Cookies know no ports: two servers on one machine must not take each other's.
        self._cookie = f"qa-token-{port}"

    def middleware(self) -> Middleware:
        """The check, as aiohttp wants it."""

        @web.middleware
        async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
            reason = self.refusal(request)
            return (
                await handler(request) if reason is None else web.Response(status=403, text=reason)
            )

        return check

    def refusal(self, request: web.Request) -> str | None:
        """Why this request is not answered; ``None`` if it is."""
        if not self.is_own_name(request.host):
            return f"qa is not served under this name: {request.host}\n"
        origin = request.headers.get("Origin")
        if origin is None and request.path == SOCKET:
            return "The chat is opened by its own page alone.\n"
        if origin is not None and urlsplit(origin).netloc != request.host:
            return "The request comes from a page of another site.\n"
        given = [request.cookies.get(self._cookie, "")]
        if request.path == PAGE:
            given.append(request.query.get("token", ""))
        if not any(self._is_token(text) for text in given):
            return "Open the whole address that qa serve printed when it started; it ends in a token.\n"
        return None

    def is_own_name(self, host: str) -> bool:
        """True for the name that was asked for, and for any address: only names can be made to lie.

        Ports do not matter, for one may be forwarded to another.
        """
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return name in self._names or _address(name) is not None

    def admit(self, response: web.StreamResponse) -> None:
        """Give the browser the token as a cookie that no script and no other site can use."""
        response.set_cookie(self._cookie, self._token, httponly=True, samesite="Strict", path="/")

    def _is_token(self, text: str) -> bool:
        return secrets.compare_digest(text.encode(), self._token.encode())


def _is_wildcard(host: str) -> bool:
    address = _address(host)
    return address is not None and address.is_unspecified


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
