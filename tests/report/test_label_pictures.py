"""Pictures label by label: F1 against the threshold, and reliability."""

import numpy as np
import pytest
from sklearn.metrics import fbeta_score

from headway.decisions import TuneThresholds
from headway.errors import InputValueError
from headway.evaluation import evaluate_probs
from headway.report import label_reliability_picture, threshold_picture, write_picture
from headway.report.thresholds import f_at


def rows(n_labels=6, n=400, gone=0.2):
    rng = np.random.default_rng(0)
    probs = rng.random((n, n_labels)) * np.linspace(1.0, 0.3, n_labels)
    labels = (rng.random(probs.shape) < probs).astype(float)
    labels[rng.random(probs.shape) < gone] = np.nan
    return probs, labels


def panels(picture):
    return [axes for axes in picture.figure.axes if axes.get_visible()]


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
def test_the_curve_is_scikit_learns_f_at_every_threshold(beta):
    probs, labels = rows(1, gone=0.0)
    weights = np.random.default_rng(1).integers(0, 4, len(probs)).astype(float)
    thresholds = np.concatenate([np.linspace(0, 1, 21), probs[:5, 0]])
    expected = [
        fbeta_score(
            labels[:, 0], probs[:, 0] > t, beta=beta, sample_weight=weights, zero_division=0.0
        )
        for t in thresholds
    ]
    found = f_at(probs[:, 0], labels[:, 0], weights, thresholds, beta=beta)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)


def test_the_marks_stand_at_a_half_and_at_what_the_tuner_found():
    probs, labels = rows()
    tuned = TuneThresholds().fit(probs, labels).values
    picture = threshold_picture(probs, labels)
    for axes in panels(picture):
        k = int(axes.get_title("left").removeprefix("label ").partition(",")[0])
        marks = [line for line in axes.lines if line.get_marker() in ("s", "o")]
        assert [mark.get_xdata()[0] for mark in marks] == [0.5, tuned[k]]
        known = ~np.isnan(labels[:, k])
        truth, said = labels[known, k], probs[known, k] > tuned[k]
        assert marks[1].get_ydata()[0] == pytest.approx(fbeta_score(truth, said, beta=1.0))
    assert len(panels(picture)) == 6


def test_missing_cells_change_nothing_but_by_being_absent():
    probs, labels = rows(1, gone=0.0)
    whole = threshold_picture(probs, labels)
    holes = np.vstack([labels, np.full((50, 1), np.nan)])
    more = threshold_picture(np.vstack([probs, np.full((50, 1), 0.9)]), holes)

    def curve(picture):
        return panels(picture)[0].lines[0].get_ydata()

    np.testing.assert_allclose(curve(more), curve(whole), rtol=1e-12)


def test_labels_go_from_common_to_rare_and_those_without_events_are_left_out():
    probs, labels = rows(3, gone=0.0)
    labels = labels[:, [2, 0, 1]]
    labels[:, 2] = 0.0
    titles = [
        axes.get_title("left")
        for axes in panels(threshold_picture(probs, labels, classes=["rare", "common", "never"]))
    ]
    assert [title.partition(",")[0] for title in titles] == ["common", "rare"]


def test_of_many_labels_eight_are_drawn():
    probs, labels = rows(20)
    assert len(panels(threshold_picture(probs, labels))) == 8
    result = evaluate_probs(probs, labels, n_bootstrap=0)
    assert len(panels(label_reliability_picture(result))) == 8


def test_reliability_shows_the_share_that_came_true():
    probs = np.repeat([[0.1, 0.9], [0.7, 0.9]], 50, axis=0)
    labels = np.zeros((100, 2))
    labels[:10, 0], labels[50:90, 0], labels[:, 1] = 1, 1, np.nan
    labels[:20, 1], labels[20:40, 1] = 1, 0
    result = evaluate_probs(probs, labels, classes=["a", "b"], n_bootstrap=0)
    first, second = panels(label_reliability_picture(result))
    for axes, said, came in ((first, [0.1, 0.7], [0.2, 0.8]), (second, [0.9], [0.5])):
        line = next(line for line in axes.lines if line.get_marker() == "o")
        np.testing.assert_allclose(line.get_xdata(), said, atol=0.01)
        np.testing.assert_allclose(line.get_ydata(), came, rtol=1e-12)


def test_two_evaluations_share_the_panels():
    probs, labels = rows()
    one, two = (evaluate_probs(p, labels, n_bootstrap=0) for p in (probs, probs**2))
    picture = label_reliability_picture(one, two, ("as they are", "squared"))
    assert "squared" in {text.get_text() for text in picture.figure.legends[0].get_texts()}


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_the_pictures_can_be_written(suffix, tmp_path):
    probs, labels = rows()
    result = evaluate_probs(probs, labels, n_bootstrap=0)
    for picture in (threshold_picture(probs, labels), label_reliability_picture(result)):
        assert write_picture(picture, tmp_path / f"{picture.name}.{suffix}").stat().st_size > 1000


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tuner": TuneThresholds("cost")}, "`tuner` must have the goal 'f1', got 'cost'"),
        ({"folds": 1}, "`folds` must be at least 2, got 1"),
        ({"classes": ["a"]}, "`classes` must name the 6 labels, got 1 names"),
    ],
)
def test_what_cannot_be_drawn_is_refused(options, message):
    with pytest.raises(InputValueError, match=message):
        threshold_picture(*rows(), **options)


def test_without_an_event_there_is_nothing_to_draw():
    probs, labels = rows()
    with pytest.raises(InputValueError, match="a known positive and a known negative, got none"):
        threshold_picture(probs, np.zeros_like(labels))
    with pytest.raises(InputValueError, match=r"must be a matrix of shape \(n, L\), got \(400,\)"):
        threshold_picture(probs, labels[:, 0])


def test_reliability_label_by_label_is_for_label_sets():
    result = evaluate_probs([[0.9, 0.1], [0.2, 0.8]], [0, 1], n_bootstrap=0)
    with pytest.raises(InputValueError, match="takes evaluations of the same label sets"):
        label_reliability_picture(result)
