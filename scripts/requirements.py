"""Prints what pyproject.toml requires to build headway, or one of its extras, one name a line.

    python scripts/requirements.py build test

`make` installs these by name, so that headway itself is built once and not for every extra.
"""

import shutil
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"


def requirements(name: str) -> list[str]:
    """Return the requirements of an extra, or with "build" those of the build."""
    declared = tomllib.loads(PROJECT.read_text(encoding="utf-8"))
    if name != "build":
        return declared["project"]["optional-dependencies"][name]
    # Without build isolation nobody else brings these two.
    tools = [tool for tool in ("cmake", "ninja") if shutil.which(tool) is None]
    return declared["build-system"]["requires"] + tools


if __name__ == "__main__":
    for name in sys.argv[1:]:
        sys.stdout.write("".join(f"{line}\n" for line in requirements(name)))
