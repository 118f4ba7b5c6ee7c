"""An environment of the peers' own, made once beside the platform's data: nothing of it enters the project's lock."""

import json
import subprocess
import sys
from pathlib import Path

PACKAGES = ("numpy", "scipy", "ortools", "pot", "lapjv", "munkres", "networkx", "rustworkx")
PYTHON = "3.11"
"""The newest for which each of them is built."""
UV = Path(sys.executable).with_name("uv")
"""As bootstrapping put it beside our own interpreter."""


def peers_python(folder: Path) -> Path:
    """The interpreter that has the peers; installs what is missing."""
    python = folder / "peers" / "bin" / "python"
    done = folder / "peers" / "installed"
    wanted = "\n".join(PACKAGES)
    if not done.exists() or done.read_text(encoding="utf-8") != wanted:
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run([UV, "venv", "--quiet", "--clear", "--python", PYTHON, folder / "peers"], check=True)
        subprocess.run([UV, "pip", "install", "--quiet", "--python", python, *PACKAGES], check=True)
        done.write_text(wanted, encoding="utf-8")
    return python


def versions(python: Path) -> dict[str, str]:
    """Which release of each peer is measured."""
    program = "import json, importlib.metadata as m, sys; print(json.dumps({p: m.version(p) for p in sys.argv[1:]}))"
    done = subprocess.run([python, "-c", program, *PACKAGES], check=True, capture_output=True, text=True)
    found: dict[str, str] = json.loads(done.stdout)
    return found
