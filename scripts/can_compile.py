"""Prints 1 if this Python's extension modules can be compiled here, else 0.

`make` asks, so that a mistake in kernels/ is an error where there is a compiler, and an
installation without the compiled core is fine where there is none.
"""

import os
import shlex
import subprocess
import sys
import sysconfig


def can_compile() -> bool:
    """Return whether the C++ compiler answers and finds Python's headers."""
    command = [
        *shlex.split(os.environ.get("CXX") or "c++"),
        *("-fsyntax-only", "-x", "c++", f"-I{sysconfig.get_path('include')}", "-"),
    ]
    try:
        done = subprocess.run(command, input=b"#include <Python.h>\n", capture_output=True)
    except OSError:
        return False
    return done.returncode == 0


if __name__ == "__main__":
    sys.stdout.write(f"{int(can_compile())}\n")
