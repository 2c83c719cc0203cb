"""The peers' environment: made once, thrown away at will, apart from that of the project."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path

__all__ = ["make_environment", "versions"]

#: As the peers' own documentation has them installed; torch first, so that the CPU build at hand is taken.
_INSTALLS = (
    ("torch==2.13.0",),
    ("txtai", "haystack-ai", "transformers-haystack", "sentence-transformers-haystack"),
)
_PEERS = ("txtai", "haystack-ai", "transformers-haystack", "sentence-transformers-haystack")
_SHARED = ("torch", "transformers", "sentence-transformers", "faiss-cpu", "onnxruntime", "numpy")
_LIST = (
    "import json; from importlib import metadata; "
    "print(json.dumps({d.metadata['Name'].lower(): d.version for d in metadata.distributions()}))"
)


def make_environment(folder: Path) -> None:
    """Install the peers into ``folder``; a second time brings nothing new.

    Raises:
        subprocess.CalledProcessError: an install failed; pip has said why.
    """
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    for packages in _INSTALLS:
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *packages], check=True)


def versions(folder: Path) -> dict[str, str]:
    """What was measured, by whom: the machine's processor, Python, and both sides' packages."""
    ours = {name: metadata.version(name) for name in _SHARED}
    python = folder / "bin" / "python"
    theirs = {}
    if python.exists():
        listed = subprocess.run(
            [str(python), "-c", _LIST], check=True, capture_output=True, text=True
        )
        theirs = json.loads(listed.stdout)
    return {
        "processor": f"{len(os.sched_getaffinity(0))} cores of {_processor()}",
        "Python": platform.python_version(),
        "qa with": ", ".join(f"{name} {version}" for name, version in ours.items()),
        "peers": ", ".join(
            f"{name} {theirs.get(name, 'missing')}"
            for name in (*_PEERS, *_SHARED)
            if name in theirs
        ),
    }


def _processor() -> str:
    """The model, and what it has for networks of few bits."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    fields = {
        key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)
    }
    flags = set(fields.get("flags", "").split())
    told = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")
    known = [flag for flag in told if flag in flags]
    return f"{fields.get('model name', platform.machine())} ({', '.join(known)})"
