"""The picture of one decision: drawn for every kind, with a title that says what was decided."""

import numpy as np
import pytest
from sklearn.datasets import load_iris, make_multilabel_classification

from headway import (
    Abstain,
    FromLogits,
    LabelThresholds,
    LeastCost,
    LinearClassifier,
    explain_prediction,
)
from headway.report import explanation_picture, write_picture

X, y = load_iris(return_X_y=True)


def told(kind):
    iris = LinearClassifier().fit(X, y)
    if kind == "cost":
        return explain_prediction(iris.decide_by(LeastCost([[0, 1, 1, 0.2]] * 3)), X, 70)
    if kind == "abstain":
        return explain_prediction(iris.decide_by(Abstain(0.9)), X, 70)
    if kind == "logits":
        return explain_prediction(FromLogits(None).fit(iris.logits(X), y), iris.logits(X), 70)
    if kind == "image":
        return explain_prediction(iris, X, 70, image_shape=(2, 2))
    if kind == "labels":
        features, labels = make_multilabel_classification(80, 30, n_classes=4, random_state=1)
        model = LinearClassifier().fit(features, labels)
        return explain_prediction(model.decide_by(LabelThresholds((0.2,) * 4)), features, 0)
    return explain_prediction(iris, X, 70)


@pytest.mark.parametrize("kind", ["classes", "cost", "abstain", "logits", "image", "labels"])
def test_the_picture_says_what_was_decided(kind, tmp_path):
    explanation = told(kind)
    picture = explanation_picture(explanation)
    assert picture.title.startswith(f"Row {explanation.row}: {explanation.answer}")
    assert "Logit:" in picture.description
    assert write_picture(picture, tmp_path / "why.svg").read_text().lstrip().startswith("<?xml")


def test_the_bars_are_the_contributions_and_the_rest():
    features, labels = make_multilabel_classification(80, 30, n_classes=4, random_state=1)
    model = LinearClassifier().fit(features, labels)
    explanation = explain_prediction(model, features, 0, top=3, classes=["0"])
    axes = explanation_picture(explanation).figure.subfigs[0].axes[0]
    widths = [bar.get_width() for bar in axes.patches]
    reason = explanation.reasons[0]
    assert len(widths) == 4
    np.testing.assert_allclose(sum(widths), reason.logit - reason.base)
    np.testing.assert_allclose(widths[:3], reason.values[reason.largest(3)])


def test_what_was_compared_ends_at_1_and_its_title_counts_long_answers():
    features, cells = make_multilabel_classification(80, 30, n_classes=4, random_state=1)
    names = ["amazed-surprised", "happy-pleased", "relaxing-calm", "quiet-still"]
    model = LinearClassifier(classes=names).fit(features, cells)
    every = explain_prediction(model.decide_by(LabelThresholds((0.0,) * 4)), features, 0)
    one = explain_prediction(model.decide_by(LabelThresholds((0.0, 1.0, 1.0, 1.0))), features, 0)
    for explanation, title in ((every, "Decided: 4 of 4"), (one, "Decided: amazed-surprised")):
        figure = explanation_picture(explanation).figure
        axes = figure.subfigs[-1].axes[1]
        assert axes.get_xlim() == (0, 1)
        assert axes.get_title(loc="left") == title
        figure.draw_without_rendering()
        ends = [text.get_window_extent().x1 for text in axes.texts]
        assert max(ends) <= figure.bbox.x1
