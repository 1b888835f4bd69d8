"""What the perceptron and the convolutional network share: scaling, building, saving.

    _prepare_features(X)     features as the network takes them        (the subclass)
    _build_network(...)      a fresh network                            (the subclass)
    _start_network, _rows, _plan, _measured_signal                      for `TrainedClassifier`
    signal(X, y)             what each hidden layer hands on and gets back
    _logits, _state, _set_state

torch is imported inside the methods, so that importing headway does not load it.
"""

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from headway.classifiers.layer_signal import FEW_ROWS, MOST_ROWS, measured_signal
from headway.classifiers.trained import TrainedClassifier
from headway.errors import InputValueError, require
from headway.models.scaling import FeatureScaling
from headway.training.signal_health import SignalHealth, TrainingSignal

if TYPE_CHECKING:
    from headway.models.layers import Network
    from headway.training.network import Rows, TrainingPlan

__all__ = ["NetworkEngine"]

STANDARDIZE = ("auto", "feature", "shared", True, False)
PRECISIONS = ("auto", "float32", "bfloat16")


class NetworkEngine(TrainedClassifier):
    """Base of MLPClassifier and ConvClassifier; see there for the parameters."""

    hidden: Any
    activation: str
    dropout: float
    epochs: int | str
    batch_size: int | str
    learning_rate: float
    weight_decay: float
    standardize: bool | str
    patience: int
    precision: str

    _largest_batch = 256
    network_: "Network"

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

    def _start_network(
        self, features: np.ndarray, targets: np.ndarray, weights: np.ndarray | None
    ) -> None:
        self._shape_of_network = self._architecture()
        self.network_ = self._build_network(
            self._scaling(features), targets.shape[1], self._shape_of_network
        )
        self.network_.start_at(self._constant_logits(targets, weights))

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

    # -- signal health ----------------------------------------------------------------------

    def signal(self, X: Any, y: Any, sample_weight: Any = None) -> SignalHealth:
        """Return the signal health of the hidden layers as they are now.

        Parameters
        ----------
        X : array of shape (n, d)
            Features; of more than 1024 rows, so many evenly spaced ones are measured at most.
        y : n labels
            As in `fit`, of classes that are known.
        sample_weight : array of shape (n,), optional
            Non-negative weights of the rows.

        Returns
        -------
        SignalHealth
            Spread, saturated and dead share, gradient and its ratio to the weights by layer, and
            one sentence of advice.

        Raises
        ------
        NotFittedError
            Before `fit`.
        """
        check_is_fitted(self, "network_")
        X, labels, weights = self._prepare(X, y, sample_weight, reset=False)
        rows = (self._prepare_features(X), self._targets(labels), weights)
        return measured_signal(self.network_, self.head_, *rows, most=MOST_ROWS)

    def _measured_signal(
        self, features: np.ndarray, targets: np.ndarray, weights: np.ndarray | None
    ) -> SignalHealth:
        return measured_signal(self.network_, self.head_, features, targets, weights, most=FEW_ROWS)

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

    # -- predict, save ----------------------------------------------------------------------

    def _logits(self, X: Any) -> np.ndarray:
        from headway.training.network import compute_logits

        return compute_logits(self.network_, self._prepare_features(X))

    def _batches(self, X: Any) -> Any:
        from headway.training.rows import ROWS_AT_ONCE, as_tensor

        return as_tensor(self._prepare_features(X)).split(ROWS_AT_ONCE)

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
            "signal": self.signal_.to_dict() if hasattr(self, "signal_") else None,
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
        # Files of the time before signals were measured have none.
        if values.get("signal") is not None:
            self.signal_ = TrainingSignal.from_dict(values["signal"])
        self._optimizer_state, self._passes = None, values["passes"]
