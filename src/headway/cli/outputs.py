"""Files a verb writes: checked before the work begins, replaced in one step at its end.

A file appears under its name only when it is complete: it is written beside its
place under a temporary name and then renamed, so that a crash, a full disk or
Ctrl-C leaves the old file as it was.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from headway.errors import InputValueError

__all__ = ["FIGURE_SUFFIXES", "check_output", "prepare_folder", "replacing"]

FIGURE_SUFFIXES = (".svg", ".png", ".pdf")


def check_output(path: Path, *, suffixes: tuple[str, ...], make_folder: bool = False) -> Path:
    """Return `path` if a file can be written there, before anything is computed.

    Parameters
    ----------
    path : Path
        The file to write; it may exist.
    suffixes : tuple of str
        Allowed endings, such as ``(".svg", ".png")``; empty allows any.
    make_folder : bool
        Make the folder if it is missing, instead of refusing.

    Raises
    ------
    InputValueError
        If the suffix is unknown, the folder is missing or not writable, or
        `path` is itself a folder.
    """
    if path.is_dir():
        raise InputValueError(
            f"The output must be a file, got the folder '{path}'. Add a file name to it."
        )
    if suffixes and path.suffix.lower() not in suffixes:
        raise InputValueError(
            f"The output file must end in {' or '.join(suffixes)}, got '{path}'. "
            f"Write for example '{path.with_suffix(suffixes[0])}'."
        )
    folder = path.parent
    if make_folder:
        prepare_folder(folder)
    elif not folder.is_dir():
        raise InputValueError(
            f"The folder of the output must exist, got '{path}'. Make '{folder}' first."
        )
    if not os.access(folder, os.W_OK):
        raise InputValueError(
            f"The folder of the output must be writable, got '{folder}'. Choose another one."
        )
    return path


def prepare_folder(folder: Path) -> Path:
    """Return `folder`, made with its parents if it was missing.

    Raises
    ------
    InputValueError
        If a file stands in its place.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise InputValueError(
            f"'{folder}' must be a folder, but a file is in its place. Choose another name."
        ) from error
    return folder


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; rename it to `path` if the block succeeds.

    The temporary name keeps the suffix, since writers choose their format by it.
    """
    path = path.resolve()  # a link keeps pointing where it points
    if path.exists() and not path.is_file():  # /dev/stdout and the like cannot be renamed over
        yield path
        return
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        os.chmod(temporary, _mode_of(path))
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _mode_of(path: Path) -> int:
    """Return the permissions `path` has, or those a new file would get (mkstemp gives 0600)."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
