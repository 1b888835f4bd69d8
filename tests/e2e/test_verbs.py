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


class TestCalibrate:
    @pytest.fixture
    def logits(self, tmp_path, monkeypatch):
        """A file of logits four times too large; its columns are not in the order of the names."""
        monkeypatch.chdir(tmp_path)
        rng = np.random.default_rng(0)
        honest = rng.normal(size=(900, 3))
        names = np.array(["ant", "bee", "fly"])[
            (honest + rng.gumbel(size=honest.shape)).argmax(axis=1)
        ]
        order = [2, 0, 1]
        lines = ["fly,ant,bee,insect"]
        lines += [
            ",".join([*(f"{4 * z:.6f}" for z in row[order]), name])
            for row, name in zip(honest, names, strict=True)
        ]
        (tmp_path / "logits.csv").write_text("\n".join(lines) + "\n")
        return honest, names

    def test_it_finds_the_temperature_and_the_columns_by_name(self, headway, logits):
        import headway as package

        honest, _ = logits
        done = headway("calibrate", "logits.csv", "--target", "insect", "-o", "m.headway")
        assert done.code == 0, done.err
        assert "Kept: it lowers the loss" in done.out
        assert fits(done.out, 120)
        model = package.load("m.headway")
        assert 3.4 < model.calibrator_.value < 4.6
        assert list(model.feature_names_in_) == ["ant", "bee", "fly"]
        predicted = headway("predict", "m.headway", "logits.csv").out.splitlines()[1:]
        assert predicted == np.array(["ant", "bee", "fly"])[honest.argmax(axis=1)].tolist()

    def test_json_tells_the_same(self, headway, logits):
        done = headway("calibrate", "logits.csv", "--target", "insect", "-o", "m.headway", "--json")
        summary = json.loads(done.out)
        assert summary["log_loss_after"] < summary["log_loss_before"]
        assert summary["reasons"] == {"all": "it lowers the loss of rows that it was not fitted on"}

    def test_a_class_that_no_row_has_keeps_its_column(self, headway, logits, tmp_path):
        import headway as package

        lines = (tmp_path / "logits.csv").read_text().splitlines()
        kept = [line for line in lines if not line.endswith(",fly")]
        (tmp_path / "some.csv").write_text("\n".join(kept) + "\n")
        done = headway("calibrate", "some.csv", "--target", "insect", "-o", "m.headway")
        assert done.code == 0, done.err
        assert package.load("m.headway").classes_.tolist() == ["fly", "ant", "bee"]
        assert "no row is of the class 'fly'" in done.err

    def test_a_class_without_a_column_is_named(self, headway, logits, tmp_path):
        lines = (tmp_path / "logits.csv").read_text().splitlines()
        place = lines[0].split(",").index("bee")
        kept = [",".join(line.split(",")[:place] + line.split(",")[place + 1 :]) for line in lines]
        (tmp_path / "less.csv").write_text("\n".join(kept) + "\n")
        done = headway("calibrate", "less.csv", "--target", "insect", "-o", "m.headway")
        assert done.code == 1
        assert "each of the 3 classes, got none named 'bee'" in done.err
        assert not (tmp_path / "m.headway").exists()

    def test_a_saved_model_is_calibrated_on_its_features(self, headway, folder):
        import headway as package

        headway("fit", "iris.csv", "--target", "species", "-o", "iris.headway")
        done = headway(
            "calibrate", "iris.csv", "--model", "iris.headway", "--target", "species",
            "-o", "calibrated.headway",
        )  # fmt: skip
        assert done.code == 0, done.err
        report = package.load("calibrated.headway").calibration_report_
        assert report.rows == 150
        assert report.reason in " ".join(done.out.split())

    def test_probabilities_are_refused_with_the_fix(self, headway, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        lines = ["ant,bee,fly,insect", "0.2,0.3,0.5,ant", "0.1,0.8,0.1,bee", "0.3,0.3,0.4,fly"]
        (tmp_path / "probs.csv").write_text("\n".join(lines) + "\n")
        done = headway("calibrate", "probs.csv", "--target", "insect", "-o", "m.headway")
        assert done.code == 1
        assert "look like probabilities" in done.err
        assert not (tmp_path / "m.headway").exists()

    def test_every_method_is_offered(self):
        from headway.calibration import METHODS
        from headway.cli.calibrate import METHODS as OFFERED

        assert OFFERED == METHODS

    @pytest.mark.parametrize("method", ["vector", "matrix"])
    def test_methods_for_classes_keep_the_temperature_where_it_is_all_that_helps(
        self, headway, logits, method
    ):
        done = headway(
            "calibrate", "logits.csv", "--target", "insect", "--method", method, "-o", "m.headway"
        )
        assert done.code == 0, done.err
        assert "Kept: the temperature alone" in done.out
        assert headway("predict", "m.headway", "logits.csv", "--probs").code == 0

    def test_methods_for_labels_refuse_classes(self, headway, logits):
        done = headway(
            "calibrate", "logits.csv", "--target", "insect", "--method", "platt", "-o", "m.headway"
        )
        assert done.code == 1
        assert "exclusive classes" in done.err


class TestMissingLabels:
    """Files of 0/1 columns of which some cells are not known."""

    @pytest.fixture
    def holes(self, folder):
        """Write cells.csv twice more: with empty cells, and with -1 in their place."""
        lines = (folder / "cells.csv").read_text().splitlines()
        for name, mark in (("empty.csv", ""), ("coded.csv", "-1")):
            rows = [lines[0]]
            for place, line in enumerate(lines[1:]):
                *features, long, wide = line.split(",")
                cells = [mark if place % 3 == 0 else long, mark if place % 4 == 0 else wide]
                rows.append(",".join([*features, *cells]))
            (folder / name).write_text("\n".join(rows) + "\n")
        return folder

    def test_a_declared_value_and_empty_cells_give_the_same_model(self, headway, holes):
        words = ("--target", "long,wide", "--json")
        plain = headway("fit", "empty.csv", *words, "-o", "a.headway")
        coded = headway("fit", "coded.csv", *words, "--missing", "-1", "-o", "b.headway")
        assert (plain.code, coded.code) == (0, 0)
        first, second = json.loads(plain.out), json.loads(coded.out)
        assert first["objective"] == second["objective"]
        assert first["training_accuracy"] == second["training_accuracy"]
        assert headway("predict", "a.headway", "new.csv").out == (
            headway("predict", "b.headway", "new.csv").out
        )

    def test_the_undeclared_value_is_refused(self, headway, holes):
        done = headway("fit", "coded.csv", "--target", "long,wide", "-o", "a.headway")
        assert done.code == 1
        assert "declared as missing" in done.err

    def test_inspect_counts_the_missing_cells(self, headway, holes):
        words = ("--target", "long,wide", "--json")
        for file, extra in (("empty.csv", ()), ("coded.csv", ("--missing", "-1"))):
            assert json.loads(headway("inspect", file, *words, *extra).out)["cells_missing"] == 88

    def test_the_report_follows_a_row_whose_label_is_known(self, headway, holes):
        words = ("--target", "long,wide", "--model", "linear", "--seeds", "1")
        done = headway("compare", "coded.csv", "--missing", "-1", *words, "--html", "r.html")
        assert done.code == 0, done.err
        assert (holes / "r.html").exists()


class TestEvaluate:
    @pytest.fixture
    def models(self, headway, folder):
        """Two models of iris and one of label sets, fitted to all rows."""
        for strength, name in (("1", "a"), ("0.0001", "b")):
            words = ("iris.csv", "--target", "species", "-C", strength, "-o", f"{name}.headway")
            assert headway("fit", *words).code == 0
        words = ("cells.csv", "--target", "long,wide", "-o", "sets.headway")
        assert headway("fit", *words).code == 0

    def test_it_prints_scores_classes_and_confusion_in_eighty_columns(self, headway, models):
        done = headway("evaluate", "a.headway", "iris.csv", "--target", "species")
        assert done.code == 0, done.err
        assert done.err == ""
        assert fits(done.out)
        assert done.out.startswith("150 rows, 3 exclusive classes")
        assert re.search(r"^accuracy +0\.9\d+ +0\.9\d+ to 0\.9\d+ +exact$", done.out, re.MULTILINE)
        assert re.search(r"^setosa +50 +1\.000 +1\.000", done.out, re.MULTILINE)

    def test_json_holds_what_the_model_itself_says(self, headway, models):
        import headway as package
        from headway.datasets import read_table

        words = ("--target", "species", "--json", "--level", "0.9", "--bootstrap", "200")
        summary = json.loads(headway("evaluate", "a.headway", "iris.csv", *words).out)
        data = read_table("iris.csv", target="species")
        import polars

        X = polars.DataFrame(data.X, schema=list(data.feature_names), orient="row")
        accuracy = package.load("a.headway").score(X, data.y)
        assert summary["scores"]["accuracy"]["value"] == pytest.approx(accuracy)
        assert summary["scores"]["macro_f1"]["method"] == "bootstrap, 200"
        assert summary["level"] == 0.9
        assert "differences" not in summary

    def test_against_another_model_prints_paired_differences(self, headway, models, folder):
        words = ("iris.csv", "--target", "species", "--against", "b.headway", "--figures", "shown")
        done = headway("evaluate", "a.headway", *words)
        assert done.code == 0, done.err
        assert fits(done.out)
        assert re.search(r"^log-loss, nats \(-\) .* first$", done.out, re.MULTILINE)
        assert "McNemar's exact" in done.out
        names = {path.stem for path in (folder / "shown").iterdir()}
        assert names == {"scores", "differences", "classes", "confusion", "curves", "reliability"}
        assert "wrote 12 figures to shown" in done.err

    def test_prices_in_a_file_are_those_of_both_models(self, headway, models, folder):
        (folder / "costs.csv").write_text(
            "true,virginica,setosa,versicolor,ask\n"
            "setosa,1,0,1,0.1\nversicolor,1,1,0,0.1\nvirginica,0,1,9,0.1\n"
        )
        assert headway(
            "decide", "b.headway", "--costs", "costs.csv", "--save", "careful.headway"
        ).code == 0  # fmt: skip
        words = ("careful.headway", "iris.csv", "--target", "species", "--against", "b.headway")
        done = headway("evaluate", *words, "--costs", "costs.csv", "--json")
        assert done.code == 0, done.err
        told = json.loads(done.out)
        both = told["differences"]["scores"]["mean_cost"]
        assert both["first"] == told["scores"]["mean_cost"]["value"]
        assert both["better"] == "first"
        done = headway("evaluate", *words, "--costs", "none.csv")
        assert done.code == 1
        assert "none.csv" in done.err

    def test_missing_cells_count_nowhere(self, headway, models, folder):
        lines = (folder / "cells.csv").read_text().splitlines()
        lines[1] = lines[1].rsplit(",", 1)[0] + ","
        (folder / "holes.csv").write_text("\n".join(lines) + "\n")
        done = headway("evaluate", "sets.headway", "holes.csv", "--target", "long,wide")
        assert done.code == 0, done.err
        assert "150 rows, 2 labels, several at once" in done.out
        assert "1 of 300 cells are missing" in done.out

    def test_a_label_the_model_does_not_know_is_named(self, headway, models, folder):
        lines = (folder / "iris.csv").read_text().replace("virginica", "rose")
        (folder / "other.csv").write_text(lines)
        done = headway("evaluate", "a.headway", "other.csv", "--target", "species")
        assert done.code == 1
        assert "rose" in done.err
        assert done.out == ""

    def test_without_a_target_it_is_a_usage_error(self, headway, models):
        assert headway("evaluate", "a.headway", "iris.csv").code == 2

    @pytest.mark.parametrize(
        ("option", "value"), [("--level", "1"), ("--bootstrap", "99"), ("--zero-division", "2")]
    )
    def test_options_out_of_range_are_usage_errors(self, headway, models, option, value):
        words = ("a.headway", "iris.csv", "--target", "species", option, value)
        done = headway("evaluate", *words)
        assert done.code == 2
        assert option in done.err


class TestReview:
    def test_a_label_that_was_changed_is_listed_first(self, headway, folder):
        lines = (folder / "iris.csv").read_text().splitlines()
        lines[4] = lines[4].replace("setosa", "virginica")
        (folder / "wrong.csv").write_text("\n".join(lines) + "\n")
        done = headway("review", "wrong.csv", "--target", "species", "--top", "3")
        assert done.code == 0, done.err
        assert fits(done.out)
        table = json.loads(headway("review", "wrong.csv", "--target", "species", "--json").out)
        first = table["table"][0]
        assert (first["row"], first["given"], first["suggested"]) == (3, "virginica", "setosa")
        assert first["flagged"]
        assert table["expected_errors"] >= 1

    def test_label_sets_are_reviewed_cell_by_cell(self, headway, folder):
        words = ("review", "cells.csv", "--target", "long,wide", "--folds", "3", "--json")
        told = json.loads(headway(*words).out)
        assert told["kind"] == "multilabel"
        assert told["labels"] == 300
        assert {doubt["label"] for doubt in told["table"]} <= {"long", "wide"}

    def test_digits_are_drawn(self, headway, folder):
        done = headway("review", "digits", "--folds", "2", "--top", "5", "--figure", "d.png")
        assert done.code == 0, done.err
        assert (folder / "d.png").read_bytes().startswith(b"\x89PNG")
        assert "d.png" in done.err

    @pytest.mark.parametrize(
        ("words", "named"),
        [
            (("--model", "forest"), "--model"),
            (("--model", "mlp", "-C", "1"), "-C"),
            (("-C", "0"), "-C"),
            (("--folds", "1"), "--folds"),
            (("--top", "0"), "--top"),
            (("--figure", "a.png"), "--figure"),
        ],
    )
    def test_wrong_usage_is_refused(self, headway, folder, words, named):
        done = headway("review", "iris.csv", "--target", "species", *words)
        assert done.code == 2
        assert named in done.err
