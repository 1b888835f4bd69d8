"""Logistic regression: a linear model under any head, solved to a proven optimum.

    logits    = X coef' + intercept
    objective = sum_i w_i loss(logits_i, targets_i) + |coef|^2 / (2 C)

Softmax and sigmoid heads are convex and come with a certificate, `optimality_gap_`.  Sparsemax
and entmax are convex too, but solved by gradients alone, without one; focal and asymmetric losses
are not convex: what is found is where the gradient vanishes.  The trap: separable data without a
penalty (`C=np.inf`) has no optimum; this is found and said, not iterated away.
"""

import sys
import warnings
from collections.abc import Callable
from dataclasses import replace
from numbers import Integral, Real
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from headway.classifiers.base import HeadClassifier
from headway.classifiers.given_labels import checked_label_smoothing
from headway.classifiers.predictor import Predictor, calibrated_weights
from headway.classifiers.standardize import BLOCK_CELLS, moments, standardised
from headway.errors import InputTypeError, InputValueError
from headway.kernels.linear import LinearRows
from headway.links import SigmoidLink, SoftmaxLink
from headway.losses import CanonicalLoss, PositiveWeightedLoss
from headway.solvers import Grams, LinearSolution, solve_convex, solve_smooth, threads_for

__all__ = ["LinearClassifier"]

SMOOTH_STEPS = 10  # L-BFGS steps granted for each Newton step of `max_iter`


class LinearClassifier(HeadClassifier):
    """Logistic regression: binary, multinomial, one sigmoid a class, or label sets.

    Parameters
    ----------
    head : name of `headway.heads.HEAD_NAMES`, or Head
        "auto" is softmax for exclusive classes, else sigmoid; for two classes they are the same.
    C : float
        Inverse strength of the penalty |coef|^2 / (2 C) on the SUM of losses, as in
        scikit-learn; `np.inf` for none.  The intercept is free.  (A softmax written with two
        columns at C is the one-column model at 2 C.)
    standardize : bool
        Penalise the coefficients of standardised features (mean 0, deviation 1) instead;
        `coef_` is in the original scale all the same.
    warm_start : bool
        Begin at the weights of the last fit, where the classes and features are as many.
    classes : sequence, optional
        All class names, if the data may lack some; by default those found in `y`.
    missing : number or text, optional
        Value that marks a missing cell in a matrix of labels, besides NaN.
    class_weight : None, "balanced" or dict of class name to weight
        Weights of the classes; in label sets, of each label's positives.
    label_smoothing : float
        Share in 0..1 of each target that is spread over the classes.
    tol : float
        Relative optimality gap at which to stop.
    max_iter : int
        Most Newton steps (times 10 for heads other than softmax and sigmoid).
    random_state : int, RandomState or None
        Draws the rows that speed the solver up; the optimum does not depend on it.
    verbose : int
        1 writes a line a step to stderr.

    Attributes
    ----------
    coef_ : float64 array of shape (K, d); (1, d) for binary labels
        Coefficients.
    intercept_ : float64 array of shape (K,) or (1,)
        Intercepts.
    optimality_gap_ : float
        Upper bound on (objective - optimum) / optimum, proven by duality in float64; NaN where
        there is no optimum or no proof (heads other than softmax and sigmoid).
    objective_ : float
        Sum of the weighted losses plus penalty, in nats.
    n_iter_ : int
        Steps taken.
    interrupted_ : bool
        Whether Ctrl-C ended the fit; the weights are then the best so far.

    See Also
    --------
    LinearClassifierCV : chooses `C` by cross-validation.
    MLPClassifier : the same heads on a network.

    Notes
    -----
    Classes that are declared but absent get the coefficients 0 and an intercept so low that
    they cost less than a tenth of `tol`.  Sparse features stay sparse, dense uint8 ones stay
    bytes.  float32 features are multiplied in float32 while that is exact enough, sums are
    float64.  Features are never copied whole (see docs/speed.md for what memory a fit takes).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = LinearClassifier(C=10.0).fit(X, y)
    >>> model.predict(X[[0, 60, 120]]).tolist()
    [0, 1, 2]
    >>> model.predict_proba(X[[60]]).round(3)
    array([[0.007, 0.992, 0.   ]])
    >>> model.optimality_gap_ <= 1e-6
    True
    """

    _takes_bytes = True

    coef_: np.ndarray
    intercept_: np.ndarray
    optimality_gap_: float
    objective_: float
    n_iter_: int
    interrupted_: bool

    def __init__(
        self,
        head: Any = "auto",
        C: float = 1.0,
        *,
        standardize: bool = False,
        warm_start: bool = False,
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
        self.C = C
        self.standardize = standardize
        self.warm_start = warm_start
        self.classes = classes
        self.missing = missing
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing
        self.tol = tol
        self.max_iter = max_iter
        self.random_state = random_state
        self.verbose = verbose

    def _fit_model(self, X: Any, labels: np.ndarray, weights: np.ndarray | None) -> None:
        self._check_settings()
        self._warn_unless_converged(
            self._fit_rows(X, labels, weights, self._moments(X, weights), None)
        )

    def _moments(self, X: Any, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """Return (mean, deviation) of the features where they are standardised, else (0, 1)."""
        if self.standardize:
            return moments(X, weights)
        return np.zeros(X.shape[1]), np.ones(X.shape[1])

    def _fit_rows(
        self,
        X: Any,
        labels: np.ndarray,
        weights: np.ndarray | None,
        moments: tuple[np.ndarray, np.ndarray],
        like: Any,
        grams: Grams | None = None,
    ) -> LinearSolution:
        """Fit the rows that carry weight; `like` is another pass over the features."""
        mean, deviation = moments
        start = self._warm_start(X.shape[1])
        if start is not None:
            start = np.column_stack(
                [start[:, :-1] * deviation, start[:, -1] + start[:, :-1] @ mean]
            )
        with threads_for(X.shape[0] * X.shape[1] * self.label_encoder_.n_logits_):
            solution = self._solve(X, labels, weights, mean, deviation, start, like, grams)
        coef, intercept = solution.coef, solution.intercept
        if self.standardize:
            coef = coef / deviation
            intercept = intercept - coef @ mean
        self.coef_, self.intercept_ = coef, intercept
        self.objective_, self.optimality_gap_ = solution.objective, solution.optimality_gap
        self.n_iter_, self.interrupted_ = solution.n_iter, solution.interrupted
        return solution

    def _solve(
        self,
        X: Any,
        labels: np.ndarray,
        weights: np.ndarray | None,
        mean: np.ndarray,
        deviation: np.ndarray,
        start: np.ndarray | None,
        like: Any,
        grams: Grams | None,
    ) -> LinearSolution:
        """Return the solution of the head's problem, convex if its loss is a known one."""
        loss, link = self.head_.loss, None
        report: Callable[[str], None] | None = _to_stderr if self.verbose else None
        positive_weight = None
        if isinstance(loss, CanonicalLoss):
            link = loss.link
        elif isinstance(loss, PositiveWeightedLoss):
            link = SigmoidLink()
            positive_weight = np.array(
                np.broadcast_to(loss.weight, (self.label_encoder_.n_logits_,)), dtype=np.float64
            )
        if not isinstance(link, (SoftmaxLink, SigmoidLink)):
            if self.standardize:
                X = standardised(X, mean, deviation)
            return solve_smooth(
                X,
                self._targets(labels),
                weights,
                loss=loss,
                C=float(self.C),
                tol=self.tol,
                max_iter=SMOOTH_STEPS * self.max_iter,
                report=report,
            )
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        rows = self._rows(X, labels, weights, positive_weight)
        penalty_weights = None
        if self.standardize and sp.issparse(X):
            # A free intercept takes up any shift, so that only the scale is left: it goes into
            # the penalty, and the features stay what they are.
            penalty_weights = deviation**2
            if start is not None:
                start[:, :-1] /= deviation
        elif self.standardize:
            rows = replace(rows, shift=mean, scale=1.0 / deviation)
        solution = solve_convex(
            rows,
            coupled=isinstance(link, SoftmaxLink),
            C=float(self.C),
            penalty_weights=penalty_weights,
            start=start,
            like=like,
            grams=grams,
            tol=self.tol,
            max_iter=self.max_iter,
            rng=np.random.default_rng(seed),
            report=report,
        )
        if penalty_weights is not None:
            solution = replace(solution, coef=solution.coef * deviation)
        return solution

    def _rows(
        self,
        X: Any,
        labels: np.ndarray,
        weights: np.ndarray | None,
        positive_weight: np.ndarray | None,
    ) -> LinearRows:
        """Return the rows with their targets in the smallest form: no (n, K) for K classes."""
        k = self.label_encoder_.n_logits_
        amount = checked_label_smoothing(self.label_smoothing)
        forms: dict[str, Any] = {"row_weights": weights, "positive_weight": positive_weight}
        if self.kind_ == "exclusive":
            spread = amount / k
            labels = labels.astype(np.int32)
            return LinearRows(X, k, labels=labels, on=1 - amount + spread, off=spread, **forms)
        codes = np.where(np.isnan(labels), 2, labels) if self.kind_ == "multilabel" else labels
        codes = np.ascontiguousarray(codes.reshape(len(labels), k), dtype=np.uint8)
        return LinearRows(X, k, codes=codes, on=1 - amount / 2, off=amount / 2, **forms)

    def _warm_start(self, d: int) -> np.ndarray | None:
        """Return the weights of the last fit, intercepts last, if they are wanted and fit."""
        if not self.warm_start or not hasattr(self, "coef_"):
            return None
        if self.coef_.shape != (self.label_encoder_.n_logits_, d):
            return None
        return np.column_stack([self.coef_, self.intercept_])

    def _check_settings(self) -> None:
        """Raise unless the parameters are what the class says."""
        for name, whole in (("C", False), ("tol", False), ("max_iter", True)):
            value: Any = getattr(self, name)
            kind: Any = Integral if whole else Real
            if isinstance(value, bool) or not isinstance(value, kind):
                what = "an integer" if whole else "a number"
                raise InputTypeError(
                    f"`{name}` must be {what}, got {value!r}. "
                    f"The default is {type(self)().get_params()[name]}."
                )
            if not value > 0 or (name == "tol" and not np.isfinite(value)):
                raise InputValueError(
                    f"`{name}` must be positive, got {value}. "
                    f"The default is {type(self)().get_params()[name]}."
                )
        for name, use in (
            ("standardize", "penalise features on one scale"),
            ("warm_start", "begin at the weights of the last fit"),
        ):
            if not isinstance(getattr(self, name), (bool, np.bool_)):
                raise InputTypeError(
                    f"`{name}` must be True or False, got {getattr(self, name)!r}. "
                    f"Pass True to {use}."
                )

    def _warn_unless_converged(self, solution: LinearSolution) -> None:
        if solution.separated:
            if self.kind_ == "binary" or len(solution.separated) == len(self.classes_):
                which = "the classes"
            else:
                columns = list(solution.separated[:5])
                which = ", ".join(map(repr, self.classes_[columns].tolist())) + " from the rest"
            warnings.warn(
                f"The features separate {which}, so that without a penalty there is no optimum: "
                "the weights grow for ever. These are the weights of the last step. "
                "Pass a finite C, for example C=1.0.",
                ConvergenceWarning,
                stacklevel=4,
            )
        elif solution.interrupted:
            warnings.warn(
                f"Interrupted after {solution.n_iter} steps: these are the best weights so far. "
                "Call `fit` again with warm_start=True to go on from them.",
                ConvergenceWarning,
                stacklevel=4,
            )
        elif not solution.converged:
            gap = solution.optimality_gap
            reached = "not known" if np.isnan(gap) else f"up to {gap:.1e} of the optimum"
            warnings.warn(
                f"The solver stopped after {solution.n_iter} steps before reaching tol={self.tol}"
                f" (distance: {reached}). Raise max_iter or tol, or scale the features "
                "(standardize=True).",
                ConvergenceWarning,
                stacklevel=4,
            )

    def predictor(self, dtype: Any = "float32") -> Predictor:
        """Return a read-only copy that predicts a few rows at a time without overhead.

        Parameters
        ----------
        dtype : {"float32", "float64"}
            In which it computes and answers.  `predict_proba`, `logits` and `predict` are those
            of the classifier up to that rounding, with no check but of shape and dtype.

        Raises
        ------
        InputTypeError
            If the calibrator is no affine map, such as an isotonic one.

        Examples
        --------
        >>> model = LinearClassifier().fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
        >>> model.predictor().predict(np.array([[2.5]]))
        array([1])
        """
        check_is_fitted(self)
        coef, intercept = calibrated_weights(self.coef_, self.intercept_, self.calibrator_)
        return Predictor(coef, intercept, self.head_, self.label_encoder_, dtype)

    def _logits(self, X: Any) -> np.ndarray:
        n, d = X.shape
        if sp.issparse(X):
            return np.asarray(X @ self.coef_.T) + self.intercept_
        # Block by block: float32 features are widened, and not all at once.
        logits = np.empty((n, len(self.intercept_)))
        size = max(1, BLOCK_CELLS // d)
        for start in range(0, n, size):
            rows = slice(start, start + size)
            logits[rows] = X[rows] @ self.coef_.T
        logits += self.intercept_
        return logits

    def _state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        arrays = {"coef": self.coef_, "intercept": self.intercept_}
        values = {
            "objective": self.objective_,
            "optimality_gap": self.optimality_gap_,
            "n_iter": self.n_iter_,
            "interrupted": self.interrupted_,
        }
        return arrays, values

    def _set_state(self, arrays: dict[str, np.ndarray], values: dict[str, Any]) -> None:
        self.coef_, self.intercept_ = arrays["coef"], arrays["intercept"]
        self.objective_ = values["objective"]
        self.optimality_gap_ = values["optimality_gap"]
        self.n_iter_ = values["n_iter"]
        self.interrupted_ = values.get("interrupted", False)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr)  # noqa: T201
