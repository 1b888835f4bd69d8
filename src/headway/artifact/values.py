"""Python values as JSON and back, without loss and without code.

JSON has no tuples, sets, infinities or keys that are not text, and knows nothing of heads.
Those are written as {"$": kind, ...}; the kinds are a closed table, so that reading a file can
build nothing else.  The trap of every open scheme (pickle first of all) is that a file chooses
what runs.
"""

import math
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from headway.calibration import (
    Beta,
    CalibrationReport,
    Isotonic,
    MatrixScaling,
    Platt,
    PriorShift,
    Temperature,
    VectorScaling,
)
from headway.decisions import (
    Abstain,
    AbstainAtError,
    AbstainAtRate,
    ApsScore,
    Argmax,
    BinaryThreshold,
    ConformalSets,
    ExpectedF1,
    LabelThresholds,
    LacScore,
    LeastCost,
    PredictionSets,
    RiskControlledSets,
    Threshold,
    TopK,
    TuneThresholds,
)
from headway.errors import FileFormatError, InputTypeError
from headway.heads import Head
from headway.links import EntmaxLink, OneColumnLink, SigmoidLink, SoftmaxLink, SparsemaxLink
from headway.losses import (
    AsymmetricLoss,
    BinaryCrossEntropyOnSoftmax,
    BinaryFocalLoss,
    CanonicalLoss,
    CrossEntropyOnProbs,
    FocalLoss,
    OneColumnLoss,
    PositiveWeightedLoss,
    SquaredErrorOnSigmoid,
)

__all__ = ["from_json", "to_json"]

OBJECTS: dict[str, type] = {
    cls.__name__: cls
    for cls in (
        Abstain,
        AbstainAtError,
        AbstainAtRate,
        ApsScore,
        Argmax,
        AsymmetricLoss,
        Beta,
        BinaryCrossEntropyOnSoftmax,
        BinaryFocalLoss,
        BinaryThreshold,
        CalibrationReport,
        CanonicalLoss,
        ConformalSets,
        CrossEntropyOnProbs,
        EntmaxLink,
        ExpectedF1,
        FocalLoss,
        Head,
        Isotonic,
        LabelThresholds,
        LacScore,
        LeastCost,
        MatrixScaling,
        OneColumnLink,
        OneColumnLoss,
        Platt,
        PositiveWeightedLoss,
        PredictionSets,
        PriorShift,
        RiskControlledSets,
        SigmoidLink,
        SoftmaxLink,
        SparsemaxLink,
        SquaredErrorOnSigmoid,
        Temperature,
        Threshold,
        TopK,
        TuneThresholds,
        VectorScaling,
    )
}
MARK = "$"
ARRAY_KINDS = "biufU"


def to_json(value: Any, /) -> Any:
    """Return the value as text, numbers, lists and dicts that JSON can hold.

    Raises
    ------
    InputTypeError
        If the value, or something inside it, is of a kind that the file does not know.

    Examples
    --------
    >>> to_json({"C": float("inf"), "hidden": (256, 128)})
    {'C': {'$': 'float', 'text': 'inf'}, 'hidden': {'$': 'tuple', 'items': [256, 128]}}
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {MARK: "float", "text": repr(value)}
    if isinstance(value, list):
        return [to_json(item) for item in value]
    if isinstance(value, (tuple, set, frozenset)):
        return {MARK: type(value).__name__, "items": [to_json(item) for item in value]}
    if isinstance(value, dict):
        if all(isinstance(key, str) for key in value) and MARK not in value:
            return {key: to_json(item) for key, item in value.items()}
        items = [[to_json(key), to_json(item)] for key, item in value.items()]
        return {MARK: "dict", "items": items}
    if isinstance(value, np.ndarray) and value.dtype.kind in ARRAY_KINDS + "O":
        items = to_json(value.tolist())
        return {MARK: "array", "dtype": value.dtype.str, "items": items}
    if is_dataclass(value) and OBJECTS.get(type(value).__name__) is type(value):
        values = {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
        return {MARK: type(value).__name__, "fields": values}
    raise InputTypeError(
        "A saved model can hold text, numbers, lists, tuples, sets, dicts, arrays and headway's "
        f"own heads, got {value!r} of type {type(value).__name__}. Replace it before saving."
    )


def from_json(value: Any, /) -> Any:
    """Return what `to_json` was given.

    Raises
    ------
    FileFormatError
        If a mark is not in the table.

    Examples
    --------
    >>> from_json(to_json({1: (2.0, float("-inf"))}))
    {1: (2.0, -inf)}
    """
    if isinstance(value, list):
        return [from_json(item) for item in value]
    if not isinstance(value, dict):
        return value
    kind = value.get(MARK)
    if kind is None:
        return {key: from_json(item) for key, item in value.items()}
    try:
        return _marked(kind, value)
    except (KeyError, TypeError, ValueError) as error:
        raise FileFormatError(
            f"The file must describe values that headway knows, got a broken {kind!r}: {error}. "
            "Save the model again."
        ) from error


def _marked(kind: Any, value: dict[str, Any]) -> Any:
    """Return the value that is written under a mark."""
    if kind == "float":
        return float(value["text"])
    if kind in ("tuple", "set", "frozenset"):
        make = {"tuple": tuple, "set": set, "frozenset": frozenset}[kind]
        return make(from_json(value["items"]))
    if kind == "dict":
        return {from_json(key): from_json(item) for key, item in value["items"]}
    if kind == "array":
        dtype = np.dtype(value["dtype"])
        if dtype.kind == "O":
            # Filled cell by cell: np.array would look inside tuples.
            cells = from_json(value["items"])
            result = np.empty(len(cells), dtype=object)
            result[:] = cells
            return result
        if dtype.kind not in ARRAY_KINDS:
            raise ValueError(f"dtype {dtype}")
        return np.array(from_json(value["items"]), dtype=dtype)
    if kind not in OBJECTS:
        raise KeyError(kind)
    return OBJECTS[kind](**from_json(value["fields"]))
