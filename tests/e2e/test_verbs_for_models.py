"""The commands that judge and mend models and their labels, from the words to the files left."""

import json
import re

import numpy as np
import pytest

LINEAR_CONTEST = ("compare", "iris.csv", "--target", "species", "--model", "linear")
ESCAPE = "\x1b"


def fits(text, width=80):
    return max(map(len, text.splitlines()), default=0) <= width


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
