"""``qa serve``: the chat in a browser."""

from __future__ import annotations

import argparse
import importlib.util
import secrets
import sys

from qa.errors import ExitCode, UsageError
from qa.roots import corpus_words
from qa.settings import Settings, flags_for
from qa.terminal import say

__all__ = ["serve"]

#: The flags that the served chat is started with; it reads qa.toml and the variables itself.
_CHAT_FLAGS = ("corpus", "vectors", "model", "reader", "threshold")


def serve(parsed: argparse.Namespace, settings: Settings) -> ExitCode:
    if importlib.util.find_spec("textual_serve") is None:
        raise UsageError(
            "qa serve needs textual-serve, which is not installed; install it with: "
            "pip install 'qa[serve]'"
        )
    from qa.corpus import corpus_files
    from qa.session import index_exists
    from qa.web import server

    if not index_exists(settings.vectors):
        corpus_files(
            settings.corpus
        )  # say here, and not in the browser, that the folder is missing
    token = secrets.token_urlsafe(32)
    with server.bind(parsed.host, parsed.port) as listening:
        print(server.address_of(parsed.host, listening, token), flush=True)
        if not server.is_local(listening):
            say(
                "qa: other machines can reach this address, and nothing between is encrypted: who "
                "learns the token can read the documents."
            )
        say("Open the address in a browser; Ctrl-C ends it.")
        server.serve(
            _chat_command(parsed),
            parsed.host,
            listening,
            token,
            f"qa · {corpus_words(settings.corpus)}",
        )
    return ExitCode.OK


def _chat_command(parsed: argparse.Namespace) -> list[str]:
    flags = [
        f"{flag}={value}"
        for name in _CHAT_FLAGS
        if getattr(parsed, name, None) is not None
        for flag, value in flags_for(name, getattr(parsed, name))
    ]
    return [sys.executable, "-P", "-m", "qa", *flags]
