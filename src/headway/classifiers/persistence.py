"""Fitted classifiers to one file and back: parameters, labels, head and what was learned.

Only the classes in a closed table can come out of a file.  The trap: `random_state` may be a
generator and `cv` a splitter, which no file can hold; they are saved as None, since what was
learned no longer needs them.
"""

import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from headway.artifact import from_json, read_artifact, to_json, write_artifact
from headway.classifiers.base import HeadClassifier
from headway.errors import FileFormatError, InputTypeError
from headway.labels import LabelEncoder

__all__ = ["load", "save"]


def load(path: str | os.PathLike[str], /) -> Any:
    """Return the fitted classifier that `save` wrote to `path`.

    Parameters
    ----------
    path : path
        The file.

    Returns
    -------
    LinearClassifier, LinearClassifierCV, MLPClassifier or ConvClassifier
        Predicts as it did when it was saved.

    Raises
    ------
    DataNotFoundError
        If there is no such file.
    FileFormatError
        If the file is cut short, of another kind, or of a newer headway.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from headway.classifiers import LinearClassifier
    >>> model = LinearClassifier().fit([[0.0], [1.0], [2.0], [3.0]], ["ham", "ham", "spam", "spam"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "mail.headway"
    ...     model.save(path)
    ...     load(path).predict([[0.5], [2.5]]).tolist()
    ['ham', 'spam']
    """
    arrays, description = read_artifact(path)
    try:
        return _rebuilt(arrays, description)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, FileFormatError):
            raise
        raise FileFormatError(
            f"{os.fspath(path)} must describe a classifier in full, but something is missing or "
            f"wrong ({type(error).__name__}: {error}). Save the model again."
        ) from error


def save(model: HeadClassifier, path: str | os.PathLike[str], /) -> None:
    """Write a fitted classifier into one file, replacing an old one only when complete.

    Raises
    ------
    InputTypeError
        If the classifier is not one of headway's own, or a parameter cannot be written.
    """
    name = type(model).__name__
    if _classes().get(name) is not type(model):
        raise InputTypeError(
            f"Only {', '.join(sorted(_classes()))} can be saved, got {name}. "
            "Save the classifier that it is built on."
        )
    arrays, values = model._state()
    names = getattr(model, "feature_names_in_", None)
    description = {
        "class": name,
        "params": {key: _param(key, value) for key, value in model.get_params(deep=False).items()},
        "head": to_json(model.head_),
        "calibrator": to_json(model.calibrator_),
        "calibration_report": to_json(model.calibration_report_),
        "encoder": to_json(model.label_encoder_.to_state()),
        "n_features_in": int(model.n_features_in_),
        "feature_names_in": None if names is None else [str(name) for name in names],
        "state": to_json(values),
    }
    write_artifact(path, arrays, description)


def _param(name: str, value: Any) -> Any:
    """Return a parameter as JSON, naming it if that cannot be."""
    if isinstance(value, (np.random.RandomState, np.random.Generator)):
        return None
    if name == "cv" and not isinstance(value, (int, np.integer)):
        return None
    if name in ("classes", "Cs") and isinstance(value, Iterable):
        value = list(value)
    try:
        return to_json(value)
    except InputTypeError as error:
        raise InputTypeError(f"The parameter `{name}` cannot be saved. {error}") from error


def _rebuilt(arrays: dict[str, np.ndarray], description: dict[str, Any]) -> HeadClassifier:
    name = description["class"]
    if name not in _classes():
        raise FileFormatError(
            f"The file must hold one of {', '.join(sorted(_classes()))}, got {name!r}. "
            "Upgrade headway, or save the model again."
        )
    params = {key: from_json(value) for key, value in description["params"].items()}
    model = _classes()[name](**params)
    model.head_ = from_json(description["head"])
    # Files of the time before calibrators have none.
    model.calibrator_ = from_json(description.get("calibrator"))
    model.calibration_report_ = from_json(description.get("calibration_report"))
    model.label_encoder_ = LabelEncoder.from_state(from_json(description["encoder"]))
    model.kind_ = model.label_encoder_.kind_
    model.classes_ = model.label_encoder_.classes_
    model.n_features_in_ = int(description["n_features_in"])
    if description["feature_names_in"] is not None:
        model.feature_names_in_ = np.array(description["feature_names_in"], dtype=object)
    model._set_state(arrays, from_json(description["state"]))
    return model


def _classes() -> dict[str, type[HeadClassifier]]:
    from headway.classifiers.from_logits import FromLogits
    from headway.classifiers.linear import LinearClassifier
    from headway.classifiers.linear_cv import LinearClassifierCV
    from headway.classifiers.network import ConvClassifier, MLPClassifier

    known = (ConvClassifier, FromLogits, LinearClassifier, LinearClassifierCV, MLPClassifier)
    return {cls.__name__: cls for cls in known}
