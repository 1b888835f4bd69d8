"""The networks are scikit-learn estimators: its own checks say so."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

pytest.importorskip("torch")

from headway.classifiers import ConvClassifier, MLPClassifier

# Minibatches: a row given twice falls into two batches, a row of weight 2 into one, and their
# order is drawn for another number of rows.  The weight is exact in the gradient of each batch
# (tests/training), but the two fits take different paths.
EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": "weights and repeats differ in their batches",
}


@parametrize_with_checks(
    [
        MLPClassifier(hidden=(16,), epochs=30, random_state=0),
        ConvClassifier(channels=(4,), hidden=(16,), epochs=30, random_state=0),
    ],
    expected_failed_checks=lambda _: EXPECTED,
)
def test_scikit_learns_check_passes(estimator, check):
    check(estimator)
