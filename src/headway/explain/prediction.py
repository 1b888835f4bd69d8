"""Why a fitted model decided one row as it did, and what would have changed it.

    features -> logits -> calibrator -> head -> probs -> decision
       |                                                    |
    contributions, compared with a baseline row          the smallest changes that flip it

For exclusive classes the contributions are those to the difference of two logits: a shift of all
logits alike changes no softmax, so that a single logit explains nothing there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils import _safe_indexing as take_rows
from sklearn.utils.validation import _num_samples, check_is_fitted

from headway.classifiers import HeadClassifier, WrappedClassifier
from headway.classifiers.answers import action_names
from headway.classifiers.contributions import contributions_to, why_no_contributions
from headway.errors import InputTypeError, InputValueError
from headway.explain.explanation import Explanation, Option, Reason, in_words
from headway.explain.flips import (
    logit_flips,
    smallest_flip,
    temperature_flip,
    threshold_flip,
    with_held_draw,
)
from headway.explain.rules import (
    calibration_words,
    decision_options,
    head_words,
    rule_words,
    runner_up,
)
from headway.labels.names import nearest_names, quote
from headway.links import SigmoidLink

__all__ = ["explain_prediction"]

MOST_LABELS = 3


def explain_prediction(
    model: HeadClassifier,
    X: Any,
    row: int = 0,
    *,
    baseline: Any = None,
    top: int = 10,
    classes: Sequence[Any] | None = None,
    image_shape: tuple[int, int] | None = None,
    steps: int = 2048,
) -> Explanation:
    """Return why a fitted classifier decided a row as it did, and what would have changed it.

    Parameters
    ----------
    model : HeadClassifier
        Fitted.
    X : array or DataFrame of shape (n, d)
        Features, as for `predict`.
    row : int
        Which row to explain, in 0..n-1.
    baseline : "mean", "zeros" or array of shape (d,), optional
        What the row is compared with: the mean of the rows of `X` (the default where there are at
        least two), zeros (the default for a single row), or a row of your own.
    top : int
        How many features text, JSON and picture tell, those of the largest contributions.
    classes : sequence of names, optional
        For exclusive classes one or two: why the first rather than the second (by default: the
        class decided, and the one that came next).  For label sets the labels to explain (by
        default those decided, at most three).
    image_shape : (height, width), optional
        If a row is a picture and the model does not know it.
    steps : int
        Most points at which the gradient of a network is read; `Explanation.error` says what
        remains.

    Returns
    -------
    Explanation
        Of the decision that `predict` gives.

    Raises
    ------
    InputTypeError, InputValueError
        If the model is not fitted or no classifier, or row, features, baseline or names do not
        fit it.

    References
    ----------
    Sundararajan, Taly and Yan (2017), "Axiomatic Attribution for Deep Networks", ICML.

    Examples
    --------
    >>> from headway import LinearClassifier
    >>> model = LinearClassifier().fit([[0.0], [1.0], [2.0], [3.0]], ["no", "no", "yes", "yes"])
    >>> found = explain_prediction(model, [[0.0], [3.0]], row=1)
    >>> found.answer, found.runner_up, found.reasons[0].question
    ('yes', 'no', 'yes rather than no')
    >>> logit = found.reasons[0].base + found.reasons[0].values.sum()
    >>> bool(abs(logit - model.raw_logits([[3.0]])[0, 0]) < 1e-12)
    True
    >>> found.smallest("logit").then  # a logit of 0 is as far from yes as from no
    0.0
    """
    if not isinstance(model, HeadClassifier):
        raise InputTypeError(
            f"`model` must be a fitted classifier of headway, got {type(model).__name__}. "
            "`wrap` makes one of another estimator."
        )
    check_is_fitted(model)
    model = _inside(model)
    features = model._features(X, reset=False)
    n = _num_samples(features)
    _check_row(row, n)
    if not isinstance(top, (int, np.integer)) or top < 1:
        raise InputValueError(f"`top` must be a whole number from 1 on, got {top!r}. Use 10.")
    raw = model._logits(take_rows(features, [int(row)]))
    calibrated = raw if model.calibrator_ is None else model.calibrator_(raw)
    head = with_held_draw(model.head_, calibrated)
    z = calibrated[0].astype(np.float64)
    probs = np.asarray(head.to_probs(z[None, :])[0], dtype=np.float64)
    decided = head.decide(calibrated)[0]

    names = tuple(map(str, model.classes_))
    logit_names = names[1:] if model.kind_ == "binary" else names
    several = np.ndim(decided) > 0
    actions = names if several else tuple(map(str, action_names(head.decision, model.classes_)))

    def named(answer: Any) -> tuple[str, ...]:
        if np.ndim(answer) == 0:
            return (actions[int(answer)],)
        return tuple(name for name, has in zip(names, answer, strict=True) if has)

    def words(answer: Any) -> str:
        return in_words(named(answer), model.kind_)

    options, compared = decision_options(head.decision, probs, decided, actions)
    following = runner_up(head.decision, options, compared)
    each = logit_flips(head, z, logit_names, words)
    flips = (
        smallest_flip(each),
        threshold_flip(head, z, names, words),
        temperature_flip(head, z, words),
    )
    asked = _asked(model.kind_, names, classes, probs, options, following)
    absent = why_no_contributions(model)
    reasons: tuple[Reason, ...] = ()
    method, error, used = "", 0.0, 0
    row_of_numbers, compared_with, baseline_name = np.zeros(0), np.zeros(0), ""
    shape: tuple[int, int, int] | None = None
    feature_names: tuple[str, ...] = ()
    if absent is None:
        row_of_numbers, compared_with, baseline_name = _baseline(features, row, baseline)
        shape = _image_shape(model, image_shape, len(row_of_numbers))
        feature_names = _feature_names(model, len(row_of_numbers), shape)
        directions = np.array([_direction(model.kind_, len(z), pair) for pair in asked])
        found = contributions_to(model, row_of_numbers, compared_with, directions, most_steps=steps)
        method, error, used = found.method, found.error, found.steps
        reasons = tuple(
            Reason(
                question=" rather than ".join(names[k] for k in pair),
                classes=tuple(names[k] for k in pair),
                logit=float(direction @ raw[0].astype(np.float64)),
                base=float(base),
                values=values,
            )
            for pair, direction, base, values in zip(
                asked, directions, found.base, found.values, strict=True
            )
        )
    sigmoids = head.exclusive and isinstance(head.link, SigmoidLink) and len(z) > 1
    return Explanation(
        row=int(row),
        model=type(model).__name__,
        kind=model.kind_,
        classes=names,
        logit_names=logit_names,
        raw_logits=raw[0].astype(np.float64),
        logits=z,
        calibration=calibration_words(model.calibrator_, raw[0]),
        head=head_words(head, z, logit_names),
        membership=np.asarray(head.membership(z[None, :])[0]) if sigmoids else None,
        probs=probs,
        rule=rule_words(head.decision, actions),
        decision=named(decided),
        several=several,
        options=options,
        compared=compared,
        runner_up=following,
        flips=flips,
        logit_flips=each,
        reasons=reasons,
        no_reasons=absent or "",
        baseline_name=baseline_name,
        method=method,
        error=error,
        steps=used,
        feature_names=feature_names,
        features=row_of_numbers,
        baseline=compared_with,
        image_shape=shape,
        top=int(top),
    )


def _inside(model: HeadClassifier) -> HeadClassifier:
    """Return headway's own classifier that was wrapped, or the model itself."""
    if isinstance(model, WrappedClassifier) and isinstance(model.estimator, HeadClassifier):
        try:
            return model.unwrapped()
        except InputTypeError:
            return model
    return model


def _check_row(row: Any, n: int) -> None:
    if isinstance(row, bool) or not isinstance(row, (int, np.integer)):
        raise InputTypeError(f"`row` must be a whole number, got {row!r}. Count rows from 0.")
    if not 0 <= row < n:
        raise InputValueError(
            f"`row` must be in 0..{n - 1}, got {row}. Rows are counted from 0: choose one of "
            f"the {n}."
        )


def _baseline(features: Any, row: int, baseline: Any) -> tuple[np.ndarray, np.ndarray, str]:
    """Return the row, what it is compared with, and the latter in words."""
    n, d = features.shape
    one = features[row : row + 1]
    values = (one.toarray() if hasattr(one, "toarray") else one)[0].astype(np.float64)
    if baseline is None:
        baseline = "mean" if n > 1 else "zeros"
    if isinstance(baseline, str):
        if baseline == "zeros":
            return values, np.zeros(d), "a row of zeros"
        if baseline == "mean":
            mean = np.asarray(features.mean(axis=0, dtype=np.float64)).ravel()
            return values, mean, f"the mean of the {n} rows given"
        raise InputValueError(
            f"`baseline` must be 'mean', 'zeros' or a row of {d} numbers, got {baseline!r}. "
            "Try 'mean'."
        )
    try:
        given = np.asarray(baseline, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputTypeError(
            f"`baseline` must be 'mean', 'zeros' or a row of {d} numbers, got {baseline!r}. "
            "Try 'mean'."
        ) from error
    if given.shape != (d,) or not np.isfinite(given).all():
        raise InputValueError(
            f"`baseline` must be a row of {d} finite numbers, got shape {given.shape}"
            f"{' with one that is not finite' if given.shape == (d,) else ''}. Give one value "
            "for each feature."
        )
    return values, given, "the baseline given"


def _asked(
    kind: str,
    names: tuple[str, ...],
    classes: Sequence[Any] | None,
    probs: np.ndarray,
    options: tuple[Option, ...],
    following: str,
) -> list[tuple[int, ...]]:
    """Return the labels, or the one pair of classes, whose logits are explained."""
    given = _columns(classes, names)
    order = np.argsort(-probs, kind="stable").tolist()
    if kind == "multilabel":
        if given:
            return [(k,) for k in given]
        chosen = [k for k in order if options[k].chosen][:MOST_LABELS]
        return [(k,) for k in chosen or [names.index(following)]]
    if len(given) > 2:
        raise InputValueError(
            f"`classes` must name one or two classes, got {len(given)}. Ask why the first rather "
            "than the second."
        )
    if len(given) == 2:
        return [(given[0], given[1])]
    chosen = [k for k in order if options[k].chosen]
    # Of several candidates the least probable: the one that was nearest to being left out.
    first = given[0] if given else chosen[-1] if chosen else order[0]
    if given and chosen and first != chosen[0]:
        return [(first, chosen[0])]
    rival = names.index(following) if following in names else first
    return [(first, rival if rival != first else next(k for k in order if k != first))]


def _columns(classes: Any, names: tuple[str, ...]) -> list[int]:
    """Return the columns of the classes named."""
    if classes is None:
        return []
    if isinstance(classes, (str, int, np.generic)):
        classes = [classes]
    given = [str(name) for name in classes]
    for place, name in enumerate(given):
        if name not in names:
            near = nearest_names(name, names)
            hint = f" Nearest names: {', '.join(map(repr, near))}." if near else ""
            raise InputValueError(
                f"`classes` must be names of the model ({quote(names)}), got {name!r}.{hint} "
                "See `classes_`."
            )
        if name in given[:place]:
            raise InputValueError(
                f"`classes` must be distinct, got {name!r} twice. Name each once."
            )
    return [names.index(name) for name in given]


def _direction(kind: str, K: int, pair: tuple[int, ...]) -> np.ndarray:
    """Return the row that makes of the logits what is asked: one of them, or a difference."""
    if kind == "binary":
        return np.array([1.0 if pair[0] == 1 else -1.0])
    direction = np.zeros(K)
    direction[pair[0]] = 1.0
    if len(pair) == 2:
        direction[pair[1]] = -1.0
    return direction


def _image_shape(model: Any, given: Any, d: int) -> tuple[int, int, int] | None:
    known = getattr(model, "image_shape_", None)
    if given is None:
        return None if known is None else tuple(known)
    height, width = given
    if height * width != d:
        raise InputValueError(
            f"`image_shape` must hold {d} pixels, got {tuple(given)}. Give (height, width), or "
            "leave it out."
        )
    return (1, int(height), int(width))


def _feature_names(model: Any, d: int, shape: tuple[int, int, int] | None) -> tuple[str, ...]:
    names = getattr(model, "feature_names_in_", None)
    if names is not None:
        return tuple(map(str, names))
    if shape is None:
        return tuple(f"x{j}" for j in range(d))
    channels, height, width = shape
    places = [(c, y, x) for c in range(channels) for y in range(height) for x in range(width)]
    if channels == 1:
        return tuple(f"pixel ({y}, {x})" for _, y, x in places)
    return tuple(f"pixel ({y}, {x}) of channel {c}" for c, y, x in places)
