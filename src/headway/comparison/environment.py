"""Where and with what a contest ran: numbers without their machine cannot be repeated."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from typing import Any

from headway.kernels import show_config

__all__ = ["describe_environment"]


def describe_environment() -> dict[str, Any]:
    """Return versions, processor, cores, platform and date as a JSON-ready dict.

    Returns
    -------
    dict
        "date" (UTC, ISO 8601), "python", "platform", "processor", "cores" (those this process
        may use), "core" (the level of the kernels) and "versions" (a package that is not
        installed is None).

    Examples
    --------
    >>> sorted(describe_environment())
    ['core', 'cores', 'date', 'platform', 'processor', 'python', 'versions']
    """
    config = show_config()
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": config.python,
        "platform": platform.platform(),
        "processor": config.processor,
        "cores": config.processors,
        "core": config.core,
        "versions": {"headway": config.headway, **config.packages},
    }
