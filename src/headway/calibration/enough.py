"""How many rows a calibrator needs before it is tried.

Ten events of the rarer outcome for each number that is fitted (Peduzzi et al., 1996):

    temperature, vector, matrix   rows that the argmax has right, and wrong: 10
    platt, beta                   positives and negatives of the label: 20, 30
    isotonic                      1000 rows of the label (Niculescu-Mizil and Caruana, 2005),
                                  20 positives and 20 negatives

Vector and matrix scaling give a class numbers of its own from 20 rows on; their penalties see to
the rest.

References
----------
Peduzzi, Concato, Kemper, Holford and Feinstein (1996), "A simulation study of the number of events
per variable in logistic regression analysis", Journal of Clinical Epidemiology 49;
Niculescu-Mizil and Caruana (2005), "Predicting good probabilities with supervised learning", ICML.
"""

import numpy as np

from headway.calibration.rows import CalibrationRows

__all__ = ["lacking"]

EVENTS = 10  # for each number that is fitted
NUMBERS = {"platt": 2, "beta": 3, "isotonic": 2}
ISOTONIC_ROWS = 1000


def lacking(rows: CalibrationRows, method: str, /) -> list[str]:
    """Return for all logits, or for each label, why the rows do not suffice; "" if they do.

    Examples
    --------
    >>> from headway.calibration.rows import calibration_rows
    >>> lacking(calibration_rows([[0.0], [1.0]], [0, 1]), "platt")
    ['it takes 20 positives and 20 negatives, and there are 1 and 1']
    """
    used = np.ones(len(rows), dtype=bool) if rows.weights is None else rows.weights > 0
    if rows.labels is not None:
        right = rows.logits.argmax(axis=1)[used] == rows.labels[used]
        return [
            _lack(right.sum(), (~right).sum(), EVENTS, ("rows that are right", "that are wrong"))
        ]
    assert rows.targets is not None
    t = rows.targets[used]
    if method == "temperature":
        known = ~np.isnan(t)
        right = ((rows.logits[used] > 0) == (t > 0))[known]
        return [
            _lack(right.sum(), (~right).sum(), EVENTS, ("cells that are right", "that are wrong"))
        ]
    positives, negatives = (t == 1).sum(axis=0), (t == 0).sum(axis=0)
    least = ISOTONIC_ROWS if method == "isotonic" else 0
    return [
        f"it takes {least} rows, and there are {there + absent}"
        if there + absent < least
        else _lack(there, absent, NUMBERS[method] * EVENTS, ("positives", "negatives"))
        for there, absent in zip(positives.tolist(), negatives.tolist(), strict=True)
    ]


def _lack(first: int, second: int, wanted: int, names: tuple[str, str]) -> str:
    """Return what is wanted of two kinds and what there is; "" if there is enough of both."""
    if min(first, second) >= wanted:
        return ""
    return (
        f"it takes {wanted} {names[0]} and {wanted} {names[1]}, and there are {first} and {second}"
    )
