"""One training example followed through one step of a one-layer network.

For a row x with target row t, weights W and bias b:

    logits   z = W x + b
    probs    p = link(z)
    gradient of the loss by the logits: p - t           (softmax and sigmoid alike)
    gradient by W: (p - t) x^T, by b: p - t
    one step of length r moves the logits by -r (|x|^2 + 1) (p - t)

Both heads start from the same weights, so that everything they share is seen to be shared.
The bias starts at the log-odds of each class: a sigmoid neuron then begins at the share of its
class.  Softmax does not need that, since a shift of all logits alike changes nothing there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headway._check import check_features
from headway.datasets import Dataset
from headway.errors import InputValueError
from headway.explain.story import HeadStep, Neuron, TrainingStory
from headway.heads import Head, preset_head
from headway.kernels import sigmoid
from headway.labels import LabelEncoder, to_targets

__all__ = ["follow_example"]

MOST_ROWS = 1000

NOTES = {
    "binary": "With two classes there is one logit, and softmax over (0, z) IS the sigmoid of z: "
    "both heads are the same model.",
    "exclusive": "Both heads are told the same thing in the same form; they differ only in that "
    "softmax shares one unit of probability among the classes and sigmoid does not.",
    "multilabel": "Softmax does not apply: its values share one unit, but a row may carry several "
    "labels at once.",
}


def follow_example(
    X: Any,
    y: Any = None,
    row: int = 0,
    *,
    classes: Sequence[Any] | None = None,
    feature_names: Sequence[str] | None = None,
    image_shape: tuple[int, int] | None = None,
    name: str | None = None,
    learning_rate: float | None = None,
    steps: int = 300,
    random_state: int = 0,
) -> TrainingStory:
    """Return the story of one training example under each head that fits its labels.

    Parameters
    ----------
    X : Dataset, or numeric array of shape (n, d)
        The data; a `Dataset` brings labels, names and image shape with it.
    y : labels, optional
        Of any kind `LabelEncoder` reads; omitted if `X` is a `Dataset`.
    row : int
        Which example, in 0..n-1.
    classes : sequence, optional
        The classes in order, if the labels do not show them all.
    feature_names : sequence of d str, optional
        Names of the inputs.
    image_shape : tuple of int, optional
        (height, width), if a row is a picture.
    name : str, optional
        What to call the data.
    learning_rate : float, optional
        Length of the step; by default 1 / (|x|^2 + 1), which moves each logit by exactly minus
        its gradient.
    steps : int
        How many steps of gradient descent over all rows (at most 1000 of them) follow.
    random_state : int
        Seed of the initial weights.

    Returns
    -------
    TrainingStory
        Target row, one neuron in full, and for each head probs, loss, gradient and the logits
        after the step.

    Raises
    ------
    InputValueError
        If there is no such row, its target is missing, or learning rate or steps do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    >>> story = follow_example(X, ["a", "b", "c"], row=1)
    >>> story.targets
    array([0., 1., 0.])
    >>> softmax_step = story.heads[0]
    >>> bool(np.allclose(softmax_step.gradient, softmax_step.probs - story.targets))
    True
    >>> bool(np.allclose(softmax_step.logits_after, story.logits - softmax_step.gradient))
    True
    """
    if isinstance(X, Dataset):
        data = X
        X, y = data.X, data.y if y is None else y
        classes = data.classes if classes is None else classes
        feature_names = data.feature_names if feature_names is None else feature_names
        image_shape = data.image_shape if image_shape is None else image_shape
        name = data.name if name is None else name
    if y is None:
        raise InputValueError(
            "`y` must be given beside an array of features, got None. "
            "Pass the labels, or a Dataset as `X`."
        )
    X = _numbers(X, image_shape)
    _check_choices(len(X), row, learning_rate, steps)

    encoder = LabelEncoder(classes=classes)
    encoded = encoder.fit(y).transform(y)
    kind = encoder.kind_
    columns = [str(c) for c in encoder.classes_]
    targets = np.asarray(to_targets(encoded, kind, encoder.n_logits_), dtype=np.float64)
    if np.isnan(targets[row]).all():
        raise InputValueError(
            f"The row to follow must have a target, got only missing labels at row {row}. "
            "Choose another row."
        )
    names = tuple(columns[1:] if kind == "binary" else columns)
    if len(targets) != len(X):
        raise InputValueError(
            f"`X` and `y` must have as many rows, got {len(X)} and {len(targets)}. "
            "Give one label row for each feature row."
        )

    weights, bias = _start(X.shape[1], targets, random_state)
    kept = _sample_rows(len(X), row, random_state)
    place = int(np.flatnonzero(kept == row)[0])
    features, scaling = _scale(X[kept], image_shape)
    targets = targets[kept]
    x, t = features[place], targets[place]
    logits = weights @ x + bias
    size = float(x @ x) + 1.0
    rate = 1.0 / size if learning_rate is None else float(learning_rate)

    present = np.flatnonzero(t == 1)
    column = int(present[0]) if len(present) else 0
    head_names = ("softmax", "sigmoid") if kind == "exclusive" else ("sigmoid",)
    heads = tuple(
        _follow(
            preset_head(head_name, kind),
            head_name,
            weights=weights,
            bias=bias,
            features=features,
            targets=targets,
            place=place,
            column=column,
            step=rate * size,
            steps=steps,
        )
        for head_name in head_names
    )
    return TrainingStory(
        name=name or "the data",
        kind=kind,
        classes=names,
        row=int(row),
        label=_label(columns, t, kind),
        image_shape=None if image_shape is None else (int(image_shape[0]), int(image_shape[1])),
        feature_names=_feature_names(feature_names, image_shape, X.shape[1]),
        scaling=scaling,
        features=x,
        targets=t,
        logits=logits,
        neuron=Neuron(
            column=column,
            name=names[column],
            weights=weights[column],
            products=weights[column] * x,
            weighted_sum=float(weights[column] @ x),
            bias=float(bias[column]),
            activation=float(sigmoid(logits)[column]),
        ),
        learning_rate=rate,
        input_size=size,
        heads=heads,
        note=NOTES[kind],
    )


def _follow(
    head: Head,
    name: str,
    *,
    weights: np.ndarray,
    bias: np.ndarray,
    features: np.ndarray,
    targets: np.ndarray,
    place: int,
    column: int,
    step: float,
    steps: int,
) -> HeadStep:
    """Return one step on the example at `place`, and its path while training on all rows."""
    t = targets[place : place + 1]
    logits = (features[place] @ weights.T + bias)[None, :]
    gradient = head.loss.gradient(logits, t)
    after = logits - step * gradient
    path, trained = _descend(head, weights, bias, features, targets, place, column, steps)
    return HeadStep(
        name=name,
        probs=head.membership(logits)[0],
        loss=float(head.loss.value(logits, t)[0]),
        gradient=gradient[0],
        logits_after=after[0],
        probs_after=head.membership(after)[0],
        loss_after=float(head.loss.value(after, t)[0]),
        path=path,
        logits_trained=trained,
        probs_trained=head.membership(trained[None, :])[0],
    )


def _descend(
    head: Head,
    weights: np.ndarray,
    bias: np.ndarray,
    features: np.ndarray,
    targets: np.ndarray,
    place: int,
    column: int,
    steps: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return what the link gives `column` of the example at each step, and its last logits.

    Plain gradient descent on the mean loss.  The Hessian of either loss by the logits is at
    most 1/2, so 2 / (largest eigenvalue of the features' second moment) cannot diverge.
    """
    inputs = np.column_stack([features, np.ones(len(features))])
    rate = 2.0 / _largest_eigenvalue(inputs)
    stacked = np.column_stack([weights, bias])
    path = np.empty(steps + 1)
    for number in range(steps + 1):
        logits = inputs @ stacked.T
        path[number] = head.membership(logits[place : place + 1])[0, column]
        if number < steps:
            gradient = head.loss.gradient(logits, targets)
            stacked = stacked - rate * (gradient.T @ inputs) / len(inputs)
    return path, logits[place]


def _largest_eigenvalue(inputs: np.ndarray) -> float:
    """Return (a little above) the largest eigenvalue of inputs' second moment, by powers."""
    vector = np.ones(inputs.shape[1])
    value = 1.0
    for _ in range(30):
        image = inputs.T @ (inputs @ vector) / len(inputs)
        value = float(np.linalg.norm(image))
        vector = image / value
    return 1.1 * value


def _start(
    n_features: int, targets: np.ndarray, random_state: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return small random weights, and the log-odds of each class as the bias."""
    rng = np.random.default_rng(random_state)
    weights = rng.normal(size=(targets.shape[1], n_features)) / np.sqrt(n_features)
    observed = np.sum(~np.isnan(targets), axis=0)
    # Half a row is added to both sides: a declared class without rows keeps a finite bias.
    yes = np.nansum(targets, axis=0) + 0.5
    return weights, np.log(yes / (observed + 1.0 - yes))


def _numbers(X: Any, image_shape: tuple[int, int] | None) -> np.ndarray:
    """Return the features as a numeric matrix, checked but not copied if they are one."""
    X = X.toarray() if hasattr(X, "toarray") else np.asarray(X)
    if X.dtype.kind not in "fiub":
        try:
            X = X.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise InputValueError(
                f"`X` must hold numbers only, got dtype {X.dtype} ({error}). "
                "Encode or drop the columns that hold text."
            ) from error
    if X.ndim != 2 or X.shape[1] == 0:
        raise InputValueError(
            f"`X` must have shape (n, d) with d at least 1, got {X.shape}. "
            "Give one row for each example."
        )
    if image_shape is not None and image_shape[0] * image_shape[1] != X.shape[1]:
        raise InputValueError(
            f"`image_shape` must hold {X.shape[1]} pixels, got {tuple(image_shape)}. "
            "Give (height, width), or leave it out."
        )
    check_features(X)
    return X


def _scale(X: np.ndarray, image_shape: tuple[int, int] | None) -> tuple[np.ndarray, str]:
    """Return features of about unit size, and what was done to them in words."""
    X = X.astype(np.float64)
    if image_shape is not None:
        largest = float(np.abs(X).max()) or 1.0
        done = "pixels as given" if largest == 1.0 else f"pixels divided by {largest:g}"
        return X / largest, f"{done}, so that the largest is 1"
    spread = X.std(axis=0)
    centred = (X - X.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return centred, "each column has its mean taken off and is divided by its standard deviation"


def _sample_rows(n: int, row: int, random_state: int) -> np.ndarray:
    """Return at most MOST_ROWS row numbers, in order, `row` among them."""
    if n <= MOST_ROWS:
        return np.arange(n)
    rng = np.random.default_rng(random_state)
    others = np.delete(np.arange(n), row)
    return np.sort(np.append(rng.choice(others, MOST_ROWS - 1, replace=False), row))


def _feature_names(
    given: Sequence[str] | None, image_shape: tuple[int, int] | None, n_features: int
) -> tuple[str, ...]:
    if image_shape is not None:
        width = image_shape[1]
        return tuple(f"pixel ({j // width}, {j % width})" for j in range(n_features))
    if given is None or len(given) != n_features:
        return tuple(f"x{j}" for j in range(n_features))
    return tuple(str(name) for name in given)


def _label(columns: list[str], targets: np.ndarray, kind: str) -> str:
    if kind == "binary":
        return columns[int(targets[0])]
    present = [columns[k] for k in np.flatnonzero(targets == 1)]
    return " and ".join(present) if present else "none of the labels"


def _check_choices(n: int, row: int, learning_rate: float | None, steps: int) -> None:
    if not 0 <= row < n:
        raise InputValueError(
            f"`row` must be in 0..{n - 1}, got {row}. Choose one of the {n} examples."
        )
    if learning_rate is not None and not 0 < learning_rate < np.inf:
        raise InputValueError(
            f"`learning_rate` must be above 0, got {learning_rate}. "
            "Leave it out for a step that moves each logit by minus its gradient."
        )
    if steps < 1:
        raise InputValueError(f"`steps` must be at least 1, got {steps}. Use for example 300.")
