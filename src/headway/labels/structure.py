"""The structure of labels: which kind they are, and so which head and loss they call for.

    binary       two classes, one a row        one logit, sigmoid = softmax over (0, z)
    exclusive    K classes, one a row          softmax and cross-entropy
    multilabel   any number of labels a row    sigmoids and binary cross-entropy

Only the way in which labels are written decides: a 0/1 matrix of which every row happens to
have a single 1 stays multi-label, and the text says what to do if it was meant as one-hot.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from headway.labels.encoder import LabelEncoder
from headway.labels.reading import LabelKind

__all__ = ["LabelStructure", "inspect_labels"]

SHOWN = 12


@dataclass(frozen=True)
class LabelStructure:
    """What kind of labels there are, how they are spread, and what they call for.

    Attributes
    ----------
    kind : {"binary", "exclusive", "multilabel"}
        What the labels are.
    n_samples : int
        Number of rows.
    classes : tuple
        The names of the classes or labels.
    counts : tuple of int
        Rows of each class.
    shares : tuple of float
        Those counts divided by the rows (multi-label: by the rows where the label is
        known), in 0..1.
    rows_with_none, rows_with_one, rows_with_several : int
        Rows that carry no label, exactly one, or more.
    cells_missing : int
        Cells of the label matrix whose truth is not known.
    imbalance : float
        Rows of the most frequent class for one row of the rarest that occurs at all.
    head : {"softmax", "sigmoid"}
        The head that `head="auto"` takes.
    loss : str
        The name of its loss.
    reason : str
        Why, in two sentences.
    advice : str
        What to look at before training; empty if nothing stands out.
    """

    kind: LabelKind
    n_samples: int
    classes: tuple[Any, ...]
    counts: tuple[int, ...]
    shares: tuple[float, ...]
    rows_with_none: int
    rows_with_one: int
    rows_with_several: int
    cells_missing: int
    imbalance: float
    head: str
    loss: str
    reason: str
    advice: str

    def to_dict(self) -> dict[str, Any]:
        """Return the structure as values that JSON can hold.

        Examples
        --------
        >>> inspect_labels(["ham", "spam"]).to_dict()["counts"]
        {'ham': 1, 'spam': 1}
        """
        names = [str(name) for name in self.classes]
        return {
            "kind": self.kind,
            "n_samples": self.n_samples,
            "classes": list(self.classes),
            "counts": dict(zip(names, self.counts, strict=True)),
            "shares": dict(zip(names, self.shares, strict=True)),
            "rows_with_none": self.rows_with_none,
            "rows_with_one": self.rows_with_one,
            "rows_with_several": self.rows_with_several,
            "cells_missing": self.cells_missing,
            "imbalance": self.imbalance,
            "head": self.head,
            "loss": self.loss,
            "reason": self.reason,
            "advice": self.advice,
        }

    def to_text(self) -> str:
        """Return the structure as lines that a beginner can read.

        Examples
        --------
        >>> print(inspect_labels(["ham", "spam", "ham"]).to_text())
        kind       binary: two classes, exactly one in each row
        rows       3
        classes    2
          ham   2  66.7 %
          spam  1  33.3 %
        balance    2 rows of 'ham' for each row of 'spam'
        head       sigmoid (one logit)
        loss       binary cross-entropy
        why        Each row has one of two classes, so one number is enough: ...
        """
        lines = [
            f"kind       {_kind_in_words(self.kind)}",
            f"rows       {self.n_samples}",
            f"{'labels' if self.kind == 'multilabel' else 'classes':<10} {len(self.classes)}",
            *self._class_lines(),
        ]
        if self.kind == "multilabel":
            lines.append(
                f"rows with  no label {self.rows_with_none}, one {self.rows_with_one}, "
                f"several {self.rows_with_several}"
            )
        if self.cells_missing:
            lines.append(f"missing    {self.cells_missing} cells")
        most, least = self._extremes()
        lines += [
            f"balance    {self.imbalance:.3g} rows of {most!r} for each row of {least!r}",
            f"head       {self.head}{' (one logit)' if self.kind == 'binary' else ''}",
            f"loss       {self.loss}",
            f"why        {self.reason}",
        ]
        if self.advice:
            lines.append(f"note       {self.advice}")
        return "\n".join(lines)

    def _class_lines(self) -> list[str]:
        order = sorted(range(len(self.classes)), key=lambda k: -self.counts[k])
        shown = order[:SHOWN]
        width = max(len(str(self.classes[k])) for k in shown)
        digits = max(len(str(self.counts[k])) for k in shown)
        lines = [
            f"  {self.classes[k]!s:<{width}}  {self.counts[k]:>{digits}}"
            f"  {100 * self.shares[k]:.1f} %"
            for k in shown
        ]
        rest = len(order) - len(shown)
        return [*lines, f"  and {rest} rarer ones"] if rest else lines

    def _extremes(self) -> tuple[Any, Any]:
        occurring = [k for k, count in enumerate(self.counts) if count]
        most = max(occurring, key=lambda k: self.counts[k])
        least = min(occurring, key=lambda k: (self.counts[k], -k))
        return self.classes[most], self.classes[least]


def inspect_labels(y: Any, /, *, classes: Any = None, missing: Any = None) -> LabelStructure:
    """Return what kind of labels `y` holds, and which head and loss that calls for.

    Parameters
    ----------
    y : array-like
        One name per row, a 0/1 matrix, sets, or text such as "a|b".
    classes : sequence of names, optional
        All classes, also those that the data lacks.
    missing : number or text, optional
        Value of missing cells in a matrix, besides NaN.

    Returns
    -------
    LabelStructure
        Also printable: `print(inspect_labels(y).to_text())`.

    Raises
    ------
    InputTypeError, InputValueError
        If a classifier would refuse `y`: empty, one class only, a constant column, numbers
        that are not classes.

    Examples
    --------
    >>> inspect_labels([3, 1, 2, 3]).head
    'softmax'
    >>> structure = inspect_labels([{"sad"}, {"calm", "sad"}, set()])
    >>> structure.kind, structure.rows_with_several
    ('multilabel', 1)
    """
    encoder = LabelEncoder(classes, missing=missing)
    encoded = encoder.fit_transform(y)
    n_samples, names = len(encoded), tuple(encoder.classes_.tolist())
    if encoder.kind_ == "multilabel":
        counts = np.sum(encoded == 1, axis=0)
        known = np.sum(~np.isnan(encoded), axis=0)
        carried = np.sum(encoded == 1, axis=1)
        n_missing = int(np.isnan(encoded).sum())
    else:
        counts = np.bincount(encoded, minlength=len(names))
        known = np.full(len(names), n_samples)
        carried = np.ones(n_samples, dtype=np.int64)
        n_missing = 0
    n_one = int(np.sum(carried == 1))
    occurring = counts[counts > 0]
    head, loss = ("softmax", "cross-entropy")
    if encoder.kind_ != "exclusive":
        head, loss = ("sigmoid", "binary cross-entropy")
    return LabelStructure(
        kind=encoder.kind_,
        n_samples=n_samples,
        classes=names,
        counts=tuple(counts.tolist()),
        shares=tuple((counts / np.maximum(known, 1)).tolist()),
        rows_with_none=int(np.sum(carried == 0)),
        rows_with_one=n_one,
        rows_with_several=int(np.sum(carried > 1)),
        cells_missing=n_missing,
        imbalance=float(occurring.max() / occurring.min()),
        head=head,
        loss=loss,
        reason=_reason(encoder.kind_, len(names), int(np.sum(carried == 0)), int(carried.max())),
        advice=_advice(encoder, counts, n_one == n_samples),
    )


def _kind_in_words(kind: str) -> str:
    return {
        "binary": "binary: two classes, exactly one in each row",
        "exclusive": "exclusive: exactly one class in each row",
        "multilabel": "multi-label: a row may carry no label, one or several",
    }[kind]


def _reason(kind: str, n_classes: int, n_none: int, most: int) -> str:
    if kind == "binary":
        return (
            "Each row has one of two classes, so one number is enough: the probability of the "
            "second class. With two classes softmax and sigmoid are the same model, so there "
            "is nothing to choose."
        )
    if kind == "exclusive":
        return (
            f"Each row has exactly one of {n_classes} classes, so the probabilities of a row "
            "must share one whole, and softmax makes them sum to 1. Cross-entropy then rewards "
            "the probability given to the right class."
        )
    carried = f"up to {most} labels at once" if most > 1 else "a label or not"
    none = f", and {n_none} row{'s carry' if n_none > 1 else ' carries'} none" if n_none else ""
    return (
        f"A row may carry {carried}{none}, so each label is a yes-or-no question of its own "
        "and gets its own sigmoid. Softmax would force the labels of a row to share one whole, "
        "as if only one could be right."
    )


def _advice(encoder: LabelEncoder, counts: np.ndarray, all_one: bool) -> str:
    notes = []
    if encoder.format_ == "matrix" and all_one and len(counts) > 1:
        notes.append(
            "Every row carries exactly one label: if these are one-hot rows of classes that "
            "exclude each other, pass y.argmax(axis=1) instead, and softmax applies."
        )
    absent = int(np.sum(counts == 0))
    if absent:
        notes.append(f"{absent} declared without any row: nothing can be learned about them.")
    lonely = int(np.sum(counts == 1))
    if lonely:
        what = "1 class has" if lonely == 1 else f"{lonely} classes have"
        notes.append(f"{what} a single row, which cannot stand in both training and test data.")
    occurring = counts[counts > 0]
    if occurring.max() > 20 * occurring.min():
        notes.append(
            "Very unequal counts: accuracy is high for always naming the frequent ones, so "
            "look at log-loss and at each class as well."
        )
    return " ".join(notes)
