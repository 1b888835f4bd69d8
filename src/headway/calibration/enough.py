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
    ['it takes 20 positives and negatives and there are 1']
    """
    used = np.ones(len(rows), dtype=bool) if rows.weights is None else rows.weights > 0
    if rows.labels is not None:
        right = rows.logits.argmax(axis=1)[used] == rows.labels[used]
        few = int(min(right.sum(), (~right).sum()))
        return [_too_few(few, EVENTS, "rows that are right, and wrong,")]
    assert rows.targets is not None
    t = rows.targets[used]
    if method == "temperature":
        known = ~np.isnan(t)
        right = ((rows.logits[used] > 0) == (t > 0)) & known
        few = int(min(right.sum(), known.sum() - right.sum()))
        return [_too_few(few, EVENTS, "cells that are right, and wrong,")]
    positives, negatives = (t == 1).sum(axis=0), (t == 0).sum(axis=0)
    events = [
        _too_few(int(few), NUMBERS[method] * EVENTS, "positives and negatives")
        for few in np.minimum(positives, negatives)
    ]
    if method != "isotonic":
        return events
    cells = [_too_few(int(n), ISOTONIC_ROWS, "rows") for n in positives + negatives]
    return [few or event for few, event in zip(cells, events, strict=True)]


def _too_few(count: int, wanted: int, what: str) -> str:
    return "" if count >= wanted else f"it takes {wanted} {what} and there are {count}"
