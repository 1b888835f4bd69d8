"""What both network classifiers share: from checked rows to a trained torch network and back.

    _prepare_features(X)     features as the network takes them        (the subclass)
    _build_network(...)      a fresh network                            (the subclass)
    _fit_model               split, build, start at the class shares, train
    _logits, partial_fit, _state, _set_state

torch is imported inside the methods, so that importing headway does not load it.
"""

import warnings
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from headway.classifiers.base import HeadClassifier
from headway.classifiers.validation import held_out_rows
from headway.errors import InputTypeError, InputValueError, require
from headway.links import OneColumnLink, SigmoidLink
from headway.models.scaling import FeatureScaling
from headway.training.history import ProgressBar

if TYPE_CHECKING:
    from headway.models.layers import Network
    from headway.training.network import Rows, Training, TrainingPlan

__all__ = ["NetworkEngine"]

STANDARDIZE = ("auto", "feature", "shared", True, False)
PRECISIONS = ("auto", "float32", "bfloat16")
MOST_SEED = np.iinfo(np.int32).max


class NetworkEngine(HeadClassifier):
    """Base of MLPClassifier and ConvClassifier; see there for the parameters."""

    hidden: Any
    activation: str
    dropout: float
    epochs: int | str
    batch_size: int | str
    learning_rate: float
    weight_decay: float
    standardize: bool | str
    early_stopping: bool
    validation_fraction: float
    patience: int
    precision: str
    random_state: Any
    verbose: int

    _largest_batch = 256
    network_: "Network"
    history_: list[dict[str, Any]]
    n_epochs_: int
    best_epoch_: int
    interrupted_: bool
    _optimizer_state: dict[str, Any] | None
    _passes: int

    # -- what a subclass brings -------------------------------------------------------------

    @abstractmethod
    def _prepare_features(self, X: np.ndarray) -> np.ndarray:
        """Return features (n, d) in the shape in which the network takes them."""

    @abstractmethod
    def _scaling(self, features: np.ndarray) -> FeatureScaling:
        """Return the scaling of training features."""

    @abstractmethod
    def _architecture(self) -> dict[str, Any]:
        """Return the parameters that shape the network, as JSON values."""

    @abstractmethod
    def _build_network(
        self, scaling: FeatureScaling, n_logits: int, architecture: dict[str, Any]
    ) -> "Network":
        """Return a fresh network; torch's global generator draws its weights."""

    @abstractmethod
    def _automatic_epochs(self, n: int) -> int:
        """Return what epochs="auto" stands for with n training rows."""

    def _source(self, features: Any) -> Any:
        """Return where training takes its batches from, given scaled features."""
        from headway.training.network import InMemory

        return InMemory(features)

    # -- fit --------------------------------------------------------------------------------

    def _fit_model(self, X: Any, labels: np.ndarray, weights: np.ndarray | None) -> None:
        require("torch", extra="torch")
        from headway.training.network import seeded, train_network

        self._check_settings()
        init_seed, order_seed, split_seed = self._seeds()
        if weights is not None and not weights.all():
            # A row of weight 0 is no row: it must not fill a batch, nor be held out.
            X, labels, weights = X[weights > 0], labels[weights > 0], weights[weights > 0]
        targets = self._targets(labels)
        features = self._prepare_features(X)
        kept, held = self._split(labels, split_seed)
        training_features = features if held is None else features[kept]
        n = len(training_features)
        plan = self._plan(n)
        with seeded(init_seed):
            self._start_network(training_features, targets[kept], _part(weights, kept))
            rows = self._rows(training_features, targets[kept], _part(weights, kept), train=True)
            held_out = None
            if held is not None:
                held_out = self._rows(features[held], targets[held], _part(weights, held))
            with ProgressBar(
                type(self).__name__, plan.epochs, visible=bool(self.verbose)
            ) as on_epoch:
                training = train_network(
                    self.network_,
                    self.head_,
                    rows,
                    plan,
                    seed=order_seed,
                    held_out=held_out,
                    on_epoch=on_epoch,
                )
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

    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None
    ) -> "NetworkEngine":
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
        NetworkEngine
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

    def _start_network(
        self, features: np.ndarray, targets: np.ndarray, weights: np.ndarray | None
    ) -> None:
        self._shape_of_network = self._architecture()
        self.network_ = self._build_network(
            self._scaling(features), targets.shape[1], self._shape_of_network
        )
        self.network_.start_at(self._constant_logits(targets, weights))

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

    def _rows(
        self,
        features: np.ndarray,
        targets: np.ndarray,
        weights: np.ndarray | None,
        *,
        train: bool = False,
    ) -> "Rows":
        from headway.training.hardware import chosen_precision, in_precision
        from headway.training.network import InMemory, make_rows, scaled_features

        precision = chosen_precision(self.precision, self.n_features_in_)
        scaled = in_precision(scaled_features(self.network_, features), precision)
        return make_rows(self._source(scaled) if train else InMemory(scaled), targets, weights)

    def _plan(self, n: int) -> "TrainingPlan":
        from headway.training.hardware import chosen_precision
        from headway.training.network import TrainingPlan

        # A sixteenth of the rows, as a power of two.
        batch_size = min(2 ** max(int(np.log2(max(n / 16, 1))), 4), self._largest_batch)
        return TrainingPlan(
            epochs=self._automatic_epochs(n) if self.epochs == "auto" else int(self.epochs),
            batch_size=batch_size if self.batch_size == "auto" else int(self.batch_size),
            learning_rate=float(self.learning_rate),
            weight_decay=float(self.weight_decay),
            precision=chosen_precision(self.precision, self.n_features_in_),
            patience=int(self.patience),
        )

    # -- settings ---------------------------------------------------------------------------

    def _check_settings(self) -> None:
        """Raise unless the parameters are what their documentation says."""
        for name in ("epochs", "batch_size"):
            if getattr(self, name) != "auto":
                self._check_whole(name, getattr(self, name), or_auto=True)
        self._check_whole("patience", self.patience)
        for size in self._sizes("hidden"):
            self._check_whole("hidden", size)
        self._check_real("learning_rate", self.learning_rate, above=0.0)
        self._check_real("weight_decay", self.weight_decay)
        self._check_real("dropout", self.dropout, below=1.0)
        self._check_real("validation_fraction", self.validation_fraction, above=0.0, below=1.0)
        for name, choices in (("standardize", STANDARDIZE), ("precision", PRECISIONS)):
            value = getattr(self, name)
            if not isinstance(value, (str, bool, np.bool_)) or value not in choices:
                raise InputValueError(
                    f"`{name}` must be one of {', '.join(map(repr, choices))}, got {value!r}. "
                    "Try 'auto'."
                )

    def _sizes(self, name: str) -> list[int]:
        """Return a parameter that holds layer sizes as a list; one number counts as one layer."""
        value = getattr(self, name)
        return [int(value)] if isinstance(value, (int, np.integer)) else list(value)

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

    # -- predict, save ----------------------------------------------------------------------

    def _logits(self, X: Any) -> np.ndarray:
        from headway.training.network import compute_logits

        return compute_logits(self.network_, self._prepare_features(X))

    def _state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        arrays = {name: value.numpy() for name, value in self.network_.state_dict().items()}
        values = {
            "architecture": self._shape_of_network,
            "bounded": self.network_.scaling.bounded,
            "n_logits": self.network_.last.out_features,
            "history": self.history_,
            "best_epoch": self.best_epoch_,
            "interrupted": self.interrupted_,
            "passes": self._passes,
        }
        return arrays, values

    def _set_state(self, arrays: dict[str, np.ndarray], values: dict[str, Any]) -> None:
        require("torch", extra="torch")
        from headway.training.network import seeded, set_weights

        self._shape_of_network = values["architecture"]
        scaling = FeatureScaling(
            np.array(arrays["scaling.center"]), np.array(arrays["scaling.scale"]), values["bounded"]
        )
        with seeded(0):
            self.network_ = self._build_network(scaling, values["n_logits"], self._shape_of_network)
        set_weights(self.network_, arrays)
        self.history_ = values["history"]
        self.n_epochs_ = len(self.history_)
        self.best_epoch_ = values["best_epoch"]
        self.interrupted_ = values["interrupted"]
        self._optimizer_state, self._passes = None, values["passes"]


def _part(weights: np.ndarray | None, rows: Any) -> np.ndarray | None:
    return None if weights is None else weights[rows]
