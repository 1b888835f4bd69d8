"""How fast do the networks train, beside a plain torch loop and scikit-learn?

Same rows, same layers, same batch size, same number of epochs, same run.  The perceptrons are
ReLU without dropout, which is all that scikit-learn knows; headway's default (GELU and dropout,
more work) has a line of its own.  The plain loop is the one of the tutorials: DataLoader with
shuffling, nn.CrossEntropyLoss, Adam with its defaults, norm and ReLU before pooling, float32.
headway's time is all of `fit` (checks, scaling, training with random shifts of images); no rows
are held out, so that all train on the same ones.
"""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier as SklearnMLP

from benchmarks._results import interleaved_seconds, rounds, spread
from headway import ConvClassifier, MLPClassifier
from headway.datasets import mnist

QUESTION = "How many MNIST images a second do the networks train on?"
ROUNDS = 5
MLP_BATCH, CONV_BATCH = 256, 128  # what both choose for MNIST by themselves
MLP_EPOCHS = 5
CONV_ROWS = 12_000


def run():
    """Return one line per network and competitor."""
    X, y = _images()
    lines = _contest(
        "mlp",
        len(X) * MLP_EPOCHS,
        {
            "headway": lambda: _ours(
                MLPClassifier, X, y, MLP_EPOCHS, MLP_BATCH, activation="relu", dropout=0.0
            ),
            "headway, its default GELU and dropout": lambda: _ours(
                MLPClassifier, X, y, MLP_EPOCHS, MLP_BATCH
            ),
            "torch loop": lambda: _plain_loop(_plain_perceptron(), X, y, MLP_EPOCHS, MLP_BATCH),
            "scikit-learn": lambda: _sklearn(X, y, MLP_EPOCHS),
        },
    )
    X, y = X[:CONV_ROWS], y[:CONV_ROWS]
    lines += _contest(
        "cnn",
        len(X),
        {
            "headway": lambda: _ours(ConvClassifier, X, y, 1, CONV_BATCH),
            "torch loop": lambda: _plain_loop(_plain_convolutional(), X, y, 1, CONV_BATCH),
        },
    )
    return lines


def _images():
    # Nothing is downloaded here: the error names HEADWAY_DATA and the other ways.
    data = mnist(download=False)
    return np.asarray(data.X), np.asarray(data.y)


def _contest(network, images, competitors):
    for compete in competitors.values():  # libraries and caches warm, for all alike
        compete()
    seconds = interleaved_seconds(competitors, rounds(ROUNDS))
    lines = []
    for name, taken in seconds.items():
        rate, least, greatest = spread(images / np.array(taken))
        ratio = spread(np.array(taken) / np.array(seconds["headway"]))
        lines.append(
            {
                "network": network,
                "competitor": name,
                "images a second (median)": rate,
                "least": least,
                "greatest": greatest,
                "headway is faster by (median of rounds)": None if name == "headway" else ratio[0],
                "least ratio": None if name == "headway" else ratio[1],
                "rounds": len(taken),
            }
        )
    return lines


def _ours(classifier, X, y, epochs, batch_size, **settings):
    classifier(
        "softmax",
        epochs=epochs,
        batch_size=batch_size,
        early_stopping=False,
        random_state=0,
        **settings,
    ).fit(X, y)


def _sklearn(X, y, epochs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        SklearnMLP(
            MLPClassifier().hidden, batch_size=MLP_BATCH, max_iter=epochs, random_state=0
        ).fit(X, y)


def _plain_loop(network, X, y, epochs, batch_size):
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    torch.manual_seed(0)
    rows = TensorDataset(torch.from_numpy(X), torch.from_numpy(y))
    loader = DataLoader(rows, batch_size=batch_size, shuffle=True)
    optimizer = torch.optim.Adam(network.parameters())
    loss = torch.nn.CrossEntropyLoss()
    for _ in range(epochs):
        for images, labels in loader:
            optimizer.zero_grad()
            loss(network(images), labels).backward()
            optimizer.step()


def _plain_perceptron():
    from torch import nn

    ours = MLPClassifier()
    layers, width = [], 784
    for size in ours.hidden:
        layers += [nn.Linear(width, size), nn.ReLU()]
        width = size
    return nn.Sequential(*layers, nn.Linear(width, 10))


def _plain_convolutional():
    """Return the layers of ConvClassifier on 28 x 28 pixels, in the order of the tutorials."""
    from torch import nn

    ours = ConvClassifier()
    first, second = ours.channels
    (hidden,) = ours.hidden
    return nn.Sequential(
        nn.Unflatten(1, (1, 28, 28)),
        nn.Conv2d(1, first, 5, padding=2),
        nn.GroupNorm(8, first),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(first, second, 3, padding=1),
        nn.GroupNorm(8, second),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(second * 7 * 7, hidden),
        nn.ReLU(),
        nn.Dropout(ours.dropout),
        nn.Linear(hidden, 10),
    )
