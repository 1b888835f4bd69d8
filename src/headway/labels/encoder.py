"""Label encoder: the user's names on one side, integers or a 0/1 matrix on the other.

    binary, exclusive    names (n,)            <->  labels in 0..K-1, shape (n,)
    multilabel           matrix, sets or text  <->  0/1/NaN matrix, shape (n, L)

The number of logits follows: 1 for binary (read as the pair (0, z)), else one a class.
"""

from typing import Any

import numpy as np

from headway.errors import InputTypeError, InputValueError
from headway.labels.names import as_names, find_codes, nearest_names, quote, unique_names
from headway.labels.reading import SEPARATOR, LabelFormat, LabelKind, WrittenLabels, read_labels

__all__ = ["LabelEncoder"]

KINDS = ("auto", "binary", "exclusive", "multilabel")


class LabelEncoder:
    """Turns the user's labels into integers or a label matrix, and back.

    Parameters
    ----------
    classes : sequence of names, optional
        All classes there are, in the order of the columns.  Classes that the data lacks
        are allowed when they are declared here; classes not declared are refused.  For
        a matrix of labels these are the names of its columns.
    kind : {"auto", "binary", "exclusive", "multilabel"}
        "auto" reads one name per row as exclusive classes (binary if there are two),
        and a matrix, sets, or text of which any row has a "|", as multi-label.
    missing : number or text, optional
        Value that marks a missing cell in a matrix of labels, besides NaN.

    Attributes
    ----------
    classes_ : ndarray of shape (K,) or (L,)
        The user's names, in the order of the columns: sorted unless declared.
    kind_ : {"binary", "exclusive", "multilabel"}
        What the labels are.
    n_logits_ : int
        1 if binary, else the number of classes.
    format_ : {"flat", "matrix", "sets", "piped"}
        How the labels were written, and how `inverse_transform` writes them.

    Examples
    --------
    >>> encoder = LabelEncoder()
    >>> encoder.fit_transform(["ham", "spam", "ham"]).tolist()
    [0, 1, 0]
    >>> encoder.inverse_transform([1, 0]).tolist()
    ['spam', 'ham']
    >>> LabelEncoder().fit_transform(["sad", "calm|sad", ""]).tolist()
    [[0.0, 1.0], [1.0, 1.0], [0.0, 0.0]]
    """

    classes_: np.ndarray
    kind_: LabelKind
    n_logits_: int
    format_: LabelFormat

    def __init__(self, classes: Any = None, kind: str = "auto", missing: Any = None):
        if kind not in KINDS:
            raise InputValueError(
                f"`kind` must be one of {', '.join(map(repr, KINDS))}, got {kind!r}."
            )
        self.classes = classes
        self.kind = kind
        self.missing = missing

    def fit(self, y: Any, /, *, partial: bool = False) -> "LabelEncoder":
        """Return the encoder itself, having learned the classes of `y`.

        Parameters
        ----------
        y : array-like of n labels, sets or rows of a matrix
            The labels.
        partial : bool
            True if `y` is only the first batch of more: with `classes` declared, a
            single class or a constant column is then no error.

        Raises
        ------
        InputValueError
            If `y` is empty, holds one class only, has a label that `classes` lacks, or
            is a matrix with a column that is the same in every row.
        """
        self._learn(y, partial)
        return self

    def fit_transform(self, y: Any, /, *, partial: bool = False) -> np.ndarray:
        """Return `y` encoded, having learned its classes: `fit` and `transform` in one."""
        return self._learn(y, partial)

    def transform(self, y: Any, /) -> np.ndarray:
        """Return `y` encoded with the classes learned by `fit`.

        Returns
        -------
        ndarray
            int64 of shape (n,) with values in 0..K-1 for binary and exclusive classes;
            float64 of shape (n, L) with 0, 1 and NaN (missing) for multi-label.

        Raises
        ------
        InputValueError
            If a label was not there at `fit`; it is named, with those spelled most alike.
        """
        self._check_fitted()
        written = read_labels(y, kind=self.kind_, missing=self.missing)
        return self._encode(written)

    def inverse_transform(self, decisions: Any, /) -> np.ndarray:
        """Return the user's names for column indices, or label sets for a 0/1 matrix.

        Parameters
        ----------
        decisions : integer array of shape (n,), or 0/1 array of shape (n, L)
            As a head decides.

        Returns
        -------
        ndarray
            Names of shape (n,) in the dtype of `classes_`; for multi-label what was
            given to `fit`: an int64 matrix (n, L), an object array of n sets, or of n
            texts such as "a|b".
        """
        self._check_fitted()
        decisions = np.asarray(decisions)
        if self.kind_ != "multilabel":
            return self._names_of_indices(decisions)
        if decisions.ndim != 2 or decisions.shape[1] != len(self.classes_):
            raise InputValueError(
                f"`decisions` must be a 0/1 matrix of shape (n, {len(self.classes_)}), "
                f"got shape {decisions.shape}."
            )
        if not np.isin(decisions, (0, 1)).all():
            raise InputValueError(
                "`decisions` must hold 0 and 1 only. Apply a threshold to probabilities first."
            )
        chosen = decisions.astype(bool)
        if self.format_ == "matrix":
            return chosen.astype(np.int64)
        result = np.empty(len(chosen), dtype=object)
        names = self.classes_.tolist()
        for row, flags in enumerate(chosen):
            members = [names[column] for column in np.flatnonzero(flags)]
            result[row] = set(members) if self.format_ == "sets" else SEPARATOR.join(members)
        return result

    def to_state(self) -> dict[str, Any]:
        """Return all that `from_state` needs, as values that JSON can hold."""
        self._check_fitted()
        missing = self.missing
        if isinstance(missing, np.generic):
            missing = missing.item()
        if isinstance(missing, float) and np.isnan(missing):
            missing = None  # NaN always means missing
        return {
            "classes": self.classes_.tolist(),
            "dtype": self.classes_.dtype.str,
            "declared": self.classes is not None,
            "declared_kind": self.kind,
            "kind": self.kind_,
            "format": self.format_,
            "missing": missing,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any], /) -> "LabelEncoder":
        """Return the encoder that `to_state` described.

        Examples
        --------
        >>> encoder = LabelEncoder().fit(["ham", "spam"])
        >>> LabelEncoder.from_state(encoder.to_state()).transform(["spam"]).tolist()
        [1]
        """
        dtype = np.dtype("O") if state["dtype"] == "|O" else np.dtype(state["dtype"])
        if dtype.kind not in "biufUO":
            raise InputTypeError(
                f"Class names must be text, integers or booleans, got dtype {state['dtype']!r}."
            )
        classes = np.empty(len(state["classes"]), dtype=dtype)
        classes[:] = state["classes"]
        declared = classes if state["declared"] else None
        encoder = cls(declared, state["declared_kind"], state["missing"])
        encoder._set(classes, state["kind"], state["format"])
        return encoder

    def _learn(self, y: Any, partial: bool) -> np.ndarray:
        declared = None if self.classes is None else _declared_names(self.classes)
        piped_name = declared is not None and any(SEPARATOR in str(name) for name in declared)
        written = read_labels(y, kind=self.kind, missing=self.missing, may_be_piped=not piped_name)
        if not written.n_samples:
            raise InputValueError(
                "`y` must have at least one label, got none. Check that the data were read."
            )
        if written.format == "flat":
            return self._learn_exclusive(written, declared, partial)
        return self._learn_matrix(written, declared, partial)

    def _learn_exclusive(
        self, written: WrittenLabels, declared: np.ndarray | None, partial: bool
    ) -> np.ndarray:
        classes = unique_names(written.names) if declared is None else declared
        if len(classes) < 2:
            raise InputValueError(
                f"`y` must have at least two classes, got one class only: {quote(classes)} in "
                f"all {written.n_samples} rows. There is nothing to tell apart; add rows of "
                "another class."
            )
        if self.kind == "binary" and len(classes) != 2:
            raise InputValueError(
                f"Binary labels must have two classes, got {len(classes)}: {quote(classes)}. "
                "Use kind='exclusive' for more than two."
            )
        self._set(classes, "binary" if len(classes) == 2 else "exclusive", "flat")
        labels = self._encode(written)
        if declared is not None and not partial and (labels == labels[0]).all():
            raise InputValueError(
                f"`y` must have at least two classes, got one class only: "
                f"{quote([classes[labels[0]]])} in all {written.n_samples} rows. "
                "The other declared classes have no row to learn from; add some."
            )
        return labels

    def _learn_matrix(
        self, written: WrittenLabels, declared: np.ndarray | None, partial: bool
    ) -> np.ndarray:
        if declared is not None:
            classes = declared
        elif written.format != "matrix":
            classes = unique_names(written.names)
        elif len(written.names):
            classes = written.names
        else:
            classes = np.arange(written.matrix.shape[1])
        if not len(classes):
            raise InputValueError(
                f"`y` must name at least one label, got {written.n_samples} rows without any. "
                "Declare the labels with `classes=`, or check the target column."
            )
        if len(set(classes.tolist())) != len(classes):
            raise InputValueError(
                f"Label names must be distinct, got {quote(classes)}. Rename the columns."
            )
        if written.format == "piped" and any(SEPARATOR in name for name in classes.tolist()):
            raise InputValueError(
                f"Names of piped labels must not contain '|', got {quote(classes)}. "
                "Pass sets of names instead of text."
            )
        self._set(classes, "multilabel", written.format)
        matrix = self._encode(written)
        if not (partial and declared is not None):
            # A declared class without any row is legal in sets; in a matrix, `classes`
            # only names columns, so there it excuses nothing.
            excused = declared is not None and written.format != "matrix"
            _refuse_constant_columns(matrix, classes, allow_absent=excused)
        return matrix

    def _encode(self, written: WrittenLabels) -> np.ndarray:
        if written.format == "matrix":
            return self._order_columns(written)
        codes = find_codes(written.names, self.classes_)
        if codes.size and codes.min() < 0:
            raise InputValueError(self._unseen(written, codes))
        if written.format == "flat":
            return codes
        matrix = np.zeros((written.n_samples, len(self.classes_)))
        matrix[written.rows, codes] = 1.0
        return matrix

    def _order_columns(self, written: WrittenLabels) -> np.ndarray:
        matrix, n_labels = written.matrix, len(self.classes_)
        if matrix.shape[1] != n_labels:
            raise InputValueError(
                f"The matrix of labels must have {n_labels} columns ({quote(self.classes_)}), "
                f"got {matrix.shape[1]}."
            )
        if not len(written.names):
            return matrix
        codes = find_codes(self.classes_, written.names)
        if codes.min() < 0:
            absent = self.classes_[codes < 0]
            raise InputValueError(
                f"The columns of the label matrix must be {quote(self.classes_)}, "
                f"got {quote(written.names)}. Missing: {quote(absent)}."
            )
        return matrix[:, codes]

    def _names_of_indices(self, decisions: np.ndarray) -> np.ndarray:
        n_classes = len(self.classes_)
        if decisions.ndim != 1 or decisions.dtype.kind not in "biu":
            raise InputValueError(
                "`decisions` must be column indices of shape (n,), "
                f"got dtype {decisions.dtype} and shape {decisions.shape}."
            )
        decisions = decisions.astype(np.int64)
        outside = (decisions < 0) | (decisions >= n_classes)
        if outside.any():
            row = int(np.argmax(outside))
            raise InputValueError(
                f"`decisions` must be in 0..{n_classes - 1}, got {decisions[row]} at row {row}."
            )
        return self.classes_[decisions]

    def _unseen(self, written: WrittenLabels, codes: np.ndarray) -> str:
        first = int(np.argmax(codes < 0))
        row = int(written.rows[first]) if len(written.rows) else first
        unseen = unique_names(written.names[codes < 0])
        place = f"got {quote(unseen)} (first at row {row})"
        text_given = written.names.dtype.kind in "UO"
        if text_given != (self.classes_.dtype.kind in "UO"):
            kinds = ("text", "numbers") if text_given else ("numbers", "text")
            return (
                f"`y` must hold known classes ({quote(self.classes_)}), {place}. The labels are "
                f"{kinds[0]} but the classes are {kinds[1]}; convert one to the other."
            )
        near = nearest_names(unseen[0], self.classes_)
        hint = f" Nearest known: {', '.join(map(repr, near))}." if text_given and near else ""
        return (
            f"`y` must hold known classes ({quote(self.classes_)}), {place}.{hint} "
            "Declare every class with `classes=` before fitting, or drop those rows."
        )

    def _set(self, classes: np.ndarray, kind: LabelKind, format: LabelFormat) -> None:
        self.classes_ = classes
        self.kind_ = kind
        self.format_ = format
        self.n_logits_ = 1 if kind == "binary" else len(classes)

    def _check_fitted(self) -> None:
        if not hasattr(self, "classes_"):
            raise InputValueError("This LabelEncoder has no classes yet. Call `fit` first.")


def _declared_names(classes: Any) -> np.ndarray:
    if isinstance(classes, set | frozenset):
        raise InputTypeError(
            "`classes` must be a sequence, since its order is the order of the columns, "
            "got a set. Pass a list."
        )
    names = as_names(list(classes), what="classes")
    seen: set[Any] = set()
    for place, name in enumerate(names.tolist()):
        if name in seen:
            raise InputValueError(
                f"`classes` must be distinct, got {name!r} twice (again at place {place})."
            )
        seen.add(name)
    return names


def _refuse_constant_columns(
    matrix: np.ndarray, classes: np.ndarray, *, allow_absent: bool
) -> None:
    ones = np.sum(matrix == 1, axis=0)
    zeros = np.sum(matrix == 0, axis=0)
    constant = (ones == 0) | (zeros == 0)
    if allow_absent:
        constant &= ones > 0
    if not constant.any():
        return
    columns = np.flatnonzero(constant)
    first = columns[0]
    if not ones[first] and not zeros[first]:
        unknown = np.flatnonzero((ones == 0) & (zeros == 0))
        raise InputValueError(
            "Each column of the label matrix must have known cells, got "
            f"{quote(classes[unknown])} missing in every row. Drop the column, or bring rows "
            "where that label is known."
        )
    value = "1" if ones[first] else "0"
    known = "" if ones[first] + zeros[first] == len(matrix) else " where it is known"
    raise InputValueError(
        f"Each column of the label matrix must hold both 0 and 1, got {len(columns)} constant: "
        f"{quote(classes[columns])} ({quote(classes[[first]])} is {value} in every row{known}). "
        "Drop the constant columns: a class that is always or never there cannot be learned."
    )
