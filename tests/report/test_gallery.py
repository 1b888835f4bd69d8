import dataclasses

import numpy as np
import pytest
from sklearn.datasets import load_digits

from headway.errors import InputValueError
from headway.explain import follow_example
from headway.report import (
    comparison_pictures,
    save_figures,
    story_picture,
    story_pictures,
    to_inline_svg,
)
from headway.report.gallery import SECTIONS

EVERY = ["digits_comparison", "table_comparison", "binary_comparison", "multilabel_comparison"]


@pytest.fixture
def names(pictures_of):
    def found(comparison):
        return {key: [p.name for p in some] for key, some in pictures_of(comparison).items()}

    return found


def test_images_of_several_models_call_for_every_section(digits_comparison, names):
    found = names(digits_comparison)
    assert tuple(found) == SECTIONS
    assert found["scores"] == ["accuracy", "log-loss", "difference"]
    assert found["learning"] == ["learning-mlp"]
    assert found["pairs"] == ["confused-pairs", "confused-images"]
    assert found["disagreement"] == [
        "disagreement-linear-softmax-sigmoid",
        "disagreement-mlp-softmax-sigmoid",
    ]
    assert len(found["errors"]) == 6
    assert found["membership"] == ["membership-linear", "membership-mlp"]


def test_tables_show_no_images(table_comparison, names):
    found = names(table_comparison)
    assert found["pairs"] == ["confused-pairs"]
    assert found["disagreement"] == []


def test_one_binary_model_needs_no_difference(binary_comparison, names):
    found = names(binary_comparison)
    assert found["scores"] == ["accuracy", "log-loss"]
    assert found["membership"] == []
    assert found["errors"] == ["confusion-linear-softmax"]


def test_multilabel_data_show_errors_by_label(multilabel_comparison, names):
    found = names(multilabel_comparison)
    assert found["errors"] == ["errors-linear-sigmoid"]
    assert found["pairs"] == []


@pytest.mark.parametrize("name", EVERY)
def test_every_picture_has_its_own_name_a_title_and_words(name, request, pictures_of):
    pictures = [
        picture
        for section in pictures_of(request.getfixturevalue(name)).values()
        for picture in section
    ]
    stems = [picture.name for picture in pictures]
    assert len(set(stems)) == len(stems)
    for picture in pictures:
        assert picture.title.endswith(".")
        assert picture.description
        assert picture.figure.get_suptitle().replace("\n", " ") in picture.title


def test_a_title_tells_the_best_score(digits_comparison, pictures_of):
    accuracy = pictures_of(digits_comparison)["scores"][0]
    best = max(digits_comparison.entries, key=lambda entry: entry.accuracy.mean)
    assert f"{best.model} with {best.head}, {100 * best.accuracy.mean:.1f} %" in accuracy.title


def test_a_flawless_head_is_drawn_too(binary_comparison):
    entry = binary_comparison.entries[0]
    runs = tuple(dataclasses.replace(run, predictions=run.labels) for run in entry.runs)
    flawless = dataclasses.replace(
        binary_comparison, entries=(dataclasses.replace(entry, runs=runs),)
    )
    found = comparison_pictures(flawless)
    assert found["pairs"] == ()
    assert "0 of 400 test decisions wrong" in found["errors"][0].title


def test_estimates_without_an_interval_are_drawn_without_bars(binary_comparison):
    entry = binary_comparison.entries[0]
    bare = dataclasses.replace(entry.log_loss, mean=np.inf, low=np.nan, high=np.nan)
    odd = dataclasses.replace(
        binary_comparison, entries=(dataclasses.replace(entry, log_loss=bare),)
    )
    assert "inf" in comparison_pictures(odd)["scores"][1].title


def test_figures_are_written_as_svg_and_png(binary_comparison, tmp_path):
    X, y = load_digits(return_X_y=True)
    story = follow_example(X[:60], y[:60], image_shape=(8, 8), steps=3)
    written = save_figures(binary_comparison, tmp_path / "new" / "figures", story)
    assert {path.suffix for path in written} == {".svg", ".png"}
    assert sorted(written) == sorted((tmp_path / "new" / "figures").iterdir())
    assert tmp_path / "new" / "figures" / "story.svg" in written
    assert all(path.stat().st_size > 1000 for path in written)


def test_a_file_in_the_place_of_the_folder_is_refused(binary_comparison, tmp_path):
    place = tmp_path / "taken"
    place.write_text("x")
    with pytest.raises(InputValueError, match="is a file"):
        save_figures(binary_comparison, place)


@pytest.mark.parametrize("kind", ["images", "table", "binary", "multilabel"])
def test_stories_of_every_kind_are_drawn(kind):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 16))
    y = {
        "images": np.arange(60) % 3,
        "table": np.array([f"a long class name {k}" for k in np.arange(60) % 30]),
        "binary": np.arange(60) % 2,
        "multilabel": np.array([[1, 0, np.nan], [0, 1, 1], [1, 1, 0]] * 20),
    }[kind]
    story = follow_example(X, y, image_shape=(4, 4) if kind == "images" else None, steps=3)
    pictures = [*story_pictures(story), story_picture(story)]
    assert [p.name for p in pictures] == [
        "story-neuron",
        "story-gradient",
        "story-step",
        "story-path",
        "story",
    ]
    assert all(len(to_inline_svg(picture)) > 1000 for picture in pictures)
