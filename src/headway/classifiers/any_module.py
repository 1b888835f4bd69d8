"""Any torch module as a classifier: trained by the loop that trains every network of headway.

    rows -> module [-> last layer] -> logits -> [calibrator] -> head -> probs -> decision

The head brings its exact gradient at the logits; what the module does before them is its own
affair.  The trap: a module that ends in a softmax or sigmoid trains too, badly and in silence, so
such an end is looked for and refused.
"""

import math
import os
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from headway.classifiers.checkpoint import CheckpointFile
from headway.classifiers.given_labels import check_lengths, flat, given_weights
from headway.classifiers.trained import TrainedClassifier
from headway.errors import InputTypeError, InputValueError, require
from headway.training.callbacks import check_callbacks

if TYPE_CHECKING:
    from headway.training.network import Rows, TrainingPlan

__all__ = ["NetworkClassifier"]

PRECISIONS = ("float32", "bfloat16")


class NetworkClassifier(TrainedClassifier):
    """A torch module with any head on top, trained or fine-tuned.

    Parameters
    ----------
    module : torch.nn.Module
        Takes a batch of rows (n, ...) and returns logits (n, K), one column a class; (n,), (n, 1)
        or (n, 2) for two classes.  Under `add_head=True` it returns hidden features (n, width).
    head : {"auto", "softmax", "sigmoid", ...} or Head
        What turns logits into probabilities and how they are trained; "auto" follows the labels.
    add_head : bool
        Put a linear layer on top, which starts at the shares of the classes.
    freeze : bool or sequence of names
        What stays as it is: True for all but the last layer, or the names of parts
        (`module.named_modules()`).  Frozen parts stay in evaluation mode.
    device : {"auto", "cpu", "cuda", "cuda:1", "mps"}
        Where to compute; "auto" is CUDA, else MPS, else the CPU.  CUDA and MPS are untested.
    epochs : int
        Passes over the training rows.
    batch_size : int
        Rows a step (at most all of them).
    accumulate : int
        Parts in which a batch goes through the module one after another, their gradients summed:
        the memory of a part, the step of the whole.
    learning_rate : float
        The highest rate of the one-cycle schedule; the optimiser is AdamW.
    weight_decay : float
        Share (times the learning rate) by which each step shrinks the weights, biases aside.
    label_smoothing : float
        Share of each target spread over all classes, in 0..1.
    early_stopping : bool
        Hold out rows (or take those of `fit(..., validation=)`), keep the network of the epoch
        with the least validation loss, and stop `patience` epochs after it.
    validation_fraction : float
        Share of rows to hold out, in 0..1.
    patience : int
        Epochs without a lower validation loss after which training stops.
    precision : {"float32", "bfloat16"}
        Of the products while training ("bfloat16": autocast); weights and logits stay float32.
    checkpoint : path, optional
        File in which progress is kept at the end of each epoch, for `fit(..., resume=True)`.
    checkpoint_every : int, optional
        Steps between savings within an epoch.
    callbacks : sequence
        Functions of an `EpochRecord`, or objects with `on_epoch(record)`, `on_step(step)` or both;
        training ends when an epoch's answer is True.
    copy : bool
        Train a copy; False trains the module itself, in place.
    classes : sequence of names, optional
        All classes, where the training data may lack some.
    missing : number or text, optional
        Value that marks a missing cell in a matrix of labels, besides NaN.
    class_weight : "balanced" or dict, optional
        Weights of the classes.
    random_state : int, RandomState or None
        Seed of the order of rows, dropout and the split.
    verbose : int
        Above 0: a progress bar on stderr.

    Attributes
    ----------
    network_ : torch.nn.Module
        From rows to logits; `network_.body` is the trained module.
    row_shape_ : tuple of int
        Shape of one row.
    history_, n_epochs_, best_epoch_, interrupted_
        As in `MLPClassifier`.

    See Also
    --------
    headway.wrap : a module that is trained already, with calibration and decisions.

    Examples
    --------
    >>> import torch
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> module = torch.nn.Sequential(torch.nn.Linear(4, 16), torch.nn.GELU())
    >>> model = NetworkClassifier(
    ...     module, add_head=True, epochs=40, learning_rate=0.05, random_state=0
    ... )
    >>> model.fit(X, y).score(X, y) > 0.9
    True
    """

    network_: Any
    row_shape_: tuple[int, ...]

    def __init__(
        self,
        module: Any,
        head: Any = "auto",
        *,
        add_head: bool = False,
        freeze: Any = False,
        device: str = "auto",
        epochs: int = 10,
        batch_size: int = 64,
        accumulate: int = 1,
        learning_rate: float = 0.001,
        weight_decay: float = 0.01,
        label_smoothing: float = 0.0,
        early_stopping: bool = True,
        validation_fraction: float = 0.1,
        patience: int = 5,
        precision: str = "float32",
        checkpoint: Any = None,
        checkpoint_every: int | None = None,
        callbacks: Any = (),
        copy: bool = True,
        classes: Any = None,
        missing: Any = None,
        class_weight: Any = None,
        random_state: Any = None,
        verbose: int = 0,
    ):
        self.module = module
        self.head = head
        self.add_head = add_head
        self.freeze = freeze
        self.device = device
        self.epochs = epochs
        self.batch_size = batch_size
        self.accumulate = accumulate
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.label_smoothing = label_smoothing
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.precision = precision
        self.checkpoint = checkpoint
        self.checkpoint_every = checkpoint_every
        self.callbacks = callbacks
        self.copy = copy
        self.classes = classes
        self.missing = missing
        self.class_weight = class_weight
        self.random_state = random_state
        self.verbose = verbose

    # -- fit --------------------------------------------------------------------------------

    def fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        validation: Any = None,
        resume: bool = False,
    ) -> "NetworkClassifier":
        """Return the classifier, its network trained on the rows of `X` and their labels.

        Parameters
        ----------
        X : array, tensor, memory map or torch Dataset of n rows
            Rows as the module takes them: floats become the dtype of its weights, integers stay.
            They are read a batch at a time and never copied whole.
        y : n labels, optional
            As in every classifier; a Dataset may bring them, as (features, label).
        sample_weight : array of shape (n,), optional
            Non-negative weights of the rows; a row of weight 0 is not read.
        validation : Dataset, (X, y) or (X, y, sample_weight), optional
            Rows that judge each epoch, in the place of rows held out.
        resume : bool
            Go on from the file `checkpoint`, if it is there, bit for bit as if training had never
            stopped (same rows, settings, machine and threads).  False starts anew, and
            overwrites it.

        Returns
        -------
        NetworkClassifier
            `self`.

        Raises
        ------
        InputTypeError, InputValueError
            If module, rows or labels are not as described; the message says what to do.  If the
            loss stops being finite: the classifier then holds the last good weights.
        """
        if resume and self.checkpoint is None:
            raise InputValueError(
                "To resume there must be a file to go on from, got checkpoint=None. Pass "
                "checkpoint='training.checkpoint'."
            )
        self._check_settings()
        rows, labels, weights = self._prepare(X, y, sample_weight, reset=True)
        others = None if validation is None else self._validation(validation)
        checkpoint = None
        if self.checkpoint is not None:
            state = self.label_encoder_.to_state()
            checkpoint = CheckpointFile(self.checkpoint, self.checkpoint_every, state, resume)
        self._fit_rows(
            rows,
            labels,
            weights,
            validation=others,
            checkpoint=checkpoint,
            callbacks=self.callbacks,
        )
        return self

    def _prepare(
        self, X: Any, y: Any, sample_weight: Any, *, reset: bool, classes: Any = None
    ) -> tuple[Any, np.ndarray, np.ndarray | None]:
        rows = self._features(X, reset=reset)
        return super()._prepare(rows, _labels(rows, y), sample_weight, reset=reset, classes=classes)

    def _features(self, X: Any, *, reset: bool) -> Any:
        """Return rows that are read when they are taken."""
        require("torch", extra="torch")
        from headway.training.given_rows import given_rows
        from headway.training.module_setup import float_dtype, require_module

        require_module(self.module)
        rows = given_rows(X, float_dtype(self.module))
        if reset:
            self.row_shape_ = rows.row_shape()
            self.n_features_in_ = math.prod(self.row_shape_)
        return rows

    def _validation(self, given: Any) -> tuple[Any, np.ndarray, np.ndarray | None]:
        """Return the validation rows as (rows, labels, weights), checked."""
        if not self.early_stopping:
            raise InputValueError(
                "`validation` rows judge when to stop, but early_stopping=False. Pass "
                "early_stopping=True, or leave them out."
            )
        parts = tuple(given) if isinstance(given, (tuple, list)) else (given, None)
        if len(parts) not in (2, 3):
            raise InputValueError(
                f"`validation` must be (X, y) or (X, y, sample_weight), got {len(parts)} parts. "
                "Pass a tuple of two or three."
            )
        rows = self._features(parts[0], reset=False)
        labels = self.label_encoder_.transform(flat(_labels(rows, parts[1])))
        check_lengths(rows, labels)
        if labels.ndim == 1:
            absent = np.setdiff1d(np.arange(len(self.classes_)), labels)
        else:
            absent = np.flatnonzero(~(labels == 1).any(axis=0))
        if absent.size:
            warnings.warn(
                f"The validation rows lack {self.classes_[absent].tolist()}: their loss says "
                "nothing of these classes. Bring rows of every class.",
                UserWarning,
                stacklevel=3,
            )
        weights = given_weights(parts[2] if len(parts) == 3 else None, len(labels))
        return rows, labels, weights

    def _prepare_features(self, X: Any) -> Any:
        return X

    def _start_network(
        self, features: Any, targets: np.ndarray, weights: np.ndarray | None
    ) -> None:
        from headway.training.module_setup import module_network

        self.network_ = module_network(
            self.module,
            features,
            n_logits=targets.shape[1],
            add_head=self.add_head,
            freeze=self.freeze,
            copy=self.copy,
            device=self.device,
        )
        self.network_.start_at(self._constant_logits(targets, weights))

    def _rows(
        self,
        features: Any,
        targets: np.ndarray,
        weights: np.ndarray | None,
        *,
        train: bool = False,
    ) -> "Rows":
        from headway.training.rows import make_rows

        return make_rows(features, targets, weights, device=self.network_.device)

    def _plan(self, n: int) -> "TrainingPlan":
        from headway.training.network import TrainingPlan

        return TrainingPlan(
            epochs=int(self.epochs),
            batch_size=int(self.batch_size),
            learning_rate=float(self.learning_rate),
            weight_decay=float(self.weight_decay),
            precision=self.precision,
            patience=int(self.patience),
            parts=int(self.accumulate),
            watch=True,
        )

    def _check_settings(self) -> None:
        for name in ("epochs", "batch_size", "accumulate", "patience"):
            self._check_whole(name, getattr(self, name))
        if self.checkpoint_every is not None:
            self._check_whole("checkpoint_every", self.checkpoint_every)
        self._check_real("learning_rate", self.learning_rate, above=0.0)
        self._check_real("weight_decay", self.weight_decay)
        self._check_real("validation_fraction", self.validation_fraction, above=0.0, below=1.0)
        if self.precision not in PRECISIONS:
            raise InputValueError(
                f"`precision` must be one of {', '.join(map(repr, PRECISIONS))}, got "
                f"{self.precision!r}. Try 'float32'."
            )
        check_callbacks(self.callbacks)

    # -- predict ----------------------------------------------------------------------------

    def _logits(self, X: Any) -> np.ndarray:
        from headway.training.module_setup import network_logits

        return network_logits(self.network_, X, batch_size=self.batch_size)

    def _batches(self, X: Any) -> Any:
        from headway.training.module_setup import batches_of

        return batches_of(X, self.batch_size)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Raise: a file of headway holds no foreign code."""
        raise InputTypeError(
            "A torch module cannot be written to a file of headway, got "
            f"{type(self.module).__name__}. Save its weights with torch.save(model.network_."
            "state_dict(), path), and FromLogits on its logits with headway."
        )


def _labels(rows: Any, y: Any) -> Any:
    """Return labels, those of a Dataset if none are given; tensors become arrays."""
    if y is None:
        return rows.labels()
    return y.detach().cpu().numpy() if hasattr(y, "detach") else y
