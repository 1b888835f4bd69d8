"""What a contest leaves behind: runs, estimates, verdicts, and the comparison that holds them.

A `Run` is one fitted classifier seen on its test rows; an `Entry` is one model with one head
over all seeds; a `Verdict` sets two entries side by side; a `Comparison` is the whole.
Nothing here computes: the numbers are made in `summary` and `verdict`, pictures in `views`.

The trap: JSON knows no NaN and no infinity, and a log-loss may well be infinite.  `to_dict`
writes NaN as `null` and infinities as the strings "inf" and "-inf", never as bare tokens
that other readers refuse.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from headway.metrics import hits

__all__ = ["Comparison", "Entry", "Estimate", "McNemar", "Run", "Verdict"]


@dataclass(frozen=True)
class Estimate:
    """A number with the interval that the data leave it.

    Attributes
    ----------
    mean : float
        The mean over seeds (and test rows).
    low, high : float
        Ends of the 95 % interval; NaN where none can be given.
    spread : float or None
        Standard deviation over seeds (n - 1 in the denominator); None with fewer than two.
    n_seeds : int
        How many runs the mean is over.

    Examples
    --------
    >>> Estimate(mean=0.95, low=0.94, high=0.96, spread=None, n_seeds=1).to_dict()
    {'mean': 0.95, 'low': 0.94, 'high': 0.96, 'spread': None, 'n_seeds': 1}
    """

    mean: float
    low: float
    high: float
    spread: float | None
    n_seeds: int

    def to_dict(self) -> dict[str, Any]:
        """Return the five numbers as a JSON-ready dict."""
        return {
            "mean": _plain(self.mean),
            "low": _plain(self.low),
            "high": _plain(self.high),
            "spread": _plain(self.spread),
            "n_seeds": self.n_seeds,
        }


@dataclass(frozen=True)
class McNemar:
    """McNemar's exact test on the test rows of one seed.

    Attributes
    ----------
    seed : int
        The run both heads share.
    only_first, only_second : int
        Test rows that only the first, or only the second, head got right.
    p_value : float
        Two-sided and exact: under equal accuracy the discordant rows are fair coin tosses.
    """

    seed: int
    only_first: int
    only_second: int
    p_value: float

    def to_dict(self) -> dict[str, Any]:
        """Return the test as a JSON-ready dict."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class Run:
    """One classifier, fitted with one seed, seen on its test rows.

    Attributes
    ----------
    model, head : str
        For example "linear" and "softmax".
    seed : int
        Seed of the split (if there is no fixed one), the initial weights and the batch order.
    labels : integer array (n,), or float array (n, L) of 0, 1 and NaN for multi-label data
        The truth on the test rows.
    logits : float array (n, K), (n, 1) for binary, (n, L) for multi-label
        What the model emitted.
    probs, log_probs : float array (n, K), (n, 2) for binary, (n, L) for multi-label
        What `predict_proba` says, and its logarithm from the logits.
    predictions : integer array (n,), or 0/1 array (n, L)
        Decisions, in the coding of `labels`.
    membership : float array (n, K) or None
        The raw independent sigmoid values, where they differ from `probs`; else None.
    seconds : float
        Wall-clock time of the fit.
    settings : dict
        What was given to the classifier, the tuned value included.
    history : list of dict or None
        One dict per epoch for networks; None for the linear model.
    rows : integer array (n,)
        Positions of the test rows in the data given, or in `X_test` for a fixed split.
    """

    model: str
    head: str
    seed: int
    labels: np.ndarray
    logits: np.ndarray
    probs: np.ndarray
    log_probs: np.ndarray
    predictions: np.ndarray
    membership: np.ndarray | None
    seconds: float
    settings: Mapping[str, Any]
    history: list[dict[str, Any]] | None = None
    rows: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))


@dataclass(frozen=True, eq=False)
class Entry:
    """One model with one head: its scores over all seeds.

    Attributes
    ----------
    model, head : str
        For example "mlp" and "sigmoid".
    mistake : str or None
        One sentence saying what is wrong, for heads that are a common mistake.
    accuracy : Estimate
        Share of test rows decided rightly, 0..1; multi-label: rows with ALL labels right.
    log_loss : Estimate
        Mean log-loss of the (normalised) probabilities in nats; multi-label: per label.
    brier : Estimate
        Mean Brier score, summed over classes (0..2); multi-label: per label (0..1).
    calibration_error : Estimate
        Debiased root-mean-square calibration error of the largest probability (multi-label:
        of every cell), 0..1.
    seconds : Estimate
        Training time.
    settings : dict
        What the classifier was given; a value that differed between seeds is a list.
    runs : tuple of Run
        One a seed, in the order of `Comparison.seeds`.
    details : dict of Estimate
        Further scores: "membership_log_loss", "membership_brier" and
        "membership_calibration_error" for the raw values of a sigmoid head on exclusive
        classes; "hamming_loss", "micro_f1" and "macro_f1" for multi-label data.
    """

    model: str
    head: str
    mistake: str | None
    accuracy: Estimate
    log_loss: Estimate
    brier: Estimate
    calibration_error: Estimate
    seconds: Estimate
    settings: Mapping[str, Any]
    runs: tuple[Run, ...]
    details: Mapping[str, Estimate] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return every number of the entry, run by run, without the big arrays."""
        return {
            "model": self.model,
            "head": self.head,
            "mistake": self.mistake,
            "accuracy": self.accuracy.to_dict(),
            "log_loss": self.log_loss.to_dict(),
            "brier": self.brier.to_dict(),
            "calibration_error": self.calibration_error.to_dict(),
            "seconds": self.seconds.to_dict(),
            "details": {name: value.to_dict() for name, value in self.details.items()},
            "settings": _plain(dict(self.settings)),
            "runs": [
                {
                    "seed": run.seed,
                    "n_test": len(run.labels),
                    "accuracy": _plain(float(np.nanmean(hits(run.predictions, run.labels)))),
                    "seconds": _plain(run.seconds),
                    "settings": _plain(dict(run.settings)),
                    "history": _plain(run.history),
                }
                for run in self.runs
            ],
        }


@dataclass(frozen=True)
class Verdict:
    """Two heads of one model, side by side on the same rows.

    Attributes
    ----------
    model : str
        The model both heads sit on.
    first, second : str
        Names of the heads; `first` is the reference.
    difference : Estimate
        Accuracy of `first` minus accuracy of `second`, in PERCENTAGE POINTS.
    log_loss_difference : Estimate
        Log-loss of `first` minus log-loss of `second`, in nats: below zero favours `first`.
    mcnemar : tuple of McNemar
        One exact test for each seed, never pooled.
    sentence : str
        The verdict in plain words.
    """

    model: str
    first: str
    second: str
    difference: Estimate
    log_loss_difference: Estimate
    mcnemar: tuple[McNemar, ...]
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as a JSON-ready dict."""
        return {
            "model": self.model,
            "first": self.first,
            "second": self.second,
            "difference_points": self.difference.to_dict(),
            "log_loss_difference": self.log_loss_difference.to_dict(),
            "mcnemar": [test.to_dict() for test in self.mcnemar],
            "sentence": self.sentence,
        }


@dataclass(frozen=True, eq=False)
class Comparison:
    """Heads compared on the same work: what `compare` returns.

    Attributes
    ----------
    name, description : str
        The data, in a word and in a sentence.
    kind : {"binary", "exclusive", "multilabel"}
        The structure of the labels.
    classes : tuple of str
        Names of the classes (labels, for multi-label data), in column order.
    image_shape : tuple of int or None
        (height, width) where a row is a picture.
    seeds : tuple of int
        Seeds of the runs; on a fixed split the linear model is fitted with the first alone.
    fixed_split : bool
        Whether the data came with their own test rows.
    tuned : bool
        Whether C and the learning rate were chosen, for each head, on validation rows.
    n_train, n_test, n_features : int
        Rows of a training and of a test split, and columns.
    models, heads : tuple of str
        What ran, in order; the first head is the reference of every verdict.
    entries : tuple of Entry
        One for each model and head.
    verdicts : tuple of Verdict
        For each model, every further head against the first.
    sentence : str
        "Which should I use?", answered from the numbers.
    notes : tuple of str
        What a reader must know: mistakes, omissions, how the intervals are made.
    X_test : array (n_test, d)
        Test features of the first split, as given (not standardised), for pictures.
    environment : dict
        Versions, processor, threads, date, total seconds.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from headway.comparison import compare
    >>> X, y = load_iris(return_X_y=True)
    >>> result = compare(X, y, models=("linear",), seeds=2)
    >>> [(entry.model, entry.head) for entry in result.entries]
    [('linear', 'softmax'), ('linear', 'sigmoid')]
    """

    name: str
    description: str
    kind: str
    classes: tuple[str, ...]
    image_shape: tuple[int, int] | None
    seeds: tuple[int, ...]
    fixed_split: bool
    tuned: bool
    n_train: int
    n_test: int
    n_features: int
    models: tuple[str, ...]
    heads: tuple[str, ...]
    entries: tuple[Entry, ...]
    verdicts: tuple[Verdict, ...]
    sentence: str
    notes: tuple[str, ...]
    X_test: np.ndarray
    environment: Mapping[str, Any]

    def entry(self, model: str, head: str) -> Entry:
        """Return the entry of one model and head.

        Raises
        ------
        KeyError
            If that pair did not run.
        """
        for entry in self.entries:
            if (entry.model, entry.head) == (model, head):
                return entry
        ran = ", ".join(f"{e.model} {e.head}" for e in self.entries)
        raise KeyError(f"`model, head` must be a pair that ran ({ran}), got {model!r}, {head!r}.")

    def text_rows(self) -> list[dict[str, str]]:
        """Return one dict of formatted cells per entry: the table a terminal shows.

        Keys, in order: "model", "head", "accuracy" (per cent with its 95 % interval),
        "log-loss", "Brier", "calibration error", "training time"; multi-label data add
        "Hamming loss", "micro F1", "macro F1".
        """
        return [_text_row(entry) for entry in self.entries]

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the big arrays as JSON-ready dicts, lists, numbers and text."""
        return {
            "format": "headway-comparison",
            "version": 1,
            "name": self.name,
            "description": self.description,
            "kind": self.kind,
            "classes": list(self.classes),
            "image_shape": None if self.image_shape is None else list(self.image_shape),
            "seeds": list(self.seeds),
            "fixed_split": self.fixed_split,
            "tuned": self.tuned,
            "n_train": self.n_train,
            "n_test": self.n_test,
            "n_features": self.n_features,
            "models": list(self.models),
            "heads": list(self.heads),
            "sentence": self.sentence,
            "verdicts": [verdict.to_dict() for verdict in self.verdicts],
            "entries": [entry.to_dict() for entry in self.entries],
            "notes": list(self.notes),
            "environment": _plain(dict(self.environment)),
        }


def _text_row(entry: Entry) -> dict[str, str]:
    row = {
        "model": entry.model,
        "head": entry.head,
        "accuracy": _percent(entry.accuracy),
        "log-loss": f"{entry.log_loss.mean:.4f}",
        "Brier": f"{entry.brier.mean:.4f}",
        "calibration error": f"{entry.calibration_error.mean:.4f}",
        "training time": f"{entry.seconds.mean:.2f} s",
    }
    titles = {"hamming_loss": "Hamming loss", "micro_f1": "micro F1", "macro_f1": "macro F1"}
    for key, title in titles.items():
        if key in entry.details:
            row[title] = f"{entry.details[key].mean:.4f}"
    return row


def _percent(rate: Estimate) -> str:
    if math.isnan(rate.low):
        return f"{100 * rate.mean:.2f} %"
    return f"{100 * rate.mean:.2f} % ({100 * rate.low:.2f} to {100 * rate.high:.2f})"


def _plain(value: Any) -> Any:
    """Return `value` made of JSON's own types, with NaN as None and infinities as text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return value if math.isfinite(value) else str(value)
    if value is None or isinstance(value, bool | int | str):
        return value
    return str(value)
