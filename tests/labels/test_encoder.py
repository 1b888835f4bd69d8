import json

import numpy as np
import pandas
import polars
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from headway.errors import InputTypeError, InputValueError
from headway.labels import LabelEncoder

NAMES = {
    "text": ["c", "a", "b", "a"],
    "unicode array": np.array(["c", "a", "b", "a"]),
    "object array": np.array(["c", "a", "b", "a"], dtype=object),
    "integers": [7, -3, 0, -3],
    "whole floats": [7.0, -3.0, 0.0, -3.0],
    "unsigned": np.array([7, 0, 3, 0], dtype=np.uint8),
    "integers as objects": np.array([7, -3, 0, -3], dtype=object),
    "series of text": pandas.Series(["c", "a", "b", "a"]),
    "series of categories": pandas.Series(["c", "a", "b", "a"], dtype="category"),
    "polars series": polars.Series(["c", "a", "b", "a"]),
    "polars integers": polars.Series([7, -3, 0, -3]),
    "tuple": ("c", "a", "b", "a"),
}
SETS = [{"sad"}, {"calm", "sad"}, set(), {"calm"}]
PIPED = ["sad", "calm|sad", "", "calm"]
MATRIX = [[0, 1], [1, 1], [0, 0], [1, 0]]


@pytest.mark.parametrize("y", NAMES.values(), ids=NAMES)
def test_names_become_integers_in_sorted_order_and_come_back(y):
    encoder = LabelEncoder()
    labels = encoder.fit_transform(y)
    assert labels.dtype == np.int64
    assert labels.tolist() == [2, 0, 1, 0]
    assert encoder.classes_.tolist() == sorted(set(np.asarray(y).tolist()))
    assert_array_equal(encoder.inverse_transform(labels), np.asarray(y))
    assert (encoder.kind_, encoder.n_logits_, encoder.format_) == ("exclusive", 3, "flat")


@pytest.mark.parametrize("y", [["spam", "ham"], [True, False], [1, 0], [1.0, 0.0], [[1], [0]]])
def test_two_classes_are_binary_with_one_logit(y):
    encoder = LabelEncoder().fit(y)
    assert (encoder.kind_, encoder.n_logits_) == ("binary", 1)
    assert_array_equal(encoder.transform(y), [1, 0])


def test_booleans_come_back_as_booleans():
    encoder = LabelEncoder().fit(np.array([True, False]))
    assert encoder.inverse_transform([0, 1]).dtype == bool


@pytest.mark.parametrize(
    ("y", "format"),
    [
        (SETS, "sets"),
        ([frozenset(row) for row in SETS], "sets"),
        ([list(row) for row in SETS], "sets"),
        ([("calm", "sad"), ("sad", "calm"), (), ("calm",)], "sets"),
        (pandas.Series(SETS), "sets"),
        (PIPED, "piped"),
        (np.array(PIPED), "piped"),
        (["sad", "calm | sad", " ", "calm"], "piped"),
    ],
)
def test_sets_and_piped_text_become_a_matrix(y, format):
    encoder = LabelEncoder()
    matrix = encoder.fit_transform(y)
    expected = [[0, 1], [1, 1], [0, 0], [1, 0]]
    if isinstance(y[0], tuple):
        expected[0] = [1, 1]
    assert_array_equal(matrix, expected)
    assert matrix.dtype == np.float64
    assert encoder.classes_.tolist() == ["calm", "sad"]
    assert (encoder.kind_, encoder.n_logits_, encoder.format_) == ("multilabel", 2, format)


@pytest.mark.parametrize(
    "y",
    [
        MATRIX,
        np.array(MATRIX),
        np.array(MATRIX, dtype=bool),
        np.array(MATRIX, dtype=np.float32),
        scipy.sparse.csr_matrix(MATRIX),
        scipy.sparse.csr_array(MATRIX),
        [np.array(row) for row in MATRIX],
        np.array(MATRIX, dtype=object),
    ],
)
def test_a_matrix_stays_a_matrix_with_numbered_columns(y):
    encoder = LabelEncoder()
    assert_array_equal(encoder.fit_transform(y), MATRIX)
    assert (encoder.kind_, encoder.format_) == ("multilabel", "matrix")
    assert encoder.classes_.tolist() == [0, 1]


@pytest.mark.parametrize("frame", [pandas.DataFrame, polars.DataFrame])
def test_columns_of_a_frame_are_matched_by_name(frame):
    y = frame({"sad": [0, 1, 0, 1], "calm": [1, 1, 0, 0]})
    encoder = LabelEncoder().fit(y)
    assert encoder.classes_.tolist() == ["sad", "calm"]
    swapped = frame({"calm": [1, 0], "sad": [0, 1]})
    assert_array_equal(encoder.transform(swapped), [[0, 1], [1, 0]])
    with pytest.raises(InputValueError, match="Missing: 'calm'"):
        encoder.transform(frame({"sad": [0], "clam": [1]}))


def test_decisions_come_back_as_they_were_written():
    decisions = np.array([[1, 1], [0, 0], [0, 1]])
    sets = LabelEncoder().fit(SETS).inverse_transform(decisions)
    assert sets.tolist() == [{"calm", "sad"}, set(), {"sad"}]
    assert LabelEncoder().fit(PIPED).inverse_transform(decisions).tolist() == [
        "calm|sad",
        "",
        "sad",
    ]
    matrix = LabelEncoder().fit(MATRIX).inverse_transform(decisions)
    assert_array_equal(matrix, decisions)
    assert matrix.dtype == np.int64


def test_written_sets_are_read_again_by_transform():
    decisions = np.array([[1, 1], [0, 0], [0, 1]])
    for y in (SETS, PIPED, MATRIX):
        encoder = LabelEncoder().fit(y)
        assert_array_equal(encoder.transform(encoder.inverse_transform(decisions)), decisions)


def test_a_label_encoder_fitted_to_piped_text_reads_sets_and_single_names():
    encoder = LabelEncoder().fit(PIPED)
    assert_array_equal(encoder.transform([{"sad"}, set()]), [[0, 1], [0, 0]])
    assert_array_equal(encoder.transform(["sad", "calm"]), [[0, 1], [1, 0]])


def test_declared_classes_keep_their_order_and_may_be_absent():
    encoder = LabelEncoder(["low", "mid", "high"])
    assert_array_equal(encoder.fit_transform(["high", "low"]), [2, 0])
    assert (encoder.kind_, encoder.n_logits_) == ("exclusive", 3)
    sets = LabelEncoder(["x", "sad", "calm"]).fit(SETS)
    assert_array_equal(sets.transform([{"calm"}]), [[0, 0, 1]])


def test_declared_classes_name_the_columns_of_a_matrix():
    encoder = LabelEncoder(["calm", "sad"]).fit(MATRIX)
    assert encoder.classes_.tolist() == ["calm", "sad"]
    with pytest.raises(InputValueError, match=r"must have 3 columns .* got 2"):
        LabelEncoder(["a", "b", "c"]).fit(MATRIX)


def test_declared_columns_excuse_no_constant_column():
    with pytest.raises(InputValueError, match="got 1 constant: 'calm'"):
        LabelEncoder(["calm", "sad"]).fit([[0, 1], [0, 0]])


def test_declared_names_with_a_pipe_are_plain_names():
    encoder = LabelEncoder(["a|b", "c"]).fit(["a|b", "c"])
    assert encoder.kind_ == "binary"
    assert LabelEncoder(kind="exclusive").fit(["a|b", "c", "d"]).format_ == "flat"


def test_a_declared_name_with_a_pipe_stays_plain_after_a_round_trip():
    encoder = LabelEncoder(["a|b", "c"]).fit(["a|b", "c"])
    assert_array_equal(encoder.transform(["c", "a|b"]), [1, 0])


def test_kind_multilabel_reads_text_without_pipes_as_sets_of_one():
    encoder = LabelEncoder(kind="multilabel").fit(["sad", "calm", ""])
    assert (encoder.kind_, encoder.format_) == ("multilabel", "piped")
    one = LabelEncoder(kind="multilabel").fit([[1], [0]])
    assert (one.kind_, one.n_logits_) == ("multilabel", 1)


def test_missing_cells_are_nan():
    y = np.array([[0.0, 1.0], [np.nan, 0.0], [1.0, 1.0]])
    assert np.isnan(LabelEncoder().fit_transform(y)[1, 0])
    coded = np.array([[0, 1], [-1, 0], [1, 1]])
    assert_array_equal(LabelEncoder(missing=-1).fit_transform(coded), y)
    objects = np.array([[0, 1], [None, 0], [1, 1]], dtype=object)
    assert_array_equal(LabelEncoder().fit_transform(objects), y)
    frame = pandas.DataFrame({"a": pandas.array([0, None, 1], dtype="Int64"), "b": [1, 0, 1]})
    assert_array_equal(LabelEncoder().fit_transform(frame), y)


@pytest.mark.parametrize("y", [["b", "a", "c"], [2, 1, 3], [True, False], SETS, PIPED, MATRIX])
def test_the_state_survives_json(y):
    encoder = LabelEncoder(missing=-1).fit(y)
    again = LabelEncoder.from_state(json.loads(json.dumps(encoder.to_state())))
    assert_array_equal(again.transform(y), encoder.transform(y))
    assert again.classes_.dtype == encoder.classes_.dtype
    assert (again.kind_, again.format_, again.n_logits_) == (
        encoder.kind_,
        encoder.format_,
        encoder.n_logits_,
    )


def test_a_state_with_dates_is_refused():
    state = LabelEncoder().fit(["a", "b"]).to_state() | {"dtype": "<M8[D]"}
    with pytest.raises(InputTypeError, match="got dtype '<M8"):
        LabelEncoder.from_state(state)


def test_the_first_batch_of_more_may_lack_classes():
    encoder = LabelEncoder(["a", "b"])
    assert_array_equal(encoder.fit_transform(["a", "a"], partial=True), [0, 0])
    assert encoder.kind_ == "binary"
    matrix = LabelEncoder(["x", "y"]).fit_transform([[0, 1], [0, 1]], partial=True)
    assert_array_equal(matrix, [[0, 1], [0, 1]])


REFUSED = [
    (None, "must hold the labels, got None"),
    ("spam", "must be a sequence of labels, got str"),
    (3, "must be a sequence of labels, got int"),
    ([], "at least one label, got none"),
    (np.zeros((2, 2, 2)), r"one or two dimensions, got shape \(2, 2, 2\)"),
    (["a", "a"], "got one class only: 'a' in all 2 rows"),
    ([1.0, 1.0], r"at least two classes, got one class only: 1\.0"),
    ([0.0, 0.5], r"Unknown label type: continuous.*got 0\.5 at row 1"),
    ([0.0, np.inf], "Unknown label type: .*got inf at row 1"),
    ([0.0, np.nan], "a label in every row, got none .* at row 1"),
    (["a", None], "a label in every row, got none .* at row 1"),
    (pandas.Series(["a", pandas.NA]), "a label in every row, got none .* at row 1"),
    (pandas.Series(["a", np.nan]), "a label in every row, got none .* at row 1"),
    (["a", 1], r"text or numbers, not both, got 'a' at row 0 and 1 at row 1"),
    (np.array([b"a", b"b"]), "Unknown label type: .*Decode them to text"),
    ([1j, 2j], "Unknown label type: .*got dtype complex128"),
    (np.array(["2020-01-01", "2021-01-01"], dtype="M8[D]"), "Unknown label type"),
    ([object(), object()], "Unknown label type: .*got object .* at row 0"),
    ([[0, 1], [0, 0]], "must hold both 0 and 1, got 1 constant: 0 .*0 is 0 in every row"),
    ([[1, 1], [1, 0]], "got 1 constant: 0 .*0 is 1 in every row"),
    ([[np.nan, 1], [np.nan, 0]], "got 0 missing in every row"),
    ([[-1, 1], [1, -1]], r"got -1 at row 0, column 0. -1 has two readings"),
    ([[0, 1], [1, -1]], r"got -1 at row 1, column 1. -1 has two readings: .*missing=-1"),
    ([[0, 1], [2, 1]], r"multiclass-multioutput.*got 2 at row 1, column 0.*sets"),
    ([[0.0, 1.0], [0.3, 0.7]], r"continuous-multioutput.*got 0\.3 at row 1, column 0.*soft_cross"),
    ([[0, 1], [np.inf, 1]], r"continuous-multioutput.*got inf at row 1, column 0"),
    (np.array([["a", 1], ["b", 0]], dtype=object), "must hold 0 and 1, got 'a' at row 0, column 0"),
    ([{"a"}, "b"], "must be a set or list of labels.*got 'b' at row 1"),
    ([{"a", 1}], "text or numbers, not both"),
    ([set(), set()], "at least one label, got 2 rows without any"),
    ([{"a"}, {"a"}], "got 1 constant: 'a' "),
    ([{"a|b"}, {"c"}], None),
    (["a||b", "a"], r"single '\|' signs, got 'a\|\|b' at row 0"),
    (pandas.DataFrame([[0, 1], [1, 0]], columns=["a", "a"]), "must be distinct, got 'a', 'a'"),
]


@pytest.mark.parametrize(("y", "message"), REFUSED)
def test_what_cannot_be_learned_is_refused_with_the_place(y, message):
    if message is None:  # legal: a pipe inside a set is a plain name
        assert LabelEncoder().fit(y).classes_.tolist() == ["a|b", "c"]
        return
    with pytest.raises((InputValueError, InputTypeError), match=message):
        LabelEncoder().fit(y)


@pytest.mark.parametrize(
    ("y", "label", "message"),
    [
        (["ham", "spam"], "spma", r"got 'spma' \(first at row 1\). Nearest known: 'spam'"),
        (["ham", "spam"], 1, "labels are numbers but the classes are text"),
        ([0, 1], "1", "labels are text but the classes are numbers"),
        ([0, 1], 2, r"known classes \(0, 1\), got 2 \(first at row 1\)"),
        ([0, 1], -1, "got -1"),
    ],
)
def test_unseen_labels_are_named_with_the_nearest(y, label, message):
    encoder = LabelEncoder().fit(y)
    with pytest.raises(InputValueError, match=message):
        encoder.transform([y[0] if isinstance(y[0], type(label)) else label, label])


def test_unseen_labels_in_sets_are_named_with_their_row():
    encoder = LabelEncoder().fit(SETS)
    with pytest.raises(
        InputValueError, match=r"got 'bad' \(first at row 2\). Nearest known: 'sad'"
    ):
        encoder.transform([set(), {"sad"}, {"bad", "calm"}])


def test_labels_outside_the_declared_classes_are_refused():
    with pytest.raises(InputValueError, match=r"known classes .* got 'c'"):
        LabelEncoder(["a", "b"]).fit(["a", "b", "c"])
    with pytest.raises(InputValueError, match="got one class only: 'a'"):
        LabelEncoder(["a", "b"]).fit(["a", "a"])


@pytest.mark.parametrize(
    ("arguments", "y", "error", "message"),
    [
        ({"classes": ["a", "a"]}, ["a", "b"], InputValueError, "distinct, got 'a' twice"),
        ({"classes": {"a", "b"}}, ["a", "b"], InputTypeError, "must be a sequence"),
        ({"classes": ["a"]}, ["a", "a"], InputValueError, "at least two classes"),
        ({"kind": "binary"}, ["a", "b", "c"], InputValueError, "two classes, got 3"),
        ({"kind": "exclusive"}, MATRIX, InputValueError, r"pass `y.argmax\(axis=1\)`"),
        ({"kind": "binary"}, SETS, InputValueError, "got several labels a row"),
        ({"kind": "multilabel"}, [0, 1], InputValueError, r"matrix of shape \(n, 1\)"),
        ({"classes": ["a|b", "c"], "kind": "multilabel"}, ["c", ""], InputValueError, "contain"),
    ],
)
def test_declarations_that_contradict_the_labels_are_refused(arguments, y, error, message):
    with pytest.raises(error, match=message):
        LabelEncoder(**arguments).fit(y)


def test_an_unknown_kind_is_refused():
    with pytest.raises(InputValueError, match=r"`kind` must be one of 'auto'.* got 'multi'"):
        LabelEncoder(kind="multi")


@pytest.mark.parametrize(
    ("decisions", "message"),
    [
        ([2], r"must be in 0\.\.1, got 2 at row 0"),
        ([0, -1], r"must be in 0\.\.1, got -1 at row 1"),
        ([0.0], "got dtype float64"),
        ([[0, 1]], r"shape \(1, 2\)"),
    ],
)
def test_indices_that_are_no_class_are_refused(decisions, message):
    with pytest.raises(InputValueError, match=message):
        LabelEncoder().fit(["a", "b"]).inverse_transform(decisions)


def test_a_matrix_of_decisions_must_be_zeros_and_ones_of_the_right_width():
    encoder = LabelEncoder().fit(MATRIX)
    with pytest.raises(InputValueError, match=r"shape \(n, 2\), got shape \(1, 3\)"):
        encoder.inverse_transform([[0, 1, 0]])
    with pytest.raises(InputValueError, match="0 and 1 only"):
        encoder.inverse_transform([[0.2, 0.8]])


def test_an_encoder_without_classes_says_so():
    with pytest.raises(InputValueError, match="Call `fit` first"):
        LabelEncoder().transform(["a"])


# NumPy's text arrays cannot hold a name that ends in a NUL character.
TEXT = st.text(st.characters(exclude_characters="\0"))


@given(st.lists(TEXT, min_size=2).filter(lambda y: len(set(y)) > 1))
def test_any_text_comes_back_unchanged(y):
    encoder = LabelEncoder(kind="exclusive")
    assert encoder.inverse_transform(encoder.fit_transform(y)).tolist() == np.asarray(y).tolist()


@given(st.lists(st.integers(-(2**62), 2**62), min_size=2).filter(lambda y: len(set(y)) > 1))
def test_any_integers_come_back_unchanged(y):
    encoder = LabelEncoder()
    assert encoder.inverse_transform(encoder.fit_transform(y)).tolist() == y


@given(st.lists(st.sets(st.sampled_from("abcd")), min_size=1))
def test_any_sets_come_back_unchanged(y):
    encoder = LabelEncoder(["a", "b", "c", "d"])
    decisions = encoder.fit_transform(y, partial=True)
    assert encoder.inverse_transform(decisions).tolist() == y
