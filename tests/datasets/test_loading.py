import numpy as np
import pytest

from headway.datasets import DATASET_NAMES, Dataset, emotions, load
from headway.errors import DataNotFoundError, InputValueError
from headway.labels import LabelEncoder


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "mails.csv"
    path.write_text("links,kind\n1,ham\n2,spam\n")
    return path


@pytest.mark.parametrize("name", ["digits", "blobs", "moons", "label_sets"])
def test_a_named_data_set_needs_no_file(name):
    data = load(name)
    assert data.name == name
    assert data.n_samples == len(data.y) > 100
    assert data.n_features == len(data.feature_names)
    assert data.description
    assert data.source
    LabelEncoder(data.classes).fit(data.y)


def test_a_path_is_a_table(table):
    data = load(table, target="kind")
    assert data.name == "mails"
    assert load(str(table), target="kind").y.tolist() == data.y.tolist()


def test_a_table_without_a_target_is_refused_with_its_columns(table):
    with pytest.raises(InputValueError, match=r"--target.*'links', 'kind'"):
        load(table)


def test_a_named_data_set_with_a_target_is_refused():
    with pytest.raises(InputValueError, match="has its own labels, got target='kind'"):
        load("digits", target="kind")


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(DataNotFoundError, match=r"Did you mean digits?") as caught:
        load("digit")
    assert all(name in str(caught.value) for name in DATASET_NAMES)
    with pytest.raises(DataNotFoundError, match="Check the name"):
        load("zzzzzz")


def test_an_unknown_file_is_refused_with_its_neighbours(table):
    with pytest.raises(DataNotFoundError, match=r"Nearest there: mails\.csv"):
        load(table.with_name("mail.csv"), target="kind")


@pytest.fixture
def moods(tmp_path):
    head = "tempo,moods\n"
    (tmp_path / "emotions_train.csv").write_text(head + "1,sad|calm\n2,wild\n3,\n4,calm\n")
    (tmp_path / "emotions_test.csv").write_text(head + "5,wild|sad\n6,\n")
    return tmp_path


def test_emotions_are_label_sets_with_a_fixed_split(moods, monkeypatch):
    data = emotions(folder=moods)
    assert data.classes == ("calm", "sad", "wild")
    assert data.y.tolist() == ["sad|calm", "wild", "", "calm"]
    assert data.X_test.tolist() == [[5.0], [6.0]]
    assert data.y_test.tolist() == ["wild|sad", ""]
    monkeypatch.setenv("HEADWAY_DATA", str(moods))
    assert load("emotions").y.tolist() == data.y.tolist()


def test_an_unknown_mood_in_the_test_part_is_refused(moods):
    (moods / "emotions_test.csv").write_text("tempo,moods\n1,sda|calm\n")
    with pytest.raises(InputValueError, match=r"got 'sda' .*line 2 .*emotions_test.csv.*'sad'"):
        emotions(folder=moods)


def test_missing_emotions_name_the_ways(tmp_path, monkeypatch):
    monkeypatch.delenv("HEADWAY_DATA", raising=False)
    with pytest.raises(DataNotFoundError, match="HEADWAY_DATA is not set"):
        emotions()
    with pytest.raises(DataNotFoundError, match=r"got no .*emotions_train\.csv"):
        emotions(folder=tmp_path)


def test_the_real_emotions_are_those_of_the_npz_file(data_folder):
    if not (data_folder / "emotions_train.csv").is_file():
        pytest.skip("emotions_train.csv is not there")
    data = emotions(folder=data_folder)
    with np.load(data_folder / "ml_emotions.npz", allow_pickle=False) as archive:
        names = archive["label_names"].tolist()
        encoder = LabelEncoder(names)
        assert sorted(names) == list(data.classes)
        np.testing.assert_array_equal(encoder.fit_transform(data.y), archive["Y_train"])
        np.testing.assert_array_equal(encoder.transform(data.y_test), archive["Y_test"])
        np.testing.assert_allclose(data.X, archive["X_train"], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"X": np.zeros(3)}, r"must have shape \(n, d\)"),
        ({"X": np.zeros((2, 4))}, "one row per label, got"),
        ({"feature_names": ("a",)}, "must name the 4 columns of `X`, got 1"),
        ({"X_test": np.zeros((1, 4))}, "must be given together"),
        ({"y_test": np.zeros(1)}, "must be given together"),
        ({"X_test": np.zeros((1, 3)), "y_test": np.zeros(1)}, r"must have shape \(1, 4\)"),
        ({"image_shape": (2, 3)}, "must hold 4 pixels"),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(changes, message):
    parts = {
        "name": "data",
        "X": np.zeros((3, 4)),
        "y": np.zeros(3),
        "classes": (0, 1),
        "feature_names": ("a", "b", "c", "d"),
    }
    Dataset(**parts)
    with pytest.raises(InputValueError, match=message):
        Dataset(**(parts | changes))
