"""What every trained network shares: split, train, keep the best; one pass over more rows.

    _start_network(features, targets, weights)      sets network_                (the subclass)
    _rows(features, targets, weights)               what the loop trains on      (the subclass)
    _plan(n)                                        how it trains                (the subclass)

Features may be anything with a length that can be indexed by rows; they are never looked into here.
"""

import warnings
from abc import abstractmethod
from collections.abc import Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from headway.classifiers.base import HeadClassifier
from headway.classifiers.refit import HeadRefit, solved_last_layer
from headway.classifiers.validation import held_out_rows
from headway.errors import InputTypeError, InputValueError, require
from headway.links import OneColumnLink, SigmoidLink
from headway.training.callbacks import epoch_callbacks, step_callbacks, together
from headway.training.history import ProgressBar
from headway.training.signal_health import SignalHealth, TrainingSignal

if TYPE_CHECKING:
    from headway.classifiers.checkpoint import CheckpointFile
    from headway.training.network import Rows, Training, TrainingPlan

__all__ = ["TrainedClassifier"]

MOST_SEED = np.iinfo(np.int32).max


class TrainedClassifier(HeadClassifier):
    """Base of the classifiers whose network the training loop trains."""

    learning_rate: float
    early_stopping: bool
    validation_fraction: float
    random_state: Any
    verbose: int

    network_: Any
    history_: list[dict[str, Any]]
    n_epochs_: int
    best_epoch_: int
    interrupted_: bool
    signal_: TrainingSignal
    head_refit_: HeadRefit
    _optimizer_state: dict[str, Any] | None
    _passes: int

    # -- what a subclass brings -------------------------------------------------------------

    @abstractmethod
    def _prepare_features(self, X: Any) -> Any:
        """Return features in the shape in which the network takes them."""

    @abstractmethod
    def _start_network(
        self, features: Any, targets: np.ndarray, weights: np.ndarray | None
    ) -> None:
        """Set `network_`, at the constant model where its last layer is new."""

    @abstractmethod
    def _rows(
        self,
        features: Any,
        targets: np.ndarray,
        weights: np.ndarray | None,
        *,
        train: bool = False,
    ) -> "Rows":
        """Return what the loop trains on."""

    @abstractmethod
    def _plan(self, n: int) -> "TrainingPlan":
        """Return how the network is trained on n rows."""

    def _measured_signal(
        self, features: Any, targets: np.ndarray, weights: np.ndarray | None
    ) -> SignalHealth | None:
        """Return the signal health on a few rows, or None if the body's layers are unknown."""
        return None

    @abstractmethod
    def _batches(self, X: Any) -> Any:
        """Yield validated features as tensors that `network_` takes, a batch at a time."""

    @abstractmethod
    def _check_settings(self) -> None:
        """Raise unless the parameters are what their documentation says."""

    # -- fit --------------------------------------------------------------------------------

    def _fit_model(self, X: Any, labels: np.ndarray, weights: np.ndarray | None) -> None:
        self._fit_rows(X, labels, weights)

    def _fit_rows(
        self,
        X: Any,
        labels: np.ndarray,
        weights: np.ndarray | None,
        *,
        validation: tuple[Any, np.ndarray, np.ndarray | None] | None = None,
        checkpoint: "CheckpointFile | None" = None,
        callbacks: Sequence[Any] = (),
    ) -> None:
        """Train on rows; `validation` (features, labels, weights) stands in for a split."""
        require("torch", extra="torch")
        from headway.training.network import TrainingDiverged, seeded, train_network

        self._check_settings()
        seeds = self._seeds() if checkpoint is None else checkpoint.seeds(self._seeds())
        init_seed, order_seed, split_seed = seeds
        if weights is not None and not weights.all():
            # A row of weight 0 is no row: it must not fill a batch, nor be held out.
            X, labels, weights = X[weights > 0], labels[weights > 0], weights[weights > 0]
        targets = self._targets(labels)
        features = self._prepare_features(X)
        split = self._split(labels, split_seed) if validation is None else (slice(None), None)
        kept, held = split
        training_features = features if held is None else features[kept]
        n = len(training_features)
        plan = self._plan(n)
        with seeded(init_seed):
            given = (training_features, targets[kept], _part(weights, kept))
            self._start_network(*given)
            rows = self._rows(*given, train=True)
            at_start = self._measured_signal(*given)
            held_out = None
            if held is not None:
                held_out = self._rows(features[held], targets[held], _part(weights, held))
            elif validation is not None:
                others, their_labels, their_weights = validation
                held_out = self._rows(
                    self._prepare_features(others), self._targets(their_labels), their_weights
                )
            if checkpoint is not None:
                checkpoint.meet(self.network_, self.head_, rows, held_out, plan)
            with ProgressBar(type(self).__name__, plan.epochs, visible=bool(self.verbose)) as show:
                try:
                    training = train_network(
                        self.network_,
                        self.head_,
                        rows,
                        plan,
                        seed=order_seed,
                        held_out=held_out,
                        on_epoch=together([show, *epoch_callbacks(callbacks)]),
                        on_step=together(step_callbacks(callbacks)),
                        keeper=checkpoint,
                    )
                except TrainingDiverged as error:
                    self._keep(error.training, plan)
                    raise
        at_end = self._measured_signal(*given)
        if at_start is not None and at_end is not None:
            self.signal_ = TrainingSignal(at_start, at_end)
        self._keep(training, plan)

    def _keep(self, training: "Training", plan: "TrainingPlan") -> None:
        """Set the attributes that say how training went."""
        self.history_ = [record.to_dict() for record in training.records]
        self.n_epochs_ = len(training.records)
        self.best_epoch_ = training.best_epoch
        self.interrupted_ = training.interrupted
        self._optimizer_state, self._passes = None, 0
        if training.interrupted:
            warnings.warn(
                f"Training was stopped by Ctrl-C after {self.n_epochs_} of {plan.epochs} epochs; "
                "the best network so far is kept. Fit again for all of them.",
                ConvergenceWarning,
                stacklevel=4,
            )

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Return the classifier after one pass over the given rows.

        The first call (if `fit` was not called before) starts the network: it learns the scaling
        of the features from its rows, and needs `classes` unless they all occur among them.  Each
        call takes its rows once, in batches, at the constant `learning_rate`: no schedule, no
        validation, no history.  Adam's moments live on from call to call, but not through `save`.

        Parameters
        ----------
        X : array of shape (n, d)
            Features.
        y : n labels
            As in `fit`.
        classes : sequence of names, optional
            All classes that will ever occur; used by the first call.
        sample_weight : array of shape (n,), optional
            Non-negative weights of the rows.

        Returns
        -------
        TrainedClassifier
            `self`.
        """
        require("torch", extra="torch")
        from headway.training.network import make_optimizer, seeded, train_one_pass

        self._check_settings()
        first = not hasattr(self, "network_")
        X, labels, weights = self._prepare(X, y, sample_weight, reset=first, classes=classes)
        if weights is not None and not weights.all():
            X, labels, weights = X[weights > 0], labels[weights > 0], weights[weights > 0]
            if not len(labels):
                return self
        targets = self._targets(labels)
        features = self._prepare_features(X)
        init_seed, order_seed, _ = self._seeds()
        if first:
            with seeded(init_seed):
                self._start_network(features, targets, weights)
            self.history_, self.n_epochs_, self.best_epoch_ = [], 0, 0
            self.interrupted_, self._optimizer_state, self._passes = False, None, 0
        self._passes += 1
        plan = self._plan(len(features))
        optimizer = make_optimizer(self.network_, plan)
        if self._optimizer_state is not None:
            optimizer.load_state_dict(self._optimizer_state)
        seed = (order_seed + self._passes) % MOST_SEED
        with seeded(seed):
            rows = self._rows(features, targets, weights, train=True)
            train_one_pass(self.network_, self.head_, rows, plan, optimizer, seed=seed)
        self._optimizer_state = optimizer.state_dict()
        return self

    def _split(self, labels: np.ndarray, seed: int) -> tuple[Any, np.ndarray | None]:
        if not self.early_stopping:
            return slice(None), None
        split = held_out_rows(labels, self.validation_fraction, seed=seed)
        return (slice(None), None) if split is None else split

    def _seeds(self) -> list[int]:
        """Return seeds for weights and dropout, for the order of rows, and for the split."""
        return check_random_state(self.random_state).randint(MOST_SEED, size=3).tolist()

    def _constant_logits(self, targets: np.ndarray, weights: np.ndarray | None) -> list[float]:
        """Return the logits of the constant model, half a row of each class being made up."""
        rows = np.ones(len(targets)) if weights is None else weights / weights.mean()
        observed = rows[:, None] * ~np.isnan(targets)
        positive = np.sum(np.where(np.isnan(targets), 0.0, targets) * rows[:, None], axis=0) + 0.5
        rows_and_one = observed.sum(axis=0) + 1.0
        link = self.head_.link
        if isinstance(link, SigmoidLink):
            return np.log(positive / (rows_and_one - positive)).tolist()
        one_column = isinstance(link, OneColumnLink)
        shares = positive / (rows_and_one if one_column else positive.sum())
        return link.to_logits(shares[None, :])[0].tolist()

    # -- the last layer ---------------------------------------------------------------------

    def refit_head(
        self, X: Any, y: Any = None, C: float = 1.0, *, sample_weight: Any = None, tol: float = 1e-6
    ) -> Self:
        """Return a copy whose last layer is solved exactly, as `LinearClassifier` solves it.

        What changed is in its `head_refit_`.  A calibrator is dropped: it was made for the logits
        of the old layer.

        Parameters
        ----------
        X : array of shape (n, ...)
            Features, as in `fit`; those of the training rows as a rule.
        y : n labels
            Their labels.
        C : float
            Inverse strength of the penalty |W|^2 / (2 C) on the SUM of losses.
        sample_weight : array of shape (n,), optional
            Non-negative weights of the rows.
        tol : float
            Relative optimality gap at which to stop.

        Returns
        -------
        TrainedClassifier
            A copy; the objective of its last layer on these rows is not above that of before.

        Raises
        ------
        InputTypeError, InputValueError
            If the rows are not as in `fit`, or the network has no last linear layer with a bias.

        Examples
        --------
        >>> from headway import MLPClassifier
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(200, 3)).astype(np.float32)
        >>> y = (X[:, 0] > 0).astype(int)
        >>> model = MLPClassifier(hidden=(8,), epochs=3, random_state=0).fit(X, y)
        >>> report = model.refit_head(X, y, C=1.0).head_refit_
        >>> report.objective_after <= report.objective_before
        True
        """
        check_is_fitted(self, "network_")
        from headway.training.last_layer import hidden_features, last_weights, set_last_weights

        model = deepcopy(self)
        X, labels, weights = model._prepare(X, y, sample_weight, reset=False)
        if weights is not None and not weights.all():
            X, labels, weights = X[weights > 0], labels[weights > 0], weights[weights > 0]
        final = model.network_.final
        if final is None or final.bias is None:
            raise InputValueError(
                "To be solved, the last layer of the network must be a torch.nn.Linear with a "
                f"bias, got {'none' if final is None else 'one without'}. Let the module end in "
                "one, or pass add_head=True."
            )
        hidden = hidden_features(model.network_, final, model._batches(X))
        before = last_weights(final, model.label_encoder_.n_logits_)
        linear, model.head_refit_ = solved_last_layer(
            model, hidden, labels, weights, before, C=C, tol=tol
        )
        if model.head_refit_.kept:
            set_last_weights(final, linear.coef_, linear.intercept_)
            model.calibrator_, model.calibration_report_ = None, None
            model._optimizer_state = None
        return model

    # -- settings ---------------------------------------------------------------------------

    def _check_whole(self, name: str, value: Any, *, or_auto: bool = False) -> None:
        also = " or 'auto'" if or_auto else ""
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
            raise InputTypeError(
                f"`{name}` must be a whole number{also}, got {value!r}. Pass an integer above 0."
            )
        if value < 1:
            raise InputValueError(
                f"`{name}` must be at least 1{also}, got {value}. Pass an integer above 0."
            )

    def _check_real(
        self, name: str, value: Any, *, above: float | None = None, below: float | None = None
    ) -> None:
        if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
            raise InputTypeError(f"`{name}` must be a number, got {value!r}. Pass a float.")
        high_enough = value >= 0 if above is None else value > above
        low_enough = np.isfinite(value) if below is None else value < below
        if not (high_enough and low_enough):
            bounds = f"above {above:g}" if above is not None else "at least 0"
            bounds += "" if below is None else f" and below {below:g}"
            raise InputValueError(
                f"`{name}` must be {bounds}, got {value}. Leave it out for the default."
            )


def _part(weights: np.ndarray | None, rows: Any) -> np.ndarray | None:
    return None if weights is None else weights[rows]
