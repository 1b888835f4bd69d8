"""Any scikit-learn style classifier with headway's head, calibration and decisions.

    estimator -> logits -> [CALIBRATOR] -> head -> probs -> decision

What stands after the logits is fitted to cross-fitted logits: each row's come from a clone that
was not trained on it.  Then the estimator is fitted to all rows.  Under a sigmoid head, and for
label sets that the estimator does not take, there is a clone for each column, trained on the rows
whose cell is known.
"""

import os
from copy import deepcopy
from typing import Any

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import StratifiedKFold
from sklearn.utils import _safe_indexing as take_rows
from sklearn.utils import get_tags
from sklearn.utils.validation import _num_samples, check_is_fitted

from headway.classifiers.base import HeadClassifier
from headway.classifiers.estimator_logits import (
    JointModel,
    fit_columns,
    fit_joint,
    takes_label_sets,
)
from headway.classifiers.held_out import needs_rows
from headway.classifiers.resolve import resolve_head
from headway.classifiers.validation import rarest_label
from headway.classifiers.wrap_module import WrappedModule, is_module
from headway.errors import InputTypeError, InputValueError
from headway.labels import LabelEncoder, to_targets
from headway.links import SigmoidLink

__all__ = ["WrappedClassifier", "wrap"]


def wrap(
    estimator: Any,
    /,
    *,
    head: Any = "auto",
    calibrator: Any = None,
    decision: Any = None,
    cv: int = 5,
    classes: Any = None,
    missing: Any = None,
    random_state: int = 0,
) -> "WrappedClassifier | WrappedModule":
    """Return a classifier of headway that gets its logits from another estimator.

    Parameters
    ----------
    estimator : classifier with `fit` and `predict_proba` or `decision_function`, or torch module
        A module is never trained: `fit` learns calibrator and decision from rows that it was not
        trained on.  If a classifier is fitted already the result is too; calibrate and decide on
        rows that it was not fitted on, with `calibrate` and `decide_by`.
    head : "auto", "softmax", "sigmoid" or Head
        "sigmoid" on exclusive classes trains one clone a class.
    calibrator : name, Calibrator or None
        Fitted to cross-fitted logits, kept only where it helps.
    decision : Decision, Tuner or None
        A tuner is fitted to cross-fitted probabilities; None is the head's own.
    cv : int
        Folds of the cross-fitting, at least 2.
    classes : sequence, optional
        All class names, if the data may lack some.
    missing : number or text, optional
        Value that marks a missing cell in a matrix of labels, besides NaN.
    random_state : int
        Draws the folds.

    Returns
    -------
    WrappedClassifier, or WrappedModule for a torch module

    Raises
    ------
    InputTypeError
        If `estimator` is no classifier.

    Examples
    --------
    The log-posteriors of naive Bayes are logits of a softmax:

    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> X, y = load_iris(return_X_y=True)
    >>> model = wrap(GaussianNB()).fit(X, y)
    >>> bool(np.allclose(model.predict_proba(X), GaussianNB().fit(X, y).predict_proba(X)))
    True
    """
    if is_module(estimator):
        return WrappedModule(
            estimator,
            head=head,
            calibrator=calibrator,
            decision=decision,
            classes=classes,
            missing=missing,
            random_state=random_state,
        )
    model = WrappedClassifier(
        estimator,
        head=head,
        calibrator=calibrator,
        decision=decision,
        cv=cv,
        classes=classes,
        missing=missing,
        random_state=random_state,
    )
    _check_estimator(estimator)
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        return model
    return model._adopt()


class WrappedClassifier(HeadClassifier):
    """A classifier that gets its logits from another estimator; made by `wrap`.

    Parameters
    ----------
    estimator, head, calibrator, decision, cv, classes, missing, random_state
        As for `wrap`.

    Attributes
    ----------
    model_ : JointModel or ColumnModel
        Features to logits.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    >>> X, y = load_iris(return_X_y=True)
    >>> model = wrap(LinearDiscriminantAnalysis(), calibrator="temperature").fit(X, y)
    >>> model.calibration_report_.reason
    'Rolled back: it takes 10 rows that are right and 10 that are wrong, and there are 147 and 3.'
    """

    model_: Any

    def __init__(
        self,
        estimator: Any,
        *,
        head: Any = "auto",
        calibrator: Any = None,
        decision: Any = None,
        cv: int = 5,
        classes: Any = None,
        missing: Any = None,
        random_state: int = 0,
    ):
        self.estimator = estimator
        self.head = head
        self.calibrator = calibrator
        self.decision = decision
        self.cv = cv
        self.classes = classes
        self.missing = missing
        self.random_state = random_state

    # Weights of classes and soft targets are the estimator's own affair.
    class_weight = None
    label_smoothing = 0.0

    def _features(self, X: Any, *, reset: bool) -> Any:
        """Return the features as they are: the estimator knows what it takes."""
        _num_samples(X)
        return X

    def _fit_model(self, X: Any, labels: np.ndarray, weights: np.ndarray | None) -> None:
        _check_estimator(self.estimator)
        if isinstance(self.cv, bool) or not isinstance(self.cv, (int, np.integer)) or self.cv < 2:
            raise InputValueError(
                f"`cv` must be a number of folds, at least 2, got {self.cv!r}. 5 is a good choice."
            )
        if isinstance(self.estimator, HeadClassifier):
            if self.head != "auto":
                raise InputValueError(
                    "headway's own classifiers bring their head, got head="
                    f"{self.head!r} beside {type(self.estimator).__name__}. Give it to that one."
                )
            self.head_ = resolve_head(self.estimator.head, self.kind_)
        # Without anything to learn the rows are of no use, and no clone is trained for them.
        learns = needs_rows(self.calibrator, self.decision)
        z = self._cross_fitted(X, labels, weights) if learns else self._no_logits(labels)
        self._learn_after_logits(
            self.calibrator, self.decision, z, labels, weights, self.random_state
        )
        self.model_ = self._fit_rows(X, labels, weights)

    def _no_logits(self, labels: np.ndarray) -> np.ndarray:
        return np.zeros((len(labels), self.label_encoder_.n_logits_))

    def _fit_rows(self, X: Any, labels: np.ndarray, weights: np.ndarray | None) -> Any:
        """Return features-to-logits, trained on some rows."""
        columns = self.label_encoder_.n_logits_
        if isinstance(self.estimator, HeadClassifier):
            return fit_joint(self.estimator, X, labels, weights, columns)
        if self.kind_ == "multilabel":
            if takes_label_sets(self.estimator) and not np.isnan(labels).any():
                return fit_joint(self.estimator, X, labels, weights, columns)
            return fit_columns(self.estimator, X, labels, weights)
        if self.kind_ == "exclusive" and isinstance(self.head_.link, SigmoidLink):
            return fit_columns(self.estimator, X, to_targets(labels, "exclusive", columns), weights)
        return fit_joint(self.estimator, X, labels, weights, columns)

    def _cross_fitted(self, X: Any, labels: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
        """Return for each row the logits of clones that were not trained on it."""
        strata = labels if labels.ndim == 1 else rarest_label(labels)
        fewest = int(np.unique(strata, return_counts=True)[1].min())
        if fewest < 2:
            name = self.classes_[strata[np.argmax(np.bincount(strata)[strata] == fewest)]]
            raise InputValueError(
                "Each class must have at least two rows to be cross-fitted, got one of "
                f"{name!r}. Leave out `calibrator` and `decision`, or bring more rows."
            )
        folds = StratifiedKFold(min(self.cv, fewest), shuffle=True, random_state=self.random_state)
        z = np.empty((len(labels), self.label_encoder_.n_logits_))
        for kept, held in folds.split(np.zeros(len(labels)), strata):
            some = None if weights is None else weights[kept]
            model = self._fit_rows(take_rows(X, kept), labels[kept], some)
            z[held] = model(take_rows(X, held))
        return z

    def _adopt(self) -> "WrappedClassifier":
        """Return the classifier, fitted by what its estimator has learned already."""
        if self.calibrator is not None or self.decision is not None:
            raise InputValueError(
                "`calibrator` and `decision` are learned from rows, but the estimator is fitted "
                "already. Wrap it without them, then call `calibrate(X, y)` and "
                "`decide_by(decision, X, y)` with rows that it was not fitted on."
            )
        own = isinstance(self.estimator, HeadClassifier)
        encoder = self.estimator.label_encoder_ if own else self._encoder_of_fitted()
        head = self.estimator.head_ if own else resolve_head(self.head, encoder.kind_)
        if not own and encoder.kind_ == "exclusive" and isinstance(head.link, SigmoidLink):
            raise InputValueError(
                "A sigmoid head on exclusive classes needs one estimator for each class, got one "
                "that is fitted already. Wrap it with head='softmax', or fit it here."
            )
        self.label_encoder_, self.head_ = encoder, head
        self.kind_, self.classes_ = encoder.kind_, encoder.classes_
        sets = self.kind_ == "multilabel"
        names = None if sets else np.asarray(self.classes_)
        self.model_ = JointModel(self.estimator, encoder.n_logits_, names, label_sets=sets)
        return self

    def _encoder_of_fitted(self) -> LabelEncoder:
        found = self.estimator.classes_
        binarizer = getattr(self.estimator, "_label_binarizer", None)  # of scikit-learn's networks
        of_sets = (
            isinstance(found, list)
            or getattr(self.estimator, "multilabel_", False)
            or getattr(binarizer, "y_type_", "") == "multilabel-indicator"
        )
        if not of_sets:
            return LabelEncoder(classes=found).fit(np.asarray(found))
        names = list(range(len(found))) if self.classes is None else list(self.classes)
        both = np.tile([[0], [1]], (1, len(found)))
        return LabelEncoder(classes=names, kind="multilabel").fit(both)

    def _logits(self, X: Any) -> np.ndarray:
        return self.model_(X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags = get_tags(self.estimator).input_tags
        return tags

    def unwrapped(self) -> HeadClassifier:
        """Return headway's own classifier that was wrapped, with the calibrator and decision.

        It can be saved.  Raises InputTypeError for estimators of other libraries, and for one
        that has a calibrator already; InputValueError where its rows lacked a class.
        """
        inner = getattr(self.model_, "estimator", None)
        if not isinstance(inner, HeadClassifier):
            raise InputTypeError(
                "Only headway's own classifiers are written to its files, got a wrapped "
                f"{type(self.estimator).__name__}. Save it with pickle or joblib, or save its "
                "logits and use FromLogits."
            )
        if inner.calibrator_ is not None:
            raise InputTypeError(
                f"The wrapped {type(inner).__name__} must have no calibrator of its own to be "
                "saved, got one beside that of the wrapper. Save that classifier itself, or wrap "
                "it before it is calibrated."
            )
        if len(inner.classes_) != len(self.classes_):
            raise InputValueError(
                f"The wrapped {type(inner).__name__} must know every class to be saved, got one "
                f"that was fitted to {len(inner.classes_)} of {len(self.classes_)}. Bring rows of "
                "all classes, or pickle the wrapper."
            )
        model = deepcopy(inner)
        model.head_, model.label_encoder_ = self.head_, self.label_encoder_
        model.kind_, model.classes_ = self.kind_, self.classes_
        model.calibrator_ = self.calibrator_
        model.calibration_report_ = self.calibration_report_
        return model

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write headway's own classifier that was wrapped into one file; see `unwrapped`."""
        check_is_fitted(self)
        self.unwrapped().save(path)


def _check_estimator(estimator: Any) -> None:
    scores = hasattr(estimator, "predict_proba") or hasattr(estimator, "decision_function")
    # A stack learns what stands at its end when it is fitted.
    scores |= getattr(estimator, "final_estimator", estimator) is None
    other = not isinstance(estimator, type) and _is_known_as_another(estimator)
    if isinstance(estimator, type) or not hasattr(estimator, "fit") or not scores or other:
        got = estimator.__name__ if isinstance(estimator, type) else type(estimator).__name__
        votes = getattr(estimator, "voting", None) == "hard"
        raise InputTypeError(
            "`estimator` must be a classifier with `fit` and predict_proba or decision_function, "
            f"got {got}{', a class' if isinstance(estimator, type) else ''}. "
            + ("Set voting='soft'." if votes else "Pass an object, such as GaussianNB().")
        )


def _is_known_as_another(estimator: Any) -> bool:
    """Return whether the estimator says of itself that it is no classifier."""
    try:
        kind = get_tags(estimator).estimator_type
    except (AttributeError, TypeError):  # not scikit-learn's, and without tags
        return False
    return kind not in (None, "classifier")
