"""The command that opens a file at a line in the person's editor."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa.errors import UsageError
from qa.tui.editor import editor_command, opener_command

PATH = Path("/corpus/a file.txt")


@pytest.fixture
def programs(tmp_path: Path) -> str:
    """A folder of editors, for $PATH."""
    for name in (
        *("vi", "vim", "nvim", "nano", "emacs", "code", "hx", "ed"),
        *("open", "xdg-open"),
    ):
        program = tmp_path / name
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    return str(tmp_path)


@pytest.mark.parametrize(
    ("editor", "arguments"),
    [
        ("vi", ["vi", "+7", str(PATH)]),
        ("vim", ["vim", "+7", str(PATH)]),
        ("nvim -R", ["nvim", "-R", "+7", str(PATH)]),
        ("nano", ["nano", "+7", str(PATH)]),
        ("emacs -nw", ["emacs", "-nw", "+7", str(PATH)]),
        ("code --wait", ["code", "--wait", "--goto", f"{PATH}:7"]),
        ("hx", ["hx", f"{PATH}:7"]),
        ("ed", ["ed", str(PATH)]),
    ],
)
def test_each_editor_is_told_the_line_in_its_own_way(
    programs: str, editor: str, arguments: list[str]
) -> None:
    assert editor_command({"PATH": programs, "EDITOR": editor}, PATH, 7) == arguments


def test_visual_comes_before_editor(programs: str) -> None:
    environment = {"PATH": programs, "VISUAL": "nano", "EDITOR": "vi"}
    assert editor_command(environment, PATH, 1)[0] == "nano"


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "is not set"),
        ({"EDITOR": "  "}, "is not set"),
        ({"EDITOR": "gone"}, "not installed"),
        ({"EDITOR": "vi 'x"}, "cannot be understood"),
    ],
)
def test_an_editor_that_is_none_is_refused_with_the_remedy(
    programs: str, environment: dict[str, str], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        editor_command({"PATH": programs, **environment}, PATH, 1)


@pytest.mark.parametrize(
    ("platform", "display", "opener"),
    [
        ("linux", {"DISPLAY": ":0"}, "xdg-open"),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, "xdg-open"),
        ("darwin", {}, "open"),
    ],
)
def test_what_is_no_text_is_opened_as_the_system_opens_it(
    programs: str, platform: str, display: dict[str, str], opener: str
) -> None:
    environment = {"PATH": programs, "EDITOR": "vi", **display}
    assert opener_command(environment, Path("/corpus/-a.pdf"), platform) == [
        opener,
        "/corpus/-a.pdf",
    ]


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"DISPLAY": ":0", "PATH": "/nonexistent"}, "xdg-open is not installed"),
        ({}, "there is no display"),
    ],
)
def test_what_cannot_be_opened_is_refused_with_its_path(
    environment: dict[str, str], said: str
) -> None:
    with pytest.raises(UsageError, match=rf"a\.pdf is not plain text.*{said}.*/corpus/a\.pdf"):
        opener_command(environment, Path("/corpus/a.pdf"), "linux")
