"""An evaluation as text and as pictures."""

import numpy as np
import pytest

from headway.errors import InputValueError
from headway.evaluation import compare_evaluations, evaluate_probs
from headway.report import (
    evaluation_pictures,
    plain_evaluation,
    plain_paired,
    save_evaluation_figures,
)


def classes(n_classes, n=120, **options):
    rng = np.random.default_rng(0)
    logits = 2 * rng.normal(size=(n, n_classes))
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    return evaluate_probs(probs, labels, n_bootstrap=100, **options)


def sets(n_labels=8, n=120, power=1.0):
    rng = np.random.default_rng(0)
    probs = 1 / (1 + np.exp(-rng.normal(size=(n, n_labels))))
    labels = (rng.random(probs.shape) < probs).astype(float)
    labels[rng.random(probs.shape) < 0.2] = np.nan
    return evaluate_probs(probs**power, labels, n_bootstrap=100)


@pytest.mark.parametrize("make", [lambda: classes(2), lambda: classes(12), sets, lambda: sets(40)])
def test_the_text_fits_eighty_columns_and_has_every_score(make):
    evaluation = make()
    shown = plain_evaluation(evaluation)
    assert max(map(len, shown.splitlines())) <= 80
    assert "…" not in shown
    for score in evaluation.scores.values():
        assert score.title in shown


def test_of_many_labels_the_most_frequent_are_shown():
    assert "The 30 most frequent of 40; --json has all." in plain_evaluation(sets(40))


def test_paired_text_fits_and_marks_what_is_clear():
    pair = compare_evaluations(sets(), sets(power=2.0))
    shown = plain_paired(pair, ("one.headway", "two.headway"))
    assert max(map(len, shown.splitlines())) <= 80
    assert "…" not in shown
    line = next(line for line in shown.splitlines() if line.startswith("macro recall"))
    assert line.endswith("first")


def test_short_names_head_their_columns():
    pair = compare_evaluations(sets(), sets(power=2.0))
    lines = plain_paired(pair, ("tuned", "before")).splitlines()
    assert lines[0] == "tuned minus before"
    assert lines[3].split()[:3] == ["score", "tuned", "before"]
    assert next(line for line in lines if line.startswith("macro recall")).endswith("tuned")


def test_every_kind_has_its_pictures():
    def names(evaluation, *pair):
        return [picture.name for picture in evaluation_pictures(evaluation, *pair)]

    one, two = sets(), sets(power=2.0)
    assert names(classes(2)) == ["scores", "classes", "confusion", "curves", "reliability"]
    assert names(one) == ["scores", "labels", "curves", "reliability"]
    pair = compare_evaluations(one, two)
    assert names(one, pair) == ["scores", "differences", "labels", "curves", "reliability"]


def test_abstaining_is_a_column_of_the_confusion():
    evaluation = classes(3, decisions=np.tile([0, 1, 2, 3], 30))
    picture = next(p for p in evaluation_pictures(evaluation) if p.name == "confusion")
    assert "30 without an answer" in picture.title
    labels = [text.get_text() for text in picture.figure.axes[0].get_xticklabels()]
    assert labels == ["0", "1", "2", "abstain"]


def test_undefined_curves_are_left_out():
    evaluation = evaluate_probs([[0.3, 0.7], [0.6, 0.4]], [1, 1])
    names = [picture.name for picture in evaluation_pictures(evaluation)]
    assert "curves" not in names


def test_figures_are_written_as_svg_and_png(tmp_path):
    written = save_evaluation_figures(classes(3), tmp_path / "new")
    assert len(written) == 10
    assert all(path.stat().st_size > 1000 for path in written)
    with pytest.raises(InputValueError, match="must be a folder"):
        save_evaluation_figures(classes(3), written[0])


def test_the_title_says_that_of_many_labels_the_most_frequent_are_drawn():
    def title(n_labels):
        pictures = {picture.name: picture for picture in evaluation_pictures(sets(n_labels))}
        return pictures["labels"].title

    assert title(40).endswith(", of the 30 most frequent of 40.")
    assert "most frequent" not in title(4)
