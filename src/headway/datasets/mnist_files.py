"""Where MNIST comes from: a folder, the cache, or OpenML; verified before it is used.

The names of its files are used by other data sets as well (Fashion-MNIST has the very same
four), so the content decides: each part must have the SHA-256 of the original.
"""

import hashlib
import os
import tempfile
import zipfile
import zlib
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import platformdirs
from numpy.lib.npyio import NpzFile
from sklearn.datasets import fetch_openml

from headway.datasets.idx import read_idx
from headway.errors import DataNotFoundError, FileFormatError

__all__ = ["find_mnist"]

PARTS = ("x_train", "y_train", "x_test", "y_test")
N_TRAIN = 60_000
IMAGE_SHAPE = (28, 28)

# Of the values as uint8 in C order, without any header.
SHA256 = {
    "x_train": "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
    "y_train": "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
    "x_test": "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
    "y_test": "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
}
IDX_STEMS = {
    "x_train": "train-images{}idx3-ubyte",
    "y_train": "train-labels{}idx1-ubyte",
    "x_test": "t10k-images{}idx3-ubyte",
    "y_test": "t10k-labels{}idx1-ubyte",
}


def find_mnist(
    folder: str | os.PathLike[str] | None, /, *, verify: bool, download: bool
) -> tuple[dict[str, np.ndarray], str]:
    """Return the four parts of MNIST as unsigned bytes, and where they came from.

    Parameters
    ----------
    folder : path, optional
        A folder with mnist.npz or the four idx files, or such an .npz file.  Without it:
        the folder in the environment variable HEADWAY_DATA, then the cache, then OpenML.
    verify : bool
        Whether the content must be that of the original.
    download : bool
        Whether OpenML may be asked.

    Raises
    ------
    DataNotFoundError
        If MNIST is in none of the places.
    FileFormatError
        If a file is damaged or is not MNIST.
    """
    if folder is not None:
        place = Path(folder)
        parts = _read(place)
        if parts is None:
            raise DataNotFoundError(_not_found(f"none in {place}"))
        return _checked(parts, place, verify), str(place)
    searched = []
    setting = os.environ.get("HEADWAY_DATA")
    if setting:
        place = Path(setting)
        parts = _read(place)
        if parts is not None:
            return _checked(parts, place, verify), str(place)
        searched.append(f"none in HEADWAY_DATA ({place})")
    else:
        searched.append("HEADWAY_DATA is not set")
    cache = cache_file()
    parts = _read(cache)
    if parts is not None:
        return _checked(parts, cache, verify), str(cache)
    searched.append(f"none in the cache ({cache})")
    if not download:
        raise DataNotFoundError(_not_found("; ".join(searched)))
    try:
        parts = _from_openml()
    # URLError and timeouts are OSErrors; scikit-learn's OpenMLError is a ValueError.
    except (OSError, ValueError) as error:
        searched.append(f"OpenML cannot be reached ({str(error).splitlines()[0]})")
        raise DataNotFoundError(_not_found("; ".join(searched))) from error
    _checked(parts, Path("https://www.openml.org/d/554"), verify=True)
    _write(parts, cache)
    return parts, "OpenML, mnist_784"


def cache_file() -> Path:
    """Return the path of the file in which a fetched MNIST is kept."""
    return Path(platformdirs.user_cache_dir("headway", appauthor=False)) / "mnist.npz"


def _not_found(searched: str) -> str:
    return (
        f"MNIST must be in a file, got: {searched}. Set HEADWAY_DATA to (or pass as `folder`) a "
        "folder that holds mnist.npz (arrays x_train, y_train, x_test, y_test) or the four "
        "idx files (train-images-idx3-ubyte and so on, gzipped or not); or go online once, "
        "so that it can be fetched from OpenML and kept."
    )


def _read(place: Path) -> dict[str, np.ndarray] | None:
    """Return the parts found in a folder or .npz file, or None if there are none."""
    if place.is_file():
        return _read_npz(place)
    if (place / "mnist.npz").is_file():
        return _read_npz(place / "mnist.npz")
    files = {part: _idx_file(place, stem) for part, stem in IDX_STEMS.items()}
    found = {part: file for part, file in files.items() if file is not None}
    if not found:
        return None
    if len(found) < len(files):
        absent = [IDX_STEMS[part].format("-") for part, file in files.items() if file is None]
        raise DataNotFoundError(
            f"MNIST must have four idx files, got {len(found)} in {place}. "
            f"Add {', '.join(absent)} (or with .gz)."
        )
    return {part: read_idx(file) for part, file in found.items()}


def _idx_file(folder: Path, stem: str) -> Path | None:
    # Unpacking tools turn the last hyphen of some names into a dot.
    for name in (stem.format("-"), stem.format(".")):
        for ending in ("", ".gz"):
            if (folder / (name + ending)).is_file():
                return folder / (name + ending)
    return None


def _read_npz(file: Path) -> dict[str, np.ndarray]:
    try:
        # NumPy leaves a damaged file open if it opens it itself.
        with file.open("rb") as source:
            archive = np.load(source, allow_pickle=False)
            names = list(archive.files) if isinstance(archive, NpzFile) else []
            parts = {part: archive[part] for part in PARTS if part in names}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise FileFormatError(
            f"{file} must be a readable .npz file, got a damaged or different one ({error}). "
            "Fetch it again or remove it."
        ) from error
    absent = [part for part in PARTS if part not in parts]
    if absent:
        raise FileFormatError(
            f"{file} must hold the arrays {', '.join(PARTS)}, got {', '.join(names) or 'none'}. "
            f"Missing: {', '.join(absent)}."
        )
    return parts


def _checked(parts: dict[str, np.ndarray], place: Path, verify: bool) -> dict[str, np.ndarray]:
    for part, values in parts.items():
        n_axes = 3 if part.startswith("x") else 1
        if values.dtype != np.uint8 or values.ndim != n_axes or not len(values):
            raise FileFormatError(
                f"MNIST's {part} must be unsigned bytes with {n_axes} axes, got dtype "
                f"{values.dtype} and shape {values.shape} in {place}. Fetch the file again."
            )
        if verify and hashlib.sha256(np.ascontiguousarray(values).data).hexdigest() != SHA256[part]:
            raise FileFormatError(
                f"MNIST's {part} must be the original, got other content of shape "
                f"{values.shape} in {place} (SHA-256 differs). Fetch the file again, or pass "
                "verify=False if other images are meant."
            )
    for split in ("train", "test"):
        images, labels = parts[f"x_{split}"], parts[f"y_{split}"]
        if len(images) != len(labels) or labels.max() > 9:
            raise FileFormatError(
                f"MNIST must have one label in 0..9 per image, got {len(images)} {split} images, "
                f"{len(labels)} labels up to {labels.max()} in {place}. Fetch the file again."
            )
    return parts


def _from_openml() -> dict[str, np.ndarray]:
    """Return MNIST from OpenML, which keeps the original order: training rows first."""
    parser = "pandas" if find_spec("pandas") else "liac-arff"
    # scikit-learn's own cache would keep a second copy five times the size of ours.
    with tempfile.TemporaryDirectory() as scratch:
        bunch = fetch_openml(
            "mnist_784",
            version=1,
            as_frame=False,
            parser=parser,
            data_home=scratch,
            n_retries=0,  # each retry would print a warning of its own
        )
    images = np.asarray(bunch.data).astype(np.uint8).reshape(-1, *IMAGE_SHAPE)
    labels = np.asarray(bunch.target).astype(np.uint8)
    return {
        "x_train": images[:N_TRAIN],
        "y_train": labels[:N_TRAIN],
        "x_test": images[N_TRAIN:],
        "y_test": labels[N_TRAIN:],
    }


def _write(parts: dict[str, np.ndarray], file: Path) -> None:
    """Write the cache, whole or not at all; a cache that cannot be written costs only time."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=file.parent, suffix=".part")
    except OSError:
        return
    try:
        with os.fdopen(descriptor, "wb") as sink:
            np.savez_compressed(sink, allow_pickle=False, **parts)
        os.replace(name, file)
    except OSError:
        Path(name).unlink(missing_ok=True)
