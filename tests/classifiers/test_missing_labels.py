"""Cells of label matrices that are not known, through every classifier."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier

from headway import (
    ConvClassifier,
    FromLogits,
    LinearClassifier,
    LinearClassifierCV,
    MLPClassifier,
    compare,
    evaluate,
    load,
    wrap,
)
from headway.decisions import TuneThresholds
from headway.errors import InputValueError
from headway.kernels import sigmoid
from headway.metrics import cell_log_loss


def networks():
    pytest.importorskip("torch")
    small = {"hidden": (8,), "epochs": 3, "dropout": 0.0, "random_state": 0}
    return MLPClassifier(**small), ConvClassifier(image_shape=(2, 3), channels=(3,), **small)


MAKERS = {
    "linear": lambda **p: LinearClassifier(random_state=0, **p),
    "standardised": lambda **p: LinearClassifier(standardize=True, random_state=0, **p),
    "balanced": lambda **p: LinearClassifier(class_weight="balanced", random_state=0, **p),
    "smoothed": lambda **p: LinearClassifier(label_smoothing=0.1, random_state=0, **p),
    "squared": lambda **p: LinearClassifier("sigmoid+mse", random_state=0, **p),
    "cv": lambda **p: LinearClassifierCV(Cs=[0.1, 1.0], cv=3, random_state=0, **p),
    "mlp": lambda **p: networks()[0].set_params(**p),
    "cnn": lambda **p: networks()[1].set_params(**p),
    "temperature": lambda **p: FromLogits(**p),
    "platt": lambda **p: FromLogits("platt", **p),
}


@pytest.fixture(params=list(MAKERS))
def make(request):
    return MAKERS[request.param]


def with_holes(n=240, seed=0, share=0.3):
    """Return features, full labels and labels of which a share is missing; logits as features."""
    rng = np.random.default_rng(seed)
    X = 2 * rng.normal(size=(n, 6))
    Y = (X + rng.logistic(size=(n, 6)) > 0).astype(float)
    holes = np.where(rng.random(Y.shape) < share, np.nan, Y)
    return X, Y, holes


def test_a_declared_missing_value_is_nan(make):
    X, _, holes = with_holes()
    plain = make().fit(X, holes)
    for value in (-1, 9.0):
        coded = np.where(np.isnan(holes), value, holes)
        model = make(missing=value).fit(X, coded)
        assert_array_equal(model.logits(X), plain.logits(X))
        assert model.score(X, coded) == plain.score(X, holes)
        assert_array_equal(model.predict(X), plain.predict(X))


def test_a_declared_missing_value_may_be_text_among_numbers():
    X, _, holes = with_holes()
    marked = np.where(np.isnan(holes), "?", holes.astype(object))
    model = LinearClassifier(missing="?", random_state=0).fit(X, marked)
    assert_array_equal(model.coef_, LinearClassifier(random_state=0).fit(X, holes).coef_)


def test_a_declared_missing_value_is_saved(tmp_path, make):
    X, _, holes = with_holes()
    coded = np.where(np.isnan(holes), -1, holes)
    model = make(missing=-1).fit(X, coded)
    model.save(tmp_path / "m.headway")
    again = load(tmp_path / "m.headway")
    assert again.get_params()["missing"] == -1
    assert again.score(X, coded) == model.score(X, coded)


@pytest.mark.parametrize("name", ["linear", "standardised", "balanced", "smoothed", "squared"])
def test_a_row_without_a_known_cell_is_a_row_that_is_not_there(name):
    X, _, holes = with_holes()
    X[7:40] *= 50.0  # would move means and deviations
    gone = holes.copy()
    gone[7:40] = np.nan
    kept = ~np.isnan(gone).all(axis=1)
    full = MAKERS[name](tol=1e-10).fit(X, gone)
    less = MAKERS[name](tol=1e-10).fit(X[kept], gone[kept])
    assert_allclose(full.coef_, less.coef_, rtol=1e-4, atol=1e-6)
    assert_allclose(full.objective_, less.objective_, rtol=1e-9)
    assert full.score(X, gone) == less.score(X[kept], gone[kept])


def test_a_network_does_not_see_rows_without_a_known_cell():
    X, _, holes = with_holes()
    holes[7:40] = np.nan
    kept = ~np.isnan(holes).all(axis=1)
    for full, less in zip(networks(), networks(), strict=True):
        full.fit(X, holes)
        less.fit(X[kept], holes[kept])
        assert_array_equal(full.logits(X), less.logits(X))


def test_a_label_learns_from_its_known_rows_alone():
    X, _, holes = with_holes()
    together = LinearClassifier(tol=1e-10).fit(sp.csr_array(X), holes)
    for label in range(6):
        known = ~np.isnan(holes[:, label])
        alone = LinearClassifier(tol=1e-10).fit(X[known], holes[known, label])
        assert_allclose(together.coef_[label], alone.coef_[0], rtol=1e-4, atol=1e-6)


def test_cells_missing_at_random_cost_less_than_half_of_what_zeros_cost():
    X, Y, holes = with_holes(n=1500)
    new_X, new_Y, _ = with_holes(n=3000, seed=1)

    def loss(labels):
        return np.mean(cell_log_loss(LinearClassifier().fit(X, labels).logits(new_X), new_Y))

    full, masked, zeros = loss(Y), loss(holes), loss(np.nan_to_num(holes))
    assert full <= masked + 1e-3
    assert masked - full < (zeros - full) / 2


def test_a_label_of_which_nothing_is_known_is_named(make):
    X, _, holes = with_holes()
    holes[:, [2, 4]] = np.nan
    with pytest.raises(InputValueError, match=r"got 2, 4 missing in every row\. Drop the column"):
        make().fit(X, holes)


def test_a_label_of_which_only_positives_are_known_is_named(make):
    X, _, holes = with_holes()
    holes[:, 3] = np.where(holes[:, 3] == 1, 1.0, np.nan)
    with pytest.raises(InputValueError, match="3 is 1 in every row where it is known"):
        make().fit(X, holes)


@pytest.mark.parametrize("head", ["focal", "asymmetric"])
def test_other_heads_leave_out_rows_without_a_known_cell(head):
    X, _, holes = with_holes()
    holes[7:40] = np.nan
    kept = ~np.isnan(holes).all(axis=1)
    full = LinearClassifier(head).fit(X, holes)
    less = LinearClassifier(head).fit(X[kept], holes[kept])
    assert_allclose(full.coef_, less.coef_, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("estimator", [GaussianNB(), KNeighborsClassifier()])
def test_wrapped_estimators_need_no_weights_for_rows_without_a_known_cell(estimator):
    X, _, holes = with_holes()
    holes[7:40] = np.nan
    kept = ~np.isnan(holes).all(axis=1)
    full = wrap(estimator, missing=-1).fit(X, np.where(np.isnan(holes), -1, holes))
    less = wrap(estimator).fit(X[kept], holes[kept])
    assert_allclose(full.predict_proba(X), less.predict_proba(X), rtol=1e-12)


def test_calibrator_thresholds_and_evaluation_see_known_cells_alone():
    X, _, holes = with_holes(n=1500)
    coded = np.where(np.isnan(holes), -1, holes)
    models = []
    for labels, missing in ((holes, None), (coded, -1)):
        model = LinearClassifier(C=1e4, missing=missing, random_state=0).fit(X[:100], labels[:100])
        model = model.calibrate(X[100:], labels[100:], "platt")
        assert any(model.calibration_report_.kept)
        models.append(model.decide_by(TuneThresholds(), X[100:], labels[100:]))
    plain, declared = models
    assert_array_equal(declared.logits(X), plain.logits(X))
    assert declared.head_.decision.values == plain.head_.decision.values
    assert evaluate(declared, X, coded).to_dict() == evaluate(plain, X, holes).to_dict()


def test_a_batch_without_a_known_cell_teaches_nothing():
    X, _, holes = with_holes()
    model = networks()[0].partial_fit(X, holes)
    before = model.logits(X)
    model.partial_fit(X[:20], np.full((20, 6), np.nan))
    assert_array_equal(model.logits(X), before)


def test_rows_without_a_known_cell_do_not_count_in_the_score():
    X, _, holes = with_holes()
    model = LinearClassifier().fit(X, holes)
    expected = model.score(X, holes)
    more = np.vstack([holes, np.full((60, 6), np.nan)])
    assert model.score(np.vstack([X, X[:60]]), more) == pytest.approx(expected, rel=1e-12)
    weights = np.r_[np.ones(len(X)), np.full(60, 5.0)]
    again = model.score(np.vstack([X, X[:60]]), more, sample_weight=weights)
    assert again == pytest.approx(expected, rel=1e-12)
    assert np.isnan(model.score(X, np.full_like(holes, np.nan)))


def test_what_stands_in_a_missing_cell_of_test_labels_changes_no_score():
    X, _, holes = with_holes()
    other = compare(X, np.where(np.isnan(holes), -1, holes), missing=-1, models=("linear",))
    plain = compare(X, holes, models=("linear",))
    assert other.entries[0].accuracy == plain.entries[0].accuracy
    assert other.entries[0].log_loss == plain.entries[0].log_loss


def test_calibration_with_missing_cells_finds_the_temperature_of_the_known_ones():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(4000, 3))
    Y = (rng.random(z.shape) < sigmoid(z)).astype(float)
    Y[rng.random(Y.shape) < 0.3] = np.nan
    model = FromLogits().fit(3 * z, Y)
    assert model.calibrator_.value == pytest.approx(3, rel=0.1)
    kept = ~np.isnan(Y).all(axis=1)
    again = FromLogits().fit(3 * z[kept], Y[kept])
    assert model.calibrator_.value == pytest.approx(again.calibrator_.value, rel=1e-6)


def test_weight_on_rows_without_a_known_cell_alone_is_refused(make):
    X, _, holes = with_holes()
    holes[:20] = np.nan
    weights = (np.arange(len(X)) < 20).astype(float)
    with pytest.raises(InputValueError, match="must have a known cell"):
        make().fit(X, holes, sample_weight=weights)


@pytest.mark.parametrize("name", ["bibtex", "tmc2007"])
def test_masking_real_labels_costs_less_than_half_of_filling_them_with_zeros(data_folder, name):
    with np.load(data_folder / f"ml_{name}.npz", allow_pickle=False) as data:
        X = np.concatenate([data["X_train"], data["X_test"]]).astype(np.float64)
        Y = np.concatenate([data["Y_train"], data["Y_test"]]).astype(np.float64)
    order = np.random.default_rng(0).permutation(len(X))
    train, test = order[:3000], order[3000:6000]
    often = np.argsort(-Y[train].sum(axis=0))[:8]
    X, Y = sp.csr_array(X), Y[:, often]
    gone = np.random.default_rng(1).random((len(train), 8)) < 0.3

    def loss(labels):
        model = LinearClassifier(C=0.1, tol=1e-4).fit(X[train], labels)
        return np.mean(cell_log_loss(model.logits(X[test]), Y[test]))

    full = loss(Y[train])
    masked = loss(np.where(gone, np.nan, Y[train]))
    zeros = loss(np.where(gone, 0.0, Y[train]))
    assert full < masked
    assert masked - full < (zeros - full) / 2
