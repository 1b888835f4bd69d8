"""The classifiers that enter a contest: how each is built, fitted, timed and seen.

Everything but the head is the same for all heads of a model: rows, settings, and the seed that
fixes initial weights and batch order.  The trap is the clock: whoever runs first pays for
loading torch and for its cold caches, so networks are warmed up before the first fit counts.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.naive_bayes import GaussianNB, MultinomialNB

from headway.classifiers import ConvClassifier, LinearClassifier, MLPClassifier, wrap
from headway.comparison.results import Run
from headway.comparison.work import Split, Work
from headway.errors import InputValueError
from headway.links import SigmoidLink

__all__ = ["MODELS", "OWN_MODELS", "applies", "build", "omission", "run_once", "warm_up"]

OWN_MODELS = ("linear", "mlp", "cnn")
# scikit-learn's, wrapped: their log-posteriors or logits under the same heads.
OTHER_MODELS = ("lda", "naive-bayes", "forest", "boosting")
MODELS = OWN_MODELS + OTHER_MODELS
WRAPPED_HEADS = ("softmax", "sigmoid")
# What `get_params` says of the head, the data or the screen is no setting of the model.
NOT_SETTINGS = frozenset({"head", "classes", "missing", "image_shape", "verbose", "random_state"})


def omission(model: str, work: Work) -> str | None:
    """Return why `model` cannot be fitted to this work, or None if it can.

    Examples
    --------
    >>> import numpy as np
    >>> from headway.comparison.work import read_work
    >>> work = read_work(np.eye(4), [0, 1, 2, 2])
    >>> omission("linear", work) is None
    True
    >>> omission("cnn", work)
    'cnn left out: it needs pictures; give their size with image_shape=(height, width).'
    """
    if model == "linear":
        return None
    if model in OTHER_MODELS:
        return _omission_of_other(model, work)
    if find_spec("torch") is None:
        return f"{model} left out: it needs PyTorch; install it with `pip install headway[torch]`."
    if issparse(work.X):
        return f"{model} left out: it needs dense features; pass `X.toarray()` if that fits."
    if model == "cnn" and work.image_shape is None:
        return "cnn left out: it needs pictures; give their size with image_shape=(height, width)."
    return None


def build(
    model: str, head: str, work: Work, seed: int, settings: Mapping[str, Any] | None = None
) -> Any:
    """Return an unfitted classifier for this work.

    Parameters
    ----------
    model : {"linear", "mlp", "cnn", "lda", "naive-bayes", "forest", "boosting"}
        Which model.
    head : str
        Name of a preset head.
    work : Work
        Pixels share one scale already; the columns of a table do not, so for tables the linear
        model standardises them by its training rows.  Networks scale their input themselves.
    seed : int
        Initial weights and batch order.
    settings : dict, optional
        Parameters that differ from the defaults, such as a tuned C.

    Raises
    ------
    ValueError
        If there is no such model.
    """
    given: dict[str, Any] = {"head": head, "random_state": seed, **(settings or {})}
    # Label matrices name no classes: their columns are the labels.
    given["classes"] = None if work.kind == "multilabel" else np.arange(len(work.classes))
    if model == "linear":
        return LinearClassifier(standardize=_is_table(work), **given)
    if model == "mlp":
        return MLPClassifier(**given)
    if model == "cnn":
        return ConvClassifier(image_shape=work.image_shape, **given)
    if model in OTHER_MODELS:
        return wrap(_other_estimator(model, work, seed), **given)
    raise InputValueError(f"`models` must be among {', '.join(MODELS)}, got {model!r}.")


def applies(model: str, head: str, /) -> bool:
    """Return whether a model can carry a head: others are not trained on headway's losses.

    Examples
    --------
    >>> applies("lda", "softmax"), applies("lda", "double-softmax"), applies("mlp", "softmax+bce")
    (True, False, True)
    """
    return model not in OTHER_MODELS or head in WRAPPED_HEADS


def _omission_of_other(model: str, work: Work) -> str | None:
    if model == "forest" or not issparse(work.X):
        return None
    if model == "naive-bayes" and work.X.min() >= 0:
        return None  # counts
    return f"{model} left out: it needs dense features; pass `X.toarray()` if that fits."


def _other_estimator(model: str, work: Work, seed: int) -> Any:
    """Return scikit-learn's estimator as one would start with it."""
    if model == "lda":
        # Shrunk, since pixels and dummies are collinear.
        return LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    if model == "naive-bayes":
        return MultinomialNB() if issparse(work.X) else GaussianNB()
    if model == "forest":
        return RandomForestClassifier(n_estimators=300, random_state=seed)
    return HistGradientBoostingClassifier(random_state=seed)


def run_once(
    model: str,
    head: str,
    work: Work,
    split: Split,
    seed: int,
    settings: Mapping[str, Any] | None = None,
) -> Run:
    """Return the run of one classifier: fitted on the training rows, seen on the test rows.

    Parameters
    ----------
    model, head, work, seed, settings
        As for `build`.
    split : Split
        The rows.

    Raises
    ------
    KeyboardInterrupt
        Also when the network itself would have kept its best weights so far: a contest of a
        half-trained network says nothing.
    """
    classifier = build(model, head, work, seed, settings)
    start = time.perf_counter()
    classifier.fit(split.X_train, split.train_labels)
    seconds = time.perf_counter() - start
    if getattr(classifier, "interrupted_", False):
        raise KeyboardInterrupt
    logits = np.asarray(classifier.logits(split.X_test), dtype=np.float64)
    fitted_head = classifier.head_
    independent = isinstance(fitted_head.link, SigmoidLink) and work.kind == "exclusive"
    return Run(
        model=model,
        head=head,
        seed=seed,
        labels=split.test_labels,
        logits=logits,
        probs=fitted_head.to_probs(logits),
        log_probs=fitted_head.to_log_probs(logits),
        predictions=np.asarray(fitted_head.decide(logits)),
        membership=fitted_head.membership(logits) if independent else None,
        seconds=seconds,
        settings=_settings(model, classifier),
        history=getattr(classifier, "history_", None),
        rows=split.test_rows,
    )


def _settings(model: str, classifier: Any) -> dict[str, Any]:
    """Return the settings of a fitted model, for the report."""
    params = classifier.get_params(deep=False)
    if model in OTHER_MODELS:
        return {"estimator": repr(params["estimator"])}
    return {name: value for name, value in params.items() if name not in NOT_SETTINGS}


def warm_up(model: str, head: str, work: Work, split: Split) -> None:
    """Fit one epoch on a few rows, so that no head pays for loading torch and cold caches."""
    if model not in ("mlp", "cnn"):
        return
    few = _rows_of_every_class(split.train_labels)
    build(model, head, work, 0, {"epochs": 1}).fit(split.X_train[few], split.train_labels[few])


def _rows_of_every_class(labels: np.ndarray) -> np.ndarray:
    if labels.ndim == 2:  # a matrix must keep both values in each column: take all of it
        return np.arange(len(labels))
    first = np.unique(labels, return_index=True)[1]
    return np.union1d(first, np.arange(min(len(labels), 256)))


def _is_table(work: Work) -> bool:
    return work.image_shape is None and not issparse(work.X)
