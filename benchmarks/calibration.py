"""Calibrators beside scikit-learn's and probmetrics', on the same held-out logits.

One temperature of float32 logits, 10,000 rows of 100 classes and 50,000 of 1000; Platt's lines and
isotonic functions of float64 logits, 5000 rows of 159 labels, which scikit-learn fits label by
label.  The peers are the classes that `CalibratedClassifierCV` calls, without what it does around
them, and probmetrics' default temperature.

The calibrated probabilities of some rows are compared with headway's.  `loss over headway's` is
by how many nats the peer's log-loss, the mean over the rows it was fitted on in float64, lies
above headway's; below -1e-9 headway's is the worse one, and its time counts for nothing.  Of
Platt's lines it is the loss that both minimise, that of Platt's targets.
"""

import numpy as np

from benchmarks._kernels import OURS, Kernel, contest

QUESTION = "How long does a calibrator take to fit, and who reaches the lower log-loss?"
CASES = {
    "temperature, 10k x 100": ("temperature", 10_000, 100),
    "temperature, 50k x 1000": ("temperature", 50_000, 1000),
    "Platt, 5k x 159 labels": ("platt", 5000, 159),
    "isotonic, 5k x 159 labels": ("isotonic", 5000, 159),
}
WORSE = -1e-9  # nats a row


def run():
    """Return one line per case and contestant, with how much higher the peer's loss is."""
    kernels = (
        Kernel(OURS, headway_fit),
        Kernel("scikit-learn", sklearn_fit),
        Kernel("probmetrics", probmetrics_fit),
    )
    lines = []
    for name, case in CASES.items():
        entrants = kernels if case[0] == "temperature" else kernels[:2]
        results = contest(entrants, {name: case}, tolerance=1e-4, default_rounds=9)
        lines += [_with_loss(line, entrants, case) for line in results]
    return lines


def _with_loss(line, entrants, case):
    """Return the line with the loss that the peer's fit has over headway's."""
    setups = {kernel.name: kernel.setup for kernel in entrants}
    if line["milliseconds"] is None or line["contestant"] == OURS:
        return line
    ours, theirs = (_loss(setups[name], case) for name in (OURS, line["contestant"]))
    line = line | {"loss over headway's": theirs - ours}
    if theirs - ours < WORSE:
        return line | {"ratio": None, "note": "headway's loss is higher: no time counts"}
    return line


def _loss(setup, case):
    """Return the mean log-loss in nats, float64, of the calibrated probabilities of all rows."""
    kind, n, _ = case
    truth = _data(case)[1]
    total = 0.0
    (probs,) = setup(case)()
    for start in range(0, n, 1000):
        rows = slice(start, start + 1000)
        p, t = probs[rows], truth[rows]
        if kind == "temperature":
            total -= np.log(p[np.arange(len(p)), t]).sum()
        else:
            t = _platt_targets(truth)[rows] if kind == "platt" else t
            total -= (t * np.log(p) + (1 - t) * np.log1p(-p)).sum()
    return total / n


def _platt_targets(t):
    positives, negatives = t.sum(axis=0), (1 - t).sum(axis=0)
    return np.where(t > 0, (positives + 1) / (positives + 2), 1 / (negatives + 2))


def _data(case):
    """Return logits that are twice too large, and their labels."""
    kind, n, k = case
    rng = np.random.default_rng(0)
    if kind == "temperature":
        z = rng.standard_normal((n, k), dtype=np.float32) * np.float32(2)
        labels = np.argmax(z + rng.gumbel(size=(n, k)).astype(np.float32), axis=1)
        return z * np.float32(2), labels
    z = 1.5 * rng.standard_normal((n, k)) - 2
    return 2 * z, (rng.random((n, k)) < 1 / (1 + np.exp(-z))).astype(float)


class Predicted:
    """Probabilities of the rows that are asked for: no part of what is timed."""

    def __init__(self, logits, of_rows):
        self.logits, self.of_rows = logits, of_rows

    def __getitem__(self, rows):
        return self.of_rows(self.logits[rows].astype(np.float64))


def _softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def _sigmoid(z):
    return 1 / (1 + np.exp(-z))


def headway_fit(case):
    from headway.calibration import Isotonic, Platt, Temperature

    z, t = _data(case)
    kind = {"temperature": Temperature, "platt": Platt, "isotonic": Isotonic}[case[0]]
    link = _softmax if case[0] == "temperature" else _sigmoid

    def call():
        fitted = kind.fit(z, t)
        return (Predicted(z, lambda rows: link(fitted(rows))),)

    return call


def sklearn_fit(case):
    import sklearn

    sklearn.set_config(assume_finite=True, skip_parameter_validation=True)
    z, t = _data(case)
    fit = {"temperature": _sklearn_temperature, "platt": _sklearn_platt}.get(
        case[0], _sklearn_isotonic
    )
    return lambda: (Predicted(z, fit(z, t)),)


def _sklearn_temperature(z, t):
    from sklearn.calibration import _TemperatureScaling

    fitted = _TemperatureScaling().fit(z, t)
    return lambda rows: _softmax(float(fitted.beta_) * rows)


def _sklearn_platt(z, t):
    from sklearn.calibration import _SigmoidCalibration

    fitted = [_SigmoidCalibration().fit(z[:, k], t[:, k]) for k in range(z.shape[1])]
    return lambda rows: np.column_stack(
        [one.predict(column) for one, column in zip(fitted, rows.T, strict=True)]
    )


def _sklearn_isotonic(z, t):
    from sklearn.isotonic import IsotonicRegression

    fitted = [
        IsotonicRegression(out_of_bounds="clip").fit(z[:, k], t[:, k]) for k in range(z.shape[1])
    ]
    # Certainty is taken back as headway's is: half a row.
    least = 0.5 / len(z)
    return lambda rows: np.column_stack(
        [
            np.clip(one.predict(column), least, 1 - least)
            for one, column in zip(fitted, rows.T, strict=True)
        ]
    )


def probmetrics_fit(case):
    import torch
    from probmetrics.calibrators import TemperatureScalingCalibrator
    from probmetrics.distributions import CategoricalLogits

    z, t = _data(case)
    logits, labels = CategoricalLogits(torch.from_numpy(z)), torch.from_numpy(t)

    def call():
        fitted = TemperatureScalingCalibrator()
        fitted.fit_torch(logits, labels)
        return (Predicted(z, lambda rows: _softmax(float(fitted.invtemp_) * rows)),)

    return call
