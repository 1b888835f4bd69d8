"""One file: a safetensors container whose metadata carries a JSON description.

    metadata["format"]  = "headway"
    metadata["version"] = "1"         grows when an older headway could not read the file
    metadata["model"]   = JSON

The arrays can be listed by any safetensors reader.  A file is written beside its place and moved
there when it is complete, so that a crash leaves the old one whole.
"""

import json
import os
import secrets
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from headway.errors import DataNotFoundError, FileFormatError, InputValueError

__all__ = ["FORMAT_VERSION", "read_artifact", "write_artifact"]

FORMAT = "headway"
FORMAT_VERSION = 1


def write_artifact(
    path: str | os.PathLike[str], arrays: dict[str, np.ndarray], description: dict[str, Any], /
) -> None:
    """Write arrays and a JSON description into one file, all or nothing.

    Parameters
    ----------
    path : path
        Where to; its directory must exist.
    arrays : dict of name to numeric array
        Any shapes; dtypes are kept.
    description : dict
        Values that JSON can hold (see `to_json`).

    Raises
    ------
    InputValueError
        If the directory does not exist or `path` is one.
    """
    path = Path(path)
    if path.is_dir() or not path.parent.is_dir():
        what = "is a directory" if path.is_dir() else "lies in a directory that does not exist"
        raise InputValueError(
            f"`path` must name a file in an existing directory, got {str(path)!r}, which {what}. "
            "Make the directory, or choose another name."
        )
    metadata = {
        "format": FORMAT,
        "version": str(FORMAT_VERSION),
        "model": json.dumps(description, allow_nan=False, ensure_ascii=False),
    }
    # Not ascontiguousarray: it gives a single number an axis.
    contiguous = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    content = to_bytes(contiguous, metadata=metadata)
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}.unfinished")
    try:
        with unfinished.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def read_artifact(path: str | os.PathLike[str], /) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return (arrays, description) of a file that `write_artifact` wrote.

    Raises
    ------
    DataNotFoundError
        If there is no such file.
    FileFormatError
        If the file is cut short, of another kind, or of a newer headway.
    """
    path = Path(path)
    if not path.is_file():
        what = "a directory" if path.is_dir() else "nothing"
        raise DataNotFoundError(
            f"`path` must be a saved model, got {str(path)!r}, where there is {what}. "
            "Check the name, or save a model there with `model.save(path)`."
        )
    try:
        with safe_open(str(path), framework="np") as file:
            metadata = file.metadata() or {}
            _check_metadata(path, metadata)
            # Copies: what is read must not change or vanish with the file.
            arrays = {name: np.array(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118
        description = json.loads(metadata["model"])
    except (SafetensorError, KeyError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise FileFormatError(
            f"{path} must be a whole file written by `model.save`, but cannot be read as one "
            f"({error}). It was cut short or is of another kind: save or copy it again."
        ) from error
    return arrays, description


def _check_metadata(path: Path, metadata: dict[str, str]) -> None:
    if metadata.get("format") != FORMAT:
        raise FileFormatError(
            f"{path} must be a model saved by headway, got a safetensors file of another kind. "
            "Save a model with `model.save(path)` and load that."
        )
    version = metadata.get("version", "")
    if not version.isdecimal() or int(version) < 1:
        raise FileFormatError(
            f"{path} must name its format version, got {version!r}. Save the model again."
        )
    if int(version) > FORMAT_VERSION:
        raise FileFormatError(
            f"{path} must be of format version {FORMAT_VERSION} or older, got version {version}: "
            "a newer headway wrote it. Upgrade with `pip install --upgrade headway`."
        )
