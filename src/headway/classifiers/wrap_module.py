"""A torch module that stays as it is, with headway's head, calibration and decisions.

    rows -> module -> logits -> [CALIBRATOR] -> head -> probs -> decision

`fit` trains nothing inside the module: it learns names, a calibrator and a decision from rows
that the module was not trained on.
"""

import os
import sys
from typing import Any

import numpy as np
from sklearn.utils.validation import _num_samples

from headway.classifiers.base import HeadClassifier
from headway.classifiers.logits_door import logit_columns, refuse_probs, refuse_shifted
from headway.errors import InputTypeError, InputValueError
from headway.links import SoftmaxLink

__all__ = ["WrappedModule", "is_module"]


def is_module(estimator: Any, /) -> bool:
    """Return whether this is a torch module; torch need not be there."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(estimator, torch.nn.Module)


class WrappedModule(HeadClassifier):
    """A classifier whose logits come from a torch module; made by `wrap`.

    Parameters
    ----------
    module : torch.nn.Module
        Takes a batch of rows (n, ...), returns logits (n, K); (n,), (n, 1) or (n, 2) for two
        classes.
    head, calibrator, decision, classes, missing, random_state
        As for `FromLogits`.
    batch_size : int
        Rows that go through the module at a time.
    allow_probs_like : bool
        Accept logits that look like probabilities.

    Examples
    --------
    >>> import torch
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(2000, 2)).astype(np.float32)
    >>> y = (X[:, 0] + rng.logistic(size=2000) > 0).astype(int)
    >>> module = torch.nn.Linear(2, 1)
    >>> with torch.no_grad():
    ...     _ = module.weight.copy_(torch.tensor([[5.0, 0.0]])), module.bias.zero_()
    >>> model = WrappedModule(module).fit(X, y)
    >>> 4 < model.calibrator_.value < 6
    True
    """

    def __init__(
        self,
        module: Any,
        *,
        head: Any = "auto",
        calibrator: Any = "temperature",
        decision: Any = None,
        classes: Any = None,
        missing: Any = None,
        batch_size: int = 256,
        allow_probs_like: bool = False,
        random_state: int = 0,
    ):
        self.module = module
        self.head = head
        self.calibrator = calibrator
        self.decision = decision
        self.classes = classes
        self.missing = missing
        self.batch_size = batch_size
        self.allow_probs_like = allow_probs_like
        self.random_state = random_state

    # The module was trained by somebody else, as it was.
    class_weight = None
    label_smoothing = 0.0

    def _features(self, X: Any, *, reset: bool) -> Any:
        """Return the rows as they are: the module knows what it takes."""
        _num_samples(X)
        return X if hasattr(X, "shape") else np.asarray(X)

    def _fit_model(self, X: Any, labels: np.ndarray, weights: np.ndarray | None) -> None:
        from headway.training.module_logits import last_activation

        if not is_module(self.module):
            raise InputTypeError(
                f"`module` must be a torch.nn.Module, got {type(self.module).__name__}. Wrap other "
                "classifiers with `headway.wrap`."
            )
        if self.batch_size < 1:
            raise InputValueError(f"`batch_size` must be at least 1, got {self.batch_size}.")
        activation = last_activation(self.module, X)
        if activation is not None and not self.allow_probs_like:
            raise InputValueError(
                f"The module must emit logits, but it ends in {activation}, which makes "
                "probabilities of them. Leave that layer out: the head applies its own link."
            )
        raw = self._module_logits(X)
        if not self.allow_probs_like:
            refuse_probs(raw, exclusive=self.kind_ != "multilabel")
        z = logit_columns(raw, self.label_encoder_)
        if self.kind_ == "exclusive" and isinstance(self.head_.link, SoftmaxLink):
            refuse_shifted(z, labels)
        self._learn_after_logits(
            self.calibrator, self.decision, z, labels, weights, self.random_state
        )
        self.n_outputs_ = raw.shape[1]

    def _logits(self, X: Any) -> np.ndarray:
        return logit_columns(self._module_logits(X), self.label_encoder_)

    def _module_logits(self, X: Any) -> np.ndarray:
        from headway.training.module_logits import module_logits

        return module_logits(self.module, X, batch_size=self.batch_size)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Raise: a file of headway holds no foreign code."""
        raise InputTypeError(
            "A torch module cannot be written to a file of headway, got "
            f"{type(self.module).__name__}. Save its weights with torch, and FromLogits on its "
            "logits with headway."
        )
