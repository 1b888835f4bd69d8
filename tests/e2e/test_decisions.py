"""`headway decide` and `headway tune` on small files, from the words typed to the model saved."""

import json
from collections import Counter

import pytest

COSTS = """,setosa,versicolor,virginica,ask
virginica,1,1,0,0.2
setosa,0,1,1,0.2
versicolor,1,0,5,0.2
"""


@pytest.fixture
def iris(folder, headway):
    """A folder with iris.headway and costs.csv."""
    (folder / "costs.csv").write_text(COSTS)
    assert headway("fit", "iris.csv", "--target", "species", "-o", "iris.headway").code == 0
    return folder


@pytest.fixture
def songs(folder, headway):
    """A folder with songs.headway."""
    assert headway("fit", "songs.csv", "--target", "moods", "-o", "songs.headway").code == 0
    return folder


def answers(done):
    assert done.code == 0, done.err
    first, *rest = done.out.splitlines()
    assert first == "prediction"
    return Counter(rest)


class TestDecide:
    def test_costs_are_matched_by_name_and_ask_is_an_answer(self, headway, iris):
        found = answers(headway("decide", "iris.headway", "iris.csv", "--costs", "costs.csv"))
        assert found["setosa"] >= 45
        assert found["ask"] > 10
        # To take versicolor for virginica costs five times as much as the other way round.
        assert found["versicolor"] > found["virginica"]

    def test_a_rule_is_saved_and_the_model_that_was_given_stays(self, headway, iris):
        before = (iris / "iris.headway").read_bytes()
        words = ("decide", "iris.headway", "iris.csv", "--abstain-below", "0.95")
        found = answers(headway(*words, "--save", "careful.headway"))
        assert found["abstain"] > 0
        assert answers(headway("predict", "careful.headway", "iris.csv")) == found
        assert (iris / "iris.headway").read_bytes() == before

    def test_without_a_rule_the_model_decides_as_it_was_saved(self, headway, iris):
        assert (
            headway("decide", "iris.headway", "new.csv").out
            == headway("predict", "iris.headway", "new.csv").out
        )

    def test_argmax_undoes_a_rule(self, headway, iris):
        headway("decide", "iris.headway", "--top-k", "2", "--save", "two.headway")
        assert all(
            "|" in answer for answer in answers(headway("predict", "two.headway", "new.csv"))
        )
        done = headway("decide", "two.headway", "new.csv", "--argmax")
        assert done.out == headway("predict", "iris.headway", "new.csv").out

    def test_thresholds_of_labels_by_name(self, headway, songs):
        everything = headway("decide", "songs.headway", "songs.csv", "--threshold", "0")
        assert answers(everything) == {"long|wide": 150}
        never = headway("decide", "songs.headway", "songs.csv", "--threshold", "long=1,wide=0")
        assert answers(never) == {"wide": 150}
        one = headway("decide", "songs.headway", "songs.csv", "--threshold", "1", "--at-least-one")
        assert set(answers(one)) == {"long", "wide"}

    def test_a_label_with_a_comma_in_its_name_has_a_threshold_of_its_own(self, headway, folder):
        head, *lines = (folder / "cells.csv").read_text().splitlines()
        head = head.replace("long", '"long, slow"')
        (folder / "comma.csv").write_text("\n".join([head, *lines]) + "\n")
        from headway import LinearClassifier
        from headway.datasets import read_table

        data = read_table("songs.csv", target="moods")
        model = LinearClassifier(classes=["long, slow", "wide"])
        cells = [[int("long" in mood), int("wide" in mood)] for mood in data.y]
        model.fit(data.X, cells).save("comma.headway")
        words = ("decide", "comma.headway", "--threshold", "long, slow=0.25")
        for more in (("--threshold", "wide=0.75"), ("--threshold", " wide = 0.75 ")):
            assert headway(*words, *more, "--save", "mine.headway").code == 0
            from headway import load

            assert load("mine.headway").head_.decision.values == (0.25, 0.75)
        done = headway(*words, "--threshold", "0.5", "--save", "mine.headway")
        assert done.code == 2
        assert "'0.5' is not one of" in done.err

    def test_json_goes_to_a_file(self, headway, iris):
        words = ("decide", "iris.headway", "new.csv", "--abstain-below", "1", "--json")
        assert headway(*words, "--probs", "-o", "out.json").code == 0
        records = json.loads((iris / "out.json").read_text())
        assert records[0]["prediction"] == "abstain"
        assert sum(records[0]["probs"].values()) == pytest.approx(1)

    @pytest.mark.parametrize(
        ("words", "code", "message"),
        [
            (("new.csv", "--top-k", "2", "--argmax"), 2, "one rule at a time"),
            ((), 2, "a table to decide, or --save"),
            (("new.csv", "--at-least-one"), 2, "goes with --threshold"),
            (("new.csv", "--threshold", "many"), 2, "'many' is not a number"),
            (("new.csv", "--threshold", "bee=0.2"), 2, "'bee' is not one of setosa"),
            (("new.csv", "--threshold", "1.5"), 1, "0 <= value <= 1, got 1.5"),
            (("new.csv", "--abstain-below", "2"), 1, "threshold"),
            (("new.csv", "--top-k", "0"), 1, "at least 1"),
            (("new.csv", "--costs", "none.csv"), 1, "none.csv"),
            (("new.csv", "--costs", "iris.csv"), 1, "got"),
            (("none.csv", "--argmax"), 1, "none.csv"),
            (("new.csv", "--argmax", "--save", "model.txt"), 1, ".headway"),
        ],
    )
    def test_a_mistake_is_one_line(self, headway, iris, words, code, message):
        done = headway("decide", "iris.headway", *words)
        assert done.code == code
        assert message in done.err
        assert done.out == ""
        assert len(done.err.strip().splitlines()) == 1 or code == 2


class TestTune:
    def test_thresholds_for_macro_f1_are_saved_and_shown(self, headway, songs):
        done = headway(
            "tune", "songs.headway", "songs.csv", "--target", "moods", "--goal", "macro-f1",
            "-o", "tuned.headway",
        )  # fmt: skip
        assert done.code == 0, done.err
        assert "a threshold for each label" in done.out
        assert "Macro F1" in done.out or "macro" in done.out
        import headway as package

        decision = package.load("tuned.headway").head_.decision
        assert type(decision).__name__ == "LabelThresholds"
        assert len(decision.values) == 2

    def test_labels_whose_promise_cannot_be_kept_are_named_once(self, headway, songs):
        lines = (songs / "songs.csv").read_text().splitlines()
        moods = [line.rpartition(",")[2] for line in lines[1:]]
        mixed = [
            line.rpartition(",")[0] + "," + mood
            for line, mood in zip(lines[1:], moods[::-1], strict=True)
        ]
        (songs / "mixed.csv").write_text("\n".join([lines[0], *mixed]) + "\n")
        done = headway(
            "tune", "songs.headway", "mixed.csv", "--target", "moods", "--goal", "precision",
            "--at", "1", "-o", "tuned.headway",
        )  # fmt: skip
        assert done.code == 0, done.err
        import headway as package

        model = package.load("tuned.headway")
        never = [
            name
            for name, value in zip(model.classes_, model.head_.decision.values, strict=True)
            if value == 1.0
        ]
        assert never
        names = ", ".join(map(repr, map(str, never)))
        assert done.err.count("warning:") == 1
        assert f"({names}) are never predicted: no threshold has a precision" in done.err

    def test_json_tells_the_same(self, headway, songs):
        done = headway(
            "tune", "songs.headway", "songs.csv", "--target", "moods", "--goal", "example-f1",
            "-o", "tuned.headway", "--json",
        )  # fmt: skip
        told = json.loads(done.out)
        assert told["goal"] == "example-f1"
        assert told["rows"] == 150

    def test_coverage_gives_sets_of_candidates(self, headway, iris):
        done = headway(
            "tune", "iris.headway", "iris.csv", "--target", "species", "--goal", "coverage",
            "--at", "0.9", "-o", "sets.headway",
        )  # fmt: skip
        assert done.code == 0, done.err
        assert "every class of at least this probability, coverage 0.9" in done.out
        found = answers(headway("predict", "sets.headway", "iris.csv"))
        assert sum(count for answer, count in found.items() if "setosa" in answer) >= 45

    def test_a_share_abstains(self, headway, iris):
        done = headway(
            "tune", "iris.headway", "iris.csv", "--target", "species", "--goal", "abstention",
            "--at", "0.2", "-o", "some.headway",
        )  # fmt: skip
        assert done.code == 0, done.err
        assert answers(headway("predict", "some.headway", "iris.csv"))["abstain"] == 30

    def test_it_calibrates_first(self, headway, iris):
        done = headway(
            "tune", "iris.headway", "iris.csv", "--target", "species", "--goal", "coverage",
            "--at", "0.9", "--calibrate", "temperature", "-o", "sets.headway",
        )  # fmt: skip
        assert done.code == 0, done.err
        assert "Rolled back" in done.err or "Kept" in done.err

    def test_a_cost_is_measured_in_its_own_units(self, headway, songs):
        done = headway(
            "tune", "songs.headway", "songs.csv", "--target", "moods", "--goal", "cost",
            "--miss", "9", "-o", "tuned.headway", "--json",
        )  # fmt: skip
        cost = json.loads(done.out)["scores"]["scores"]["mean_cost"]
        assert cost["first"] < cost["second"]

    def test_one_row_is_too_few_to_measure_and_nothing_is_written(self, headway, iris):
        first = (iris / "iris.csv").read_text().splitlines()[:2]
        (iris / "one.csv").write_text("\n".join(first) + "\n")
        done = headway(
            "tune", "iris.headway", "one.csv", "--target", "species", "--goal", "coverage",
            "--at", "0.5", "-o", "t.headway",
        )  # fmt: skip
        assert done.code == 1
        assert "at least 2 rows" in done.err
        assert not (iris / "t.headway").exists()

    def test_a_warning_is_given_once_and_a_class_in_every_set_has_no_limit(self, headway, iris):
        some = (iris / "iris.csv").read_text().splitlines()[:101]  # no virginica
        (iris / "some.csv").write_text("\n".join(some) + "\n")
        done = headway(
            "tune", "iris.headway", "some.csv", "--target", "species", "--goal", "coverage",
            "--at", "0.9", "--by-class", "-o", "sets.headway",
        )  # fmt: skip
        assert done.code == 0, done.err
        assert done.err.count("warning") == 1
        assert "virginica   always" in done.out

    def test_where_no_decision_changes_that_is_said(self, headway, iris):
        assert headway("fit", "binary.csv", "--target", "species", "-o", "two.headway").code == 0
        headway("decide", "two.headway", "--threshold", "1", "--save", "never.headway")
        done = headway(
            "tune", "never.headway", "binary.csv", "--target", "species", "--goal", "cost",
            "--false-alarm", "1000000", "--miss", "0", "-o", "tuned.headway",
        )  # fmt: skip
        assert done.code == 0, done.err
        assert "All 100 rows are decided as before." in done.out
        assert "1 (never)" in done.out or "above 1" in done.out

    @pytest.mark.parametrize(
        ("model", "words", "code", "message"),
        [
            ("iris", ("--goal", "fame"), 2, "'fame' is not one of"),
            ("iris", ("--goal", "coverage"), 2, "is needed for --goal coverage"),
            ("iris", ("--goal", "macro-f1"), 2, "macro-f1 does not suit one of several classes"),
            ("iris", ("--goal", "coverage", "--at", "1"), 1, "coverage"),
            ("iris", ("--goal", "abstention", "--at", "0.1", "--at-most", "2"), 2, "thresholds"),
            ("songs", ("--goal", "error", "--at", "0.1"), 2, "does not suit label sets"),
            ("songs", ("--goal", "macro-f1", "--at", "0.1"), 2, "means nothing for"),
            ("songs", ("--goal", "macro-f1", "--miss", "2"), 2, "--miss': means nothing for"),
            ("songs", ("--goal", "cost", "--beta", "2"), 2, "--beta': means nothing for"),
            ("songs", ("--goal", "macro-f1", "--sets", "aps"), 2, "it goes with coverage"),
            ("songs", ("--goal", "macro-f1", "--by-class"), 2, "it goes with coverage"),
        ],
    )
    def test_a_mistake_is_named(self, request, headway, folder, model, words, code, message):
        request.getfixturevalue(model)
        target = {"iris": "species", "songs": "moods"}[model]
        done = headway(
            "tune",
            f"{model}.headway",
            f"{model}.csv",
            "--target",
            target,
            "-o",
            "t.headway",
            *words,
        )
        assert done.code == code
        assert message in done.err
        assert not (folder / "t.headway").exists()
