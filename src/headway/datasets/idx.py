"""The idx format, in which MNIST was published: a tiny header, then the raw bytes.

bytes 0-1  zero        byte 2  type (8 = unsigned byte)      byte 3  number of axes
then the length of each axis as a big-endian 32-bit integer, then the values
"""

import gzip
import zlib
from pathlib import Path

import numpy as np

from headway.errors import FileFormatError

__all__ = ["read_idx"]

UNSIGNED_BYTE = 8


def read_idx(path: str | Path, /) -> np.ndarray:
    """Return the array of unsigned bytes that an idx file holds, gzipped or not.

    Parameters
    ----------
    path : path
        The file; whether it is gzipped is read from its first bytes, not its name.

    Returns
    -------
    ndarray of uint8
        In the shape that the header states.

    Raises
    ------
    FileFormatError
        If the header is not that of an idx file of bytes, or the file is cut short.
    """
    path = Path(path)
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise FileFormatError(
                f"{path} must be a whole gzip file, got a damaged one ({error}). Fetch it again."
            ) from error
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] != UNSIGNED_BYTE:
        raise FileFormatError(
            f"{path} must start as an idx file of bytes does (00 00 08), "
            f"got {data[:3].hex(' ') or 'an empty file'}. Fetch it again."
        )
    start = 4 + 4 * data[3]
    if len(data) < start:
        raise FileFormatError(
            f"{path} must have a header of {start} bytes, got {len(data)} bytes in all. "
            "Fetch it again."
        )
    shape = tuple(int(length) for length in np.frombuffer(data[4:start], dtype=">u4"))
    expected = int(np.prod(shape, dtype=np.int64))
    if len(data) - start != expected:
        raise FileFormatError(
            f"{path} must hold {expected} values of shape {shape}, "
            f"got {len(data) - start} bytes. Fetch it again."
        )
    return np.frombuffer(data, dtype=np.uint8, offset=start).reshape(shape)
