"""Every mistake of a user is one clear line on stderr, exit code 1, and no traceback."""

import os

import pytest


@pytest.fixture
def refused(headway, folder):
    """Return a function that runs a command, checks how it failed and returns the message."""

    def run(*words):
        before = sorted(os.listdir(folder))
        done = headway(*words)
        assert done.code == 1, done
        assert done.out == ""
        lines = [line for line in done.err.splitlines() if line.startswith("headway: error: ")]
        assert len(lines) == 1, done.err
        assert done.err.splitlines()[-1] == lines[0]
        assert "not foreseen" not in lines[0]
        assert sorted(os.listdir(folder)) == before, "a failed command leaves no file behind"
        return lines[0]

    return run


def spoil(path, number, line):
    """Replace one line of a file, counted from 1."""
    lines = path.read_text().splitlines()
    lines[number - 1] = line
    path.write_text("\n".join(lines) + "\n")


READERS = [
    ("inspect", "{file}", "--target", "species"),
    ("fit", "{file}", "--target", "species", "-o", "m.headway"),
    ("compare", "{file}", "--target", "species", "--model", "linear"),
    ("explain-training", "{file}", "--target", "species"),
]


@pytest.mark.parametrize("words", READERS, ids=lambda words: words[0])
class TestEveryVerbThatReadsATable:
    def test_a_missing_file_is_named(self, refused, words):
        assert "nowhere.csv" in refused(*(word.format(file="nowhere.csv") for word in words))

    def test_a_folder_is_not_a_table(self, refused, words, folder):
        (folder / "things.csv").mkdir()
        assert "things.csv" in refused(*(word.format(file="things.csv") for word in words))

    def test_an_empty_file_is_called_empty(self, refused, words, folder):
        (folder / "empty.csv").write_text("")
        assert "empty" in refused(*(word.format(file="empty.csv") for word in words))

    def test_a_header_alone_has_no_rows(self, refused, words, folder):
        (folder / "header.csv").write_text("a,b,species\n")
        assert "row" in refused(*(word.format(file="header.csv") for word in words))

    def test_a_broken_row_is_named_by_its_line(self, refused, words, folder):
        spoil(folder / "iris.csv", 7, "5.1,3.5,1.4")
        message = refused(*(word.format(file="iris.csv") for word in words))
        assert "line 7" in message

    def test_a_row_with_too_many_cells_is_named_by_its_line(self, refused, words, folder):
        spoil(folder / "iris.csv", 9, "5.1,3.5,1.4,0.2,setosa,more")
        message = refused(*(word.format(file="iris.csv") for word in words))
        assert "line 9" in message

    def test_a_missing_target_column_suggests_the_nearest(self, refused, words):
        words = [word.format(file="iris.csv").replace("species", "specis") for word in words]
        message = refused(*words)
        assert "specis" in message
        assert "species" in message.replace("specis", "")

    def test_a_single_class_cannot_be_learned(self, refused, words, folder):
        lines = (folder / "iris.csv").read_text().splitlines()[:40]
        (folder / "one.csv").write_text("\n".join(lines) + "\n")
        assert "class" in refused(*(word.format(file="one.csv") for word in words))

    def test_a_file_that_is_no_text_is_refused(self, refused, words, folder):
        (folder / "binary.csv").write_bytes(bytes(range(256)) * 20)
        assert "binary.csv" in refused(*(word.format(file="binary.csv") for word in words))


@pytest.mark.parametrize("words", READERS[1:], ids=lambda words: words[0])
class TestEveryVerbThatLearnsFromFeatures:
    def test_text_among_the_features_is_named_by_column_value_and_line(
        self, refused, words, folder
    ):
        spoil(folder / "iris.csv", 12, "5.1,wide,1.4,0.2,setosa")
        message = refused(*(word.format(file="iris.csv") for word in words))
        assert "sepal_width" in message
        assert "wide" in message
        assert "12" in message

    def test_an_empty_cell_is_named_by_column_and_line(self, refused, words, folder):
        spoil(folder / "iris.csv", 13, "5.1,3.5,,0.2,setosa")
        message = refused(*(word.format(file="iris.csv") for word in words))
        assert "petal_length" in message
        assert "13" in message

    def test_an_infinite_cell_is_named_by_its_column(self, refused, words, folder):
        spoil(folder / "iris.csv", 13, "5.1,3.5,inf,0.2,setosa")
        assert "petal_length" in refused(*(word.format(file="iris.csv") for word in words))

    def test_a_target_alone_leaves_nothing_to_learn_from(self, refused, words, folder):
        (folder / "bare.csv").write_text("species\na\nb\na\nb\n")
        assert "feature" in refused(*(word.format(file="bare.csv") for word in words))

    def test_a_row_without_a_label_is_named(self, refused, words, folder):
        spoil(folder / "iris.csv", 14, "5.1,3.5,1.4,0.2,")
        assert "14" in refused(*(word.format(file="iris.csv") for word in words))


def test_a_data_set_that_does_not_exist_suggests_the_nearest(refused):
    assert "digits" in refused("compare", "digit")


def test_a_file_without_a_target_is_wrong_usage_and_lists_its_columns(headway, folder):
    done = headway("compare", "iris.csv")
    assert done.code == 2
    assert "--target" in done.err
    assert "petal_length" in done.err


def test_a_constant_label_column_is_refused(refused, folder):
    lines = (folder / "cells.csv").read_text().splitlines()
    rows = [line.rsplit(",", 1)[0] + ",1" for line in lines[1:]]
    (folder / "cells.csv").write_text("\n".join([lines[0], *rows]) + "\n")
    message = refused("fit", "cells.csv", "--target", "long,wide", "-o", "m.headway")
    assert "wide" in message


def test_softmax_on_label_sets_is_refused_with_the_reason(refused):
    message = refused(
        "fit", "songs.csv", "--target", "moods", "--head", "softmax", "-o", "m.headway"
    )
    assert "softmax" in message
    assert "sigmoid" in message


def test_a_cnn_needs_pictures(refused):
    message = refused("compare", "iris.csv", "--target", "species", "--model", "cnn")
    assert "cnn" in message
    assert "image" in message or "picture" in message


def test_a_row_that_does_not_exist_cannot_be_followed(refused):
    message = refused("explain-training", "iris.csv", "--target", "species", "--row", "150")
    assert "150" in message
    assert "149" in message


@pytest.mark.parametrize("words", [("nan", "1"), ("-inf", "-inf")], ids=" ".join)
def test_logits_without_a_distribution_are_refused(refused, words):
    assert "logit" in refused("probs", "--", *words)


def test_a_negative_temperature_is_refused(refused):
    assert "-1" in refused("probs", "--temperature", "-1", "--", "1", "2")


OUTPUTS = [
    ("probs", "--figure", "{out}.svg", "--", "1", "2"),
    ("curves", "-o", "{out}.svg"),
    ("explain-training", "iris.csv", "--target", "species", "--figure", "{out}.svg"),
    ("fit", "iris.csv", "--target", "species", "-o", "{out}.headway"),
]


@pytest.mark.parametrize("words", OUTPUTS, ids=lambda words: words[0])
class TestEveryVerbThatWritesAFile:
    def test_a_missing_folder_is_named_and_not_made(self, refused, words):
        message = refused(*(word.format(out="no/such/file") for word in words))
        assert "no/such" in message

    def test_an_unknown_suffix_lists_the_known_ones(self, refused, words):
        message = refused(
            *(word.replace(".svg", ".gif").replace(".headway", ".pkl") for word in words)
        )
        assert ".svg or .png or .pdf" in message or ".headway" in message


def test_a_report_must_be_html(refused):
    message = refused("compare", "iris.csv", "--target", "species", "--html", "report.pdf")
    assert ".html" in message


def test_figures_cannot_go_into_a_file(refused):
    message = refused("compare", "iris.csv", "--target", "species", "--figures", "iris.csv")
    assert "folder" in message


class TestPredict:
    @pytest.fixture
    def model(self, headway, folder):
        assert headway("fit", "iris.csv", "--target", "species", "-o", "m.headway").code == 0
        return "m.headway"

    def test_a_missing_model_is_named(self, refused):
        assert "none.headway" in refused("predict", "none.headway", "new.csv")

    def test_a_file_that_is_no_model_is_named(self, refused):
        message = refused("predict", "iris.csv", "new.csv")
        assert "iris.csv" in message
        assert "model" in message

    def test_a_model_cut_short_is_refused(self, refused, model, folder):
        whole = (folder / model).read_bytes()
        (folder / "half.headway").write_bytes(whole[: len(whole) // 2])
        assert "half.headway" in refused("predict", "half.headway", "new.csv")

    def test_an_empty_model_is_refused(self, refused, folder):
        (folder / "empty.headway").write_bytes(b"")
        assert "empty.headway" in refused("predict", "empty.headway", "new.csv")

    def test_a_missing_feature_column_is_named(self, refused, model, folder):
        text = (folder / "new.csv").read_text().replace("petal_width", "petal_widht")
        (folder / "new.csv").write_text(text)
        message = refused("predict", model, "new.csv")
        assert "petal_width" in message
        assert "petal_widht" in message

    def test_text_among_the_features_is_named(self, refused, model, folder):
        spoil(folder / "new.csv", 3, "5.1,tall,1.4,0.2")
        message = refused("predict", model, "new.csv")
        assert "sepal_width" in message
        assert "tall" in message

    def test_an_empty_cell_is_named(self, refused, model, folder):
        spoil(folder / "new.csv", 3, "5.1,,1.4,0.2")
        assert "sepal_width" in refused("predict", model, "new.csv")

    def test_a_missing_file_is_named(self, refused, model):
        assert "gone.csv" in refused("predict", model, "gone.csv")

    def test_a_model_that_knows_no_feature_names_is_refused(self, refused, folder):
        from headway import LinearClassifier

        LinearClassifier().fit([[0.0], [1.0]], ["a", "b"]).save(folder / "array.headway")
        assert "names" in refused("predict", "array.headway", "new.csv")

    def test_a_missing_output_folder_is_named(self, refused, model):
        assert "no/such" in refused("predict", model, "new.csv", "-o", "no/such/out.csv")
