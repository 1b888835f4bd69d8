"""The errors headway raises, so that one `except HeadwayError` catches them all.

Each also derives from the builtin a caller would expect, and says three things:
what must hold, what came instead (value and place), and what to do.
"""

from importlib import import_module
from types import ModuleType

__all__ = [
    "DataNotFoundError",
    "FileFormatError",
    "HeadwayError",
    "InputTypeError",
    "InputValueError",
    "MissingDependencyError",
    "require",
]


class HeadwayError(Exception):
    """Base of every error headway raises on purpose."""


class InputValueError(HeadwayError, ValueError):
    """An argument has the right type but a wrong value or shape."""


class InputTypeError(HeadwayError, TypeError):
    """An argument has a wrong type or dtype."""


class MissingDependencyError(HeadwayError, ImportError):
    """An optional package is needed and not installed."""


class DataNotFoundError(HeadwayError, FileNotFoundError):
    """A data set or file is in none of the places that were looked at."""


class FileFormatError(HeadwayError, ValueError):
    """A file exists but its content cannot be read as what it should be."""


def require(module: str, /, *, extra: str) -> ModuleType:
    """Return the imported optional `module`, or say how to install it.

    Parameters
    ----------
    module : str
        Name as written after ``import``.
    extra : str
        The extra of headway that brings it.

    Returns
    -------
    module
        The imported module.

    Raises
    ------
    MissingDependencyError
        If the package is not installed.  An error inside an installed package
        is passed on as it is.

    Examples
    --------
    >>> require("math", extra="torch").sqrt(4.0)
    2.0
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != package:
            raise
        raise MissingDependencyError(
            f"This needs the package `{package}`, which is not installed. "
            f"Install it with `pip install 'headway[{extra}]'`.",
            name=package,
        ) from error
