"""The door where somebody else's logits enter: mistakes are caught here, the kernels never guess.

every row >= 0 and of sum 1      probabilities in the stead of logits: refused
all values inside 0..1           as if a sigmoid had been applied: a warning
labels one column off            refused
"""

import warnings

import numpy as np

from headway.errors import InputValueError
from headway.labels import LabelEncoder

__all__ = ["logit_columns", "refuse_probs", "refuse_shifted"]

SUM_TOLERANCE = 1e-5
SHIFTED = 0.25  # by how much accuracy must rise if every label is moved by one


def logit_columns(X: np.ndarray, encoder: LabelEncoder, /) -> np.ndarray:
    """Return the logits (n, K), or (n, 1) for binary labels, of which `X` may have two columns."""
    if encoder.kind_ == "binary" and X.shape[1] == 2:
        return X[:, 1:] - X[:, :1]
    if X.shape[1] != encoder.n_logits_:
        raise InputValueError(
            f"`X` must have a column of logits for each of the {len(encoder.classes_)} classes, "
            f"got {X.shape[1]} columns. Name all classes with `classes=` if the labels lack some."
        )
    return X


def refuse_probs(X: np.ndarray, *, exclusive: bool) -> None:
    """Refuse rows that sum to 1; warn of independent columns inside 0..1."""
    inside = X.min(initial=0.0) >= 0.0
    if (
        exclusive
        and X.shape[1] > 1
        and inside
        and np.all(np.abs(X.sum(axis=1) - 1.0) <= SUM_TOLERANCE)
    ):
        raise InputValueError(
            "`X` must hold logits, but every row is at least 0 and sums to 1: these look like "
            "probabilities. Pass the values before the softmax, or their logarithms "
            "(np.log(probs)); allow_probs_like=True takes them as they are."
        )
    if inside and X.max(initial=0.0) <= 1.0:
        warnings.warn(
            "All logits lie between 0 and 1, as if a sigmoid had been applied already. Pass the "
            "values before it; allow_probs_like=True silences this.",
            UserWarning,
            stacklevel=4,
        )


def refuse_shifted(z: np.ndarray, labels: np.ndarray) -> None:
    """Refuse labels that fit far better one column to the left or right."""
    largest = z.argmax(axis=1)
    right = float(np.mean(largest == labels))
    for shift, words in ((1, "one column to the left of"), (-1, "one column to the right of")):
        moved = float(np.mean(largest + shift == labels))
        if moved > right + SHIFTED and moved > 0.5:
            raise InputValueError(
                f"The largest logit must tend to be that of the label, but it is so in {right:.0%} "
                f"of the rows, and {words} it in {moved:.0%}. Labels that count from 1 were "
                "given to columns that count from 0, or the other way round: name the columns "
                "with `classes=`."
            )
