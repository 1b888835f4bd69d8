"""The real commands on small real data, from the words typed to the files and lines left."""

import csv
import io
import json
import os
import re

import numpy as np
import pytest

LINEAR_CONTEST = ("compare", "iris.csv", "--target", "species", "--model", "linear")
ESCAPE = "\x1b"


def fits(text, width=80):
    return max(map(len, text.splitlines()), default=0) <= width


class TestProbs:
    def test_the_worked_example_has_the_published_numbers(self, headway):
        done = headway("probs", "--", "-0.5", "1.2", "-0.1", "2.4")
        assert done.code == 0
        assert done.err == ""
        assert fits(done.out)
        for value in ("0.38", "0.77", "0.48", "0.92", "2.54", "0.04", "0.21", "0.06", "0.70"):
            assert value in done.out

    def test_the_bare_dashes_may_be_left_out(self, headway):
        assert (
            headway("probs", "-0.5", "1.2", "-1e-1", "2.4").out
            == headway("probs", "--", "-0.5", "1.2", "-0.1", "2.4").out
        )

    def test_json_holds_every_digit(self, headway):
        done = headway("probs", "--json", "--", "-0.5", "1.2", "-0.1", "2.4")
        table = json.loads(done.out)
        exp = np.exp([-0.5, 1.2, -0.1, 2.4])
        np.testing.assert_allclose(table["softmax"], exp / exp.sum(), rtol=1e-14)
        np.testing.assert_allclose(table["sigmoid"], exp / (1 + exp), rtol=1e-14)
        assert table["argmax"]["column"] == 3
        assert [label["column"] for label in table["passing"]] == [1, 3]

    def test_temperature_sharpens_and_flattens_softmax(self, headway):
        largest = [
            max(
                json.loads(headway("probs", "--json", "--temperature", t, "--", "1", "2").out)[
                    "softmax"
                ]
            )
            for t in ("0", "0.5", "1", "10", "inf")
        ]
        assert largest == sorted(largest, reverse=True)
        assert largest[0] == 1.0
        assert largest[-1] == 0.5

    def test_two_logits_show_that_softmax_is_the_sigmoid_of_their_difference(self, headway):
        done = headway("probs", "--", "0.3", "1.1")
        assert "0.69" in done.out
        assert "sigmoid(0.8)" in done.out or "0.8" in done.out

    def test_many_logits_still_fit_80_columns(self, headway):
        assert fits(headway("probs", "--", *range(-20, 20)).out)

    def test_infinite_logits_are_limits(self, headway):
        table = json.loads(headway("probs", "--json", "--", "-inf", "0", "0").out)
        assert table["softmax"] == [0.0, 0.5, 0.5]

    def test_a_figure_is_drawn(self, headway, folder):
        done = headway("probs", "--figure", "probs.svg", "--", "1", "2")
        assert done.code == 0
        assert "probs.svg" in done.err
        assert (folder / "probs.svg").read_text().lstrip().startswith("<?xml")


class TestCurves:
    def test_the_picture_is_drawn_where_asked(self, headway, folder):
        done = headway("curves", "-o", "drawn.png")
        assert done.code == 0
        assert (folder / "drawn.png").read_bytes().startswith(b"\x89PNG")
        assert "drawn.png" in done.err
        assert fits(done.out)
        assert re.search(r"^ +0\.0 +0\.5000 +0\.2500 +0\.0000 +1\.0000$", done.out, re.MULTILINE)

    def test_json_holds_the_curves(self, headway, folder):
        curves = json.loads(headway("curves", "--json").out)
        z = np.array(curves["z"])
        np.testing.assert_allclose(curves["sigmoid"], 1 / (1 + np.exp(-z)), rtol=1e-12)
        assert (folder / "curves.svg").exists()


class TestInspect:
    def test_exclusive_classes_call_for_softmax(self, headway, folder):
        done = headway("inspect", "iris.csv", "--target", "species")
        assert done.code == 0
        assert "softmax" in done.out
        assert fits(done.out)

    def test_label_sets_call_for_sigmoid(self, headway, folder):
        structure = json.loads(headway("inspect", "songs.csv", "--target", "moods", "--json").out)
        assert structure["kind"] == "multilabel"
        assert structure["head"] == "sigmoid"
        assert set(structure["classes"]) == {"long", "wide"}

    def test_columns_of_zeros_and_ones_keep_their_names(self, headway, folder):
        done = headway("inspect", "cells.csv", "--target", "long,wide", "--json")
        structure = json.loads(done.out)
        assert structure["kind"] == "multilabel"
        assert structure["classes"] == ["long", "wide"]

    def test_the_sets_that_headway_brings_can_be_inspected_too(self, headway):
        done = headway("inspect", "digits", "--json")
        assert sum(json.loads(done.out)["counts"].values()) == 1797

    def test_two_classes_are_binary(self, headway, folder):
        done = headway("inspect", "binary.csv", "--target", "species", "--json")
        assert json.loads(done.out)["kind"] == "binary"

    def test_the_other_columns_may_be_text(self, headway, folder):
        (folder / "mails.csv").write_text("text,kind\nhello you,ham\nwin!,spam\nbye,ham\n")
        assert headway("inspect", "mails.csv", "--target", "kind").code == 0


class TestFitAndPredict:
    def test_a_model_fitted_to_a_table_predicts_it(self, headway, folder):
        fitted = headway("fit", "iris.csv", "--target", "species", "-o", "iris.headway")
        assert fitted.code == 0
        assert "optimality gap" in fitted.out
        assert fits(fitted.out)
        done = headway("predict", "iris.headway", "iris.csv")
        assert done.code == 0
        assert done.err == ""
        rows = list(csv.DictReader(io.StringIO(done.out)))
        assert list(rows[0]) == ["prediction"]
        truth = [line.rsplit(",", 1)[1] for line in (folder / "iris.csv").read_text().split()[1:]]
        hits = [row["prediction"] == label for row, label in zip(rows, truth, strict=True)]
        summary = json.loads(
            headway("fit", "iris.csv", "--target", "species", "-o", "iris.headway", "--json").out
        )
        assert np.mean(hits) == pytest.approx(summary["training_accuracy"])
        assert summary["training_accuracy"] > 0.95
        assert 0 <= summary["optimality_gap"] <= 1e-6

    @pytest.mark.parametrize("head", ["auto", "softmax", "sigmoid"])
    def test_probabilities_of_exclusive_classes_sum_to_one(self, headway, folder, head):
        headway("fit", "iris.csv", "--target", "species", "--head", head, "-o", "m.headway")
        done = headway("predict", "m.headway", "new.csv", "--probs")
        rows = list(csv.DictReader(io.StringIO(done.out)))
        names = ["setosa", "versicolor", "virginica"]
        assert list(rows[0]) == ["prediction", *(f"prob:{name}" for name in names)]
        for row in rows:
            probs = [float(row[f"prob:{name}"]) for name in names]
            assert sum(probs) == pytest.approx(1)
            assert row["prediction"] == names[int(np.argmax(probs))]

    def test_binary_labels_have_two_columns(self, headway, folder):
        headway("fit", "binary.csv", "--target", "species", "-o", "m.headway")
        done = headway("predict", "m.headway", "new.csv", "--probs")
        header = done.out.splitlines()[0]
        assert header == "prediction,prob:versicolor,prob:virginica"

    @pytest.mark.parametrize(
        ("file", "target"), [("songs.csv", "moods"), ("cells.csv", "long,wide")]
    )
    def test_label_sets_are_written_with_bars(self, headway, folder, file, target):
        assert headway("fit", file, "--target", target, "-o", "m.headway").code == 0
        rows = json.loads(headway("predict", "m.headway", file, "--probs", "--json").out)
        for row in rows:
            above = [name for name in ("long", "wide") if row["probs"][name] > 0.5]
            assert row["prediction"] == "|".join(above)
        assert {row["prediction"] for row in rows} >= {"", "long", "wide"}

    def test_columns_may_come_in_any_order_and_others_are_ignored(self, headway, folder):
        headway("fit", "iris.csv", "--target", "species", "-o", "m.headway")
        plain = headway("predict", "m.headway", "new.csv").out
        lines = [line.split(",") for line in (folder / "new.csv").read_text().split()]
        turned = [
            ",".join(["note" if k == 0 else "hello", *line[::-1]]) for k, line in enumerate(lines)
        ]
        (folder / "turned.csv").write_text("\n".join(turned) + "\n")
        assert headway("predict", "m.headway", "turned.csv").out == plain

    def test_an_output_file_is_replaced_and_stdout_stays_empty(self, headway, folder):
        headway("fit", "iris.csv", "--target", "species", "-o", "m.headway")
        expected = headway("predict", "m.headway", "new.csv", "--probs").out
        (folder / "out.csv").write_text("something old and longer" * 1000)
        done = headway("predict", "m.headway", "new.csv", "--probs", "-o", "out.csv")
        assert done.out == ""
        assert "out.csv" in done.err
        assert (folder / "out.csv").read_text() == expected

    def test_a_failed_fit_leaves_the_old_model_alone(self, headway, folder):
        headway("fit", "iris.csv", "--target", "species", "-o", "m.headway")
        old = (folder / "m.headway").read_bytes()
        assert headway("fit", "songs.csv", "--target", "gone", "-o", "m.headway").code == 1
        assert (folder / "m.headway").read_bytes() == old
        assert not [name for name in os.listdir(folder) if name.startswith(".")]

    def test_a_smaller_c_is_a_stronger_penalty(self, headway, folder):
        sure = []
        for strength in ("0.001", "1", "100"):
            headway("fit", "iris.csv", "--target", "species", "-C", strength, "-o", "m.headway")
            rows = json.loads(headway("predict", "m.headway", "iris.csv", "--probs", "--json").out)
            sure.append(np.mean([max(row["probs"].values()) for row in rows]))
        assert sure[0] < sure[1] < sure[2]

    def test_separable_data_without_a_penalty_warns_in_one_line(self, headway, folder):
        (folder / "two.csv").write_text("x,y\n0,a\n1,a\n2,b\n3,b\n")
        done = headway("fit", "two.csv", "--target", "y", "-C", "inf", "-o", "m.headway", "--json")
        assert done.code == 0
        assert json.loads(done.out)["optimality_gap"] is None
        warned = [line for line in done.err.splitlines() if "warning" in line]
        assert len(warned) == 1
        assert "separa" in warned[0]

    def test_an_mlp_saves_and_predicts(self, headway, folder):
        pytest.importorskip("torch")
        words = ("fit", "iris.csv", "--target", "species", "--model", "mlp", "-o", "m.headway")
        done = headway(*words, "--epochs", 2)
        assert done.code == 0, done.err
        assert headway("predict", "m.headway", "new.csv").code == 0


class TestExplain:
    @pytest.fixture
    def model(self, headway, folder):
        assert headway("fit", "iris.csv", "--target", "species", "-o", "m.headway").code == 0
        return "m.headway"

    def test_the_answer_is_the_prediction_and_the_rows_count_from_0(self, headway, model):
        predicted = headway("predict", model, "new.csv").out.split()[1:]
        for row, label in enumerate(predicted):
            done = headway("explain", model, "new.csv", "--row", row)
            assert done.code == 0
            assert done.out.startswith(f"Row {row}: {label}\n")
            assert fits(done.out)
            assert ESCAPE not in done.out

    def test_json_holds_contributions_that_add_up(self, headway, model):
        told = json.loads(headway("explain", model, "new.csv", "--row", 2, "--json").out)
        (reason,) = told["contributions"]["reasons"]
        total = sum(feature["contribution"] for feature in reason["features"])
        assert reason["base"] + total == pytest.approx(reason["logit"])
        assert told["flips"]["logit"]["result"] == told["runner_up"]

    def test_another_question_fewer_features_and_another_baseline(self, headway, model):
        words = ("explain", model, "new.csv", "--label", "virginica,setosa", "--top", 1)
        done = headway(*words, "--baseline", "zeros")
        assert "Why virginica rather than setosa?" in done.out
        assert "(3 more)" in done.out
        assert "a row of zeros" in done.out

    def test_the_labels_of_a_set_are_explained(self, headway, folder):
        headway("fit", "songs.csv", "--target", "moods", "-o", "m.headway")
        done = headway("explain", "m.headway", "songs.csv", "--label", "long", "--row", 60)
        assert "Why long?" in done.out
        assert "flips at" in done.out

    def test_a_figure_is_drawn(self, headway, model, folder):
        done = headway("explain", model, "new.csv", "--figure", "why.svg")
        assert done.err == "headway: drew why.svg\n"
        assert (folder / "why.svg").stat().st_size > 1000

    def test_mistakes_are_told_in_one_line(self, headway, model, folder):
        for words, said in (
            (("--row", 5), "`row` must be in 0..4, got 5"),
            (("--label", "setose"), "'setosa'"),
            (("--baseline", "median"), "`baseline` must be"),
            (("--figure", "why.txt"), ".svg"),
        ):
            done = headway("explain", model, "new.csv", *words)
            assert done.code == 1
            assert said in done.err
            assert done.err.count("\n") == 1
        (folder / "short.csv").write_text("sepal_length,sepal_width,petal_length\n1,2,3\n")
        assert "petal_width" in headway("explain", model, "short.csv").err


class TestExplainTraining:
    def test_the_gradient_is_probs_minus_targets_in_both_heads(self, headway):
        story = json.loads(headway("explain-training", "digits", "--json").out)
        assert [head["name"] for head in story["heads"]] == ["softmax", "sigmoid"]
        assert sum(story["targets"]) == 1
        for head in story["heads"]:
            np.testing.assert_allclose(
                head["gradient"], np.subtract(head["probs"], story["targets"]), atol=1e-12
            )

    def test_the_story_is_readable_and_the_row_can_be_chosen(self, headway):
        done = headway("explain-training", "digits", "--row", "7")
        assert done.code == 0
        assert "Row 7" in done.out
        assert fits(done.out)
        assert ESCAPE not in done.out

    def test_a_table_can_be_followed_and_drawn(self, headway, folder):
        done = headway(
            "explain-training", "iris.csv", "--target", "species", "--figure", "story.svg"
        )
        assert done.code == 0
        assert (folder / "story.svg").stat().st_size > 1000


class TestCompare:
    def test_a_table_is_contested_and_the_verdict_printed(self, headway, folder):
        done = headway(
            "compare", "iris.csv", "--target", "species", "--model", "linear", "--seeds", 3
        )
        assert done.code == 0, done.err
        assert "softmax" in done.out
        assert "sigmoid" in done.out
        assert fits(done.out)
        assert ESCAPE not in done.out
        assert "--html" in done.err, "says how to get a report"

    def test_json_is_the_only_thing_on_stdout(self, headway, folder):
        done = headway(
            "compare",
            "iris.csv",
            "--target",
            "species",
            "--model",
            "linear",
            "--seeds",
            2,
            "--json",
        )
        result = json.loads(done.out)
        assert result["seeds"] == [0, 1]
        assert [entry["head"] for entry in result["entries"]] == ["softmax", "sigmoid"]
        assert result["n_test"] == 75

    def test_the_report_and_the_figures_are_written_where_asked(self, headway, folder):
        done = headway(
            *(*LINEAR_CONTEST, "--seeds", 2),
            *("--html", "out/deep/report.html", "--figures", "out/figures"),
        )
        assert done.code == 0, done.err
        page = (folder / "out/deep/report.html").read_text()
        assert page.lstrip().lower().startswith("<!doctype html>")
        assert not re.search(r"""(src|href)=["']https?:""", page), "needs no network"
        names = os.listdir(folder / "out/figures")
        assert {os.path.splitext(name)[1] for name in names} == {".svg", ".png"}
        assert done.err.splitlines()[-1] == "headway: the report is out/deep/report.html"

    def test_mistakes_are_labelled_as_mistakes(self, headway, folder):
        done = headway(
            *(*LINEAR_CONTEST, "--seeds", 1),
            *("--heads", "softmax,sigmoid+mse", "--json"),
        )
        entries = json.loads(done.out)["entries"]
        assert [bool(entry["mistake"]) for entry in entries] == [False, True]

    def test_binary_labels_are_not_contested(self, headway, folder):
        done = headway("compare", "binary.csv", "--target", "species", "--model", "linear")
        assert done.code == 0
        assert "same model" in done.out

    def test_label_sets_say_why_softmax_does_not_apply(self, headway, folder):
        done = headway(
            "compare", "songs.csv", "--target", "moods", "--model", "linear", "--seeds", 2
        )
        assert done.code == 0, done.err
        assert "softmax left out: a row may carry several labels" in " ".join(done.out.split())

    def test_the_share_of_test_rows_is_the_one_asked_for(self, headway, folder):
        done = headway(
            *(*LINEAR_CONTEST, "--seeds", 1),
            *("--test-size", "0.2", "--json"),
        )
        assert json.loads(done.out)["n_test"] == 30
