"""The lean predictor gives what its classifier gives, at every level of the core."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from headway import LinearClassifier, load
from headway.errors import InputTypeError, InputValueError
from headway.heads import Head, sigmoid_head
from headway.links import SigmoidLink
from headway.losses import CanonicalLoss

KINDS = ["softmax", "sigmoid", "binary", "labels", "sets", "softmax+bce"]


def _fitted(kind, n=120, d=7, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    scores = X @ rng.normal(size=(d, 4)) + rng.normal(size=(n, 4))
    y = np.array(["ant", "bee", "cat", "dog"])[scores.argmax(axis=1)]
    head = "auto"
    if kind == "binary":
        y = y == "ant"
    elif kind == "labels":
        y = (scores > 0).astype(int)
    elif kind == "sets":
        y = [{name for name, score in zip("abcd", row, strict=True) if score > 0} for row in scores]
    else:
        head = kind
    return LinearClassifier(head=head).fit(X, y), X


@pytest.fixture(params=KINDS)
def fitted(request):
    return _fitted(request.param)


def test_it_gives_what_the_classifier_gives(fitted, level):
    model, X = fitted
    for dtype in (np.float32, np.float64):
        predictor = model.predictor(dtype)
        eps = np.finfo(dtype).eps
        for rows in (X[:1], X[:5], X):
            rows = rows.astype(dtype)
            truth = rows.astype(np.float64)
            logits = predictor.logits(rows)
            probs = predictor.predict_proba(rows)
            assert logits.dtype == probs.dtype == dtype
            scale = np.abs(model.logits(truth)).max() + 1
            assert_allclose(logits, model.logits(truth), atol=50 * eps * scale)
            assert_allclose(probs, model.predict_proba(truth), rtol=100 * eps * scale, atol=eps)
            assert_array_equal(predictor.predict(rows), model.predict(truth))


def test_probs_of_exclusive_classes_sum_to_1_even_where_every_sigmoid_underflows(level):
    model, _ = _fitted("sigmoid")
    model.coef_ = np.tile(model.coef_[:1], (4, 1))
    model.intercept_ = np.array([-1e4, -1e4, -2e4, -3e4])
    for dtype in ("float32", "float64"):
        probs = model.predictor(dtype).predict_proba(np.zeros((2, 7)))
        assert_allclose(probs, [[0.5, 0.5, 0.0, 0.0]] * 2)


def test_infinite_and_missing_features_stay_in_their_rows(fitted, level):
    model, X = fitted
    predictor = model.predictor()
    rows = X[:3].astype(np.float32)
    expected = predictor.predict_proba(rows)
    rows[1] = np.nan
    found = predictor.predict_proba(rows)
    assert np.isnan(found[1]).all()
    assert_array_equal(found[[0, 2]], expected[[0, 2]])
    rows[1] = np.inf
    assert_array_equal(predictor.predict_proba(rows)[[0, 2]], expected[[0, 2]])


def test_any_real_array_is_read_whatever_its_layout(fitted, level):
    model, X = fitted
    X = np.round(4 * X[:6])
    predictor = model.predictor()
    expected = predictor.predict_proba(X.astype(np.float32))
    read_only = X.astype(np.float32)
    read_only.flags.writeable = False
    for rows in (
        X,
        read_only,
        np.asfortranarray(X, dtype=np.float32),
        np.repeat(X.astype(np.float32), 2, axis=0)[::2],
        X.astype(np.float32)[::-1].copy()[::-1],
        X.astype(">f4"),
        X.astype(">f8"),
        X.astype(np.float16),
        X.astype(np.int8),
        X.astype(np.float32).view(np.matrix),
    ):
        assert_allclose(predictor.predict_proba(rows), expected, rtol=1e-5)


def test_no_rows_give_no_predictions(fitted, level):
    predictor = fitted[0].predictor()
    nothing = np.empty((0, 7), dtype=np.float32)
    assert predictor.predict_proba(nothing).shape[0] == 0
    assert len(predictor.predict(nothing)) == 0


@pytest.mark.parametrize("method", ["logits", "predict_proba", "predict"])
def test_what_it_cannot_read_is_refused(method, level):
    call = getattr(_fitted("softmax")[0].predictor(), method)
    for wrong, what in (
        (np.zeros(7), r"\(7,\)"),
        (np.zeros((1, 8)), r"\(1, 8\)"),
        (np.zeros((1, 1, 7)), r"\(1, 1, 7\)"),
        (np.zeros(()), r"\(\)"),
    ):
        for dtype in (np.float32, np.float64, np.int64):
            with pytest.raises(InputValueError, match=rf"must have shape \(n, 7\).*got {what}"):
                call(wrong.astype(dtype))
    with pytest.raises(InputTypeError, match="must be a NumPy array, got list"):
        call([[0.0] * 7])
    with pytest.raises(InputTypeError, match="real numbers, got dtype complex"):
        call(np.zeros((1, 7), dtype=complex))
    with pytest.raises(InputTypeError, match="real numbers, got dtype <U1"):
        call(np.full((1, 7), "a"))


def test_only_two_dtypes_can_be_asked_for():
    model, _ = _fitted("softmax")
    for wrong in ("float16", "int32", "single precision", object):
        with pytest.raises(InputValueError, match="`dtype` must be float32 or float64"):
            model.predictor(wrong)


def test_a_link_of_somebody_else_is_refused():
    class Probit(SigmoidLink):
        pass

    class Other:
        pass

    model, _ = _fitted("labels")
    other = sigmoid_head(exclusive=False)
    model.head_ = Head("mine", Other(), CanonicalLoss(Probit()), other.decision, exclusive=False)
    with pytest.raises(InputValueError, match="softmax or sigmoid, got Other"):
        model.predictor()


def test_a_later_fit_does_not_change_it():
    model, X = _fitted("softmax")
    predictor = model.predictor("float64")
    before = predictor.predict_proba(X)
    model.coef_ *= 2
    model.fit(-X, model.predict(X))
    assert_array_equal(predictor.predict_proba(X), before)


def test_it_survives_pickling_and_comes_from_a_loaded_model(tmp_path, fitted, level):
    model, X = fitted
    predictor = model.predictor()
    copy = pickle.loads(pickle.dumps(predictor))
    assert_array_equal(copy.predict_proba(X), predictor.predict_proba(X))
    model.save(tmp_path / "model.headway")
    loaded = load(tmp_path / "model.headway").predictor()
    assert_array_equal(loaded.predict(X), predictor.predict(X))
    assert repr(copy) == repr(predictor)


def test_threads_may_share_it(fitted, level):
    model, X = fitted
    predictor = model.predictor()
    X = X.astype(np.float32)
    expected = [predictor.predict_proba(X[i : i + 1]) for i in range(len(X))]
    with ThreadPoolExecutor(8) as threads:
        for _ in range(20):
            found = list(
                threads.map(lambda i: predictor.predict_proba(X[i : i + 1]), range(len(X)))
            )
            assert_array_equal(found, expected)
