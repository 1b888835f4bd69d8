"""Logistic regression whose C is chosen by cross-validation, along a path of warm starts.

    for each fold     C_1 < C_2 < ...   each fit begins at the weights of the one before
    C_                the C of least mean loss on the rows held out
    then              one fit of all rows at C_

A fold is the rows with weight 0 on those held out: features are neither split nor copied, and
their sparse form is made once.  The Gram matrices of the solver's preconditioners, which need not
be exact, are shared by all folds and Cs.  The trap: a class that a fold's training rows lack is
held all but impossible there, so that its held-out rows cost some 20 nats each whatever C is.
"""

import sys
import warnings
from collections.abc import Iterator
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold, StratifiedKFold, check_cv
from sklearn.utils import check_random_state

from headway.classifiers.base import HeadClassifier
from headway.classifiers.linear import LinearClassifier
from headway.classifiers.standardize import BLOCK_CELLS
from headway.errors import InputTypeError, InputValueError
from headway.kernels.linear import linear_pass
from headway.labels import to_targets
from headway.solvers import Grams

__all__ = ["LinearClassifierCV"]

LEAST_C, MOST_C = -4, 4  # powers of ten between which a number of Cs is spread
DEFAULT_FOLDS = 5
SCORINGS = ("log_loss", "accuracy")
LEARNED = ("coef_", "intercept_", "optimality_gap_", "objective_", "n_iter_", "interrupted_")


class LinearClassifierCV(HeadClassifier):
    """Logistic regression with `C` chosen by cross-validation.

    Parameters
    ----------
    head : name or Head
        As in LinearClassifier.
    Cs : int or sequence of float
        The values of C to try; of an integer, that many from 1e-4 to 1e4, spread evenly on a
        logarithmic scale.
    cv : int, splitter, or sequence of (training rows, held-out rows)
        Number of folds: stratified for one label a row, consecutive rows for label sets.  None
        means 5.
    scoring : {"log_loss", "accuracy"}
        The mean loss of the head on the rows held out, in nats and without label smoothing
        (least is best); or the share of them that are right (most is best).  Rows count by
        their sample and class weights; missing cells count nothing.
    one_standard_error : bool
        Whether to take the smallest C whose mean score is within one standard error of the best.
    standardize, classes, missing, class_weight, label_smoothing, tol, max_iter, random_state
        As in LinearClassifier.  Each fold is standardised by its own training rows; "balanced"
        weights are those of all rows.
    verbose : int
        1 writes a line a fit to stderr, 2 also a line a step.

    Attributes
    ----------
    C_ : float
        The C chosen.
    Cs_ : float64 array of shape (n_Cs,)
        The values tried, from small to large.
    scores_ : float64 array of shape (n_folds, n_Cs)
        Score of each fold at each C.
    mean_scores_ : float64 array of shape (n_Cs,)
        Their means over the folds.
    estimator_ : LinearClassifier
        The model of all rows at `C_`.
    coef_, intercept_, optimality_gap_, objective_, n_iter_, interrupted_
        Those of `estimator_`.

    See Also
    --------
    LinearClassifier : the same model at a given C.

    Notes
    -----
    C multiplies the sum of the losses, as in scikit-learn, so that a fold of fewer rows is
    penalised a little more than the final fit at the same C.  Memory beside the features is one
    weight a row, the working memory of one fit and its preconditioner once more, however many
    folds and Cs there are.  Ctrl-C ends the search without a model; during the final fit it keeps
    the best weights so far.

    References
    ----------
    Breiman, Friedman, Olshen and Stone (1984), "Classification and Regression Trees", chapter 3:
    the rule of one standard error.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = LinearClassifierCV(Cs=[0.01, 1.0, 100.0]).fit(X, y)
    >>> model.C_
    100.0
    >>> model.mean_scores_.round(2)
    array([0.64, 0.14, 0.06])
    >>> model.predict(X[[0, 60, 120]]).tolist()
    [0, 1, 2]
    """

    C_: float
    Cs_: np.ndarray
    scores_: np.ndarray
    mean_scores_: np.ndarray
    estimator_: LinearClassifier
    coef_: np.ndarray
    intercept_: np.ndarray
    optimality_gap_: float
    objective_: float
    n_iter_: int
    interrupted_: bool

    def __init__(
        self,
        head: Any = "auto",
        Cs: Any = 10,
        *,
        cv: Any = DEFAULT_FOLDS,
        scoring: str = "log_loss",
        one_standard_error: bool = False,
        standardize: bool = False,
        classes: Any = None,
        missing: Any = None,
        class_weight: Any = None,
        label_smoothing: float = 0.0,
        tol: float = 1e-6,
        max_iter: int = 100,
        random_state: Any = None,
        verbose: int = 0,
    ):
        self.head = head
        self.Cs = Cs
        self.cv = cv
        self.scoring = scoring
        self.one_standard_error = one_standard_error
        self.standardize = standardize
        self.classes = classes
        self.missing = missing
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing
        self.tol = tol
        self.max_iter = max_iter
        self.random_state = random_state
        self.verbose = verbose

    def _fit_model(self, X: Any, labels: np.ndarray, weights: np.ndarray | None) -> None:
        Cs = self._checked_Cs()
        self._check_choice()
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        model = self._model(float(Cs[0]), seed)
        model._check_settings()
        folds = self._folds(X, labels)
        full = np.ones(len(labels)) if weights is None else weights
        # Dense features are read where they lie; only a form made of them is worth sharing.
        like = None
        if not self.standardize or hasattr(X, "tocsr"):
            like = linear_pass(model._rows(X, labels, full, None), coupled=False)
        grams = Grams(keep=True)
        scores = np.empty((len(folds), len(Cs)))
        best, nearest, unfinished = np.inf, None, 0
        for f, (train, held) in enumerate(folds):
            # Counted, not marked: a splitter may draw a row twice.
            in_fold = full * np.bincount(train, minlength=len(full))
            self._check_fold(f, labels, in_fold, full[held])
            model = self._model(float(Cs[0]), seed)
            moments = model._moments(X, in_fold)
            for c, C in enumerate(Cs):
                model.C = float(C)
                solution = model._fit_rows(X, labels, in_fold, moments, like, grams)
                if solution.interrupted:
                    raise KeyboardInterrupt
                unfinished += not (solution.converged or solution.separated)
                scores[f, c] = self._held_out_score(model, X, labels, full, held)
                if self.verbose:
                    line = f"fold {f + 1} of {len(folds)}, C={C:.4g}: {scores[f, c]:.6g}"
                    print(line, file=sys.stderr)  # noqa: T201
                if f + 1 == len(folds) and self._costs(scores[:, c]).mean() < best:
                    best = self._costs(scores[:, c]).mean()
                    nearest = model.coef_, model.intercept_
        if unfinished:
            warnings.warn(
                f"{unfinished} of the {scores.size} fits of the folds stopped before reaching "
                f"tol={self.tol}, so that their scores are rough. Raise max_iter or tol, or scale "
                "the features (standardize=True).",
                ConvergenceWarning,
                stacklevel=3,
            )
        self.Cs_, self.scores_, self.mean_scores_ = Cs, scores, scores.mean(axis=0)
        self.C_ = float(Cs[self._chosen(scores)])
        model = self._model(self.C_, seed)
        if nearest is not None:
            model.coef_, model.intercept_ = nearest
        solution = model._fit_rows(X, labels, weights, model._moments(X, weights), like, grams)
        self._adopt(model)
        model._warn_unless_converged(solution)

    def _model(self, C: float, seed: Any) -> LinearClassifier:
        """Return a model at C that has the labels and the head, and begins where it last was."""
        model = LinearClassifier(
            self.head,
            C,
            standardize=self.standardize,
            warm_start=True,
            classes=self.classes,
            missing=self.missing,
            class_weight=self.class_weight,
            label_smoothing=self.label_smoothing,
            tol=self.tol,
            max_iter=self.max_iter,
            random_state=seed,
            verbose=max(0, self.verbose - 1),
        )
        for name in ("head_", "kind_", "classes_", "label_encoder_", "n_features_in_"):
            setattr(model, name, getattr(self, name))
        if hasattr(self, "feature_names_in_"):
            model.feature_names_in_ = self.feature_names_in_
        return model

    def _adopt(self, model: LinearClassifier) -> None:
        self.estimator_ = model
        for name in LEARNED:
            setattr(self, name, getattr(model, name))

    # -- scores -----------------------------------------------------------------------------

    def _held_out_score(
        self, model: LinearClassifier, X: Any, labels: np.ndarray, weights: np.ndarray, held: Any
    ) -> float:
        """Return the weighted mean loss of the held-out rows, or their accuracy."""
        k = self.label_encoder_.n_logits_
        size = max(1, BLOCK_CELLS // max(X.shape[1], k))
        total = mass = 0.0
        for start in range(0, len(held), size):
            rows = held[start : start + size]
            logits, truth, w = model._logits(X[rows]), labels[rows], weights[rows]
            if self.scoring == "log_loss":
                values = self.head_.loss.value(logits, to_targets(truth, self.kind_, k))
            else:
                right = self.head_.decide(logits) == truth
                values = (right | np.isnan(truth)).all(axis=1) if truth.ndim == 2 else right
            if truth.ndim == 2:
                w = w * ~np.isnan(truth).all(axis=1)
            total += float(w @ values)
            mass += float(w.sum())
        return total / mass

    def _costs(self, scores: np.ndarray) -> np.ndarray:
        """Return scores as costs, of which the least is best."""
        return scores if self.scoring == "log_loss" else -scores

    def _chosen(self, scores: np.ndarray) -> int:
        """Return the place of the C to take, the smallest of equals."""
        costs = self._costs(scores)
        means = costs.mean(axis=0)
        best = int(means.argmin())
        if not self.one_standard_error or len(scores) < 2:
            return best
        error = costs[:, best].std(ddof=1) / np.sqrt(len(scores))
        return int(np.argmax(means <= means[best] + error))

    # -- folds ------------------------------------------------------------------------------

    def _folds(self, X: Any, labels: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return (training rows, held-out rows) of each fold."""
        cv = DEFAULT_FOLDS if self.cv is None else self.cv
        if isinstance(cv, (bool, str, float)):
            raise InputTypeError(
                f"`cv` must be a number of folds, a splitter or pairs of rows, got {cv!r}. "
                f"The default is {DEFAULT_FOLDS}."
            )
        if isinstance(cv, Integral):
            most = len(labels) if labels.ndim == 2 else int(np.bincount(labels).max())
            if not 2 <= int(cv) <= most:
                what = "rows" if labels.ndim == 2 else "rows of the commonest class"
                raise InputValueError(
                    f"`cv` must be at least 2 and at most the number of {what}, {most}, got {cv}. "
                    "Pass fewer folds, or more rows."
                )
            cv = KFold(int(cv)) if labels.ndim == 2 else StratifiedKFold(int(cv))
        try:
            pairs: Iterator[Any] = check_cv(cv).split(X, labels)
            folds = [(_places(train), _places(held)) for train, held in pairs]
        except ValueError as error:
            raise InputValueError(
                f"`cv` must split the rows, but it failed: {error} Pass a number of folds."
            ) from error
        if not folds:
            raise InputValueError("`cv` must give one fold at least, got none. Try cv=5.")
        return folds

    def _check_fold(
        self, f: int, labels: np.ndarray, weights: np.ndarray, held_weights: np.ndarray
    ) -> None:
        """Raise unless a fold has something to learn from and something to be judged by."""
        trained = labels[weights > 0]
        if labels.ndim == 1:
            enough = len(trained) > 0 and (trained != trained[0]).any()
        else:
            enough = bool(((trained == 0).any(axis=0) & (trained == 1).any(axis=0)).any())
        if not enough:
            raise InputValueError(
                "Every fold must be trained on two classes (or on rows with and without a label), "
                f"got only one class in fold {f + 1}. Pass fewer folds, or more rows."
            )
        if not held_weights.any():
            raise InputValueError(
                f"Every fold must hold out rows that carry weight, got none in fold {f + 1}. Pass "
                "fewer folds, or leave rows without weight out."
            )

    # -- settings ---------------------------------------------------------------------------

    def _checked_Cs(self) -> np.ndarray:
        """Return the values of C, from small to large."""
        Cs = self.Cs
        if isinstance(Cs, Integral) and not isinstance(Cs, bool):
            if Cs < 1:
                raise InputValueError(f"`Cs` must be at least 1, got {Cs}. The default is 10.")
            return np.logspace(LEAST_C, MOST_C, int(Cs))
        values = None if isinstance(Cs, (bool, Real, str)) else np.asarray(Cs)
        if values is None or values.ndim != 1 or (values.size and values.dtype.kind not in "iuf"):
            raise InputTypeError(
                f"`Cs` must be an integer or a sequence of numbers, got {Cs!r}. Try [0.1, 1.0]."
            )
        if not values.size:
            raise InputValueError("`Cs` must hold one value at least, got none. Try [0.1, 1.0].")
        if not (values > 0).all():
            wrong = int(np.argmin(values > 0))
            raise InputValueError(
                f"`Cs` must be positive, got {values[wrong]} at place {wrong}. Leave it out."
            )
        return np.unique(values.astype(np.float64))

    def _check_choice(self) -> None:
        if self.scoring not in SCORINGS:
            raise InputValueError(
                f"`scoring` must be one of {', '.join(map(repr, SCORINGS))}, got {self.scoring!r}. "
                "Try 'log_loss'."
            )
        if not isinstance(self.one_standard_error, (bool, np.bool_)):
            raise InputTypeError(
                f"`one_standard_error` must be True or False, got {self.one_standard_error!r}. "
                "Pass True to prefer a smaller C that is about as good."
            )

    # -- predict and save -------------------------------------------------------------------

    def _logits(self, X: Any) -> np.ndarray:
        return self.estimator_._logits(X)

    def _state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        arrays, values = self.estimator_._state()
        values |= {"C": self.C_, "random_state": self.estimator_.random_state}
        return arrays | {"Cs": self.Cs_, "scores": self.scores_}, values

    def _set_state(self, arrays: dict[str, np.ndarray], values: dict[str, Any]) -> None:
        self.C_, self.Cs_, self.scores_ = values["C"], arrays["Cs"], arrays["scores"]
        self.mean_scores_ = self.scores_.mean(axis=0)
        model = self._model(self.C_, values["random_state"])
        model._set_state(arrays, values)
        self._adopt(model)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _places(rows: Any) -> np.ndarray:
    """Return the numbers of rows that may be given as a mask."""
    rows = np.asarray(rows)
    return np.flatnonzero(rows) if rows.dtype == bool else rows
