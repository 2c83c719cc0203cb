"""Opening a file in the person's own editor, at a line, or in the program that the system has for it."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from textual.app import App, SuspendNotSupported

from qa.errors import UsageError

__all__ = ["EditorRunner", "editor_command", "opener_command", "run_suspended"]

#: Runs an editor's command in place of the screen and returns its exit code.
EditorRunner = Callable[[App[object], Sequence[str]], int]

_PLUS_LINE = frozenset(
    {"emacs", "emacsclient", "joe", "kak", "mg", "micro", "nano", "ne", "nvim", "vi", "view", "vim"}
)
_GOTO = frozenset({"code", "code-insiders", "codium", "cursor"})
_COLON = frozenset({"hx", "helix", "subl", "zed"})


def editor_command(environment: Mapping[str, str], path: Path, line: int) -> list[str]:
    """The command that opens ``path`` at ``line`` in $VISUAL or $EDITOR.

    Raises:
        UsageError: neither is set, or it names a program that is not there.
    """
    setting = environment.get("VISUAL") or environment.get("EDITOR") or ""
    try:
        words = shlex.split(setting)
    except ValueError as error:
        raise UsageError(f"$EDITOR cannot be understood ({error}); set it to a command.") from error
    if not words:
        raise UsageError(
            "$EDITOR is not set; set it to your editor, for example: export EDITOR=vim"
        )
    if shutil.which(words[0], path=environment.get("PATH")) is None:
        raise UsageError(f"$EDITOR names {words[0]}, which is not installed; set it to another.")
    name = Path(words[0]).name
    if name in _PLUS_LINE:
        return [*words, f"+{line}", str(path)]
    if name in _GOTO:
        return [*words, "--goto", f"{path}:{line}"]
    if name in _COLON:
        return [*words, f"{path}:{line}"]
    return [*words, str(path)]


def opener_command(
    environment: Mapping[str, str], path: Path, platform: str = sys.platform
) -> list[str]:
    """The command that opens ``path`` in the program that the system has for files of its kind.

    Raises:
        UsageError: there is no such command, or no screen on which a program could show it.
    """
    opener = "open" if platform == "darwin" else "xdg-open"
    shown = f"{path.name} is not plain text"
    if platform != "darwin" and not (
        environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")
    ):
        raise UsageError(f"{shown}, and there is no display to open it on; open {path} yourself.")
    if shutil.which(opener, path=environment.get("PATH")) is None:
        raise UsageError(f"{shown}, and {opener} is not installed; open {path} yourself.")
    return [opener, str(path.absolute())]


def run_suspended(app: App[object], command: Sequence[str]) -> int:
    """Leave the screen to ``command`` until it ends.

    Raises:
        UsageError: the terminal cannot be left, or the command cannot be run.
    """
    try:
        with app.suspend():
            return subprocess.run(command, check=False).returncode
    except SuspendNotSupported as error:
        raise UsageError("This terminal cannot be left to an editor.") from error
    except OSError as error:
        raise UsageError(f"{command[0]} cannot be run ({error.strerror}).") from error
