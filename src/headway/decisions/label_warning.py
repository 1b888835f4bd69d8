"""A warning about some labels, told by their columns; whoever knows the names tells it by these.

Tuners see columns alone.  The trap is a long list: of more than five labels the first are named.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["LabelWarning"]

SHOWN = 5


class LabelWarning(UserWarning):
    """Something of some labels that the user should know.

    Parameters
    ----------
    message : str
        With "{labels}" where the labels are listed.
    columns : sequence of int
        Of the labels.

    Examples
    --------
    >>> warning = LabelWarning("Never predicted: {labels}.", [0, 2])
    >>> str(warning), warning.named(["calm", "sad", "loud"])
    ('Never predicted: columns 0, 2.', "Never predicted: 'calm', 'loud'.")
    """

    def __init__(self, message: str, columns: Sequence[int] | np.ndarray):
        self.message = message
        self.columns = [int(column) for column in columns]
        word = "column" if len(self.columns) == 1 else "columns"
        super().__init__(message.format(labels=f"{word} {_listed(self.columns)}"))

    def named(self, names: Sequence[Any] | np.ndarray) -> str:
        """Return the message with the names of the labels, of which there is one a column."""
        return self.message.format(labels=_listed([repr(str(names[k])) for k in self.columns]))


def _listed(parts: Sequence[Any]) -> str:
    return ", ".join(map(str, parts[:SHOWN])) + (", .." if len(parts) > SHOWN else "")
