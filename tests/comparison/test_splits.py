"""Splits: disjoint, whole, stratified, and the same for the same seed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from headway.comparison.splits import stratified_split


@given(
    st.lists(st.integers(0, 4), min_size=2, max_size=80),
    st.floats(0.05, 0.95),
    st.integers(0, 5),
)
def test_every_row_is_in_exactly_one_part(labels, test_size, seed):
    train, test = stratified_split(np.array(labels), test_size=test_size, seed=seed)
    assert_array_equal(np.sort(np.r_[train, test]), np.arange(len(labels)))


@given(st.lists(st.integers(2, 30), min_size=2, max_size=6), st.floats(0.1, 0.9))
def test_both_parts_hold_every_class_in_its_share(counts, test_size):
    labels = np.repeat(np.arange(len(counts)), counts)
    train, test = stratified_split(labels, test_size=test_size, seed=0)
    in_test = np.bincount(labels[test], minlength=len(counts))
    assert (np.abs(in_test - np.array(counts) * test_size) <= 1).all()
    assert (in_test >= 1).all()
    assert (np.bincount(labels[train], minlength=len(counts)) >= 1).all()


def test_the_test_part_has_the_size_asked_for():
    labels = np.random.default_rng(0).integers(0, 10, 1797)
    assert len(stratified_split(labels, test_size=0.5, seed=3)[1]) in (898, 899)


def test_a_class_of_one_row_is_trained_on():
    train, _ = stratified_split(np.array([0, 0, 0, 0, 1]), test_size=0.5, seed=0)
    assert 4 in train


def test_the_seed_alone_decides():
    labels = np.repeat([0, 1, 2], 30)
    first, again = (stratified_split(labels, test_size=0.5, seed=1)[1] for _ in range(2))
    assert_array_equal(first, again)
    other = stratified_split(labels, test_size=0.5, seed=2)[1]
    assert set(first.tolist()) != set(other.tolist())


@pytest.mark.parametrize("seed", range(20))
def test_a_label_carried_by_two_rows_is_in_both_parts(seed):
    matrix = np.zeros((100, 3))
    matrix[[3, 70], 0] = 1
    matrix[:40, 1] = 1
    matrix[20:60, 2] = 1
    matrix[90:, 2] = np.nan
    train, test = stratified_split(matrix, test_size=0.5, seed=seed)
    assert_array_equal(np.sort(np.r_[train, test]), np.arange(100))
    assert matrix[train, 0].sum() == 1
    assert matrix[test, 0].sum() == 1
    assert abs(len(test) - 50) <= 3


def test_labels_keep_their_shares_in_sets():
    rng = np.random.default_rng(0)
    matrix = (rng.random((400, 6)) < [0.02, 0.05, 0.1, 0.3, 0.5, 0.7]).astype(float)
    _, test = stratified_split(matrix, test_size=0.3, seed=0)
    assert abs(len(test) - 120) <= 4
    assert (np.abs(matrix[test].sum(axis=0) - 0.3 * matrix.sum(axis=0)) <= 6).all()
