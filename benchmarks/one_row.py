"""The time of one row through a linear model of 784 features and 10 classes.

Everybody holds the same coefficients and turns one float32 row into ten probabilities; a call is
repeated for 20 ms in each round.  scikit-learn is measured as it is and with its checks of values
switched off; onnxruntime runs the exported scikit-learn model on one thread, its best for a row.
headway is asked through `clf.predictor()`, and through the estimator with all its checks.
"""

import warnings

import numpy as np

from benchmarks._kernels import Kernel, as_array, contest

QUESTION = "How long does one row take through a linear model, 784 -> 10?"
CASES = {"784 -> 10": (784, 10)}
ROWS = 600


def run():
    """Return one line per contestant."""
    return contest(
        (
            Kernel("headway", headway_predictor),
            Kernel("headway, the estimator", headway_estimator),
            Kernel("scikit-learn", sklearn_model),
            Kernel("scikit-learn, assume_finite", sklearn_unchecked),
            Kernel("onnxruntime", onnx_session),
            Kernel("torch, inference mode", torch_model),
            Kernel("NumPy, by hand", by_hand),
        ),
        CASES,
        tolerance=1e-5,
    )


def _data(case):
    d, K = case
    rng = np.random.default_rng(0)
    X = rng.random((ROWS, d), dtype=np.float32)
    y = np.argmax(X @ rng.standard_normal((d, K)), axis=1)
    y[:K] = np.arange(K)
    return X, y


def _headway(case):
    from headway import LinearClassifier

    X, y = _data(case)
    return LinearClassifier(C=0.01).fit(X, y), X[:1].copy()


def headway_predictor(case):
    model, row = _headway(case)
    predictor = model.predictor()
    return lambda: (as_array(predictor.predict_proba(row)),)


def headway_estimator(case):
    model, row = _headway(case)
    return lambda: (as_array(model.predict_proba(row)),)


def _sklearn(case):
    from sklearn.linear_model import LogisticRegression

    ours, row = _headway(case)
    X, y = _data(case)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = LogisticRegression(max_iter=1).fit(X, y)
    model.coef_ = ours.coef_.astype(np.float32)
    model.intercept_ = ours.intercept_.astype(np.float32)
    return model, row


def sklearn_model(case):
    model, row = _sklearn(case)
    return lambda: (as_array(model.predict_proba(row)),)


def sklearn_unchecked(case):
    import sklearn

    sklearn.set_config(assume_finite=True, skip_parameter_validation=True)
    return sklearn_model(case)


def onnx_session(case):
    import onnxruntime
    from skl2onnx import to_onnx

    model, row = _sklearn(case)
    exported = to_onnx(model, row, options={"zipmap": False})
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        exported.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name
    return lambda: (as_array(session.run(["probabilities"], {name: row})[0]),)


def torch_model(case):
    import torch

    ours, row = _headway(case)
    torch.set_num_threads(1)
    weights = torch.from_numpy(ours.coef_.astype(np.float32))
    bias = torch.from_numpy(ours.intercept_.astype(np.float32))
    row = torch.from_numpy(row)

    def call():
        with torch.inference_mode():
            return (as_array(torch.softmax(torch.nn.functional.linear(row, weights, bias), -1)),)

    return call


def by_hand(case):
    ours, row = _headway(case)
    weights = np.ascontiguousarray(ours.coef_.T, dtype=np.float32)
    bias = ours.intercept_.astype(np.float32)

    def call():
        logits = row @ weights + bias
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        return (as_array(exponentials / exponentials.sum(axis=1, keepdims=True)),)

    return call
