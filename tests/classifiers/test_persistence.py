"""A loaded classifier is the saved one."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning

import headway
from headway.artifact import read_artifact, write_artifact
from headway.classifiers import LinearClassifier, MLPClassifier, load
from headway.errors import FileFormatError, InputTypeError
from headway.heads import Head, binary_head

IRIS = load_iris()
NAMES = IRIS.target_names[IRIS.target]


def saved_and_loaded(model, path):
    model.save(path)
    return load(path)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.headway"


def test_load_is_public(path):
    LinearClassifier().fit(IRIS.data, NAMES).save(path)
    assert headway.load(str(path)).score(IRIS.data, NAMES) > 0.9


@pytest.mark.parametrize(
    "labels",
    [
        NAMES,
        NAMES.astype(object),
        IRIS.target,
        IRIS.target == 1,
        pd.Series(NAMES, dtype="category"),
        np.eye(3, dtype=int)[IRIS.target],
        [{"a"} if k else {"a", "b"} if k > 1 else {"b"} for k in IRIS.target],
        ["a|b" if k > 1 else "a" if k else "" for k in IRIS.target],
    ],
    ids=["text", "objects", "integers", "booleans", "category", "matrix", "sets", "piped"],
)
@pytest.mark.parametrize("head", ["auto", "sigmoid"])
def test_predictions_are_the_same_for_every_kind_of_labels(labels, head, path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=ConvergenceWarning)
        model = LinearClassifier(head).fit(IRIS.data, labels)
    back = saved_and_loaded(model, path)
    assert_array_equal(back.logits(IRIS.data), model.logits(IRIS.data))
    assert_array_equal(back.predict_proba(IRIS.data), model.predict_proba(IRIS.data))
    predicted, expected = back.predict(IRIS.data), model.predict(IRIS.data)
    assert predicted.dtype == expected.dtype
    assert list(map(str, predicted)) == list(map(str, expected))
    assert back.score(IRIS.data, labels) == model.score(IRIS.data, labels)


def test_all_that_was_learned_and_set_comes_back(path):
    frame = pd.DataFrame(IRIS.data, columns=IRIS.feature_names)
    model = LinearClassifier(
        C=np.inf,
        standardize=True,
        label_smoothing=0.1,
        classes=[*IRIS.target_names, "none"],
        class_weight={"setosa": 2.0},
        random_state=3,
    ).fit(frame, NAMES)
    back = saved_and_loaded(model, path)
    assert back.get_params() == model.get_params()
    assert list(back.feature_names_in_) == list(IRIS.feature_names)
    for name in ("coef_", "intercept_", "objective_", "optimality_gap_", "n_iter_", "head_"):
        assert_array_equal(getattr(back, name), getattr(model, name))
    with pytest.raises(ValueError, match="feature names should match"):
        back.predict(frame.rename(columns={"sepal length (cm)": "x"}))
    assert_array_equal(back.fit(frame, NAMES).coef_, model.coef_)


def test_integer_keys_of_class_weights_stay_integers(path):
    model = LinearClassifier(class_weight={0: 2.0}).fit(IRIS.data, IRIS.target)
    assert saved_and_loaded(model, path).class_weight == {0: 2.0}


def test_a_head_of_ones_own_making_comes_back(path):
    head = binary_head()
    own = Head("mine", head.link, head.loss, head.decision, True)
    model = LinearClassifier(own).fit(IRIS.data, NAMES == "setosa")
    assert saved_and_loaded(model, path).head == own


def test_a_generator_is_saved_as_none(path):
    model = LinearClassifier(random_state=np.random.RandomState(0)).fit(IRIS.data, NAMES)
    assert saved_and_loaded(model, path).random_state is None


def test_a_network_comes_back(path):
    pytest.importorskip("torch")
    model = MLPClassifier(hidden=(8,), epochs=2, random_state=0).fit(IRIS.data, NAMES)
    back = saved_and_loaded(model, path)
    assert_array_equal(back.predict_proba(IRIS.data), model.predict_proba(IRIS.data))
    assert back.history_ == model.history_


def test_strangers_are_not_saved(path):
    class Mine(LinearClassifier):
        pass

    with pytest.raises(InputTypeError, match="can be saved, got Mine"):
        Mine().fit(IRIS.data, NAMES).save(path)
    assert not path.exists()


def test_a_parameter_that_cannot_be_saved_is_named(path):
    model = LinearClassifier(verbose=BaseEstimator()).fit(IRIS.data, NAMES)
    with pytest.raises(InputTypeError, match="The parameter `verbose` cannot be saved"):
        model.save(path)


@pytest.mark.parametrize("missing", ["class", "params", "head", "encoder", "state"])
def test_a_description_with_a_part_missing_is_refused(missing, path):
    LinearClassifier().fit(IRIS.data, NAMES).save(path)
    arrays, description = read_artifact(path)
    del description[missing]
    write_artifact(path, arrays, description)
    with pytest.raises(FileFormatError, match="must describe a classifier in full"):
        load(path)


def test_only_classes_of_the_table_come_out_of_a_file(path):
    LinearClassifier().fit(IRIS.data, NAMES).save(path)
    arrays, description = read_artifact(path)
    write_artifact(path, arrays, {**description, "class": "Popen"})
    with pytest.raises(FileFormatError, match="got 'Popen'"):
        load(path)
