import json

import numpy as np
import pytest

from headway.errors import InputValueError
from headway.heads import preset_head
from headway.labels import inspect_labels


def test_two_classes_call_for_one_logit():
    structure = inspect_labels(["spam", "ham", "ham", "ham"])
    assert structure.kind == "binary"
    assert structure.classes == ("ham", "spam")
    assert structure.counts == (3, 1)
    assert structure.shares == (0.75, 0.25)
    assert structure.imbalance == 3
    assert (structure.rows_with_none, structure.rows_with_one) == (0, 4)
    assert (structure.head, structure.loss) == ("sigmoid", "binary cross-entropy")
    assert "same model" in structure.reason


def test_exclusive_classes_call_for_softmax():
    structure = inspect_labels([3, 1, 2, 3])
    assert (structure.kind, structure.head, structure.loss) == (
        "exclusive",
        "softmax",
        "cross-entropy",
    )
    assert "exactly one of 3 classes" in structure.reason


def test_label_sets_call_for_sigmoids_and_count_what_rows_carry():
    structure = inspect_labels(["sad", "calm|sad", "", "", "calm|sad|wild"])
    assert (structure.kind, structure.head) == ("multilabel", "sigmoid")
    assert structure.rows_with_none == 2
    assert structure.rows_with_one == 1
    assert structure.rows_with_several == 2
    assert structure.counts == (2, 3, 1)
    assert structure.imbalance == 3
    assert "up to 3 labels" in structure.reason
    assert "2 rows carry none" in structure.reason


def test_missing_cells_count_neither_as_yes_nor_as_no():
    structure = inspect_labels([[1, -1], [0, 1], [1, 0], [-1, 1]], missing=-1)
    assert structure.cells_missing == 2
    assert structure.counts == (2, 2)
    assert structure.shares == (2 / 3, 2 / 3)
    assert "missing    2 cells" in structure.to_text()


def test_one_hot_rows_stay_multilabel_with_a_word_of_advice():
    structure = inspect_labels(np.eye(3)[[0, 1, 2, 0]])
    assert structure.kind == "multilabel"
    assert "y.argmax(axis=1)" in structure.advice


def test_single_rows_and_absent_classes_and_imbalance_are_mentioned():
    assert "1 class has a single row" in inspect_labels(["a", "a", "b"]).advice
    absent = inspect_labels(["a", "a", "b", "b"], classes=["a", "b", "c"])
    assert absent.counts == (2, 2, 0)
    assert absent.imbalance == 1
    assert "without any row" in absent.advice
    assert "Very unequal" in inspect_labels([0] * 50 + [1] * 2).advice
    assert inspect_labels([0, 1, 0, 1]).advice == ""


@pytest.mark.parametrize(
    "y", [[0, 1], ["a", "b", "c"], [{"a"}, {"b", "a"}, {"b"}], np.array([[0, 1], [1, 0]])]
)
def test_the_structure_can_be_written_as_json_and_text(y):
    structure = inspect_labels(y)
    again = json.loads(json.dumps(structure.to_dict()))
    assert again["kind"] == structure.kind
    assert list(again["counts"].values()) == list(structure.counts)
    text = structure.to_text()
    assert structure.reason in text
    assert text.startswith("kind       ")
    assert "%" in text


def test_the_reason_is_two_sentences():
    for y in ([0, 1], [0, 1, 2], [{"a"}, {"b", "a"}, {"b"}], [{"a"}, set()]):
        assert inspect_labels(y).reason.count(". ") == 1


def test_many_classes_are_cut_short_in_the_text():
    text = inspect_labels(np.arange(100) % 40).to_text()
    assert "and 28 rarer ones" in text


@pytest.mark.parametrize("y", [[0, 1], [0, 1, 2], [{"a"}, {"b", "a"}, {"b"}]])
def test_the_head_is_the_one_that_auto_takes(y):
    structure = inspect_labels(y)
    head = preset_head("auto", structure.kind)
    assert head.link == preset_head(structure.head, structure.kind).link


def test_labels_that_a_classifier_would_refuse_are_refused():
    with pytest.raises(InputValueError, match="one class only"):
        inspect_labels(["a", "a"])
    with pytest.raises(InputValueError, match="constant"):
        inspect_labels([[0, 1], [0, 0]])
