"""Studies: both heads see the same rows, nobody beats the posterior, two classes are one model."""

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy.stats import ttest_rel

from headway.classifiers import MLPClassifier
from headway.cli import main
from headway.comparison import (
    STUDIES,
    Study,
    StudyResult,
    StudySetting,
    run_study,
    studies,
    study_text,
)
from headway.comparison.study_draws import LAYOUTS, draw_rows
from headway.errors import InputTypeError, InputValueError
from headway.report import study_picture, to_inline_svg


def small(variable, values, **fixed):
    settings = tuple(
        StudySetting(layout, **{"n_train": 60, "n_classes": 4, **fixed, variable: value})
        for layout in LAYOUTS
        for value in values
    )
    return Study("separation", variable, settings, settings[:1])


@pytest.fixture(scope="module")
def result():
    return run_study(small("separation", (0.5, 3.0)), seeds=3)


def scores(result):
    return replace(result, seconds=0.0)


def test_equal_calls_give_equal_results(result):
    assert scores(run_study(small("separation", (0.5, 3.0)), seeds=3)) == scores(result)


def test_more_seeds_keep_the_scores_of_the_first_ones(result):
    more = run_study(small("separation", (0.5, 3.0)), seeds=4)
    for point, longer in zip(result.points, more.points, strict=True):
        assert longer.softmax.accuracy[:3] == point.softmax.accuracy
        assert longer.sigmoid.log_loss[:3] == point.sigmoid.log_loss


def test_both_heads_see_the_same_rows(monkeypatch):
    seen = {"softmax": [], "sigmoid": []}
    fit = studies._linear

    def watched(head, C, draw):
        seen[head].append((draw.X_train.tobytes(), draw.labels.tobytes(), draw.X_test.tobytes()))
        return fit(head, C, draw)

    monkeypatch.setattr(studies, "_linear", watched)
    run_study(small("separation", (3.0,)), seeds=3)
    assert set(seen["softmax"]) == set(seen["sigmoid"])
    assert len(set(seen["softmax"])) == 3 * (3 + 1)  # layouts times seeds and a pilot


def test_the_exact_posterior_is_never_beaten(result):
    for point in result.points:
        for head in (point.softmax, point.sigmoid):
            assert (np.array(head.accuracy) <= np.array(point.bayes.accuracy) + 1e-12).all()
            assert (np.array(head.log_loss) >= np.array(point.bayes.log_loss) - 1e-12).all()


def test_with_two_classes_softmax_and_sigmoid_are_one_model():
    two = run_study(small("separation", (1.0, 3.0), n_classes=2), seeds=3)
    for point in two.points:
        np.testing.assert_allclose(point.softmax.accuracy, point.sigmoid.accuracy, atol=1e-6)
        np.testing.assert_allclose(point.softmax.log_loss, point.sigmoid.log_loss, atol=1e-6)
        assert point.accuracy_difference.mean == pytest.approx(0, abs=1e-4)  # in points


def test_no_label_noise_and_no_imbalance_are_the_plain_study():
    plain = run_study(small("separation", (3.0,)), seeds=2)
    for variable, value in (("label_noise", 0.0), ("imbalance", 1.0)):
        assert run_study(small(variable, (value,)), seeds=2).points == plain.points


def test_softmax_comes_near_the_truth_with_many_rows_in_every_layout():
    rich = run_study(small("separation", (2.0,), n_train=20000), seeds=2)
    for point in rich.points:
        assert 0 <= point.log_loss_excess("softmax").mean < 0.01


def test_the_middle_classes_of_a_row_are_lost_to_a_linear_sigmoid_layer(result):
    row = result.select("row")[1]
    assert row.accuracy_difference.low > 0.5
    assert row.log_loss_difference.high < -0.1


def test_the_interval_is_that_of_the_paired_t_test(result):
    point = result.points[1]
    ours = point.log_loss_difference
    known = ttest_rel(point.softmax.log_loss, point.sigmoid.log_loss).confidence_interval(0.95)
    np.testing.assert_allclose([ours.low, ours.high], [known.low, known.high])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_draw_has_the_counts_and_the_noise_it_says(layout):
    uneven = draw_rows(
        StudySetting(layout, n_classes=5, n_train=400, imbalance=100), seed=0, n_test=10
    )
    counts = np.sort(np.bincount(uneven.labels))
    assert counts.sum() == 400
    assert counts[0] >= 1
    assert counts[-1] / counts[0] > 40
    setting = StudySetting(layout, n_classes=5, n_train=400)
    clean = draw_rows(setting, seed=0, n_test=10)
    noisy = draw_rows(replace(setting, label_noise=0.25), seed=0, n_test=10)
    assert (clean.labels != noisy.labels).sum() == 100
    np.testing.assert_array_equal(clean.X_train, noisy.X_train)
    np.testing.assert_array_equal(clean.posterior, noisy.posterior)
    np.testing.assert_allclose(clean.posterior.sum(axis=1), 1)


def test_as_few_rows_as_classes_give_one_row_each():
    draw = draw_rows(StudySetting("ring", n_classes=7, n_train=7, imbalance=50), seed=1, n_test=3)
    assert np.bincount(draw.labels).tolist() == [1] * 7


def test_centres_of_ring_and_row_are_as_far_apart_as_asked():
    for layout in ("ring", "row"):
        draw = draw_rows(
            StudySetting(layout, separation=50.0, n_classes=5, n_train=5000), seed=0, n_test=1
        )
        means = np.array([draw.X_train[draw.labels == k].mean(axis=0) for k in range(5)])
        steps = np.linalg.norm(np.diff(means, axis=0), axis=1)
        np.testing.assert_allclose(steps, 50.0, atol=0.3)


def test_a_study_survives_json(result):
    again = StudyResult.from_dict(json.loads(json.dumps(result.to_dict())))
    assert again == result
    assert study_text(again) == study_text(result)


@pytest.mark.parametrize("name", STUDIES)
def test_every_study_sweeps_its_own_variable_and_quick_is_a_part_of_it(name):
    study = STUDIES[name]
    for grid in (study.settings, study.quick):
        for layout in LAYOUTS:
            values = [getattr(s, study.variable) for s in grid if s.layout == layout]
            assert values == sorted(set(values))
            assert len(values) >= 3
    wide = {replace(s, layout="sphere") for s in study.settings}
    assert {replace(s, layout="sphere") for s in study.quick} <= wide


def test_the_text_fits_80_columns_and_tells_differences_clear_of_zero(result):
    text = study_text(result)
    assert max(map(len, text.splitlines())) <= 80
    assert "row: softmax is ahead at" in text
    swapped = replace(
        result,
        points=tuple(
            replace(point, softmax=point.sigmoid, sigmoid=point.softmax) for point in result.points
        ),
    )
    assert "row: sigmoid is ahead at" in study_text(swapped)


def test_heads_that_do_not_differ_are_told_as_such(result):
    same = replace(
        result, points=tuple(replace(point, sigmoid=point.softmax) for point in result.points)
    )
    told = " ".join(study_text(same).split())
    assert told.count("there is no difference that these draws can show") == 6


def test_the_picture_shows_every_layout_and_says_the_largest_difference(result):
    picture = study_picture(result)
    assert len(picture.figure.axes) == 2 + len(LAYOUTS)
    most = result.select("row")[1].accuracy_difference.mean
    assert f"{most:+.1f} on the row" in picture.title
    assert 'aria-label="Softmax minus sigmoid' in to_inline_svg(picture)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"study": "noise"}, InputValueError, "`study` must be one of separation, samples"),
        ({"model": "cnn"}, InputValueError, "`model` must be one of linear, mlp, got 'cnn'"),
        ({"seeds": 1}, InputValueError, "`seeds` must be at least 2, got 1: one draw has no"),
        ({"seeds": 2.5}, InputTypeError, "`seeds` must be a whole number, got 2.5"),
        ({"seeds": True}, InputTypeError, "`seeds` must be a whole number, got True"),
    ],
)
def test_what_cannot_be_run_is_refused(settings, error, message):
    settings = {"study": "separation", **settings}
    with pytest.raises(error, match=message):
        run_study(settings.pop("study"), **settings)


def test_a_network_without_torch_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(studies, "find_spec", lambda name: None)
    with pytest.raises(InputValueError, match=r"pip install headway\[torch\]"):
        run_study("separation", model="mlp")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"layout": "cube"}, "`layout` must be one of sphere, ring, row, got 'cube'"),
        ({"n_classes": 1}, "`n_classes` must be at least 2, got 1"),
        ({"n_train": 9}, "`n_train` must be at least 10, got 9"),
        ({"imbalance": 0.5}, "`imbalance` must be at least 1, got 0.5"),
        ({"imbalance": np.inf}, "`imbalance` must be at least 1, got inf"),
        ({"separation": -1.0}, "`separation` must be at least 0, got -1.0"),
        ({"separation": np.nan}, "`separation` must be at least 0, got nan"),
        ({"label_noise": 1.1}, r"`label_noise` must lie in 0..1, got 1.1"),
    ],
)
def test_a_setting_that_cannot_be_drawn_is_refused(settings, message):
    with pytest.raises(InputValueError, match=message):
        StudySetting(**{"layout": "ring", **settings})


def test_a_file_of_another_format_is_refused():
    with pytest.raises(InputValueError, match="must have format 'headway-study' and version 1"):
        StudyResult.from_dict({"format": "headway-comparison", "version": 1})


def test_a_network_can_be_studied_too(monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setattr(studies, "MLPClassifier", partial(MLPClassifier, epochs=3))
    study = Study("separation", "separation", (StudySetting("row", n_classes=3, n_train=60),), ())
    result = run_study(study, model="mlp", seeds=2)
    assert result.points[0].softmax.C is None
    assert result.points[0].accuracy_lost("softmax").mean >= 0
    assert "network, one hidden layer of 64" in study_text(result)


def test_the_command_prints_json_and_draws(capsys, tmp_path, monkeypatch):
    monkeypatch.setitem(STUDIES, "separation", small("separation", (1.0, 3.0)))
    picture = tmp_path / "study.svg"
    words = ["study", "separation", "--seeds", "2", "--json", "--figure", str(picture)]
    assert main(words) == 0
    printed = capsys.readouterr()
    assert StudyResult.from_dict(json.loads(printed.out)).seeds == 2
    assert "drew" in printed.err
    assert picture.read_text().startswith("<?xml")


@pytest.mark.parametrize(
    "words", [["study", "noise"], ["study", "samples", "--seeds", "1"], ["study"]]
)
def test_the_command_refuses_what_it_does_not_know(words, capsys):
    assert main(words) == 2
    assert capsys.readouterr().err
