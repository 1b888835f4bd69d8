"""Where and with what a contest ran: numbers without their machine cannot be repeated."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

__all__ = ["describe_environment"]

PACKAGES = ("headway", "numpy", "scipy", "scikit-learn", "torch")


def describe_environment() -> dict[str, Any]:
    """Return versions, processor, cores, platform and date as a JSON-ready dict.

    Returns
    -------
    dict
        "date" (UTC, ISO 8601), "python", "platform", "processor", "cores" (those this process
        may use) and "versions" (a package that is not installed is None).

    Examples
    --------
    >>> sorted(describe_environment())
    ['cores', 'date', 'platform', 'processor', 'python', 'versions']
    """
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": _cores(),
        "versions": {package: _version(package) for package in PACKAGES},
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _cores() -> int:
    # Containers often grant fewer cores than the machine has; macOS cannot say.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
