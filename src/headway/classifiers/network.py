"""Networks as scikit-learn classifiers: a perceptron and a convolutional network.

Both train any head with the same recipe: AdamW, a one-cycle learning rate, dropout, the last bias
at the class shares.  The trap for who compares heads: only that bias may differ between them.
Weights, order of rows, dropout and image shifts come from `random_state` alone.
"""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from headway.classifiers.engine import NetworkEngine
from headway.errors import InputTypeError, InputValueError
from headway.models.scaling import FeatureScaling, feature_scaling, image_scaling

if TYPE_CHECKING:
    from headway.models.layers import Network

__all__ = ["ConvClassifier", "MLPClassifier"]

MOST_CHANNELS = 4
SHIFTED_FROM = 8


class MLPClassifier(NetworkEngine):
    """Multi-layer perceptron (torch) with any head on top.

    Parameters
    ----------
    head : {"auto", "softmax", "sigmoid", ...} or Head
        What turns logits into probabilities and how they are trained; "auto" follows the labels.
    hidden : sequence of int
        Sizes of the hidden layers.
    activation : {"relu", "gelu", "silu", "tanh", "sigmoid", "selu"}
        Weights start as fits it.  "selu" has alpha dropout, which should be small: 0.05 to 0.1.
    dropout : float
        Share of hidden features set to zero while training, in 0..1.
    epochs : int or "auto"
        Passes over the training rows; "auto" is 540,000 divided by their number, but 10 to 60.
    batch_size : int or "auto"
        Rows a step; "auto" is about a sixteenth of the rows, a power of two from 16 to 256.
        Each epoch uses every row once: what does not fill a batch is spread over the others.
    learning_rate : float
        The highest rate of the cycle.
    weight_decay : float
        Share (times the learning rate) by which each step shrinks the weights, biases aside.
    standardize : {"auto", "feature", "shared", True, False}
        How features are scaled inside the network.  "feature" (also True) takes each column's
        median and quartile distance and bounds what is left by 3; "shared" takes one mean and one
        deviation for all; "auto" chooses "shared" if the columns share a scale, as pixels do.
    label_smoothing : float
        Share of each target spread over all classes, in 0..1.
    early_stopping : bool
        Hold out rows, keep the network of the epoch with the least validation loss, and stop
        `patience` epochs after it.  Without effect if a class is too rare to hold out ten rows.
    validation_fraction : float
        Share of rows to hold out, in 0..1.
    patience : int
        Epochs without a lower validation loss after which training stops.
    precision : {"auto", "float32", "bfloat16"}
        Of the products in hidden layers while training; "auto" is bfloat16 where the processor has
        instructions for it and rows have at least 256 features.  Prediction is float32 always.
    classes : sequence of names, optional
        All classes, where the training data may lack some.
    missing : number or text, optional
        Value that marks a missing cell in a matrix of labels, besides NaN.
    class_weight : "balanced" or dict, optional
        Weights of the classes.
    random_state : int, RandomState or None
        Seed; the same seed on the same machine with as many threads gives the same network.
    verbose : int
        Above 0: a progress bar on stderr.

    Attributes
    ----------
    network_ : torch.nn.Module
        Scaling, hidden layers and last layer; from features to logits.
    history_ : list of dict
        One per epoch: epoch, loss, accuracy, val_loss, val_accuracy (None without held-out rows),
        learning_rate, seconds.  Losses in nats, accuracies (of whole rows) in 0..1.
    n_epochs_, best_epoch_ : int
        Epochs trained, and the one whose network was kept.
    interrupted_ : bool
        Whether Ctrl-C ended training.
    signal_ : TrainingSignal
        What each hidden layer hands on and gets back, before and after training, and advice.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> classifier = MLPClassifier(hidden=(16,), epochs=30, random_state=0).fit(X, y)
    >>> classifier.predict_proba(X[:2]).shape
    (2, 3)
    """

    def __init__(
        self,
        head: Any = "auto",
        *,
        hidden: Any = (512, 256),
        activation: str = "gelu",
        dropout: float = 0.4,
        epochs: int | str = "auto",
        batch_size: int | str = "auto",
        learning_rate: float = 0.003,
        weight_decay: float = 0.3,
        standardize: bool | str = "auto",
        label_smoothing: float = 0.0,
        early_stopping: bool = True,
        validation_fraction: float = 0.1,
        patience: int = 20,
        precision: str = "auto",
        classes: Any = None,
        missing: Any = None,
        class_weight: Any = None,
        random_state: Any = None,
        verbose: int = 0,
    ):
        self.head = head
        self.hidden = hidden
        self.activation = activation
        self.dropout = dropout
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.standardize = standardize
        self.label_smoothing = label_smoothing
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.precision = precision
        self.classes = classes
        self.missing = missing
        self.class_weight = class_weight
        self.random_state = random_state
        self.verbose = verbose

    def _prepare_features(self, X: np.ndarray) -> np.ndarray:
        return X

    def _scaling(self, features: np.ndarray) -> FeatureScaling:
        return feature_scaling(features, self.standardize)

    def _automatic_epochs(self, n: int) -> int:
        return int(np.clip(round(540_000 / n), 10, 60))

    def _architecture(self) -> dict[str, Any]:
        return {
            "hidden": self._sizes("hidden"),
            "activation": self.activation,
            "dropout": float(self.dropout),
        }

    def _build_network(
        self, scaling: FeatureScaling, n_logits: int, architecture: dict[str, Any]
    ) -> "Network":
        from headway.models.mlp import mlp_network

        return mlp_network(self.n_features_in_, n_logits, scaling=scaling, **architecture)


class ConvClassifier(NetworkEngine):
    """Convolutional network (torch) with any head on top.

    It takes images as (n, h, w), (n, c, h, w), (n, h, w, c) or flattened as (n, d).

    Parameters
    ----------
    head : {"auto", "softmax", "sigmoid", ...} or Head
        What turns logits into probabilities and how they are trained; "auto" follows the labels.
    image_shape : (h, w) or (c, h, w), optional
        Shape of an image.  Needed for flattened images, except that a square number of features
        is taken for a square image, and any other for one row of pixels.  Of four-dimensional
        input the axis of at most 4 is taken for the channels, unless this says otherwise.
    channels : sequence of int
        Number of filters of each convolution.
    hidden : sequence of int
        Sizes of the fully connected layers that follow.
    shift : int or "auto"
        Pixels by which images are moved at random while training, up to this far; "auto" is 1
        if both sides have at least 8 pixels, else 0.
    dropout : float
        Share of the fully connected layers' features set to zero while training, in 0..1.
    activation, learning_rate, weight_decay, label_smoothing
        As in `MLPClassifier`.
    epochs : int or "auto"
        Passes over the training rows; "auto" is 180,000 divided by their number, but 3 to 30.
    batch_size : int or "auto"
        As in `MLPClassifier`, but "auto" is at most 128.
    standardize : bool or str
        Whether each channel is brought to mean 0 and deviation 1 inside the network; every
        value but False does so.
    early_stopping, validation_fraction, patience, precision
        As in `MLPClassifier`.
    classes, missing, class_weight, random_state, verbose
        As in `MLPClassifier`.

    Attributes
    ----------
    image_shape_ : (c, h, w)
        Shape of an image as the network takes it.
    network_, history_, n_epochs_, best_epoch_, interrupted_, signal_
        As in `MLPClassifier`.

    Examples
    --------
    >>> images = np.zeros((40, 8, 8))
    >>> images[:20, :4], images[20:, 4:] = 1.0, 1.0
    >>> names = ["above"] * 20 + ["below"] * 20
    >>> classifier = ConvClassifier(channels=(4,), hidden=(), epochs=20, random_state=0)
    >>> classifier.fit(images, names).predict(images[[0, -1]]).tolist()
    ['above', 'below']
    """

    _largest_batch = 128
    image_shape_: tuple[int, int, int]

    def __init__(
        self,
        head: Any = "auto",
        *,
        image_shape: Any = None,
        channels: Any = (32, 64),
        hidden: Any = (128,),
        shift: int | str = "auto",
        activation: str = "relu",
        dropout: float = 0.2,
        epochs: int | str = "auto",
        batch_size: int | str = "auto",
        learning_rate: float = 0.01,
        weight_decay: float = 0.01,
        standardize: bool | str = True,
        label_smoothing: float = 0.0,
        early_stopping: bool = True,
        validation_fraction: float = 0.1,
        patience: int = 20,
        precision: str = "auto",
        classes: Any = None,
        missing: Any = None,
        class_weight: Any = None,
        random_state: Any = None,
        verbose: int = 0,
    ):
        self.head = head
        self.image_shape = image_shape
        self.channels = channels
        self.hidden = hidden
        self.shift = shift
        self.activation = activation
        self.dropout = dropout
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.standardize = standardize
        self.label_smoothing = label_smoothing
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.precision = precision
        self.classes = classes
        self.missing = missing
        self.class_weight = class_weight
        self.random_state = random_state
        self.verbose = verbose

    def _features(self, X: Any, *, reset: bool) -> Any:
        return super()._features(
            X if reset else _flattened(X, getattr(self, "image_shape_", None)), reset=reset
        )

    def _prepare(
        self, X: Any, y: Any, sample_weight: Any, *, reset: bool, classes: Any = None
    ) -> tuple[Any, np.ndarray, np.ndarray | None]:
        shape = None if reset else self.image_shape_
        if reset:
            shape = _image_shape(_shape(X), self.image_shape)
        prepared = super()._prepare(
            _flattened(X, shape), y, sample_weight, reset=reset, classes=classes
        )
        if reset:
            self.image_shape_ = shape or _shape_of_flat(self.n_features_in_)
            if math.prod(self.image_shape_) != self.n_features_in_:
                raise InputValueError(
                    f"`image_shape` {self.image_shape!r} must hold as many pixels as `X` has "
                    f"features, got {math.prod(self.image_shape_)} and {self.n_features_in_}. "
                    "Pass the (height, width) or (channels, height, width) of the images."
                )
        return prepared

    def _prepare_features(self, X: np.ndarray) -> np.ndarray:
        return X.reshape(len(X), *self.image_shape_)

    def _scaling(self, features: np.ndarray) -> FeatureScaling:
        return image_scaling(features, self.standardize)

    def _automatic_epochs(self, n: int) -> int:
        return int(np.clip(round(180_000 / n), 3, 30))

    def _architecture(self) -> dict[str, Any]:
        return {
            "image_shape": list(self.image_shape_),
            "channels": self._sizes("channels"),
            "hidden": self._sizes("hidden"),
            "activation": self.activation,
            "dropout": float(self.dropout),
        }

    def _build_network(
        self, scaling: FeatureScaling, n_logits: int, architecture: dict[str, Any]
    ) -> "Network":
        from headway.models.cnn import conv_network

        shape, others = architecture["image_shape"], dict(architecture)
        del others["image_shape"]
        self.image_shape_ = tuple(shape)
        return conv_network(self.image_shape_, n_logits, scaling=scaling, **others)

    def _source(self, features: Any) -> Any:
        from headway.models.cnn import ShiftedImages

        distance = self.shift
        if distance == "auto":
            distance = 1 if min(self.image_shape_[1:]) >= SHIFTED_FROM else 0
        return ShiftedImages(features, int(distance)) if distance else super()._source(features)

    def _check_settings(self) -> None:
        super()._check_settings()
        for size in self._sizes("channels"):
            self._check_whole("channels", size)
        if self.shift not in ("auto", 0):
            self._check_whole("shift", self.shift)


def _shape(X: Any) -> tuple[int, ...]:
    """Return the shape of array-likes; () for what is none, which validation will refuse."""
    try:
        return tuple(X.shape if hasattr(X, "shape") else np.asarray(X).shape)
    except ValueError:
        return ()


def _image_shape(shape: tuple[int, ...], image_shape: Any) -> tuple[int, int, int] | None:
    """Return (c, h, w) of images given as an array of `shape`; None for flat ones unless told."""
    if image_shape is not None:
        return _checked_image_shape(image_shape)
    if len(shape) == 3:
        return (1, shape[1], shape[2])
    if len(shape) != 4:
        return None
    first, last = shape[1] <= MOST_CHANNELS, shape[3] <= MOST_CHANNELS
    if first == last:
        raise InputValueError(
            f"Of images of shape {shape} one axis must be the channels (at most "
            f"{MOST_CHANNELS}), got {'two' if first else 'no'} candidates. Pass "
            "image_shape=(channels, height, width)."
        )
    return shape[1:] if first else (shape[3], shape[1], shape[2])


def _checked_image_shape(image_shape: Any) -> tuple[int, int, int]:
    try:
        sizes = tuple(int(size) for size in image_shape)
    except (TypeError, ValueError) as error:
        raise InputTypeError(
            f"`image_shape` must be (height, width) or (channels, height, width), "
            f"got {image_shape!r}. Pass a tuple of whole numbers."
        ) from error
    if len(sizes) not in (2, 3) or min(sizes) < 1:
        raise InputValueError(
            f"`image_shape` must be (height, width) or (channels, height, width), "
            f"got {image_shape!r}. Pass a tuple of whole numbers above 0."
        )
    return (1, *sizes) if len(sizes) == 2 else sizes  # type: ignore[return-value]


def _shape_of_flat(d: int) -> tuple[int, int, int]:
    """Return a square for a square number of pixels, else one row of pixels."""
    side = math.isqrt(d)
    return (1, side, side) if side * side == d else (1, 1, d)


def _flattened(X: Any, image_shape: tuple[int, int, int] | None) -> Any:
    """Return images as rows of pixels, channels first; what is not an image passes through."""
    shape = _shape(X)
    if len(shape) not in (3, 4) or image_shape is None:
        return X
    images = np.asarray(X)
    c, h, w = image_shape
    if shape[1:] == (h, w, c) and shape[1:] != (c, h, w):
        images = np.moveaxis(images, 3, 1)
    elif shape[1:] != (c, h, w) and (c != 1 or shape[1:] != (h, w)):
        raise InputValueError(
            f"Images must have {c} channels of {h} x {w} pixels, got an array of shape {shape}. "
            f"Pass (n, {c}, {h}, {w}), (n, {h}, {w}, {c}) or (n, {c * h * w})."
        )
    return images.reshape(shape[0], c * h * w)
